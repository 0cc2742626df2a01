import threading
from collections.abc import Callable

import pytest

from agb.local.inside.crew import KEPT, Crew

PATIENCE = 30.0


@pytest.fixture
def crew() -> Crew:
    return Crew()


def _at_once(crew: Crew, count: int) -> list[threading.Thread]:
    """Have so many pieces of work done that all wait for each other, and give their threads."""
    together = threading.Barrier(count + 1)
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        together.wait(PATIENCE)

    for _ in range(count):
        crew.do(work)
    together.wait(PATIENCE)
    return threads


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it never came to that")


def _rest(threads: list[threading.Thread]) -> int:
    return sum(thread.is_alive() for thread in threads)


def test_no_piece_of_work_waits_for_another(crew: Crew) -> None:
    assert len(set(_at_once(crew, 5))) == 5


def test_some_threads_are_kept_and_the_others_end(crew: Crew) -> None:
    threads = _at_once(crew, KEPT + 3)

    _until(lambda: _rest(threads) == KEPT)

    (again,) = _at_once(crew, 1)
    assert again in threads
    assert again.is_alive()


def test_no_piece_of_work_waits_for_another_when_some_threads_are_kept(crew: Crew) -> None:
    before = _at_once(crew, KEPT)

    after = _at_once(crew, KEPT + 2)

    assert len(set(after)) == KEPT + 2
    _until(lambda: _rest([*{*before, *after}]) == KEPT)


def test_who_has_work_hears_that_no_thread_can_be_started(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            crew.do(lambda: None)

    assert len(_at_once(crew, 1)) == 1
