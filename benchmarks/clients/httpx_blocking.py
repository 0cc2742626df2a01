"""A plain `httpx.Client`, shared by all threads, as many connections as it wants."""

import httpx

from clients import wire


class Client:
    """Sends what an SDK sends and judges no more than the success of it."""

    def __init__(self, endpoint: str) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.Client(
            base_url=endpoint, headers=wire.HEADERS, limits=limits, timeout=60
        )

    def create(self, image: str) -> str:
        """Make a session."""
        return wire.session_of(self._http.post(wire.CREATE + image, content=b"{}").content)

    def call(self, session: str) -> None:
        """Call a tool."""
        answer = self._http.post(wire.TOOL, content=wire.call_of(session))
        wire.check_call(answer.status_code, answer.content)

    command = call

    def delete(self, session: str) -> None:
        """Release a session and see that it has gone."""
        answer = self._http.post(wire.RELEASE, content=wire.naming(session))
        wire.check_call(answer.status_code, answer.content)
        status = self._http.post(wire.STATUS, content=wire.naming(session))
        assert status.status_code == wire.GONE

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
