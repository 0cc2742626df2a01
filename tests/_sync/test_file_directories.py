# Generated from tests/_async/test_file_directories.py; edit that file, then `nox -s twin`.
"""Whole directories between this machine and a session."""

import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.fake import Answer, Network, envelope, tool_call, tool_text
from support.local import own_file_system

from agb import (
    AGB,
    APIConnectionError,
    DirectoryTransferResult,
    InvalidParamsError,
    Session,
    TransferError,
)

NAMES = ("plain", "with space", "new\nline", "quote'\"", "-dash", "é€🙂", "deep/er/file", "*?[x]")


def tree(top: Path) -> dict[str, object]:
    """Describe all that is in a directory."""
    return {path.relative_to(top).as_posix(): described(path) for path in top.rglob("*")}


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def described(path: Path) -> object:
    if path.is_symlink():
        return path.readlink()
    if path.is_dir():
        return "directory"
    return path.read_bytes(), stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    top = tmp_path / "source"
    for name in NAMES:
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode() * 1000 + bytes(range(256)))
    (top / "plain").chmod(0o750)
    (top / "empty").write_bytes(b"")
    (top / "nothing/in/here").mkdir(parents=True)
    (top / "deep/link").symlink_to("../plain")
    return top


@own_file_system
def test_a_directory_goes_up_and_comes_down_as_it_was(
    session: Session, source: Path, tmp_path: Path
) -> None:
    os.mkfifo(source / "pipe")
    os.link(source / "plain", source / "twin")
    sent: list[int] = []
    up = session.file.upload_directory(source, "/tmp/up/a b", progress_cb=sent.append)
    assert up.success, up.error_message
    assert sorted(up.paths) == sorted([*NAMES, "empty", "twin"])
    assert up.bytes_moved == sum((source / name).stat().st_size for name in up.paths)
    assert up.skipped == ("pipe",)
    assert up.request_id
    assert sent == sorted(sent)
    assert sent[-1] > up.bytes_moved
    (source / "pipe").unlink()
    got: list[int] = []
    down = session.file.download_directory(
        "/tmp/up/a b", tmp_path / "new/place", progress_cb=got.append
    )
    assert down.success, down.error_message
    assert tree(tmp_path / "new/place") == tree(source)
    assert sorted(down.paths) == sorted(up.paths)
    assert down.bytes_moved == up.bytes_moved
    assert got
    assert names_in(tmp_path / "new") == ["place"]
    way = session.file.transfer_path()
    assert way is not None
    assert session.file.glob(f"{way}/*").matches == ()


@own_file_system
def test_what_is_there_already_stays_or_is_replaced(
    session: Session, source: Path, tmp_path: Path
) -> None:
    session.file.write("/tmp/up/other", "kept")
    session.file.write("/tmp/up/plain", "old")
    assert session.file.upload_directory(source, "/tmp/up/").success
    assert session.file.read("/tmp/up/other").content == "kept"
    assert session.file.stat("/tmp/up/plain").raise_for_error().data is not None
    target = tmp_path / "target"
    target.mkdir()
    (target / "mine").write_text("mine")
    assert session.file.download_directory("/tmp/up", target).success
    assert names_in(target) == sorted([*names_in(source), "other", "mine"])
    (target / "plain").write_text("changed")
    refused = session.file.download_directory("/tmp/up", target, overwrite=False)
    assert isinstance(refused.error, InvalidParamsError)
    assert "overwrite=True" in refused.error_message
    assert (target / "plain").read_text() == "changed"
    assert session.file.download_directory("/tmp/up", target).success
    assert (target / "plain").read_bytes() == (source / "plain").read_bytes()


def test_what_can_not_be_moved_says_why(session: Session, source: Path, tmp_path: Path) -> None:
    files = session.file
    files.write("/tmp/file", "x")
    (tmp_path / "taken").write_text("x")
    refused: dict[str, DirectoryTransferResult] = {
        "PARAM_ERROR": files.upload_directory(tmp_path / "none", "/tmp/x"),
        "File.Exists": files.upload_directory(source, "/tmp/file"),
        "File.NotFound": files.download_directory("/tmp/none", tmp_path / "new"),
    }
    assert {name: result.code for name, result in refused.items()} == {
        name: name for name in refused
    }
    assert files.download_directory("/tmp/file", tmp_path / "new").error
    for result in (
        files.upload_directory(source, ""),
        files.upload_directory(source, "/tmp/x", wait_timeout=0),
        files.download_directory("", tmp_path / "new"),
        files.download_directory("/tmp", tmp_path / "new", wait_timeout=-1),
        files.download_directory("/tmp/file", tmp_path / "taken/below"),
    ):
        assert isinstance(result.error, InvalidParamsError)
    assert names_in(tmp_path) == ["source", "taken"]


