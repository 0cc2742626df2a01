"""`AGB`."""

from agb import AGB, CreateSessionParams, Session
from clients.wire import ARGUMENTS


class Client:
    """Does everything through the public API."""

    def __init__(self, endpoint: str) -> None:
        self._agb = AGB("key", endpoint=endpoint)

    def create(self, image: str) -> Session:
        """Make a session."""
        session = self._agb.create(CreateSessionParams(image_id=image)).raise_for_error().session
        assert session is not None
        return session

    def call(self, session: Session) -> None:
        """Call a tool."""
        session.call_mcp_tool("shell", ARGUMENTS).raise_for_error()

    def command(self, session: Session) -> None:
        """Run a command."""
        assert session.command.execute("true", timeout_ms=1000).success

    def delete(self, session: Session) -> None:
        """Delete a session."""
        session.delete().raise_for_error()

    def read(self, session: Session, path: str) -> int:
        """Read a text file; return its size."""
        return len((session.file.read(path)).raise_for_error().content)

    def write(self, session: Session, content: str) -> None:
        """Write a text file."""
        assert session.file.write("/tmp/0", content).success

    def upload(self, session: Session, local: str, remote: str) -> None:
        """Copy a file of this machine into the session."""
        assert session.file.upload(local, remote).success

    def download(self, session: Session, remote: str, local: str) -> None:
        """Copy a file of the session to this machine."""
        assert session.file.download(remote, local).success

    def close(self) -> None:
        """Close all connections."""
        self._agb.close()
