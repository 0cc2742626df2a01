"""Each attempt to get out of a sandbox fails where that is promised, and is possible where not."""

from typing import Any

import pytest

from agb.local.sandbox.promises import PROMISES, Kind
from local.escapes.attempts import ATTEMPTS, Attempt
from local.escapes.places import KINDS, Place, attacked


@pytest.fixture(scope="package")
def report(somewhere: Place) -> dict[str, Any]:
    """What an attacker has got there: one session's attempts, made once."""
    return attacked(somewhere)


@pytest.mark.parametrize(
    ("somewhere", "attempt"),
    [
        pytest.param(kind, attempt, id=f"{kind.name.lower()}-{attempt.name}")
        for kind in Kind
        for attempt in ATTEMPTS
        if attempt.succeeds(kind) is not None
    ],
    indirect=["somewhere"],
    scope="package",
)
def test_an_attempt_fails_where_that_is_promised_and_only_there(
    somewhere: Place, report: dict[str, Any], attempt: Attempt
) -> None:
    got = report[attempt.name]
    assert bool(got["got"]) is attempt.succeeds(somewhere.kind), got


@KINDS
def test_all_that_the_attacker_tries_is_looked_at(report: dict[str, Any]) -> None:
    assert set(report) == {attempt.name for attempt in ATTEMPTS}


@KINDS
def test_the_server_goes_on_after_an_attack(somewhere: Place, report: dict[str, Any]) -> None:
    assert report
    assert somewhere.client.list().success


def test_each_attempt_is_about_a_promise() -> None:
    assert {attempt.promise for attempt in ATTEMPTS} <= {promise.name for promise in PROMISES}
