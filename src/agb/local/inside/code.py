"""Running code in a language whose variables stay from one run to the next."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .asker import Asker
from .channel import Event
from .errors import OperationError
from .languages import Language, languages
from .paths import Paths
from .processes import Spawner
from .runner import Runner
from .turns import Turns

LARGEST_OUTPUT = 32 * 1024 * 1024
"""Characters of output that an answer may hold: a run that writes more is stopped. Output that is
told of in events has no such limit."""

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
        self, code: str, language: str, timeout_s: float = 60.0, *, asker: Asker | None = None
    ) -> dict[str, Any]:
        """Run code and wait for its end.

        Args:
            code: The program; what it defines stays for the next run.
            language: Its name, in any letter case.
            timeout_s: Seconds that it may take once it is its turn. Then it is interrupted, and
                if that does not help, killed together with the language's variables.
            asker: Is told of each piece of output and each result as it comes, and slows the run
                down by taking them slowly. When it calls the run off, that is stopped just as if
                its time were up.

        Raises:
            OperationError: ``Code.Empty``, ``Code.RunnerDied``, ``Code.OutputTooLarge``,
                ``Language.Unknown``, ``Language.NotInstalled``, ``Operation.CalledOff``. A failure
                of the code itself is no such error but in the answer.
        """
        slot = self._slot(language)
        if not code.strip():
            raise OperationError("Code.Empty", "there is no code to run")
        asker = asker or Asker()
        with slot.turns.of(asker):
            return _Run(slot, asker).of(code, timeout_s)

    def warm(self, language: str) -> None:
        """Start a language, so that the first run need not wait for that."""
        slot = self._slot(language)
        with slot.turns.of(Asker()):
            slot.runner()

    def _slot(self, language: str) -> "_Slot":
        slot = self._slots.get(language.strip().lower())
        if not slot:
            known = ", ".join(sorted(self._slots))
            raise OperationError("Language.Unknown", f"{language!r} is none of {known}")
        return slot


class _Slot:
    """The place of a language's runner, whichever one it is just now.

    Attributes:
        count: Number of the last run since the variables were last lost.
        notice: What the next run is to tell people first.
    """

    def __init__(self, start: Callable[[], Runner], language: Language) -> None:
        self.turns = Turns()
        self.count = 0
        self.notice = ""
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
        event = runner.events.get(time.monotonic() + _STARTING) or {"type": "late"}
        if event["type"] == "ready":
            return
        self.drop()
        if event["type"] == "missing":
            raise self.language.not_installed()
        message = f"the {self.language.name} runner did not start"
        raise OperationError("Code.RunnerDied", message, {"event": event})


class _Run:
    """One run, from its code to its answer."""

    def __init__(self, slot: _Slot, asker: Asker) -> None:
        self._slot = slot
        self._asker = asker
        self._runner = slot.runner()
        self._results: list[dict[str, Any]] = []
        self._written: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._length = 0
        self._stopping = False
        self._untold = False

    def of(self, code: str, limit: float) -> dict[str, Any]:
        """Run the code and put the answer together."""
        slot = self._slot
        slot.count += 1
        count = slot.count
        started = time.monotonic()
        with self._asker.waking(self._runner.events.look):
            self._asker.check()
            self._tell_notice(started + limit)
            self._runner.send(code)
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

    def _tell_notice(self, deadline: float) -> None:
        if self._slot.notice:
            self._take({"type": "stderr", "text": self._slot.notice}, deadline)
            self._slot.notice = ""

    def _until(self, deadline: float) -> Event | None:
        """Take in events until the run is over; None if it is to be stopped first."""
        while event := self._runner.events.get(deadline, self._given_up):
            if event["type"] in {"done", "ended"}:
                return event
            self._take(event, deadline)
        return None

    def _given_up(self) -> bool:
        return (self._asker.called_off or self._too_much) and not self._stopping

    def _take(self, event: Event, deadline: float) -> None:
        """Tell of an event, or keep it for the answer."""
        if event["type"] == "result":
            event = {"type": "result", "data": event["data"], "isMainResult": event["main"]}
        if self._asker.listens:
            # Once something is left out, so is what comes after it.
            self._untold = self._untold or not self._asker.tell(event, deadline)
        elif event["type"] == "result":
            self._results.append({key: event[key] for key in ("data", "isMainResult")})
        else:
            self._keep(event)

    def _keep(self, event: Event) -> None:
        self._length += len(event["text"])
        if not self._too_much:
            self._written[event["type"]].append(event["text"])

    @property
    def _too_much(self) -> bool:
        return self._length > LARGEST_OUTPUT

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
        """Stop the run, whatever the reason is, and say what that meant."""
        called_off = self._asker.called_off
        end = self._interrupted()
        if called_off and not end:
            self._slot.notice = (
                f"a run that was called off did not stop, so the {self._slot.language.name} "
                "process was killed; variables are lost\n"
            )
        self._asker.check()
        fate = "interrupted; variables are kept" if end else "killed; variables are lost"
        if self._too_much:
            message = f"the code wrote more than {LARGEST_OUTPUT} characters and was {fate}"
            raise OperationError("Code.OutputTooLarge", message)
        if self._untold:
            fate += "; what it wrote was not taken in fast enough, and the rest of that is lost"
        traceback = end["error"]["traceback"] if end and end["error"] else ()
        return _too_long(limit, fate, traceback)

    def _interrupted(self) -> Event | None:
        """Interrupt the run and give its end; kill the runner if there is none, and give None."""
        self._stopping = True
        for everything, seconds in enumerate(_INTERRUPTING):
            self._runner.interrupt(everything=bool(everything))
            end = self._until(time.monotonic() + seconds)
            if end and end["type"] == "done":
                self._runner.end_children()
                return end
            if end:
                break
        self._slot.drop()
        return None

    def _output(self) -> dict[str, list[str]]:
        """Give what was written as one text a stream, or none."""
        return {name: ["".join(texts)] * bool(texts) for name, texts in self._written.items()}


def _too_long(limit: float, fate: str, traceback: Sequence[str] = ()) -> dict[str, Any]:
    value = f"the code took longer than its limit of {limit:g} s and was {fate}"
    return {"name": "TimeoutError", "value": value, "traceback": list(traceback)}


def _ending(code: int) -> str:
    if code == -9:  # noqa: PLR2004 - SIGKILL
        return "was killed (signal 9), perhaps because the session ran out of memory or disk"
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
