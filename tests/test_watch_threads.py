"""`watch_dir` of the blocking client, as it is documented: a thread that was not yet started."""

import queue
import threading
from collections.abc import Iterator, Sequence

import pytest
from support.local import LocalAGB

from agb import AGB, FileChangeEvent, Session

SOON = 0.02


@pytest.fixture
def session(local_agb: LocalAGB) -> Iterator[Session]:
    with (
        AGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest") as agb,
        agb.session() as session,
    ):
        yield session


def test_a_daemon_thread_tells_of_changes_until_its_event_is_set(session: Session) -> None:
    told: queue.Queue[FileChangeEvent] = queue.Queue()

    def tell(events: Sequence[FileChangeEvent]) -> None:
        for event in events:
            told.put(event)

    session.file.mkdir("/tmp/w")
    watcher = session.file.watch_dir("/tmp/w", tell, interval=SOON)
    assert isinstance(watcher, threading.Thread)
    assert watcher.daemon
    assert not watcher.is_alive()
    watcher.start()
    assert watcher.ready_event.wait(60)
    for number in range(200):
        session.file.write(f"/tmp/w/{number}", "")
    paths = {told.get(timeout=60).path for _ in range(200)}
    assert paths == {f"/tmp/w/{number}" for number in range(200)}
    watcher.stop_event.set()
    watcher.join(60)
    assert not watcher.is_alive()


def test_an_event_of_the_callers_own_stops_the_thread(session: Session) -> None:
    stop = threading.Event()
    watcher = session.file.watch_dir("/tmp/missing", print, SOON, stop)
    watcher.start()
    assert watcher.ready_event.wait(60)
    stop.set()
    watcher.join(60)
    assert not watcher.is_alive()


def test_the_thread_ends_with_its_session(session: Session) -> None:
    watcher = session.file.watch_dir("/tmp", print, interval=SOON)
    watcher.start()
    assert watcher.ready_event.wait(60)
    session.delete()
    watcher.join(60)
    assert not watcher.is_alive()


def test_a_watch_is_stopped_from_another_thread(session: Session) -> None:
    with session.file.watch("/tmp", interval=3600) as changes:
        stopper = threading.Timer(0.05, changes.stop)
        stopper.start()
        assert [event for event in changes if event.path == "nothing"] == []
        stopper.join()
