"""A running AGB: sandboxes, sessions, socket, HTTP server; started and stopped as one."""

import asyncio
import contextlib
import logging
import resource
import socket
import sys
from collections.abc import AsyncGenerator, Generator, Sized
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn
from attrs import frozen

from agb.local.app import make_app
from agb.local.bodies import LONGEST
from agb.local.clock import Clock, SystemClock
from agb.local.contexts import Contexts
from agb.local.contexts.service import Unusable, serving_contexts
from agb.local.load import Bounds, Load
from agb.local.protocols import HTTP, WebSockets
from agb.local.sandbox import Limits, Sandboxes, SandboxUnavailable
from agb.local.sessions import Sessions
from agb.local.settings import CannotStart, SandboxChoice, Settings

_log = logging.getLogger(__name__)

_LONGEST_HEAD = 4 * 1024 * 1024
"""Bytes of a request line with its headers: some clients put large values into the query."""
_MIB = 1024 * 1024
_KEEP_ALIVE = 75
"""Seconds for which an unused connection is kept: longer than clients keep theirs, so that they
are the ones that close."""
_BACKLOG = 2048
"""Connections that may wait to be accepted."""
_STOPS_WITHIN = 5
"""Seconds that the last answers may take."""
_RELEASES_WITHIN = 30
"""Seconds that the release of all sessions may take; most of it is for files that are brought
back to contexts."""
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a caller may say


@frozen(kw_only=True)
class Server:
    """A server that is running.

    Attributes:
        endpoint: Its base URL.
        sandboxes: The kind of sandbox in force.
        sessions: Its sessions.
    """

    endpoint: str
    sandboxes: Sandboxes
    sessions: Sessions


class _Uvicorn(uvicorn.Server):
    """A uvicorn that leaves signals to the process it is in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def running(
    settings: Settings, folder: Path, *, clock: Clock | None = None
) -> AsyncGenerator[Server]:
    """Run an AGB for as long as the block runs; every session is released at its end.

    Args:
        settings: How it behaves.
        folder: Its own folder, see `instance_folder`.
        clock: Decides when a session's time is over.

    Raises:
        CannotStart: The address can't be listened on, or the kind of sandbox that was asked for
            does not work here.
    """
    limits = _limits(settings)
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listening(settings.host, settings.port))
        sandboxes = await _detected(settings.sandbox, limits, folder)
        contexts = await _opened(stack, settings, folder, clock)
        sessions = Sessions(
            sandboxes=sandboxes,
            limits=limits,
            contexts=contexts,
            folder=folder / "sessions",
            clock=clock,
            most=settings.max_sessions,
            most_starting=settings.max_starting,
            warm=settings.warm,
            idle_timeout=settings.idle_timeout,
            max_lifetime=settings.max_lifetime,
        )
        (folder / "sessions").mkdir(mode=0o711, exist_ok=True)
        load = Load(_bounds(settings))
        server = _Uvicorn(_config(settings, sessions, contexts, load))
        load.connections = partial(_count, server.server_state.connections)
        await stack.enter_async_context(_background(sessions, server, listener))
        endpoint = _endpoint(settings.host, listener)
        _log.info("listening on %s", endpoint)
        yield Server(endpoint=endpoint, sandboxes=sandboxes, sessions=sessions)


def _limits(settings: Settings) -> Limits:
    usual = Limits()
    disk = settings.session_disk * _MIB
    return Limits(
        memory=settings.session_memory * _MIB,
        processes=settings.session_processes,
        disk=disk,
        file_size=min(usual.file_size, disk),
    )


async def _opened(
    stack: AsyncExitStack, settings: Settings, folder: Path, clock: Clock
) -> Contexts:
    serving = serving_contexts(settings.data_dir, folder, owner=settings.owner, clock=clock)
    try:
        return await stack.enter_async_context(serving)
    except Unusable as error:
        raise CannotStart("DataDir.Unusable", str(error)) from None


async def _detected(choice: SandboxChoice, limits: Limits, folder: Path) -> Sandboxes:
    try:
        sandboxes = await Sandboxes.detect(choice=choice, limits=limits, folder=folder)
    except SandboxUnavailable as error:
        raise CannotStart("Sandbox.Unavailable", str(error)) from None
    if shown := sandboxes.shows(folder):
        problem = f"sessions see all that is in {shown}, so no data folder can be there"
        raise CannotStart("DataDir.Unusable", problem)
    _log.info("sandbox in force: %s: %s", sandboxes.level, sandboxes.description)
    if sandboxes.reason:
        _log.warning("sessions are not strongly isolated: %s", sandboxes.reason)
    return sandboxes


@asynccontextmanager
async def _background(
    sessions: Sessions, server: uvicorn.Server, listener: socket.socket
) -> AsyncGenerator[None]:
    """Serve, and watch over the sessions, for as long as the block runs."""
    watching = asyncio.create_task(sessions.watch())
    keeping = asyncio.create_task(sessions.keep_ready())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        watching.cancel()
        keeping.cancel()
        await asyncio.wait({keeping})  # it makes no more, so that none is missed
        # Calls that are under way end when their sandboxes do, so the sessions go first.
        releasing = asyncio.ensure_future(sessions.aclose())
        if (await asyncio.wait({releasing}, timeout=_RELEASES_WITHIN))[1]:
            sessions.give_up_saving()
            await asyncio.wait({releasing}, timeout=_STOPS_WITHIN)
        for outcome in await asyncio.gather(watching, keeping, serving, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


def _bounds(settings: Settings) -> Bounds:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limited = files != resource.RLIM_INFINITY
    return Bounds(
        connections=min(settings.max_connections, files // 2 if limited else sys.maxsize),
        requests=settings.max_requests,
        bytes_held=settings.max_held,
        patience=settings.patience,
    )


def _count(connections: Sized) -> int:
    return len(connections)


def _config(
    settings: Settings, sessions: Sessions, contexts: Contexts, load: Load
) -> uvicorn.Config:
    app = make_app(
        sessions=sessions,
        contexts=contexts,
        api_key=settings.api_key,
        load=load,
        max_upload=settings.max_upload,
    )
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(HTTP, load=load)),
        ws=cast("type[asyncio.Protocol]", partial(WebSockets, load=load)),
        ws_max_size=LONGEST,
        ws_ping_interval=None,  # a client that does not read for a while is not cut off
        ws_per_message_deflate=False,  # nothing is saved on the way to this machine
        lifespan="off",
        log_config=None,
        access_log=False,  # its lines would hold the tokens that travel in queries
        server_header=False,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_STOPS_WITHIN,
    )


@contextlib.contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio sends small answers without delay only where it is.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except OSError as error:
            problem = f"can't listen on {host} port {port}: {error.strerror or error}"
            raise CannotStart("Address.Unavailable", problem) from None
        yield listener


def _endpoint(host: str, listener: socket.socket) -> str:
    shown = _ANY_ADDRESS.get(host, host)
    port = listener.getsockname()[1]
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
