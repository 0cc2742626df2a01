"""Many sessions at once, each of which is made, runs some commands and is deleted."""

from collections.abc import Iterator
from functools import partial

from row import Row, alone, compared, cpu, named, rate
from sampling import Bench, Sample, in_turn

GROUP = "many sessions at once"
MEMORY = "connections and memory"
_COMMANDS = 5
_REQUESTS = _COMMANDS + 3


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    rounds = bench.few_or_many(2, 5)
    yield from _hundred(bench, rounds)
    yield from _hundred_over(bench, max(1, rounds // 2))
    yield from _five_hundred(bench, rounds)
    yield from _to_aiohttp(bench, rounds)


def _hundred(bench: Bench, rounds: int) -> Iterator[Row]:
    take = partial(bench.sample, task="sessions", delay=20, count=100, commands=_COMMANDS)
    http = in_turn(
        rounds,
        {
            name: partial(take, name)
            for name in ("ours_async", "official", "ours_blocking", "httpx_async", "http_client")
        },
    )
    row = partial(compared, GROUP)
    yield row(
        "100 sessions x 20 ms, requests/s, to official",
        http,
        "ours_async",
        "official",
        rate,
        must=1.8,
        aspire=3,
        at_least=True,
    )
    yield row(
        "the same, to raw httpx.AsyncClient", http, "ours_async", "httpx_async", rate, at_least=True
    )
    yield row(
        "blocking twin in 100 threads, the same, to official",
        http,
        "ours_blocking",
        "official",
        rate,
        must=1.8,
        aspire=2.5,
        at_least=True,
    )
    yield row(
        "the same, to http.client in 100 threads",
        http,
        "ours_blocking",
        "http_client",
        rate,
        at_least=True,
    )
    yield alone(
        MEMORY,
        "connections opened to requests at once, 100 sessions",
        http,
        "ours_async",
        lambda sample: sample["connections"] / sample["at_once"],
        "x",
        must=1.0,
        aspire=1.0,
    )
    yield compared(
        MEMORY,
        "connections opened, to official",
        http,
        "ours_async",
        "official",
        named("connections"),
        must=0.12,
        aspire=0.12,
    )
    yield compared(
        MEMORY,
        "peak memory with 100 sessions, to official",
        http,
        "ours_async",
        "official",
        named("peak"),
        must=0.7,
        aspire=0.6,
    )


def _hundred_over(bench: Bench, rounds: int) -> Iterator[Row]:
    count, commands = (20, 2) if bench.quick else (100, _COMMANDS)
    take = partial(bench.sample, task="sessions", delay=20, count=count, commands=commands)
    samples = in_turn(
        rounds,
        {
            "https": partial(take, "ours_async", scheme="https"),
            "official https": partial(take, "official", scheme="https"),
            "blocking https": partial(take, "ours_blocking", scheme="https"),
            "link": partial(take, "ours_async", image="linked"),
            "official link": partial(take, "official", image="linked"),
        },
    )
    row = partial(compared, GROUP, value=rate, at_least=True)
    yield row(
        f"{count} sessions x 20 ms over https, to official",
        samples,
        "https",
        "official https",
        must=20,
        aspire=35,
    )
    yield row(
        "the same, blocking twin",
        samples,
        "blocking https",
        "official https",
        must=20,
        aspire=35,
    )
    yield row(
        f"{count} sessions x 20 ms over links, to official",
        samples,
        "link",
        "official link",
        must=15,
        aspire=25,
    )


def _five_hundred(bench: Bench, rounds: int) -> Iterator[Row]:
    take = partial(bench.sample, task="sessions", delay=20, commands=_COMMANDS)
    samples = in_turn(
        rounds,
        {
            "ours": partial(take, "ours_async", count=500),
            "official": partial(take, "official", count=500),
            "aiohttp": partial(take, "aiohttp_async", count=500),
            "ten": partial(take, "ours_async", count=10),
        },
    )
    yield compared(
        GROUP,
        "500 sessions x 20 ms, requests/s, to official",
        samples,
        "ours",
        "official",
        rate,
        must=2.2,
        aspire=3.5,
        at_least=True,
    )
    yield compared(
        GROUP,
        "CPU per request, 500 sessions to 10",
        samples,
        "ours",
        "ten",
        cpu,
        must=1.15,
        aspire=1.0,
    )
    yield compared(
        MEMORY,
        "growth of memory with 500 sessions, to official",
        samples,
        "ours",
        "official",
        named("growth"),
        must=0.6,
        aspire=0.45,
    )
    yield compared(MEMORY, "the same of aiohttp", samples, "aiohttp", "official", named("growth"))


def _to_aiohttp(bench: Bench, rounds: int) -> Iterator[Row]:
    for count, must, aspire in ((100, 0.8, 0.95), (500, 0.45, 0.6)):
        take = partial(bench.sample, task="sessions", delay=100, count=count, commands=_COMMANDS)
        samples = in_turn(
            rounds, {name: partial(take, name) for name in ("ours_async", "aiohttp_async")}
        )
        yield compared(
            GROUP,
            f"{count} sessions x 100 ms, requests/s, to aiohttp",
            samples,
            "ours_async",
            "aiohttp_async",
            rate,
            must=must,
            aspire=aspire,
            at_least=True,
        )
        if count == 100:
            yield alone(
                GROUP,
                "wall time to the ideal, 100 sessions x 100 ms",
                samples,
                "ours_async",
                _to_ideal,
                "x",
                must=1.35,
                aspire=1.15,
            )


def _to_ideal(sample: Sample) -> float:
    return float(sample["wall"]) / (_REQUESTS * 0.1)
