"""Sockets of this network for somebody outside, who connects them to what listens in here."""

import socket
from contextlib import suppress

FAMILIES = {b"4": socket.AF_INET, b"6": socket.AF_INET6}
"""What can be asked for: a version of IP."""

NONE = b"-"
"""The answer when there is no such socket."""


def hand_out(door: socket.socket) -> None:
    """Answer each request with a socket that is not connected yet, until nobody asks any more.

    Args:
        door: Where requests come from, a byte each; the same byte goes back with a socket. It is
            closed at the end.
    """
    with door, suppress(ConnectionError):
        while asked := door.recv(1):
            try:
                made = socket.socket(FAMILIES[asked], socket.SOCK_STREAM)
            except OSError:
                door.sendall(NONE)
                continue
            with made:
                socket.send_fds(door, [asked], [made.fileno()])
