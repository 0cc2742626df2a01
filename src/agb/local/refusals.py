"""Every way in which this AGB says no."""

from collections.abc import Iterable, Mapping

_NONE: Mapping[str, str] = {}
_SOON = {"retry-after": "1"}  # seconds


class Refusal(Exception):  # noqa: N818 - an answer to the caller, not a fault of the server
    """The request is answered with a refusal.

    Attributes:
        http_status: Status of the answer.
        code: Stable name of the cause.
        message: What is wrong, for a person.
        headers: Of the answer.
    """

    def __init__(
        self, http_status: int, code: str, message: str, headers: Mapping[str, str] = _NONE
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.headers = headers


def invalid_parameter(message: str) -> Refusal:
    """Something in the request is not as it must be."""
    return Refusal(400, "InvalidParameter", message)


def wrong_key() -> Refusal:
    """The API key is missing or not ours."""
    return Refusal(401, "InvalidApiKey", "the API key is missing or wrong")


def wrong_token() -> Refusal:
    """A link or page was opened without the token that belongs to it, or too late."""
    return Refusal(401, "InvalidAccessToken", "the access token is missing, wrong or too old")


def session_not_found(session_id: str, why: str = "it has expired, or never was") -> Refusal:
    """No session of that id is alive."""
    return Refusal(
        400, "InvalidMcpSession.NotFound", f"session {session_id[:100]!r} not found: {why}"
    )


def image_not_found(image_id: str, known: Iterable[str]) -> Refusal:
    """There is no image of that id."""
    return Refusal(
        400,
        "InvalidImage.NotFound",
        f"image {image_id[:100]!r} not found; this AGB has: {', '.join(known)}",
    )


def tool_not_found(name: str) -> Refusal:
    """There is no tool of that name."""
    return Refusal(400, "InvalidTool.NotFound", f"tool {name[:100]!r} not found")


def no_more_sessions(most: int) -> Refusal:
    """So many sessions are alive that there can't be another."""
    return Refusal(
        403, "QuotaExceeded.Sessions", f"all {most} sessions are in use; release one first"
    )


def too_many_runs(most: int) -> Refusal:
    """So many runs are under way on a connection that there can't be another."""
    return Refusal(403, "QuotaExceeded.Runs", f"{most} runs are under way; wait for one to end")


def overloaded(what: str) -> Refusal:
    """There is so much to do that this can't be taken on as well; nothing of it has been done."""
    return Refusal(429, "TooManyRequests", f"{what}; try again a little later", _SOON)


def too_slow() -> Refusal:
    """A request does not come to its end."""
    return Refusal(408, "RequestTimeout", "the request took too long to arrive")


def not_http(http_status: int, message: str) -> Refusal:
    """What arrived is no request that could be read."""
    return Refusal(http_status, "InvalidRequest", message)


def compressed() -> Refusal:
    """A body is in an encoding that this server does not undo."""
    message = "the body must not be compressed"
    return Refusal(415, "UnsupportedEncoding", message, {"accept-encoding": "identity"})


def too_many_streams(most: int) -> Refusal:
    """A session has so many streams that there can't be another."""
    return overloaded(f"{most} streams of the session are open already")


def bug() -> Refusal:
    """Something broke that should not have."""
    return Refusal(500, "InternalError", "this AGB has a bug; its log says more")


def no_sandbox(problem: str) -> Refusal:
    """The sandbox of a new session did not come up."""
    return Refusal(503, "Sandbox.Unavailable", f"no sandbox could be started: {problem}")


def stopping() -> Refusal:
    """The server is going away."""
    return Refusal(503, "ServiceUnavailable", "this AGB is stopping")


def too_large(limit: int) -> Refusal:
    """The body is longer than this server takes."""
    return Refusal(413, "RequestTooLarge", f"the body is longer than {limit} bytes")


def nothing_listens(port: int) -> Refusal:
    """A port inside the session was asked for that nothing in there listens on."""
    return Refusal(502, "Link.NothingListens", f"nothing in the session listens on port {port}")


def no_answer(port: int) -> Refusal:
    """What listens on a port of the session took no connection, or did not answer in HTTP."""
    return Refusal(502, "Link.NoAnswer", f"what listens on port {port} did not answer in HTTP")


def too_many_connections(most: int) -> Refusal:
    """A session has so many forwarded connections that there can't be another."""
    problem = f"{most} connections into the session are open already"
    return Refusal(429, "Link.Busy", problem, _SOON)


def context_not_found(context_id: str) -> Refusal:
    """No context has that id or name."""
    return Refusal(400, "Context.NotFound", f"context {context_id[:100]!r} not found")


def context_gone() -> Refusal:
    """A context that was in use has been deleted."""
    return Refusal(400, "Context.NotFound", "the context has been deleted")


def context_not_mounted(context_id: str, path: str) -> Refusal:
    """A session does not have that context there."""
    where = f" at {path[:200]!r}" if path else ""
    return Refusal(
        400,
        "Context.NotMounted",
        f"the session has not mounted context {context_id[:100]!r}{where}",
    )


def not_saved(session_id: str, problem: str) -> Refusal:
    """A session was to be released, and its files could not be brought back."""
    return Refusal(
        409,
        "Context.NotSaved",
        f"session {session_id} is kept, since releasing it would lose files: {problem}; "
        "asked again, it is released all the same",
    )


def name_taken(name: str) -> Refusal:
    """Another context has that name."""
    return Refusal(400, "Context.NameTaken", f"another context is called {name[:100]!r}")


def file_not_found(path: str, http_status: int = 400) -> Refusal:
    """A context has no such file."""
    return Refusal(http_status, "ContextFile.NotFound", f"file {path[:200]!r} not found")


def folder_in_the_way(path: str) -> Refusal:
    """A file was to be stored where a folder is, or below a file."""
    return Refusal(
        409, "ContextFile.Conflict", f"{path[:200]!r}: a path is either a file or a folder"
    )


def folder_not_empty(path: str) -> Refusal:
    """A folder with files in it was to be removed as if it were a file."""
    return Refusal(400, "ContextFile.NotEmpty", f"{path[:200]!r} is a folder with files in it")


def wrong_link() -> Refusal:
    """A signed URL is not one of ours, has expired, or is for another method."""
    return Refusal(403, "InvalidUrl", "the URL is wrong, has expired, or is for another method")


def wrong_checksum(header: str) -> Refusal:
    """What arrived is not what was sent."""
    return Refusal(400, "BadDigest", f"the content does not match the header {header}")


def no_room() -> Refusal:
    """The disk of this machine is full."""
    return Refusal(507, "Storage.Full", "there is no room for it on this machine's disk")
