"""Turns an example for the blocking client into the same example for the async one, by rule.

Calls that wait on `AsyncAGB` are awaited, whatever they are in becomes `async`, and so on outwards
until nothing changes any more. No rule knows a particular example.
"""

import ast
from inspect import iscoroutinefunction
from typing import Any

from agb import (
    AsyncAGB,
    AsyncCode,
    AsyncCommand,
    AsyncContextService,
    AsyncExtensionsService,
    AsyncFileSystem,
    AsyncSession,
)
from agb._async.oss import AsyncOss

# What a value is, told by the last word of its name.
KINDS = {
    "agb": AsyncAGB,
    "session": AsyncSession,
    "code": AsyncCode,
    "command": AsyncCommand,
    "file_system": AsyncFileSystem,
    "oss": AsyncOss,
    "context": AsyncContextService,
    "extensions": AsyncExtensionsService,
}
RENAMES = {
    "AGB": "AsyncAGB",
    "ExtensionsService": "AsyncExtensionsService",
    "contextmanager": "asynccontextmanager",
}
THREADS, TASKS = "concurrent.futures", "support.fan_out"
STREAMS = {"as_completed"}
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Awaiting(ast.NodeTransformer):
    """Translates examples that share a namespace, one after the other."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self.scopes = {"ThreadPoolExecutor"}
        self.parameters: dict[str, list[str]] = {}

    def translate(self, source: str) -> ast.Module:
        """Return the next example as a tree whose top level may await."""
        while True:
            known = len(self.waiting)
            tree: ast.Module = self.visit(ast.parse(source))
            if len(self.waiting) == known:
                return ast.fix_missing_locations(tree)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(RENAMES.get(node.id, node.id), node.ctx)

    def visit_alias(self, node: ast.alias) -> ast.alias:
        name = TASKS if node.name == THREADS else RENAMES.get(node.name, node.name)
        return ast.alias(name, node.asname)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node) == THREADS:
            return ast.parse(TASKS, mode="eval").body
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        waits = self._waits(node.func)
        parameters = self.parameters.get(_last_name(node.func), [])
        for parameter, argument in zip(parameters, node.args, strict=False):
            if _last_name(argument) in self.waiting:
                self.waiting.add(parameter)
        self.generic_visit(node)
        return ast.Await(node) if waits else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.parameters[node.name] = [argument.arg for argument in node.args.args]
        self.generic_visit(node)
        if not any(_waits_itself(statement) for statement in node.body):
            return node
        is_scope = any(_last_name(mark) == "asynccontextmanager" for mark in node.decorator_list)
        (self.scopes if is_scope else self.waiting).add(node.name)
        fields: dict[str, Any] = {field: getattr(node, field, None) for field in node._fields}
        return ast.AsyncFunctionDef(**fields)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        for method in node.body:
            if isinstance(method, ast.AsyncFunctionDef) and method.name in {
                "__enter__",
                "__exit__",
            }:
                method.name = method.name.replace("__e", "__ae")
                self.scopes.add(node.name)
        return node

    def visit_With(self, node: ast.With) -> ast.stmt:
        opened = [item.context_expr for item in node.items]
        self.generic_visit(node)
        if not any(isinstance(e, ast.Call) and _last_name(e.func) in self.scopes for e in opened):
            return node
        return ast.AsyncWith(node.items, node.body)

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        streamed = isinstance(node.iter, ast.Call) and _last_name(node.iter.func) in STREAMS
        self.generic_visit(node)
        node.is_async = int(streamed)
        return node

    def _waits(self, called: ast.expr) -> bool:
        """Tell whether to await a call: one of the client's own, or of a function that waits."""
        name = _last_name(called)
        if isinstance(called, ast.Attribute):
            receiver = _last_name(called.value)
            for word, kind in KINDS.items():
                if receiver == word or receiver.endswith(f"_{word}"):
                    return iscoroutinefunction(getattr(kind, name))
        return name in self.waiting


def _waits_itself(node: ast.AST) -> bool:
    """Tell whether a statement waits, other than in a function of its own."""
    if isinstance(node, ast.Await | ast.AsyncWith):
        return True
    return not isinstance(node, OWN_SCOPE) and any(map(_waits_itself, ast.iter_child_nodes(node)))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
