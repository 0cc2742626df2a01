"""Browser extensions: which ones a session loads."""

from collections.abc import Sequence
from typing import Any, cast

from attrs import field

from agb._wire.values import frozen
from agb.exceptions import InvalidParamsError


def _context_id(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidParamsError(f"{attribute.name} must be a non-blank string, not {value!r}")


def _ids(_: object, attribute: Any, values: tuple[Any, ...]) -> None:
    if not values:
        raise InvalidParamsError(f"{attribute.name} must name at least one extension")
    for index, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            raise InvalidParamsError(
                f"{attribute.name}[{index}] must be a non-blank string, not {value!r}"
            )


def _as_tuple(values: Any) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidParamsError(f"extension_ids must be a list of ids, not {values!r}")
    return tuple(cast("Sequence[object]", values))


@frozen
class Extension:
    """An extension in a context.

    Attributes:
        id: Identifier, such as `ext_....zip`.
        name: Name of the file that it was made from.
        created_at: When it was stored, as the AGB writes it.
    """

    id: str
    name: str
    created_at: str = ""


@frozen
class ExtensionOption:
    """Extensions that a browser session shall load.

    Args:
        context_id: Context that the extensions are in.
        extension_ids: Which of them; file names such as `ext_....zip` or plain ids.

    Raises:
        InvalidParamsError: A blank context id, or no extension.
    """

    context_id: str = field(validator=_context_id)
    extension_ids: Sequence[str] = field(converter=_as_tuple, validator=_ids)
