# Generated from tests/_async/test_file_watch.py; edit that file, then `nox -s twin`.
"""Changes below a path: none is missed, and the watch ends cleanly."""

import json
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest
from support.fake import Answer, Network, refusal, tool_call, tool_text
from support.local import own_file_system

from agb import (
    AGB,
    APIConnectionError,
    FileChangeEvent,
    FileError,
    FileWatch,
    InvalidParamsError,
    PermissionDeniedError,
    ServerError,
    Session,
    SessionNotFoundError,
)
from agb._concurrency import threads
from agb._deadline import Deadline

COUNT = 300
SOON = 0.02


class Told:
    """Gathers what a watch tells, by the kind of change."""

    def __init__(self, changes: FileWatch) -> None:
        self._changes = changes
        self._paths: dict[str, set[str]] = {"create": set(), "modify": set(), "delete": set()}

    def all_of(self, kind: str, paths: set[str]) -> None:
        """Ask until all these paths have been told of."""
        ends = Deadline(60)
        while not ends.is_over:
            for event in self._changes.poll():
                self._paths[event.event_type].add(event.path)
            if paths <= self._paths[kind]:
                return
            threads.sleep(SOON)
        missed = paths - self._paths[kind]
        raise AssertionError(f"{len(missed)} of {len(paths)} were missed: {sorted(missed)[:5]}")


def end(changes: FileWatch) -> list[FileChangeEvent]:
    """Return all that is told until there is no more."""
    with changes:
        return list(changes)


@own_file_system
def test_no_change_of_hundreds_is_missed(session: Session) -> None:
    names = {f"/tmp/w/sub/{number}" for number in range(COUNT)}
    moved = {name.replace("sub", "new") for name in names}
    run = session.command.execute
    session.file.mkdir("/tmp/w/sub")
    with session.file.watch("/tmp/w", interval=SOON) as changes:
        told = Told(changes)
        run(f"cd /tmp/w/sub; for n in $(seq 0 {COUNT - 1}); do >$n; done")
        told.all_of("create", names)
        run("cd /tmp/w/sub; for f in *; do echo x >$f; done")
        told.all_of("modify", names)
        run("mv /tmp/w/sub /tmp/w/new")
        told.all_of("create", {*moved, "/tmp/w/new"})
        told.all_of("delete", {*names, "/tmp/w/sub"})
        run("rm /tmp/w/new/*")
        told.all_of("delete", moved)
        changes.stop()
        assert changes.next_changes() == []
        assert list(changes) == []


def test_what_changes_before_the_first_question_is_told(session: Session) -> None:
    session.file.write("f", "x")
    with session.file.watch("f") as changes:
        session.file.append("f", "y")
        told = changes.next_changes()
    assert {(each.event_type, each.path_type) for each in told} == {("modify", "file")}
    assert told[0].path.endswith("/f")


def test_a_callback_is_told_until_the_watch_is_stopped(session: Session) -> None:
    session.file.mkdir("/tmp/w")
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        assert events
        told.extend(events)
        if len(told) >= 3:
            watcher.stop_event.set()

    stop = threads.Event()
    watcher = session.file.watch_dir("/tmp/w", tell, SOON, stop)
    assert watcher.stop_event is stop
    assert not watcher.ready_event.is_set()

    def write() -> None:
        watcher.ready_event.wait()
        for number in range(3):
            session.file.write(f"/tmp/w/{number}", "x")

    works: list[Callable[[], None]] = [watcher.run, write]
    threads.map_parallel(lambda work: work(), works, limit=2)
    made = {event.path for event in told if event.event_type == "create"}
    assert made <= {f"/tmp/w/{number}" for number in range(3)}
    assert made


