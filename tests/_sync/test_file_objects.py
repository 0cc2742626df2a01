# Generated from tests/_async/test_file_objects.py; edit that file, then `nox -s twin`.
"""Files as objects: read and written bit by bit."""

import os
from collections.abc import Callable

import httpx
import pytest
from support.fake import Network, tool_call, tool_text
from support.local import own_file_system

from agb import (
    AGB,
    APIConnectionError,
    BinaryFile,
    FileError,
    InvalidParamsError,
    Session,
    TextFile,
)
from agb._chunks import CHUNK

CONTENT = bytes(range(256)) * 2600  # thirteen ranges
LINES = [f"{number}: aé€🙂\r\n" * (number % 3) + "\n" for number in range(9000)]


def test_bytes_are_read_in_any_order(session: Session) -> None:
    session.file.write("/tmp/b", CONTENT)
    with session.file.open("/tmp/b", "rb") as file:
        assert "/tmp/b" in repr(file)
        assert (file.name, file.mode, file.readable(), file.writable()) == (
            "/tmp/b",
            "rb",
            True,
            False,
        )
        assert file.read(10) == CONTENT[:10]
        assert file.read(0) == b""
        assert file.tell() == 10
        assert file.seek(5, os.SEEK_CUR) == 15
        assert file.read(3 * CHUNK) == CONTENT[15 : 15 + 3 * CHUNK]
        assert file.seek(-3, os.SEEK_END) == len(CONTENT) - 3
        assert file.read(10) == CONTENT[-3:]
        assert file.read(10) == b""
        assert file.seek(len(CONTENT) + 9) == len(CONTENT) + 9
        assert file.read() == b""
        assert file.tell() == len(CONTENT) + 9
        file.seek(CHUNK - 1)
        assert file.read() == CONTENT[CHUNK - 1 :]
        file.seek(0)
        pieces = []
        while piece := file.read(CHUNK // 3):
            pieces.append(piece)
        assert b"".join(pieces) == CONTENT
        for offset, whence in ((-1, 0), (0, 3)):
            with pytest.raises(InvalidParamsError):
                file.seek(offset, whence)
    assert file.closed


def test_what_was_written_bit_by_bit_is_read_by_line(session: Session) -> None:
    with session.file.open("/tmp/new/text", "w") as file:
        assert "/tmp/new/text" in repr(file)
        assert file.writable()
        for line in LINES:
            assert file.write(line) == len(line)
    expected = "".join(LINES)
    assert session.file.read("/tmp/new/text").content == expected
    with session.file.open("/tmp/new/text") as text:
        assert list(text) == expected.splitlines(keepends=True)
        assert text.readline() == ""
        assert text.seek(0) == 0
        assert text.read(1) + text.readline() + text.read() == expected
        assert text.read(1) == ""
        assert text.readable()
        with pytest.raises(InvalidParamsError):
            text.seek(1)
    with text:
        assert text.readline() == LINES[0]
    with session.file.open("/tmp/new/text", "rb") as binary:
        assert list(binary) == expected.encode().splitlines(keepends=True)


def test_bytes_are_written_in_order_and_appended(session: Session) -> None:
    with session.file.open("/tmp/w", "wb") as file:
        for start in range(0, len(CONTENT), 9999):
            file.write(CONTENT[start : start + 9999])
        file.flush()
        file.flush()
        assert session.file.read("/tmp/w", format="bytes").content == CONTENT
        file.write(memoryview(b"\xff" * 21 * CHUNK))
        file.close()
        file.close()
    with session.file.open("/tmp/w", "ab") as file:
        file.write(b"\xfeend")
    with session.file.open("/tmp/w", "rb") as file:
        assert file.read() == CONTENT + b"\xff" * 21 * CHUNK + b"\xfeend"


def test_other_encodings_and_an_end_without_newline(session: Session) -> None:
    with session.file.open("/tmp/u", "w", encoding="utf-16") as file:
        file.write("é\n")
        file.write("end")
    with session.file.open("/tmp/u", "a", encoding="utf-16-le") as file:
        file.write("!")
    with session.file.open("/tmp/u", encoding="utf-16") as file:
        assert file.encoding == "utf-16"
        assert list(file) == ["é\n", "end!"]
    with session.file.open("/tmp/u") as file, pytest.raises(FileError, match='"rb"') as caught:
        file.read()
    assert caught.value.code == "File.NotText"
    with session.file.open("/tmp/u", errors="replace") as file:
        assert "e\0n\0d" in file.read()
    with session.file.open("/tmp/a", "w", encoding="ascii") as file:
        with pytest.raises(InvalidParamsError, match="ascii"):
            file.write("é")
        with pytest.raises(InvalidParamsError, match="strings"):
            file.write(b"x")  # type: ignore[arg-type]
        file.close()
    assert session.file.read("/tmp/a").content == ""


def fail_in(file: TextFile, error: BaseException) -> None:
    with file:
        file.write("first")
        raise error


def enter(file: TextFile | BinaryFile) -> None:
    with file:
        raise AssertionError("it was opened")


def test_a_block_that_fails_keeps_what_was_written(session: Session) -> None:
    with pytest.raises(RuntimeError, match="on the way"):
        fail_in(session.file.open("/tmp/kept", "w"), RuntimeError("on the way"))
    assert session.file.read("/tmp/kept").content == "first"
    file = session.file.open("/tmp/dropped", "w")
    with pytest.raises(KeyboardInterrupt):
        fail_in(file, KeyboardInterrupt())
    assert file.closed
    assert session.file.read("/tmp/dropped").content == ""


@own_file_system
def test_what_can_not_be_opened_raises(session: Session) -> None:
    files = session.file
    for file in (
        files.open("/tmp/none"),
        files.open("/tmp", "rb"),
        files.open("/tmp", "w"),
        files.open("/proc/x", "ab"),
    ):
        with pytest.raises(FileError):
            enter(file)
    for arguments in (("", "r"), ("/tmp/x", "x"), ("/tmp/x", "r", "no-such"), (None, "rb")):
        with pytest.raises(InvalidParamsError):
            files.open(*arguments)  # type: ignore[call-overload,unused-ignore]


def test_a_file_is_only_used_as_it_was_opened(session: Session) -> None:
    session.file.write("/tmp/x", "x")
    with session.file.open("/tmp/x", "rb") as reading:
        with pytest.raises(InvalidParamsError, match="'rb'"):
            reading.write(b"x")
        assert reading.read() == b"x"
    with session.file.open("/tmp/x", "wb") as writing:
        for use in (writing.read, writing.readline, writing.read1):
            with pytest.raises(InvalidParamsError, match="'wb'"):
                use()
        with pytest.raises(InvalidParamsError, match="bytes"):
            writing.write("x")  # type: ignore[arg-type]
    with pytest.raises(InvalidParamsError, match="not open"):
        writing.write(b"x")
    text = session.file.open("/tmp/x")
    with pytest.raises(InvalidParamsError, match="not open"):
        text.read()
    with text:
        text.close()
        assert text.closed
        with pytest.raises(InvalidParamsError, match="not open"):
            text.readline()


def client(network: Network) -> AGB:
    return AGB("key", endpoint="https://agb.example", transport=network)


def test_a_file_that_shrinks_while_it_is_read_raises() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        info = tool_call(request)[0] == "get_file_info"
        return tool_text("size: 9\nisDirectory: false" if info else "eA==")

    with (
        client(Network(mcp=answer)) as agb,
        Session(agb, "s-1").file.open("/tmp/x", "rb") as file,
    ):
        with pytest.raises(FileError, match="shorter") as caught:
            file.read()
        assert caught.value.code == "File.Changed"


def taking(count: int) -> Callable[[httpx.Request], httpx.Response]:
    """Take so many writes, and lose the answers of those that follow."""
    taken = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal taken
        taken += 1
        if taken > count:
            raise httpx.ReadError("cut off")
        return tool_text("done")

    return answer


def test_after_a_write_that_failed_no_other_leaves_a_gap() -> None:
    network = Network(mcp=taking(1))
    with (
        client(network) as agb,
        Session(agb, "s-1").file.open("/tmp/x", "wb") as file,
    ):
        file.write(b"first")
        with pytest.raises(APIConnectionError):
            file.flush()
        assert file.closed
        with pytest.raises(InvalidParamsError, match="not open"):
            file.write(b"second")
    assert len(network.asked) == 2


def test_an_end_that_can_not_be_written_is_not_lost_in_silence() -> None:
    with client(Network(mcp=taking(1))) as agb:
        file = Session(agb, "s-1").file.open("/tmp/x", "w")
        with pytest.raises(RuntimeError) as caught:
            fail_in(file, RuntimeError())
        assert "/tmp/x could not be written to its end" in caught.value.__notes__[0]
    with client(Network(mcp=taking(1))) as agb:
        file = Session(agb, "s-1").file.open("/tmp/x", "w")
        file.__enter__()
        file.write("text")
        with pytest.raises(APIConnectionError):
            file.__exit__(None, None, None)
        assert file.closed
