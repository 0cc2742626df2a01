"""Files in a session."""

import threading

from checking import Failed, a_session, good, holds, of_client, of_session, refused, same

from agb import AGB, Session

_WAIT_SECONDS = 60.0
_PIECE = 51_200
"""Bytes, and characters, that the peer sends and asks for at a time."""


@of_session
def a_text_is_read_as_it_was_written(session: Session) -> None:
    for text in ("", "x", "ä\r\n\t\0 €\n", "---\n", " \n", '{"a": "b"}'):
        good(session.file.write("/tmp/text", text))
        same(good(session.file.read("/tmp/text")).content, text)
    good(session.file.write("/tmp/text", "one\n"))
    good(session.file.write("/tmp/text", "two\n", mode="append"))
    same(good(session.file.read("/tmp/text")).content, "one\ntwo\n")
    refused(session.file.write("/tmp/text", "x", mode="odd"))


@of_session
def a_long_text_comes_back_exactly(session: Session) -> None:
    for text in ("0123456789" * 10_000, "x" * _PIECE, "y" * (_PIECE + 1), "z\n" * 250_000):
        good(session.file.write("/tmp/long", text))
        same(good(session.file.read("/tmp/long")).content, text)


@of_session
def a_long_text_of_long_characters_comes_back_exactly(session: Session) -> None:
    for text in ("ä" * 100_000, "x" + "€" * 100_000, "xy😀" * 50_000):
        good(session.file.write("/tmp/long", text))
        same(good(session.file.read("/tmp/long")).content, text)


@of_session
def bytes_are_read_as_they_are(session: Session) -> None:
    made = "python3 -c \"open('bytes', 'wb').write(bytes(range(256)) * 2000)\""
    good(session.command.execute(made, timeout_ms=30_000, cwd="/tmp"))
    found = good(session.file.read("/tmp/bytes", format="bytes"))
    same(found.content, bytes(range(256)) * 2000)
    same(found.size, good(session.file.info("/tmp/bytes")).file_info["size"])
    good(session.file.write("/tmp/bytes", ""))
    same(good(session.file.read("/tmp/bytes", format="bytes")).content, b"")


@of_session
def a_file_tells_of_itself(session: Session) -> None:
    good(session.file.write("/tmp/told", "12345"))
    info = good(session.file.info("/tmp/told")).file_info
    same((info["size"], info["isDirectory"]), (5, False))
    same(good(session.file.info("/tmp")).file_info["isDirectory"], expected=True)
    refused(session.file.info("/tmp/none"))
    refused(session.file.read("/tmp/none"))
    refused(session.file.read("/tmp"))


@of_session
def a_directory_is_made_and_listed(session: Session) -> None:
    good(session.file.mkdir("/tmp/listed/empty"))
    good(session.file.mkdir("/tmp/listed/empty"))
    good(session.file.write("/tmp/listed/a file ü", "x"))
    entries = good(session.file.list("/tmp/listed")).entries
    same(
        sorted((entry["name"], entry["isDirectory"]) for entry in entries),
        [("a file ü", False), ("empty", True)],
    )
    same(good(session.file.list("/tmp/listed/empty")).entries, [])
    refused(session.file.list("/tmp/none"))


@of_session
def a_file_is_moved_and_removed(session: Session) -> None:
    good(session.file.write("/tmp/moved-from", "x"))
    good(session.file.move("/tmp/moved-from", "/tmp/moved-to"))
    refused(session.file.info("/tmp/moved-from"))
    same(good(session.file.read("/tmp/moved-to")).content, "x")
    good(session.file.remove("/tmp/moved-to"))
    refused(session.file.read("/tmp/moved-to"))
    holds(session.file.remove("/tmp/moved-to").request_id, "a request id")
    refused(session.file.move("/tmp/none", "/tmp/moved-to"))


