"""What the endpoints for contexts do.

A folder is listed with its files, links and folders, by name; folders count as entries of the
type `folder`, links of the type `link`, and a file's type is the ending of its name, or `file` if
it has none or one that is called `folder` or `link`.
A folder that is not there is empty.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, get_args

from agb._wire import endpoints
from agb._wire.endpoints import Endpoint
from agb._wire.messages.contexts import (
    ContextData,
    ContextFileLine,
    ContextFilePage,
    ContextFileRequest,
    ContextInfoData,
    ContextInfoRequest,
    ContextPage,
    ContextRequest,
    ContextStatusGroup,
    FileUrlData,
    GetContextRequest,
    InternalContextData,
    InternalContextRequest,
    ListContextFilesRequest,
    ListContextsRequest,
    ModifyContextRequest,
    SyncContextRequest,
)
from agb._wire.messages.sessions import NoData
from agb.local.calls import Call, Handler, Reply
from agb.local.contexts import urls
from agb.local.contexts.mounts import TRANSFER_PATH, TRANSFER_TYPE
from agb.local.contexts.status import TaskType
from agb.local.contexts.values import Context, Object, folder_path, object_path, shown
from agb.local.contexts.whole_paths import children, find
from agb.local.refusals import invalid_parameter

_MOST_ON_A_PAGE = 100
_MOST_FILES_ON_A_PAGE = 1000
_PAGE = "page of contexts"
_LONGEST_NAME = 255


async def list_contexts(call: Call, request: ListContextsRequest) -> Reply:
    """Give one page of contexts, newest first."""
    most = request.max_results
    if not 1 <= most <= _MOST_ON_A_PAGE:
        raise invalid_parameter(f"maxResults: {most} is not between 1 and {_MOST_ON_A_PAGE}")
    before = _opened(call, request.next_token)
    store = call.contexts.store
    found, count = await call.contexts.run(lambda: store.page(before=before, most=most + 1))
    page = found[:most]
    return Reply(
        ContextPage(
            data=[_context(each) for each in page],
            next_token=call.seals.seal(_PAGE, str(page[-1].key)) if len(found) > most else "",
            max_results=most,
            total_count=count,
        )
    )


def _opened(call: Call, token: str | None) -> int | None:
    if not token:
        return None
    key = call.seals.open(_PAGE, token)
    if key is None:
        raise invalid_parameter("nextToken: is not one that this AGB gave out")
    return int(key)


async def get_context(call: Call, request: GetContextRequest) -> Reply:
    """Find a context by id or name, and make it if it may be made."""
    store = call.contexts.store
    context_id = (request.id or "").strip()
    if context_id:
        return Reply(_context(await call.contexts.run(lambda: store.get(context_id))))
    if request.name is None:
        raise invalid_parameter("name: is missing, and so is id")
    name = _name(request.name)
    create = request.allow_create
    return Reply(_context(await call.contexts.run(lambda: store.named(name, create=create))))


async def modify_context(call: Call, request: ModifyContextRequest) -> Reply:
    """Rename a context."""
    name, store = _name(request.name), call.contexts.store
    await call.contexts.run(lambda: store.rename(request.id, name))
    return Reply(NoData())


def _name(given: str) -> str:
    name = given.strip()
    if not name:
        raise invalid_parameter("name: is blank")
    if len(name) > _LONGEST_NAME:
        raise invalid_parameter(f"name: is longer than {_LONGEST_NAME} characters")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise invalid_parameter("name: is not Unicode text") from None
    return name


async def delete_context(call: Call, request: ContextRequest) -> Reply:
    """Delete a context, also one that sessions have mounted: they keep their files."""
    store = call.contexts.store
    context = await call.contexts.run(lambda: store.delete(request.id))
    call.contexts.tidy_later(context.key)
    return Reply(NoData())


async def clear_context(call: Call, request: ContextRequest) -> Reply:
    """Remove all that is in a context."""
    store = call.contexts.store
    context = await call.contexts.run(lambda: store.clear(request.id))
    call.contexts.tidy_later(context.key)
    return Reply(NoData())


async def sync_context(call: Call, request: SyncContextRequest) -> Reply:
    """Begin to synchronise a session's mounts; without a direction, to the contexts."""
    session = call.sessions.touch(request.session_id)
    mode = request.mode or "upload"
    if mode not in get_args(TaskType):
        raise invalid_parameter("mode: is neither upload nor download")
    task: TaskType = "download" if mode == "download" else "upload"
    session.mounts.synchronise(task, request.context_id, request.path)
    return Reply(NoData())


