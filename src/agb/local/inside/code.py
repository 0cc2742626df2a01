"""Running code in a language whose variables stay from one run to the next."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty
from typing import Any

from .errors import OperationError
from .languages import Language, languages
from .paths import Paths
from .processes import Spawner
from .runner import Event, Runner

Emit = Callable[[Event], None]

LARGEST_OUTPUT = 32 * 1024 * 1024
"""Characters of output that a run may produce before it is stopped."""

_STARTING = 60.0  # seconds that a runner may take to come up on a busy machine
_INTERRUPTING = (0.3, 1.7)  # seconds given to the run alone, then to it and what it started


class Code:
    """Runs code for one session, in one process per language, one run of a language at a time.

    Args:
        paths: The session's view of paths.
        spawner: Starts the session's processes.
        python: The interpreter that has IPython.
        memory: Bytes that the session may use, if there is a limit.
    """

    def __init__(self, paths: Paths, spawner: Spawner, python: str, memory: int = 0) -> None:
        cwd = paths.resolve(paths.home)
        self._slots = {
            name: _Slot(partial(Runner, language, spawner, cwd), language)
            for name, language in languages(python, memory).items()
        }

    def run(
        self, code: str, language: str, timeout_s: float = 60.0, *, emit: Emit | None = None
    ) -> dict[str, Any]:
        """Run code and wait for its end.

        Args:
            code: The program; what it defines stays for the next run.
            language: Its name, in any letter case.
            timeout_s: Seconds that it may take once it is its turn. Then it is interrupted, and
                if that does not help, killed together with the language's variables.
            emit: Called with each piece of output and each result as it comes.

        Raises:
            OperationError: ``Code.Empty``, ``Code.RunnerDied``, ``Code.OutputTooLarge``,
                ``Language.Unknown``, ``Language.NotInstalled``. A failure of the code itself is
                no such error but in the answer.
        """
        slot = self._slot(language)
        if not code.strip():
            raise OperationError("Code.Empty", "there is no code to run")
        with slot.turn:
            return _Run(slot, emit or (lambda _: None)).of(code, timeout_s)

    def warm(self, language: str) -> None:
        """Start a language, so that the first run need not wait for that."""
        slot = self._slot(language)
        with slot.turn:
            slot.runner()

    def _slot(self, language: str) -> "_Slot":
        slot = self._slots.get(language.strip().lower())
        if not slot:
            known = ", ".join(sorted(self._slots))
            raise OperationError("Language.Unknown", f"{language!r} is none of {known}")
        return slot


class _Slot:
    """The place of a language's runner, whichever one it is just now."""

    def __init__(self, start: Callable[[], Runner], language: Language) -> None:
        self.turn = threading.Lock()
        self.count = 0
        self.language = language
        self._start = start
        self._runner: Runner | None = None

    def runner(self) -> Runner:
        """Give a runner that takes code, a new one if need be."""
        if self._runner and not self._runner.alive:
            self.drop()
        if not self._runner:
            self._runner = self._start()
            self._await_ready(self._runner)
        return self._runner

    def drop(self) -> None:
        """Do without the present runner and all that it knows."""
        if self._runner:
            self._runner.kill()
        self._runner = None
        self.count = 0

    def _await_ready(self, runner: Runner) -> None:
        try:
            event = runner.events.get(timeout=_STARTING)
        except Empty:
            event = {"type": "late"}
        if event["type"] == "ready":
            return
        self.drop()
        if event["type"] == "missing":
            raise self.language.not_installed()
        message = f"the {self.language.name} runner did not start"
        raise OperationError("Code.RunnerDied", message, {"event": event})


class _Run:
    """One run, from its code to its answer."""

    def __init__(self, slot: _Slot, emit: Emit) -> None:
        self._slot = slot
        self._emit = emit
        self._runner = slot.runner()
        self._results: list[dict[str, Any]] = []
        self._written: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._length = 0

    def of(self, code: str, limit: float) -> dict[str, Any]:
        """Run the code and put the answer together."""
        slot = self._slot
        slot.count += 1
        count = slot.count
        started = time.monotonic()
        self._runner.send(code, limit)
        end = self._until(started + limit)
        error = self._error(end) if end else self._stop(limit)
        return {
            "results": self._results,
            **self._output(),
            "execution_count": (end or {}).get("count", count),
            "execution_time": time.monotonic() - started,
            "error": error,
            "timed_out": not end,
        }

    def _until(self, deadline: float) -> Event | None:
        """Take in events until the run is over; None if the time is up first."""
        while True:
            try:
                event = self._runner.events.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return None
            if event["type"] in {"done", "ended"}:
                return event
            self._take(event)

    def _take(self, event: Event) -> None:
        if event["type"] == "result":
            self._results.append({"data": event["data"], "isMainResult": event["main"]})
            self._emit({"type": "result", **self._results[-1]})
            return
        self._written[event["type"]].append(event["text"])
        self._emit(event)
        self._length += len(event["text"])
        if self._length > LARGEST_OUTPUT:
            self._slot.drop()
            message = f"the code wrote more than {LARGEST_OUTPUT} characters; variables are lost"
            raise OperationError("Code.OutputTooLarge", message)

    def _error(self, end: Event) -> dict[str, Any] | None:
        """Give what the code failed with; a runner that has gone is not the code's failure."""
        if end["type"] == "done":
            error: dict[str, Any] | None = end["error"]
            return error
        self._slot.drop()
        message = (
            f"the {self._slot.language.name} process {_ending(end['code'])}; variables are lost"
        )
        raise OperationError("Code.RunnerDied", message, self._output())

    def _stop(self, limit: float) -> dict[str, Any]:
        """Interrupt the run, or else kill it, and say which it was."""
        for everything, seconds in enumerate(_INTERRUPTING):
            self._runner.interrupt(everything=bool(everything))
            end = self._until(time.monotonic() + seconds)
            if end and end["type"] == "done":
                traceback = end["error"]["traceback"] if end["error"] else ()
                return _too_long(limit, "interrupted; variables are kept", traceback)
            if end:
                break
        self._slot.drop()
        return _too_long(limit, "killed; variables are lost")

    def _output(self) -> dict[str, list[str]]:
        """Give what was written as one text a stream, or none."""
        return {name: ["".join(texts)] * bool(texts) for name, texts in self._written.items()}


def _too_long(limit: float, fate: str, traceback: Sequence[str] = ()) -> dict[str, Any]:
    value = f"the code took longer than its limit of {limit:g} s and was {fate}"
    return {"name": "TimeoutError", "value": value, "traceback": list(traceback)}


def _ending(code: int) -> str:
    if code == -9:  # noqa: PLR2004 - SIGKILL
        return "was killed (signal 9), perhaps because it ran out of memory"
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
