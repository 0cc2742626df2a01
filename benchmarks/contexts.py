"""How fast contexts are, beside what any program could do with the same bytes.

Each row is a ratio of two things measured alternately in the same run, so that a busy machine slows
both: the median of several rounds, with the smallest and the largest. Every operation is checked to
have done what it should before its time counts.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from agb import AGB, Context, ContextSync, CreateSessionParams, Session

CHUNK = 256 * 1024
MOUNT = "/workspace/many"


def main() -> None:
    """Measure, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller files, one round")
    quick = parser.parse_args().quick
    files, megabytes, rounds = (500, 16, 1) if quick else (10_000, 512, 3)
    with tempfile.TemporaryDirectory(prefix="agb-bench-") as folder:
        place = Path(folder)
        with AGB.local(data_dir=place / "data", timeout=600) as agb:
            rows = [
                *small_files(agb, place, files, rounds),
                *large_file(agb, place, megabytes, rounds),
            ]
    for row in rows:
        print(
            f"{row['what']:<62} {row['ours']:8.2f} s  {row['theirs']:8.2f} s  "
            f"x {row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})"
        )
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = "contexts-quick.json" if quick else "contexts.json"
    (results / name).write_text(json.dumps(rows, indent=1) + "\n")


def small_files(agb: AGB, place: Path, count: int, rounds: int) -> list[dict[str, float | str]]:
    """Bring many small files from a session into a context, beside `cp -r` of as many."""
    source = place / "many"
    for number in range(count):
        file = source / f"{number % 100:02}" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n" * 200)
    make = (
        f"for i in $(seq 0 99); do mkdir -p {MOUNT}/$(printf %02d $i); done; "
        f"for i in $(seq 0 {count - 1}); do "
        f"yes $i | head -200 > {MOUNT}/$(printf %02d $((i % 100)))/$i.txt; done"
    )

    def ours() -> float:
        context = new_context(agb)
        params = CreateSessionParams(context_syncs=[ContextSync(context.id, MOUNT)])
        with agb.session(params) as session:
            session.command.execute(make, timeout_ms=600_000).raise_for_error()
            took = timed(lambda: sync(session))
            folders = sum(1 for _ in agb.context.iter_files(context.id))
            assert folders == min(count, 100), folders
        agb.context.delete(context)
        return took

    def theirs() -> float:
        target = place / "copy"
        took = timed(lambda: shutil.copytree(source, target))
        shutil.rmtree(target)
        return took

    return [compare(f"sync of {count:,} small files, to cp -r of as many", ours, theirs, rounds)]


def large_file(agb: AGB, place: Path, megabytes: int, rounds: int) -> list[dict[str, float | str]]:
    """Put one large file into a context and get it out, beside plain httpx doing the same."""
    source, target = place / "large", place / "back"
    block = bytes(range(256)) * 4096
    with source.open("wb") as file:
        for _ in range(megabytes):
            file.write(block)
    size = source.stat().st_size
    context = new_context(agb)
    plain = httpx.Client(timeout=600)

    def put() -> float:
        return timed(lambda: agb.context.upload_file(context.id, source, "large").raise_for_error())

    def put_plainly() -> float:
        url = agb.context.get_file_upload_url(context.id, "large").raise_for_error().url
        headers = {"content-length": str(size)}
        return timed(
            lambda: plain.put(url, content=chunks(source), headers=headers).raise_for_status()
        )

    def get() -> float:
        took = timed(
            lambda: agb.context.download_file(context.id, "large", target).raise_for_error()
        )
        assert target.stat().st_size == size
        return took

    def get_plainly() -> float:
        url = agb.context.get_file_download_url(context.id, "large").raise_for_error().url
        took = timed(lambda: stream_to(plain, url, target))
        assert target.stat().st_size == size
        return took

    with plain:
        return [
            compare(f"upload of {megabytes} MB, to plain httpx", put, put_plainly, rounds),
            compare(f"download of {megabytes} MB, to plain httpx", get, get_plainly, rounds),
        ]


def new_context(agb: AGB) -> Context:
    """Make a context."""
    made = agb.context.create(f"bench-{time.time_ns()}").raise_for_error().context
    assert made is not None
    return made


def sync(session: Session) -> None:
    """Bring what is mounted into its context."""
    session.context.sync(mode="upload", timeout=600).raise_for_error()


def chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in chunks."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def stream_to(plain: httpx.Client, url: str, target: Path) -> None:
    """Write what a URL gives to a file."""
    with plain.stream("GET", url) as response, target.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_bytes(CHUNK):
            file.write(chunk)


def timed(func: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    started = time.perf_counter()
    func()
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
