"""Plays the other side of a recorded WebSocket, frame by frame."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from support.streaming import Peer, StreamServer

from conformance.replay import RECORDINGS

TOKEN = "tok-123"
PATH = "/ws/session-0001abcd"
_BY_THE_CLIENT = 1000
_OPENED = {"open", "handshake rejected"}

Step = Mapping[str, Any]


class StreamReplay:
    """The AGB's side of a recording of streams.

    Args:
        name: Name of the recording.
        unsent: Which of its client's frames, counted from 0, ours does not send.
        adds: How many frames our client sends at the end of a connection, beside.
        own_run: Whether our client runs code on each connection, of which the recording knows
            nothing: it is answered with an end.

    Attributes:
        told: What the recorded client's user was told.
        server: To be run while the case is played.
        own_ids: The ids that our client gave to its runs.
    """

    def __init__(
        self, name: str, *, unsent: Collection[int] = (), adds: int = 0, own_run: bool = False
    ) -> None:
        recording = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
        self.told: Mapping[str, Any] = recording["client_result"]
        self.own_ids: list[str] = []
        self._adds = adds
        self._own_run = own_run
        steps: list[Step] = recording["websocket"]
        requests = [step for step in steps if _is_request(step)]
        left_out = [requests[number] for number in unsent]
        self._recorded_id = requests[0]["frame"]["invocationId"] if requests else ""
        self._connections = _connections([step for step in steps if step not in left_out])
        self.server = StreamServer(*map(self._script, self._connections), _nobody)

    def _script(self, steps: Sequence[Step]) -> Callable[[Peer], None]:
        return lambda peer: self._play(peer, steps)

    def _play(self, peer: Peer, steps: Sequence[Step]) -> None:
        opening, *rest = steps
        peer.accept(opening.get("status", 101))
        assert peer.handshake is not None
        assert peer.handshake.path == PATH
        assert peer.handshake.headers["X-Access-Token"] == TOKEN
        assert "Authorization" not in peer.handshake.headers
        if self._own_run:
            self.own_ids.append(peer.run().invocation_id)
        for step in rest:
            self._follow(peer, step)
        if not rest:
            peer.wait_for_the_end()

    def _follow(self, peer: Peer, step: Step) -> None:
        if step.get("control") == "PING":
            peer.hear_a_ping()
        elif step.get("from") == "client":
            self._hear(peer, step["frame"])
        elif step.get("from") == "server":
            peer.say(self._as_ours(step["frame"]))
        else:
            self._close(peer, step)

    def _hear(self, peer: Peer, recorded: Mapping[str, Any]) -> None:
        request = peer.run()
        self.own_ids.append(request.invocation_id)
        assert len(request.invocation_id) == len(self._recorded_id)
        assert peer.received[peer.taken - 1] == {**recorded, "invocationId": request.invocation_id}

    def _as_ours(self, frame: Any) -> str:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        return text.replace(self._recorded_id, self.own_ids[-1]) if self._recorded_id else text

    def _close(self, peer: Peer, step: Step) -> None:
        words = [peer.framed(peer.ended(self.own_ids[-1]))] if self._own_run else []
        if step["code"] == _BY_THE_CLIENT:
            peer.raw(b"".join(words))
            peer.wait_for_the_end()
            assert peer.closed_with == _BY_THE_CLIENT
        else:
            peer.close(step["code"], step["reason"], first=b"".join(words))
        assert len(peer.received) - peer.taken == self._adds

    def check(self) -> None:
        """Assert that all recorded connections were made, and no more."""
        assert len(self.server.peers) == len(self._connections)


def _connections(steps: Sequence[Step]) -> list[list[Step]]:
    starts = [index for index, step in enumerate(steps) if step.get("event") in _OPENED]
    ends = [*starts[1:], len(steps)] if starts else []
    return [list(steps[start:end]) for start, end in zip(starts, ends, strict=True)]


def _is_request(step: Step) -> bool:
    return step.get("from") == "client" and "frame" in step


def _nobody(_: Peer) -> None:
    raise AssertionError("a connection that was not recorded")
