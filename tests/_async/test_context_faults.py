"""What goes wrong with contexts on the way, and what the client makes of it."""

import errno
import gc
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.fake import Answer, Network, envelope, refusal, until_time_is_up

import agb as package
from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncSession,
    ContextSync,
    ContextSyncError,
    CreateSessionParams,
    TransferError,
    WaitTimeoutError,
)

MOUNTING = CreateSessionParams("code_latest", context_syncs=[ContextSync("SdkCtx-1", "/home/data")])


def client(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.example", transport=network, max_retries=0)


def status(*lines: dict[str, str]) -> httpx.Response:
    told = [{"contextId": "SdkCtx-1", "path": "/home/data", **line} for line in lines]
    groups = [{"type": "data", "data": json.dumps(told)}]
    return envelope({"contextStatus": json.dumps(groups)})


GOING = status({"status": "Preparing", "taskType": "download"})
DONE = status({"status": "Success", "taskType": "download"})
FAILED = status({"status": "Failed", "taskType": "download", "errorMessage": "no such context"})
CREATED = envelope({"sessionId": "s-1"})
GONE = refusal(400, "InvalidMcpSession.NotFound", "session s-1 not found")


async def test_create_waits_until_contexts_are_there_and_an_error_is_not_that() -> None:
    told: Iterator[Answer] = iter(
        [GOING, refusal(500, "", "oops"), httpx.ReadTimeout("slow"), DONE]
    )
    network = Network(createSession=CREATED, GetContextInfo=lambda _: next(told))
    async with client(network) as agb:
        created = await agb.create(MOUNTING)
    assert created.success
    assert network.paths() == ["createSession"] + 4 * ["GetContextInfo"]


async def test_a_context_that_fails_takes_the_half_made_session_with_it() -> None:
    network = Network(
        createSession=CREATED,
        GetContextInfo=FAILED,
        releaseSessionAsync=envelope(),
        getSessionInfo=GONE,
    )
    async with client(network) as agb:
        created = await agb.create(MOUNTING)
    assert isinstance(created.error, ContextSyncError)
    for word in ("SdkCtx-1", "/home/data", "no such context"):
        assert word in created.error_message
    assert network.paths()[-2:] == ["releaseSessionAsync", "getSessionInfo"]


@pytest.mark.parametrize(
    ("told", "said"),
    [(GOING, "download is Preparing"), (refusal(500, "", "oops"), "does not tell how far: oops")],
)
async def test_contexts_that_do_not_come_in_time_are_named(told: httpx.Response, said: str) -> None:
    network = Network(
        createSession=CREATED,
        GetContextInfo=until_time_is_up(told),
        releaseSessionAsync=envelope(),
        getSessionInfo=GONE,
    )
    async with client(network) as agb:
        created = await agb.create(MOUNTING, timeout=30)
    assert isinstance(created.error, WaitTimeoutError)
    assert said.replace("how far:", "how far it is:") in created.error_message
    assert "releaseSessionAsync" in network.paths()


async def test_a_sync_is_waited_for_no_longer_than_the_caller_has_time() -> None:
    network = Network(SyncContext=envelope(), GetContextInfo=until_time_is_up(GOING))
    async with client(network) as agb:
        with package.deadline(30):
            synced = await AsyncSession(agb, "s-1").context.sync(timeout=3000)
    assert isinstance(synced.error, WaitTimeoutError)
    assert "after 30 s" in synced.error_message
    assert "download is Preparing" in synced.error_message


async def test_a_session_that_vanishes_while_it_is_waited_for_is_told_as_such() -> None:
    network = Network(
        createSession=CREATED,
        GetContextInfo=GONE,
        releaseSessionAsync=GONE,
        getSessionInfo=GONE,
    )
    async with client(network) as agb:
        created = await agb.create(MOUNTING)
    assert created.code == "InvalidMcpSession.NotFound"


async def test_a_delete_whose_sync_fails_keeps_the_session() -> None:
    network = Network(SyncContext=refusal(500, "", "no store"))
    async with client(network) as agb:
        deleted = await agb.delete("s-1", sync_context=True)
    assert deleted.error_message == "no store"
    assert set(network.paths()) == {"SyncContext"}  # which may be sent again


async def test_a_delete_of_what_is_gone_succeeds_with_sync_too() -> None:
    network = Network(SyncContext=GONE, releaseSessionAsync=GONE)
    async with client(network) as agb:
        assert (await agb.delete("s-1", sync_context=True)).success


def store(answer: httpx.Response | Exception) -> Network:
    url = envelope({"url": "https://store.example/signed/object?signature=secret"})
    return Network(GetContextFileUploadUrl=url, GetContextFileDownloadUrl=url, object=answer)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(403, content=b"expired"), TransferError),
        (httpx.Response(200, headers={"etag": f'"{"0" * 64}"'}), TransferError),
        (httpx.Response(200, headers={"etag": f'"{"0" * 32}"'}), TransferError),
        (httpx.Response(200, html="<h1>Sign in</h1>"), TransferError),
        (httpx.Response(200, json={"success": True}), TransferError),
        (httpx.ConnectError("refused"), APIConnectionError),
    ],
)
async def test_an_upload_that_the_store_has_not_as_sent_fails(
    tmp_path: Path, answer: httpx.Response, kind: type[Exception]
) -> None:
    (tmp_path / "file").write_text("content")
    network = store(answer)
    async with client(network) as agb:
        sent = await agb.context.upload_file("SdkCtx-1", tmp_path / "file", "/data/file")
    assert isinstance(sent.error, kind)
    assert "secret" not in sent.error_message
    assert "authorization" not in network.asked[-1].headers


