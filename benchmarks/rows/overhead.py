"""What a client itself costs: one call after another, to a server that answers at once."""

from collections.abc import Iterator
from functools import partial

from row import Row, compared, cpu
from sampling import Bench, in_turn

GROUP = "one call after another, CPU"
_CONNECTS_EACH_TIME = 30
"""So many calls are enough for a client that makes a connection for each of them."""


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    rounds, count = bench.few_or_many(3, 9), bench.few_or_many(200, 500)
    take = partial(bench.sample, task="calls", count=count)
    slow = partial(bench.sample, "official", "calls", count=_CONNECTS_EACH_TIME)
    http = in_turn(
        rounds,
        {
            "ours": partial(take, "ours_async"),
            "command": partial(take, "ours_async", operation="command"),
            "httpx": partial(take, "httpx_async"),
            "aiohttp": partial(take, "aiohttp_async"),
            "official": partial(take, "official"),
            "blocking": partial(take, "ours_blocking"),
            "httpx blocking": partial(take, "httpx_blocking"),
            "http.client": partial(take, "http_client"),
            "link": partial(take, "ours_async", image="linked"),
            "official link": partial(slow, image="linked"),
            "https": partial(take, "ours_async", scheme="https"),
            "official https": partial(slow, scheme="https"),
        },
    )
    row = partial(compared, GROUP)
    yield row(
        "async tool call, to raw httpx.AsyncClient",
        http,
        "ours",
        "httpx",
        cpu,
        must=0.8,
        aspire=0.45,
    )
    yield row("async tool call, to official", http, "ours", "official", cpu, must=0.65, aspire=0.35)
    yield row(
        "the same over https, to official",
        http,
        "https",
        "official https",
        cpu,
        must=0.05,
        aspire=0.03,
    )
    yield row(
        "the same over a session's link, to official",
        http,
        "link",
        "official link",
        cpu,
        must=0.05,
        aspire=0.03,
    )
    yield row(
        "command.execute, to our own bare tool call",
        http,
        "command",
        "ours",
        cpu,
        must=1.1,
        aspire=1.05,
    )
    yield row("async tool call, to aiohttp", http, "ours", "aiohttp", cpu)
    yield row(
        "blocking tool call, to raw httpx.Client",
        http,
        "blocking",
        "httpx blocking",
        cpu,
        must=1.15,
        aspire=0.8,
    )
    yield row("blocking tool call, to http.client", http, "blocking", "http.client", cpu)
