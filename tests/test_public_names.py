"""What `import agb` gives, what it costs, and who may import whom."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from support.local import LocalAGB

import agb

ROOT = Path(agb.__file__).parent
# Of each library, the places that may import it; the AGB on this machine is a program apart.
HOMES = {
    "anyio": ("agb._concurrency",),
    "asyncio": ("agb._concurrency",),
    "h11": ("agb._http11",),
    "httpcore": (),
    "httpx": ("agb._http",),
    "threading": ("agb._concurrency",),
    "trio": (),
    "websockets": ("agb._web_socket",),
}
TWINS = ("agb._async", "agb._sync")
# What only some calls need, and is loaded with the first of them.
LATE = (
    "anyio.from_thread",
    "anyio.to_thread",
    "asyncio",
    "httpcore",
    "importlib.metadata",
    "websockets",
    "agb._browser",
    "agb._embedded",
    "agb._lease",
    "agb._wire.messages.contexts",
    "agb._wire.messages.facts",
    "agb._wire.tools",
    "agb.context_sync",
    "agb.results.contexts",
    "agb.results.facts",
    "agb.results.files",
    "agb.results.folders",
    "zipfile",
)
# What a client that is made needs, and is loaded then.
MADE = ("cattrs", "agb._wire.conversion", "agb._wire.messages.sessions")


def below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT.parent).parts[: -node.level] if node.level else ()
            source = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


IMPORTS = {module_of(path): sorted(set(imported(path))) for path in sorted(ROOT.rglob("*.py"))}


def imports_of(*packages: str, but: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield who imports what, among the modules of some packages."""
    for module, names in IMPORTS.items():
        if below(module, *packages) and not below(module, *but):
            yield from ((module, name) for name in names)


