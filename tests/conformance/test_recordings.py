"""What is said of the recordings is true of them, and a replay sees what differs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agb import AGB, Config, Session
from conformance.replay import ENDPOINT, KEY, README, RECORDINGS, Replay


def test_every_difference_is_of_a_recording_and_none_is_listed_twice() -> None:
    rows = [line.split("|")[1] for line in README.read_text("utf-8").splitlines() if "|" in line]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert listed
    assert len(listed) == len(set(listed))
    assert set(listed) <= {path.stem for path in RECORDINGS.glob("*.json")}


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.set_labels({"env": "prod"}),
        lambda session: session.get_labels(),
        lambda session: session.call_mcp_tool("set_labels", {"env": "prod", "名": "值"}),
    ],
)
def test_a_request_that_says_something_else_is_seen(call: Callable[[Session], object]) -> None:
    replay = Replay("labels_set")
    config = Config(api_key=KEY, endpoint=ENDPOINT, allow_http=True)
    with AGB(config=config, transport=replay.transport) as agb:
        call(Session(agb, "session-0001abcd"))
    with pytest.raises(AssertionError):
        replay.check(refused=0)


@pytest.mark.parametrize(("content", "kind"), [(b"upload you", None), (b"upload me", "a/b")])
def test_a_file_that_reaches_a_store_otherwise_is_seen(
    tmp_path: Path, content: bytes, kind: str | None
) -> None:
    (tmp_path / "up.txt").write_bytes(content)
    replay = Replay("transfer_upload", unsent=(5,))
    config = Config(api_key=KEY, endpoint=ENDPOINT, allow_http=True)
    with AGB(config=config, transport=replay.transport) as agb:
        session = Session(agb, "session-0001abcd")
        session.file.upload(tmp_path / "up.txt", "/tmp/file_transfer/up.txt", content_type=kind)
    with pytest.raises(AssertionError):
        replay.check(refused=0)


def test_a_request_too_many_is_seen() -> None:
    replay = Replay("session_status")
    config = Config(api_key=KEY, endpoint=ENDPOINT, allow_http=True)
    with AGB(config=config, transport=replay.transport) as agb:
        session = Session(agb, "session-0001abcd")
        session.get_status()
        replay.check(refused=0)
        session.get_status()
    with pytest.raises(AssertionError):
        replay.check(refused=0)
