"""Events on their way, who waits for them, and whose turn it is: by themselves."""

import threading
import time
from typing import Any

import pytest

from agb.local.inside import channel as channel_module
from agb.local.inside.asker import WINDOW, Asker
from agb.local.inside.channel import Channel
from agb.local.inside.errors import OperationError
from agb.local.inside.turns import Turns


def soon() -> float:
    return time.monotonic() + 60


def late() -> float:
    return time.monotonic() - 1


def test_output_that_waits_is_gathered_by_kind_and_in_order() -> None:
    channel = Channel()
    for kind, text in [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")]:
        channel.put({"type": kind, "text": text})
    channel.put({"type": "done", "error": None})
    channel.put({"type": "stdout", "text": "e"})
    events = [channel.get(soon()) for _ in range(5)]
    assert events == [
        {"type": "stdout", "text": "ab"},
        {"type": "stderr", "text": "c"},
        {"type": "stdout", "text": "d"},
        {"type": "done", "error": None},
        {"type": "stdout", "text": "e"},
    ]
    assert channel.get(late()) is None


def test_gathered_output_stays_of_a_size() -> None:
    channel = Channel()
    for _ in range(4):
        channel.put({"type": "stdout", "text": "x" * 40_000})
    sizes = [len((channel.get(soon()) or {})["text"]) for _ in range(2)]
    assert sizes == [80_000, 80_000]


def test_who_puts_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "CAPACITY", 10)
    channel = Channel()
    channel.put({"type": "result"}, 10)
    thread = threading.Thread(target=channel.put, args=({"type": "done"},))
    thread.start()
    assert channel.get(soon()) == {"type": "result"}
    assert channel.get(soon()) == {"type": "done"}
    thread.join()


def test_a_closed_channel_makes_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "CAPACITY", 10)
    channel = Channel()
    channel.put({"type": "result"}, 10)
    thread = threading.Thread(target=channel.put, args=({"type": "done"},))
    thread.start()
    channel.close()
    thread.join()
    assert channel.get(soon()) == {"type": "result"}
    assert channel.get(late()) is None


def test_events_that_are_there_do_not_put_off_the_end() -> None:
    channel = Channel()
    channel.put({"type": "result"})
    assert channel.get(late()) is None
    assert channel.get(soon(), lambda: True) is None
    assert channel.get(soon()) == {"type": "result"}


def test_who_tells_waits_until_enough_has_been_taken_in() -> None:
    asker = Asker(lambda _: WINDOW)
    assert asker.tell({}, late())
    assert not asker.tell({}, late())
    asker.took(1)
    assert asker.tell({}, late())


def test_nothing_is_told_to_who_has_called_off_or_never_listened() -> None:
    told: list[Any] = []

    def tell(event: Any) -> int:
        told.append(event)
        return 1

    asker = Asker(tell)
    asker.call_off()
    assert not asker.tell({}, soon())
    assert not Asker().tell({}, soon())
    assert told == []
    with pytest.raises(OperationError) as caught:
        asker.check()
    assert caught.value.code == "Operation.CalledOff"


def test_turns_come_in_order_and_who_calls_off_gives_theirs_up() -> None:
    turns, order = Turns(), list[int]()
    askers = [Asker() for _ in range(3)]
    waiting = [threading.Event() for _ in askers]

    def take(number: int) -> None:
        waiting[number].set()
        with turns.of(askers[number]):
            order.append(number)

    threads = [threading.Thread(target=_quietly, args=(take, number)) for number in range(3)]
    with turns.of(Asker()):
        for number, thread in enumerate(threads):
            thread.start()
            waiting[number].wait()
            while len(turns._line) < number + 2:
                time.sleep(0.001)
        askers[1].call_off()
        threads[1].join()
        assert order == []
    for thread in threads:
        thread.join()
    assert order == [0, 2]


def _quietly(take: Any, number: int) -> None:
    try:
        take(number)
    except OperationError:
        return
