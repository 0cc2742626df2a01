"""One run on a session's WebSocket: the frames that tell of it, from the first to the last."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from attrs import evolve
from starlette.websockets import WebSocketDisconnect, WebSocketDisconnected

from agb._wire import stream
from agb._wire.code import CodeError
from agb._wire.stream import RunRequest
from agb._wire.tools import RUN_CODE
from agb.local.refusals import Refusal, bug, session_not_found
from agb.local.sandbox import OperationError, SandboxGone
from agb.local.sessions import Sessions
from agb.local.tools import BUG, read_arguments
from agb.local.tools.code import failure_of, request_run
from agb.local.tools.results import TIMED_OUT

_log = logging.getLogger(__name__)

_CLIENT_GONE = (WebSocketDisconnect, WebSocketDisconnected)

Send = Callable[[str], Awaitable[None]]
"""Sends a frame, once the client has read enough of those before."""


class StreamedRun:
    """A run that a client hears of while it goes on.

    Cancelling `go` stops the code, and no further frame tells of it.

    Args:
        sessions: All sessions.
        session_id: The session that the code runs in.
        name: What the client calls the run.
        send: Sends a frame.
    """

    def __init__(self, sessions: Sessions, session_id: str, name: str, send: Send) -> None:
        self._sessions = sessions
        self._session_id = session_id
        self._name = name
        self._send = send
        self._seq = 0

    async def go(self, request: RunRequest) -> None:
        """Run code, and tell of it to the end."""
        with suppress(*_CLIENT_GONE):
            try:
                await self._go(request)
            except _CLIENT_GONE:
                raise
            except Refusal as no:
                await self.refuse(no)
            except OperationError as error:
                await self._failed(error)
            except SandboxGone:
                await self.refuse(session_not_found(self._session_id, "its sandbox has ended"))
            except Exception:  # noqa: BLE001 - the client gets an answer, the log the bug
                _log.exception("run %s of session %s broke", self._name, self._session_id)
                await self.refuse(bug())

    async def refuse(self, no: Refusal) -> None:
        """End the run with a refusal."""
        with suppress(*_CLIENT_GONE):
            await self._tell(stream.write_error, code=no.code, message=no.message)

    async def _go(self, request: RunRequest) -> None:
        with self._sessions.in_use(self._session_id) as session:
            given = {
                "code": request.code,
                "language": request.language,
                "timeout_s": request.timeout_s,
            }
            arguments = read_arguments(session, RUN_CODE.name, given)
            answer = await request_run(session, arguments, on_event=self._pass_on)
        failure = failure_of(answer)
        if failure:
            # A run over its limit is told apart from code that raises such an error itself.
            await self._raised(evolve(failure, name=TIMED_OUT) if answer["timed_out"] else failure)
        error = failure.worded if failure else None
        await self._ended(error, answer["execution_time"], answer["execution_count"])

    async def _failed(self, error: OperationError) -> None:
        """Tell of what did not come to its end, or did not even begin."""
        if error.code == BUG:
            _log.error("run_code broke in its sandbox: %r", error.details.get("traceback"))
        if "stdout" in error.details:  # it had begun
            await self._raised(CodeError(name=error.code, value=error.message))
            await self._ended(error.message)
        else:
            await self._tell(stream.write_error, code=error.code, message=error.message)

    async def _pass_on(self, event: dict[str, Any]) -> None:
        """Pass on what the sandbox tells."""
        if event["type"] == "result":
            main = event["isMainResult"]
            await self._tell(stream.write_result, mime=event["data"], main=main)
        else:
            await self._tell(stream.write_output, stream=event["type"], chunk=event["text"])

    async def _raised(self, error: CodeError) -> None:
        await self._tell(stream.write_raised, error=error)

    async def _ended(
        self, error: str | None, seconds: float = 0.0, count: int | None = None
    ) -> None:
        await self._tell(
            stream.write_end, execution_count=count, execution_time=seconds, error=error
        )

    async def _tell(self, write: Callable[..., str], **content: Any) -> None:
        self._seq += 1
        await self._send(write(self._name, RUN_CODE.server, self._seq, **content))
