# Generated from src/agb/_async/process_stream.py; edit that file, then `nox -s twin`.
"""Following what a background process writes."""

import math
from collections import deque
from typing import Self

from agb import _background
from agb._concurrency import threads
from agb._deadline import Deadline
from agb._sync.process_scripts import ProcessScripts
from agb.results import ProcessOutput


class ProcessStream:
    """Pieces of both streams as they come, until the process has ended; see `Process.stream`.

    It holds nothing open: it can be dropped at any time.

    Attributes:
        stdout_offset: Where the next piece of standard output begins, in bytes.
        stderr_offset: Where the next piece of standard error begins, in bytes.
    """

    def __init__(
        self, scripts: ProcessScripts, process_id: str, stdout_offset: int, stderr_offset: int
    ) -> None:
        self.stdout_offset: int = stdout_offset
        self.stderr_offset: int = stderr_offset
        self._scripts = scripts
        self._process_id = process_id
        self._pieces: deque[ProcessOutput] = deque()
        self._pauses = Deadline(math.inf).pauses()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ProcessOutput:
        while not self._pieces:
            look = self._scripts.look(self._process_id, self.stdout_offset, self.stderr_offset)
            self._pieces.extend(_background.pieces(look, self.stdout_offset, self.stderr_offset))
            if self._pieces:
                self._pauses = Deadline(math.inf).pauses()
            elif look.state == "running":
                threads.sleep(next(self._pauses))
            elif look.state == "lost":
                raise _background.lost(self._process_id, look.request_id)
            else:
                raise StopIteration
        piece = self._pieces.popleft()
        if piece.stream == "stdout":
            self.stdout_offset = piece.next_offset
        else:
            self.stderr_offset = piece.next_offset
        return piece
