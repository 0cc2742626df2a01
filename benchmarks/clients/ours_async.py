"""`AsyncAGB`."""

from typing import Any

from agb import AsyncAGB, AsyncSession, CreateSessionParams
from clients.wire import ARGUMENTS


class Client:
    """Does everything through the public API."""

    def __init__(self, endpoint: str, **options: Any) -> None:
        self._agb = AsyncAGB("key", endpoint=endpoint, **options)

    async def create(self, image: str) -> AsyncSession:
        """Make a session."""
        made = await self._agb.create(CreateSessionParams(image_id=image))
        session = made.raise_for_error().session
        assert session is not None
        return session

    async def call(self, session: AsyncSession) -> None:
        """Call a tool."""
        (await session.call_mcp_tool("shell", ARGUMENTS)).raise_for_error()

    async def command(self, session: AsyncSession) -> None:
        """Run a command."""
        assert (await session.command.execute("true", timeout_ms=1000)).success

    async def delete(self, session: AsyncSession) -> None:
        """Delete a session."""
        (await session.delete()).raise_for_error()

    async def read(self, session: AsyncSession, path: str) -> int:
        """Read a text file; return its size."""
        return len((await session.file.read(path)).raise_for_error().content)

    async def write(self, session: AsyncSession, content: str) -> None:
        """Write a text file."""
        assert (await session.file.write("/tmp/0", content)).success

    async def upload(self, session: AsyncSession, local: str, remote: str) -> None:
        """Copy a file of this machine into the session."""
        assert (await session.file.upload(local, remote)).success

    async def download(self, session: AsyncSession, remote: str, local: str) -> None:
        """Copy a file of the session to this machine."""
        assert (await session.file.download(remote, local)).success

    async def aclose(self) -> None:
        """Close all connections."""
        await self._agb.aclose()
