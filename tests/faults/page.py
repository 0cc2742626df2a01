"""Writes `docs/faults.md` from the faults, the operations and the rules."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from faults._async.operations import OPERATIONS
from faults.cells import cells_of
from faults.kinds import FAULTS
from faults.right import KINDS, kind_of, right

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_TOP = """\
# Faults

What comes of each operation when something goes wrong between the client and the AGB. The tests put
a TCP proxy of their own between the two, which spoils one request of an operation, and look: the
result is right, or it failed with one of these codes; it came in bounded time; the server has no
session that nobody knows of; nothing ran twice; the client's next call works, and once it is
closed it has left no connection, task, thread or file in the process, nor have all of them
together.

Each of the cells is tried on asyncio, on trio and with threads by `nox -s faults`, which also
cancels a whole scenario at every point at which it waits; the tests take a part. This page is
written from the rules that the tests go by, `tests/faults/right.py`, and a test checks that it is
up to date.

## What is right

`works` means that the fault does not show: the request was made again, or the session that it had
made was found. A tool is never called again unless the first call can't have run.

"""
_LIMITS = """
`reaches` tells whether the AGB carries the request out. What no client can tell is left out: a
store that answers 200 with another file, or 200 for a file that it has not taken. A gateway that
sends a request to run a tool or to make a session on *twice*, by itself, has it carried out twice.

## Which request does what

"""


def page() -> str:
    """Return the page."""
    return f"{_TOP}{_rules()}{_LIMITS}{_operations()}"


def _rules() -> str:
    lines = [_row("fault", "what happens", "reaches", *KINDS), _row(*["---"] * (3 + len(KINDS)))]
    for fault in FAULTS.values():
        told = (" or ".join(f"`{each}`" for each in sorted(right(kind, fault))) for kind in KINDS)
        reaches = "part" if fault.name == "request cut" else fault.reaches
        lines.append(_row(fault.name, fault.says, reaches, *told))
    return "\n".join(lines).replace("`works`", "works") + "\n"


def _operations() -> str:
    lines = [_row("operation", "request", "what it does", "cells"), _row(*["---"] * 4)]
    for name, operation in OPERATIONS.items():
        cells = cells_of(name, operation.stages)
        for stage in operation.stages:
            count = sum(1 for cell in cells if cell.stage == stage)
            lines.append(_row(f"`{name}`", f"`{stage}`", kind_of(name, stage), str(count)))
    return "\n".join(lines) + "\n"


def _row(*columns: str) -> str:
    return f"| {' | '.join(columns)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
