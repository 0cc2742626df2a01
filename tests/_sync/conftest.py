# Generated from tests/_async/conftest.py; edit that file, then `nox -s twin`.
"""A client and a session of the AGB that all tests share."""

import random
from collections.abc import Iterator

import pytest
from support.local import LocalAGB

from agb import AGB, Session
from agb._concurrency import threads


@pytest.fixture
def agb(local_agb: LocalAGB) -> Iterator[AGB]:
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest") as agb:
        yield agb


@pytest.fixture
def session(agb: AGB) -> Iterator[Session]:
    with agb.session() as session:
        yield session


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the waits between two tries instead of waiting, and draw the longest by lot."""
    noted: list[float] = []

    def note(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(threads, "sleep", note)
    monkeypatch.setattr(random, "random", lambda: 1.0)
    return noted