async def get_context_info(call: Call, request: ContextInfoRequest) -> Reply:
    """Tell how far the synchronisation of a session's mounts is."""
    session = call.sessions.touch_even_if_ending(request.session_id)
    lines = session.mounts.lines(request.context_id, request.path, request.task_type)
    group = [ContextStatusGroup(type="data", data=lines)] if lines else []
    return Reply(ContextInfoData(context_status=group))


async def get_download_url(call: Call, request: ContextFileRequest) -> Reply:
    """Give a URL that reads one object."""
    return await _url(call, request, "GET")


async def get_upload_url(call: Call, request: ContextFileRequest) -> Reply:
    """Give a URL that writes one object."""
    return await _url(call, request, "PUT")


async def _url(call: Call, request: ContextFileRequest, method: urls.Method) -> Reply:
    path, store = object_path(request.file_path), call.contexts.store
    context = await call.contexts.run(lambda: store.get(request.context_id, internal=True))
    expires = int(store.time) + urls.LASTS
    token = urls.Link(key=context.key, path=path, expires=expires).sealed(call.seals, method)
    return Reply(FileUrlData(url=f"{call.base_url}{urls.PATH}/{token}", expire_time=expires))


async def delete_file(call: Call, request: ContextFileRequest) -> Reply:
    """Remove one object."""
    path, store = object_path(request.file_path), call.contexts.store

    def remove() -> None:
        key = store.get(request.context_id, internal=True).key
        there = find(store, key, path)
        store.remove(key, there.path if there else path)

    await call.contexts.run(remove)
    return Reply(NoData())


async def describe_files(call: Call, request: ListContextFilesRequest) -> Reply:
    """Give one page of a folder."""
    folder = folder_path(request.parent_folder_path or "/")
    number, size = request.page_number, request.page_size
    if number < 1:
        raise invalid_parameter(f"pageNumber: {number} is less than 1")
    if not 1 <= size <= _MOST_FILES_ON_A_PAGE:
        raise invalid_parameter(f"pageSize: {size} is not between 1 and {_MOST_FILES_ON_A_PAGE}")
    store = call.contexts.store

    def read() -> ContextFilePage:
        key = store.get(request.context_id, internal=True).key
        found, count = children(store, key, folder, skip=(number - 1) * size, most=size)
        lines = [_line(key, there, item) for there, item in found]
        return ContextFilePage(data=lines, count=count)

    return Reply(await call.contexts.run(read))


def _line(key: int, there: bytes, item: Object) -> ContextFileLine:
    name = there.rpartition(b"/")[2]
    return ContextFileLine(
        file_id=sha256(f"{key}/".encode() + item.path).hexdigest()[:32],
        file_name=shown(name),
        file_path="/" + shown(there),
        file_type=_type(name) if item.kind == "file" else item.kind,
        gmt_create=_moment(item.created),
        gmt_modified=_moment(item.modified),
        size=item.size,
        status="ready",
    )


def _type(name: bytes) -> str:
    """Give the ending of a file's name; one that would say that it is no file is none."""
    ending = shown(name).rpartition(".")[2] if b"." in name[1:] else ""
    return "file" if ending in {"", "folder", "link"} else ending


async def get_internal_context(call: Call, request: InternalContextRequest) -> Reply:
    """Give a session's own contexts, made at the first time."""
    if not request.context_types:
        raise invalid_parameter("contextTypes: is empty")
    for each in request.context_types:
        if each != TRANSFER_TYPE:
            raise invalid_parameter(f"contextTypes: {each[:100]!r} is not {TRANSFER_TYPE!r}")
    with call.sessions.in_use(request.session_id) as session:
        context = await session.mounts.load_transfer()
    return Reply(
        (
            InternalContextData(
                context_id=context.id, context_type=TRANSFER_TYPE, context_path=TRANSFER_PATH
            ),
        )
    )


def _context(context: Context) -> ContextData:
    return ContextData(
        id=context.id,
        name=context.name,
        create_time=_moment(context.created),
        last_used_time=_moment(context.used),
        state=context.state,
    )


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    endpoints.LIST_CONTEXTS: list_contexts,
    endpoints.GET_CONTEXT: get_context,
    endpoints.MODIFY_CONTEXT: modify_context,
    endpoints.DELETE_CONTEXT: delete_context,
    endpoints.CLEAR_CONTEXT: clear_context,
    endpoints.SYNC_CONTEXT: sync_context,
    endpoints.GET_CONTEXT_INFO: get_context_info,
    endpoints.GET_CONTEXT_FILE_DOWNLOAD_URL: get_download_url,
    endpoints.GET_CONTEXT_FILE_UPLOAD_URL: get_upload_url,
    endpoints.DELETE_CONTEXT_FILE: delete_file,
    endpoints.DESCRIBE_CONTEXT_FILES: describe_files,
    endpoints.GET_INTERNAL_CONTEXT: get_internal_context,
}
"""What answers each endpoint for contexts."""
