"""Code that runs while its output comes: the streams of a session."""

from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

from agb._async.session_streams import AsyncStreams
from agb._async.shared_socket import AsyncSharedSocket
from agb._concurrency import aio
from agb._streaming import Transcript
from agb._web_socket import Disconnected
from agb._wire.stream import CancelRequest, RunRequest
from agb.exceptions import AGBError
from agb.results import CodeExecutionResult, StreamEvent

_CANCEL_SECONDS = 5.0


class AsyncRun:
    """Code that runs.

    Args:
        streams: Where it is asked for.
        request: What runs.
    """

    def __init__(self, streams: AsyncStreams, request: RunRequest) -> None:
        self._streams = streams
        self._request = request
        self._transcript = Transcript(request.invocation_id)
        self._told: deque[StreamEvent | AGBError] = deque()
        self._shared: AsyncSharedSocket | None = None

    @property
    def result(self) -> CodeExecutionResult:
        """What it came to, so far."""
        return self._transcript.result

    async def begin(self) -> None:
        """Start it.

        Raises:
            AGBError: It can't be had.
        """
        shared = await self._streams.shared()
        shared.join(self._request.invocation_id)
        self._shared = shared
        begun = False
        try:
            await shared.send(self._request)
            begun = True
        except Disconnected as end:
            raise self._transcript.cut_off(str(end)) from end
        finally:
            if not begun:
                await self.leave()

    async def advance(self) -> StreamEvent | AGBError | None:
        """Wait for an event. Return an error where the stream broke, None after its end."""
        while not self._told:
            if self._transcript.is_over or self._shared is None:
                return None
            try:
                event = await self._shared.next_event(self._request.invocation_id)
            except Disconnected as end:
                self._told.append(self._transcript.cut_off(str(end)))
            else:
                self._told.extend(self._transcript.add(event))
        return self._told.popleft()

    async def leave(self) -> None:
        """Stop it, unless it has come to its end; a second time does nothing."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        shared.part(self._request.invocation_id)
        if self._transcript.still_runs and not shared.problem:
            await self._stop(shared)

    async def _stop(self, shared: AsyncSharedSocket) -> None:
        stop = CancelRequest(invocation_id=self._request.invocation_id, target=self._request.target)
        with suppress(Disconnected, TimeoutError):  # a server that is gone stops what it ran
            await aio.shielded(lambda: shared.send(stop), seconds=_CANCEL_SECONDS)


class AsyncCodeStream:
    """Code that runs, event by event. Made by `session.code.stream`.

    Iterating yields what the code does as it does it; the last event is an `EndEvent`. Leaving
    the block before that, in whatever way, stops the code.

    Args:
        run: The run.
    """

    def __init__(self, run: AsyncRun) -> None:
        self._run = run

    @property
    def result(self) -> CodeExecutionResult:
        """What the run came to, as `session.code.run` returns it.

        Before the end it is what has come so far, as a failed result.
        """
        return self._run.result

    async def __aenter__(self) -> Self:
        await self._run.begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._run.leave()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        event = await self._run.advance()
        if event is None:
            raise StopAsyncIteration
        if isinstance(event, AGBError):
            raise event
        return event
