"""Contexts of the account and the files in them."""

from agb import ClearContextResult, Context, ContextFileEntry, InvalidParamsError, WaitTimeoutError
from agb.exceptions import (
    APIConnectionError,
    APIError,
    ContextNotFoundError,
    InvalidRequestError,
    ServerError,
    UnexpectedResponseError,
)
from conformance._async.world import AsyncWorld, Case
from conformance.outcome import Expected, fails, gives
from conformance.replay import looks

ID = "SdkCtx-1"
NEW_YEAR = "2026-01-01T00:00:00Z"
ONE = Context(ID, "ctx-one", NEW_YEAR, "2026-01-02T00:00:00Z")
TWO = Context("SdkCtx-2", "ctx-two", "2026-01-03T00:00:00Z")
NO_FILE = fails(InvalidRequestError, "file not found", code="File.NotFound", status_code=404)
NO_CONTEXT = fails(
    ContextNotFoundError, "Context not found", code="Context.NotFound", status_code=400
)
CLEARED = gives(status="available", context_id=ID)
CLEARING = gives(status="clearing", context_id=ID)


def bad(says: str) -> Expected:
    """Expect a refusal before anything is sent."""
    return fails(InvalidParamsError, says, request_id="")


async def clear_what_stays(on: AsyncWorld) -> ClearContextResult:
    with looks(2) as seconds:
        return await on.agb.context.clear(ID, timeout=seconds)


CASES = (
    Case(
        "context_create",
        lambda on: on.agb.context.create(" my-ctx "),
        gives(context=Context(ID, "my-ctx", ONE.created_at, ONE.last_used_at, "available")),
    ),
    Case(
        "context_get_id",
        lambda on: on.agb.context.get(context_id="SdkCtx-9"),
        gives(context=Context("SdkCtx-9", "ctx-one", NEW_YEAR, ONE.last_used_at, "available")),
    ),
    Case(
        "context_get_data_null",
        lambda on: on.agb.context.get("missing"),
        fails(UnexpectedResponseError, "data: expected an object", status_code=200),
    ),
    Case(
        "error_context_get_connection_refused",
        lambda on: on.agb.context.get("x"),
        fails(APIConnectionError, "http://agb.test", request_id="", code="CONNECT_FAILED"),
        refused=1,
    ),
    Case(
        "context_list",
        lambda on: on.agb.context.list(),
        gives(contexts=[ONE, TWO], next_token="tok-next", max_results=10, total_count=2),
    ),
    Case(
        "context_list_params",
        lambda on: on.agb.context.list(2, next_token="t"),
        gives(contexts=[ONE, TWO], next_token="tok-next", max_results=10, total_count=2),
    ),
    Case(
        "context_list_data_object",
        lambda on: on.agb.context.list(),
        fails(UnexpectedResponseError, "data: expected an array", status_code=200),
    ),
    Case(
        "context_list_error",
        lambda on: on.agb.context.list(),
        fails(APIError, "bad token", code="X", status_code=200),
    ),
    Case(
        "error_context_list_http_500_html",
        lambda on: on.agb.context.list(),
        fails(ServerError, "<html>", request_id="", status_code=500),
    ),
    Case(
        "context_update",
        lambda on: on.agb.context.update(Context(ID, "renamed")),
        gives(data=ID),
    ),
    Case(
        "context_update_error",
        lambda on: on.agb.context.update(Context(ID, "dup")),
        fails(InvalidRequestError, "name already used", code="Dup", status_code=400),
    ),
    Case("context_delete", lambda on: on.agb.context.delete(Context(ID, "n")), gives(data=ID)),
    Case("context_delete_error", lambda on: on.agb.context.delete(ID), NO_CONTEXT),
    Case(
        "error_context_delete_http_500_html",
        lambda on: on.agb.context.delete(ID),
        fails(ServerError, "<html>", request_id="", status_code=500),
    ),
    Case("context_clear", lambda on: on.agb.context.clear(ID), CLEARED),
    Case("context_clear_default_interval", lambda on: on.agb.context.clear(ID), CLEARED),
    Case("context_clear_async", lambda on: on.agb.context.clear_async(ID), CLEARING),
    Case("context_clear_async_error", lambda on: on.agb.context.clear_async("bad"), NO_CONTEXT),
    Case("context_clear_status", lambda on: on.agb.context.get_clear_status(ID), CLEARING),
    Case("context_clear_status_no_state", lambda on: on.agb.context.get_clear_status(ID), CLEARING),
    Case(
        "context_clear_status_error",
        lambda on: on.agb.context.clear(ID),
        fails(ServerError, "oops", request_id="req-0002", code="X", status_code=500),
    ),
    Case(
        "context_clear_timeout",
        clear_what_stays,
        fails(WaitTimeoutError, "context SdkCtx-1 is still being cleared"),
    ),
    Case(
        "context_list_files",
        lambda on: on.agb.context.list_files(ID, "/data", page_number=2, page_size=10),
        gives(
            entries=[
                ContextFileEntry(
                    file_id="fid-1",
                    file_name="a.txt",
                    file_path="/data/a.txt",
                    file_type="txt",
                    gmt_create=NEW_YEAR,
                    gmt_modified="2026-01-01T00:00:01Z",
                    size=21,
                    status="ready",
                )
            ],
            count=1,
        ),
    ),
    Case("context_list_files_no_count", lambda on: on.agb.context.list_files(ID), gives()),
    Case(
        "context_file_download_url",
        lambda on: on.agb.context.get_file_download_url(ID, "/data/a.txt"),
        gives(url="http://agb.test/oss/get/data/a.txt", expire_time=1_800_000_000),
    ),
    Case(
        "context_file_download_url_error",
        lambda on: on.agb.context.get_file_download_url(ID, "/nope"),
        NO_FILE,
    ),
    Case(
        "error_context_upload_url_malformed",
        lambda on: on.agb.context.get_file_upload_url(ID, "/a"),
        fails(UnexpectedResponseError, "<html>", request_id="", status_code=200),
    ),
    Case("context_delete_file", lambda on: on.agb.context.delete_file(ID, "/data/a.txt"), gives()),
    Case("context_delete_file_error", lambda on: on.agb.context.delete_file(ID, "/nope"), NO_FILE),
    Case("validation_context_create_blank", lambda on: on.agb.context.create(" "), bad("name")),
    Case(
        "validation_context_file_url_blank",
        lambda on: on.agb.context.get_file_upload_url(ID, " "),
        bad("file_path must not be blank"),
    ),
    Case(
        "validation_context_get_create_with_id",
        lambda on: on.agb.context.get("n", create=True, context_id="x"),
        bad("give a name or a context_id"),
    ),
    Case(
        "validation_context_update_blank_name",
        lambda on: on.agb.context.update(Context("id", " ")),
        bad("context.name must not be blank"),
    ),
    Case(
        "validation_context_update_none",
        lambda on: on.agb.context.update(None),  # type: ignore[arg-type]
        bad("context must be a Context or its id, not None"),
    ),
)
