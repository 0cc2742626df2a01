"""File operations inside a sandbox, in a folder that stands for its file system."""

import base64
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agb.local.inside import files as files_module
from agb.local.inside.errors import OperationError, about
from agb.local.inside.files import Edit, Files
from agb.local.inside.paths import Paths


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "home/user").mkdir(parents=True)
    return Files(Paths(str(tmp_path)))


def refused(code: str, operation: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    with pytest.raises(OperationError) as caught:
        operation(*arguments, **more)
    assert caught.value.code == code
    return caught.value.message


def test_what_was_written_is_read_back_exactly(files: Files) -> None:
    text = "héllo\r\nworld\n\n😀 no newline at the end"
    files.write("/tmp/x", text)
    assert files.read("/tmp/x") == text


def test_a_file_lies_where_its_path_says_below_the_root(files: Files, tmp_path: Path) -> None:
    files.write("/some/new/folder/x", "a")
    assert (tmp_path / "some/new/folder/x").read_text() == "a"


def test_a_relative_path_starts_at_the_home(files: Files, tmp_path: Path) -> None:
    files.write("x", "a")
    assert (tmp_path / "home/user/x").read_text() == "a"


def test_append_adds_and_overwrite_replaces(files: Files) -> None:
    files.write("x", "a")
    files.write("x", "b", "append")
    assert files.read("x") == "ab"
    files.write("x", "c", "overwrite")
    assert files.read("x") == "c"


def test_create_new_does_not_touch_a_file_that_is_there(files: Files) -> None:
    files.write("x", "a", "create_new")
    assert "x" in refused("File.Exists", files.write, "x", "b", "create_new")
    assert files.read("x") == "a"


def test_an_unknown_write_mode_is_refused(files: Files) -> None:
    assert "overwrite, append, create_new" in refused(
        "Operation.Invalid", files.write, "x", "a", "prepend"
    )


def test_every_byte_survives_a_binary_round_trip(files: Files) -> None:
    data = base64.b64encode(bytes(range(256))).decode()
    files.write("x", data, binary=True)
    assert files.read("x", binary=True) == data
    assert files.info("x")["size"] == 256
    assert base64.b64decode(files.read("x", 10, 5, binary=True)) == bytes(range(10, 15))


def test_what_is_not_base64_is_refused(files: Files) -> None:
    refused("Operation.Invalid", files.write, "x", "?", binary=True)


def test_what_is_not_text_can_be_neither_read_nor_written_as_text(files: Files) -> None:
    files.write("x", base64.b64encode(b"\xff\x00").decode(), binary=True)
    assert "binary" in refused("File.NotText", files.read, "x")
    refused("File.NotText", files.write, "y", "\ud800")


@given(text=st.text(max_size=60), size=st.integers(1, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
def test_ranges_side_by_side_join_to_the_exact_text(files: Files, text: str, size: int) -> None:
    files.write("x", text)
    length = len(text.encode())
    parts = [files.read("x", offset, size) for offset in range(0, length, size)]
    assert "".join(parts) == text


def test_a_range_beyond_the_end_is_empty(files: Files) -> None:
    files.write("x", "abc")
    assert files.read("x", 10, 5) == ""
    assert files.read("x", 2**62, 5) == ""
    assert files.read("x", 2) == "c"


def test_a_range_that_starts_in_bytes_of_no_character_is_not_text(files: Files) -> None:
    files.write("x", base64.b64encode(b"a\x80\x80\x80\x80b").decode(), binary=True)
    refused("File.NotText", files.read, "x", 3, 3)
    assert files.read("x", 5) == "b"


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_a_negative_range_is_refused(files: Files, offset: int, length: int | None) -> None:
    refused("Operation.Invalid", files.read, "x", offset, length)


@pytest.mark.parametrize("binary", [False, True])
def test_more_than_one_answer_can_carry_must_be_read_in_ranges(
    files: Files, monkeypatch: pytest.MonkeyPatch, binary: bool
) -> None:
    monkeypatch.setattr(files_module, "LARGEST_ANSWER", 10)
    files.write("x", "a" * 11)
    assert "ranges" in refused("File.TooLarge", files.read, "x", binary=binary)
    refused("File.TooLarge", files.read, "x", 0, 11, binary=binary)
    assert files.read("x", 0, 10) == "a" * 10


def test_reading_several_files_answers_for_each(files: Files) -> None:
    files.write("a", "1")
    good, bad = files.read_many(["a", "missing"])
    assert good == {"path": "a", "content": "1"}
    assert bad["path"] == "missing"
    assert bad["error"]["code"] == "File.NotFound"
    assert "missing" in bad["error"]["message"]


def test_a_missing_file_is_named_in_the_refusal(files: Files) -> None:
    for operation in files.read, files.info, files.entries, files.remove:
        assert "/no/such" in refused("File.NotFound", operation, "/no/such")
    assert "/no/such" in refused("File.NotFound", files.move, "/no/such", "/x")
    assert "/no/such" in refused("File.NotFound", files.edit, "/no/such", [])


def test_a_directory_has_no_contents_and_a_file_no_entries(files: Files) -> None:
    files.mkdir("d")
    files.write("x", "a")
    refused("File.IsDirectory", files.read, "d")
    refused("File.IsDirectory", files.write, "d", "a")
    refused("File.NotDirectory", files.entries, "x")
    refused("File.NotDirectory", files.read, "x/y")
    refused("File.NotDirectory", files.write, "x/y", "a")


def test_what_is_neither_file_nor_directory_is_not_read(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "home/user/pipe")
    refused("File.NotRegular", files.read, "pipe")
    refused("File.NotRegular", files.write, "pipe", "a")


def test_info_describes_a_file(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="someone"))
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_name="some"))
    files.write("/tmp/x.txt", "abc")
    (tmp_path / "tmp/x.txt").chmod(0o640)
    os.utime(tmp_path / "tmp/x.txt", (0, 1.5))
    info = files.info("/tmp/x.txt")
    assert info["name"] == "x.txt"
    assert info["path"] == "/tmp/x.txt"
    assert info["size"] == 3
    assert info["isDirectory"] is False
    assert info["modTime"] == "1970-01-01T00:00:01.500+00:00"
    assert info["mode"] == "-rw-r-----"
    assert info["owner"] == "someone"
    assert info["group"] == "some"


