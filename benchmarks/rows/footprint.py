"""What it takes to have the client at all: packages, megabytes, imports, a first result."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from row import Row, alone, compared, named
from sampling import Bench, Sample, in_turn

GROUP = "footprint and start"
_IMPORT = """
import json, time
wall, cpu = time.perf_counter(), time.process_time()
exec({statement!r})
print(json.dumps({{"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}}))
"""
_TOOLS_OF_VENV = ("pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils-precedence")


def rows(bench: Bench) -> Iterator[Row]:
    """Measure."""
    rounds = bench.few_or_many(5, 15)
    imports = in_turn(
        rounds,
        {
            "agb": partial(_import, bench, bench.plain, "import agb"),
            "AsyncAGB": partial(_import, bench, bench.plain, "from agb import AsyncAGB"),
            "four": partial(_import, bench, bench.plain, "import httpx, anyio, attrs, cattrs"),
            "official": partial(_import, bench, bench.official, "import agb"),
        },
    )
    row = partial(compared, GROUP, samples=imports, value=named("cpu"))
    yield row("import agb, to official", ours="agb", theirs="official", must=0.35, aspire=0.05)
    yield row(
        "from agb import AsyncAGB, to httpx, anyio, attrs, cattrs",
        ours="AsyncAGB",
        theirs="four",
        must=1.35,
        aspire=1.15,
    )
    sizes = {
        name: [_installed(bench, python)]
        for name, python in (("ours", bench.plain), ("official", bench.official))
    }
    yield alone(
        GROUP,
        "packages that pip installs",
        sizes,
        "ours",
        named("packages"),
        "",
        must=12,
        aspire=11,
    )
    yield compared(
        GROUP,
        "megabytes that pip installs, to official",
        sizes,
        "ours",
        "official",
        named("megabytes"),
        must=0.05,
        aspire=0.035,
    )
    first = partial(bench.sample, task="first")
    firsts = in_turn(
        rounds,
        {name: partial(first, name) for name in ("ours_async", "ours_blocking", "official")},
    )
    whole = partial(compared, GROUP, samples=firsts, value=named("whole"), theirs="official")
    yield whole(
        "fresh process to first result, to official", ours="ours_async", must=0.45, aspire=0.38
    )
    yield whole("the same, blocking twin", ours="ours_blocking")
    lingering = in_turn(
        bench.few_or_many(2, 5),
        {
            name: partial(bench.sample, name, "delete", image="lingers")
            for name in ("ours_async", "official")
        },
    )
    yield compared(
        GROUP,
        "delete of a session that lingers for 300 ms, wall, to official",
        lingering,
        "ours_async",
        "official",
        named("wall"),
        must=0.5,
        aspire=0.4,
    )
    beats = in_turn(
        bench.few_or_many(3, 9),
        {
            "ours": partial(bench.sample, "ours_async", "held_up", idle=False),
            "idle": partial(bench.sample, "ours_async", "held_up", idle=True),
        },
    )
    yield alone(
        GROUP,
        "longest hold-up of the loop, two files of 5 MB among it",
        beats,
        "ours",
        named("late"),
        "ms",
        must=10,
        aspire=5,
    )
    yield alone(GROUP, "the same of an idle loop", beats, "idle", named("late"), "ms")


def _import(bench: Bench, python: str, statement: str) -> Sample:
    return bench.program([python, "-c", _IMPORT.format(statement=statement)])


def _installed(bench: Bench, python: str) -> Sample:
    """Count packages and megabytes in an environment, those of the environment itself apart."""
    told = bench.program(
        [
            python,
            "-c",
            "import json, sysconfig; print(json.dumps({'site': sysconfig.get_path('purelib')}))",
        ]
    )
    entries = [
        entry for entry in Path(told["site"]).iterdir() if not entry.name.startswith(_TOOLS_OF_VENV)
    ]
    files = [
        file
        for entry in entries
        for file in (entry.rglob("*") if entry.is_dir() else (entry,))
        if file.is_file() and file.suffix != ".pyc"
    ]
    packages = sum(1 for entry in entries if entry.name.endswith(".dist-info"))
    return {"packages": packages, "megabytes": sum(file.stat().st_size for file in files) / 1e6}
