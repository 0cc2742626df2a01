"""A WebSocket: texts out, texts in, and a heartbeat."""

import time
from contextlib import suppress
from typing import Self

from agb import _http
from agb._concurrency import aio
from agb._deadline import Deadline
from agb._failures import handshake_refusal
from agb._http import TLS
from agb._tls import Encryption
from agb._web_socket import Disconnected, Heartbeat, WebSocketProtocol

_CHUNK = 64 * 1024
_CLOSE_SECONDS = 1.0
"""To say goodbye, and to hear it."""
_SHORTEST = 0.001
"""A time limit of 0 means something else to a socket."""


class AsyncWebSocket:
    """A connection. Any number may send; one at a time receives.

    Args:
        stream: The bare connection, open.
        tls: What encrypts it, if anything does.
        protocol: What is spoken on it.
        heartbeat: When to look whether the other side is still there.
    """

    def __init__(
        self,
        stream: aio.Stream,
        tls: Encryption | None,
        protocol: WebSocketProtocol,
        heartbeat: Heartbeat,
    ) -> None:
        self._stream = stream
        self._tls = tls
        self._protocol = protocol
        self._heartbeat = heartbeat
        self._patience = heartbeat.every
        self._pinged = False
        self._broken = ""
        self._closed = False
        self._heard_at = time.monotonic()
        self._mutex = aio.Mutex()  # guards the protocol
        self._writing = aio.Lock()

    @classmethod
    async def connect(
        cls, url: str, token: str, trust: TLS, *, seconds: float, heartbeat: Heartbeat
    ) -> Self:
        """Open a connection.

        Args:
            url: Where to.
            token: What opens it.
            trust: Whom to trust.
            seconds: To wait for it, at most.
            heartbeat: As for the class.

        Raises:
            StreamUnavailableError: The URL is none.
            APIConnectionError: There is no connection.
            APIError: The other side refuses the WebSocket.
        """
        protocol = WebSocketProtocol(url, {"X-Access-Token": token})
        tls = Encryption(trust.context(), protocol.host) if protocol.secure else None
        deadline = Deadline(seconds)
        try:
            stream = await aio.connect(protocol.host, protocol.port, _left(deadline))
            socket = cls(stream, tls, protocol, heartbeat)
            await socket._agree(deadline)
        except (OSError, UnicodeError, Disconnected) as error:
            raise _http.network_failure(error, protocol.where) from error
        return socket

    async def _agree(self, deadline: Deadline) -> None:
        """Shake hands; a connection on which that fails is closed."""
        try:
            if self._tls is not None:
                await self._encrypt(self._tls, deadline)
            await self.flush()
            while self._protocol.is_connecting:
                self._fed(await self._stream.read(_CHUNK, _left(deadline)))
            self._look_at_the_answer()
        except BaseException:
            await self._let_go()
            raise

    async def _encrypt(self, tls: Encryption, deadline: Deadline) -> None:
        agreed = tls.agree()
        while not agreed:
            await self._stream.write(tls.seal(b""), _left(deadline))
            agreed = tls.agree(await self._stream.read(_CHUNK, _left(deadline)))

    def _look_at_the_answer(self) -> None:
        refusal = self._protocol.refusal
        if refusal is not None:
            status, body = refusal
            raise handshake_refusal(status, self._protocol.where, body)

    @property
    def problem(self) -> str:
        """Why the connection is no more; empty while it is."""
        return self._broken or self._protocol.problem

    @property
    def is_stale(self) -> bool:
        """Whether nothing has been heard for so long that it is not worth trying."""
        return time.monotonic() - self._heard_at > self._heartbeat.every

    async def send(self, text: str) -> None:
        """Send a message, to its last byte even when cancelled.

        Raises:
            Disconnected: It can't be sent, or not to its end.
        """
        with self._mutex:
            self._check()
            self._protocol.write(text)
        await self.flush()

    async def receive(self) -> list[bytes]:
        """Wait for messages; ping when it is silent for long.

        Nothing that came is lost when the waiting is cancelled.

        Raises:
            Disconnected: Nothing more will come.
        """
        while True:
            self._check()
            await self.flush()
            data = await self._read(self._patience)
            if data is None:
                self._beat()
            elif messages := self._fed(data):
                return messages

    async def catch_up(self) -> None:
        """Read what came while nobody received, and drop it.

        Raises:
            Disconnected: It was the end.
        """
        while self._stream.is_readable:
            self._fed(await self._read(_CLOSE_SECONDS) or b"")
            self._check()
        await self.flush()

    async def flush(self) -> None:
        """Send what waits to be sent: what was written, and answers to pings.

        Raises:
            Disconnected: It can't be sent.
        """
        to_send = self._protocol.to_send + (self._tls.to_send if self._tls else 0)
        if to_send and not self._closed:
            pieces = 1 + to_send // _CHUNK
            await aio.shielded(
                lambda: self._write(self._heartbeat.within),
                seconds=self._heartbeat.within * (1 + pieces),
            )

    async def aclose(self, *, listen: bool) -> None:
        """Say goodbye and close; a second time does nothing.

        Args:
            listen: Whether to wait for the other side's goodbye. Nobody else may receive then.
        """
        if self._closed:
            return
        self._closed = True
        try:
            await aio.shielded(lambda: self._part(listen), seconds=2 * _CLOSE_SECONDS)
        except (OSError, UnicodeError, Disconnected):
            pass  # it is no more
        finally:
            with suppress(OSError):  # the other side has hung up
                self._stream.hang_up()
            await self._let_go()

    async def _let_go(self) -> None:
        with suppress(OSError):  # that it takes too long, as in a loop that stalls, fails nothing
            await aio.shielded(self._stream.aclose, seconds=_CLOSE_SECONDS)

    async def _part(self, listen: bool) -> None:
        if self._broken:
            return
        listen = listen and not self.problem
        with self._mutex:
            self._protocol.close()
        await self._write(_CLOSE_SECONDS)
        deadline = Deadline(_CLOSE_SECONDS)
        while listen and not self._protocol.is_over and deadline.remaining():
            self._fed(await self._stream.read(_CHUNK, _left(deadline)))

    def _check(self) -> None:
        if self.problem:
            raise Disconnected(self.problem)

    def _fed(self, data: bytes) -> list[bytes]:
        self._patience = self._heartbeat.every
        self._pinged = False
        self._heard_at = time.monotonic()
        try:
            with self._mutex:
                return self._protocol.feed(data) if self._tls is None else self._unsealed(data)
        except OSError as error:
            self._break(_http.words_of(error))
            raise Disconnected(self.problem) from error

    def _unsealed(self, data: bytes) -> list[bytes]:
        assert self._tls is not None  # noqa: S101 - asked for by who has one
        plain, over = self._tls.unseal(data)
        messages = self._protocol.feed(plain) if plain else []
        return messages + self._protocol.feed(b"") if over else messages

    def _beat(self) -> None:
        """Ping; a ping that was not answered is the end."""
        if self._patience:  # clocks differ: the time is not quite up
            return
        if self._pinged:
            self._broken = (
                f"{self._protocol.where} fell silent: it did not answer a ping within "
                f"{self._heartbeat.within:g} s"
            )
            return
        self._pinged = True
        self._patience = self._heartbeat.within
        with self._mutex:
            if not self.problem:
                self._protocol.ping()

    async def _read(self, seconds: float) -> bytes | None:
        """Return what comes next, nothing at the end, None when the time ran out."""
        deadline = Deadline(seconds)
        try:
            return await self._stream.read(_CHUNK, _left(deadline))
        except TimeoutError:
            return None
        except OSError as error:
            self._break(_http.words_of(error))
            raise Disconnected(self.problem) from error
        finally:
            self._patience = min(self._patience, deadline.remaining())

    async def _write(self, seconds: float) -> None:
        """Send what waits, as much time for each piece; half a message is the end."""
        async with self._writing:
            with self._mutex:
                data = self._protocol.outgoing()
                data = data if self._tls is None else self._tls.seal(data)
            sent = False
            try:
                for start in range(0, len(data), _CHUNK):
                    await self._stream.write(data[start : start + _CHUNK], seconds)
                sent = True
            except OSError as error:
                self._break(_http.words_of(error))
                raise Disconnected(self.problem) from error
            finally:
                if not sent:
                    self._break("half a message was sent")

    def _break(self, how: str) -> None:
        self._broken = self._broken or f"the connection to {self._protocol.where} broke: {how}"


def _left(deadline: Deadline) -> float:
    return max(deadline.remaining(), _SHORTEST)
