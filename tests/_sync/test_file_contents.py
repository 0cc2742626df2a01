# Generated from tests/_async/test_file_contents.py; edit that file, then `nox -s twin`.
"""Reading and writing what is in files, of any size and at any border."""

import base64
from collections.abc import Callable

import httpx
import pytest
from support.fake import Network, tool_call, tool_text
from support.local import own_file_system

from agb import AGB, APIConnectionError, FileError, InvalidParamsError, Session
from agb._chunks import AT_ONCE, BLOCK, CHUNK, IN_ORDER, LONG
from agb.results import McpTool

SIZES = (
    *(CHUNK * count + more for count in (1, 2) for more in (-1, 0, 1)),
    CHUNK * (IN_ORDER + 3) + 1,
)
BYTES = bytes(range(256)) * 4096  # a megabyte


def test_every_size_around_a_border_comes_back_whole(session: Session) -> None:
    for size in SIZES:
        content = BYTES[:size]
        assert session.file.write("/tmp/b", content).success
        assert session.file.read("/tmp/b", format="bytes").content == content
        text = ("x" * (size % 7) + "aé€🙂" * size)[:size]
        assert session.file.write("/tmp/t", text).success
        assert session.file.read("/tmp/t").content == text


@own_file_system
def test_twenty_megabytes_come_back_whole(session: Session) -> None:
    block = "0123456789abcdeé" * 1024
    made = session.code.run(
        f"open('/tmp/big', 'w').write({block!r} * 1280)", "python", timeout_s=60
    )
    assert made.success
    read = session.file.read("/tmp/big", format="bytes")
    assert read.content == block.encode() * 1280
    assert read.size > 20_000_000


def test_text_and_bytes_are_appended(session: Session) -> None:
    assert session.file.append("/tmp/new/log", "é\n").success
    assert session.file.append("/tmp/new/log", b"\xff").success
    assert session.file.append("/tmp/new/log", "x" * CHUNK + "y").success
    read = session.file.read("/tmp/new/log", format="bytes")
    assert read.content == b"\xc3\xa9\n\xff" + b"x" * CHUNK + b"y"


@pytest.mark.parametrize("content", ["new" * CHUNK, BYTES[: CHUNK + 1]], ids=["text", "bytes"])
@own_file_system
def test_a_file_is_replaced_in_one_step_and_stays_what_it_was(
    session: Session, content: str | bytes
) -> None:
    session.command.execute(
        "mkdir -p /tmp/r && cd /tmp/r && echo old >'a '\"'\" && chmod 750 a* && ln -s a* link"
    )
    assert session.file.write("/tmp/r/link", content, atomic=True).success
    looked = session.command.execute("cd /tmp/r; ls; stat -c %a a*; readlink link")
    assert looked.stdout == "a '\nlink\n750\na '\n"
    read = session.file.read("/tmp/r/a '", format="bytes")
    assert read.content == (content.encode() if isinstance(content, str) else content)
    assert session.file.write("/tmp/r/sub/new", content, atomic=True).success
    assert session.file.exists("/tmp/r/sub/new").data


def test_what_can_not_be_replaced_leaves_nothing_behind(session: Session) -> None:
    session.file.mkdir("/tmp/r/folder")
    for content in ("text", b"\xff"):
        refused = session.file.write("/tmp/r/folder", content, atomic=True)
        assert isinstance(refused.error, FileError)
        assert "/tmp/r/folder" in refused.error_message
    appended = session.file.write("/tmp/r/x", "x", mode="append", atomic=True)
    assert isinstance(appended.error, InvalidParamsError)
    listing = session.file.list("/tmp/r", recursive=True)
    assert [entry.path for entry in listing.entries] == ["/tmp/r/folder"]


