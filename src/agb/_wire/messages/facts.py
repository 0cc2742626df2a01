"""What is asked about sessions: which there are, where they are, which tools they have."""

from collections.abc import Mapping, Sequence

from attrs import Factory, field

from agb._wire.codec import wire
from agb._wire.values import frozen


@frozen(kw_only=True)
class ListSessionsRequest:
    """Asks for one page of the active sessions that carry all of the labels."""

    labels: Mapping[str, str] = field(
        default=Factory(dict[str, str]), metadata=wire(text=True, always=True)
    )
    max_results: int = 10
    next_token: str | None = None


@frozen(kw_only=True)
class SessionLine:
    """One session of a page."""

    session_id: str = ""
    session_status: str = ""


@frozen(kw_only=True)
class SessionPage:
    """One page of sessions; its paging fields stand beside `data`, not in it."""

    data: Sequence[SessionLine] = field(metadata=wire(lenient=True, always=True))
    next_token: str = ""
    max_results: int | None = None
    count: int = 0


@frozen(kw_only=True)
class DesktopInfo:
    """How to open the desktop of a session that has one."""

    app_id: str | None = None
    auth_code: str | None = field(default=None, repr=False)
    connection_properties: str | None = field(default=None, repr=False)
    resource_id: str | None = None
    resource_type: str | None = None
    ticket: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class ResourceData:
    """Where a session's resources are.

    `sandbox` says what isolates the session; the AGB on one's own machine fills it in.
    """

    session_id: str
    resource_url: str = ""
    app_instance_id: str = ""
    resource_id: str = ""
    desktop_info: DesktopInfo | None = None
    sandbox: str = ""


@frozen(kw_only=True)
class LinkRequest:
    """Asks for a URL that leads into a session."""

    session_id: str
    protocol_type: str | None = None
    port: int | None = None


@frozen(kw_only=True)
class LinkData:
    """A URL that leads into a session; it is a secret, since it carries its own permission."""

    url: str = field(repr=False)


@frozen(kw_only=True)
class ListToolsRequest:
    """Asks which tools the sessions of an image have."""

    image_id: str