def archive(*members: tarfile.TarInfo) -> bytes:
    """Return an archive with these members, files filled with a letter."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return packed.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, leads_to: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.size = kind, leads_to, kind == tarfile.REGTYPE
    found.mode = 0o6777
    return found


def hostile(content: bytes, **answers: Answer) -> Network:
    """Be an AGB from which an archive comes that its session made up."""
    way = [{"contextId": "c", "contextPath": "/w", "contextType": "file_transfer"}]
    done = {"contextId": "c", "path": "/w", "taskType": "upload", "status": "Success"}
    groups = [{"type": "data", "data": json.dumps([done])}]
    told: dict[str, Answer | Callable[[httpx.Request], Answer]] = {
        "GetAndLoadInternalContext": envelope(way),
        "SyncContext": envelope(),
        "GetContextInfo": envelope({"contextStatus": json.dumps(groups)}),
        "GetContextFileDownloadUrl": envelope({"url": "https://store.example/archive"}),
        "mcp": tool_text('{"exit_code": 0}'),
        "archive": lambda _: httpx.Response(200, content=content),
    }
    return Network(**told | answers)


def download(network: Network, target: Path) -> DirectoryTransferResult:
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        return Session(agb, "s-1").file.download_directory("/tmp/x", target)


@pytest.mark.parametrize(
    "members",
    [
        [member("good"), member("../evil")],
        [member("/evil")],
        [member("a/../../evil")],
        [member("a", tarfile.SYMTYPE, "."), member("a/b", tarfile.SYMTYPE, "x")],
        [member("file"), member("file/below")],
        [member("a" * 300)],
    ],
    ids=["up", "absolute", "down and up", "behind a link", "below a file", "too long"],
)
def test_a_name_that_leads_out_fails_all_of_it(
    members: list[tarfile.TarInfo], tmp_path: Path
) -> None:
    refused = download(hostile(archive(*members)), tmp_path / "in/side")
    assert isinstance(refused.error, (TransferError, InvalidParamsError))
    assert list(tmp_path.rglob("*")) == [tmp_path / "in"]


def test_what_could_lead_out_later_is_left_out(tmp_path: Path) -> None:
    content = archive(
        member("d/up", tarfile.SYMTYPE, "../../evil"),
        member("absolute", tarfile.SYMTYPE, "/etc/passwd"),
        member("d/by-way", tarfile.SYMTYPE, "x/../../y"),
        member("d/hard", tarfile.LNKTYPE, "d/good"),
        member("device", tarfile.CHRTYPE),
        member("d/inside", tarfile.SYMTYPE, "../good"),
        member("good"),
    )
    done = download(hostile(content), tmp_path / "place")
    assert done.success, done.error_message
    assert done.paths == ("good",)
    assert done.skipped == ("d/up", "absolute", "d/by-way", "d/hard", "device")
    assert (tmp_path / "place/d/inside").read_text() == "x"
    assert stat.S_IMODE((tmp_path / "place/good").stat().st_mode) == 0o755
    assert len(list((tmp_path / "place").rglob("*"))) == 3


def test_a_link_of_this_machine_is_not_gone_through(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "place/link").symlink_to(tmp_path / "elsewhere")
    refused = download(hostile(archive(member("link/file"))), tmp_path / "place")
    assert isinstance(refused.error, TransferError)
    assert names_in(tmp_path / "elsewhere") == []
    taken = download(hostile(archive(member("link/file"))), tmp_path / "elsewhere")
    assert taken.success
    blocked = download(
        hostile(archive(member("file", tarfile.DIRTYPE), member("file/x"))),
        tmp_path / "elsewhere/link",
    )
    assert isinstance(blocked.error, InvalidParamsError)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    refused = download(hostile(b"no archive at all"), tmp_path / "place")
    assert isinstance(refused.error, TransferError)
    assert names_in(tmp_path) == []


def test_an_upload_that_breaks_off_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    network = hostile(b"", GetContextFileUploadUrl=httpx.ReadError("cut off"))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        broken = Session(agb, "s-1").file.upload_directory(tmp_path, "/tmp/x")
    assert isinstance(broken.error, APIConnectionError)
    name, arguments = tool_call(network.asked[-1])
    assert name == "delete_file"
    assert arguments["path"].startswith("/w/")