def promised(package: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield what type checkers take a package's names for: modules, and names in them."""
    tree = ast.parse(inspect.getsource(package))
    for block in tree.body:
        if isinstance(block, ast.If):
            for node in block.body:
                assert isinstance(node, ast.ImportFrom)
                assert node.module
                yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("package", [agb, agb.results], ids=lambda each: each.__name__)
def test_each_public_name_is_what_type_checkers_take_it_for(package: ModuleType) -> None:
    names = {name for _, name in promised(package)}
    assert names
    assert names == set(package.__all__) <= set(dir(package))
    for module, name in promised(package):
        assert getattr(package, name) is getattr(import_module(module), name)


def test_all_public_names_can_be_imported_at_once() -> None:
    here: dict[str, object] = {}
    exec("from agb import *", here)  # noqa: S102 - there is no other way within a function
    assert set(agb.__all__) <= set(here)


@pytest.mark.parametrize("package", [agb, agb.results], ids=lambda each: each.__name__)
def test_a_name_that_is_not_public_is_told_as_missing(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"'{package.__name__}' has no attribute 'Agb'"):
        _ = package.Agb
    assert not hasattr(package, "_absent")


@pytest.mark.parametrize(
    "name", ["config", "context_sync", "exceptions", "extension", "results", "session_params"]
)
def test_a_public_module_is_an_attribute_of_the_package(name: str) -> None:
    script = f"import agb; print(agb.{name}.__name__)"
    assert printed(script) == [f"agb.{name}"]


def printed(script: str) -> list[str]:
    """Return the words that a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, check=True, text=True
    )
    return done.stdout.split()


def loaded_by(script: str) -> list[str]:
    """Return the modules that a program loads, beyond those that are there when it begins."""
    return printed(
        f"import sys; there = {{*sys.modules}}; {script}; print(*{{*sys.modules}} - there)"
    )


def test_importing_the_package_loads_no_library_and_neither_twin() -> None:
    loaded = loaded_by("import agb")
    unwanted = ("httpx", "anyio", "attr", "attrs", "cattrs", "asyncio", "typing", *TWINS)
    assert "agb" in loaded
    assert [name for name in loaded if below(name, *unwanted)] == []


@pytest.mark.parametrize(("client", "twin", "other"), [("AsyncAGB", *TWINS), ("AGB", *TWINS[::-1])])
def test_importing_a_client_loads_what_it_begins_with(client: str, twin: str, other: str) -> None:
    loaded = loaded_by(f"from agb import {client}")
    assert f"{twin}.client" in loaded
    assert [name for name in loaded if below(name, other, *LATE, *MADE)] == []


@pytest.mark.parametrize(("client", "twin", "other"), [("AsyncAGB", *TWINS), ("AGB", *TWINS[::-1])])
def test_making_a_client_loads_what_it_creates_sessions_with(
    client: str, twin: str, other: str
) -> None:
    loaded = loaded_by(f"from agb import {client}; {client}('key')")
    assert {f"{twin}.client", *MADE} <= set(loaded)
    assert [name for name in loaded if below(name, other, *LATE)] == []


@pytest.mark.parametrize("twin", TWINS)
def test_commands_load_nothing_that_only_code_and_processes_need(twin: str) -> None:
    loaded = loaded_by(f"import {twin}.command")
    others = ("agb._background", "agb._code_reading", "agb._formats", "agb._wire.code")
    results = ("agb.results.execution", "agb.results.processes")
    assert f"{twin}.command" in loaded
    assert [name for name in loaded if below(name, *others, *results)] == []


WATCHED = """
import asyncio, sys, threading
from agb import AsyncAGB, CreateSessionParams

class Watch:
    loaded_by_main = None

    def find_spec(self, name, path=None, target=None):
        if name.startswith("anyio._backends."):
            self.loaded_by_main = threading.current_thread() is threading.main_thread()

sys.meta_path.insert(0, watch := Watch())

async def main():
    async with AsyncAGB({key!r}, endpoint={endpoint!r}) as agb:
        made = await agb.create(CreateSessionParams(image_id="agb-code-space-1"))
        session = made.raise_for_error().session
        print((await session.command.execute("echo done")).stdout.strip())
        {more}
        await session.delete()

asyncio.run(main())
print(watch.loaded_by_main)
"""


@pytest.mark.parametrize(
    ("more", "loaded_by_main"),
    [
        ("await session.keep_alive()", None),
        ("(await session.file.write_batch({'a': 'a', 'b': 'b'})).raise_for_error()", False),
    ],
)
def test_what_anyio_runs_tasks_with_is_loaded_late_and_never_holds_up_the_loop(
    local_agb: LocalAGB, more: str, loaded_by_main: bool | None
) -> None:
    """It takes as long as ten calls."""
    script = WATCHED.format(key=local_agb.api_key, endpoint=local_agb.endpoint, more=more)
    assert printed(script) == ["done", str(loaded_by_main)]


def test_the_public_names_are_sorted_and_complete() -> None:
    assert set(agb.__all__) == {name for _, name in promised(agb)}
    assert len(set(agb.__all__)) == len(agb.__all__)
    assert agb.__all__ == sorted(
        agb.__all__, key=lambda name: (not name[0].isupper(), not name.isupper(), name)
    )


def test_every_class_that_a_public_module_defines_is_public() -> None:
    for module in (agb.config, agb.exceptions, agb.results, agb.session_params):
        defined = {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and below(value.__module__, module.__name__)
        }
        assert defined
        assert {name for name in defined if not name.startswith("_")} <= set(agb.__all__)


@pytest.mark.parametrize("name", agb.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    value = getattr(agb, name)
    if name == "__version__":
        assert value.count(".") >= 2
    elif name == "DEFAULT_IMAGES":
        assert '\n)\n"""Well-known images' in inspect.getsource(agb.session_params)
    elif name == "StreamEvent":
        assert 'EndEvent\n"""What a stream yields' in inspect.getsource(agb.results.events)
    else:
        undocumented = [
            member
            for member, found in [("", value), *vars(value).items()]
            if not member.startswith("_") and is_code(found) and not inspect.getdoc(found)
        ]
        assert not undocumented


def is_code(found: object) -> bool:
    return inspect.isclass(found) or inspect.isroutine(found) or isinstance(found, property)


def test_importing_the_client_loads_nothing_of_an_agb_on_this_machine() -> None:
    loaded = loaded_by("from agb import *")
    assert {"agb._async.client", "agb._sync.client"} <= set(loaded)
    unwanted = (
        "httpcore",
        "websockets",
        "agb.local",
        "starlette",
        "uvicorn",
        "IPython",
        "psutil",
        "jsonschema",
        "trio",
    )
    assert [name for name in loaded if below(name, *unwanted)] == []


def test_a_library_is_imported_in_its_home_only() -> None:
    for module, name in imports_of("agb", but=("agb.local", "agb.cli")):
        library = name.partition(".")[0]
        assert below(module, *HOMES.get(library, (module,))), f"{module} imports {name}"
    for library, homes in HOMES.items():
        assert not homes or any(below(name, library) for _, name in imports_of(*homes))


def test_the_contract_imports_nothing_above_it() -> None:
    above = [pair for pair in imports_of("agb._wire") if below(pair[1], "agb")]
    assert [pair for pair in above if not below(pair[1], "agb._wire", "agb._lazy")] == []
    assert above


def test_the_agb_on_this_machine_knows_the_contract_and_nothing_of_the_client() -> None:
    known = ("agb.local", "agb._wire", "agb._version", "agb.context_sync")
    used = [pair for pair in imports_of("agb.local") if below(pair[1], "agb")]
    assert [pair for pair in used if not below(pair[1], *known)] == []
    assert used


def test_nothing_of_the_client_imports_the_agb_on_this_machine() -> None:
    used = list(imports_of("agb", but=("agb.local", "agb.cli")))
    assert [pair for pair in used if below(pair[1], "agb.local")] == []


def test_what_both_twins_share_imports_neither() -> None:
    shared = list(imports_of("agb", but=(*TWINS, "agb.cli")))
    assert [pair for pair in shared if pair[0] != "agb" and below(pair[1], *TWINS)] == []


def test_neither_twin_imports_the_other() -> None:
    for twin, other in (TWINS, TWINS[::-1]):
        used = list(imports_of(twin))
        assert [pair for pair in used if below(pair[1], other)] == []
        assert used
