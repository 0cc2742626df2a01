# Generated from src/agb/_async/oss.py; edit that file, then `nox -s twin`.
"""Object storage, under the names of the first documentation."""

import os

from agb import _reading
from agb._sync.file_system import FileSystem
from agb._sync.reported import reported
from agb._sync.tools import Tools
from agb.results import DownloadResult, McpToolResult, UploadResult


class Oss:
    """Copies files between this machine and a session, and between a session and a bucket.

    Kept for programs written after the first documentation: `session.file.upload` and
    `session.file.download` are the same as the first two methods. The others call tools that few
    images have; elsewhere they fail with a `ToolNotFoundError`.
    """

    def __init__(self, files: FileSystem, caller: Tools) -> None:
        self._files = files
        self._tools = caller

    def upload_file(self, local: str | os.PathLike[str], remote: str) -> UploadResult:
        """Copy a file of this machine into the session.

        Args:
            local: File on this machine.
            remote: Absolute path in the session; a bare name is in `file.transfer_path()`.
        """
        return self._files.upload(local, remote)

    def download_file(self, remote: str, local: str | os.PathLike[str]) -> DownloadResult:
        """Copy a file of the session to this machine.

        Args:
            remote: Absolute path in the session; a bare name is in `file.transfer_path()`.
            local: File on this machine; missing directories are made.
        """
        return self._files.download(remote, local)

    def env_init(
        self,
        access_key_id: str,
        access_key_secret: str,
        security_token: str | None = None,
        endpoint: str | None = None,
        region: str | None = None,
    ) -> McpToolResult:
        """Tell the session how to reach a bucket.

        Args:
            access_key_id: Key of the bucket's account.
            access_key_secret: Its secret.
            security_token: Token of a temporary key.
            endpoint: Address of the storage service.
            region: Region of the bucket.
        """
        given = {"endpoint": endpoint, "region": region}
        return self._call(
            "oss_env_init",
            access_key_id=access_key_id,
            access_key_secret=access_key_secret,
            security_token=security_token,
            **{name: value for name, value in given.items() if value},
        )

    def upload(self, bucket: str, object: str, path: str) -> McpToolResult:  # noqa: A002 - the documented name
        """Copy a file of the session into a bucket.

        Args:
            bucket: Name of the bucket.
            object: Name of the object.
            path: File in the session.
        """
        return self._call("oss_upload", bucket=bucket, object=object, path=path)

    def download(self, bucket: str, object: str, path: str) -> McpToolResult:  # noqa: A002 - the documented name
        """Copy an object of a bucket into the session.

        Args:
            bucket: Name of the bucket.
            object: Name of the object.
            path: File in the session.
        """
        return self._call("oss_download", bucket=bucket, object=object, path=path)

    def upload_anonymous(self, url: str, path: str) -> McpToolResult:
        """Copy a file of the session to a URL.

        Args:
            url: Where to.
            path: File in the session.
        """
        return self._call("oss_upload_annon", url=url, path=path)

    def download_anonymous(self, url: str, path: str) -> McpToolResult:
        """Copy what a URL gives into the session.

        Args:
            url: Where from.
            path: File in the session.
        """
        return self._call("oss_download_annon", url=url, path=path)

    @reported
    def _call(self, tool: str, **arguments: str | None) -> McpToolResult:
        return _reading.tool_result(self._tools.call_by_name(tool, arguments))