def test_info_describes_a_directory_and_a_dangling_link(files: Files, tmp_path: Path) -> None:
    assert files.info("/")["isDirectory"] is True
    (tmp_path / "home/user/link").symlink_to("nowhere")
    assert files.info("link")["mode"].startswith("l")


def test_owners_that_have_no_name_are_numbers(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_knows(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", nobody_knows)
    monkeypatch.setattr("grp.getgrgid", nobody_knows)
    info = files.info("/")
    assert (info["owner"], info["group"]) == (str(os.getuid()), str(os.getgid()))


def test_a_listing_is_in_order_and_tells_directories(files: Files, tmp_path: Path) -> None:
    files.mkdir("b")
    files.write("a", "")
    (tmp_path / "home/user" / os.fsdecode(b"c\xff")).touch()
    assert files.entries(".") == [
        {"name": "a", "isDirectory": False},
        {"name": "b", "isDirectory": True},
        {"name": "c\N{REPLACEMENT CHARACTER}", "isDirectory": False},
    ]
    files.mkdir("empty")
    assert files.entries("empty") == []


def test_making_a_directory_that_is_there_is_fine_unless_it_is_a_file(files: Files) -> None:
    files.mkdir("/a/b/c")
    files.mkdir("/a/b/c")
    files.write("x", "")
    refused("File.Exists", files.mkdir, "x")


def test_a_file_moves_and_is_gone_from_its_old_place(files: Files) -> None:
    files.write("a", "1")
    files.move("a", "/new/place/b")
    assert files.read("/new/place/b") == "1"
    refused("File.NotFound", files.read, "a")


def test_a_move_replaces_nothing(files: Files) -> None:
    files.write("a", "1")
    files.write("b", "2")
    refused("File.Exists", files.move, "a", "b")
    assert (files.read("a"), files.read("b")) == ("1", "2")


def test_a_directory_cannot_move_into_itself(files: Files) -> None:
    files.mkdir("/a/b")
    refused("Path.Invalid", files.move, "/a", "/a/b/c")


def test_remove_takes_files_links_and_whole_directories(files: Files, tmp_path: Path) -> None:
    files.write("/d/e/x", "a")
    (tmp_path / "link").symlink_to("d")
    files.remove("/link")
    assert files.read("/d/e/x") == "a"
    files.remove("/d/e/x")
    files.remove("/d")
    refused("File.NotFound", files.info, "/d")


def test_the_root_cannot_be_removed(files: Files, tmp_path: Path) -> None:
    refused("File.PermissionDenied", files.remove, "/")
    refused("File.PermissionDenied", files.remove, "../..")
    assert tmp_path.exists()


def test_an_edit_replaces_the_first_match_of_each_text_in_turn(files: Files) -> None:
    files.write("x", "one\ntwo\ntwo\n")
    diff = files.edit("x", [Edit(oldText="two", newText="2"), Edit(oldText="2", newText="zwei")])
    assert files.read("x") == "one\nzwei\ntwo\n"
    assert diff.splitlines() == [
        "--- x",
        "+++ x",
        "@@ -1,4 +1,4 @@",
        " one",
        "-two",
        "+zwei",
        " two",
        " ",
    ]


def test_an_edit_that_does_not_match_changes_nothing(files: Files) -> None:
    files.write("x", "one")
    edits = [Edit(oldText="one", newText="1"), Edit(oldText="two", newText="2")]
    assert "'two'" in refused("File.EditMismatch", files.edit, "x", edits)
    refused("File.EditMismatch", files.edit, "x", [Edit(oldText="", newText="2")])
    assert files.read("x") == "one"


def test_a_dry_run_tells_the_difference_and_changes_nothing(files: Files) -> None:
    files.write("x", "one")
    assert "+1" in files.edit("x", [Edit(oldText="one", newText="1")], dry_run=True)
    assert files.read("x") == "one"


def test_an_edit_keeps_the_mode_and_follows_a_link(files: Files, tmp_path: Path) -> None:
    files.write("x", "one")
    real, link = tmp_path / "home/user/x", tmp_path / "home/user/link"
    real.chmod(0o751)
    link.symlink_to("x")
    files.edit("link", [Edit(oldText="one", newText="1")])
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o751
    assert real.read_text() == "1"
    assert sorted(path.name for path in real.parent.iterdir()) == ["link", "x"]


def test_an_edit_that_cannot_be_written_leaves_no_draft(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write("x", "one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    refused("File.NoSpace", files.edit, "x", [Edit(oldText="one", newText="1")])
    assert [path.name for path in (tmp_path / "home/user").iterdir()] == ["x"]
    assert files.read("x") == "one"


def test_an_edit_that_changes_nothing_writes_nothing(files: Files, tmp_path: Path) -> None:
    files.write("x", "one")
    before = (tmp_path / "home/user/x").stat().st_ino
    assert files.edit("x", [Edit(oldText="one", newText="one")]) == ""
    assert (tmp_path / "home/user/x").stat().st_ino == before


def test_paths_that_name_nothing_are_refused(files: Files) -> None:
    for path in "", "a\0b", "\ud800":
        refused("Path.Invalid", files.read, path)
    refused("Path.Invalid", files.write, "x" * 300, "a")


def test_a_mapped_path_cannot_climb_out(files: Files) -> None:
    files.write("/../../x", "a")
    assert files.read("/x") == "a"


def test_a_link_that_leads_out_is_not_followed(files: Files, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.write_text("secret")
    (tmp_path / "home/user/link").symlink_to(secret)
    (tmp_path / "home/user/up").symlink_to("../../..")
    assert "link" in refused("Path.OutsideSandbox", files.read, "link")
    refused("Path.OutsideSandbox", files.write, "link", "a")
    refused("Path.OutsideSandbox", files.remove, f"up/{secret.name}")
    files.remove("link")
    assert secret.read_text() == "secret"


def test_without_a_mapping_paths_are_what_they_are(tmp_path: Path) -> None:
    files = Files(Paths("/", str(tmp_path)))
    files.write("x", "a")
    assert files.read(f"{tmp_path}/x") == "a"
    assert files.info("x")["path"] == f"{tmp_path}/x"


@pytest.mark.parametrize(
    ("number", "code"),
    [(13, "File.PermissionDenied"), (28, "File.NoSpace"), (40, "Path.Invalid"), (5, "File.Failed")],
)
def test_what_the_system_refuses_has_a_code_and_names_the_path(number: int, code: str) -> None:
    with pytest.raises(OperationError, match=r"^/a/b: ") as caught, about("/a/b"):
        raise OSError(number, "refused")
    assert caught.value.code == code
    assert repr(caught.value).startswith(f"OperationError(code={code!r}")


def test_an_error_without_a_number_is_a_failure_all_the_same() -> None:
    with pytest.raises(OperationError) as caught, about("x"):
        raise socket.timeout  # noqa: UP041 - an OSError that has no number
    assert caught.value.code == "File.Failed"
