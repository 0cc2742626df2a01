"""Browser data that outlives a session; to be had from `agb.session_params`."""

from typing import TYPE_CHECKING, Any

from attrs import field

from agb._wire.values import frozen
from agb.exceptions import InvalidParamsError
from agb.extension import ExtensionOption

if TYPE_CHECKING:
    from agb.context_sync import ContextSync

EXTENSIONS_PATH = "/tmp/extensions/"  # noqa: S108 - in the session
"""Where extensions are mounted."""

BROWSER_PATH = "/tmp/agb_browser_data"  # noqa: S108 - in the session
"""Where browser data is mounted."""

FINGERPRINT_PATH = "/tmp/agb_browser_fingerprint"  # noqa: S108 - in the session
"""Where a browser's fingerprint is mounted."""

_BROWSER_FILES = ("/Local State", "/Default/Cookies", "/Default/Cookies-journal")


def _non_blank(_: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidParamsError(f"{attribute.name} must be a non-blank string, not {value!r}")


@frozen
class BrowserFingerprintContext:
    """A context that keeps a browser's fingerprint.

    Args:
        fingerprint_context_id: Identifier of the context.

    Raises:
        InvalidParamsError: It is blank.
    """

    fingerprint_context_id: str = field(validator=_non_blank)


@frozen
class BrowserContext:
    """Browser data that outlives the session: cookies and local state.

    Args:
        context_id: Context that keeps the data; one that is not there is made.
        auto_upload: Whether the data is brought back when the session ends. Default: True.
        extension_option: Extensions to load. Default: none.
        fingerprint_context: Context that keeps the browser's fingerprint. Default: none.
    """

    context_id: str = field(validator=_non_blank)
    auto_upload: bool = True
    extension_option: ExtensionOption | None = None
    fingerprint_context: BrowserFingerprintContext | None = None

    @property
    def extension_context_id(self) -> str | None:
        """Context that the extensions are in; None without extensions."""
        return self.extension_option.context_id if self.extension_option else None

    @property
    def extension_ids(self) -> list[str]:
        """Extensions to load; empty without any."""
        return list(self.extension_option.extension_ids) if self.extension_option else []

    @property
    def extension_context_syncs(self) -> "list[ContextSync] | None":
        """The mount of the extensions; None without any."""
        option = self.extension_option
        if option is None:
            return None
        from agb import context_sync as mounts  # noqa: PLC0415 - most sessions mount nothing

        policy = mounts.SyncPolicy(
            upload_policy=mounts.UploadPolicy(auto_upload=False),
            delete_policy=mounts.DeletePolicy(sync_local_file=False),
            bw_list=mounts.BWList(
                [mounts.WhiteList(extension_id) for extension_id in option.extension_ids]
            ),
        )
        return [mounts.ContextSync(option.context_id, EXTENSIONS_PATH, policy)]

    def get_extension_context_syncs(self) -> "list[ContextSync]":
        """Return the mount of the extensions; nothing without any."""
        return self.extension_context_syncs or []

    def get_fingerprint_context_sync(self) -> "ContextSync | None":
        """Return the mount of the fingerprint; None without one."""
        if self.fingerprint_context is None:
            return None
        from agb import context_sync as mounts  # noqa: PLC0415 - likewise

        policy = mounts.SyncPolicy(upload_policy=mounts.UploadPolicy(auto_upload=False))
        return mounts.ContextSync(
            self.fingerprint_context.fingerprint_context_id, FINGERPRINT_PATH, policy
        )

    def context_syncs(self) -> "list[ContextSync]":
        """Return all mounts that this makes: extensions, fingerprint, browser data."""
        from agb import context_sync as mounts  # noqa: PLC0415 - likewise

        fingerprint = self.get_fingerprint_context_sync()
        policy = mounts.SyncPolicy(
            upload_policy=mounts.UploadPolicy(auto_upload=self.auto_upload),
            bw_list=mounts.BWList([mounts.WhiteList(path) for path in _BROWSER_FILES]),
        )
        return [
            *self.get_extension_context_syncs(),
            *([fingerprint] if fingerprint else []),
            mounts.ContextSync(self.context_id, BROWSER_PATH, policy),
        ]
