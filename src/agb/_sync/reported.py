# Generated from src/agb/_async/reported.py; edit that file, then `nox -s twin`.
"""The one place where an error becomes a failed result."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from agb._reporting import failed_result
from agb.exceptions import AGBError

if TYPE_CHECKING:
    from agb.results import Result

P = ParamSpec("P")
R = TypeVar("R", bound="Result")


def reported(operation: Callable[P, R]) -> Callable[P, R]:
    """Let a public operation return a failed result where it would raise an `AGBError`.

    The result is of the class that the operation is annotated with, which is loaded when it is
    needed. Everything else is a bug, and raises.
    """

    @wraps(operation)
    def report(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except AGBError as error:
            failed: R = failed_result(operation, error)
            return failed

    return report
