"""The command that tells whether something listens on a port, run by this machine's shell."""

import socket
import subprocess

import pytest

from agb._session_reading import is_listening, listening_probe


def says(command: str) -> bool:
    ran = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return is_listening(ran.stdout)


@pytest.mark.parametrize("table", ["/proc/net/tcp", "/no/such/table"])
def test_a_port_is_listened_on_or_not(table: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = listening_probe(listener.getsockname()[1]).replace("/proc/net/tcp", table)
        assert says(command)
    assert not says(command)
