"""Files of a session."""

from agb import FileError, InvalidParamsError, UnexpectedResponseError
from agb.results import DirectoryEntry, FileChangeEvent, FileChangeResult
from conformance._async.world import AsyncWorld, Case
from conformance.outcome import AS_SENT, fails, gives

EDIT = {"oldText": "a", "newText": "b"}
EVENTS = [
    FileChangeEvent(event_type="create", path="/tmp/w/a", path_type="file"),
    FileChangeEvent(event_type="modify", path="/tmp/w", path_type="directory"),
]


async def watch(on: AsyncWorld) -> FileChangeResult:
    first = await on.session.file.get_file_change("/tmp/w")
    assert first.get_created_files() == ["/tmp/w/a"]
    assert first.get_modified_files() == []
    assert not (await on.session.file.get_file_change("/tmp/w")).has_changes()
    return await on.session.file.get_file_change("/tmp/w")


async def watch_over_the_link(on: AsyncWorld) -> FileChangeResult:
    assert not (await on.linked.file.get_file_change("/tmp/w")).has_changes()
    return await on.linked.file.get_file_change("/tmp/w")


CASES = (
    Case(
        "file_read_text",
        lambda on: on.session.file.read("/tmp/a.txt"),
        gives(content="hello world"),
    ),
    Case(
        "file_read_chunked",
        lambda on: on.session.file.read("/tmp/big"),
        gives(content="x" * 120_000),
    ),
    Case("file_read_empty", lambda on: on.session.file.read("/tmp/empty"), gives()),
    Case(
        "file_read_bytes",
        lambda on: on.session.file.read("/tmp/a.txt", format="bytes"),
        gives(content=b"hello world"),
    ),
    Case(
        "file_read_bytes_chunked",
        lambda on: on.session.file.read("/tmp/big", format="bytes"),
        gives(content=b"y" * 60_000),
    ),
    Case(
        "file_read_missing",
        lambda on: on.session.file.read("/nope"),
        fails(FileError, "ENOENT"),
    ),
    Case(
        "file_read_second_chunk_fails",
        lambda on: on.session.file.read("/tmp/big"),
        fails(FileError, "io error", request_id="req-0003"),
    ),
    Case(
        "file_read_batch_empty_result",
        lambda on: on.session.file.read_batch([]),
        gives(),
    ),
    Case("file_write", lambda on: on.session.file.write("/tmp/a.txt", "hello"), gives()),
    Case(
        "file_write_append",
        lambda on: on.session.file.write("/tmp/a.txt", "more", mode="append"),
        gives(),
    ),
    Case(
        "file_write_chunked",
        lambda on: on.session.file.write("/tmp/big", "z" * 120_000),
        gives("req-0003"),
    ),
    Case(
        "file_write_bad_mode",
        lambda on: on.session.file.write("/tmp/a.txt", "x", mode="create_new"),
        fails(InvalidParamsError, "create_new", request_id=""),
    ),
    Case(
        "file_write_error",
        lambda on: on.session.file.write("/root/a", "x"),
        fails(FileError, "EACCES"),
    ),
    Case(
        "file_info",
        lambda on: on.session.file.info("/tmp/a.txt"),
        gives(
            file_info={
                "name": "a.txt",
                "path": "/tmp/a.txt",
                "size": 11,
                "isDirectory": False,
                "modTime": "2026-01-01T10:20:30Z",
                "mode": "-rw-r--r--",
                "owner": "user",
                "group": "user",
                "ratio": 1.5,
            }
        ),
    ),
    Case(
        "file_info_dir",
        lambda on: on.session.file.info("/tmp"),
        gives(
            file_info={"name": "tmp", "size": 4096, "isDirectory": True, "mode": "drwxr-xr-x"},
        ),
    ),
    Case(
        "file_info_missing",
        lambda on: on.session.file.info("/nope"),
        fails(FileError, "ENOENT: no such file or directory"),
    ),
    Case(
        "file_list",
        lambda on: on.session.file.list("/tmp"),
        gives(
            entries=[
                DirectoryEntry(name="sub", is_directory=True),
                DirectoryEntry(name="a.txt", is_directory=False),
                DirectoryEntry(name="b c.txt", is_directory=False),
            ]
        ),
    ),
    Case("file_list_empty", lambda on: on.session.file.list("/tmp/empty"), gives()),
    Case(
        "file_list_no_content",
        lambda on: on.session.file.list("/tmp/empty"),
        fails(UnexpectedResponseError, "nothing at all", status_code=200),
    ),
    Case("file_mkdir", lambda on: on.session.file.mkdir("/tmp/d"), gives()),
    Case(
        "file_mkdir_error",
        lambda on: on.session.file.mkdir("/root/d"),
        fails(FileError, "EACCES: permission denied"),
    ),
    Case("file_remove", lambda on: on.session.file.remove("/tmp/a"), gives()),
    Case("file_edit", lambda on: on.session.file.edit("/tmp/a", [EDIT]), gives()),
    Case(
        "file_edit_dry_run",
        lambda on: on.session.file.edit(
            "/tmp/a", [EDIT, {"oldText": "c", "newText": "d"}], dry_run=True
        ),
        gives(diff="-a\n+b"),
    ),
    Case(
        "file_search",
        lambda on: on.session.file.search("/tmp", "*.py"),
        gives(matches=["/tmp/a.py", "/tmp/b.py"]),
    ),
    Case(
        "file_search_exclude",
        lambda on: on.session.file.search("/tmp", "*.py", exclude_patterns=["node_modules"]),
        gives(),
    ),
    Case("file_watch_dir_api", watch, gives("req-0003", events=EVENTS)),
    Case("file_watch_dir_link", watch_over_the_link, gives(AS_SENT, events=EVENTS)),
    Case(
        "file_get_change_error",
        lambda on: on.session.file.get_file_change("/nope"),
        fails(FileError, "no such dir"),
    ),
)
