"""What operations that make and delete sessions return."""

from typing import Generic, TypeVar

from agb._wire.values import frozen
from agb.results.base import Result

S = TypeVar("S")


@frozen(kw_only=True)
class DeleteResult(Result):
    """The result of deleting a session; one that was gone already counts as deleted."""


@frozen(kw_only=True)
class SessionResult(Result, Generic[S]):
    """The result of creating or getting a session.

    Attributes:
        session: The session; None when there is none.
    """

    session: S | None = None
