"""Files of a session."""

import pytest
from support.local import apart_from_the_machine, own_file_system

from agb import AsyncAGB, AsyncSession, FileError

LONG = 130_000
"""More than two pieces' worth."""


async def test_text_comes_back_as_it_went_in(session: AsyncSession) -> None:
    text = "first\r\nsecond\n\ttäb \0 end without newline"
    assert (await session.file.write("/tmp/text", text)).data is True
    read = await session.file.read("/tmp/text")
    assert read.content == text
    assert str(read) == text


async def test_characters_across_the_borders_of_pieces_stay_whole(session: AsyncSession) -> None:
    text = "x" + "äö€🙂" * (LONG // 4)
    await session.file.write("/tmp/long", text)
    assert (await session.file.read("/tmp/long")).content == text
    found = await session.file.read("/tmp/long", format="bytes")
    assert found.content == text.encode()
    assert found.size == len(text.encode())


@own_file_system
async def test_any_bytes_come_back_as_they_went_in(session: AsyncSession) -> None:
    content = bytes(range(256)) * 600
    assert (await session.file.write("/tmp/odd/some bytes' \"", content)).success
    read = await session.file.read("/tmp/odd/some bytes' \"", format="bytes")
    assert read.content == content
    listing = await session.file.list("/tmp/odd")
    assert [entry.name for entry in listing.entries] == ["some bytes' \""]


@own_file_system
async def test_bytes_are_appended(session: AsyncSession) -> None:
    await session.file.write("/tmp/b", b"\xff\x00")
    await session.file.write("/tmp/b", b"\xfe", mode="append")
    await session.file.write("/tmp/b", "é", mode="append")
    read = await session.file.read("/tmp/b", format="bytes")
    assert read.content == b"\xff\x00\xfe\xc3\xa9"


async def test_bytes_that_can_not_be_written_fail(session: AsyncSession) -> None:
    await session.file.mkdir("/tmp/a-directory")
    refused = await session.file.write("/tmp/a-directory", b"\xff")
    assert isinstance(refused.error, FileError)


async def test_nothing_at_all_can_be_written(session: AsyncSession) -> None:
    for empty in ("", b""):
        await session.file.write("/tmp/empty", empty)
        assert (await session.file.read("/tmp/empty")).content == ""
        assert (await session.file.read("/tmp/empty", format="bytes")).content == b""


@own_file_system
async def test_a_file_that_is_no_text_says_how_to_read_it(session: AsyncSession) -> None:
    await session.file.write("/tmp/image", b"\x89PNG\r\n\x1a\n\x00")
    read = await session.file.read("/tmp/image")
    assert isinstance(read.error, FileError)
    assert 'format="bytes"' in read.error_message or "binary" in read.error_message


async def test_missing_files_and_directories_are_told_apart(session: AsyncSession) -> None:
    missing = await session.file.read("/tmp/nothing")
    assert isinstance(missing.error, FileError)
    assert missing.code == "File.NotFound"
    assert "/tmp/nothing" in missing.error_message
    assert missing.request_id
    directory = await session.file_system.read_file("/tmp")
    assert directory.code == "File.IsDirectory"


async def test_writing_makes_missing_directories(session: AsyncSession) -> None:
    assert (await session.file.write("/home/new/deep/file", "x")).success
    assert (await session.file.read("/home/new/deep/file")).content == "x"


async def test_info_tells_size_and_kind(session: AsyncSession) -> None:
    await session.file.write("/tmp/five", "12345")
    info = await session.file.info("/tmp/five")
    assert info.file_info["size"] == 5
    assert info.file_info["isDirectory"] is False
    assert (await session.file.info("/tmp")).file_info["isDirectory"] is True
    assert (await session.file.get_file_info("/tmp/none")).code == "File.NotFound"


async def test_a_listing_tells_files_from_directories(session: AsyncSession) -> None:
    await session.file.mkdir("/tmp/box")
    assert (await session.file.list("/tmp/box")).entries == ()
    await session.file.write("/tmp/box/file with spaces", "x")
    await session.file.create_directory("/tmp/box/folder")
    listing = await session.file.list_directory("/tmp/box")
    assert [(e["name"], e["isDirectory"]) for e in listing.entries] == [
        ("file with spaces", False),
        ("folder", True),
    ]
    assert listing.entries[1].is_directory
    assert len(listing.entries[1]) == len(dict(listing.entries[1])) == 2


async def test_files_are_moved_and_removed(session: AsyncSession) -> None:
    await session.file.write("/tmp/old", "content")
    assert (await session.file.move("/tmp/old", "/tmp/new")).success
    assert (await session.file.read("/tmp/old")).code == "File.NotFound"
    assert (await session.file.read("/tmp/new")).content == "content"
    assert (await session.file.remove("/tmp/new")).success
    assert (await session.file.info("/tmp/new")).code == "File.NotFound"
    assert not (await session.file.remove("/tmp/new")).success
    assert not (await session.file.move_file("/tmp/new", "/tmp/newer")).data


async def test_an_edit_replaces_all_pieces_or_none(session: AsyncSession) -> None:
    await session.file.write("/tmp/e", "one two\n")
    edits = [{"oldText": "one", "newText": "1"}, {"oldText": "two", "newText": "2"}]
    dry = await session.file.edit("/tmp/e", edits, dry_run=True)
    assert "-one two" in dry.diff
    assert "+1 2" in dry.diff
    assert (await session.file.read("/tmp/e")).content == "one two\n"
    assert (await session.file.edit("/tmp/e", edits)).success
    assert (await session.file.read("/tmp/e")).content == "1 2\n"
    missed = await session.file.edit_file(
        "/tmp/e", [{"oldText": "1", "newText": "x"}, {"oldText": "no", "newText": "y"}]
    )
    assert missed.code == "File.EditMismatch"
    assert (await session.file.read("/tmp/e")).content == "1 2\n"


async def test_several_files_are_read_at_once(session: AsyncSession) -> None:
    await session.file.write("/tmp/a.txt", "first\nsecond")
    await session.file.write("/tmp/b:c.txt", "third")
    read = await session.file.read_batch(["/tmp/a.txt", "/tmp/b:c.txt"])
    assert read.contents == {"/tmp/a.txt": "first\nsecond", "/tmp/b:c.txt": "third"}


async def test_files_are_found_by_name(session: AsyncSession) -> None:
    for name in ("a.txt", "file1", "sub/b.txt", "skip/c.txt"):
        await session.file.write(f"/tmp/s/{name}", "x")
    found = await session.file.search("/tmp/s", "*.txt")
    assert sorted(found.matches) == ["/tmp/s/a.txt", "/tmp/s/skip/c.txt", "/tmp/s/sub/b.txt"]
    left = await session.file.search("/tmp/s", "*.txt", exclude_patterns=["skip"])
    assert sorted(left.matches) == ["/tmp/s/a.txt", "/tmp/s/sub/b.txt"]
    assert (await session.file.search("/tmp/s", "file*")).matches == ["/tmp/s/file1"]
    assert (await session.file.search_files("/tmp/s", "le1")).matches == ["/tmp/s/file1"]
    nothing = await session.file.search("/tmp/s", "*.md")
    assert nothing.success
    assert nothing.matches == []


async def test_changes_are_told_since_the_last_look(session: AsyncSession) -> None:
    await session.file.mkdir("/tmp/w")
    baseline = await session.file.get_file_change("/tmp/w")
    assert not baseline.has_changes()
    await session.file.write("/tmp/w/f", "x")
    made = await session.file.get_file_change("/tmp/w")
    assert made.get_created_files() == ["/tmp/w/f"]
    assert made.get_modified_files() == ["/tmp/w/f"]
    await session.file.remove("/tmp/w/f")
    gone = await session.file.get_file_change("/tmp/w")
    assert gone.get_deleted_files() == ["/tmp/w/f"]
    assert not (await session.file.get_file_change("/tmp/w")).events


async def test_the_same_path_in_two_sessions_is_two_files(agb: AsyncAGB) -> None:
    async with agb.session() as first, agb.session() as second:
        for path in ("/tmp/x", "/home/x", "/workspace/x", "/data/x"):
            assert (await first.file.write(path, "first")).success
            assert (await second.file.read(path)).code == "File.NotFound"


@apart_from_the_machine
async def test_a_path_out_of_the_session_leads_nowhere(session: AsyncSession) -> None:
    for path in ("/../../etc/shadow", "/etc/shadow", "/proc/1/root/etc/shadow"):
        read = await session.file.read(path)
        assert isinstance(read.error, FileError), path
    await session.command.execute("ln -s /etc/shadow /tmp/planted")
    assert not (await session.file.read("/tmp/planted")).success
    assert not (await session.file.write("/etc/passwd", "x")).success


@pytest.mark.parametrize("path", ["", " ", "a\0b", None, 5])
async def test_a_path_that_is_none_is_refused_before_it_is_sent(
    session: AsyncSession, path: object
) -> None:
    for result in (
        await session.file.read(path),  # type: ignore[call-overload]  # bad on purpose
        await session.file.write(path, "x"),  # type: ignore[arg-type]
        await session.file.list(path),  # type: ignore[arg-type]
        await session.file.move(path, "/tmp/x"),  # type: ignore[arg-type]
        await session.file.read_batch([path]),  # type: ignore[list-item]
    ):
        assert result.code == "PARAM_ERROR"
        assert result.request_id == ""


async def test_other_bad_arguments_are_refused_before_they_are_sent(
    session: AsyncSession,
) -> None:
    for result in (
        await session.file.write("/tmp/x", "x", mode="create_new"),
        await session.file.write("/tmp/x", 5),  # type: ignore[arg-type]
        await session.file.write("/tmp/x", "half \ud800"),
        await session.file.edit("/tmp/x", []),
        await session.file.edit("/tmp/x", [{"oldText": "a"}]),
        await session.file.edit("/tmp/x", [{"oldText": "", "newText": "a"}]),
        await session.file.edit("/tmp/x", "text"),  # type: ignore[arg-type]
        await session.file.read_batch("/tmp/x"),
        await session.file.search("/tmp", " "),
    ):
        assert result.code == "PARAM_ERROR"
    wrong = await session.file.read("/tmp/x", format="json")  # type: ignore[call-overload]
    assert wrong.code == "PARAM_ERROR"
