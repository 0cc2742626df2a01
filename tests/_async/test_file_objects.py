"""Files as objects: read and written bit by bit."""

import os
from collections.abc import Callable

import httpx
import pytest
from support.fake import Network, tool_call, tool_text
from support.local import own_file_system

from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncBinaryFile,
    AsyncSession,
    AsyncTextFile,
    FileError,
    InvalidParamsError,
)
from agb._chunks import CHUNK

CONTENT = bytes(range(256)) * 2600  # thirteen ranges
LINES = [f"{number}: aé€🙂\r\n" * (number % 3) + "\n" for number in range(9000)]


async def test_bytes_are_read_in_any_order(session: AsyncSession) -> None:
    await session.file.write("/tmp/b", CONTENT)
    async with session.file.open("/tmp/b", "rb") as file:
        assert "/tmp/b" in repr(file)
        assert (file.name, file.mode, file.readable(), file.writable()) == (
            "/tmp/b",
            "rb",
            True,
            False,
        )
        assert await file.read(10) == CONTENT[:10]
        assert await file.read(0) == b""
        assert file.tell() == 10
        assert await file.seek(5, os.SEEK_CUR) == 15
        assert await file.read(3 * CHUNK) == CONTENT[15 : 15 + 3 * CHUNK]
        assert await file.seek(-3, os.SEEK_END) == len(CONTENT) - 3
        assert await file.read(10) == CONTENT[-3:]
        assert await file.read(10) == b""
        assert await file.seek(len(CONTENT) + 9) == len(CONTENT) + 9
        assert await file.read() == b""
        assert file.tell() == len(CONTENT) + 9
        await file.seek(CHUNK - 1)
        assert await file.read() == CONTENT[CHUNK - 1 :]
        await file.seek(0)
        pieces = []
        while piece := await file.read(CHUNK // 3):
            pieces.append(piece)
        assert b"".join(pieces) == CONTENT
        for offset, whence in ((-1, 0), (0, 3)):
            with pytest.raises(InvalidParamsError):
                await file.seek(offset, whence)
    assert file.closed


async def test_what_was_written_bit_by_bit_is_read_by_line(session: AsyncSession) -> None:
    async with session.file.open("/tmp/new/text", "w") as file:
        assert "/tmp/new/text" in repr(file)
        assert file.writable()
        for line in LINES:
            assert await file.write(line) == len(line)
    expected = "".join(LINES)
    assert (await session.file.read("/tmp/new/text")).content == expected
    async with session.file.open("/tmp/new/text") as text:
        assert [line async for line in text] == expected.splitlines(keepends=True)
        assert await text.readline() == ""
        assert await text.seek(0) == 0
        assert await text.read(1) + await text.readline() + await text.read() == expected
        assert await text.read(1) == ""
        assert text.readable()
        with pytest.raises(InvalidParamsError):
            await text.seek(1)
    async with text:
        assert await text.readline() == LINES[0]
    async with session.file.open("/tmp/new/text", "rb") as binary:
        assert [line async for line in binary] == expected.encode().splitlines(keepends=True)


async def test_bytes_are_written_in_order_and_appended(session: AsyncSession) -> None:
    async with session.file.open("/tmp/w", "wb") as file:
        for start in range(0, len(CONTENT), 9999):
            await file.write(CONTENT[start : start + 9999])
        await file.flush()
        await file.flush()
        assert (await session.file.read("/tmp/w", format="bytes")).content == CONTENT
        await file.write(memoryview(b"\xff" * 21 * CHUNK))
        await file.aclose()
        await file.aclose()
    async with session.file.open("/tmp/w", "ab") as file:
        await file.write(b"\xfeend")
    async with session.file.open("/tmp/w", "rb") as file:
        assert await file.read() == CONTENT + b"\xff" * 21 * CHUNK + b"\xfeend"


async def test_other_encodings_and_an_end_without_newline(session: AsyncSession) -> None:
    async with session.file.open("/tmp/u", "w", encoding="utf-16") as file:
        await file.write("é\n")
        await file.write("end")
    async with session.file.open("/tmp/u", "a", encoding="utf-16-le") as file:
        await file.write("!")
    async with session.file.open("/tmp/u", encoding="utf-16") as file:
        assert file.encoding == "utf-16"
        assert [line async for line in file] == ["é\n", "end!"]
    async with session.file.open("/tmp/u") as file:
        with pytest.raises(FileError, match='"rb"') as caught:
            await file.read()
    assert caught.value.code == "File.NotText"
    async with session.file.open("/tmp/u", errors="replace") as file:
        assert "e\0n\0d" in await file.read()
    async with session.file.open("/tmp/a", "w", encoding="ascii") as file:
        with pytest.raises(InvalidParamsError, match="ascii"):
            await file.write("é")
        with pytest.raises(InvalidParamsError, match="strings"):
            await file.write(b"x")  # type: ignore[arg-type]
        await file.aclose()
    assert (await session.file.read("/tmp/a")).content == ""


async def fail_in(file: AsyncTextFile, error: BaseException) -> None:
    async with file:
        await file.write("first")
        raise error


async def enter(file: AsyncTextFile | AsyncBinaryFile) -> None:
    async with file:
        raise AssertionError("it was opened")


async def test_a_block_that_fails_keeps_what_was_written(session: AsyncSession) -> None:
    with pytest.raises(RuntimeError, match="on the way"):
        await fail_in(session.file.open("/tmp/kept", "w"), RuntimeError("on the way"))
    assert (await session.file.read("/tmp/kept")).content == "first"
    file = session.file.open("/tmp/dropped", "w")
    with pytest.raises(KeyboardInterrupt):
        await fail_in(file, KeyboardInterrupt())
    assert file.closed
    assert (await session.file.read("/tmp/dropped")).content == ""


@own_file_system
async def test_what_can_not_be_opened_raises(session: AsyncSession) -> None:
    files = session.file
    for file in (
        files.open("/tmp/none"),
        files.open("/tmp", "rb"),
        files.open("/tmp", "w"),
        files.open("/proc/x", "ab"),
    ):
        with pytest.raises(FileError):
            await enter(file)
    for arguments in (("", "r"), ("/tmp/x", "x"), ("/tmp/x", "r", "no-such"), (None, "rb")):
        with pytest.raises(InvalidParamsError):
            files.open(*arguments)  # type: ignore[call-overload,unused-ignore]


async def test_a_file_is_only_used_as_it_was_opened(session: AsyncSession) -> None:
    await session.file.write("/tmp/x", "x")
    async with session.file.open("/tmp/x", "rb") as reading:
        with pytest.raises(InvalidParamsError, match="'rb'"):
            await reading.write(b"x")
        assert await reading.read() == b"x"
    async with session.file.open("/tmp/x", "wb") as writing:
        for use in (writing.read, writing.readline, writing.read1):
            with pytest.raises(InvalidParamsError, match="'wb'"):
                await use()
        with pytest.raises(InvalidParamsError, match="bytes"):
            await writing.write("x")  # type: ignore[arg-type]
    with pytest.raises(InvalidParamsError, match="not open"):
        await writing.write(b"x")
    text = session.file.open("/tmp/x")
    with pytest.raises(InvalidParamsError, match="not open"):
        await text.read()
    async with text:
        await text.aclose()
        assert text.closed
        with pytest.raises(InvalidParamsError, match="not open"):
            await text.readline()


def client(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.example", transport=network)


async def test_a_file_that_shrinks_while_it_is_read_raises() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        info = tool_call(request)[0] == "get_file_info"
        return tool_text("size: 9\nisDirectory: false" if info else "eA==")

    async with (
        client(Network(mcp=answer)) as agb,
        AsyncSession(agb, "s-1").file.open("/tmp/x", "rb") as file,
    ):
        with pytest.raises(FileError, match="shorter") as caught:
            await file.read()
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


async def test_after_a_write_that_failed_no_other_leaves_a_gap() -> None:
    network = Network(mcp=taking(1))
    async with (
        client(network) as agb,
        AsyncSession(agb, "s-1").file.open("/tmp/x", "wb") as file,
    ):
        await file.write(b"first")
        with pytest.raises(APIConnectionError):
            await file.flush()
        assert file.closed
        with pytest.raises(InvalidParamsError, match="not open"):
            await file.write(b"second")
    assert len(network.asked) == 2


async def test_an_end_that_can_not_be_written_is_not_lost_in_silence() -> None:
    async with client(Network(mcp=taking(1))) as agb:
        file = AsyncSession(agb, "s-1").file.open("/tmp/x", "w")
        with pytest.raises(RuntimeError) as caught:
            await fail_in(file, RuntimeError())
        assert "/tmp/x could not be written to its end" in caught.value.__notes__[0]
    async with client(Network(mcp=taking(1))) as agb:
        file = AsyncSession(agb, "s-1").file.open("/tmp/x", "w")
        await file.__aenter__()
        await file.write("text")
        with pytest.raises(APIConnectionError):
            await file.__aexit__(None, None, None)
        assert file.closed
