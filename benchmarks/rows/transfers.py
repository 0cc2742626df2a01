"""Uploads to a session and downloads from it, through the store of a real AGB on this machine."""

from collections.abc import Iterator
from functools import partial

from row import Row, alone, compared, named, wall
from sampling import Bench, in_turn

from agb._embedded import EmbeddedServer

GROUP = "files"
_MEGABYTES = 50


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    small, large = bench.folder / "small", bench.folder / "large"
    small.write_bytes(b"x" * 1024)
    large.write_bytes(bytes(range(256)) * 4096 * _MEGABYTES)
    server = EmbeddedServer(api_key="key", data_dir=bench.folder / "transfers", arguments=())
    try:
        for up in (True, False):
            take = partial(
                bench.sample_at,
                server.endpoint(),
                task="transfer",
                image="agb-code-space-1",
                small=str(small),
                large=str(large),
                up=up,
            )
            samples = in_turn(
                bench.few_or_many(2, 5),
                {name: partial(take, name) for name in ("ours_async", "ours_blocking", "official")},
            )
            what = f"{'upload' if up else 'download'} of {_MEGABYTES} MB"
            growth = partial(alone, GROUP, samples=samples, value=named("growth"), unit="MB")
            yield growth(f"{what}, growth of memory", ours="ours_async", must=8, aspire=4)
            yield growth("the same, blocking twin", ours="ours_blocking", must=8, aspire=4)
            yield growth("the same of official", ours="official")
            yield compared(
                GROUP, f"{what}, wall, to official", samples, "ours_async", "official", wall
            )
            if not up:
                assert (bench.folder / "large.back").read_bytes() == large.read_bytes()
    finally:
        server.stop()
