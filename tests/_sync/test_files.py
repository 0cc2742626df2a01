# Generated from tests/_async/test_files.py; edit that file, then `nox -s twin`.
"""Files of a session."""

import pytest
from support.local import apart_from_the_machine, own_file_system

from agb import AGB, FileError, Session

LONG = 130_000
"""More than two pieces' worth."""


def test_text_comes_back_as_it_went_in(session: Session) -> None:
    text = "first\r\nsecond\n\ttäb \0 end without newline"
    assert session.file.write("/tmp/text", text).data is True
    read = session.file.read("/tmp/text")
    assert read.content == text
    assert str(read) == text


def test_characters_across_the_borders_of_pieces_stay_whole(session: Session) -> None:
    text = "x" + "äö€🙂" * (LONG // 4)
    session.file.write("/tmp/long", text)
    assert session.file.read("/tmp/long").content == text
    found = session.file.read("/tmp/long", format="bytes")
    assert found.content == text.encode()
    assert found.size == len(text.encode())


@own_file_system
def test_any_bytes_come_back_as_they_went_in(session: Session) -> None:
    content = bytes(range(256)) * 600
    assert session.file.write("/tmp/odd/some bytes' \"", content).success
    read = session.file.read("/tmp/odd/some bytes' \"", format="bytes")
    assert read.content == content
    listing = session.file.list("/tmp/odd")
    assert [entry.name for entry in listing.entries] == ["some bytes' \""]


@own_file_system
def test_bytes_are_appended(session: Session) -> None:
    session.file.write("/tmp/b", b"\xff\x00")
    session.file.write("/tmp/b", b"\xfe", mode="append")
    session.file.write("/tmp/b", "é", mode="append")
    read = session.file.read("/tmp/b", format="bytes")
    assert read.content == b"\xff\x00\xfe\xc3\xa9"


def test_bytes_that_can_not_be_written_fail(session: Session) -> None:
    session.file.mkdir("/tmp/a-directory")
    refused = session.file.write("/tmp/a-directory", b"\xff")
    assert isinstance(refused.error, FileError)


def test_nothing_at_all_can_be_written(session: Session) -> None:
    for empty in ("", b""):
        session.file.write("/tmp/empty", empty)
        assert session.file.read("/tmp/empty").content == ""
        assert session.file.read("/tmp/empty", format="bytes").content == b""


@own_file_system
def test_a_file_that_is_no_text_says_how_to_read_it(session: Session) -> None:
    session.file.write("/tmp/image", b"\x89PNG\r\n\x1a\n\x00")
    read = session.file.read("/tmp/image")
    assert isinstance(read.error, FileError)
    assert 'format="bytes"' in read.error_message or "binary" in read.error_message


def test_missing_files_and_directories_are_told_apart(session: Session) -> None:
    missing = session.file.read("/tmp/nothing")
    assert isinstance(missing.error, FileError)
    assert missing.code == "File.NotFound"
    assert "/tmp/nothing" in missing.error_message
    assert missing.request_id
    directory = session.file_system.read_file("/tmp")
    assert directory.code == "File.IsDirectory"


def test_writing_makes_missing_directories(session: Session) -> None:
    assert session.file.write("/home/new/deep/file", "x").success
    assert session.file.read("/home/new/deep/file").content == "x"


def test_info_tells_size_and_kind(session: Session) -> None:
    session.file.write("/tmp/five", "12345")
    info = session.file.info("/tmp/five")
    assert info.file_info["size"] == 5
    assert info.file_info["isDirectory"] is False
    assert session.file.info("/tmp").file_info["isDirectory"] is True
    assert session.file.get_file_info("/tmp/none").code == "File.NotFound"


def test_a_listing_tells_files_from_directories(session: Session) -> None:
    session.file.mkdir("/tmp/box")
    assert session.file.list("/tmp/box").entries == ()
    session.file.write("/tmp/box/file with spaces", "x")
    session.file.create_directory("/tmp/box/folder")
    listing = session.file.list_directory("/tmp/box")
    assert [(e["name"], e["isDirectory"]) for e in listing.entries] == [
        ("file with spaces", False),
        ("folder", True),
    ]
    assert listing.entries[1].is_directory
    assert len(listing.entries[1]) == len(dict(listing.entries[1])) == 2


def test_files_are_moved_and_removed(session: Session) -> None:
    session.file.write("/tmp/old", "content")
    assert session.file.move("/tmp/old", "/tmp/new").success
    assert session.file.read("/tmp/old").code == "File.NotFound"
    assert session.file.read("/tmp/new").content == "content"
    assert session.file.remove("/tmp/new").success
    assert session.file.info("/tmp/new").code == "File.NotFound"
    assert not session.file.remove("/tmp/new").success
    assert not session.file.move_file("/tmp/new", "/tmp/newer").data


def test_an_edit_replaces_all_pieces_or_none(session: Session) -> None:
    session.file.write("/tmp/e", "one two\n")
    edits = [{"oldText": "one", "newText": "1"}, {"oldText": "two", "newText": "2"}]
    dry = session.file.edit("/tmp/e", edits, dry_run=True)
    assert "-one two" in dry.diff
    assert "+1 2" in dry.diff
    assert session.file.read("/tmp/e").content == "one two\n"
    assert session.file.edit("/tmp/e", edits).success
    assert session.file.read("/tmp/e").content == "1 2\n"
    missed = session.file.edit_file(
        "/tmp/e", [{"oldText": "1", "newText": "x"}, {"oldText": "no", "newText": "y"}]
    )
    assert missed.code == "File.EditMismatch"
    assert session.file.read("/tmp/e").content == "1 2\n"


def test_several_files_are_read_at_once(session: Session) -> None:
    session.file.write("/tmp/a.txt", "first\nsecond")
    session.file.write("/tmp/b:c.txt", "third")
    read = session.file.read_batch(["/tmp/a.txt", "/tmp/b:c.txt"])
    assert read.contents == {"/tmp/a.txt": "first\nsecond", "/tmp/b:c.txt": "third"}


def test_files_are_found_by_name(session: Session) -> None:
    for name in ("a.txt", "file1", "sub/b.txt", "skip/c.txt"):
        session.file.write(f"/tmp/s/{name}", "x")
    found = session.file.search("/tmp/s", "*.txt")
    assert sorted(found.matches) == ["/tmp/s/a.txt", "/tmp/s/skip/c.txt", "/tmp/s/sub/b.txt"]
    left = session.file.search("/tmp/s", "*.txt", exclude_patterns=["skip"])
    assert sorted(left.matches) == ["/tmp/s/a.txt", "/tmp/s/sub/b.txt"]
    assert session.file.search("/tmp/s", "file*").matches == ["/tmp/s/file1"]
    assert session.file.search_files("/tmp/s", "le1").matches == ["/tmp/s/file1"]
    nothing = session.file.search("/tmp/s", "*.md")
    assert nothing.success
    assert nothing.matches == []


def test_changes_are_told_since_the_last_look(session: Session) -> None:
    session.file.mkdir("/tmp/w")
    baseline = session.file.get_file_change("/tmp/w")
    assert not baseline.has_changes()
    session.file.write("/tmp/w/f", "x")
    made = session.file.get_file_change("/tmp/w")
    assert made.get_created_files() == ["/tmp/w/f"]
    assert made.get_modified_files() == ["/tmp/w/f"]
    session.file.remove("/tmp/w/f")
    gone = session.file.get_file_change("/tmp/w")
    assert gone.get_deleted_files() == ["/tmp/w/f"]
    assert not session.file.get_file_change("/tmp/w").events


def test_the_same_path_in_two_sessions_is_two_files(agb: AGB) -> None:
    with agb.session() as first, agb.session() as second:
        for path in ("/tmp/x", "/home/x", "/workspace/x", "/data/x"):
            assert first.file.write(path, "first").success
            assert second.file.read(path).code == "File.NotFound"


@apart_from_the_machine
def test_a_path_out_of_the_session_leads_nowhere(session: Session) -> None:
    for path in ("/../../etc/shadow", "/etc/shadow", "/proc/1/root/etc/shadow"):
        read = session.file.read(path)
        assert isinstance(read.error, FileError), path
    session.command.execute("ln -s /etc/shadow /tmp/planted")
    assert not session.file.read("/tmp/planted").success
    assert not session.file.write("/etc/passwd", "x").success


@pytest.mark.parametrize("path", ["", " ", "a\0b", None, 5])
def test_a_path_that_is_none_is_refused_before_it_is_sent(session: Session, path: object) -> None:
    for result in (
        session.file.read(path),  # type: ignore[call-overload]  # bad on purpose
        session.file.write(path, "x"),  # type: ignore[arg-type]
        session.file.list(path),  # type: ignore[arg-type]
        session.file.move(path, "/tmp/x"),  # type: ignore[arg-type]
        session.file.read_batch([path]),  # type: ignore[list-item]
    ):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


def test_other_bad_arguments_are_refused_before_they_are_sent(
    session: Session,
) -> None:
    for result in (
        session.file.write("/tmp/x", "x", mode="create_new"),
        session.file.write("/tmp/x", 5),  # type: ignore[arg-type]
        session.file.write("/tmp/x", "half \ud800"),
        session.file.edit("/tmp/x", []),
        session.file.edit("/tmp/x", [{"oldText": "a"}]),
        session.file.edit("/tmp/x", [{"oldText": "", "newText": "a"}]),
        session.file.edit("/tmp/x", "text"),  # type: ignore[arg-type]
        session.file.read_batch("/tmp/x"),
        session.file.search("/tmp", " "),
    ):
        assert result.code == "PARAM_ERROR"
    wrong = session.file.read("/tmp/x", format="json")  # type: ignore[call-overload]
    assert wrong.code == "PARAM_ERROR"
