"""The command `agb reap`."""

import json
from collections.abc import Iterator

import pytest
from support.local import LocalAGB

from agb import AGB, Session, cli
from agb._lease import lease_labels


@pytest.fixture
def abandoned(local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("AGB_API_KEY", local_agb.api_key)
    agb = AGB(endpoint=local_agb.endpoint, default_image="code_latest")
    with agb, agb.session() as session:
        told = {**lease_labels(-60), "agb.owner": "alice", "agb.host": "laptop"}
        session._labels.update({**told, "agb.pid": "42", "agb.machine": "another"})
        yield session


def test_what_would_be_deleted_is_told(
    abandoned: Session, local_agb: LocalAGB, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reap", "--dry-run", "--endpoint", local_agb.endpoint]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"found {abandoned.session_id}: expired, alice@laptop pid 42, lease to")
    assert abandoned.get_status().status == "RUNNING"


def test_what_was_deleted_is_told_as_json(
    abandoned: Session, local_agb: LocalAGB, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reap", "--json", "--endpoint", local_agb.endpoint]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told.pop("expires_at").endswith("+00:00")
    assert told == {
        "session_id": abandoned.session_id,
        "owner": "alice",
        "host": "laptop",
        "pid": 42,
        "reason": "expired",
        "deleted": True,
        "error": None,
    }
    assert abandoned.get_status().status != "RUNNING"


def test_a_longer_grace_finds_less(
    abandoned: Session, local_agb: LocalAGB, capsys: pytest.CaptureFixture[str]
) -> None:
    assert abandoned.session_id
    assert cli.main(["reap", "--grace", "600", "--endpoint", local_agb.endpoint]) == 0
    assert capsys.readouterr().out == ""


def test_without_a_key_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reap"]) == 2
    assert "no API key" in capsys.readouterr().err


def test_a_wrong_key_is_a_failure(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGB_API_KEY", "wrong")
    assert cli.main(["reap", "--endpoint", local_agb.endpoint]) == 1
    assert "agb reap: " in capsys.readouterr().err
