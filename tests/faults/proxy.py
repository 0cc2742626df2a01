"""A TCP proxy between clients and an AGB, which spoils what it is told to spoil.

It lives in a thread of its own with a loop of its own. Each client gets a gate: an address that
leads to the AGB, with at most one fault behind it. A fault strikes when a certain request comes;
everything else passes as it is.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from attrs import define, field, frozen

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
PATIENCE = 60.0
"""Seconds after which a gate gives up and hangs up on everybody, so that nothing waits for ever."""


@frozen
class Message:
    """A request or an answer, as it travels."""

    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        """All of its bytes."""
        return self.head + self.body

    @property
    def target(self) -> str:
        """What a request is for: its path, without what differs each time."""
        path = urlsplit(self.head.split(b" ", 2)[1].decode()).path
        first = path.split("/")[1]
        is_named = first not in {"link", "stream", "objects"}
        return (
            path.rsplit("/", 1)[-1]
            if is_named
            else f"{first} {self.head.split(b' ', 1)[0].decode()}"
        )

    @property
    def upgrades(self) -> bool:
        """Whether an answer opens a WebSocket."""
        return self.head.startswith(b"HTTP/1.1 101")


@frozen
class Exchange:
    """A request that has come, and what can be done with it.

    Attributes:
        request: The request.
    """

    request: Message
    _upstream: "_Upstream"
    _client: asyncio.StreamWriter
    _hold: Callable[[], None]

    async def ask(self, *, most: int | None = None) -> Message:
        """Send it to the AGB, or its first bytes only, and return the answer."""
        return await self._upstream.ask(self.request.whole[:most])

    async def ask_in_part(self, size: int) -> None:
        """Send the beginning of it to the AGB, and nothing more for ever."""
        await self._upstream.send(self.request.whole[:size])
        self._upstream.close()

    async def say(self, said: bytes) -> None:
        """Send something to the client."""
        self._client.write(said)
        await self._client.drain()

    async def relay(self, *, most: int | None = None) -> None:
        """Pass on what a WebSocket says in both directions; of the AGB so many bytes at most."""
        await self._upstream.relay(self._client, most)

    async def held(self) -> None:
        """Wait until the client goes away, or the gate is closed."""
        self._hold()
        await asyncio.Event().wait()

    def hang_up(self) -> None:
        """Close the connection."""
        raise _HungUp

    def reset(self) -> None:
        """Close the connection as a machine does that knows nothing of it."""
        raw: socket.socket = self._client.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._client.transport.abort()
        raise _HungUp


Act = Callable[[Exchange], Awaitable[None]]


async def passed_on(exchange: Exchange) -> None:
    """Do nothing wrong."""
    answer = await exchange.ask()
    await exchange.say(answer.whole)
    if answer.upgrades:
        await exchange.relay()


class _HungUp(Exception):  # noqa: N818 - says what happened
    """The client's connection is to be closed."""


