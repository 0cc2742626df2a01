"""A real AGB with sandboxes of one kind, two sessions in it, and things to be had outside."""

import ctypes
import json
import os
import platform
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import pytest
from attrs import frozen
from support.waiting import eventually

from agb import AGB, ContextSync, CreateSessionParams, Session
from agb._embedded import EmbeddedServer
from agb._wire.endpoints import ENDPOINTS
from agb.exceptions import LocalServerError
from agb.local.sandbox.promises import Kind
from local.stand_ins import CODE

ATTACKER = Path(__file__).with_name("attacker.py")
LARGEST = 16 * 1024 * 1024
"""Bytes of a session's largest file, and of all of them."""


def in_kinds(*kinds: Kind) -> pytest.MarkDecorator:
    """Run a test with an AGB of each of these kinds."""
    names = [kind.name.lower() for kind in kinds]
    return pytest.mark.parametrize("somewhere", kinds, ids=names, indirect=True, scope="package")


KINDS = in_kinds(*Kind)
"""Runs a test with an AGB of each kind."""

_CHOICES = {
    Kind.STRONG: "strong",
    Kind.PROOT_APART: "proot",
    Kind.PROOT: "proot",
    Kind.PLAIN: "plain",
}
_VICTIM = "import time\nwhile 'victim {}': time.sleep(600)"
_JOIN_SESSION_KEYRING, _SESSION_KEYRING = 1, -3
_ADD_KEY, _KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(platform.machine(), (0, 0))
KEY_NAME = "agb-escape-key"
VARIABLE = "AGB_ESCAPE_VARIABLE"


@frozen
class Place:
    """An AGB that runs sessions in one kind of sandbox.

    Attributes:
        kind: That kind.
        client: Makes sessions.
        endpoint: Where it listens.
        api_key: Its key.
        data: Its data folder.
        open_folder: A folder of the machine that everybody may write to.
        description: What it says of its sandboxes.
        pid: Its process.
    """

    kind: Kind
    client: AGB
    endpoint: str
    api_key: str
    data: Path
    open_folder: Path
    description: str
    pid: int

    @property
    def has_groups(self) -> bool:
        """Whether limits hold for sessions as a whole."""
        return "by cgroup" in self.description


@contextmanager
def place(kind: Kind) -> Iterator[Place]:
    """Run an AGB of a kind, or skip the test where there is none."""
    with ExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agb-escape-")))
        top.chmod(0o711)
        (top / "open").mkdir()
        (top / "open").chmod(0o777)
        inner = top / "data"
        inner.mkdir(mode=0o700 if kind is Kind.PROOT else 0o711)
        data, key = inner / "of-agb", secrets.token_urlsafe(32)
        options = ("--sandbox", _CHOICES[kind], "--session-disk", "16", "--session-memory", "384")
        server = _started(
            lambda: EmbeddedServer(
                api_key=key,
                data_dir=data,
                arguments=(*options, "--session-processes", "64", "--warm", "0"),
            )
        )
        stack.callback(server.stop)
        try:
            endpoint = server.endpoint()
        except LocalServerError as error:
            if error.code != "Sandbox.Unavailable":
                raise
            pytest.skip(f"there is no {kind.value} sandbox here: {error}")
        assert server._ready
        description = server._ready["description"]
        found = _kind_of(description)
        if found is not kind:
            pytest.skip(f"sandboxes of {_CHOICES[kind]} are of another kind here: {description}")
        client = stack.enter_context(AGB(key, endpoint=endpoint))
        yield Place(
            kind,
            client,
            endpoint,
            key,
            data,
            top / "open",
            description,
            server._process.pid,
        )


def _started(start: Callable[[], EmbeddedServer]) -> EmbeddedServer:
    """Start a server with a variable in its environment and a key in its session keyring.

    That is the keyring of a thread which is no more when this returns.
    """

    def run() -> EmbeddedServer:
        library = ctypes.CDLL(None)
        if library.syscall(_KEYCTL, _JOIN_SESSION_KEYRING, None) > 0:
            name, secret = KEY_NAME.encode(), b"secret"
            library.syscall(_ADD_KEY, b"user", name, secret, len(secret), _SESSION_KEYRING)
        return start()

    with patch.dict(os.environ, {VARIABLE: "set"}), ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


