"""What an operation must come to: the fields of its result, and its failure."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import Factory, field, frozen
from httpx import RequestError

from agb import AGBError, APIConnectionError
from agb.results import Result
from conformance.replay import Replay
from conformance.stream_replay import StreamReplay

AS_SENT = "the id that the client gave the request"
_HANDLE = (
    "session_id",
    "image_id",
    "resource_url",
    "app_instance_id",
    "resource_id",
    "link_url",
    "ws_url",
    "token",
    "tool_list",
)


@frozen(kw_only=True)
class Failure:
    """Class, words and further attributes of an error."""

    kind: type[AGBError]
    says: str
    attributes: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True)
class Expected:
    """The outcome of a case; fields that it does not name hold their defaults."""

    fields: Mapping[str, object] = Factory(dict[str, object])
    failure: Failure | None = None

    def check(self, outcome: object, replay: Replay | StreamReplay) -> None:
        """Assert that this is the outcome."""
        assert isinstance(outcome, Result)
        assert outcome.success == (self.failure is None)
        assert outcome.get_request_id() == outcome.request_id
        if self.failure is not None:
            _check_error(outcome.error, self.failure, outcome.request_id)
        told = _told(outcome)
        if outcome.request_id in replay.own_ids:
            told["request_id"] = AS_SENT
        assert told == {**_told(type(outcome)()), **self.fields}


def gives(request_id: str = "req-0001", **fields: object) -> Expected:
    """Expect success, with these fields."""
    return Expected(fields={"request_id": request_id, **fields})


def fails(
    kind: type[AGBError],
    says: str = "",
    *,
    request_id: str = "req-0001",
    fields: Mapping[str, object] | None = None,
    **attributes: object,
) -> Expected:
    """Expect a failed result.

    Args:
        kind: The error's class.
        says: Words in its message.
        request_id: Of the error and of the result.
        fields: What the result holds nevertheless.
        attributes: Of the error; its code is its class's own unless one is given.
    """
    attributes.setdefault("code", kind.default_code)
    failure = Failure(kind=kind, says=says, attributes=attributes)
    return Expected(fields={"request_id": request_id, **(fields or {})}, failure=failure)


def handle(**facts: object) -> dict[str, object]:
    """Return what a handle to a session must hold; nothing but what is given."""
    return {**dict.fromkeys(_HANDLE, ""), "tool_list": (), **facts}


def _check_error(error: AGBError | None, failure: Failure, request_id: str) -> None:
    assert type(error) is failure.kind
    assert error.message
    assert failure.says in error.message
    assert error.request_id == request_id
    assert {name: getattr(error, name) for name in failure.attributes} == failure.attributes
    if isinstance(error, APIConnectionError):
        assert isinstance(error.__cause__, (RequestError, OSError))


def _told(result: Result) -> dict[str, object]:
    """Return the fields of a result, handles to sessions as dicts of what they hold."""
    names = [each.name for each in attrs.fields(type(result)) if each.name != "error"]
    return {name: _plain(getattr(result, name)) for name in names}


def _plain(value: Any) -> object:
    if hasattr(value, "get_session_id"):
        return {name: getattr(value, name) for name in _HANDLE}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
