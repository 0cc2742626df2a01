"""Where files are: typed facts, whole trees, patterns."""

import httpx
import pytest
from support.fake import Network, tool_text
from support.local import own_file_system

from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncSession,
    ExecutionTimeoutError,
    FileError,
    UnexpectedResponseError,
)

MAKE = (
    "mkdir -p '/tmp/t/a b/deep/empty' /tmp/t/.hid && cd /tmp/t && touch top.py 'a b/new\nline.py' "
    "'a b/deep/é.py' '[x].py' .hid/dot.py && ln -s . loop && ln -s nowhere dangling"
)
TREE = (
    ("/tmp/t/.hid", True),
    ("/tmp/t/.hid/dot.py", False),
    ("/tmp/t/[x].py", False),
    ("/tmp/t/a b", True),
    ("/tmp/t/a b/deep", True),
    ("/tmp/t/a b/deep/empty", True),
    ("/tmp/t/a b/deep/é.py", False),
    ("/tmp/t/a b/new\nline.py", False),
    ("/tmp/t/dangling", False),
    ("/tmp/t/loop", False),
    ("/tmp/t/top.py", False),
)
PATTERNS = {
    "/tmp/t/*.py": ("/tmp/t/[x].py", "/tmp/t/top.py"),
    "/tmp/t/**/*.py": tuple(path for path, _ in TREE if path.endswith(".py")),
    "/tmp/t/a b/**": ("/tmp/t/a b/deep", "/tmp/t/a b/deep/empty", *TREE[6][:1], *TREE[7][:1]),
    "/tmp/t/a?b/*/?.py": ("/tmp/t/a b/deep/é.py",),
    "/tmp/t/[[]x[]].py": ("/tmp/t/[x].py",),
    "/tmp/t/[!a]*/d*": ("/tmp/t/.hid/dot.py",),
    "/tmp/t/top.py": ("/tmp/t/top.py",),
    "/tmp/t/none/*": (),
    "/tmp/t/top.py/*": (),
}


@own_file_system
async def test_trees_and_patterns_tell_all_there_is(session: AsyncSession) -> None:
    assert (await session.command.execute(MAKE)).success
    listing = await session.file.list("/tmp/t/", recursive=True)
    assert tuple((entry.path, entry.is_directory) for entry in listing.entries) == TREE
    assert [entry.name for entry in listing.entries][-1] == "top.py"
    assert (await session.file.list("/tmp/t/loop", recursive=True)).entries[0].path.endswith(".hid")
    for pattern, expected in PATTERNS.items():
        assert tuple((await session.file.glob(pattern)).matches) == expected, pattern
    await session.command.execute("mkdir d && touch d/one")
    assert (await session.file.glob("*/o*")).matches == ("d/one",)
    assert [e.path for e in (await session.file.list("d", recursive=True)).entries] == ["d/one"]


async def test_what_is_no_directory_has_no_tree(session: AsyncSession) -> None:
    await session.file.write("/tmp/file", "x")
    missing = await session.file.list("/tmp/none", recursive=True)
    assert missing.code == "File.NotFound"
    assert "/tmp/none" in missing.error_message
    deeper = await session.file.list("/tmp/none/deeper", recursive=True)
    assert deeper.code == "File.NotFound"
    assert (await session.file.list("/tmp/file", recursive=True)).code == "File.NotDirectory"
    for bad in ("", "a\0b", 5):
        assert (await session.file.list(bad, recursive=True)).code == "PARAM_ERROR"  # type: ignore[arg-type]
        assert (await session.file.glob(bad)).code == "PARAM_ERROR"  # type: ignore[arg-type]


@own_file_system
async def test_facts_are_typed(session: AsyncSession) -> None:
    await session.command.execute("printf 12345 >/tmp/five; chmod 640 /tmp/five; ln -s x /tmp/bad")
    stat = (await session.file.stat("/tmp/five")).raise_for_error().data
    assert stat is not None
    assert (stat.name, stat.path, stat.size, stat.mode) == ("five", "/tmp/five", 5, "-rw-r-----")
    assert not stat.is_directory
    assert stat.owner
    assert stat.group
    assert stat.modified is not None
    assert stat.modified.tzinfo is not None
    assert (await session.file.info("/tmp")).stat.is_directory
    assert (await session.file.stat("/tmp/none")).code == "File.NotFound"
    assert await session.file.exists("/tmp/five")
    assert (await session.file.exists("/tmp/bad")).data
    for gone in ("/tmp/none", "/tmp/none/deeper", "/tmp/five/below"):
        found = await session.file.exists(gone)
        assert found.success
        assert not found
        assert found.request_id


def client(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.example", transport=network)


async def test_whether_a_file_exists_is_not_guessed() -> None:
    async with client(Network(mcp=httpx.ReadTimeout("slow"))) as agb:
        unknown = await AsyncSession(agb, "s-1").file.exists("/tmp/x")
    assert not unknown.success
    with pytest.raises(APIConnectionError):
        bool(unknown)
    network = Network(mcp=tool_text("/tmp/x: permission denied", is_error=True))
    async with client(network) as agb:
        denied = await AsyncSession(agb, "s-1").file.exists("/tmp/x")
    assert isinstance(denied.error, FileError)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (tool_text("killed", is_error=True, code="Execution.Timeout"), ExecutionTimeoutError),
        (tool_text('{"stderr": "find: unknown option", "exit_code": 1}'), FileError),
        (tool_text('{"stderr": "sh: find: command not found", "exit_code": 127}'), FileError),
        (tool_text('{"stdout": "d 0 1 1 1 \\u0000", "exit_code": 137}'), FileError),
        (tool_text("find: not a tool"), UnexpectedResponseError),
    ],
)
async def test_a_tree_that_can_not_be_listed_is_not_empty(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    async with client(Network(mcp=answer)) as agb:
        files = AsyncSession(agb, "s-1").file
        assert type((await files.list("/tmp", recursive=True)).error) is kind
        assert type((await files.glob("/tmp/*")).error) is kind
