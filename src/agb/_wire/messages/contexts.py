"""Contexts: stores that outlive sessions, their files, and how sessions mount them."""

from collections.abc import Sequence
from typing import Any, cast

from attrs import field

from agb._wire.codec import dump, load, wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class ContextData:
    """A context; `state` is `available`, `clearing` or `pre-available`."""

    id: str
    name: str = ""
    create_time: str = ""
    last_used_time: str = ""
    state: str = ""


@frozen(kw_only=True)
class ListContextsRequest:
    """Asks for one page of the account's contexts."""

    max_results: int = 10
    next_token: str | None = None


@frozen(kw_only=True)
class ContextPage:
    """One page of contexts; its paging fields stand beside `data`."""

    data: Sequence[ContextData] = field(default=(), metadata=wire(lenient=True))
    next_token: str = ""
    max_results: int | None = None
    total_count: int | None = None


@frozen(kw_only=True)
class GetContextRequest:
    """Asks for a context by name or id, and may have it made."""

    id: str | None = None
    name: str | None = None
    login_region_id: str | None = None
    allow_create: bool = False


@frozen(kw_only=True)
class ModifyContextRequest:
    """Renames a context."""

    id: str
    name: str


@frozen(kw_only=True)
class ContextRequest:
    """Names the context that an operation is about."""

    id: str


@frozen(kw_only=True)
class ContextFileRequest:
    """Names the file of a context that an operation is about."""

    context_id: str
    file_path: str


@frozen(kw_only=True)
class FileUrlData:
    """A URL that opens one file, until a time in Unix seconds. It carries its own permission."""

    url: str = field(repr=False)
    expire_time: int | None = None


@frozen(kw_only=True)
class ListContextFilesRequest:
    """Asks for one page of a folder of a context."""

    context_id: str
    parent_folder_path: str | None = None
    page_number: int = 1
    page_size: int = 50


@frozen(kw_only=True)
class ContextFileLine:
    """One file of a context."""

    file_id: str = ""
    file_name: str = ""
    file_path: str = ""
    file_type: str = ""
    gmt_create: str = ""
    gmt_modified: str = ""
    size: int = 0
    status: str = ""


@frozen(kw_only=True)
class ContextFilePage:
    """One page of a folder; its count stands beside `data`."""

    data: Sequence[ContextFileLine] = field(default=(), metadata=wire(lenient=True))
    count: int | None = None


@frozen(kw_only=True)
class SyncContextRequest:
    """Starts to synchronise a session's mounts, or one of them, in one direction or both."""

    session_id: str
    context_id: str | None = None
    path: str | None = None
    mode: str | None = None


@frozen(kw_only=True)
class ContextInfoRequest:
    """Asks how far the synchronisation of a session's mounts is."""

    session_id: str
    context_id: str | None = None
    path: str | None = None
    task_type: str | None = None


@frozen(kw_only=True)
class ContextStatusLine:
    """How far one task is; times are Unix seconds."""

    context_id: str = ""
    path: str = ""
    status: str = ""
    task_type: str = ""
    start_time: int = 0
    finish_time: int = 0
    error_message: str = ""


@frozen(kw_only=True)
class ContextStatusLines:
    """What a group of type `data` holds."""

    data: Sequence[ContextStatusLine] = field(
        default=(), metadata=wire(text=True, lenient=True, always=True)
    )


def _lines_as_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return dump(ContextStatusLines(data=cast("Sequence[ContextStatusLine]", value)))["data"]
    return "" if value is None else value


@frozen(kw_only=True)
class ContextStatusGroup:
    """Tasks of one type. Only type `data` is about contexts; what others hold is anyone's guess.

    Made from `ContextStatusLine`s, it holds their text.
    """

    type: str = ""
    data: Any = field(default="", converter=_lines_as_text)

    def lines(self) -> Sequence[ContextStatusLine]:
        """Return how far the tasks about contexts are.

        Raises:
            Misread: It is of type `data` and does not tell.
        """
        return load({"data": self.data}, ContextStatusLines).data if self.type == "data" else ()


@frozen(kw_only=True)
class ContextInfoData:
    """How far the synchronisation is: text in text."""

    context_status: Sequence[ContextStatusGroup] = field(
        default=(), metadata=wire(text=True, lenient=True, always=True)
    )


@frozen(kw_only=True)
class InternalContextRequest:
    """Asks for the contexts that a session has for the SDK's own use."""

    session_id: str
    context_types: Sequence[str] = field(metadata=wire(text=True))


@frozen(kw_only=True)
class InternalContextData:
    """A context for the SDK's own use, and where it is mounted."""

    context_id: str = ""
    context_type: str = ""
    context_path: str = ""
