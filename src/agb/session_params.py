"""What a session is created with."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from attrs import field

from agb._own_labels import PREFIX, is_own
from agb._wire.values import frozen
from agb.exceptions import InvalidParamsError
from agb.extension import ExtensionOption

if TYPE_CHECKING:
    from agb.context_sync import ContextSync

DEFAULT_IMAGES: Mapping[str, str] = MappingProxyType(
    {
        "code_latest": "Latest general-purpose code execution environment",
        "agb-code-space-1": "Specialized code execution environment",
        "agb-code-space-2": "Specialized code execution environment, next generation",
        "agb-browser-use-1": "Environment with a browser that agents can drive",
        "agb-computer-use-1": "Environment with a desktop that agents can drive",
        "agb-computer-use-ubuntu-2204": "Ubuntu 22.04 with a desktop that agents can drive",
    }
)
"""Well-known images and what each is for; an account may have others."""


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


def checked_labels(labels: object) -> dict[str, str]:
    """Return a copy of labels.

    Raises:
        InvalidParamsError: They are no map from non-blank strings to non-blank strings, or a
            key is reserved.
    """
    if not isinstance(labels, Mapping):
        given = "None" if labels is None else f"a {type(labels).__name__}"
        raise InvalidParamsError(f'labels must be a dict such as {{"team": "data"}}, not {given}')
    pairs = cast("Mapping[object, object]", labels)
    for key, value in pairs.items():
        if not isinstance(key, str) or not key.strip():
            raise InvalidParamsError(f"labels: a key must be a non-blank string, not {key!r}")
        if is_own(key):
            raise InvalidParamsError(
                f"labels: {key!r} begins with {PREFIX!r}, which is reserved for the SDK itself"
            )
        if not isinstance(value, str) or not value.strip():
            raise InvalidParamsError(
                f"labels[{key!r}]: a value must be a non-blank string, not {value!r}"
            )
        try:
            (key + value).encode()
        except UnicodeEncodeError:
            raise InvalidParamsError(
                f"labels[{key!r}]: holds half a character, which no UTF-8 text can hold"
            ) from None
    return cast("dict[str, str]", dict(pairs))


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


@frozen(init=False)
class CreateSessionParams:
    """What a session is created with.

    Args:
        labels: Strings to find the session by later; keys that begin with `agb.` are reserved.
            Default: none.
        image_id: Image to start from, such as `"agb-code-space-1"`; it must exist in your
            account (`DEFAULT_IMAGES` has well-known ones). Without one, the client's
            `default_image` is used.
        context_syncs: Contexts to mount. Default: none.
        browser_context: Browser data to mount. Default: none.
        policy_id: Policy to apply to the session, from the console.
        idle_release_timeout: Seconds without a request after which the AGB releases the
            session, 1 or more. Default: what the AGB is set to.

    `CreateSessionParams("agb-code-space-1")` and `CreateSessionParams({"team": "data"})` work,
    too: a string is the image, a map the labels.

    Raises:
        InvalidParamsError: An argument is not of its kind.
    """

    labels: Mapping[str, str] = field()
    image_id: str | None = field()
    context_syncs: "Sequence[ContextSync]" = field()
    browser_context: BrowserContext | None = field()
    policy_id: str | None = field()
    idle_release_timeout: int | None = field()

    def __init__(
        self,
        labels: Mapping[str, str] | str | None = None,
        image_id: str | None = None,
        context_syncs: "Sequence[ContextSync] | None" = None,
        browser_context: BrowserContext | None = None,
        *,
        policy_id: str | None = None,
        idle_release_timeout: int | None = None,
    ) -> None:
        if isinstance(labels, str):
            if image_id is not None:
                raise InvalidParamsError(
                    f"image_id is given twice: {labels!r} in front, and {image_id!r}; labels must "
                    "be a dict"
                )
            labels, image_id = None, labels
        if image_id is not None and not isinstance(image_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidParamsError(f"image_id must be a string, not {image_id!r}")
        if idle_release_timeout is not None and not _is_positive(idle_release_timeout):
            raise InvalidParamsError(
                "idle_release_timeout must be a number of seconds, 1 or more, "
                f"not {idle_release_timeout!r}"
            )
        found = {} if labels is None else checked_labels(labels)
        self.__attrs_init__(  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue] - made by attrs
            labels=MappingProxyType(found),
            image_id=image_id,
            context_syncs=_checked_syncs(context_syncs or ()),
            browser_context=_checked_browser(browser_context),
            policy_id=policy_id,
            idle_release_timeout=idle_release_timeout,
        )

    def all_context_syncs(self) -> "list[ContextSync]":
        """Return everything that the session mounts, browser data included."""
        browser = self.browser_context.context_syncs() if self.browser_context else []
        return [*self.context_syncs, *browser]


def _checked_syncs(syncs: object) -> "tuple[ContextSync, ...]":
    if isinstance(syncs, str) or not isinstance(syncs, Sequence):
        raise InvalidParamsError(f"context_syncs must be a list of ContextSync, not {syncs!r:.80}")
    items = cast("Sequence[object]", syncs)
    if not items:
        return ()
    from agb import context_sync as mounts  # noqa: PLC0415 - likewise

    for index, item in enumerate(items):
        if not isinstance(item, mounts.ContextSync):
            raise InvalidParamsError(
                f"context_syncs[{index}] must be a ContextSync, not {item!r:.80}"
            )
    return cast("tuple[ContextSync, ...]", tuple(items))


def _checked_browser(context: object) -> BrowserContext | None:
    if context is not None and not isinstance(context, BrowserContext):
        raise InvalidParamsError(f"browser_context must be a BrowserContext, not {context!r:.80}")
    return context


def _is_positive(seconds: object) -> bool:
    return isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= 1