def test_a_callback_watch_waits_for_a_directory_to_be_made(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        told.extend(events)
        if "/tmp/later/f" in {event.path for event in told}:  # the directory comes first
            watcher.stop_event.set()

    watcher = session.file.watch_dir("/tmp/later", tell, SOON)

    def write() -> None:
        watcher.ready_event.wait()
        session.file.write("/tmp/later/f", "x")

    works: list[Callable[[], None]] = [watcher.run, write]
    threads.map_parallel(lambda work: work(), works, limit=2)
    assert caplog.messages
    assert all("/tmp/later" in message for message in caplog.messages)


def test_a_watch_ends_with_what_it_watches(agb: AGB) -> None:
    with agb.session() as session:
        files = session.file
        files.mkdir("/tmp/w")
        with files.watch("/tmp/w", SOON) as changes:
            files.remove("/tmp/w")
            Told(changes).all_of("delete", {"/tmp/w"})
            with pytest.raises(FileError):
                changes.next_changes()
        with pytest.raises(FileError):
            end(files.watch("/tmp/none", SOON))
        files.mkdir("/tmp/w")
        watcher = files.watch_dir("/tmp/w", print, SOON)
        with files.watch("/tmp/w", SOON) as changes:
            session.delete()
            with pytest.raises(SessionNotFoundError):
                changes.next_changes()
        watcher.run()
        assert watcher.ready_event.is_set()


def test_a_path_is_watched_once_at_a_time(session: Session) -> None:
    for _ in range(2):
        with session.file.watch("/tmp"):
            with pytest.raises(InvalidParamsError, match="already"):
                end(session.file.watch("/tmp"))
            with pytest.raises(InvalidParamsError, match="already"):
                session.file.watch_dir("/tmp", print).run()


def test_bad_arguments_are_refused_before_anything_is_sent(session: Session) -> None:
    for path, interval in (("", 1.0), (None, 1.0), ("/tmp", 0.0), ("/tmp", "often")):
        with pytest.raises(InvalidParamsError):
            session.file.watch(path, interval)  # type: ignore[arg-type]
        with pytest.raises(InvalidParamsError):
            session.file.watch_dir(path, print, interval)  # type: ignore[arg-type]
    with pytest.raises(InvalidParamsError, match="block"):
        session.file.watch("/tmp").next_changes()


def client(network: Network) -> AGB:
    return AGB("key", endpoint="https://agb.example", transport=network, max_retries=0)


def event(kind: str, path: str, path_type: str = "file") -> dict[str, str]:
    return {"eventType": kind, "path": path, "pathType": path_type}


def found(*names: str) -> httpx.Response:
    """Return how a tree with these files is listed; a name may end in a version."""
    there = [
        "d 0 1 1 1 ",
        *(f"f 1 {name.partition('@')[2]} 1 1 {name.partition('@')[0]}" for name in names),
    ]
    return tool_text(json.dumps({"stdout": "".join(f"{line}\0" for line in there), "exit_code": 0}))


def watched(listings: Sequence[Answer], changes: Sequence[Answer]) -> Network:
    """Answer listings and questions, each in its order."""
    told: dict[str, Iterator[Answer]] = {"shell": iter(listings), "get_file_change": iter(changes)}
    return Network(mcp=lambda request: next(told[tool_call(request)[0]]))


def changed(*events: dict[str, str]) -> httpx.Response:
    return tool_text(json.dumps(events))


LOST = httpx.ReadTimeout("slow")


def test_changes_in_a_lost_answer_are_found_again() -> None:
    listings: list[Answer] = [found("kept@1", "gone@1", "old@1"), found("kept@1", "old@2", "new@1")]
    changes: list[Answer] = [
        changed(),
        LOST,
        refusal(502, "", "bad gateway"),
        changed(event("create", "/w/new")),
    ]
    with (
        client(watched(listings, changes)) as agb,
        Session(agb, "s-1").file.watch("/w/", SOON) as watch,
    ):
        told = watch.next_changes()
    assert {(each.event_type, each.path) for each in told} == {
        ("create", "/w/new"),
        ("modify", "/w/new"),
        ("delete", "/w/gone"),
        ("modify", "/w/old"),
    }
    assert len(told) == 4


def test_what_was_told_before_a_lost_answer_is_known() -> None:
    listings: list[Answer] = [found("a@1", "b@1"), found("b@1", "c@1"), found("b@1", "c@1", "d@1")]
    changes: list[Answer] = [
        changed(),
        changed(event("delete", "/w/a"), event("create", "/w/c")),
        LOST,
        changed(),
        httpx.ConnectError("refused"),
        changed(),
    ]
    with (
        client(watched(listings, changes)) as agb,
        Session(agb, "s-1").file.watch("/w", SOON) as watch,
    ):
        assert len(watch.next_changes()) == 2
        again = watch.next_changes()
        later = watch.next_changes()
    assert [(each.event_type, each.path) for each in again] == [("modify", "/w/c")]
    assert [(each.event_type, each.path) for each in later] == [
        ("create", "/w/d"),
        ("modify", "/w/d"),
    ]


def test_a_comparison_that_fails_loses_nothing_either() -> None:
    listings: list[Answer] = [found(), LOST, found("a@1")]
    changes: list[Answer] = [changed(), LOST, changed(event("create", "/w/a")), changed()]
    with (
        client(watched(listings, changes)) as agb,
        Session(agb, "s-1").file.watch("/w", SOON) as watch,
    ):
        told = watch.next_changes()
    assert [(each.event_type, each.path) for each in told] == [
        ("create", "/w/a"),
        ("modify", "/w/a"),
    ]


def test_an_agb_that_stays_away_ends_the_watch_and_so_does_a_refusal() -> None:
    away = watched([found()], [changed(), *5 * [httpx.ConnectError("refused")]])
    with client(away) as agb:
        with pytest.raises(APIConnectionError):
            end(Session(agb, "s-1").file.watch("/w", SOON))
        assert len(away.asked) == 2 + 5
    no = refusal(403, "Account.Ceased", "account status is invalid")
    refused = watched([found()], [changed(), no])
    with client(refused) as agb:
        with pytest.raises(PermissionDeniedError):
            end(Session(agb, "s-1").file.watch("/w", SOON))
        assert len(refused.asked) == 2 + 1


def test_without_a_listing_a_lost_answer_is_an_error() -> None:
    network = watched([], [changed(), refusal(500, "", "oops")])
    with client(network) as agb:
        with pytest.raises(ServerError):
            end(Session(agb, "s-1").file.watch("/w", SOON, recover=False))
        assert len(network.asked) == 2


def test_a_callback_watch_goes_on_and_logs_the_same_failure_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        told.extend(events)

    changes: list[Answer] = [
        LOST,
        LOST,
        changed(event("create", "/w/before")),
        refusal(500, "", "oops"),
        changed(event("create", "/w/a")),
        changed(),
        refusal(500, "", "this session has expired"),
    ]
    with client(watched([], changes)) as agb:
        Session(agb, "s-1").file.watch_dir("/w", tell, SOON, recover=False).run()
    assert [each.path for each in told] == ["/w/a"]
    assert len(caplog.messages) == 2
    assert "oops" in caplog.messages[1]


def test_a_callback_that_raises_ends_its_watch() -> None:
    def fail(_: Sequence[FileChangeEvent]) -> None:
        raise RuntimeError("enough")

    with client(watched([], [changed(), changed(event("create", "/w/a"))])) as agb:
        watcher = Session(agb, "s-1").file.watch_dir("/w", fail, SOON, recover=False)
        with pytest.raises(RuntimeError, match="enough"):
            watcher.run()
