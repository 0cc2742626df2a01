"""Packages whose names are loaded when they are asked for: importing them costs next to nothing."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazily(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package, or of a module.

    Args:
        package: Its name.
        names: Of each module that is loaded late, the public names, parted by spaces. A
            module that is public itself is to be had as an attribute, too.
    """
    homes = {name: module for module, some in names.items() for name in some.split()}
    below = package + "."
    own = {module.removeprefix(below): module for module in names if module.startswith(below)}
    modules = {name: module for name, module in own.items() if not name.startswith("_")}

    def get(name: str) -> object:
        if name in modules:
            return import_module(modules[name])
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)  # so that the next one need not ask
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *modules})

    return get, list_names
