"""Gives recorded answers in their order, notes what is sent, and compares it with the recording."""

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import httpx
from attrs import frozen

import agb
from agb._deadline import Deadline
from agb._own_labels import PREFIX

RECORDINGS = Path(__file__).parent / "recordings"
README = RECORDINGS.with_name("README.md")
ENDPOINT = "http://agb.test"
KEY = "test-key"

_REFUSAL: Mapping[str, Any] = {"status": "REFUSE"}
_HEADERS = ("authorization", "content-type", "x-access-token")
_FRAMING = ("content-length", "transfer-encoding")
_RUN = re.compile(r"<(\d+) x '([^']+)'>")
_OWN_ID = re.compile(r"(?<=link-)\d{13}-\d{9}|(?<=ext_)[0-9a-f]{32}|(?<=extensions-)\d{10}")


@frozen
class JSONText:
    """JSON that travels as text in a string: what it says, however it is written."""

    value: Any


class Replay:
    """The AGB's side of a recording.

    A request beyond the recorded ones finds nobody listening, as does each one of a recording
    without any. What our client asks about labels of its own, which no recording has, is answered
    apart: there are none.

    Args:
        name: Name of the recording.
        unsent: Which of its requests, counted from 0, our client does not send.
        adds: What our client says in the query of its first request, beside what was recorded.
    """

    def __init__(
        self, name: str, *, unsent: Collection[int] = (), adds: Mapping[str, str] | None = None
    ) -> None:
        recording = _expanded(json.loads((RECORDINGS / f"{name}.json").read_text("utf-8")))
        kept = [index for index in range(len(recording["requests"])) if index not in unsent]
        self.recorded: list[dict[str, Any]] = [recording["requests"][index] for index in kept]
        self.answers: list[dict[str, Any]] = [recording["responses"][index] for index in kept]
        self.sent: list[httpx.Request] = []
        if adds:
            self.recorded[0]["query"].update(adds)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    @property
    def own_ids(self) -> list[str]:
        """The ids that the client itself gave to requests on a session's link."""
        bodies = [_body(request) for request in self.sent]
        return [
            body["requestId"] for body in bodies if isinstance(body, dict) and "requestId" in body
        ]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self._is_about_own_labels(request):
            none: object = [] if request.url.path == "/sdk/ListSession" else {}
            return httpx.Response(200, json={"requestId": "own", "success": True, "data": none})
        number = len(self.sent)
        self.sent.append(request)
        answer = self.answers[number] if number < len(self.answers) else _REFUSAL
        match answer["status"]:
            case "REFUSE":
                raise httpx.ConnectError("nothing listens here", request=request)
            case "DROP":
                raise httpx.RemoteProtocolError("closed without an answer", request=request)
            case "HANG":
                raise httpx.ReadTimeout("slower than the client waits", request=request)
        body = answer["body"]
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return httpx.Response(answer["status"], headers=answer.get("headers"), content=content)

    def _is_about_own_labels(self, request: httpx.Request) -> bool:
        """Tell a look for a session whose create got no answer, or at labels that are to stay."""
        if request.url.path == "/sdk/ListSession":
            return PREFIX in request.url.params["labels"]
        next_recorded = next(iter(self.recorded[len(self.sent) :]), {"path": ""})
        return (request.url.path, next_recorded["path"]) == ("/sdk/GetLabel", "/sdk/SetLabel")

    def check(self, *, refused: int) -> None:
        """Assert that what was sent says the same as what was recorded.

        Args:
            refused: So many requests found nobody listening; they are not in the recording.
        """
        answered = self.sent[: len(self.answers)]
        assert [_meaning(request) for request in answered] == [
            _recorded_meaning(request) for request in self.recorded
        ]
        assert len(self.sent) - len(answered) == refused


def _meaning(request: httpx.Request) -> dict[str, Any]:
    meaning = {
        "method": request.method,
        "path": request.url.path,
        "query": _read(dict(request.url.params)),
        "headers": {name: request.headers[name] for name in _HEADERS if name in request.headers},
        "body": _without_own_labels(_read(_body(request))),
    }
    if request.method == "PUT":
        meaning["transfer"] = {name: request.headers.get(name) for name in _FRAMING}
    return meaning


def _body(request: httpx.Request) -> Any:
    """Return JSON; bytes where they go to a store."""
    if request.method == "PUT":
        return request.content
    return json.loads(request.content) if request.content else None


def _without_own_labels(body: Any) -> Any:
    """Leave out the labels that are our client's own."""
    labels = body.get("labels") if isinstance(body, dict) else None
    if not isinstance(labels, JSONText):
        return body
    users = {key: value for key, value in labels.value.items() if not key.startswith(PREFIX)}
    return {key: value for key, value in body.items() if key != "labels"} | (
        {"labels": JSONText(users)} if users else {}
    )


def _recorded_meaning(request: Mapping[str, Any]) -> dict[str, Any]:
    query = _read(request["query"])
    if "sdkStats" in query:
        query["sdkStats"].value["sdk_version"] = agb.__version__
    return {**request, "query": query, "body": _read(request.get("body"))}


def _read(value: Any) -> Any:
    """Read JSON text where a string holds some, and take the client's own ids as equal."""
    if isinstance(value, dict):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith(("{", "[")):
        return JSONText(json.loads(value))
    return _OWN_ID.sub("<id>", value)


def _expanded(value: Any) -> Any:
    """Write out long runs of one text, and bytes, which recordings hold in short."""
    if isinstance(value, dict) and "__raw_text__" in value:
        return value["__raw_text__"].encode()
    if isinstance(value, dict) and "__raw_base64__" in value:
        return b64decode(value["__raw_base64__"])
    if isinstance(value, dict):
        return {key: _expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    if isinstance(value, str):
        return _RUN.sub(lambda run: int(run[1]) * run[2], value)
    return value


@contextmanager
def surroundings(dotenv: str = "", **environment: str) -> Iterator[None]:
    """Stand in an empty directory, with this `.env` and these variables alone."""
    with (
        TemporaryDirectory() as directory,
        chdir(directory),
        patch.dict("os.environ", environment, clear=True),
    ):
        if dotenv:
            Path(".env").write_text(dotenv, encoding="utf-8")
        yield


@contextmanager
def hasty() -> Iterator[None]:
    """Let the client look once for a session whose create got no answer: there is none."""
    with patch.multiple("agb._creating", LATE=(0.0,), PROMPT=(0.0,)):
        yield


@contextmanager
def looks(wanted: int) -> Iterator[int]:
    """Let the time for waiting be over after so many looks.

    Yields:
        Seconds to give as the time for waiting.
    """
    with patch.object(Deadline, "pauses", lambda _: iter([0.0] * wanted)):
        yield wanted + 1
