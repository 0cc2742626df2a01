"""Write everything under every `_sync/` folder from the `_async/` folder beside it.

    python scripts/twin.py            write the twins, remove those whose source is gone
    python scripts/twin.py --check    write nothing, list what is wrong

Both exit 1 when something is wrong. One LibCST visitor translates code, string annotations,
`__all__` and the examples in docstrings. In prose, comments and other strings only the project's
own classes are renamed. Ruff then tidies what the renames leave behind, so that a generated file
passes the same checks as a written one.
"""

# ruff: noqa: INP001, N802 - a script is no package; LibCST names methods after its node classes

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from ruff import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships no types

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

ROOT = Path(__file__).resolve().parent.parent
HOMES = ("src/agb", "tests", "docs")
HEADER = "# Generated from {}; edit that file, then `nox -s twin`.\n"

# Whole names that change, beside the rule that a leading Async is dropped. An entry that no
# source uses is an error, so the table never outlives what it was made for.
RENAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "StopAsyncIteration": "StopIteration",
    "_async": "_sync",
    "aclose": "close",
    "aio": "threads",
    "aread": "read",
    "asynccontextmanager": "contextmanager",
    "handle_async_request": "handle_request",
}
REFUSED = {
    "anyio": "use agb._concurrency.aio",
    "asyncio": "use agb._concurrency.aio",
    "trio": "use agb._concurrency.aio",
    "create_task_group": "use map_parallel",
    "TaskGroup": "use map_parallel",
}
# Fixtures of anyio's pytest plugin: threads have no backend to choose.
BACKEND_FIXTURES = ("anyio_backend", "anyio_backend_name", "anyio_backend_options")

# What is out of order, named twice or no longer needed once names have changed: imports, __all__,
# members of a union, a noqa for a rule about async code, an empty `if TYPE_CHECKING`. And what
# only blocking code can say shorter: list(x), one `with` for two, `yield from`.
TIDY = (
    "--fix",
    "--exit-zero",
    "--fixable=I001,F401,PYI016,RUF022,RUF100,TC005,C416,SIM117,UP028",
    "--config=lint.extend-safe-fixes=['C416', 'SIM117', 'UP028']",
)

LEADING_ASYNC = re.compile(r"^(_?)Async(?=[A-Z])")
WORD = re.compile(r"\b[A-Za-z_]\w*")
BACKTICKS = re.compile(r"(?<!`)(`+)(?!`)[^`]+\1(?!`)")
EXAMPLE = re.compile(
    # A fence that is never closed runs to the end, where it breaks the build.
    r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?:python|pycon|py)\b.*\n"
    r"(?P<fenced>[\s\S]*?)(?:^(?P=indent)(?P=fence)|\Z)"
    r"|^(?P<margin> *)Examples?::? *\n(?P<section>(?:(?P=margin) +\S.*(?:\n|\Z)|[ ]*\n)+)"
    r"|^ *(?P<prompt>>>> .*(?:\n *\.\.\.(?: .*)?$)*)",
    re.MULTILINE,
)


class TwinError(Exception):
    """A source cannot be translated; the message names the file, the line and the reason."""


class Source(NamedTuple):
    """A file being translated: its path, the project's classes, the rules it turns out to use."""

    path: str
    classes: Collection[str]
    used: set[str]

    def name(self, name: str, _line: int = 0) -> str:
        """Translate one identifier."""
        if name in RENAMES:
            self.used.add(name)
        return RENAMES.get(name) or LEADING_ASYNC.sub(r"\1", name)

    def words(self, text: str, _line: int = 0) -> str:
        """Rename the project's classes where a text mentions them, and nothing else."""
        return WORD.sub(lambda m: self.name(m[0]) if m[0] in self.classes else m[0], text)

    def prose(self, text: str) -> str:
        """Translate a text in which whatever stands between backticks is code."""
        return BACKTICKS.sub(lambda span: self._inline_code(span[0]), self.words(text))

    def _inline_code(self, text: str) -> str:
        plain = re.sub(r"\b(?:await|async)\s+", "", text)
        return WORD.sub(lambda word: self.name(word[0]), plain)

    def docstring(self, text: str, line: int) -> str:
        """Translate a docstring that starts on *line*: prose, and the examples in it."""
        parts, done = [], 0
        for match in EXAMPLE.finditer(text):
            kind = str(match.lastgroup)
            start, end = match.span(kind)
            at = line + text.count("\n", 0, start)
            translate = self._statement if kind == "prompt" else self._block
            parts += [self.prose(text[done : match.start()]), text[match.start() : start]]
            parts += [translate(match[kind], at), text[end : match.end()]]
            done = match.end()
        return "".join([*parts, self.prose(text[done:])])

    def _block(self, text: str, line: int) -> str:
        """Translate an indented block: code, unless a prompt or a fence says where code is."""
        code = textwrap.dedent(text)
        if re.search(r"^(>>> |```|~~~)", code, re.MULTILINE):
            return self.docstring(text, line)
        margin = re.match(r"\s*?( *)(?=\S|\Z)", text)
        return textwrap.indent(self.code(code, line), margin[1] if margin else "")

    def _statement(self, text: str, line: int) -> str:
        """Translate a statement behind its prompts."""
        code = re.sub(r"^ *(>>>|\.\.\.) ?", "", text, flags=re.MULTILINE)
        margin = re.search(r"\n *(?=\.\.\.)", text)
        return ">>> " + self.code(code, line).replace("\n", f"{margin[0] if margin else ''}... ")

    def code(self, text: str, line: int = 1) -> str:
        """Translate code whose first line is *line* of the file."""
        try:
            module = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
            return module.visit(_Visitor(self, line - 1)).code
        except cst.ParserSyntaxError as error:
            wrong_line, reason = _mistake(text, error)
            raise TwinError(f"{self.path}:{line + wrong_line - 1}: {reason}") from error
        except cst.CSTValidationError as error:
            raise TwinError(f"{self.path}:{line}: not formatted by ruff: {error}") from error


