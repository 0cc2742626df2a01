"""Sessions: create, look up, keep alive, release."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, field

from agb._wire.codec import wire
from agb._wire.messages.mounts import PersistenceData
from agb._wire.values import frozen


@frozen(kw_only=True)
class SdkStats:
    """Which SDK is calling; every create carries it."""

    source: str = field(default="sdk")
    sdk_language: str = field(default="python", metadata=wire("sdk_language"))
    sdk_version: str = field(default="", metadata=wire("sdk_version"))
    is_release: bool = field(default=True, metadata=wire("is_release"))


@frozen(kw_only=True)
class CreateSessionRequest:
    """Asks for a new session of an image."""

    image_id: str
    sdk_stats: SdkStats | None = field(default=None, metadata=wire(text=True))
    labels: Mapping[str, str] = field(default=Factory(dict[str, str]), metadata=wire(text=True))
    policy_id: str | None = field(default=None, metadata=wire("mcpPolicyId"))
    idle_release_timeout: int | None = field(default=None, metadata=wire("timeout"))
    persistence_data_list: Sequence[PersistenceData] = Factory(tuple[PersistenceData, ...])


@frozen(kw_only=True)
class SessionRequest:
    """Names the session that an operation is about."""

    session_id: str


@frozen(kw_only=True)
class SessionData:
    """How to reach a session.

    `link_url` and `token` open the direct route to its tools; without them tools are called
    through the API. `tool_list` comes in several spellings: `read_tool_list` reads them all.
    `expires_in` is how many seconds are left until it is released whatever it does, -1 if it never
    is; the AGB on one's own machine fills it in.
    """

    session_id: str
    app_instance_id: str = ""
    resource_id: str = ""
    resource_url: str = ""
    status: str = ""
    link_url: str = ""
    ws_url: str = ""
    token: str = field(default="", repr=False)
    tool_list: Any = None
    expires_in: float | None = None


@frozen(kw_only=True)
class CreateSessionData(SessionData):
    """The answer to a create; `session_id` is missing when there is no session."""

    session_id: str = ""
    success: bool = True
    err_msg: str = ""


@frozen(kw_only=True)
class SessionStatusData:
    """Where a session is in its life, such as `RUNNING` or `FINISH`."""

    status: str


@frozen(kw_only=True)
class NoData:
    """An answer whose `data` says nothing."""
