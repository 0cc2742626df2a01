"""Following what a background process writes."""

import math
from collections import deque
from typing import Self

from agb import _background
from agb._async.process_scripts import AsyncProcessScripts
from agb._concurrency import aio
from agb._deadline import Deadline
from agb.results import ProcessOutput


class AsyncProcessStream:
    """Pieces of both streams as they come, until the process has ended; see `AsyncProcess.stream`.

    It holds nothing open: it can be dropped at any time.

    Attributes:
        stdout_offset: Where the next piece of standard output begins, in bytes.
        stderr_offset: Where the next piece of standard error begins, in bytes.
    """

    def __init__(
        self, scripts: AsyncProcessScripts, process_id: str, stdout_offset: int, stderr_offset: int
    ) -> None:
        self.stdout_offset: int = stdout_offset
        self.stderr_offset: int = stderr_offset
        self._scripts = scripts
        self._process_id = process_id
        self._pieces: deque[ProcessOutput] = deque()
        self._pauses = Deadline(math.inf).pauses()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ProcessOutput:
        while not self._pieces:
            look = await self._scripts.look(
                self._process_id, self.stdout_offset, self.stderr_offset
            )
            self._pieces.extend(_background.pieces(look, self.stdout_offset, self.stderr_offset))
            if self._pieces:
                self._pauses = Deadline(math.inf).pauses()
            elif look.state == "running":
                await aio.sleep(next(self._pauses))
            elif look.state == "lost":
                raise _background.lost(self._process_id, look.request_id)
            else:
                raise StopAsyncIteration
        piece = self._pieces.popleft()
        if piece.stream == "stdout":
            self.stdout_offset = piece.next_offset
        else:
            self.stderr_offset = piece.next_offset
        return piece
