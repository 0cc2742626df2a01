"""What a case calls: a client, and sessions as a create leaves them."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from attrs import field, frozen

from agb import AsyncAGB, AsyncSession, Config
from agb._wire.messages.sessions import SessionData
from conformance.outcome import Expected
from conformance.replay import ENDPOINT, KEY, Replay, hasty

SESSION_ID = "session-0001abcd"
IMAGE = "agb-code-space-1"
SERVERS = (
    ("run_code", "wuying_codespace"),
    ("shell", "wuying_shell"),
    ("get_file_change", "wuying_filesystem"),
    ("get_metrics", "wuying_system"),
)


class AsyncWorld:
    """A client of the recorded AGB.

    Attributes:
        replay: The recording.
        agb: The client.
        session: A session whose tools are called through the API.
        linked: One that has a link of its own.
    """

    def __init__(self, replay: Replay, agb: AsyncAGB) -> None:
        self.replay = replay
        self.agb = agb
        self.session = AsyncSession.from_data(agb, SessionData(session_id=SESSION_ID), IMAGE)
        self.linked = AsyncSession.from_data(
            agb,
            SessionData(
                session_id=SESSION_ID,
                link_url=f"{ENDPOINT}/link",
                token="tok-123",
                tool_list=[{"name": name, "server": server} for name, server in SERVERS],
            ),
            IMAGE,
        )


@frozen
class Case:
    """A recording, the call that it is of, and what the call must come to.

    Attributes:
        expected: What its result must be; None where the call looks for itself.
        refused: So many requests go out that the recording does not know: nobody listens there.
        unsent: Recorded requests, counted from 0, that do not go out.
        adds: What the query of the first request says beside what was recorded.
    """

    recording: str
    call: Callable[[AsyncWorld], Awaitable[object]]
    expected: Expected | None = None
    refused: int = 0
    unsent: Collection[int] = ()
    adds: Mapping[str, str] = field(factory=dict)

    @property
    def differs(self) -> bool:
        """Whether other requests go out than were recorded."""
        return bool(self.refused or self.unsent or self.adds)

    def __str__(self) -> str:
        return self.recording


async def play(case: Case) -> None:
    """Make the call of a case, and look at what was sent and at what came of it."""
    replay = Replay(case.recording, unsent=case.unsent, adds=case.adds)
    config = Config(api_key=KEY, endpoint=ENDPOINT, max_retries=0, allow_http=True)
    async with AsyncAGB(config=config, transport=replay.transport) as agb:
        with hasty():
            outcome = await case.call(AsyncWorld(replay, agb))
    replay.check(refused=case.refused)
    if case.expected is not None:
        case.expected.check(outcome, replay)
