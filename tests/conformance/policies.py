"""Policies that were recorded, by the names of their recordings."""

from collections.abc import Mapping

from agb import (
    BWList,
    DeletePolicy,
    DownloadPolicy,
    ExtractPolicy,
    Lifecycle,
    MappingPolicy,
    RecyclePolicy,
    SyncPolicy,
    UploadMode,
    UploadPolicy,
    WhiteList,
)

POLICIES: Mapping[str, SyncPolicy] = {
    "session_create_sync_bwlist": SyncPolicy(
        bw_list=BWList([WhiteList("/src", ["/node_modules"]), WhiteList("/config")])
    ),
    "session_create_sync_delete_off": SyncPolicy(delete_policy=DeletePolicy(sync_local_file=False)),
    "session_create_sync_download_off": SyncPolicy(
        download_policy=DownloadPolicy(auto_download=False)
    ),
    "session_create_sync_extract": SyncPolicy(
        extract_policy=ExtractPolicy(
            extract=False, delete_src_file=False, extract_current_folder=True
        )
    ),
    "session_create_sync_full_policy": SyncPolicy(
        upload_policy=UploadPolicy(upload_mode=UploadMode.ARCHIVE),
        download_policy=DownloadPolicy(),
        delete_policy=DeletePolicy(sync_local_file=False),
        extract_policy=ExtractPolicy(delete_src_file=False, extract_current_folder=True),
        recycle_policy=RecyclePolicy(lifecycle=Lifecycle.LIFECYCLE_1DAY),
        bw_list=BWList([WhiteList("/a", ["/a/b"])]),
        mapping_policy=MappingPolicy(path="/old"),
    ),
    "session_create_sync_mapping": SyncPolicy(mapping_policy=MappingPolicy(path="/tmp/mapping")),
    "session_create_sync_recycle": SyncPolicy(
        recycle_policy=RecyclePolicy(lifecycle=Lifecycle.LIFECYCLE_30DAYS, paths=["tmp", "logs"])
    ),
    "session_create_sync_upload_archive": SyncPolicy(
        upload_policy=UploadPolicy(auto_upload=False, upload_mode=UploadMode.ARCHIVE)
    ),
}
