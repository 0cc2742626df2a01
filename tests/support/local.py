"""A real AGB on this machine for tests, as a process of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen

from agb._embedded import EmbeddedServer


@frozen
class LocalAGB:
    """Where an AGB listens, and the key it asks for."""

    endpoint: str
    api_key: str = field(repr=False)


@contextmanager
def running(data_dir: Path, *, api_key: str, arguments: Sequence[str] = ()) -> Iterator[LocalAGB]:
    """Run an AGB for as long as the block runs."""
    server = EmbeddedServer(api_key=api_key, data_dir=data_dir, arguments=arguments)
    try:
        yield LocalAGB(server.endpoint(), api_key)
    finally:
        server.stop()
