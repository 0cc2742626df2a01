# Generated from src/agb/_async/session_streams.py; edit that file, then `nox -s twin`.
"""The connection of a session for streams."""

from typing import TYPE_CHECKING

from agb._concurrency import threads
from agb._secrets import Secret
from agb._web_socket import Heartbeat
from agb.exceptions import ClientClosedError, StreamUnavailableError

if TYPE_CHECKING:
    from agb._sync.session import BaseSession
    from agb._sync.shared_socket import SharedSocket

_CLIENT_CLOSED = "this client was closed"


class Streams:
    """The connection of a session for streams: made when one is needed, and anew when it broke.

    Args:
        session: The session.

    Attributes:
        heartbeat: When to look whether the AGB is still there.
    """

    def __init__(self, session: "BaseSession") -> None:
        self.heartbeat: Heartbeat = Heartbeat()
        self._session = session
        self._opening = threads.Lock()
        self._shared: SharedSocket | None = None

    def shared(self) -> "SharedSocket":
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
        with self._opening:
            shared = self._shared
            if shared is not None:
                if shared.is_usable():
                    return shared
                self._drop(shared)
            self._shared = shared = self._open()
            return shared

    def _open(self) -> "SharedSocket":
        # Few programs stream, and what streams need takes long to load.
        from agb._sync.shared_socket import SharedSocket  # noqa: PLC0415
        from agb._sync.web_socket import WebSocket  # noqa: PLC0415

        session = self._session
        config = session.transport.config
        connections = session.transport.connections
        connections.endpoint(config)
        socket = WebSocket.connect(
            session.ws_url,
            Secret(session.token),
            connections.tls,
            seconds=config.timeout,
            heartbeat=self.heartbeat,
        )
        shared = SharedSocket(socket)
        if not connections.keep(shared):
            shared.close(_CLIENT_CLOSED)
            raise ClientClosedError(_CLIENT_CLOSED)
        return shared

    def close(self, problem: str) -> None:
        """Close the connection, if there is one; the runs on it end with that problem."""
        if self._shared is not None:
            self._drop(self._shared, problem)

    def _drop(self, shared: "SharedSocket", problem: str = "") -> None:
        self._session.transport.connections.let_go(shared)
        self._shared = None
        shared.close(problem)
