"""How an AGB on this machine fares with more and more live sessions, and what each weighs."""

from collections.abc import Iterator
from functools import partial

from row import Row, compared, wall
from sampling import Bench, in_turn
from serving import local, steps, took

GROUP = "growth with live sessions"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    rounds, times = bench.few_or_many(2, 5), bench.few_or_many(10, 30)
    options = ("--max-sessions", "110", "--warm", "0", "--idle-timeout", "3600")
    with local(bench.folder / "growth", *options) as running:
        empty = running.megabytes()
        sessions = [running.create()]
        for count in (1, 10) if bench.quick else (1, 10, 50, 100):
            while len(sessions) < count:
                sessions.append(running.create())
            idle = running.megabytes()
            yield Row(
                group=GROUP,
                what=f"memory per session that has run nothing yet, {count} live",
                unit="MB",
                figures=[(idle - empty) / count],
            )
            for session in sessions:
                session.code.run("1", "python").raise_for_error()
            yield Row(
                group=GROUP,
                what=f"memory per session that has run Python, {count} live",
                unit="MB",
                figures=[(running.megabytes() - empty) / count],
            )
            for name, (ours, bare, close) in steps(sessions[0], bench.folder / "plain").items():
                samples = in_turn(
                    rounds, {"ours": partial(took, ours, times), "bare": partial(took, bare, times)}
                )
                close()
                yield compared(
                    GROUP,
                    f"{name} with {count} live, to the bare thing",
                    samples,
                    "ours",
                    "bare",
                    wall,
                )