@define(eq=False)
class Gate:
    """An address that leads to the AGB.

    Attributes:
        endpoint: The address.
        targets: What was asked for, in order.
        struck: How often the fault struck.
        held: How many requests came as far as they are to come, and were held there.
        open: Connections that clients have open.
        gave_up: Whether it hung up on clients that waited for ever.
    """

    endpoint: str
    _loop: asyncio.AbstractEventLoop
    _listener: socket.socket
    _upstream: tuple[str, int]
    targets: list[str] = field(factory=list)
    struck: int = 0
    held: int = 0
    open: int = 0
    gave_up: bool = False
    _spoils: tuple[str, Act, int] | None = None
    _always: Act = passed_on
    _connections: set[asyncio.Task[None]] = field(factory=set)
    _accepting: asyncio.Task[None] | None = None
    _watchdog: asyncio.TimerHandle | None = None

    def arm(self, target: str, act: Act, times: int = 1) -> None:
        """Let a fault strike so many requests for a target."""
        self.targets.clear()
        self._spoils = (target, act, times)
        self._loop.call_soon_threadsafe(self._watch)

    def spoil_all(self, act: Act) -> None:
        """Let this be done with all requests."""
        self._always = act

    def refuse(self) -> None:
        """Let nobody listen, and hang up on those who are there."""
        asyncio.run_coroutine_threadsafe(self._refuse(), self._loop).result()

    def heal(self) -> None:
        """Let everything pass again. What is held on to is let go."""
        self._spoils = None
        asyncio.run_coroutine_threadsafe(self._heal(), self._loop).result()

    def close(self) -> None:
        """Be no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()

    def _watch(self) -> None:
        self._watchdog = self._loop.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        self.gave_up = True
        for connection in self._connections:
            connection.cancel()

    async def _refuse(self) -> None:
        await self._stop_accepting()
        self._listener.shutdown(socket.SHUT_RDWR)  # the port stays taken
        await self._hang_up()
        self.struck += 1
        self._watch()

    async def _heal(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._accepting is None:
            self._start()

    async def _end(self) -> None:
        await self._heal()
        await self._stop_accepting()
        await self._hang_up()
        self._listener.close()

    def _start(self) -> None:
        self._listener.listen()
        self._accepting = self._loop.create_task(self._accept())

    async def _stop_accepting(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
            self._accepting = None

    async def _hang_up(self) -> None:
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(set(self._connections))

    async def _accept(self) -> None:
        while True:
            raw, _ = await self._loop.sock_accept(self._listener)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._loop.create_task(self._serve(raw))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

    async def _serve(self, raw: socket.socket) -> None:
        """Serve a connection until either side ends it, or a fault does."""
        self.open += 1
        reader, writer = await asyncio.open_connection(sock=raw)
        upstream = _Upstream(self._upstream)
        tasks = {
            asyncio.ensure_future(_read_all(reader, upstream.said)),
            asyncio.ensure_future(self._answer_all(writer, upstream)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writer.close()  # at once: this may be cancelled, too
            for task in tasks:
                task.cancel()
            self.open -= 1
            try:
                for ended in await asyncio.gather(*tasks, return_exceptions=True):
                    assert ended is None or isinstance(ended, _ENDS), ended
            finally:
                upstream.close()

    async def _answer_all(self, client: asyncio.StreamWriter, upstream: "_Upstream") -> None:
        while True:
            request = await upstream.said.get()
            assert isinstance(request, Message)
            self.targets.append(request.target)
            act = self._act_for(request.target)
            await act(Exchange(request, upstream, client, self._hold))

    def _hold(self) -> None:
        self.held += 1

    def _act_for(self, target: str) -> Act:
        if self._spoils is None:
            return self._always
        spoiled, act, times = self._spoils
        if target != spoiled:
            return self._always
        self._spoils = (spoiled, act, times - 1) if times > 1 else None
        self.struck += 1
        return act


_ENDS = (asyncio.CancelledError, EOFError, OSError, _HungUp)


class _Upstream:
    """The AGB's side of a client's connection, opened when it is needed first.

    Attributes:
        said: What the client says: requests, then the bytes of its WebSocket.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.said: asyncio.Queue[Message | bytes] = asyncio.Queue()
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Message:
        await self.send(request)
        assert self._streams is not None
        return await _message(self._streams[0])

    async def send(self, said: bytes) -> None:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(*self._address)
        self._streams[1].write(said)
        await self._streams[1].drain()

    async def relay(self, client: asyncio.StreamWriter, most: int | None) -> None:
        assert self._streams is not None
        there = asyncio.ensure_future(self._pass_on_what_is_said(self._streams[1]))
        try:
            while most is None or most > 0:
                chunk = (await self._streams[0].read(_CHUNK))[:most]
                if not chunk:
                    break
                client.write(chunk)
                await client.drain()
                most = most and most - len(chunk)
        finally:
            there.cancel()
        raise _HungUp

    async def _pass_on_what_is_said(self, there: asyncio.StreamWriter) -> None:
        while True:
            chunk = await self.said.get()
            assert isinstance(chunk, bytes)
            there.write(chunk)
            await there.drain()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _read_all(reader: asyncio.StreamReader, said: asyncio.Queue[Message | bytes]) -> None:
    """Read requests, and the bytes of a WebSocket once one was asked for, to the end."""
    while True:
        message = await _message(reader)
        said.put_nowait(message)
        if b"upgrade: websocket" in message.head.lower():
            while chunk := await reader.read(_CHUNK):
                said.put_nowait(chunk)
            return


async def _message(reader: asyncio.StreamReader) -> Message:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")[1:]
    told = dict(line.split(": ", 1) for line in lines if line)
    if told.get("transfer-encoding") == "chunked":
        return Message(head, await _chunks(reader))
    return Message(head, await reader.readexactly(int(told.get("content-length", 0))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size, 16) + 2)
        if int(size, 16) == 0:
            return body


class Proxy:
    """Makes gates.

    Args:
        loop: Runs them, in a thread of its own.
        endpoint: Address of the AGB that they lead to.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, endpoint: str) -> None:
        self._loop = loop
        there = urlsplit(endpoint)
        assert there.hostname is not None
        assert there.port is not None
        self._upstream = (there.hostname, there.port)

    @contextmanager
    def gate(self) -> Iterator[Gate]:
        """Open a gate for as long as the block runs."""
        with socket.socket() as picked:
            picked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            picked.bind(("127.0.0.1", 0))
            address = picked.getsockname()
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)  # by its number: the port stays taken while nobody listens
        listener.setblocking(False)
        endpoint = f"http://127.0.0.1:{address[1]}"
        gate = Gate(endpoint, self._loop, listener, self._upstream)
        gate.heal()
        try:
            yield gate
        finally:
            gate.close()


@contextmanager
def proxy_to(endpoint: str) -> Iterator[Proxy]:
    """Run a proxy for as long as the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy")
    thread.start()
    try:
        yield Proxy(loop, endpoint)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
