"""Contexts in sessions: mounting them, how far they are, and bringing them up to date."""

from agb import (
    APIConnectionError,
    AsyncSession,
    BrowserContext,
    BrowserFingerprintContext,
    ContextStatusData,
    ContextSync,
    ContextSyncResult,
    CreateSessionParams,
    ExtensionOption,
    InvalidParamsError,
    SessionResult,
    SyncPolicy,
    WaitTimeoutError,
)
from agb.exceptions import InvalidRequestError, ServerError, UnexpectedResponseError
from conformance._async.cases.sessions import CREATED
from conformance._async.world import IMAGE, AsyncWorld, Case
from conformance.outcome import fails, gives
from conformance.replay import looks

BROWSER_IMAGE = "agb-browser-use-1"
WITH_BROWSER = {**CREATED, "image_id": BROWSER_IMAGE}
HOME = ContextSync("SdkCtx-1", "/home/data", SyncPolicy())
OTHER = ContextSync("SdkCtx-2", "/home/other", SyncPolicy())
EXTENSIONS = ExtensionOption("SdkCtx-ext", ["ext_aaa.zip", "ext_bbb.zip"])
FINGERPRINT = BrowserFingerprintContext("SdkCtx-fp")
UPLOADED = ContextStatusData(
    context_id="SdkCtx-1",
    path="/home/data",
    status="Success",
    task_type="upload",
    start_time=1_700_000_000,
    finish_time=1_700_000_005,
)


async def create_while_nobody_tells_how_far_contexts_are(
    on: AsyncWorld,
) -> SessionResult[AsyncSession]:
    params = CreateSessionParams(image_id=IMAGE, context_syncs=[HOME])
    with looks(1) as seconds:
        created = await on.agb.create(params, timeout=seconds)
    assert on.replay.sent[-1].url.path == "/mcp/releaseSessionAsync"
    return created


async def sync_what_never_ends(on: AsyncWorld) -> ContextSyncResult:
    with looks(2) as seconds:
        return await on.session.context.sync(timeout=seconds)


async def sync_with_a_callback(on: AsyncWorld) -> ContextSyncResult:
    told: list[bool] = []
    synced = await on.session.context.sync(callback=told.append)
    assert told == [False]
    return synced


CASES = (
    Case(
        "session_create_everything",
        lambda on: on.agb.create(
            CreateSessionParams(
                {"k": "v"}, IMAGE, [HOME], policy_id="policy-1", idle_release_timeout=120
            )
        ),
        gives(session=CREATED),
    ),
    Case(
        "session_create_sync_two",
        lambda on: on.agb.create(CreateSessionParams(image_id=IMAGE, context_syncs=[HOME, OTHER])),
        gives(session=CREATED),
    ),
    Case(
        "session_create_sync_info_error",
        create_while_nobody_tells_how_far_contexts_are,
        fails(WaitTimeoutError, "does not tell how far it is: boom", request_id="req-0002"),
        refused=1,
    ),
    Case(
        "session_create_browser_context_extensions",
        lambda on: on.agb.create(
            CreateSessionParams(
                BROWSER_IMAGE,
                browser_context=BrowserContext("SdkCtx-br", extension_option=EXTENSIONS),
            )
        ),
        gives(session=WITH_BROWSER),
    ),
    Case(
        "session_create_browser_context_fingerprint",
        lambda on: on.agb.create(
            CreateSessionParams(
                BROWSER_IMAGE,
                browser_context=BrowserContext("SdkCtx-br", fingerprint_context=FINGERPRINT),
            )
        ),
        gives(session=WITH_BROWSER),
    ),
    Case(
        "session_create_browser_context_all",
        lambda on: on.agb.create(
            CreateSessionParams(
                BROWSER_IMAGE,
                context_syncs=[HOME],
                browser_context=BrowserContext(
                    "SdkCtx-br", extension_option=EXTENSIONS, fingerprint_context=FINGERPRINT
                ),
            )
        ),
        gives(session=WITH_BROWSER),
    ),
    Case(
        "session_delete_sync_context",
        lambda on: on.agb.delete(on.session, sync_context=True),
        gives("req-0004"),
        adds={"mode": "upload"},
    ),
    Case(
        "session_delete_sync_context_fails",
        lambda on: on.agb.delete(on.session, sync_context=True),
        fails(ServerError, "cannot sync", code="SyncError", status_code=500),
        unsent=(1, 2),
        adds={"mode": "upload"},
    ),
    Case(
        "session_context_info",
        lambda on: on.session.context.info(),
        gives(
            context_status_data=[
                ContextStatusData(
                    context_id="SdkCtx-1",
                    path="/home/data",
                    status="Success",
                    task_type="download",
                    start_time=1_700_000_000,
                    finish_time=1_700_000_005,
                ),
                ContextStatusData(
                    context_id="SdkCtx-2",
                    path="/x",
                    status="Failed",
                    task_type="upload",
                    start_time=1_700_000_000,
                    finish_time=1_700_000_005,
                    error_message="e",
                ),
            ]
        ),
    ),
    Case("session_context_info_other_types", lambda on: on.session.context.info(), gives()),
    Case("session_context_info_null", lambda on: on.session.context.info(), gives()),
    Case(
        "session_context_info_bad_json",
        lambda on: on.session.context.info(),
        fails(
            UnexpectedResponseError,
            "data.contextStatus: holds text that is not JSON",
            status_code=200,
        ),
    ),
    Case(
        "session_context_info_error",
        lambda on: on.session.context.info(),
        fails(InvalidRequestError, "bad session", code="X", status_code=400),
    ),
    Case("session_context_sync", lambda on: on.session.context.sync(), gives(items=[UPLOADED])),
    Case("session_context_sync_no_tasks", lambda on: on.session.context.sync(), gives()),
    Case(
        "session_context_sync_exhausted",
        sync_what_never_ends,
        fails(
            WaitTimeoutError,
            "context SdkCtx-1 at /home/data: upload is Running",
            request_id="req-0003",
        ),
    ),
    Case(
        "session_context_sync_mismatch",
        lambda on: on.session.context.sync(context_id="x"),
        fails(InvalidParamsError, "context_id and path go together", request_id=""),
    ),
    Case(
        "session_context_sync_not_awaited",
        sync_with_a_callback,
        fails(APIConnectionError, request_id="", code="CONNECT_FAILED"),
        refused=1,
    ),
    Case(
        "session_context_sync_refused",
        lambda on: on.session.context.sync(),
        fails(ServerError, "cannot sync", code="X", status_code=500),
    ),
)
