"""A server as a process of its own: signals, stdin, what is said on stdout."""

import asyncio
import gc
import json
import logging
import os
import resource
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

import platformdirs

from agb.local.instance import instance_folder
from agb.local.server import Server, running
from agb.local.settings import CannotStart, Settings

_log = logging.getLogger(__name__)

_STDIN = 0
_CHUNK = 4096


def default_data_dir() -> Path:
    """Give the folder for data of this user's programs."""
    return platformdirs.user_data_path("agb")


def serve(settings: Settings, *, embedded: bool = False) -> None:
    """Serve until told to stop.

    SIGTERM, SIGHUP and SIGINT ask for an orderly stop; a second signal ends the process at once.
    An embedded server also stops when its stdin ends, and takes no notice of SIGINT.

    Args:
        settings: How the server behaves.
        embedded: Whether another program started it for itself.

    Raises:
        CannotStart: It did not come that far.
    """
    _open_more_files()
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(instance_folder(settings.data_dir))
        except OSError as error:
            problem = f"can't use the folder {settings.data_dir}: {error}"
            raise CannotStart("DataDir.Unusable", problem) from None
        asyncio.run(_serve(settings, folder, embedded=embedded))


async def _serve(settings: Settings, folder: Path, *, embedded: bool) -> None:
    stop = asyncio.Event()
    _on_signals(stop.set, {signal.SIGTERM, signal.SIGHUP, *(() if embedded else [signal.SIGINT])})
    if embedded:
        _on_end_of_stdin(stop.set)
    async with running(settings, folder) as server:
        with suppress(OSError):  # whoever started it has gone already
            _announce(_in_json(server) if embedded else _as_exports(server, settings.api_key))
        gc.freeze()  # looking for garbage in all that is there by now would hold up all sessions
        await stop.wait()
        _log.info("stopping")


def _open_more_files() -> None:
    """Have as many files open as may be: each connection and each session takes some."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS names a limit that it does not give
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _on_signals(stop: Callable[[], None], signals: Iterable[signal.Signals]) -> None:
    """Stop at the first signal and let the second one kill."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        stop()
        for each in signals:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in signals:
        loop.add_signal_handler(each, first)


def _on_end_of_stdin(stop: Callable[[], None]) -> None:
    """Stop when stdin ends, as it does however its other end dies.

    A thread waits for that, since an event loop can't watch every kind of stdin.
    """
    loop = asyncio.get_running_loop()

    def read_to_end() -> None:
        with suppress(OSError):  # there is no stdin, which is an end, too
            while os.read(_STDIN, _CHUNK):
                pass
        with suppress(RuntimeError):  # the loop has stopped for another reason
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=read_to_end, name="waits for the end of stdin", daemon=True).start()


def _announce(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _in_json(server: Server) -> str:
    sandboxes = server.sandboxes
    said = {
        "endpoint": server.endpoint,
        "sandbox": sandboxes.level,
        "description": sandboxes.description,
        "reason": sandboxes.reason,
    }
    return json.dumps(said) + "\n"


def _as_exports(server: Server, api_key: str) -> str:
    return (
        f"export AGB_ENDPOINT={shlex.quote(server.endpoint)}\n"
        f"export AGB_API_KEY={shlex.quote(api_key)}\n"
    )
