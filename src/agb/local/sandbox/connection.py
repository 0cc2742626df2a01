"""The server's end of the socket to an agent; what comes out of it is not to be trusted."""

import asyncio
import itertools
import json
import os
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

from agb.local.inside.asker import WINDOW
from agb.local.inside.errors import OperationError
from agb.local.sandbox.interface import EventHandler, SandboxGone

_LENGTH = struct.Struct(">I")
_LARGEST = 192 * 1024 * 1024  # bytes of an answer: 64 MiB of text at JSON's worst, and no more
_LONG = 1024 * 1024  # bytes of JSON from which parsing would hold up the event loop
_WORTH_TELLING = WINDOW // 8  # bytes of events taken in


class _Waiting:
    """Who waits for an answer, and what has come for them."""

    def __init__(self) -> None:
        self._frames: deque[_Frame] = deque()
        self._come = asyncio.Event()
        self._on_their_way = 0
        self._untold = 0
        self._answered = False

    def put(self, frame: "_Frame") -> None:
        """Have a frame wait to be taken.

        Raises:
            ValueError: It is an event more than the agent may send, or an answer too many.
        """
        if self._answered:
            raise ValueError("the agent answers twice")
        if not isinstance(frame.value, _Event):
            self._answered = True
        else:
            if self._on_their_way >= WINDOW:
                raise ValueError("the agent sends events without waiting")
            self._on_their_way += frame.size
        self._frames.append(frame)
        self._come.set()

    async def get(self) -> "_Frame":
        """Take the next frame."""
        while not self._frames:
            self._come.clear()
            await self._come.wait()
        return self._frames.popleft()

    def took(self, size: int) -> int:
        """Take note that an event was dealt with; give how many bytes to tell the agent of."""
        self._untold += size
        if self._untold < _WORTH_TELLING:
            return 0
        told, self._untold = self._untold, 0
        self._on_their_way -= told
        return told


class Connection:
    """Sends requests to an agent and hands each answer to who asked."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._reading = asyncio.create_task(self._read(reader))

    @classmethod
    async def over(cls, connected: socket.socket) -> "Connection":
        """Take over a connected socket, to close it in any case."""
        try:
            return cls(*await asyncio.open_connection(sock=connected))
        except BaseException:
            connected.close()
            raise

    @property
    def open(self) -> bool:
        """Whether answers can still come."""
        return not self._reading.done()

    async def request(
        self,
        op: str,
        parameters: dict[str, Any],
        *,
        timeout: float | None,  # noqa: ASYNC109 - a deadline is part of a request
        on_event: EventHandler | None = None,
    ) -> Any:
        """Ask and wait for the answer; leaving before it has come calls the request off."""
        if not self.open:
            raise SandboxGone("the sandbox has ended")
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        answered = False
        try:
            async with asyncio.timeout(timeout):
                request = {"id": number, "op": op, "params": parameters}
                await self._send(request | ({"events": True} if on_event else {}))
                value = await self._answer(number, waiting, on_event)
                answered = True
        finally:
            del self._waiting[number]
            if not answered and self.open:
                self._write({"id": number, "called_off": True})
        if isinstance(value, Exception):
            raise value
        return value

    def end_with(self, pid: int) -> None:
        """Take the end of a process as the end of the connection: more than one may hold it open.

        Raises:
            OSError: There is no such process, or no such thing on this system.
        """
        process = os.pidfd_open(pid)
        loop = asyncio.get_running_loop()
        loop.add_reader(process, self._reading.cancel)

        def forget(_: "asyncio.Task[None]") -> None:
            loop.remove_reader(process)
            os.close(process)

        self._reading.add_done_callback(forget)

    async def aclose(self) -> None:
        """Hang up, which the agent takes as its end."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _answer(self, number: int, waiting: _Waiting, on_event: EventHandler | None) -> Any:
        """Deal with events until the answer comes; an agent is told how far that is."""
        while True:
            frame = await waiting.get()
            if not isinstance(frame.value, _Event):
                return frame.value
            if on_event:
                await on_event(frame.value.content)
            if size := waiting.took(frame.size):
                await self._send({"id": number, "took": size})

    async def _send(self, frame: dict[str, Any]) -> None:
        self._write(frame)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            self._reading.cancel()  # so that nobody takes it for open any more
            await asyncio.wait([self._reading])
            raise SandboxGone("the sandbox has ended") from error

    def _write(self, frame: dict[str, Any]) -> None:
        data = json.dumps(frame).encode()
        self._writer.write(_LENGTH.pack(len(data)) + data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until there are no more, or something that is none."""
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                frame = _Frame.of(await _parsed(reader, length), length)
                if waiting := self._waiting.get(frame.number):  # else whoever asked has gone
                    waiting.put(frame)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, RecursionError):
            pass
        finally:
            for number, waiting in self._waiting.items():
                gone = SandboxGone("the sandbox ended before it answered")
                with suppress(ValueError):  # the answer has come, but has not been taken yet
                    waiting.put(_Frame(number, gone, 0))


class _Event(NamedTuple):
    content: dict[str, Any]


class _Frame(NamedTuple):
    number: int
    value: Any
    """An `_Event`, an error, or the result."""
    size: int
    """Bytes that it had."""

    @classmethod
    def of(cls, data: Any, size: int) -> "_Frame":
        """Read a frame, or raise `ValueError`."""
        try:
            number = int(data["id"])
            if "event" in data:
                return cls(number, _Event(dict(data["event"])), size)
            if "error" in data:
                code, message, details = (data["error"][k] for k in ("code", "message", "details"))
                error = OperationError(str(code), str(message), dict(details))
                return cls(number, error, size)
            return cls(number, data["result"], size)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"not an answer: {error!r}") from error


async def _parsed(reader: asyncio.StreamReader, length: int) -> Any:
    if length > _LARGEST:
        raise ValueError(f"an answer of {length} bytes is too long")
    data = await reader.readexactly(length)
    return json.loads(data) if length < _LONG else await asyncio.to_thread(json.loads, data)
