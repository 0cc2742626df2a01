"""A real AGB on this machine for tests, as a process of its own."""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from attrs import field, frozen

from agb._embedded import EmbeddedServer
from agb.local.sandbox import Choice, Sandboxes

CHOICE = cast("Choice", os.environ.get("AGB_TEST_SANDBOX", "auto"))
"""The sandbox of the AGB that tests share."""

with tempfile.TemporaryDirectory() as _closed:  # to other users, as the folders of pytest are
    _SANDBOX = asyncio.run(Sandboxes.detect(choice=CHOICE, folder=Path(_closed)))

own_file_system = pytest.mark.skipif(
    _SANDBOX.is_plain,
    reason="sessions have no file system of their own here: "
    "user namespaces are off and proot is not installed",
)
"""For tests in which programs name files by absolute paths."""

apart_from_the_machine = pytest.mark.skipif(
    not _SANDBOX.own_user,
    reason=f"sessions are no users of their own here: {_SANDBOX.description}",
)
"""For tests of what programs may not read on the machine."""


@frozen
class LocalAGB:
    """Where an AGB listens, and the key it asks for."""

    endpoint: str
    api_key: str = field(repr=False)


@contextmanager
def running(data_dir: Path, *, api_key: str, arguments: Sequence[str] = ()) -> Iterator[LocalAGB]:
    """Run an AGB for as long as the block runs."""
    arguments = ("--sandbox", CHOICE, *arguments)
    server = EmbeddedServer(api_key=api_key, data_dir=data_dir, arguments=arguments)
    try:
        yield LocalAGB(server.endpoint(), api_key)
    finally:
        server.stop()
