# Generated from tests/conformance/_async/stream_world.py; edit that file, then `nox -s twin`.
"""What a case of streams calls: a session with an address for them, and callbacks that note."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from attrs import Factory, frozen
from support.streaming import network

from agb import AGB, AGBError, CodeExecutionResult, Config, Session
from agb._wire.messages.sessions import SessionData
from conformance.outcome import Expected
from conformance.replay import ENDPOINT, KEY
from conformance.stream_replay import PATH, TOKEN, StreamReplay


@frozen
class Heard:
    """What callbacks were called with."""

    on_stdout: list[str] = Factory(list[str])
    on_stderr: list[str] = Factory(list[str])
    on_error: list[Mapping[str, Any] | AGBError] = Factory(list[Mapping[str, Any] | AGBError])


class StreamWorld:
    """A session of the recorded AGB.

    Attributes:
        session: The session.
        heard: What was called back.
        calls_back: Whether anything could be.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.heard = Heard()
        self.calls_back = False

    def run(
        self, code: str = "print('hi')", language: str = "python", timeout_s: int = 60
    ) -> CodeExecutionResult:
        """Run code as the recorded program did, with all callbacks."""
        self.calls_back = True
        return self.session.code.run(
            code,
            language,
            timeout_s,
            stream_beta=True,
            on_stdout=self.heard.on_stdout.append,
            on_stderr=self.heard.on_stderr.append,
            on_error=self.heard.on_error.append,
        )


@frozen
class StreamCase:
    """A recording, the call that it is of, and what the call must come to.

    Attributes:
        unsent: Recorded frames of the client, counted from 0, that ours does not send.
        adds: So many frames go out that the recording does not know.
        own_run: The recorded client was used below the level of code; ours runs code there.
    """

    recording: str
    call: Callable[[StreamWorld], CodeExecutionResult]
    expected: Expected
    unsent: Collection[int] = ()
    adds: int = 0
    own_run: bool = False

    @property
    def differs(self) -> bool:
        """Whether other frames go out than were recorded."""
        return bool(self.unsent or self.adds or self.own_run)

    def __str__(self) -> str:
        return self.recording


def play_stream(case: StreamCase) -> None:
    """Make the call of a case, and look at what was sent, told and called back."""
    replay = StreamReplay(case.recording, unsent=case.unsent, adds=case.adds, own_run=case.own_run)
    with replay.server as server:
        config = Config(api_key=KEY, endpoint=ENDPOINT, allow_http=True)
        url = f"ws://127.0.0.1:{server.port}{PATH}"
        data = SessionData(session_id="session-0001abcd", ws_url=url, token=TOKEN)
        with AGB(config=config, transport=network()) as agb:
            world = StreamWorld(Session.from_data(agb, data))
            outcome = case.call(world)
    replay.check()
    case.expected.check(outcome, replay)
    if world.calls_back and not case.own_run:
        _check_callbacks(world.heard, replay.told, outcome)


def _check_callbacks(heard: Heard, told: Mapping[str, Any], outcome: CodeExecutionResult) -> None:
    assert heard.on_stdout == told.get("on_stdout", [])
    assert heard.on_stderr == told.get("on_stderr", [])
    recorded = [
        outcome.error if "__exception__" in each else each for each in told.get("on_error", [])
    ]
    assert heard.on_error == recorded
