"""Pure: what is right when a fault strikes. The rules, without a look at the client's own tables.

What a request may do decides: one that only asks, or that does the same when it comes twice, may be
made again, and then the fault does not show; a file is moved again from its first byte on. One that
makes a session is looked for instead, and found if the AGB has carried it out. One that runs a tool
is never made again unless it can't have run. What is looked at again and again anyway may miss one
look.
"""

from faults.cells import WORKS, Cell, Seen
from faults.kinds import Fault

ASKS, LOOKS = "asks, or does the same twice", "is looked at again and again"
STARTS, ENDS = "starts a process", "ends a block"
MAKES, RUNS = "makes a session", "runs a tool"
STREAMS, MOVES = "opens a stream", "moves a file"

KINDS = (ASKS, LOOKS, MAKES, ENDS, RUNS, STARTS, STREAMS, MOVES)
"""What requests do, in the order of the table."""
_KINDS = {
    "createSession": MAKES,
    "link POST": RUNS,
    "mcp": RUNS,
    "stream GET": STREAMS,
    "objects PUT": MOVES,
    "objects GET": MOVES,
}
_LOOKED_AT = {
    ("delete", "getSessionInfo"),
    ("file.upload", "GetContextInfo"),
    ("file.download", "GetContextInfo"),
    ("session.context.sync", "GetContextInfo"),
}
_WORKS = frozenset({WORKS})
_THROTTLED, _REQUEST_TIMEOUT = 429, 408
_BY_STATUS = {0: "CONNECTION_ERROR", 200: "UNEXPECTED_RESPONSE", 408: "UNEXPECTED_RESPONSE"}
_MORE = {LOOKS: ("WAIT_TIMEOUT",)}


def kind_of(operation: str, stage: str) -> str:
    """Return what a request does."""
    if (operation, stage) in _LOOKED_AT:
        return LOOKS
    if operation == "session()" and stage == "releaseSessionAsync":
        return ENDS
    return STARTS if operation == "command.start" else _KINDS.get(stage, ASKS)


def right(kind: str, fault: Fault) -> frozenset[str]:
    """Return what may come of it: `works`, or codes of errors."""
    if fault.name in {"slow", "answered twice"}:
        return _WORKS
    if kind in {LOOKS, MOVES} and fault.times == 1:
        return _WORKS
    if fault.reaches == "twice":  # what is to be deleted may be gone the second time
        return _WORKS | ({"Context.NotFound", "ContextFile.NotFound"} if kind == ASKS else set())
    failed = frozenset(_failed(kind, fault))
    if fault.times > 1:
        return failed
    return _again(kind, fault, failed)


def _again(kind: str, fault: Fault, failed: frozenset[str]) -> frozenset[str]:
    """Return what may come of it where the next try would be good."""
    if kind == STARTS or (kind in {ASKS, ENDS} and fault.held):
        return failed | _WORKS
    works = {
        ASKS: True,
        ENDS: True,
        MAKES: fault.reaches == "yes" or fault.status == _THROTTLED,
        RUNS: fault.status == _THROTTLED,  # it was not taken
        STREAMS: False,
    }
    return _WORKS if works[kind] else failed


def _failed(kind: str, fault: Fault) -> set[str]:
    """Return the codes of the errors that say what happened."""
    if kind == ENDS:
        return {"SESSION_NOT_DELETED"}
    if fault.status == _THROTTLED:
        return {"Throttling", "WAIT_TIMEOUT"} if kind == LOOKS else {"Throttling"}
    if kind == STREAMS:
        return _stream_codes(fault)
    if kind == MOVES and fault.status:
        return {"TRANSFER_FAILED"}
    code = "READ_TIMEOUT" if fault.held else _BY_STATUS.get(fault.status, "SERVER_ERROR")
    return {"CONNECT_FAILED" if fault.act is None else code, *_MORE.get(kind, ())} | (
        {"API_ERROR"} if fault.status == _REQUEST_TIMEOUT else set()
    )


def _stream_codes(fault: Fault) -> set[str]:
    if fault.held:
        return {"CONNECT_TIMEOUT"}
    if fault.act is None or "reset" in fault.name:
        return {"CONNECT_FAILED"}
    if fault.name in {"answer cut", "answer endless"}:
        return {"STREAM_DISCONNECTED"}
    return {"STREAM_REFUSED"}


def wrongs(cell: Cell, seen: Seen) -> list[str]:
    """Return what is not right about what came of a cell."""
    kind = kind_of(cell.operation, cell.stage)
    fault = cell.fault
    allowed = right(kind, fault)
    checks = {
        f"{seen.said} ({seen.error}), not {' or '.join(sorted(allowed))}": seen.said in allowed,
        "the fault did not strike": seen.struck,
        "it waited for ever": not seen.hung,
        f"the client is of no use afterwards: {seen.usable}": seen.usable == WORKS,
        f"{seen.left_open} connections stay open": not seen.left_open,
        f"it leaves {', '.join(seen.left_over)}": not seen.left_over,
        f"{seen.left} sessions are left": seen.left in _left(kind, fault, seen.said),
        f"it ran {seen.ran} times": seen.ran in _runs(cell, kind, seen.said),
    }
    return [f"{cell}: {problem}" for problem, good in checks.items() if not good]


def _left(kind: str, fault: Fault, said: str) -> set[int]:
    """Return how many sessions may be left.

    A gateway that sends a request on twice makes two sessions, and tells of one. A block whose
    session could not be deleted says so, with its id.
    """
    if kind == MAKES and fault.reaches == "twice":
        return {1}
    return {0, 1} if said == "SESSION_NOT_DELETED" else {0}


def _runs(cell: Cell, kind: str, said: str) -> set[int]:
    """Return how often it may have run: in any case not again because of the client."""
    marks = {"call_mcp_tool", "command.execute", "command.start", "code.run", "code.stream"}
    if cell.operation.removesuffix(" by the API") not in marks:
        return {0}
    times = 2 if cell.fault.reaches == "twice" and kind == RUNS else 1
    if said == WORKS:
        return {times}
    if cell.fault.reaches == "no":
        return {0}
    return {0, 1} if kind == STREAMS else {times}
