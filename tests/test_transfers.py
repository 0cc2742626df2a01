"""What moves between this machine and a store, counted and checked on its way."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agb import InvalidParamsError, TransferError
from agb._transfers import (
    Landing,
    Tally,
    folder_of,
    full_path,
    inside,
    local_file,
    local_files,
    zip_file,
)

NAMES = st.text("abc.ü ", min_size=1).filter(lambda name: name.strip(". ") != "")
SHA = hashlib.sha256(b"content").hexdigest()
MD5 = hashlib.md5(b"content", usedforsecurity=False).hexdigest()


def tally_of(*chunks: bytes) -> Tally:
    tally = Tally(None)
    for chunk in chunks:
        tally.add(chunk)
    return tally


@given(st.lists(st.binary()))
def test_a_tally_tells_how_much_has_gone_after_each_chunk(chunks: list[bytes]) -> None:
    seen: list[int] = []
    tally = Tally(seen.append)
    assert [tally.add(chunk) for chunk in chunks] == chunks
    assert seen == [len(b"".join(chunks[: index + 1])) for index in range(len(chunks))]
    assert tally.size == len(b"".join(chunks))


@pytest.mark.parametrize(
    "etag",
    [
        f'"{SHA}"',
        SHA,
        SHA.upper(),
        f'"{MD5}"',
        f'W/"{MD5}"',
        f'"{MD5.upper()}"',
        f'"{"0" * 32}-4"',
        '"etag-1"',
        '"abc"',
        "",
    ],
)
def test_a_name_that_says_the_same_or_nothing_is_good(etag: str) -> None:
    tally_of(b"con", b"tent").check("file", 7, etag)


@pytest.mark.parametrize("etag", [f'"{"0" * 64}"', f'W/"{"f" * 32}"', "0" * 32])
def test_a_hash_of_another_content_is_seen(etag: str) -> None:
    with pytest.raises(TransferError, match="file: what arrived is not what was sent"):
        tally_of(b"content").check("file", 7, etag)


@pytest.mark.parametrize("size", [0, 6, 8])
def test_another_size_is_seen(size: int) -> None:
    with pytest.raises(TransferError, match=f"file: 7 bytes went through, it should be {size}"):
        tally_of(b"content").check("file", size, "")


def test_an_unknown_size_is_not_compared() -> None:
    tally_of(b"content").check("file", None, f'"{MD5}"')


def test_a_local_file_is_found_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert local_file(tmp_path / "file") == (tmp_path / "file", 7)
    assert local_file(str(tmp_path / "file")) == (tmp_path / "file", 7)


@pytest.mark.parametrize("name", ["none", "", "file/below"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidParamsError, match=r"is not a file on this machine|can't be read"):
        local_file(tmp_path / name)


def test_a_zip_file_is_told_by_its_name_in_any_case_and_by_what_it_holds(tmp_path: Path) -> None:
    for name in ("a.zip", "b.ZIP", "plain.txt"):
        with zipfile.ZipFile(tmp_path / name, "w"):
            pass
    (tmp_path / "text.zip").write_text("no archive")
    for name in ("a.zip", "b.ZIP"):
        assert zip_file(tmp_path / name) == tmp_path / name
    for name in ("plain.txt", "text.zip"):
        with pytest.raises(InvalidParamsError, match=f"{name} is no .zip file"):
            zip_file(tmp_path / name)
    with pytest.raises(InvalidParamsError, match="is not a file on this machine"):
        zip_file(tmp_path / "none.zip")


@pytest.mark.parametrize(
    ("remote", "folder"),
    [
        ("/tmp/file_transfer/a.txt", "/tmp/file_transfer"),
        ("/tmp/file_transfer/sub/", "/tmp/file_transfer/sub"),
        ("\\tmp\\sub\\a.txt", "/tmp/sub"),
        ("/a.txt", "/"),
        ("/", "/"),
        ("sub/a.txt", "sub"),
    ],
)
def test_a_path_in_a_session_stays_as_it_is(remote: str, folder: str) -> None:
    assert full_path(remote, "/default") == remote
    assert folder_of(remote, "/default") == folder


@pytest.mark.parametrize("default", ["/default", "/default/"])
def test_a_bare_name_is_in_the_default_directory(default: str) -> None:
    assert full_path("a.txt", default) == "/default/a.txt"
    assert folder_of("a.txt", default) == default


def test_files_below_a_directory_are_listed_in_order(tmp_path: Path) -> None:
    names = ["a/b/deep", "a/x", "b", "ü"]
    for name in reversed(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nowhere").symlink_to("gone")
    assert local_files(tmp_path) == (names, ["empty", "nowhere"])
    for wrong in ("b", "none"):
        with pytest.raises(InvalidParamsError, match="is not a directory on this machine"):
            local_files(tmp_path / wrong)


@given(st.lists(NAMES, min_size=1).map("/".join))
def test_a_plain_name_has_its_place_in_the_directory(name: str) -> None:
    assert inside("/down", name) == Path("/down", *PurePosixPath(name).parts)


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/etc/passwd", "a/../../downs/x"])
def test_a_name_that_leads_out_of_the_directory_is_refused(name: str) -> None:
    for directory in ("/tmp/down", "down", "./down/"):
        with pytest.raises(TransferError, match="leads out of the directory"):
            inside(directory, name)


def test_a_name_may_lead_about_inside_the_directory() -> None:
    inside("/down", "a/../b")
    inside(".", "b")


def begun(path: Path, *, overwrite: bool = True) -> Landing:
    landing = Landing(path, overwrite=overwrite)
    landing.begin()
    return landing


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    landing = begun(tmp_path / "new" / "file")
    yield landing
    landing.discard()


def test_a_file_appears_whole(landing: Landing) -> None:
    landing.write(b"con")
    assert not landing.path.exists()
    landing.write(b"tent")
    landing.keep()
    landing.discard()
    assert landing.path.read_bytes() == b"content"
    assert list(landing.path.parent.iterdir()) == [landing.path]


def test_or_not_at_all(landing: Landing) -> None:
    landing.write(b"con")
    landing.discard()
    landing.discard()
    assert list(landing.path.parent.iterdir()) == []


def test_a_file_that_is_there_is_replaced_at_the_end_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    landing = begun(tmp_path / "file")
    landing.write(b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    landing.keep()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_file_that_is_there_may_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(InvalidParamsError, match="is there already: pass overwrite=True"):
        begun(tmp_path / "file", overwrite=False)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidParamsError, match="can't be written"):
        begun(tmp_path / "file" / "below")
    landing = begun(tmp_path / "directory")
    (tmp_path / "directory").mkdir()
    with pytest.raises(InvalidParamsError, match="is a directory"):
        begun(tmp_path / "directory")
    with pytest.raises(TransferError, match="can't be written"):
        landing.keep()
    landing.discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "file"]


def test_two_landings_at_one_place_do_not_meet(tmp_path: Path) -> None:
    one, two = (begun(tmp_path / "file") for _ in range(2))
    one.write(b"one")
    two.write(b"two")
    one.keep()
    two.keep()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"two"]


def test_what_comes_again_is_written_from_the_beginning(landing: Landing) -> None:
    landing.write(b"longer than that")
    landing.restart()
    landing.write(b"content")
    landing.keep()
    assert landing.path.read_bytes() == b"content"


def test_a_landing_that_is_discarded_before_it_has_begun_leaves_nothing(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "file", overwrite=True)
    landing.discard()
    landing.begin()
    assert not list(tmp_path.iterdir())