async def test_an_upload_that_the_store_names_otherwise_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    for etag in ('"etag-1"', f'"{hashlib.md5(b"content").hexdigest()}"', ""):  # noqa: S324 - as stores do
        network = store(httpx.Response(200, headers={"etag": etag}))
        async with client(network) as agb:
            sent = await agb.context.upload_file("SdkCtx-1", tmp_path / "file", "/data/file")
        assert sent.success, sent.error_message
        assert sent.etag == etag
        assert network.asked[-1].headers["content-length"] == "7"
        assert network.asked[-1].content == b"content"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(200, content=b"half", headers={"content-length": "8"}),
        httpx.Response(200, content=b"x", headers={"etag": f'"{"0" * 64}"'}),
        httpx.RemoteProtocolError("cut off"),
    ],
)
async def test_a_download_that_does_not_arrive_whole_leaves_what_was_there(
    tmp_path: Path, answer: httpx.Response
) -> None:
    (tmp_path / "file").write_text("old")
    async with client(store(answer)) as agb:
        got = await agb.context.download_file("SdkCtx-1", "/data/file", tmp_path / "file")
    assert not got.success
    assert "secret" not in got.error_message
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


async def test_a_name_that_leads_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    files = envelope([{"fileName": "../../escaped", "filePath": "/../../escaped", "size": 1}])
    network = Network(DescribeContextFiles=files)
    async with client(network) as agb:
        got = await agb.context.download_directory("SdkCtx-1", tmp_path)
    assert isinstance(got.error, TransferError)
    assert "escaped" in got.error_message


async def test_a_session_without_a_way_for_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    async with client(Network(GetAndLoadInternalContext=envelope([]))) as agb:
        session = AsyncSession(agb, "s-1")
        assert await session.file.transfer_path() is None
        sent = await session.file.upload(tmp_path / "file", "/tmp/x")
    assert "no context to move files through" in sent.error_message


async def test_a_context_without_an_id_is_no_context() -> None:
    async with client(Network(GetContext=envelope({"id": "", "name": "n"}))) as agb:
        found = await agb.context.get("n")
    assert found.code == "UNEXPECTED_RESPONSE"


async def test_a_context_that_stays_in_clearing_is_reported_in_time() -> None:
    network = Network(
        ClearContext=envelope(), GetContext=envelope({"id": "c", "state": "clearing"})
    )
    async with client(network) as agb:
        cleared = await agb.context.clear("c", timeout=0.1)
    assert isinstance(cleared.error, WaitTimeoutError)


def put_to(answer: Answer) -> Network:
    """Answer like an AGB whose store answers a PUT like that."""

    def stored(request: httpx.Request) -> Answer:
        request.read()
        return answer

    return Network(
        GetContextFileUploadUrl=envelope({"url": "https://store.example/x"}),
        GetContextFileDownloadUrl=envelope({"url": "https://store.example/y"}),
        x=stored,
        y=answer,
    )


