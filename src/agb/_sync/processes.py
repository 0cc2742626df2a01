# Generated from src/agb/_async/processes.py; edit that file, then `nox -s twin`.
"""Starting background processes in a session, and finding them again."""

import secrets
from collections.abc import Mapping, Sequence

from agb import _background, _checks, _scripts, _shell
from agb._concurrency import threads
from agb._sync.process import Process
from agb._sync.scripts import Scripts
from agb._sync.tools import Tools
from agb.exceptions import AGBError
from agb.results import ProcessListResult


class Processes:
    """What `Command` does with background processes; see there.

    Args:
        caller: The tools of the session.
    """

    def __init__(self, caller: Tools) -> None:
        self._tools = caller
        self._scripts = Scripts(caller)

    def start(
        self,
        command: str | Sequence[str],
        cwd: str | None,
        envs: Mapping[str, str] | None,
        *,
        stdin: bool,
        process_id: str | None,
    ) -> Process:
        """Start a process."""
        line = _shell.line(command)
        own = {} if envs is None else _checks.environment(envs)
        new_id = secrets.token_hex(8) if process_id is None else process_id
        process = Process(self._tools, _background.checked_id(new_id))
        values = {
            **_shell.environment(line, own),
            **_background.offsets(),
            "AGB_PROCESS": process.id,
            "AGB_STDIN": "yes" if stdin else "",
        }
        self._start(process.id, values, cwd)
        return process

    def _start(self, process_id: str, values: Mapping[str, str], cwd: str | None) -> None:
        script = _scripts.start(process_id)
        for pause in (*_background.START_PAUSES, None):
            try:
                ran = self._scripts.run(script, values, cwd=cwd)
            except AGBError as error:
                if pause is None or not _background.answer_was_lost(error):
                    raise
                threads.sleep(pause)
            else:
                text = _background.said(ran, process_id)
                _background.read_look(text, ran.request_id)
                return

    def attach(self, process_id: str) -> Process:
        """Return a handle to a process that is there."""
        process = Process(self._tools, _background.checked_id(process_id))
        process.status().raise_for_error()
        return process

    def list(self) -> ProcessListResult:
        """List all of them."""
        ran = self._scripts.run(_scripts.LIST)
        found = _background.read_list(_background.said(ran, ""), ran.request_id)
        return ProcessListResult(request_id=ran.request_id, processes=found)
