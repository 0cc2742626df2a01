"""The one place where an error becomes a failed result."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from agb.exceptions import AGBError
from agb.results import Result

P = ParamSpec("P")
R = TypeVar("R", bound=Result)


def reported(
    failed: Callable[..., R],
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Let a public operation return a failed result where it would raise an `AGBError`.

    Everything else is a bug, and raises.

    Args:
        failed: Class of the operation's result.
    """

    def decorate(operation: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(operation)
        async def report(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return await operation(*args, **kwargs)
            except AGBError as error:
                return failed(error=error, request_id=error.request_id)

        return report

    return decorate
