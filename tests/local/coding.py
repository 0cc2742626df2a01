"""A place to run code in without a server, and somebody who wants events."""

import json
import os
import secrets
import sys
import threading
from pathlib import Path
from typing import Any

from agb.local.inside.asker import Asker
from agb.local.inside.channel import Event
from agb.local.inside.code import Code
from agb.local.inside.paths import Paths
from agb.local.inside.processes import Spawner


class Session:
    """A place to run code in."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home/user"
        self.home.mkdir(parents=True)
        self.mark = secrets.token_hex(8)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        env["TMPDIR"] = str(root)
        self.code = Code(Paths(str(root)), Spawner(env, self.mark), sys.executable)

    def run(self, code: str, language: str = "python", limit: float = 60) -> dict[str, Any]:
        return self.code.run(code, language, limit)

    def value(self, code: str, language: str = "python") -> str:
        answer = self.run(code, language)
        assert answer["error"] is None
        (result,) = answer["results"]
        assert result["isMainResult"]
        return str(result["data"]["text/plain"])


class Audience:
    """Wants events, and takes them in at once unless it is told otherwise."""

    def __init__(self, *, takes: bool = True) -> None:
        self.events: list[Event] = []
        self.asker = Asker(self._hear)
        self._takes = takes
        self._heard = threading.Condition()

    def _hear(self, event: Event) -> int:
        with self._heard:
            self.events.append(event)
            self._heard.notify_all()
        size = len(json.dumps(event))
        if self._takes:
            self.asker.took(size)
        return size

    def await_text(self, text: str) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: text in self.text("stdout"), timeout=60)

    def text(self, stream: str) -> str:
        return "".join(event["text"] for event in self.events if event["type"] == stream)
