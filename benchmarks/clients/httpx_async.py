"""A plain `httpx.AsyncClient`, as many connections as it wants."""

import httpx

from clients import wire


class Client:
    """Sends what an SDK sends and judges no more than the success of it."""

    def __init__(self, endpoint: str) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.AsyncClient(
            base_url=endpoint, headers=wire.HEADERS, limits=limits, timeout=60
        )

    async def create(self, image: str) -> str:
        """Make a session."""
        made = await self._http.post(wire.CREATE + image, content=b"{}")
        return wire.session_of(made.content)

    async def call(self, session: str) -> None:
        """Call a tool."""
        answer = await self._http.post(wire.TOOL, content=wire.call_of(session))
        wire.check_call(answer.status_code, answer.content)

    command = call

    async def delete(self, session: str) -> None:
        """Release a session and see that it has gone."""
        answer = await self._http.post(wire.RELEASE, content=wire.naming(session))
        wire.check_call(answer.status_code, answer.content)
        status = await self._http.post(wire.STATUS, content=wire.naming(session))
        assert status.status_code == wire.GONE

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
