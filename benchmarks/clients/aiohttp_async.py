"""A plain `aiohttp.ClientSession`, as many connections as it wants: the floor for tasks."""

import ssl

import aiohttp

from clients import wire


class Client:
    """Sends what an SDK sends and judges no more than the success of it."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._http: aiohttp.ClientSession | None = None

    async def create(self, image: str) -> str:
        """Make a session."""
        if self._http is None:
            context = ssl.create_default_context()  # reads SSL_CERT_FILE, as the others do
            connector = aiohttp.TCPConnector(limit=0, ssl=context)
            self._http = aiohttp.ClientSession(
                self._endpoint, headers=wire.HEADERS, connector=connector
            )
        status, content = await self._post(wire.CREATE + image, b"{}")
        assert status == 200
        return wire.session_of(content)

    async def call(self, session: str) -> None:
        """Call a tool."""
        wire.check_call(*await self._post(wire.TOOL, wire.call_of(session)))

    command = call

    async def delete(self, session: str) -> None:
        """Release a session and see that it has gone."""
        wire.check_call(*await self._post(wire.RELEASE, wire.naming(session)))
        status, _ = await self._post(wire.STATUS, wire.naming(session))
        assert status == wire.GONE

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.close()

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        assert self._http is not None
        async with self._http.post(path, data=body) as answer:
            return answer.status, await answer.read()
