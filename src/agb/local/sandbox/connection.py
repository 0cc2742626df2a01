"""The server's end of the socket to an agent; what comes out of it is not to be trusted."""

import asyncio
import itertools
import json
import socket
import struct
from contextlib import suppress
from typing import Any, NamedTuple

from agb.local.inside.errors import OperationError
from agb.local.sandbox.interface import EventHandler, SandboxGone

_LENGTH = struct.Struct(">I")
_LARGEST = 192 * 1024 * 1024  # bytes of an answer: 64 MiB of text at JSON's worst, and no more
_LONG = 1024 * 1024  # bytes of JSON from which parsing would hold up the event loop


class _Waiting(NamedTuple):
    answer: asyncio.Future[Any]
    on_event: EventHandler | None

    def tell(self, event: dict[str, Any]) -> None:
        """Pass an event on; if that fails, so does the request."""
        try:
            if self.on_event:
                self.on_event(event)
        except Exception as error:  # noqa: BLE001 - it is raised where the request was made
            self.answer.set_exception(error)


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
        """Ask and wait for the answer."""
        if not self.open:
            raise SandboxGone("the sandbox has ended")
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(answer, on_event)
        try:
            async with asyncio.timeout(timeout):
                await self._send({"id": number, "op": op, "params": parameters})
                return await answer
        finally:
            del self._waiting[number]
            answer.cancel()

    async def aclose(self) -> None:
        """Hang up, which the agent takes as its end."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _send(self, frame: dict[str, Any]) -> None:
        data = json.dumps(frame).encode()
        self._writer.write(_LENGTH.pack(len(data)) + data)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise SandboxGone("the sandbox has ended") from error

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until there are no more, or something that is none."""
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                self._deliver(_Frame.of(await _parsed(reader, length)))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            pass
        finally:
            for waiting in self._waiting.values():
                if not waiting.answer.done():
                    waiting.answer.set_exception(
                        SandboxGone("the sandbox ended before it answered")
                    )

    def _deliver(self, frame: "_Frame") -> None:
        waiting = self._waiting.get(frame.number)
        if not waiting or waiting.answer.done():
            return  # whoever asked has gone
        match frame.value:
            case _Event(content):
                waiting.tell(content)
            case OperationError() as error:
                waiting.answer.set_exception(error)
            case result:
                waiting.answer.set_result(result)


class _Event(NamedTuple):
    content: dict[str, Any]


class _Frame(NamedTuple):
    number: int
    value: Any
    """An `_Event`, an `OperationError`, or the result."""

    @classmethod
    def of(cls, data: Any) -> "_Frame":
        """Read a frame, or raise `ValueError`."""
        try:
            number = int(data["id"])
            if "event" in data:
                return cls(number, _Event(dict(data["event"])))
            if "error" in data:
                code, message, details = (data["error"][k] for k in ("code", "message", "details"))
                return cls(number, OperationError(str(code), str(message), dict(details)))
            return cls(number, data["result"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an answer: {error!r}") from error


async def _parsed(reader: asyncio.StreamReader, length: int) -> Any:
    if length > _LARGEST:
        raise ValueError(f"an answer of {length} bytes is too long")
    data = await reader.readexactly(length)
    return json.loads(data) if length < _LONG else await asyncio.to_thread(json.loads, data)
