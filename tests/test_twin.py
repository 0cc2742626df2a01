from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
RENAMES = {
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "_async": "_sync",
    "aclose": "close",
    "aio": "threads",
    "asynccontextmanager": "contextmanager",
}
CLASSES = ("AsyncAGB", "AsyncSession", "_AsyncPool")


def load_generator() -> Any:
    spec = importlib.util.spec_from_file_location("twin", ROOT / "scripts" / "twin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


twin = load_generator()


@pytest.fixture
def renames(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(twin, "RENAMES", RENAMES)
    return RENAMES


def translated(source: str, path: str = "src/agb/_async/client.py") -> str:
    text: str = twin.translate(dedent(source), path, CLASSES)
    header, _, rest = text.partition("\n")
    assert path in header
    return rest.lstrip("\n")


LINES = {
    "an await goes": ("await x\n", "x\n"),
    "an await without a space goes": ("y = await(x)\n", "y = x\n"),
    "an await in parentheses takes them along": ("y = (await x()).z\n", "y = x().z\n"),
    "an await in two pairs takes both along": ("y = (await(x)).z\n", "y = x.z\n"),
    "an await on its own in parentheses": ("(await x())\n", "x()\n"),
    "an await in an index": ("y[(await x)]\n", "y[x]\n"),
    "an await of an await": ("y = await (await x())\n", "y = x()\n"),
    "an operand keeps the parentheses it needs": (
        "z = (await (x or y)).attribute\n",
        "z = (x or y).attribute\n",
    ),
    "a chain over lines stays one expression": (
        "y = (\n    await x\n    .first()\n).last\n",
        "y = (x.first()).last\n",
    ),
    "a comment in parentheses stays": (
        "y = (\n    # why\n    await x\n).z\n",
        "y = (\n    # why\n    x\n).z\n",
    ),
    "an await in an f-string": ("f'{await x!r:>{await y}}'\n", 'f"{x!r:>{y}}"\n'),
    "a comprehension": (
        "x = {await f(i) async for i in y if await g(i)}\n",
        "x = {f(i) for i in y if g(i)}\n",
    ),
    "a generator expression": ("x = f(i async for i in y)\n", "x = f(i for i in y)\n"),
    "a function": ("async def f(): ...\n", "def f(): ...\n"),
    "a with of several": (
        "async with a as b, AsyncExitStack() as c:\n    pass\n",
        "with a as b, ExitStack() as c:\n    pass\n",
    ),
    "a for with an else": (
        "async for i in x:\n    y\nelse:\n    z\n",
        "for i in x:\n    y\nelse:\n    z\n",
    ),
    "a leading Async goes": ("AsyncSession\n", "Session\n"),
    "an underscore before Async stays": ("_AsyncPool\n", "_Pool\n"),
    "an Async elsewhere in a name stays": ("MyAsyncThing\n", "MyAsyncThing\n"),
    "a word that only starts like Async stays": ("Asynchronous, Async\n", "Asynchronous, Async\n"),
    "no name is invented": ("x = AsyncExitStack()\n", "x = ExitStack()\n"),
    "an attribute": ("x.aclose\n", "x.close\n"),
    "a keyword argument": ("f(aclose=1)\n", "f(close=1)\n"),
    "a name of which an entry is a part stays": ("x.aclosed, xaclose\n", "x.aclosed, xaclose\n"),
    "a caught exception": (
        "try:\n    x\nexcept StopAsyncIteration:\n    y\n",
        "try:\n    x\nexcept StopIteration:\n    y\n",
    ),
    "a method of a protocol": (
        "class AsyncAGB:\n    async def __aenter__(self): ...\n",
        "class AGB:\n    def __enter__(self): ...\n",
    ),
    "an import of a twin": (
        "import agb._async.session\nagb._async.session.AsyncSession\n",
        "import agb._sync.session\n\nagb._sync.session.Session\n",
    ),
    "an import of the home of tasks": (
        "from agb._concurrency import aio as conc\nconc\n",
        "from agb._concurrency import threads as conc\n\nconc\n",
    ),
    "an import from the home of tasks": (
        "from agb._concurrency.aio import Lock\nLock\n",
        "from agb._concurrency.threads import Lock\n\nLock\n",
    ),
    "the home of tasks under its own name": (
        "from agb._concurrency import aio\naio.sleep\n",
        "from agb._concurrency import threads\n\nthreads.sleep\n",
    ),
    "imports that become one": (
        "from a import AsyncIterator, Iterator\nIterator\n",
        "from a import Iterator\n\nIterator\n",
    ),
    "imports that become one over two lines": (
        "from a import AsyncThing\nfrom a import Thing\nThing\n",
        "from a import Thing\n\nThing\n",
    ),
    "imports are sorted again": (
        "from a import AsyncZ, B\nAsyncZ, B\n",
        "from a import B, Z\n\nZ, B\n",
    ),
    "an import for types that are gone": (
        "import typing as t\nif t.TYPE_CHECKING:\n    from b import Awaitable\nx: Awaitable[y]\n",
        "x: y\n",
    ),
    "__all__": (
        "from a import AsyncZ, B\n__all__ = ['AsyncZ', 'B']\n",
        'from a import B, Z\n\n__all__ = ["B", "Z"]\n',
    ),
    "__all__ with its type": (
        "from a import AsyncZ\n__all__: list[str] = ['AsyncZ']\n",
        'from a import Z\n\n__all__: list[str] = ["Z"]\n',
    ),
    "an awaitable": ("x: Callable[[], Awaitable[int | None]]\n", "x: Callable[[], int | None]\n"),
    "a coroutine": ("x: collections.abc.Coroutine[Any, Any, int]\n", "x: int\n"),
    "a union with an awaitable of its member": ("x: int | Awaitable[int]\n", "x: int\n"),
    "an asynchronous generator": (
        "x: AsyncGenerator[int, str]\n",
        "x: Generator[int, str, None]\n",
    ),
    "an asynchronous generator that is sent nothing": (
        "x: AsyncGenerator[int]\n",
        "x: Generator[int, None, None]\n",
    ),
    "an annotation that is a string": (
        "x: 'dict[str, Awaitable[AsyncIterator[int]]]'\n",
        'x: "dict[str, Iterator[int]]"\n',
    ),
    "a returned annotation that is a string": (
        "def f() -> list['AsyncIterator[int]']: ...\n",
        'def f() -> list["Iterator[int]"]: ...\n',
    ),
    "a literal in an annotation": (
        "x: Literal['async for', 'aclose']\n",
        'x: Literal["async for", "aclose"]\n',
    ),
    "a cast": (
        "cast('AsyncIterator[int]', x['AsyncIterator'])\n",
        'cast("Iterator[int]", x["AsyncIterator"])\n',
    ),
    "a message that names a class": ("f('AsyncAGB is closed')\n", 'f("AGB is closed")\n'),
    "a message that names a private class": ("f('no _AsyncPool')\n", 'f("no _Pool")\n'),
    "a message that names a strange class": (
        "f('AsyncClient, AsyncAGBs, await aclose')\n",
        'f("AsyncClient, AsyncAGBs, await aclose")\n',
    ),
    "a message with values in it": (
        "f(f'AsyncAGB {AsyncFoo} AsyncFoo')\n",
        'f(f"AGB {Foo} AsyncFoo")\n',
    ),
    "a raw string and its quotes": ("f(r'AsyncAGB\\d')\n", 'f(r"AGB\\d")\n'),
    "a comment": (
        "x  # AsyncAGB, AsyncFoo, await y, `await x.aclose()`\n",
        "x  # AGB, AsyncFoo, await y, `x.close()`\n",
    ),
    "a noqa for asynchronous code": (
        "async def f(timeout: int):  # noqa: ASYNC109 - theirs\n    return timeout\n",
        "def f(timeout: int):\n    return timeout\n",
    ),
    "a noqa for any code": ("async def f(a=[]): ...  # noqa: B006\n", None),
    "a comprehension that now only copies": (
        "x = [i async for i in y]\n",
        "x = list(y)\n",
    ),
    "a with of tasks in a plain one": (
        "with a:\n    async with b:\n        c\n",
        "with a, b:\n    c\n",
    ),
    "a loop that only yields": (
        "async def f():\n    async for i in x:\n        yield i\n",
        "def f():\n    yield from x\n",
    ),
    "a fixture of tasks only": (
        "import pytest\n@pytest.fixture\ndef anyio_backend(): ...\nx = 1\n",
        "x = 1\n",
    ),
    "a parameter of tasks only": (
        "async def test_x(anyio_backend, x): ...\n",
        "def test_x(x): ...\n",
    ),
    "a fixture that yields": (
        "@fixture\nasync def x():\n    async with y() as z:\n        yield z\n",
        "@fixture\ndef x():\n    with y() as z:\n        yield z\n",
    ),
    "what does not wait": ("x = 1\n", "x = 1\n"),
}


@pytest.mark.usefixtures("renames")
@pytest.mark.parametrize(("before", "after"), LINES.values(), ids=LINES)
def test_a_line_is_translated(before: str, after: str | None) -> None:
    assert translated(before) == (after or before.replace("async ", ""))


DOCSTRINGS = {
    "prose": (
        """
        async def f():
            \"\"\"Use AsyncSession, not AsyncFoo; then await it.

            `await x.aclose()`, ``async with AsyncFoo()`` and `await` on its own.
            \"\"\"
        """,
        """
        def f():
            \"\"\"Use Session, not AsyncFoo; then await it.

            `x.close()`, ``with Foo()`` and `await` on its own.
            \"\"\"
        """,
    ),
    "a fenced example": (
        """
        class AsyncAGB:
            \"\"\"An AsyncAGB.

            ```python
            async with AsyncAGB() as agb:  # AsyncAGB

                print((await agb.get("x")).y)
            ```

            Then `x`.
            \"\"\"
        """,
        """
        class AGB:
            \"\"\"An AGB.

            ```python
            with AGB() as agb:  # AGB
                print(agb.get("x").y)
            ```

            Then `x`.
            \"\"\"
        """,
    ),
    "an example section": (
        """
        class AsyncAGB:
            \"\"\"An AsyncAGB.

            Example:
                async with AsyncAGB() as agb:
                    await agb.create(   1,
                                        2)

                await agb.aclose()

            Raises:
                StopAsyncIteration: await AsyncAGB.
            \"\"\"
        """,
        """
        class AGB:
            \"\"\"An AGB.

            Example:
                with AGB() as agb:
                    agb.create(   1,
                                        2)

                agb.close()

            Raises:
                StopAsyncIteration: await AGB.
            \"\"\"
        """,
    ),
    "an example section that ends the docstring": (
        'def f():\n    """F.\n\n    Examples:\n        await f()"""\n',
        'def f():\n    """F.\n\n    Examples:\n        f()"""\n',
    ),
    "a fence in an example section": (
        """
        def f():
            \"\"\"F.

            Example:
                Wait for AsyncAGB:

                ```py
                await f()
                ```
            \"\"\"
        """,
        """
        def f():
            \"\"\"F.

            Example:
                Wait for AGB:

                ```py
                f()
                ```
            \"\"\"
        """,
    ),
    "prompts": (
        """
        def f():
            \"\"\"F.

            Example:
                >>> async with AsyncAGB() as agb:
                ...     await agb.create()
                ...     await agb.create()
                await AsyncAGB
                >>> await f()
            \"\"\"
        """,
        """
        def f():
            \"\"\"F.

            Example:
                >>> with AGB() as agb:
                ...     agb.create()
                ...     agb.create()
                await AGB
                >>> f()
            \"\"\"
        """,
    ),
    "prompts in a fence, of a module": (
        '"""M.\n\n```pycon\n>>> await f()\n1\n```\n"""\n',
        '"""M.\n\n```pycon\n>>> f()\n1\n```\n"""\n',
    ),
    "a docstring in an example": (
        """
        def f():
            \'\'\'F.

            ```python
            async def g():
                \"\"\"G.

                Example:
                    await g()
                \"\"\"
                await g()
            ```
            \'\'\'
        """,
        """
        def f():
            \'\'\'F.

            ```python
            def g():
                \"\"\"G.

                Example:
                    g()
                \"\"\"
                g()
            ```
            \'\'\'
        """,
    ),
    "a fence of another language": (
        '"""M.\n\n```text\nawaiting AsyncAGB\n```\n"""\n',
        '"""M.\n\n```text\nawaiting AGB\n```\n"""\n',
    ),
    "a string below an attribute": (
        'class A:\n    x = 1\n    """What `await x` gives."""\n',
        'class A:\n    x = 1\n    """What `x` gives."""\n',
    ),
}


@pytest.mark.usefixtures("renames")
@pytest.mark.parametrize(("before", "after"), DOCSTRINGS.values(), ids=DOCSTRINGS)
def test_a_docstring_is_translated_with_the_examples_in_it(before: str, after: str) -> None:
    assert translated(before) == dedent(after).lstrip("\n")


REFUSALS = {
    "anyio": ("x\nimport anyio\n", 2, "anyio has no blocking twin"),
    "a part of anyio": ("from anyio.abc import X\n", 1, "anyio has no blocking twin"),
    "asyncio": ("\n\nasyncio.run(x)\n", 3, "asyncio has no blocking twin"),
    "a task group": ("async with conc.create_task_group():\n    pass\n", 1, "use map_parallel"),
    "a name in an annotation": ("x = 1\ny: 'TaskGroup'\n", 2, "use map_parallel"),
    "a name in an example": (
        '"""M.\n\nExample:\n    x\n\n    asyncio.run(x)\n"""\n',
        6,
        "asyncio has no blocking twin",
    ),
    "broken code": ("x = 1\nawait = = 2\n", 2, "invalid syntax"),
    "a broken example": (
        'def f():\n    """F.\n\n    ```python\n    await f()\n    f(]\n    ```\n    """\n',
        6,
        "does not match",
    ),
    "a fence that is never closed": (
        '"""M.\n\n```python\nawait f()\n\nAnd then some.\n"""\n',
        6,
        "invalid syntax",
    ),
    "a broken statement behind a prompt": (
        '"""M.\n\n>>> f()\n>>> f(\n"""\n',
        4,
        "was never closed",
    ),
    "parentheses that stand for a space": (
        "x\n\n\ndef f():\n    return(await x)\n",
        1,
        "not formatted by ruff",
    ),
    "a broken annotation": ("x = 1\ny: 'a b'\n", 2, "invalid syntax"),
}


@pytest.mark.parametrize(("source", "line", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_what_has_no_blocking_twin_is_refused_by_file_and_line(
    source: str, line: int, reason: str
) -> None:
    with pytest.raises(twin.TwinError, match=rf"^src/agb/_async/x\.py:{line}: .*{reason}"):
        twin.translate(source, "src/agb/_async/x.py")


@pytest.mark.usefixtures("renames")
def test_the_first_line_names_the_source() -> None:
    path = "docs/snippets/_async/first_steps.py"
    assert (
        twin.translate("", path)
        == f"# Generated from {path}; edit that file, then `nox -s twin`.\n"
    )


@pytest.mark.usefixtures("renames")
def test_a_second_translation_changes_nothing() -> None:
    everything = [*LINES.values(), *DOCSTRINGS.values()]
    once = translated("\n".join(dedent(before) for before, _ in everything))
    assert translated(once) == once


SOURCES = {
    "src/agb/_async/__init__.py": "",
    "src/agb/_async/client.py": """
        from agb._concurrency import aio as conc


        class AsyncAGB:
            async def __aenter__(self) -> None:
                await conc.sleep(0)

            async def aclose(self) -> None:
                raise StopAsyncIteration
    """,
    "tests/_async/test_client.py": """
        from contextlib import asynccontextmanager

        from agb._async.client import AsyncAGB

        opened = asynccontextmanager(AsyncAGB)
    """,
    "docs/snippets/_async/deep/one.py": "# An AsyncAGB.\n",
}


@pytest.fixture
def tree(tmp_path: Path, renames: dict[str, str]) -> Path:
    """Write a small repository that uses every rule, with its twins."""
    assert renames
    for path, source in SOURCES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(dedent(source).lstrip())
    twin.write(tmp_path)
    return tmp_path


def test_a_tree_that_was_just_written_has_no_problems(tree: Path) -> None:
    assert twin.problems(tree) == []


def test_a_twin_lives_beside_its_source_in_every_tree(tree: Path) -> None:
    assert {path.relative_to(tree).as_posix() for path in tree.rglob("_sync/**/*.py")} == {
        path.replace("_async", "_sync") for path in SOURCES
    }
    assert "An AGB." in (tree / "docs/snippets/_sync/deep/one.py").read_text()


def test_a_line_appended_to_a_twin_is_reported(tree: Path) -> None:
    with (tree / "src/agb/_sync/client.py").open("a") as file:
        file.write("# one more\n")
    assert twin.problems(tree) == ["src/agb/_sync/client.py: stale"]


def test_a_source_that_changed_is_reported(tree: Path) -> None:
    with (tree / "tests/_async/test_client.py").open("a") as file:
        file.write("# one more\n")
    assert twin.problems(tree) == ["tests/_sync/test_client.py: stale"]


def test_a_missing_twin_is_reported(tree: Path) -> None:
    (tree / "src/agb/_sync/__init__.py").unlink()
    assert twin.problems(tree) == ["src/agb/_sync/__init__.py: missing"]


def test_a_folder_of_missing_twins_is_reported(tree: Path) -> None:
    shutil.rmtree(tree / "docs/snippets/_sync")
    assert twin.problems(tree) == ["docs/snippets/_sync/deep/one.py: missing"]


def test_a_twin_whose_source_is_gone_is_reported(tree: Path) -> None:
    (tree / "docs/snippets/_async/deep/one.py").unlink()
    assert twin.problems(tree) == [
        "docs/snippets/_sync/deep/one.py: orphaned, there is no source for it"
    ]


def test_a_folder_whose_sources_are_gone_is_reported(tree: Path) -> None:
    shutil.rmtree(tree / "docs/snippets/_async")
    assert len(twin.problems(tree)) == 1


@pytest.mark.parametrize("name", ["written_by_hand.py", "data.json"])
def test_a_stray_file_among_the_twins_is_reported(tree: Path, name: str) -> None:
    (tree / "src/agb/_sync" / name).write_text("{}\n")
    assert twin.problems(tree) == [f"src/agb/_sync/{name}: orphaned, there is no source for it"]


def test_a_cache_among_the_twins_is_nobodys_problem(tree: Path) -> None:
    (tree / "src/agb/_sync/__pycache__").mkdir()
    (tree / "src/agb/_sync/__pycache__/client.pyc").write_bytes(b"\0")
    assert twin.problems(tree) == []


def test_a_rule_that_no_source_uses_is_reported(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twin, "RENAMES", RENAMES | {"anext": "next"})
    assert twin.problems(tree) == ["scripts/twin.py: no source uses the rule 'anext'"]


def test_a_source_without_a_twin_is_reported_and_its_old_twin_is_kept(tree: Path) -> None:
    source, written = tree / "src/agb/_async/client.py", tree / "src/agb/_sync/client.py"
    before = written.read_text()
    source.write_text(source.read_text() + "import anyio\n")
    twin.write(tree)
    assert written.read_text() == before
    assert twin.problems(tree) == [
        "src/agb/_async/client.py:10: anyio has no blocking twin, use agb._concurrency.aio"
    ]


def test_writing_puts_right_what_is_stale_missing_or_orphaned(tree: Path) -> None:
    (tree / "src/agb/_sync/client.py").write_text("")
    (tree / "src/agb/_sync/__init__.py").unlink()
    (tree / "docs/snippets/_async/deep/one.py").unlink()
    twin.write(tree)
    assert twin.problems(tree) == []


def test_writing_leaves_a_file_alone_that_was_not_generated(tree: Path) -> None:
    stray = tree / "src/agb/_sync/written_by_hand.py"
    stray.write_text("x = 1\n")
    twin.write(tree)
    assert stray.read_text() == "x = 1\n"


def run(monkeypatch: pytest.MonkeyPatch, root: Path, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["twin.py", *arguments])
    code: int = twin.main(root)
    return code


def test_the_check_fails_lists_the_problems_and_writes_nothing(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "src/agb/_sync/client.py").write_text("")
    (tree / "src/agb/_sync/__init__.py").unlink()
    assert run(monkeypatch, tree, "--check") == 1
    assert capsys.readouterr().out == (
        "src/agb/_sync/__init__.py: missing\nsrc/agb/_sync/client.py: stale\n"
    )
    assert (tree / "src/agb/_sync/client.py").read_text() == ""


def test_the_command_writes_and_then_the_check_passes(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "src/agb/_sync/client.py").write_text("")
    assert run(monkeypatch, tree) == 0
    assert run(monkeypatch, tree, "--check") == 0
    assert capsys.readouterr().out == ""


def test_this_repository_has_no_problems() -> None:
    assert twin.problems(ROOT) == []
