"""What operations on contexts return."""

from collections.abc import Iterator, Sequence
from typing import overload

from attrs import field

from agb._wire.values import frozen
from agb.results.base import BoolResult, Result


@frozen
class Context:
    """A store that outlives sessions.

    Attributes:
        id: Identifier, such as `SdkCtx-...`.
        name: Its name, unique in the account.
        created_at: When it was made, as the AGB writes it.
        last_used_at: When it was last used, likewise.
        state: `available`, or `clearing` while its files are removed.
    """

    id: str
    name: str = ""
    created_at: str = ""
    last_used_at: str = ""
    state: str = ""


@frozen(kw_only=True)
class ContextResult(Result):
    """The result of getting or creating a context.

    Attributes:
        context: The context; None when there is none.
    """

    context: Context | None = None

    @property
    def context_id(self) -> str:
        """Identifier of the context; empty when there is none."""
        return "" if self.context is None else self.context.id


@frozen(kw_only=True)
class ContextListResult(Result, Sequence[Context]):
    """One page of contexts, newest first, and a sequence of them.

    Attributes:
        contexts: The contexts of this page.
        next_token: Opens the next page; empty on the last one.
        max_results: How many contexts a page holds at most.
        total_count: How many contexts there are on all pages, where the AGB tells it.
    """

    contexts: Sequence[Context] = ()
    next_token: str = ""
    max_results: int = 0
    total_count: int | None = None

    @overload
    def __getitem__(self, index: int) -> Context: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Context]: ...
    def __getitem__(self, index: int | slice) -> Context | Sequence[Context]:
        return self.contexts[index]

    def __len__(self) -> int:
        return len(self.contexts)


@frozen(kw_only=True)
class ContextFileEntry:
    """A file of a context.

    Attributes:
        size: In bytes.
        gmt_create: When it was stored first, as the AGB writes it.
        gmt_modified: When it was stored last, likewise.
    """

    file_name: str
    file_path: str
    file_id: str = ""
    file_type: str = ""
    size: int = 0
    status: str = ""
    gmt_create: str = ""
    gmt_modified: str = ""


@frozen(kw_only=True)
class ContextFileListResult(Result):
    """One page of a folder of a context.

    Attributes:
        entries: The files of this page.
        count: How many there are on all pages, where the AGB tells it.
    """

    entries: Sequence[ContextFileEntry] = ()
    count: int | None = None

    def __iter__(self) -> Iterator[ContextFileEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


@frozen(kw_only=True)
class FileUrlResult(Result):
    """A URL that opens one file of a context. It carries its own permission.

    Attributes:
        url: The URL.
        expire_time: Until when it opens the file, as the AGB tells it (Unix seconds).
    """

    url: str = field(default="", repr=False)
    expire_time: int | None = None


@frozen(kw_only=True)
class ClearContextResult(BoolResult):
    """How far the removal of a context's files is.

    Attributes:
        status: `clearing` or `available`.
        context_id: Identifier of the context.
    """

    status: str = ""
    context_id: str = ""


@frozen(kw_only=True)
class ContextStatusData:
    """How far the synchronisation of one mount is.

    Attributes:
        task_type: `download` into the session, or `upload` into the context.
        status: `Success`, `Failed`, or what the AGB calls the way there.
        start_time: Unix seconds.
        finish_time: Unix seconds; 0 while it is going on.
        error_message: Why it failed.
    """

    context_id: str
    path: str
    status: str = ""
    task_type: str = ""
    start_time: int = 0
    finish_time: int = 0
    error_message: str = ""


@frozen(kw_only=True)
class ContextInfoResult(Result):
    """How far the synchronisation of a session's mounts is."""

    context_status_data: Sequence[ContextStatusData] = ()


@frozen(kw_only=True)
class ContextSyncResult(Result):
    """The end of a synchronisation.

    Attributes:
        items: What was synchronised. In a failed result, some of it failed.
    """

    items: Sequence[ContextStatusData] = ()


@frozen(kw_only=True)
class UploadResult(Result):
    """A file that went into a session or a context.

    Attributes:
        path: Where it went.
        bytes_sent: Its size.
        etag: What the store calls this content.
        http_status: HTTP status of the upload; 0 when there was none.
        request_id_upload_url: Request that gave the URL.
        request_id_sync: Request that brought it into the session.
    """

    path: str = ""
    bytes_sent: int = 0
    etag: str = ""
    http_status: int = 0
    request_id_upload_url: str = ""
    request_id_sync: str = ""


@frozen(kw_only=True)
class DownloadResult(Result):
    """A file that came out of a session or a context.

    Attributes:
        path: Where it came from.
        local_path: Where it is on this machine.
        bytes_received: Its size.
        http_status: HTTP status of the download; 0 when there was none.
        request_id_download_url: Request that gave the URL.
        request_id_sync: Request that brought it out of the session.
    """

    path: str = ""
    local_path: str = ""
    bytes_received: int = 0
    http_status: int = 0
    request_id_download_url: str = ""
    request_id_sync: str = ""


@frozen(kw_only=True)
class DirectoryTransferResult(Result):
    """A directory that went into a context or a session, or came out of one.

    Attributes:
        paths: Files that went through, relative to the directory. In a failed result they are
            there all the same: doing it again is safe.
        skipped: What was there and was left out, such as pipes, and links that lead nowhere or
            out of the directory.
        bytes_moved: The size of the files together.
    """

    paths: Sequence[str] = ()
    skipped: Sequence[str] = ()
    bytes_moved: int = 0
