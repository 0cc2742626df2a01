# Generated from tests/_async/test_transfer_retries.py; edit that file, then `nox -s twin`.
"""Files that did not get through are moved again where that is safe, from their first byte on."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.fake import Answer, Network, envelope, time_is_up

import agb as package
from agb import (
    AGB,
    DeadlineExceededError,
    DownloadResult,
    ReadTimeoutError,
    TransferError,
    UploadResult,
)

Moved = UploadResult | DownloadResult
Move = Callable[[AGB, Path], Moved]

MISHAPS: tuple[Answer, ...] = (
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadTimeout("slow"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("cut off"),
    *(httpx.Response(status) for status in (408, 429, 500, 502, 503, 504)),
)


class Store(Network):
    """A store that gives some answers before it does what it should, and what it was sent.

    Args:
        answers: What it says first.
    """

    def __init__(self, *answers: Answer) -> None:
        url = envelope({"url": "https://store.example/signed/object"})
        super().__init__(
            GetContextFileUploadUrl=url, GetContextFileDownloadUrl=url, object=self._serve
        )
        self.sent: list[bytes] = []
        self._first = list(answers)

    def _serve(self, request: httpx.Request) -> Answer:
        if request.method == "PUT":
            self.sent.append(request.content)
        if self._first:
            return self._first.pop(0)
        return httpx.Response(200, content=b"" if request.method == "PUT" else b"content")


def upload(agb: AGB, folder: Path) -> Moved:
    (folder / "file").write_bytes(b"content")
    return agb.context.upload_file("c-1", folder / "file", "file")


def download(agb: AGB, folder: Path) -> Moved:
    return agb.context.download_file("c-1", "file", folder / "file")


MOVES: tuple[Move, ...] = (upload, download)


def client(network: Network) -> AGB:
    return AGB("key", endpoint="https://agb.example", transport=network)


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_file_is_moved_again_after_a_mishap(
    move: Move, mishap: Answer, waits: list[float], tmp_path: Path
) -> None:
    store = Store(mishap)
    with client(store) as agb:
        moved = move(agb, tmp_path)
    assert moved.success, moved.error_message
    assert (tmp_path / "file").read_bytes() == b"content"
    assert store.paths().count("object") == 2
    assert set(store.sent) <= {b"content"}
    assert waits == [0.5]


def test_an_upload_that_a_gateway_answers_with_a_page_is_sent_again(
    waits: list[float], tmp_path: Path
) -> None:
    store = Store(httpx.Response(200, html="<h1>Back in a minute</h1>"))
    with client(store) as agb:
        assert upload(agb, tmp_path).success
    assert store.sent == [b"content"] * 2
    assert len(waits) == 1


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, content=b"expired"),
        httpx.Response(404),
        httpx.Response(200, headers={"etag": f'"{"0" * 64}"'}),
    ],
)
def test_what_will_not_change_is_not_tried_again(
    move: Move, answer: Answer, waits: list[float], tmp_path: Path
) -> None:
    store = Store(answer)
    with client(store) as agb:
        moved = move(agb, tmp_path)
    assert isinstance(moved.error, TransferError)
    assert moved.error.attempts == 1
    assert store.paths().count("object") == 1
    assert waits == []


@pytest.mark.parametrize("move", MOVES)
def test_tries_end_and_last_as_long_as_the_store_asks_for(
    move: Move, waits: list[float], tmp_path: Path
) -> None:
    busy = httpx.Response(503, headers={"retry-after": "3"})
    store = Store(*[busy] * 9)
    with client(store) as agb:
        moved = move(agb, tmp_path)
    assert isinstance(moved.error, TransferError)
    assert (moved.error.attempts, moved.error.retry_after) == (3, 3.0)
    assert waits == [3.5, 4.0]


@pytest.mark.parametrize("move", MOVES)
def test_a_try_that_the_caller_has_no_time_for_is_not_begun(
    move: Move, waits: list[float], tmp_path: Path
) -> None:
    store = Store(httpx.Response(503, headers={"retry-after": "3600"}))
    with client(store) as agb, package.deadline(30):
        moved = move(agb, tmp_path)
    assert isinstance(moved.error, TransferError)
    assert moved.error.attempts == 1
    assert waits == []


@pytest.mark.parametrize("move", MOVES)
def test_when_the_time_is_up_the_store_is_not_asked(move: Move, tmp_path: Path) -> None:
    def late(_: httpx.Request) -> Answer:
        time_is_up()
        return envelope({"url": "https://store.example/signed/object"})

    store = Store()
    for name in ("GetContextFileUploadUrl", "GetContextFileDownloadUrl"):
        store._answers[name] = late
    with client(store) as agb, package.deadline(30):
        moved = move(agb, tmp_path)
    assert isinstance(moved.error, (DeadlineExceededError, ReadTimeoutError))
    assert "object" not in store.paths()


@pytest.mark.usefixtures("waits")
def test_each_try_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    (tmp_path / "file").write_bytes(b"content")
    with client(Store(httpx.Response(502))) as agb:
        sent = agb.context.upload_file("c-1", tmp_path / "file", "file", progress=told.append)
    assert sent.success
    assert told == [7, 7]


def test_a_store_that_does_not_answer_is_told_from_a_file_that_can_not_be_read(
    tmp_path: Path, waits: list[float]
) -> None:
    with client(Store(*[httpx.ReadTimeout("slow")] * 3)) as agb:
        sent = upload(agb, tmp_path)
    assert isinstance(sent.error, ReadTimeoutError)
    assert sent.error.attempts == 3
    assert len(waits) == 2
