"""Pure: what an operation that failed returns."""

from collections.abc import Callable
from typing import Any, get_origin

from agb import results
from agb.exceptions import AGBError


def failed_result(operation: Callable[..., object], error: AGBError) -> Any:
    """Return the failed result of an operation: of the class that it is annotated with.

    Where the annotation is text, such as `results.LinkResult`, that class is loaded only now.
    """
    told: Any = operation.__annotations__["return"]
    if isinstance(told, str):
        told = getattr(results, told.partition("[")[0].removeprefix("results."))
    kind: Any = get_origin(told) or told
    return kind(error=error, request_id=error.request_id)