@pytest.mark.parametrize(
    ("said", "code", "words", "request_id"),
    [
        (
            {"json": {"code": "Storage.Full", "message": "no space", "requestId": "r-9"}},
            "Storage.Full",
            "a: the store refused it (HTTP 507): no space",
            "r-9",
        ),
        (
            {
                "text": "<Error><Code>AccessDenied</Code><Message>expired</Message>"
                "<RequestId>r-9</RequestId><StringToSign>secret</StringToSign></Error>"
            },
            "AccessDenied",
            "a: the store refused it (HTTP 507): expired",
            "r-9",
        ),
        ({"text": "nope"}, "TRANSFER_FAILED", "a: the store refused it (HTTP 507)", ""),
    ],
)
async def test_what_a_store_says_of_a_refusal_is_passed_on(
    tmp_path: Path, said: dict[str, object], code: str, words: str, request_id: str
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    async with client(put_to(httpx.Response(507, **said))) as agb:  # type: ignore[arg-type]
        for moved in (
            await agb.context.upload_file("SdkCtx-1", tmp_path / "a", "a"),
            await agb.context.download_file("SdkCtx-1", "a", tmp_path / "b"),
        ):
            assert isinstance(moved.error, TransferError)
            assert (moved.code, moved.error_message) == (code, words)
            assert moved.error.request_id == request_id
            assert moved.error.status_code == 507


@pytest.mark.parametrize("content", [b"longer than before", b""])
async def test_a_file_that_changes_while_it_is_sent_is_not_sent(
    tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"before")

    def change(_: httpx.Request) -> Answer:
        source.write_bytes(content)
        return envelope({"url": "https://store.example/x"})

    network = put_to(httpx.Response(200))
    network._answers["GetContextFileUploadUrl"] = change
    async with client(network) as agb:
        sent = await agb.context.upload_file("SdkCtx-1", source, "a")
    assert isinstance(sent.error, TransferError)
    assert "changed while it was sent" in sent.error_message


async def test_a_file_that_goes_before_it_is_sent_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"before")

    def remove(_: httpx.Request) -> Answer:
        source.unlink()
        return envelope({"url": "https://store.example/x"})

    network = put_to(httpx.Response(200))
    network._answers["GetContextFileUploadUrl"] = remove
    async with client(network) as agb:
        sent = await agb.context.upload_file("SdkCtx-1", source, "a")
    assert isinstance(sent.error, TransferError)
    assert "can't be read" in sent.error_message


# httpx leaves the generators of a response to the garbage collector; trio complains of that.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
async def test_a_full_disk_on_this_machine_fails_a_download_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        write = full

        def seek(self, _: int) -> None: ...

        def truncate(self) -> None: ...

        def close(self) -> None:
            full()

    async with client(put_to(httpx.Response(200, content=b"x"))) as agb:
        monkeypatch.setattr("agb._transfers.Path.open", lambda *_: Full())
        got = await agb.context.download_file("SdkCtx-1", "a", tmp_path / "b")
    assert isinstance(got.error, TransferError)
    assert "No space left on device" in got.error_message
    assert not list(tmp_path.iterdir())
    del got
    gc.collect()  # so that it complains here


async def test_a_download_goes_where_it_is_sent_on_to_but_not_in_circles(tmp_path: Path) -> None:
    moved = httpx.Response(302, headers={"location": "https://other.example/z"})
    network = put_to(moved)
    network._answers["z"] = httpx.Response(200, content=b"here")
    async with client(network) as agb:
        assert (await agb.context.download_file("SdkCtx-1", "a", tmp_path / "b")).success
        assert (tmp_path / "b").read_bytes() == b"here"
        network._answers["z"] = moved
        turned = await agb.context.download_file("SdkCtx-1", "a", tmp_path / "b")
    assert isinstance(turned.error, TransferError)
    assert turned.error_message == "https://other.example sends a request round in circles"


@pytest.mark.parametrize("told", [True, False])
async def test_a_release_that_the_agb_gives_up_is_told_with_its_cause(told: bool) -> None:
    statuses = iter(["RUNNING", "DELETING", "RUNNING"])
    line = {"status": "Failed", "taskType": "upload", "errorMessage": "Storage.Full: no room"}
    network = Network(
        releaseSessionAsync=envelope(),
        getSessionInfo=lambda _: envelope({"status": next(statuses)}),
        GetContextInfo=status(line) if told else status(),
    )
    async with client(network) as agb:
        deleted = await AsyncSession(agb, "s-1").delete()
    assert isinstance(deleted.error, ContextSyncError)
    words = ("SdkCtx-1", "/home/data", "no room") if told else ("s-1", "given up")
    for word in words:
        assert word in deleted.error_message
