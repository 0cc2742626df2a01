"""All benchmarks: `python benchmarks --official PYTHON --plain PYTHON [--quick] [area...]`.

Prints one table; writes it as JSON and as a picture into `results/`.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from picture import picture
from row import Row
from sampling import Bench, SampleFailed
from table import as_text

AREAS = (
    "overhead",
    "throughput",
    "footprint",
    "files",
    "transfers",
    "local_agb",
    "growth",
    "contexts",
    "transports",
)
"""Modules in `rows`, in the order in which they are measured."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", required=True, help="a Python that has agbcloud-sdk")
    parser.add_argument("--plain", required=True, help="a Python that has nothing but agb")
    parser.add_argument("--quick", action="store_true", help="few rounds, small files")
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], help="all by default")
    given = parser.parse_args()
    started = time.monotonic()
    rows: list[dict[str, Any]] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="agb-bench-") as folder:
        bench = Bench(
            quick=given.quick, official=given.official, plain=given.plain, folder=Path(folder)
        )
        with bench.stub():
            for area in given.areas or AREAS:
                print(f"{time.monotonic() - started:4.0f} s: {area}", file=sys.stderr, flush=True)
                try:
                    rows += map(Row.as_json, importlib.import_module(f"rows.{area}").rows(bench))
                except SampleFailed as failed:
                    failures.append(f"{area}: {failed}")
                write(given, rows, failures, time.monotonic() - started)
    print("\n".join([as_text(rows), *failures]))
    sys.exit(bool(failures))


def write(
    given: argparse.Namespace, rows: list[dict[str, Any]], failures: list[str], seconds: float
) -> None:
    """Write what is known so far: a run that is broken off has not been for nothing."""
    run = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "quick": given.quick,
        "seconds": round(seconds),
        "failures": failures,
        "rows": rows,
    }
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    name = "-".join(["bench", *(["quick"] if given.quick else []), *given.areas])
    (results / f"{name}.json").write_text(json.dumps(run, indent=1) + "\n")
    (results / f"{name}.svg").write_text(picture(rows))


if __name__ == "__main__":
    main()
