"""The endpoints of contexts, which few programs use: what they send and get is loaded with them."""

from agb._wire.endpoint import Endpoint, Safety
from agb._wire.messages import contexts, sessions

LIST_CONTEXTS = Endpoint(
    method="GET",
    path="/sdk/ListContexts",
    safety=Safety.READ,
    request=contexts.ListContextsRequest,
    answer=contexts.ContextPage,
    whole=True,
    data_required=False,
)
GET_CONTEXT = Endpoint(
    method="GET",
    path="/sdk/GetContext",
    safety=Safety.WRITE,
    request=contexts.GetContextRequest,
    answer=contexts.ContextData,
)
MODIFY_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/ModifyContext",
    safety=Safety.WRITE,
    request=contexts.ModifyContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
DELETE_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/DeleteContext",
    safety=Safety.WRITE,
    request=contexts.ContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
CLEAR_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/ClearContext",
    safety=Safety.WRITE,
    request=contexts.ContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
SYNC_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/SyncContext",
    safety=Safety.WRITE,
    request=contexts.SyncContextRequest,
    answer=sessions.NoData,
    data_required=False,
)
GET_CONTEXT_INFO = Endpoint(
    method="GET",
    path="/sdk/GetContextInfo",
    safety=Safety.READ,
    request=contexts.ContextInfoRequest,
    answer=contexts.ContextInfoData,
    data_required=False,
)
GET_CONTEXT_FILE_DOWNLOAD_URL = Endpoint(
    method="POST",
    path="/sdk/GetContextFileDownloadUrl",
    safety=Safety.READ,
    request=contexts.ContextFileRequest,
    answer=contexts.FileUrlData,
)
GET_CONTEXT_FILE_UPLOAD_URL = Endpoint(
    method="POST",
    path="/sdk/GetContextFileUploadUrl",
    safety=Safety.READ,
    request=contexts.ContextFileRequest,
    answer=contexts.FileUrlData,
)
DELETE_CONTEXT_FILE = Endpoint(
    method="POST",
    path="/sdk/DeleteContextFile",
    safety=Safety.WRITE,
    request=contexts.ContextFileRequest,
    answer=sessions.NoData,
    data_required=False,
)
DESCRIBE_CONTEXT_FILES = Endpoint(
    method="POST",
    path="/sdk/DescribeContextFiles",
    safety=Safety.READ,
    request=contexts.ListContextFilesRequest,
    answer=contexts.ContextFilePage,
    whole=True,
    data_required=False,
)
GET_INTERNAL_CONTEXT = Endpoint(
    method="POST",
    path="/sdk/GetAndLoadInternalContext",
    safety=Safety.WRITE,
    request=contexts.InternalContextRequest,
    answer=tuple[contexts.InternalContextData, ...],
)
