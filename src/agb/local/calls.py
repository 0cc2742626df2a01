"""What a handler of an endpoint gets and gives."""

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import field, frozen

from agb.local.contexts import Contexts
from agb.local.seals import Seals
from agb.local.sessions import Sessions
from agb.local.tools import HungUp


@frozen(kw_only=True)
class Call:
    """What a handler may need beside the message.

    Attributes:
        sessions: All sessions.
        contexts: All contexts.
        seals: Seals what comes back later.
        hung_up: Returns once the caller does not wait for the answer any more.
    """

    sessions: Sessions
    contexts: Contexts
    seals: Seals
    hung_up: HungUp
    _base_url: Callable[[], str] = field(alias="base_url")

    @property
    def base_url(self) -> str:
        """How the caller reached this server; few answers tell."""
        return self._base_url()


@frozen
class Reply:
    """What an endpoint answers: its data, and the code beside it."""

    data: Any
    code: str = "OK"


Handler = Callable[[Call, Any], Awaitable[Reply]]
