"""What is to be done for a session, and when."""

from datetime import UTC, datetime, timedelta

from agb._keeping import Duties, expiry
from agb._wire.messages.sessions import SessionData


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_kept_alive_thrice_in_its_idle_time_and_often_enough_by_default() -> None:
    clock = Clock()
    assert Duties(keep_alive=True, idle=30, clock=clock).pause() == 10
    assert Duties(keep_alive=True, clock=clock).pause() == 60


def test_a_duty_comes_again_in_its_time_and_sooner_after_a_failure() -> None:
    clock = Clock()
    duties = Duties(keep_alive=True, idle=30, lease=60, clock=clock)
    assert duties.due() == []
    clock.now = 10
    assert duties.due() == ["keep alive"]
    duties.failed("keep alive")
    assert duties.pause() == 2
    clock.now = 20
    assert duties.due() == ["keep alive", "renew"]
    duties.done("keep alive")
    duties.done("renew")
    assert duties.pause() == 10


def test_without_duties_there_is_nothing_to_do() -> None:
    duties = Duties(keep_alive=False, expires_at=datetime.now(UTC))
    assert duties.are_over
    assert duties.pause() == 3600
    duties.failed("renew")
    assert duties.are_over


def test_what_is_done_after_the_end_does_not_come_again() -> None:
    duties = Duties(keep_alive=True, clock=Clock())
    duties.end()
    duties.done("keep alive")
    assert duties.are_over


def test_the_end_is_told_of_once_and_some_minutes_before() -> None:
    clock = Clock()
    ends = datetime.now(UTC) + timedelta(minutes=30)
    duties = Duties(keep_alive=True, idle=10_000, expires_at=ends, clock=clock)
    clock.now = 1499
    assert duties.due() == []
    clock.now = 1500
    assert duties.due() == ["tell of the end"]
    duties.done("tell of the end")
    assert duties.due() == []


def test_an_agb_tells_when_a_session_ends_or_that_it_does_not() -> None:
    def told(expires_in: float | None) -> SessionData:
        return SessionData(session_id="one", expires_in=expires_in)

    assert expiry(told(-1), created=True) is None
    assert expiry(told(None), created=False) is None
    assert expiry(told(None), created=True) is not None
    assert expiry(told(60), created=False) is not None
