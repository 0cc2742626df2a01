# Generated from src/agb/_async/process_scripts.py; edit that file, then `nox -s twin`.
"""Running the scripts of background processes."""

from agb import _background, _scripts
from agb._background import Look, Stream
from agb._sync.scripts import Scripts


class ProcessScripts(Scripts):
    """Runs scripts that look at background processes of a session."""

    def look(self, process_id: str, stdout: int | None = None, stderr: int | None = None) -> Look:
        """Look at a process, and read a piece of each stream that an offset is given for.

        Raises:
            ProcessNotFoundError: There is no such process.
        """
        values = {**_background.offsets(stdout, stderr), "AGB_PROCESS": process_id}
        ran = self.run(_scripts.READ, values)
        return _background.read_look(_background.said(ran, process_id), ran.request_id)

    def read(self, process_id: str, stream: Stream, start: int, end: int) -> bytes:
        """Read a range of a stream; less comes when the process itself made its file shorter."""
        data = bytearray()
        while start + len(data) < end:
            look = self.look(process_id, **{stream: start + len(data)})
            if not look.data[stream]:
                break
            data += look.data[stream]
        return bytes(data[: end - start])
