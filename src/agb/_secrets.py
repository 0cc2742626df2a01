"""Pure: what holds a secret neither shows it nor lets it be written down by accident."""

import logging
import re
from typing import Any, NoReturn, TypeVar, cast

T = TypeVar("T")

_LOCATION = re.compile(r"""(?i)(b'location', b)(?:'[^']*'|"[^"]*")""")


class Secret(str):
    """A text that is used as it is, and not shown where values are, as in tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class SecretBytes(bytes):
    """Bytes that are sent as they are, with what is added to them, and likewise not shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"

    def __add__(self, more: Any, /) -> "SecretBytes":
        return SecretBytes(bytes.__add__(self, more))


def hidden(value: T) -> T:
    """Return a text as a secret, which compares and is sent as before; anything else as it is."""
    return cast("T", Secret(value)) if isinstance(value, str) else value


class NotPickled:
    """What holds an API key or connections, and is refused where it would be pickled."""

    __slots__ = ()
    _instead = "make another one where you need it"

    def __reduce__(self) -> NoReturn:
        kind = type(self).__name__
        raise TypeError(
            f"{kind} objects can't be copied or pickled: they hold an API key; {self._instead}"
        )


class HidesRedirects(logging.Filter):
    """Keeps where an answer redirects to out of a log: that may be a URL that is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record that tells it."""
        if isinstance(record.msg, str) and "ocation" in record.msg:
            record.msg = _LOCATION.sub(r"\1'***'", record.msg)
        return True
