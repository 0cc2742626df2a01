"""A session of this server, as long as it lives."""

import asyncio
import secrets
from collections.abc import Mapping

from attrs import define, field

from agb.local.clock import Clock
from agb.local.connections import Connections
from agb.local.contexts import SessionMounts
from agb.local.images import Image
from agb.local.metrics import Gauge
from agb.local.sandbox import Limits, Sandbox

RUNNING = "RUNNING"
DELETING = "DELETING"


@define(kw_only=True, eq=False)
class Session:
    """One session.

    Attributes:
        number: Which one it is of all that this server made; newer ones have higher numbers.
        limits: How much of the machine it may use.
        clock: Tells how long it has been there.
        mounts: The contexts that it has mounted.
        token: Opens the direct link to its tools.
        started: When it was made, on the clock that never runs backwards.
        used: When it was last used, on that clock.
        calls: Tool calls that are under way.
        streams: WebSockets on which code is sent to it.
        held: Whether its release was refused, since its files could not be brought back.
        connections: Those that are forwarded to its ports.
        gauge: Remembers the last reading of its metrics.
        ending: Is set when its release begins.
    """

    id: str
    number: int
    image: Image
    sandbox: Sandbox
    mounts: SessionMounts = field(repr=False)
    limits: Limits
    clock: Clock
    labels: Mapping[str, str]
    idle_timeout: int
    started: float
    used: float
    app_instance_id: str = field(factory=lambda: f"ai-{secrets.token_hex(8)}")
    resource_id: str = field(factory=lambda: f"res-{secrets.token_hex(8)}")
    token: str = field(factory=lambda: secrets.token_urlsafe(32), repr=False)
    status: str = RUNNING
    calls: int = 0
    streams: int = 0
    held: bool = False
    connections: Connections = field(init=False, repr=False)
    gauge: Gauge = field(init=False, repr=False)
    ending: asyncio.Event = field(factory=asyncio.Event, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.connections = Connections(self.sandbox)
        self.gauge = Gauge(started=self.started)

    @property
    def idle(self) -> float:
        """Seconds since it was last used; none while a call is under way or files are copied."""
        busy = self.calls or self.mounts.busy
        return 0.0 if busy else self.clock.monotonic() - self.used

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return self.clock.monotonic() - self.started
