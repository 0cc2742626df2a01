"""Values: immutable attrs classes that are quick to make.

attrs compiles `__repr__`, `__eq__` and `__hash__` anew for each class, which takes as long as all
else that it does for one. What loads with a client would spend most of its time on that, so here
the three are shared, and read the fields when they are called.
"""

from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from attrs import frozen as frozen  # noqa: PLC0414 - to be had here
else:

    def frozen(cls: type | None = None, /, **options: Any) -> Any:
        """Make a class as `attrs.frozen` does; to be used like it, with or without options."""

        def decorate(kind: type) -> type:
            made = attrs.frozen(kind, eq=False, repr=False, **options)
            for name, method in _SHARED.items():
                setattr(made, name, method)
            return made

        return decorate if cls is None else decorate(cls)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = [field.name for field in self.__attrs_attrs__ if field.repr]
    name = self.__class__.__qualname__.rpartition(">.")[2]
    return f"{name}({', '.join(f'{each}={getattr(self, each)!r}' for each in shown)})"


def _eq(self: Any, other: object) -> bool:
    return _content(self) == _content(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_content(self))


def _content(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, field.name) for field in value.__attrs_attrs__)


_SHARED = {"__repr__": _repr, "__eq__": _eq, "__hash__": _hash}
