"""An AGB on this machine with one session, over HTTP, beside the bare things below it."""

import time
from collections.abc import Iterator
from functools import partial

from bare import start_ipython
from row import Row, alone, compared, wall
from sampling import Bench, Sample, Samples, in_turn
from serving import ASPIRE, BECOMES_READY, MUST, Local, local, new_sandbox, new_session, steps, took

GROUP = "an AGB on this machine"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    rounds, times = bench.few_or_many(3, 9), bench.few_or_many(20, 50)
    with local(bench.folder / "local") as running:
        running.create().delete().raise_for_error()  # the pool fills after a first one
        made = in_turn(rounds, {"ours": partial(new_session, running), "bare": new_sandbox})
        yield from _pair("session create", "a start of bubblewrap", made)
        first = in_turn(rounds, {"ours": partial(_first_run, running), "bare": start_ipython})
        yield alone(GROUP, "first code.run in a fresh session", first, "ours", _ms, "ms")
        yield compared(GROUP, "the same, to a start of IPython", first, "ours", "bare", wall)
        session = running.create()
        try:
            for name, (ours, bare, close) in steps(session, bench.folder / "plain").items():
                samples = in_turn(
                    rounds, {"ours": partial(took, ours, times), "bare": partial(took, bare, times)}
                )
                close()
                yield from _pair(name, _BARE[name], samples)
        finally:
            session.delete()
    with local(bench.folder / "cold", "--warm", "0") as running:
        cold = in_turn(rounds, {"ours": partial(_cold, running), "bare": start_ipython})
        yield compared(
            GROUP,
            "create and first run, none ready, to a start of IPython",
            cold,
            "ours",
            "bare",
            wall,
        )


_BARE = {
    "code.run": "a bare kernel",
    "command.execute": "a bare subprocess",
    "file read": "a bare file read",
    "session.file.read": "a bare file read",
}


def _pair(name: str, bare: str, samples: Samples) -> Iterator[Row]:
    yield alone(
        GROUP, name, samples, "ours", _ms, "ms", must=MUST.get(name), aspire=ASPIRE.get(name)
    )
    yield compared(GROUP, f"{name}, to {bare}", samples, "ours", "bare", wall)


def _ms(sample: Sample) -> float:
    return wall(sample) * 1000


def _first_run(running: Local) -> dict[str, float]:
    time.sleep(BECOMES_READY)
    session = running.create()
    started = time.perf_counter()
    assert session.code.run("6 * 7", "python").raise_for_error().result == "42"
    seconds = time.perf_counter() - started
    session.delete().raise_for_error()
    return {"wall": seconds}


def _cold(running: Local) -> dict[str, float]:
    started = time.perf_counter()
    session = running.create()
    assert session.code.run("6 * 7", "python").raise_for_error().result == "42"
    seconds = time.perf_counter() - started
    session.delete().raise_for_error()
    return {"wall": seconds}
