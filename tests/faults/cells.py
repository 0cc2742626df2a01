"""The cells of the matrix, and what was seen in them."""

import asyncio
import os
from collections.abc import Mapping, Sequence

import trio
from attrs import define, frozen

from faults.kinds import FAULTS, Fault

ALL = bool(os.environ.get("AGB_TEST_FAULTS"))
"""Whether all cells are tried in each way to wait; else each in one of them."""
WORKS = "works"
WRONG = "claims success, wrongly"


@frozen
class Cell:
    """A fault at a stage of an operation."""

    operation: str
    stage: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.operation}, {self.stage}: {self.fault.name}"


@define(kw_only=True)
class Seen:
    """What came of a cell.

    Attributes:
        name: A name that nobody else uses, for what is made and run.
        said: `works`, or the code of the error.
        error: What the error is, in words.
        struck: How often the fault struck.
        hung: Whether the operation would have waited for ever.
        usable: What a further call of the same client came to.
        left_open: Connections that were open after the client was closed.
        left_over: Tasks, threads and files of the client that were there then.
        left: Sessions that nobody knows of and that are there all the same.
        ran: How often it was carried out, where that can be told.
    """

    name: str = ""
    said: str = ""
    error: str = ""
    struck: int = 0
    hung: bool = False
    usable: str = ""
    left_open: int = 0
    left_over: Sequence[str] = ()
    left: int = 0
    ran: int | None = None


def cells_of(operation: str, stages: Sequence[str]) -> list[Cell]:
    """Return the cells of an operation."""
    return [
        Cell(operation, stage, fault)
        for stage in stages
        for fault in FAULTS.values()
        if not _makes_no_sense(operation, stage, stage == stages[0], fault)
    ]


def _makes_no_sense(operation: str, stage: str, first: bool, fault: Fault) -> bool:
    """Tell which cells there are not, and why."""
    return (
        # Nobody can refuse a connection that is there already.
        (fault.act is None and not first)
        # There can't be two WebSockets on one connection.
        or (fault.name in {"asked twice", "answered twice"} and stage == "stream GET")
        # What a store gives is whatever it is: nothing says that it is to be something else.
        or (fault.name in {"HTML", "half JSON"} and stage == "objects GET")
        # These wait for half a minute, whatever they are told.
        or (fault.held and operation == "command.start")
        or (fault.times > 1 and operation == "session()" and stage != "createSession")
    )


def share_of(stages: Mapping[str, Sequence[str]]) -> list[Cell]:
    """Return the cells that are tried in this way to wait, those first that take long.

    Of all cells each ninth, another one in each way, unless all are wanted. Both the operations
    and the faults come in each way.

    Args:
        stages: What each operation asks for.
    """
    cells = [cell for name in stages for cell in cells_of(name, stages[name])]
    mine = cells if ALL else cells[_way() :: 3 * 3]
    return sorted(mine, key=lambda cell: not cell.fault.held)


def _way() -> int:
    if trio.lowlevel.in_trio_run():
        return 0
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return 1
    return 2