@of_session
def a_file_is_edited(session: Session) -> None:
    good(session.file.write("/tmp/edited", "one\ntwo\nthree\n"))
    edits = [{"oldText": "two", "newText": "ZWEI"}, {"oldText": "three", "newText": "DREI"}]
    good(session.file.edit("/tmp/edited", edits, dry_run=True))
    same(good(session.file.read("/tmp/edited")).content, "one\ntwo\nthree\n")
    good(session.file.edit("/tmp/edited", edits))
    same(good(session.file.read("/tmp/edited")).content, "one\nZWEI\nDREI\n")
    missing = session.file.edit("/tmp/edited", [{"oldText": "four", "newText": "VIER"}])
    holds(missing.request_id, "a request id")
    same(good(session.file.read("/tmp/edited")).content, "one\nZWEI\nDREI\n")


@of_session
def files_are_searched(session: Session) -> None:
    for name in ("one.txt", "deep/two.txt", "deep/file-three.md", "skip/four.txt"):
        good(session.file.write(f"/tmp/searched/{name}", "x"))
    search = session.file.search
    texts = ["/tmp/searched/deep/two.txt", "/tmp/searched/one.txt", "/tmp/searched/skip/four.txt"]
    same(sorted(good(search("/tmp/searched", "*.txt")).matches), texts)
    same(sorted(good(search("/tmp/searched", "*.txt", ["skip"])).matches), texts[:2])
    same(good(search("/tmp/searched", "file*")).matches, ["/tmp/searched/deep/file-three.md"])
    same(good(search("/tmp/searched", "two")).matches, ["/tmp/searched/deep/two.txt"])
    same(good(search("/tmp/searched", "none-such")).matches, [])


@of_session
def several_files_are_read_at_once(session: Session) -> None:
    contents = {"/tmp/batch-1": "one\nline", "/tmp/batch-2": "zwei ü", "/tmp/batch-3": ""}
    for path, text in contents.items():
        good(session.file.write(path, text))
    same(good(session.file.read_batch(list(contents))).contents, contents)


@of_session
def a_directory_is_watched(session: Session) -> None:
    good(session.file.mkdir("/tmp/watched"))
    good(session.file.write("/tmp/watched/old", "x"))
    seen: list[tuple[str, str, str]] = []
    changed = threading.Condition()

    def notice(events: list) -> None:
        with changed:
            seen.extend((event.event_type, event.path, event.path_type) for event in events)
            changed.notify_all()

    def expect(*events: tuple[str, str, str]) -> None:
        with changed:
            if not changed.wait_for(lambda: set(events) <= set(seen), _WAIT_SECONDS):
                raise Failed(f"{events} are not among {seen}")

    thread = session.file.watch_dir("/tmp/watched", notice, interval=0.2)
    thread.start()
    try:
        holds(thread.ready_event.wait(_WAIT_SECONDS), "it gets ready")
        good(session.file.write("/tmp/watched/new", "x"))
        expect(("create", "/tmp/watched/new", "file"), ("modify", "/tmp/watched/new", "file"))
        good(session.file.write("/tmp/watched/old", "longer"))
        expect(("modify", "/tmp/watched/old", "file"))
        good(session.file.mkdir("/tmp/watched/directory"))
        expect(("create", "/tmp/watched/directory", "directory"))
        good(session.file.remove("/tmp/watched/new"))
        expect(("delete", "/tmp/watched/new", "file"))
    finally:
        thread.stop_event.set()
        thread.join(_WAIT_SECONDS)
    holds(not thread.is_alive(), "it stops")
    same(
        {path for _, path, _ in seen} - {f"/tmp/watched/{n}" for n in ("new", "old", "directory")},
        set(),
    )


@of_client
def a_watch_ends_with_its_session(agb: AGB) -> None:
    with a_session(agb) as session:
        thread = session.file.watch_dir("/tmp", lambda _: None, interval=0.2)
        thread.start()
        holds(thread.ready_event.wait(_WAIT_SECONDS), "it gets ready")
    thread.join(_WAIT_SECONDS)
    holds(not thread.is_alive(), "it stops")
