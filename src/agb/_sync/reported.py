# Generated from src/agb/_async/reported.py; edit that file, then `nox -s twin`.
"""The one place where an error becomes a failed result."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from agb.exceptions import AGBError
from agb.results import Result

P = ParamSpec("P")
R = TypeVar("R", bound=Result)


def reported(
    failed: Callable[..., R],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a public operation return a failed result where it would raise an `AGBError`.

    Everything else is a bug, and raises.

    Args:
        failed: Class of the operation's result.
    """

    def decorate(operation: Callable[P, R]) -> Callable[P, R]:
        @wraps(operation)
        def report(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return operation(*args, **kwargs)
            except AGBError as error:
                return failed(error=error, request_id=error.request_id)

        return report

    return decorate
