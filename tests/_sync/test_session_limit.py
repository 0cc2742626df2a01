# Generated from tests/_async/test_session_limit.py; edit that file, then `nox -s twin`.
"""No more sessions at once than the client was allowed."""

import uuid
from collections.abc import Iterator

import httpx
import pytest
from support.fake import Network, envelope, refusal
from support.local import LocalAGB

from agb import AGB, CreateSessionParams, InvalidParamsError, SessionLimitError
from agb._concurrency import threads
from agb._deadline import Deadline
from agb._sync.places import Places


@pytest.fixture
def limited(local_agb: LocalAGB) -> Iterator[AGB]:
    with AGB(
        local_agb.api_key,
        endpoint=local_agb.endpoint,
        default_image="code_latest",
        max_sessions=2,
    ) as agb:
        yield agb


def test_a_create_beyond_the_limit_waits_for_a_session_to_end(agb: AGB, limited: AGB) -> None:
    labels = {"test": uuid.uuid4().hex}
    seen: list[int] = []

    def work(_: int) -> None:
        with limited.session(labels=labels):
            seen.append(len(agb.list(labels=labels)))

    threads.map_parallel(work, range(4), limit=4)
    assert len(seen) == 4
    assert max(seen) <= 2


def test_a_create_that_finds_no_place_in_time_fails_and_sends_nothing(
    agb: AGB, limited: AGB
) -> None:
    labels = {"test": uuid.uuid4().hex}
    other = limited.with_options(timeout=30)
    with limited.session(labels=labels), other.session(labels=labels) as second:
        for client in (limited, other):
            created = client.create(CreateSessionParams(labels), timeout=0.1)
            assert isinstance(created.error, SessionLimitError)
            assert isinstance(created.error, TimeoutError)
            assert created.code == "SESSION_LIMIT"
            assert "2 sessions" in created.error_message
        assert len(agb.list(labels=labels)) == 2
        limited.delete(second.session_id)
        third = other.create(CreateSessionParams(labels), timeout=60).raise_for_error()
        assert limited.delete(third.session or "").success


def test_a_session_that_has_ended_by_itself_takes_no_place(agb: AGB, limited: AGB) -> None:
    with limited.session() as first, limited.session():
        agb.delete(first.session_id)
        third = limited.create(timeout=60).raise_for_error()
        assert limited.delete(third.session or "").success


def test_a_create_that_fails_gives_its_place_back(limited: AGB) -> None:
    for _ in range(3):
        assert not limited.create(CreateSessionParams("no-such-image")).success
    with limited.session(), limited.session():
        pass


def test_a_session_that_could_not_be_deleted_keeps_its_place() -> None:
    released = iter([refusal(500, "Broken", "no"), envelope(), envelope()])
    network = Network(
        createSession=envelope({"sessionId": "s-1"}),
        getSessionInfo=envelope({"status": "RUNNING"}),
        releaseSessionAsync=lambda _: next(released),
    )
    with AGB(
        "key",
        endpoint="https://agb.test",
        transport=network,
        max_sessions=1,
        default_image="i",
        max_retries=0,
    ) as agb:
        session = agb.create().raise_for_error().session
        assert session is not None
        assert not session.delete().success
        assert isinstance(agb.create(timeout=0.05).error, SessionLimitError)
        assert session.delete(wait=False).success
        assert session.delete(wait=False).success
        assert agb.create().success
        assert isinstance(agb.create(timeout=0.05).error, SessionLimitError)


def test_one_look_at_what_has_ended_serves_all_who_wait() -> None:
    looks: list[httpx.Request] = []

    def status(request: httpx.Request) -> httpx.Response:
        looks.append(request)
        return refusal(400, "InvalidMcpSession.NotFound", "gone")

    network = Network(createSession=envelope({"sessionId": "s-1"}), getSessionInfo=status)
    with AGB(
        "key",
        endpoint="https://agb.test",
        transport=network,
        max_sessions=1,
        default_image="i",
        max_retries=0,
    ) as agb:
        assert agb.create().success
        assert agb.create().success
        assert len(looks) == 1


def test_places_go_to_who_has_waited_longest() -> None:
    places = Places(1)
    order: list[int] = []
    begun = [threads.Event() for _ in range(5)]

    def look(number: int) -> None:
        begun[number + 1].set()

    def work(number: int) -> None:
        assert threads.wait_for(begun[number], 30)
        assert places.take(Deadline(30), lambda: look(number))
        order.append(number)
        places.give_back()

    def all_wait_in_line() -> None:
        assert threads.wait_for(begun[4], 30)
        places.give_back()

    def either(number: int) -> None:
        (all_wait_in_line() if number == 4 else work(number))

    assert places.take(Deadline(1), lambda: look(0))
    begun[0].set()
    threads.map_parallel(either, range(5), limit=5)
    assert order == [0, 1, 2, 3]


def test_who_gives_up_waiting_leaves_the_place_to_the_next() -> None:
    places = Places(1)

    def nothing() -> None:
        pass

    def gives_it_back_at_the_last_moment() -> None:
        places.give_back()
        raise RuntimeError("cancelled")

    assert places.take(Deadline(1), nothing)
    assert not places.take(Deadline(0.01), nothing)
    with pytest.raises(RuntimeError, match="cancelled"):
        places.take(Deadline(1), gives_it_back_at_the_last_moment)
    assert places.take(Deadline(1), nothing)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
def test_a_limit_is_a_number_of_sessions(wrong: int) -> None:
    with pytest.raises(InvalidParamsError, match="max_sessions"):
        AGB("key", max_sessions=wrong)
