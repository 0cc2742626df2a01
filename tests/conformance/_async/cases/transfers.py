"""Files between this machine and a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agb import (
    ContextSyncError,
    DownloadResult,
    InvalidParamsError,
    TransferError,
    UploadResult,
    WaitTimeoutError,
)
from agb.exceptions import InvalidRequestError, ServerError
from conformance._async.world import AsyncWorld, Case
from conformance.outcome import Expected, fails, gives
from conformance.replay import looks, surroundings

IN_SESSION = "/tmp/file_transfer"
SENT = b"upload me"
CAME = b"hello download"


@contextmanager
def one_file() -> Iterator[str]:
    with surroundings():
        Path("up.txt").write_bytes(SENT)
        yield "up.txt"


def found() -> dict[str, bytes]:
    """Return the files that are there."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


async def upload(on: AsyncWorld) -> UploadResult:
    with one_file() as local:
        return await on.session.file.upload(local, f"{IN_SESSION}/up.txt")


async def upload_with_progress(on: AsyncWorld) -> UploadResult:
    seen: list[int] = []
    with one_file() as local:
        remote = f"{IN_SESSION}/up.txt"
        result = await on.session.file.upload(local, remote, progress_cb=seen.append)
    assert seen == [len(SENT)]
    return result


async def upload_of_a_type_without_waiting(on: AsyncWorld) -> UploadResult:
    with one_file() as local:
        return await on.session.file.upload(
            local, f"{IN_SESSION}/sub/up.txt", content_type="text/plain", wait=False
        )


async def upload_what_never_arrives(on: AsyncWorld) -> UploadResult:
    with one_file() as local, looks(1) as seconds:
        return await on.session.file.upload(local, f"{IN_SESSION}/up.txt", wait_timeout=seconds)


async def download(on: AsyncWorld) -> DownloadResult:
    came: list[int] = []
    with surroundings():
        result = await on.session.file.download(
            f"{IN_SESSION}/a.txt", "down/a.txt", progress_cb=came.append
        )
        assert found() == {"down/a.txt": CAME}
    assert came[-1] == len(CAME)
    return result


async def download_without_waiting(on: AsyncWorld) -> DownloadResult:
    with surroundings():
        result = await on.session.file.download(f"{IN_SESSION}/a.txt", "down/a.txt", wait=False)
        assert found() == {"down/a.txt": CAME}
    return result


async def download_what_the_store_has_not(on: AsyncWorld) -> DownloadResult:
    with surroundings():
        result = await on.session.file.download(f"{IN_SESSION}/a.txt", "down/a.txt")
        assert found() == {}
    return result


async def path_there(on: AsyncWorld) -> None:
    assert await on.session.file.transfer_path() == IN_SESSION
    assert await on.session.file.transfer_path() == IN_SESSION


async def no_path_there(on: AsyncWorld) -> None:
    assert await on.session.file.transfer_path() is None


def uploaded(name: str = "up.txt") -> Expected:
    return gives(
        "req-0002",
        path=f"{IN_SESSION}/{name}",
        bytes_sent=len(SENT),
        etag='"etag-1"',
        http_status=200,
        request_id_upload_url="req-0002",
        request_id_sync="req-0003",
    )


def downloaded(request_id: str) -> Expected:
    return gives(
        request_id,
        path=f"{IN_SESSION}/a.txt",
        local_path="down/a.txt",
        bytes_received=len(CAME),
        http_status=200,
        request_id_download_url=request_id,
        request_id_sync="req-0002",
    )


CASES = (
    Case("transfer_path", path_there),
    Case("transfer_path_none", no_path_there),
    Case("transfer_path_data_null", no_path_there),
    Case("transfer_upload", upload_with_progress, uploaded(), unsent=(5,)),
    Case(
        "transfer_upload_no_wait_content_type",
        upload_of_a_type_without_waiting,
        uploaded("sub/up.txt"),
        unsent=(4,),
    ),
    Case(
        "transfer_upload_local_missing",
        lambda on: on.session.file.upload("/no/such", f"{IN_SESSION}/x"),
        fails(InvalidParamsError, "/no/such is not a file on this machine", request_id=""),
    ),
    Case(
        "transfer_upload_context_error",
        upload,
        fails(InvalidRequestError, "not allowed", code="X", status_code=400),
    ),
    Case(
        "transfer_upload_url_error",
        upload,
        fails(
            InvalidRequestError,
            "no quota",
            request_id="req-0002",
            code="Denied",
            status_code=400,
        ),
    ),
    Case(
        "transfer_upload_put_403",
        upload,
        fails(
            TransferError,
            "/tmp/file_transfer/up.txt: the store refused it (HTTP 403)",
            request_id="",
            status_code=403,
        ),
    ),
    Case(
        "transfer_upload_sync_refused",
        upload,
        fails(ServerError, "sync refused", request_id="req-0003", code="X", status_code=500),
        unsent=(4, 5, 6),
    ),
    Case(
        "transfer_upload_task_error",
        upload,
        fails(
            ContextSyncError,
            "context SdkCtx-ft at /tmp/file_transfer: download failed: disk full",
            request_id="req-0003",
        ),
        unsent=(5,),
    ),
    Case(
        "transfer_upload_timeout",
        upload_what_never_arrives,
        fails(WaitTimeoutError, "it lists no such task", request_id="req-0004"),
        unsent=(5, 6, 7),
    ),
    Case("transfer_download", download, downloaded("req-0005"), unsent=(3,)),
    Case(
        "transfer_download_no_wait",
        download_without_waiting,
        downloaded("req-0004"),
        unsent=(2,),
    ),
    Case("transfer_download_redirect", download, downloaded("req-0004")),
    Case(
        "transfer_download_404",
        download_what_the_store_has_not,
        fails(
            TransferError,
            "/tmp/file_transfer/a.txt: the store refused it (HTTP 404)",
            request_id="",
            status_code=404,
        ),
        unsent=(3,),
    ),
)
