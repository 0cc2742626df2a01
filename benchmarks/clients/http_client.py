"""`http.client` with a connection per thread: the floor for threads."""

import http.client
import ssl
import threading
from urllib.parse import urlsplit

from clients import wire


class Client:
    """Sends what an SDK sends and judges no more than the success of it."""

    def __init__(self, endpoint: str) -> None:
        self._parts = urlsplit(endpoint)
        self._own = threading.local()
        self._context = ssl.create_default_context() if self._parts.scheme == "https" else None

    def create(self, image: str) -> str:
        """Make a session."""
        return wire.session_of(self._post(wire.CREATE + image, b"{}")[1])

    def call(self, session: str) -> None:
        """Call a tool."""
        wire.check_call(*self._post(wire.TOOL, wire.call_of(session)))

    command = call

    def delete(self, session: str) -> None:
        """Release a session and see that it has gone."""
        wire.check_call(*self._post(wire.RELEASE, wire.naming(session)))
        assert self._post(wire.STATUS, wire.naming(session))[0] == wire.GONE

    def close(self) -> None:
        """Leave the connections to the threads' ends."""

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            host, port = str(self._parts.hostname), self._parts.port
            connection = (
                http.client.HTTPSConnection(host, port, context=self._context)
                if self._context
                else http.client.HTTPConnection(host, port)
            )
            self._own.connection = connection
        connection.request("POST", path, body, wire.HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.read()
