"""The connection of a session for streams."""

from typing import TYPE_CHECKING

from agb._concurrency import aio
from agb._secrets import Secret
from agb._web_socket import Heartbeat
from agb.exceptions import ClientClosedError, StreamUnavailableError

if TYPE_CHECKING:
    from agb._async.session import AsyncBaseSession
    from agb._async.shared_socket import AsyncSharedSocket

_CLIENT_CLOSED = "this client was closed"


class AsyncStreams:
    """The connection of a session for streams: made when one is needed, and anew when it broke.

    Args:
        session: The session.

    Attributes:
        heartbeat: When to look whether the AGB is still there.
    """

    def __init__(self, session: "AsyncBaseSession") -> None:
        self.heartbeat: Heartbeat = Heartbeat()
        self._session = session
        self._opening = aio.Lock()
        self._shared: AsyncSharedSocket | None = None

    async def shared(self) -> "AsyncSharedSocket":
        """Return a connection that works.

        Raises:
            StreamUnavailableError: The session has no address for streams.
            ClientClosedError: The client was closed.
            APIConnectionError: There is no connection.
            APIError: The session refuses it.
        """
        session = self._session
        if not session.ws_url or not session.token:
            raise StreamUnavailableError(
                f"session {session.session_id} has no address for streams, or no token for it: "
                "handles that `create` or `get` made have them, if the AGB gives any"
            )
        if session.transport.config.refuses(session.ws_url):
            raise StreamUnavailableError(
                "anybody on the way to the session's address for streams could read its token: "
                "allow_http=True says that the network is to be trusted",
                code="PLAIN_HTTP",
            )
        async with self._opening:
            shared = self._shared
            if shared is not None:
                if await shared.is_usable():
                    return shared
                await self._drop(shared)
            self._shared = shared = await self._open()
            return shared

    async def _open(self) -> "AsyncSharedSocket":
        # Few programs stream, and what streams need takes long to load.
        from agb._async.shared_socket import AsyncSharedSocket  # noqa: PLC0415
        from agb._async.web_socket import AsyncWebSocket  # noqa: PLC0415

        session = self._session
        config = session.transport.config
        connections = session.transport.connections
        await connections.endpoint(config)
        socket = await AsyncWebSocket.connect(
            session.ws_url,
            Secret(session.token),
            connections.tls,
            seconds=config.timeout,
            heartbeat=self.heartbeat,
        )
        shared = AsyncSharedSocket(socket)
        if not connections.keep(shared):
            await shared.aclose(_CLIENT_CLOSED)
            raise ClientClosedError(_CLIENT_CLOSED)
        return shared

    async def aclose(self, problem: str) -> None:
        """Close the connection, if there is one; the runs on it end with that problem."""
        if self._shared is not None:
            await self._drop(self._shared, problem)

    async def _drop(self, shared: "AsyncSharedSocket", problem: str = "") -> None:
        self._session.transport.connections.let_go(shared)
        self._shared = None
        await shared.aclose(problem)
