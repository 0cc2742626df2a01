"""What all results have in common."""

from typing import Generic, Self, TypeVar

from agb._wire.values import frozen
from agb.exceptions import AGBError

D = TypeVar("D")


@frozen(kw_only=True)
class Result:
    """What every operation returns.

    Attributes:
        request_id: Names the request in the AGB's records; empty when none was answered.
        error: Why the operation failed; None when it did not.
    """

    request_id: str = ""
    error: AGBError | None = None

    @property
    def success(self) -> bool:
        """Whether the operation did what was asked."""
        return self.error is None

    @property
    def error_message(self) -> str:
        """What went wrong, in words; empty when nothing did."""
        return "" if self.error is None else self.error.message

    @property
    def code(self) -> str:
        """Stable name of what went wrong, such as `PARAM_ERROR`; empty when nothing did."""
        return "" if self.error is None else self.error.code

    def get_request_id(self) -> str:
        """Return `request_id`."""
        return self.request_id

    def raise_for_error(self) -> Self:
        """Raise the error of a failed result; else return the result itself.

        Example:
            ```python
            output = session.command.execute("ls").raise_for_error().output
            ```

        Raises:
            AGBError: The operation failed; the class tells how.
        """
        if self.error is not None:
            raise self.error
        return self


@frozen(kw_only=True)
class OperationResult(Result, Generic[D]):
    """A result with one thing in it.

    Attributes:
        data: What was asked for; None when the operation failed.
    """

    data: D | None = None


@frozen(kw_only=True)
class BoolResult(Result):
    """The result of an operation that only succeeds or fails."""

    @property
    def data(self) -> bool:
        """Whether the operation did what was asked."""
        return self.success
