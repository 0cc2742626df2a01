"""What an endpoint of an AGB is: method, path, what goes in the query, what comes back.

A field of the request message that `query` names travels in the query string, the others in the
JSON body. An answer is good when its status is 200 and it says `success: true`; what `data` (or,
for a paged answer, the whole object) must hold is the answer's message.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from agb._wire import codec
from agb._wire.codec import Json, message_fields, wire_name
from agb._wire.values import frozen

Q = TypeVar("Q")
A = TypeVar("A")


class Safety(Enum):
    """What it means to send a request twice; the value says it in words."""

    READ = "read-only"
    WRITE = "idempotent write"
    CREATE = "creates something"
    RUN = "runs a tool"


@frozen(kw_only=True)
class Endpoint(Generic[Q, A]):
    """One operation of the API.

    Attributes:
        method: HTTP method.
        path: Path below the endpoint's base URL.
        safety: What it means to send a request twice.
        request: Message that goes out.
        answer: Message that comes back.
        query: Fields of the request that travel in the query; `None` means all of them.
        whole: Whether the answer is the whole object rather than its `data`.
        data_required: Whether an answer without `data` is a broken one.
        data_is_text: Whether `data` travels as JSON text inside a string.
    """

    method: Literal["GET", "POST"]
    path: str
    safety: Safety
    request: type[Q]
    answer: type[A]
    query: frozenset[str] | None = None
    whole: bool = False
    data_required: bool = True
    data_is_text: bool = False

    @property
    def name(self) -> str:
        """The last part of the path, such as `createSession`."""
        return self.path.rsplit("/", 1)[-1]


@frozen(kw_only=True)
class Outgoing:
    """A request in the parts that HTTP knows. `body` is None where none travels."""

    query: Mapping[str, str]
    body: Json | None


def write_request(endpoint: Endpoint[Q, Any], message: Q) -> Outgoing:
    """Split a message into query and body, as the endpoint wants it."""
    sent = codec.dump(message)
    if endpoint.query is None:
        query, body = sent, {}
    else:
        names = {
            wire_name(endpoint.request, field)
            for field in message_fields(endpoint.request)
            if field.name in endpoint.query
        }
        query = {key: value for key, value in sent.items() if key in names}
        body = {key: value for key, value in sent.items() if key not in names}
    return Outgoing(
        query={key: _in_query(value) for key, value in query.items()},
        body=body if endpoint.method == "POST" else None,
    )


def read_request(endpoint: Endpoint[Q, Any], query: Mapping[str, str], body: Json) -> Q:
    """Put a message together again from query and body.

    Raises:
        Misread: A field is missing or of the wrong type.
    """
    return codec.load_loosely({**body, **query}, endpoint.request)


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
