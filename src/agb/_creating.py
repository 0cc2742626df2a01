"""Pure: what asks for a session, and what the answer to that holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from agb._failures import told_code
from agb._own_labels import REQUEST, new_request
from agb._retry import surely_not_sent
from agb._version import __version__
from agb._wire import codec, messages
from agb._wire.answers import Answer
from agb.exceptions import (
    AGBError,
    APIConnectionError,
    APIError,
    InvalidParamsError,
    ServerError,
    UnexpectedResponseError,
)
from agb.session_params import CreateSessionParams

if TYPE_CHECKING:
    from agb.context_sync import ContextSync

LATE = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds before each look for a session whose create may be under way still."""
PROMPT = (0.0, 0.5)
"""Seconds before each look for a session that was made, if at all, before its AGB said no."""

_REDIRECTS = range(300, 400)

EMPTY: Mapping[str, str] = MappingProxyType({})


def create_request(
    params: CreateSessionParams, default_image: str | None, own_labels: Mapping[str, str] = EMPTY
) -> messages.CreateSessionRequest:
    """Return the request for a session.

    Raises:
        InvalidParamsError: There is no image.
    """
    image = (default_image or "") if params.image_id is None else params.image_id
    if not image.strip():
        raise InvalidParamsError(
            "image_id is needed and must not be blank: pass "
            'CreateSessionParams(image_id="agb-code-space-1"), or give the client a '
            "default_image"
        )
    syncs = params.all_context_syncs()
    return messages.CreateSessionRequest(
        image_id=image,
        sdk_stats=messages.SdkStats(sdk_version=__version__),
        labels={**params.labels, **own_labels, REQUEST: new_request()},
        policy_id=params.policy_id,
        idle_release_timeout=params.idle_release_timeout,
        persistence_data_list=mounts(syncs) if syncs else (),
    )


def mounts(syncs: Iterable[ContextSync]) -> tuple[messages.PersistenceData, ...]:
    """Return what travels of mounts; one without a policy has the default one."""
    from agb.context_sync import SyncPolicy  # noqa: PLC0415 - most sessions mount nothing

    return tuple(
        messages.PersistenceData(
            context_id=sync.context_id,
            path=sync.path,
            policy=codec.dump(sync.policy or SyncPolicy()),
        )
        for sync in syncs
    )


def created_data(answer: Answer[messages.CreateSessionData]) -> messages.SessionData:
    """Return the data of a session that was created.

    Raises:
        APIError: The AGB says that there is none.
    """
    data = answer.data
    if data.success and data.session_id:
        return data
    kind = UnexpectedResponseError if data.success else APIError
    raise kind(
        data.err_msg or "the AGB answered a create without a session id",
        code=told_code(answer.code),
        request_id=answer.request_id,
        status_code=answer.http_status,
    )


def looks(error: AGBError) -> Sequence[float]:
    """Return when to look for a session after a create that failed: the seconds before each look.

    None are due where it was surely not made: nothing was sent, or the AGB plainly said no.
    """
    match error:
        case APIConnectionError():
            return () if surely_not_sent(error) else LATE
        case UnexpectedResponseError():
            return () if error.status_code in _REDIRECTS else LATE
        case ServerError() if error.code != ServerError.default_code:  # no gateway has one
            return PROMPT
        case ServerError() | APIError(status_code=408):
            return LATE
        case _:
            return ()


def also_told(error: BaseException, text: str) -> None:
    """Let an error say something more; nothing where there is nothing to say."""
    if not text:
        return
    if isinstance(error, AGBError):
        error.message = f"{error.message}; {text}"
        error.args = (error.message,)
    else:
        error.add_note(text)
