"""What of streams does not wait: bytes that come in pieces, callbacks, transcripts."""

import functools
import logging

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from agb import InvalidParamsError
from agb._streaming import Callbacks
from agb._web_socket import WebSocketProtocol


def opened() -> tuple[WebSocketProtocol, bytes]:
    """Return a client's side that has asked, and what the server answers."""
    client = WebSocketProtocol("ws://agb.example/ws", {"X-Access-Token": "the-secret-token"})
    server = ServerProtocol(logger=logging.Logger("silent", logging.CRITICAL))  # noqa: LOG001
    server.receive_data(client.outgoing())
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    return client, b"".join(server.data_to_send())


def test_messages_are_whole_wherever_the_bytes_are_cut() -> None:
    text = "aé€😀".encode()
    frames = Frame(Opcode.TEXT, text).serialize(mask=False)
    frames += Frame(Opcode.TEXT, text[:5], fin=False).serialize(mask=False)
    frames += Frame(Opcode.CONT, text[5:]).serialize(mask=False)
    _, answer = opened()
    for cut in range(1, len(answer) + len(frames)):
        client, answer = opened()
        data = answer + frames
        assert client.feed(data[:cut]) + client.feed(data[cut:]) == [text, text]
        assert not client.is_connecting


def test_nothing_of_a_connection_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client, answer = opened()
        client.feed(answer)
        client.write("print('secret')")
    assert caplog.records == []


def test_callbacks_must_be_plain_functions() -> None:
    async def later(_: object) -> None:
        raise AssertionError

    class Later:
        async def __call__(self, _: object) -> None:
            raise AssertionError

    for callback in (later, Later(), functools.partial(later)):
        with pytest.raises(InvalidParamsError, match=r"on_error must not be async.*code\.stream"):
            Callbacks(on_error=callback).check(streaming=True)
    Callbacks(on_stdout=print, on_error=list[object]().append).check(streaming=True)
