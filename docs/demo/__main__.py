"""The main job, twice: an AGB on this machine, through `AsyncAGB` and through `AGB`.

`_async/tour.py` is the program; `_sync/tour.py` was generated from it. No key, no network.
Options are those of `agb local`: `python docs/demo --sandbox plain` does without isolation.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

from _async.tour import tour as async_tour  # noqa: E402 - found through the line above
from _sync.tour import tour  # noqa: E402
from teller import Teller  # noqa: E402

from agb import AGB, AsyncAGB  # noqa: E402

AT_ONCE = 5


async def with_tasks(data_dir: str, options: Sequence[str]) -> list[str]:
    """Take the tour with `AsyncAGB`, and then several times at once."""
    told = Teller("async")
    quiet = [Teller(f"async-{number}", quiet=True) for number in range(AT_ONCE)]
    async with AsyncAGB.local(data_dir=data_dir, options=options) as agb:
        await async_tour(agb, told)
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for teller in quiet:
                group.create_task(async_tour(agb, teller))
        took = time.perf_counter() - started
    failures = [failure for teller in (told, *quiet) for failure in teller.failures]
    told.check(not failures, f"{AT_ONCE} sessions at once", f"the whole tour each, in {took:.1f} s")
    return failures


def with_blocking_calls(data_dir: str, options: Sequence[str]) -> list[str]:
    """Take the tour with `AGB`."""
    told = Teller("blocking")
    with AGB.local(data_dir=data_dir, options=options) as agb:
        tour(agb, told)
    return told.failures


def main(options: Sequence[str]) -> int:
    """Take both tours.

    Args:
        options: Options of `agb local`, for both.

    Returns:
        The exit status.
    """
    with tempfile.TemporaryDirectory(prefix="agb-demo-") as data_dir:
        print("When did the Nile change? 100 years of its flow, asked through AsyncAGB:")
        failures = asyncio.run(with_tasks(data_dir, options))
        print("\nThe same program, generated for AGB, which blocks:")
        failures += with_blocking_calls(data_dir, options)
        left = [str(path) for path in Path(data_dir).rglob("*/sessions/*")]
    if failures or left:
        print(f"\nNot as it should be: {', '.join([*failures, *left])}")
        return 1
    print("\nAll as it should be. Both AGBs have stopped, and nothing of them is left.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
