"""How fast contexts are, beside what any program could do with the same bytes.

Every operation is checked to have done what it should before its time counts.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from row import Row, compared, wall
from sampling import Bench, in_turn

from agb import AGB, Context, ContextSync, CreateSessionParams, Session

GROUP = "contexts of an AGB on this machine"
CHUNK = 256 * 1024
MOUNT = "/workspace/many"


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    files, megabytes, rounds = (500, 16, 1) if bench.quick else (10_000, 256, 3)
    with AGB.local(data_dir=bench.folder / "contexts", timeout=600) as agb:
        yield from small_files(agb, bench.folder, files, rounds)
        yield from large_file(agb, bench.folder, megabytes, rounds)


def small_files(agb: AGB, place: Path, count: int, rounds: int) -> Iterator[Row]:
    """Bring many small files from a session into a context, beside `cp -r` of as many."""
    source = place / "many"
    for number in range(count):
        file = source / f"{number % 100:02}" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}\n" * 200)
    expected = {
        f"/{number % 100:02}/{number}.txt": len(f"{number}\n") * 200 for number in range(count)
    }
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
            assert stored(agb, context) == expected
        agb.context.delete(context)
        return took

    def theirs() -> float:
        target = place / "copy"
        took = timed(lambda: shutil.copytree(source, target))
        assert sum(1 for _ in target.rglob("*.txt")) == count
        shutil.rmtree(target)
        return took

    yield compare(f"sync of {count:,} small files, to cp -r of as many", ours, theirs, rounds)


def large_file(agb: AGB, place: Path, megabytes: int, rounds: int) -> Iterator[Row]:
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
        took = timed(lambda: agb.context.upload_file(context.id, source, "large").raise_for_error())
        assert stored(agb, context) == {"/large": size}
        return took

    def put_plainly() -> float:
        url = agb.context.get_file_upload_url(context.id, "large").raise_for_error().url
        headers = {"content-length": str(size)}
        took = timed(
            lambda: plain.put(url, content=chunks(source), headers=headers).raise_for_status()
        )
        assert stored(agb, context) == {"/large": size}
        return took

    def get() -> float:
        took = timed(
            lambda: agb.context.download_file(context.id, "large", target).raise_for_error()
        )
        assert checksum(target) == checksum(source)
        return took

    def get_plainly() -> float:
        url = agb.context.get_file_download_url(context.id, "large").raise_for_error().url
        took = timed(lambda: stream_to(plain, url, target))
        assert checksum(target) == checksum(source)
        return took

    def synced() -> float:
        other = new_context(agb)
        params = CreateSessionParams(context_syncs=[ContextSync(other.id, MOUNT)])
        with agb.session(params) as session:
            session.file.upload(source, f"{MOUNT}/large").raise_for_error()
            took = timed(lambda: sync(session))
            assert stored(agb, other) == {"/large": size}
        agb.context.delete(other)
        return took

    def copied() -> float:
        copy = place / "copied"
        took = timed(lambda: shutil.copyfile(source, copy))
        assert copy.stat().st_size == size
        copy.unlink()
        return took

    with plain:
        yield compare(f"sync of one file of {megabytes} MB, to cp of it", synced, copied, rounds)
        yield compare(f"upload of {megabytes} MB, to plain httpx", put, put_plainly, rounds)
        yield compare(f"download of {megabytes} MB, to plain httpx", get, get_plainly, rounds)


def new_context(agb: AGB) -> Context:
    """Make a context."""
    made = agb.context.create(f"bench-{time.time_ns()}").raise_for_error().context
    assert made is not None
    return made


def sync(session: Session) -> None:
    """Bring what is mounted into its context."""
    session.context.sync(mode="upload", timeout=600).raise_for_error()


def stored(agb: AGB, context: Context, folder: str = "/") -> dict[str, int]:
    """Return the size of every file of a context, by its path."""
    found: dict[str, int] = {}
    for entry in agb.context.iter_files(context.id, folder):
        if entry.file_type == "folder":
            found |= stored(agb, context, entry.file_path)
        else:
            found[entry.file_path] = entry.size
    return found


def checksum(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def compare(what: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Row:
    """Measure two things in turn."""
    samples = in_turn(
        rounds, {"ours": lambda: {"wall": ours()}, "theirs": lambda: {"wall": theirs()}}
    )
    return compared(GROUP, what, samples, "ours", "theirs", wall)
