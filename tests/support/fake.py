"""A fake network, for what a real AGB does not do on demand."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from agb._deadline import current_deadline

Answer = httpx.Response | Exception


def envelope(data: Any = None, **more: Any) -> httpx.Response:
    """Return a good answer."""
    said = {"requestId": "request-1", "success": True, "code": "OK", "data": data, **more}
    return httpx.Response(200, json=said)


def refusal(status: int, code: str, message: str) -> httpx.Response:
    """Return an answer that says no."""
    said = {"requestId": "request-1", "success": False, "code": code, "message": message}
    return httpx.Response(status, json=said)


def tool_text(text: str, *, is_error: bool = False, code: str = "OK") -> httpx.Response:
    """Return what a tool says."""
    content = [{"type": "text", "text": text}]
    return envelope({"content": content, "isError": is_error}, code=code)


class Network(httpx.MockTransport):
    """Answers each path as told, and notes what was asked.

    A path is answered by a response, by an error, or by a function of the request.
    """

    def __init__(self, **answers: Answer | Callable[[httpx.Request], Answer]) -> None:
        super().__init__(self._answer)
        self.asked: list[httpx.Request] = []
        self._answers = answers

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers[request.url.path.rsplit("/", 1)[-1]]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def paths(self) -> list[str]:
        """Return the last parts of the paths that were asked for."""
        return [request.url.path.rsplit("/", 1)[-1] for request in self.asked]


def time_is_up() -> None:
    """Let the time be up that whoever asks has for it."""
    deadline = current_deadline()
    assert deadline is not None
    deadline.at = time.monotonic()


def until_time_is_up(*answers: Answer) -> Callable[[httpx.Request], Answer]:
    """Give some answers; the next one is lost, and the time is up of whoever asked for it."""
    left = iter(answers)

    def answer(_: httpx.Request) -> Answer:
        told = next(left, None)
        if told is not None:
            return told
        time_is_up()
        return httpx.ReadTimeout("too late")

    return answer


def tool_call(request: httpx.Request) -> tuple[str, dict[str, Any]]:
    """Return name and arguments of a tool call."""
    body = json.loads(request.content)
    return body["name"], json.loads(body["args"])