class _Visitor(cst.CSTTransformer):
    """Translates a tree; *lines_above* is how many lines the file has above it."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, source: Source, lines_above: int) -> None:
        super().__init__()
        self.source = source
        self.lines_above = lines_above
        self.readings: list[Callable[[str, int], str]] = [source.words]
        self.types: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Note how the strings inside *node* are to be read; refuse what only tasks can do."""
        reading = self.readings[-1]
        match node:
            case cst.Expr(value=cst.SimpleString()):
                reading = self.source.docstring
            case cst.Annotation():
                reading = self.source.code
            case cst.Call(args=[first, *_]) if _last_name(node.func) == "cast":
                self.types.add(first)
            case cst.Arg() if node in self.types:
                reading = self.source.code
            case cst.Subscript() if _last_name(node.value) in {"Annotated", "Literal"}:
                reading = self.source.words
            case (
                cst.Assign(targets=[cst.AssignTarget(target=cst.Name("__all__"))])
                | cst.AnnAssign(target=cst.Name("__all__"))
            ):
                reading = self.source.name
            case cst.Name(name) if name in REFUSED:
                where = f"{self.source.path}:{self._line(node)}"
                raise TwinError(f"{where}: {name} has no blocking twin, {REFUSED[name]}")
        self.readings.append(reading)
        return super().on_visit(node)

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        self.readings.pop()
        if hasattr(updated_node, "asynchronous"):
            updated_node = updated_node.with_changes(asynchronous=None)
        return super().on_leave(original_node, updated_node)

    def leave_Await(self, _: cst.Await, node: cst.Await) -> cst.BaseExpression:
        return _operand(node)

    def leave_Name(self, _: cst.Name, node: cst.Name) -> cst.Name:
        return node.with_changes(value=self.source.name(node.value))

    def leave_Comment(self, _: cst.Comment, node: cst.Comment) -> cst.Comment:
        return node.with_changes(value=self.source.prose(node.value))

    def leave_SimpleString(
        self, original: cst.SimpleString, node: cst.SimpleString
    ) -> cst.SimpleString:
        text = self.readings[-1](node.raw_value, self._line(original))
        return node.with_changes(value=f"{node.prefix}{node.quote}{text}{node.quote}")

    def leave_FormattedStringText(
        self, _: cst.FormattedStringText, node: cst.FormattedStringText
    ) -> cst.FormattedStringText:
        return node.with_changes(value=self.source.words(node.value))

    def leave_Subscript(self, original: cst.Subscript, node: cst.Subscript) -> cst.BaseExpression:
        name = _last_name(original.value)
        last = node.slice[-1].slice
        if name in {"Awaitable", "Coroutine"} and isinstance(last, cst.Index):
            return last.value
        if name == "AsyncGenerator":
            none = cst.SubscriptElement(cst.Index(cst.Name("None")))
            plain = [part.with_changes(comma=none.comma) for part in node.slice]
            return node.with_changes(slice=[*plain, none, none][:3])
        return node

    def leave_Param(self, _: cst.Param, node: cst.Param) -> cst.Param | cst.RemovalSentinel:
        return cst.RemoveFromParent() if node.name.value in BACKEND_FIXTURES else node

    def leave_FunctionDef(
        self, _: cst.FunctionDef, node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        return cst.RemoveFromParent() if node.name.value in BACKEND_FIXTURES else node

    def _line(self, node: cst.CSTNode) -> int:
        return self.lines_above + int(self.get_metadata(PositionProvider, node).start.line)


def _mistake(text: str, error: cst.ParserSyntaxError) -> tuple[int, str]:
    """Ask Python where the mistake is: LibCST's tokenizer does not say."""
    try:
        ast.parse(text)
    except SyntaxError as mistake:
        return mistake.lineno or 1, mistake.msg
    return error.raw_line, error.message


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def _last_name(node: cst.BaseExpression) -> str:
    node = node.attr if isinstance(node, cst.Attribute) else node
    return node.value if isinstance(node, cst.Name) else ""


def _operand(node: cst.Await) -> cst.BaseExpression:
    """Return what is awaited, without the parentheses that only the await needed."""
    lpar, rpar = [*node.lpar, *node.expression.lpar], [*node.expression.rpar, *node.rpar]
    bare = node.expression.with_changes(lpar=[], rpar=[])
    same = node.expression.with_changes(lpar=lpar, rpar=rpar)
    if not isinstance(bare, cst.Name | cst.Attribute | cst.Call | cst.Subscript):
        return same
    if any("#" in _code(parenthesis) for parenthesis in (*lpar, *rpar)):
        return same
    try:
        cst.parse_expression(_code(bare))
    except cst.ParserSyntaxError:  # an expression that goes on over lines
        return same
    return bare


def translate(
    source: str, path: str, classes: Collection[str] = ("AsyncAGB",), used: set[str] | None = None
) -> str:
    """Return the blocking twin of *source*.

    Args:
        source: Text of the asynchronous file.
        path: Where it lives, relative to the root of the repository.
        classes: The project's class names, renamed wherever a text mentions them.
        used: Collects the entries of `RENAMES` that were needed.

    Raises:
        TwinError: Something in *source* has no blocking twin.
    """
    text = Source(path, classes, set() if used is None else used).code(source)
    text = _ruff(twin_of(path), "check", HEADER.format(path) + text, *TIDY)
    return _ruff(twin_of(path), "format", text)


def _ruff(path: str, command: str, text: str, *options: str) -> str:
    arguments = [find_ruff_bin(), command, *options, f"--stdin-filename={path}", "-"]
    done = subprocess.run(  # noqa: S603 - the arguments are our own
        arguments, cwd=ROOT, input=text.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise TwinError(f"{path}: {done.stderr.decode().strip()}")
    return done.stdout.decode()


def twin_of(path: str) -> str:
    """Return the path of the file that is generated from *path*."""
    return re.sub(r"(^|/)_async/", r"\1_sync/", path)


def files_under(root: Path, folder: str, pattern: str = "*") -> list[str]:
    """List the files in every *folder* of the repository, caches left out."""
    found = (p for home in HOMES for p in (root / home).glob(f"**/{folder}/**/{pattern}"))
    files = (p for p in found if p.is_file() and "__pycache__" not in p.parts)
    return sorted(p.relative_to(root).as_posix() for p in files)


def generate(root: Path) -> tuple[dict[str, str], list[str]]:
    """Return every twin by its path, and what went wrong on the way."""
    sources = {p: (root / p).read_text("utf-8") for p in files_under(root, "_async", "*.py")}
    defined = re.findall(r"^class (_?Async\w+)", "\n".join(sources.values()), re.MULTILINE)
    twins, wrong, used = dict[str, str](), list[str](), set[str]()
    for path, source in sources.items():
        try:
            twins[twin_of(path)] = translate(source, path, {"AsyncAGB", *defined}, used)
        except TwinError as error:
            wrong.append(str(error))
    unused = sorted(RENAMES.keys() - used)
    return twins, wrong + [f"scripts/twin.py: no source uses the rule {name!r}" for name in unused]


def orphans(root: Path) -> list[str]:
    """List what lies in a `_sync` folder without a source."""
    twins = {twin_of(path) for path in files_under(root, "_async", "*.py")}
    return [path for path in files_under(root, "_sync") if path not in twins]


def problems(root: Path) -> list[str]:
    """List what is wrong with the twins under *root*, and with the rules that make them."""
    twins, wrong = generate(root)
    there = {path: (root / path).read_bytes() for path in twins if (root / path).exists()}
    missing = [path for path in twins if path not in there]
    stale = [path for path in there if there[path] != twins[path].encode()]
    return [
        *wrong,
        *(f"{path}: missing" for path in missing),
        *(f"{path}: stale" for path in stale),
        *(f"{path}: orphaned, there is no source for it" for path in orphans(root)),
    ]


def write(root: Path) -> None:
    """Write every twin under *root*, and remove generated files whose source is gone."""
    twins, _ = generate(root)
    for path, text in twins.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    for path in orphans(root):
        if (root / path).read_bytes().startswith(HEADER.partition("{")[0].encode()):
            (root / path).unlink()


def main(root: Path = ROOT) -> int:
    """Write the twins under *root*, or only check them; print what is wrong."""
    parser = argparse.ArgumentParser(description="Write every _sync folder from its _async twin.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args().check:
        write(root)
    wrong = problems(root)
    print(*wrong, sep="\n", end="\n" if wrong else "")  # noqa: T201 - a command prints
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
