"""One life of a language's process: it is given code and says what came of it."""

import codecs
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from .channel import Channel, Event
from .languages import Language
from .processes import Spawner, descendants, end_of, is_childless, kill_tree, kill_until_none, ticks

LARGEST_RESULT = 64 * 1024 * 1024
"""Bytes of JSON that one result may have; it has to pass in one piece."""

_LOOK_AGAIN = 0.5  # seconds, where the system does not tell that it has died
_WHOLE_PIPE = 1024 * 1024
_SET_PIPE_SIZE = 1031  # of fcntl(2), on Linux
_AT_ONCE = 0.002  # seconds between two pieces of output that are taken to be one flood
_GATHERING = 0.001  # seconds for which a flood gathers before it is read again
_OUTPUTS = ("stdout", "stderr")
_BETWEEN_RUNS = {"ready", "missing", "done"}  # what is heard of then; the rest belongs to nobody


class Runner:
    """A language's process.

    Code goes in over one pipe, as a line `run LENGTH` and that many bytes; what came of it comes
    back over another, in lines of JSON. What the code writes is read off the
    process's own stdout and stderr, so that it does not matter who wrote it: print, a library, a
    child.

    Attributes:
        events: What the runner says, in order, while there is a run. Its `type` is `ready`,
            `missing`, `stdout`, `stderr`, `result` or `done`; `ended`, with the exit `code`, is
            said of it.
    """

    def __init__(self, language: Language, spawner: Spawner, cwd: Path) -> None:
        self.events: Channel = Channel()
        self._language = language
        self._spawner = spawner
        self._running = False
        self._run_started = 0
        self._run_ended = 0
        self._older: set[int] = set()
        theirs_in, self._requests = os.pipe()
        self._answers, theirs_out = os.pipe()
        try:
            self._process, self._mark = spawner.start(
                [*language.command(), str(theirs_in), str(theirs_out)],
                cwd=cwd,
                inherit=(theirs_in, theirs_out),
            )
        except BaseException:
            os.close(self._requests)
            os.close(self._answers)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can take code."""
        return self._process.poll() is None

    def send(self, code: str) -> None:
        """Start a run."""
        data = code.encode("utf-8", "replace")
        self._running = True
        self._run_started = ticks()
        # What the run before has started may be no older than this run, as far as the system tells.
        pid = self._process.pid
        ambiguous = self._run_started == self._run_ended and not is_childless(pid)
        self._older = descendants({pid}) if ambiguous else set()
        self._write(b"run %d\n%b" % (len(data), data))

    def interrupt(self, *, everything: bool = False) -> None:
        """Ask the run to stop.

        Args:
            everything: Whether processes that the run has started are asked as well.
        """
        pid = self._process.pid
        asked = self._children() if everything else set[int]()
        if self._language.by_signal:
            asked.add(pid)
        else:
            self._write(b"interrupt\n")
        for one in asked:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGINT)

    def end_children(self) -> None:
        """Kill what the run has started and left behind."""
        kill_until_none(self._children)

    def kill(self) -> None:
        """End it, with everything it has started, and let go of its pipes."""
        self.events.close()
        kill_tree({self._process.pid} if self.alive else set(), self._mark)
        self._listener.join()
        os.close(self._requests)

    def _children(self) -> set[int]:
        """Find what the run has started, and what that has started."""
        pid = self._process.pid
        return descendants({pid}, self._run_started) - self._older - {pid}

    def _write(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # the listener tells of its end
            while data:
                data = data[os.write(self._requests, data) :]

    def _listen(self) -> None:
        """Turn whatever arrives into events until the process ends."""
        pipes = _Pipes(self._answers, self._process, self._tell)
        with suppress(ValueError):  # the code has said something in its name
            while pipes.take() and self.alive:
                pass
            pipes.take_last()
        if self.alive:  # it has closed its pipe, so no more will be heard of it
            kill_tree({self._process.pid}, self._mark)
        code = self._process.wait()
        pipes.close()
        self._spawner.ended(self._process)
        self.events.put({"type": "ended", "code": code})

    def _tell(self, event: Event, size: int = 0) -> None:
        """Pass an event on, if it belongs to anybody."""
        if self._running or event["type"] in _BETWEEN_RUNS:
            self.events.put(event, size)
        if event["type"] == "done":
            self._run_ended = ticks()
            self._running = False


class _Pipes:
    """What comes out of a runner, put in order: all that was written before `done` precedes it."""

    def __init__(
        self, answers: int, process: subprocess.Popen[bytes], tell: Callable[[Event, int], None]
    ) -> None:
        self._answers = answers
        self._tell = tell
        self._line: list[bytes] = []
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._streams: dict[str, IO[bytes]] = {}
        self._last_output = 0.0
        self._selector = selectors.DefaultSelector()
        streams = cast("tuple[IO[bytes], ...]", (process.stdout, process.stderr))
        for name, stream in zip(_OUTPUTS, streams, strict=True):
            os.set_blocking(stream.fileno(), False)
            _enlarge(stream.fileno())
            self._streams[name] = stream
            self._decoders[name] = codecs.getincrementaldecoder("utf-8")("replace")
            self._selector.register(stream, selectors.EVENT_READ, name)
        os.set_blocking(answers, False)
        self._selector.register(answers, selectors.EVENT_READ)
        self._end = end_of(process.pid)
        if self._end is not None:
            self._selector.register(self._end, selectors.EVENT_READ)

    def take(self) -> bool:
        """Read what there is, once there is some; False once the runner has closed its answers."""
        keys = [key for key, _ in self._selector.select(_LOOK_AGAIN if self._end is None else None)]
        for key in keys:
            if key.data in self._streams:
                self._take_output(key.data)
            elif key.fd == self._answers and not self._take_answers():
                return False
        if any(key.data for key in keys):
            self._gather()
        return True

    def take_last(self) -> None:
        """Read what the runner has said by now; what it has started may keep the pipe open."""
        with suppress(BlockingIOError):
            self._take_answers()

    def close(self) -> None:
        """Read what is left and close."""
        for name in tuple(self._streams):
            self._take_output(name)
        self._flush()
        for stream in self._streams.values():
            stream.close()
        os.close(self._answers)
        if self._end is not None:
            os.close(self._end)
        self._selector.close()

    def _gather(self) -> None:
        """Let a flood of small writes gather: each would cost as much as a large one."""
        now = time.monotonic()
        if now < self._last_output + _AT_ONCE:
            time.sleep(_GATHERING)
        self._last_output = time.monotonic()

    def _take_output(self, name: str) -> None:
        """Read what a stream holds; a user may close it, so its end is no matter."""
        try:
            block = os.read(self._streams[name].fileno(), _WHOLE_PIPE)
        except BlockingIOError:
            return
        if text := self._decoders[name].decode(block):
            self._tell({"type": name, "text": text}, 0)
        if not block:
            self._selector.unregister(self._streams[name])
            self._streams.pop(name).close()

    def _take_answers(self) -> bool:
        block = os.read(self._answers, _WHOLE_PIPE)
        first, *others = block.split(b"\n")
        self._line.append(first)
        for begin in others:
            self._answer(b"".join(self._line))
            self._line = [begin]
        return bool(block)

    def _answer(self, line: bytes) -> None:
        """Pass on what a runner says, after all that was written before it said so."""
        event = _event(line)
        for name in tuple(self._streams):
            self._take_output(name)
        if event["type"] == "done":
            self._flush()
        if event["type"] == "result" and len(line) > LARGEST_RESULT:
            text = f"a result of {len(line)} bytes was left out: {LARGEST_RESULT} is the most\n"
            self._tell({"type": "stderr", "text": text}, 0)
        else:
            self._tell(event, len(line))

    def _flush(self) -> None:
        """Give up waiting for the rest of a character."""
        for name, decoder in self._decoders.items():
            if text := decoder.decode(b"", final=True):
                self._tell({"type": name, "text": text}, 0)
            decoder.reset()


def _event(line: bytes) -> Event:
    """Read what a runner says: the code that it runs can say so, too, or anything else.

    Raises:
        ValueError: No runner says that.
    """
    try:
        event = json.loads(line)
        kind = event["type"]
        if kind == "result":
            return {"type": kind, "data": dict(event["data"]), "main": bool(event["main"])}
        if kind == "done":
            count, error = event.get("count"), event["error"]
            known = {"count": int(count)} if count is not None else {}
            return {"type": kind, "error": error and _failure(error), **known}
        if kind in _BETWEEN_RUNS:
            return {"type": kind, "text": str(event.get("text", ""))}
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not what a runner says: {error!r}") from error
    raise ValueError(f"not what a runner says: {kind!r}")


def _failure(error: Event) -> Event:
    lines = [str(line) for line in error["traceback"]]
    return {"name": str(error["name"]), "value": str(error["value"]), "traceback": lines}


def _enlarge(pipe: int) -> None:
    """Let a pipe hold as much as is read at once, where the system lets us."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, _SET_PIPE_SIZE, _WHOLE_PIPE)
