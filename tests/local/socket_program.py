"""A WebSocket server for a session, which says what it is told."""

import sys
from collections.abc import Sequence

from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol


def talk(connection: ServerConnection) -> None:
    """Say how it was reached, and then what it hears, until it is told to leave."""
    assert connection.request
    said = connection.request.headers
    connection.send(f"{connection.request.path} {said.get('X-Mine')} {said.get('Cookie')}")
    for message in connection:
        if message == "leave":
            connection.close(4001)
        elif message == "break":
            connection.socket.close()
        else:
            connection.send(message)


def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose the one that is known here."""
    return next((each for each in offered if each == "two"), None)


if __name__ == "__main__":
    with serve(talk, "127.0.0.1", int(sys.argv[1]), select_subprotocol=choose) as server:
        server.serve_forever()
