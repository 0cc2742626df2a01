"""The published `agbcloud-sdk`, as its users have it; both packages are called `agb`."""

import os
from typing import Any

from clients.wire import ARGUMENTS


class Client:
    """Does everything through the public API."""

    def __init__(self, endpoint: str) -> None:
        os.environ["AGB_API_KEY"] = "key"
        os.environ["AGB_ENDPOINT"] = endpoint
        os.environ["AGB_LOG_LEVEL"] = "CRITICAL"
        from agb import AGB  # noqa: PLC0415 - it reads the environment
        from agb.session_params import CreateSessionParams  # noqa: PLC0415

        self._agb: Any = AGB()
        self._params: Any = CreateSessionParams

    def create(self, image: str) -> Any:
        """Make a session."""
        made = self._agb.create(self._params(image_id=image))
        assert made.success
        return made.session

    def call(self, session: Any) -> None:
        """Call a tool."""
        assert session.call_mcp_tool("shell", ARGUMENTS).success

    def command(self, session: Any) -> None:
        """Run a command."""
        assert session.command.execute("true", timeout_ms=1000).success

    def delete(self, session: Any) -> None:
        """Delete a session."""
        assert session.delete().success

    def read(self, session: Any, path: str) -> int:
        """Read a text file; return its size."""
        found = session.file.read(path)
        assert found.success
        return len(found.content)

    def write(self, session: Any, content: str) -> None:
        """Write a text file."""
        assert session.file.write("/tmp/0", content).success

    def upload(self, session: Any, local: str, remote: str) -> None:
        """Copy a file of this machine into the session."""
        assert session.file.upload(local, remote).success

    def download(self, session: Any, remote: str, local: str) -> None:
        """Copy a file of the session to this machine."""
        assert session.file.download(remote, local).success

    def close(self) -> None:
        """Close nothing: it keeps no connections."""
