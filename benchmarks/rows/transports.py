"""What calls cost through other transports than the pool, and with another HTTP library."""

from collections.abc import Iterator
from functools import partial

from row import Row, compared, cpu, wall
from sampling import Bench, in_turn

GROUP = "through another transport, to the pool"
_THROUGH = {
    "httpx.AsyncHTTPTransport()": "ours_on_httpx_async",
    "httpx_aiohttp.AiohttpTransport()": "ours_on_aiohttp_async",
    "the pool, with httpx2 in place of httpx": "ours_with_httpx2_async",
}
_COMMANDS = 5


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    contestants = {"the pool": "ours_async", **_THROUGH}
    calls = partial(bench.sample, task="calls", count=bench.few_or_many(200, 500))
    one_by_one = in_turn(
        bench.few_or_many(3, 9),
        {name: partial(calls, client) for name, client in contestants.items()},
    )
    sessions = partial(
        bench.sample,
        task="sessions",
        delay=20,
        count=bench.few_or_many(50, 100),
        commands=_COMMANDS,
    )
    at_once = in_turn(
        bench.few_or_many(2, 5),
        {name: partial(sessions, client) for name, client in contestants.items()},
    )
    for name in _THROUGH:
        yield compared(
            GROUP, f"{name}: one call after another, CPU", one_by_one, name, "the pool", cpu
        )
        at = bench.few_or_many(50, 100)
        many = partial(compared, GROUP, samples=at_once, ours=name, theirs="the pool")
        yield many(f"{name}: {at} sessions at once, CPU", value=cpu)
        yield many(f"{name}: {at} sessions at once, wall", value=wall)