def test_several_files_are_written_and_read_exactly(session: Session) -> None:
    texts = {f"/tmp/m/{number}": f"  {number}\n---\n" for number in range(3 * AT_ONCE)}
    written = session.file.write_batch(texts)
    assert written.success
    assert written.written == list(texts)
    read = session.file.read_batch(list(texts), exact=True)
    assert read.contents == texts
    assert read.request_id
    assert session.file.read_batch([], exact=True).contents == {}
    assert session.file.write_batch({}).written == []


def test_a_file_of_many_that_fails_does_not_stop_the_others(session: Session) -> None:
    session.file.mkdir("/tmp/m/taken")
    wrong: dict[str, str | bytes] = {"/tmp/m/taken": "x", "/tmp/m/good": b"\xff", "/tmp/m/n": 5}  # type: ignore[dict-item]
    done = session.file.write_batch(wrong)
    assert done.code == "File.IsDirectory"
    assert done.written == ["/tmp/m/good"]
    assert {path: type(error) for path, error in done.errors.items()} == {
        "/tmp/m/taken": FileError,
        "/tmp/m/n": InvalidParamsError,
    }
    read = session.file.read_batch(["/tmp/m/good", "/tmp/m/none"], exact=True)
    assert isinstance(read.error, FileError)
    for bad in ([("/tmp/x", "x")], {" ": "x"}, {5: "x"}):
        assert session.file.write_batch(bad).code == "PARAM_ERROR"  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["overwrite", "append", "atomic"])
