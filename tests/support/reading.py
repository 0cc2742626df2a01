"""Runs examples as a reader of the documents would, in any of the three ways to wait."""

import ast
import builtins
import io
import time
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from functools import wraps
from inspect import isawaitable, iscoroutinefunction
from types import ModuleType
from typing import Any

import anyio
import pytest
from attrs import frozen

import agb
from support.awaited import Awaiting
from support.documents import EXAMPLES

Names = dict[str, Any]
Step = str | Callable[[Names], object]

WAYS = ("blocking", "asyncio", "trio")


@frozen
class Ran:
    """What an example left behind: what it printed, and its names."""

    output: str
    names: Names

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


class Reader:
    """Runs examples, one after the other in one namespace, and closes the clients they made.

    Args:
        way: One of `WAYS`.
        monkeypatch: Undoes what it changes.
    """

    def __init__(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.way = way
        self._monkeypatch = monkeypatch
        self._clients: list[Any] = []
        kind = self.kind("AGB")
        make = kind.__init__

        @wraps(make)
        def noting(client: object, *args: Any, **kwargs: Any) -> None:
            make(client, *args, **kwargs)
            self._clients.append(client)

        monkeypatch.setattr(kind, "__init__", noting)

    def kind(self, name: str) -> Any:
        """Return a class by its name in the documents."""
        return getattr(agb, name if self.way == "blocking" else f"Async{name}")

    def results_of(
        self, kind: str, method: str, before: Callable[..., object] = lambda *_: None
    ) -> list[Any]:
        """Return a list that gets the results of a method as the examples call it.

        Args:
            kind: Its class.
            method: Its name.
            before: Is called with the same arguments first.
        """
        owner = self.kind(kind)
        operation = getattr(owner, method)
        results: list[Any] = []

        @wraps(operation)
        def noting(this: object, *args: Any) -> Any:
            before(*args)
            results.append(operation(this, *args))
            return results[-1]

        @wraps(operation)
        async def noting_later(this: object, *args: Any) -> Any:
            before(*args)
            results.append(await operation(this, *args))
            return results[-1]

        replacement = noting_later if iscoroutinefunction(operation) else noting
        self._monkeypatch.setattr(owner, method, replacement)
        return results

    def __call__(self, *steps: Step, **given: Any) -> Ran:
        """Run examples, and what is to happen between them.

        Args:
            steps: Names of examples, code of one's own, or functions that are called with the
                names so far.
            given: Names that the last example finds.

        Returns:
            What the last example left behind.
        """
        if self.way == "blocking":
            return _finished(self._read(steps, given))
        return anyio.run(self._read, steps, given, backend=self.way)

    async def _read(self, steps: tuple[Step, ...], given: Names) -> Ran:
        awaiting = Awaiting()
        names: Names = {"__builtins__": {**vars(builtins), "__import__": _import_without_pauses}}
        printed = io.StringIO()
        try:
            for number, step in enumerate(steps, 1):
                names.update(given if number == len(steps) else {})
                with redirect_stdout(io.StringIO()) as printed:
                    await self._take(step, names, awaiting)
        finally:
            for client in self._clients:
                await _settled(client.close() if self.way == "blocking" else client.aclose())
        return Ran(printed.getvalue(), names)

    async def _take(self, step: Step, names: Names, awaiting: Awaiting) -> None:
        if callable(step):
            step(names)
            return
        code = EXAMPLES.get(step, step)
        tree = ast.parse(code) if self.way == "blocking" else awaiting.translate(code)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        await _settled(eval(compile(tree, step, "exec", flags, dont_inherit=True), names))  # noqa: S307 - our own examples


async def _settled(value: object) -> None:
    if isawaitable(value):
        await value


def _finished(reading: Coroutine[Any, Any, Ran]) -> Ran:
    """Run what never waits, with no event loop anywhere."""
    try:
        reading.send(None)
    except StopIteration as end:
        ran: Ran = end.value
        return ran
    raise AssertionError("a blocking example awaited something")


def _import_without_pauses(name: str, *args: Any) -> ModuleType:
    """Import for an example, which gets a `time` whose sleep takes none."""
    module = builtins.__import__(name, *args)
    if name != "time":
        return module
    quick = ModuleType("time")
    vars(quick).update(vars(time), sleep=lambda _: None)
    return quick
