"""What travels, for the clients that have nothing but HTTP: byte for byte what an SDK sends."""

import json

HEADERS = {"authorization": "Bearer key", "content-type": "application/json"}
CREATE = "/mcp/createSession?imageId="
TOOL = "/mcp?autoGenSession=false"
RELEASE = "/mcp/releaseSessionAsync"
STATUS = "/mcp/getSessionInfo"
ARGUMENTS = {"command": "true", "timeout_ms": 1000}
GONE = 400
"""HTTP status of a session that is not there any more."""


def call_of(session_id: str) -> bytes:
    """Return the body of a tool call."""
    args = json.dumps(ARGUMENTS)
    return json.dumps({"sessionId": session_id, "name": "shell", "args": args}).encode()


def session_of(content: bytes) -> str:
    """Read the id of a new session."""
    found = json.loads(content)
    assert found["success"]
    return str(found["data"]["sessionId"])


def check_call(status: int, content: bytes) -> None:
    """Make sure that a tool call went well."""
    assert status == 200
    assert json.loads(content)["success"]


def naming(session_id: str) -> bytes:
    """Return the body of what is about a session and no more."""
    return json.dumps({"sessionId": session_id}).encode()