def test_a_long_file_that_is_written_in_parts_comes_back_whole(session: Session, mode: str) -> None:
    for content in ("aé€🙂x" * (LONG // 4), BYTES + b"\xff"):
        path = f"/tmp/parts/{mode}/{type(content).__name__} of 'all'"
        assert session.file.write(path, "before\n").success
        written = (
            session.file.write(path, content, atomic=True)
            if mode == "atomic"
            else session.file.write(path, content, mode)
        )
        assert written.success
        assert written.request_id
        whole = content.encode() if isinstance(content, str) else content
        read = session.file.read(path, format="bytes")
        assert read.content == (b"before\n" if mode == "append" else b"") + whole
    listing = session.file.list(f"/tmp/parts/{mode}")
    assert sorted(entry.name for entry in listing.entries) == [
        "bytes of 'all'",
        "str of 'all'",
    ]


def with_tools(agb: AGB, *names: str) -> Session:
    """Return a handle to a session that has told which tools it has."""
    session = Session(agb, "s-1")
    session.tool_list = [McpTool(name=name, description="") for name in names]
    return session


def client(network: Network) -> AGB:
    return AGB("key", endpoint="https://agb.example", transport=network)


def changing(*versions: str) -> Callable[[httpx.Request], httpx.Response]:
    """Serve a file of three ranges that has another version at each look."""
    told = iter(versions)

    def answer(request: httpx.Request) -> httpx.Response:
        name, args = tool_call(request)
        if name == "get_file_info":
            size, _, moment = next(told).partition("@")
            times = f"modTime: {moment}\n" if moment else ""
            return tool_text(f"size: {size}\n{times}isDirectory: false")
        piece = "x" * max(0, min(args["length"], 120_000 - args["offset"]))
        return tool_text(piece)

    return answer


def test_a_file_that_changes_while_it_is_read_is_read_again() -> None:
    network = Network(mcp=changing("120000@1", "120000@2", "120000@2"))
    with client(network) as agb:
        read = Session(agb, "s-1").file.read("/tmp/log")
    assert read.content == "x" * 120_000
    assert len(network.asked) == 3 + 2 * 3


def test_a_file_that_never_stops_changing_is_no_mix_of_its_states() -> None:
    network = Network(mcp=changing(*(f"120000@{number}" for number in range(9))))
    with client(network) as agb:
        read = Session(agb, "s-1").file.read("/tmp/log")
    assert isinstance(read.error, FileError)
    assert read.code == "File.Changed"
    assert read.content == ""


def refusing(which: int, fault: Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Take writes until one of them, counted from 1, fails on its way."""
    written = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal written
        if tool_call(request)[0] == "write_file":
            written += 1
            if written == which:
                raise fault
        return tool_text("done")

    return answer


def test_a_write_that_breaks_off_says_how_much_is_there() -> None:
    network = Network(mcp=refusing(3, httpx.ReadError("cut off")))
    with client(network) as agb:
        broken = Session(agb, "s-1").file.write("/tmp/long", "z" * 3 * CHUNK)
    assert isinstance(broken.error, APIConnectionError)
    assert f"of {3 * CHUNK} characters for /tmp/long, the first {2 * CHUNK}" in broken.error_message
    assert str(broken.error) == broken.error_message
    assert len(network.asked) == 3


@pytest.mark.parametrize("content", ["z" * 3 * CHUNK, b"\xff" * 3 * CHUNK], ids=["text", "bytes"])
def test_a_replacement_that_breaks_off_is_cleared_away(content: str | bytes) -> None:
    network = Network(mcp=refusing(2, httpx.ReadError("cut off")))
    with client(network) as agb:
        broken = Session(agb, "s-1").file.write("/tmp/long", content, atomic=True)
    assert isinstance(broken.error, APIConnectionError)
    calls = [tool_call(request) for request in network.asked]
    assert [name for name, _ in calls] == ["write_file", "write_file", "delete_file"]
    paths = {args["path"] for _, args in calls}
    assert len(paths) == 1
    assert "/tmp/long" not in paths


def test_a_long_text_whose_writing_breaks_off_leaves_the_file_as_it_was() -> None:
    network = Network(mcp=refusing(5, httpx.ReadError("cut off")))
    with client(network) as agb:
        session = with_tools(agb, "write_file", "shell")
        broken = session.file.write("/tmp/long", "z" * (LONG + 1))
    assert isinstance(broken.error, APIConnectionError)
    assert "are written" not in broken.error_message
    calls = [tool_call(request) for request in network.asked]
    touched = {args["path"] for name, args in calls if name == "write_file"}
    removed = {args["path"] for name, args in calls if name == "delete_file"}
    assert touched <= removed
    assert "/tmp/long" not in removed
    assert {name for name, _ in calls} == {"write_file", "delete_file"}


def test_a_long_text_is_written_in_order_where_no_shell_could_join_its_parts() -> None:
    network = Network(mcp=tool_text("done"))
    content = "z" * (LONG + CHUNK + 1)
    with client(network) as agb:
        assert with_tools(agb, "write_file").file.write("/tmp/long", content).success
    calls = [tool_call(request) for request in network.asked]
    assert {args["path"] for _, args in calls} == {"/tmp/long"}
    assert [args["mode"] for _, args in calls] == ["overwrite", *["append"] * 17]
    assert "".join(args["content"] for _, args in calls) == content


def damaging(content: bytes) -> Callable[[httpx.Request], httpx.Response]:
    """Serve a file as text, too, whatever is at the borders of its ranges."""

    def answer(request: httpx.Request) -> httpx.Response:
        name, args = tool_call(request)
        if name == "get_file_info":
            return tool_text(f"size: {len(content)}\nisDirectory: false")
        piece = content[args["offset"] : args["offset"] + args["length"]]
        if args.get("format") == "binary":
            return tool_text(base64.b64encode(piece).decode())
        return tool_text(piece.decode(errors="replace"))

    return answer


def test_characters_at_the_border_of_two_ranges_are_whole() -> None:
    text = "aé" * (BLOCK // 2)
    with client(Network(mcp=damaging(text.encode()))) as agb:
        read = Session(agb, "s-1").file.read("/tmp/long")
    assert read.content == text


def test_what_is_no_text_at_all_says_so() -> None:
    with client(Network(mcp=damaging(b"a\xff" * BLOCK))) as agb:
        read = Session(agb, "s-1").file.read("/tmp/long")
    assert isinstance(read.error, FileError)
    assert (read.code, read.request_id) == ("File.NotText", "request-1")
    assert 'format="bytes"' in read.error_message
