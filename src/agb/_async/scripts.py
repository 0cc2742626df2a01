"""Running the scripts of background processes."""

from collections.abc import Mapping

from agb import _background, _reading, _scripts
from agb._async.tools import AsyncTools
from agb._background import Look, Stream
from agb._wire import tools
from agb.results import CommandResult


class AsyncScripts:
    """Runs scripts in a session.

    Args:
        caller: The tools of the session.
    """

    def __init__(self, caller: AsyncTools) -> None:
        self._tools = caller

    async def run(
        self,
        script: str,
        values: Mapping[str, str] | None = None,
        *,
        timeout_ms: int = _background.SCRIPT_MS,
        cwd: str | None = None,
    ) -> CommandResult:
        """Run a script and return how it went, failures too.

        Args:
            script: Its text.
            values: What a caller gave, as environment variables.
            timeout_ms: Milliseconds that it may take.
            cwd: Directory to run in.
        """
        arguments = tools.ShellArguments(
            command=script, timeout_ms=timeout_ms, cwd=cwd, envs=values
        )
        answer = await self._tools.call(tools.SHELL, arguments, seconds=timeout_ms / 1000)
        return _reading.command_result(answer)

    async def look(
        self, process_id: str, stdout: int | None = None, stderr: int | None = None
    ) -> Look:
        """Look at a process, and read a piece of each stream that an offset is given for.

        Raises:
            ProcessNotFoundError: There is no such process.
        """
        values = {**_background.offsets(stdout, stderr), "AGB_PROCESS": process_id}
        ran = await self.run(_scripts.READ, values)
        return _background.read_look(_background.said(ran, process_id), ran.request_id)

    async def read(self, process_id: str, stream: Stream, start: int, end: int) -> bytes:
        """Read a range of a stream; less comes when the process itself made its file shorter."""
        data = bytearray()
        while start + len(data) < end:
            look = await self.look(process_id, **{stream: start + len(data)})
            if not look.data[stream]:
                break
            data += look.data[stream]
        return bytes(data[: end - start])
