"""What a session is created with."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from attrs import field

from agb._lazy import lazily
from agb._own_labels import PREFIX, is_own
from agb._wire.values import frozen
from agb.exceptions import InvalidParamsError

if TYPE_CHECKING:
    from agb._browser import BrowserContext as BrowserContext  # noqa: PLC0414 - to be had here
    from agb._browser import BrowserFingerprintContext as BrowserFingerprintContext  # noqa: PLC0414
    from agb.context_sync import ContextSync
else:
    _LATE = {"agb._browser": "BrowserContext BrowserFingerprintContext"}
    __getattr__, __dir__ = lazily(__name__, _LATE)

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
    browser_context: "BrowserContext | None" = field()
    policy_id: str | None = field()
    idle_release_timeout: int | None = field()

    def __init__(
        self,
        labels: Mapping[str, str] | str | None = None,
        image_id: str | None = None,
        context_syncs: "Sequence[ContextSync] | None" = None,
        browser_context: "BrowserContext | None" = None,
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


def _checked_browser(context: object) -> "BrowserContext | None":
    if context is None:
        return None
    from agb._browser import BrowserContext  # noqa: PLC0415 - most sessions have no browser data

    if not isinstance(context, BrowserContext):
        raise InvalidParamsError(f"browser_context must be a BrowserContext, not {context!r:.80}")
    return context


def _is_positive(seconds: object) -> bool:
    return isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= 1
