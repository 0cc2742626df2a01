"""Pure: what asks for a session, and what the answer to that holds."""

from agb._context_reading import mounts
from agb._failures import told_code
from agb._version import __version__
from agb._wire.answers import Answer
from agb._wire.messages.sessions import (
    CreateSessionData,
    CreateSessionRequest,
    SdkStats,
    SessionData,
)
from agb.exceptions import APIError, InvalidParamsError, UnexpectedResponseError
from agb.session_params import CreateSessionParams


def create_request(params: CreateSessionParams, default_image: str | None) -> CreateSessionRequest:
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
    return CreateSessionRequest(
        image_id=image,
        sdk_stats=SdkStats(sdk_version=__version__),
        labels=dict(params.labels),
        policy_id=params.policy_id,
        idle_release_timeout=params.idle_release_timeout,
        persistence_data_list=mounts(params.all_context_syncs()),
    )


def created_data(answer: Answer[CreateSessionData]) -> SessionData:
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
