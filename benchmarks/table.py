"""The table, as text and as Markdown.

`python table.py RESULTS [README [GROUP]]` prints that of a run, or puts it, or what belongs to one
group of it, into a file between its marks.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

Shown = Mapping[str, Any]
_BEGIN, _END = "<!-- begin: table.py writes this -->", "<!-- end -->"
_HEAD = ("", "figure", "spread", "must", "aspire", "", "ours: wall, CPU", "beside: wall, CPU")


def as_text(rows: Sequence[Shown]) -> str:
    """Return the table for a terminal."""
    lines = [cells(row) for row in rows]
    widths = [max(len(line[n]) for line in (_HEAD, *lines)) for n in range(len(_HEAD))]
    shown: list[str] = [
        "  ".join(cell.ljust(width) for cell, width in zip(_HEAD, widths, strict=True))
    ]
    for group, members in groupby(rows, lambda row: row["group"]):
        shown.append(f"- {group}")
        shown += [
            "  ".join(cell.ljust(width) for cell, width in zip(cells(row), widths, strict=True))
            for row in members
        ]
    return "\n".join(line.rstrip() for line in shown)


def as_markdown(rows: Sequence[Shown]) -> str:
    """Return a table for each group."""
    shown: list[str] = []
    for group, members in groupby(rows, lambda row: row["group"]):
        shown += [f"### {group[:1].upper()}{group[1:]}", ""]
        table = [("row", *_HEAD[1:5], "met", *_HEAD[6:]), *map(cells, members)]
        kept = [n for n in range(len(_HEAD)) if any(line[n] for line in table[1:])]
        head, *lines = ("| " + " | ".join(line[n] for n in kept) + " |" for line in table)
        shown += [head, "| --- " * len(kept) + "|", *lines, ""]
    return "\n".join(shown).rstrip()


def cells(row: Shown) -> tuple[str, ...]:
    """Return the cells of a row."""
    unit = row["unit"] if row["unit"] != "x" else ""
    sign = ">= " if row["at_least"] else "<= "
    must, aspire = (
        "" if row[name] is None else f"{sign}{row[name]:g}" for name in ("must", "aspire")
    )
    return (
        row["what"],
        f"{number(row['figure'])} {unit}".strip(),
        f"{number(row['least'])} to {number(row['most'])}" if len(row["figures"]) > 1 else "",
        must,
        aspire,
        verdict(row),
        times(row["ours"]),
        times(row["theirs"]),
    )


def verdict(row: Shown) -> str:
    """Tell whether bar and goal are reached."""
    if row["must"] is None:
        return ""
    if row["meets_aspire"]:
        return "aspire"
    return "must" if row["meets_must"] else "MISSED"


def times(medians: Mapping[str, float]) -> str:
    """Return wall and CPU time per operation, in milliseconds."""
    return ", ".join(f"{number(value)}" for value in medians.values()) + (" ms" if medians else "")


def number(value: float) -> str:
    """Return a figure with as many digits as mean something."""
    return (
        f"{value:.0f}"
        if value >= 100
        else f"{value:.1f}"
        if value >= 10
        else f"{value:.2g}"
        if value < 1
        else f"{value:.2f}"
    )


def told(run: Mapping[str, Any], only: str = "") -> str:
    """Return all that a run has to tell, or all of one group."""
    rows = [row for row in run["rows"] if only in ("", row["group"])]
    about = (
        f"Python {run['python']}, {run['system']}, {run['processors']} processors, load "
        f"{run['load']:.1f} at the end, {run['seconds']} s{', quick' if run['quick'] else ''}."
    )
    return "\n\n".join([about, as_markdown(rows), *run["failures"]])


def put(text: str, readme: Path) -> None:
    """Put a text between the marks of a file, in place of what is there."""
    before, _, rest = readme.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    readme.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}")


if __name__ == "__main__":
    shown_run = told(json.loads(Path(sys.argv[1]).read_text()), *sys.argv[3:4])
    if len(sys.argv) > 2:
        put(shown_run, Path(sys.argv[2]))
    else:
        sys.stdout.write(shown_run + "\n")
