"""Large files by tool calls, which carry a piece each: what waiting for them costs."""

from collections.abc import Iterator
from functools import partial

from row import Row, alone, compared, named, wall
from sampling import Bench, in_turn

GROUP = "files"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    megabytes = bench.few_or_many(5, 50)
    for task, must, aspire in (("read", 0.2, 0.08), ("write", 0.5, 0.2)):
        take = partial(bench.sample, task=task, delay=20, megabytes=megabytes)
        samples = in_turn(
            bench.few_or_many(1, 3),
            {name: partial(take, name) for name in ("ours_async", "ours_blocking", "official")},
        )
        row = partial(compared, GROUP, samples=samples, theirs="official")
        what = f"file.{task} of {megabytes} MB at 20 ms"
        yield row(
            f"{what}, wall, to official", ours="ours_async", value=wall, must=must, aspire=aspire
        )
        yield row("the same, blocking twin", ours="ours_blocking", value=wall)
        growth = partial(alone, GROUP, samples=samples, value=named("growth"), unit="MB")
        yield growth(f"{what}, growth of memory", ours="ours_async")
        yield growth("the same of official", ours="official")
