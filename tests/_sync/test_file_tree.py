# Generated from tests/_async/test_file_tree.py; edit that file, then `nox -s twin`.
"""Where files are: typed facts, whole trees, patterns."""

import httpx
import pytest
from support.fake import Network, tool_text
from support.local import own_file_system

from agb import (
    AGB,
    APIConnectionError,
    ExecutionTimeoutError,
    FileError,
    Session,
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
def test_trees_and_patterns_tell_all_there_is(session: Session) -> None:
    assert session.command.execute(MAKE).success
    listing = session.file.list("/tmp/t/", recursive=True)
    assert tuple((entry.path, entry.is_directory) for entry in listing.entries) == TREE
    assert [entry.name for entry in listing.entries][-1] == "top.py"
    assert session.file.list("/tmp/t/loop", recursive=True).entries[0].path.endswith(".hid")
    for pattern, expected in PATTERNS.items():
        assert tuple(session.file.glob(pattern).matches) == expected, pattern
    session.command.execute("mkdir d && touch d/one")
    assert session.file.glob("*/o*").matches == ("d/one",)
    assert [e.path for e in session.file.list("d", recursive=True).entries] == ["d/one"]


def test_what_is_no_directory_has_no_tree(session: Session) -> None:
    session.file.write("/tmp/file", "x")
    missing = session.file.list("/tmp/none", recursive=True)
    assert missing.code == "File.NotFound"
    assert "/tmp/none" in missing.error_message
    deeper = session.file.list("/tmp/none/deeper", recursive=True)
    assert deeper.code == "File.NotFound"
    assert session.file.list("/tmp/file", recursive=True).code == "File.NotDirectory"
    for bad in ("", "a\0b", 5):
        assert session.file.list(bad, recursive=True).code == "PARAM_ERROR"  # type: ignore[arg-type]
        assert session.file.glob(bad).code == "PARAM_ERROR"  # type: ignore[arg-type]


@own_file_system
def test_facts_are_typed(session: Session) -> None:
    session.command.execute("printf 12345 >/tmp/five; chmod 640 /tmp/five; ln -s x /tmp/bad")
    stat = session.file.stat("/tmp/five").raise_for_error().data
    assert stat is not None
    assert (stat.name, stat.path, stat.size, stat.mode) == ("five", "/tmp/five", 5, "-rw-r-----")
    assert not stat.is_directory
    assert stat.owner
    assert stat.group
    assert stat.modified is not None
    assert stat.modified.tzinfo is not None
    assert session.file.info("/tmp").stat.is_directory
    assert session.file.stat("/tmp/none").code == "File.NotFound"
    assert session.file.exists("/tmp/five")
    assert session.file.exists("/tmp/bad").data
    for gone in ("/tmp/none", "/tmp/none/deeper", "/tmp/five/below"):
        found = session.file.exists(gone)
        assert found.success
        assert not found
        assert found.request_id


def client(network: Network) -> AGB:
    return AGB("key", endpoint="https://agb.example", transport=network)


def test_whether_a_file_exists_is_not_guessed() -> None:
    with client(Network(mcp=httpx.ReadTimeout("slow"))) as agb:
        unknown = Session(agb, "s-1").file.exists("/tmp/x")
    assert not unknown.success
    with pytest.raises(APIConnectionError):
        bool(unknown)
    network = Network(mcp=tool_text("/tmp/x: permission denied", is_error=True))
    with client(network) as agb:
        denied = Session(agb, "s-1").file.exists("/tmp/x")
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
def test_a_tree_that_can_not_be_listed_is_not_empty(
    answer: httpx.Response, kind: type[Exception]
) -> None:
    with client(Network(mcp=answer)) as agb:
        files = Session(agb, "s-1").file
        assert type(files.list("/tmp", recursive=True).error) is kind
        assert type(files.glob("/tmp/*").error) is kind