def _kind_of(description: str) -> Kind:
    if description.startswith("bubblewrap"):
        return Kind.STRONG
    if "by proot, own user" in description:
        return Kind.PROOT_APART
    return Kind.PROOT if "by proot" in description else Kind.PLAIN


@contextmanager
def session(place: Place, *mounts: ContextSync) -> Iterator[Session]:
    """Make a session and delete it at the end."""
    with place.client.session(
        CreateSessionParams(image_id=CODE, context_syncs=list(mounts))
    ) as made:
        yield made


def attacked(place: Place) -> dict[str, Any]:
    """Have one session attack another, the server and the machine; gives what it got."""
    with ExitStack() as stack:
        victim, attacker = (stack.enter_context(session(place)) for _ in range(2))
        facts = _facts(stack, place, victim)
        attacker.file.write("facts.json", json.dumps(facts)).raise_for_error()
        attacker.file.write("attacker.py", ATTACKER.read_text()).raise_for_error()
        done = attacker.command.execute("python3 attacker.py facts.json", timeout_ms=240_000)
        assert done.success, done
        assert done.exit_code == 0, done
        report: dict[str, Any] = json.loads(done.stdout)
        assert victim.file.read("secret").raise_for_error().content == facts["secret"]
        return report


def _program(arguments: list[str]) -> int:
    """Find a program once it runs: a session is told that it was started, not that it has begun.

    Where a session is walled in, its processes do not come from the server's in any other way.
    """

    def found() -> list[int]:
        processes = psutil.process_iter(["cmdline"])
        return [each.pid for each in processes if (each.info["cmdline"] or [])[1:] == arguments]

    return eventually(found)[0]


def _facts(stack: ExitStack, place: Place, victim: Session) -> dict[str, Any]:
    """Set up what there is to be had, and say where it is."""
    secret = secrets.token_hex(16)
    victim.file.write("secret", secret).raise_for_error()
    assert victim.command.execute(
        f'(python3 -c "{_VICTIM.format(secret)}" >/dev/null 2>&1 &) ; true'
    ).success
    other = _program(["-c", _VICTIM.format(secret)])
    other_file = next(
        path
        for path in place.data.glob("run/*/sessions/*/home/user/secret")
        if path.read_text() == secret
    )
    context = place.client.context.create(f"c-{secret}").raise_for_error().context
    assert context
    local = place.data.parent / "to-store"
    local.write_text(f"stored {secret}")
    place.client.context.upload_file(context.id, local, "/stored").raise_for_error()
    local.unlink()
    closed = place.open_folder.parent / "closed"
    closed.write_text(f"closed {secret}")
    closed.chmod(0o600)
    greeting = stack.enter_context(_greeting(socket.AF_INET, ("127.0.0.1", 0)))
    stack.enter_context(_greeting(socket.AF_UNIX, f"\0agb-{secret}"))
    path = place.open_folder / "socket"
    stack.enter_context(_greeting(socket.AF_UNIX, str(path)))
    path.chmod(0o777)
    return {
        "secret": secret,
        "server": place.pid,
        "server port": int(place.endpoint.rpartition(":")[2]),
        "api": [endpoint.path for endpoint in ENDPOINTS],
        "other": other,
        "other file": str(other_file),
        "store": str(place.data),
        "stored": f"stored {secret}",
        "closed file": str(closed),
        "open folder": str(place.open_folder),
        "port": greeting.getsockname()[1],
        "abstract socket": f"agb-{secret}",
        "variables": ["AGB_API_KEY", VARIABLE],
        "apart": place.kind is Kind.STRONG,
        "key in keyring": KEY_NAME,
        "largest file": LARGEST,
    }


@contextmanager
def _greeting(family: socket.AddressFamily, address: Any) -> Iterator[socket.socket]:
    """Listen and greet whoever connects."""
    with socket.socket(family) as listener:
        listener.bind(address)
        listener.listen()

        def greet() -> None:
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as connection, suppress(ConnectionError):
                        connection.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
