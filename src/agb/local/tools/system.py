"""`get_metrics`: what the session uses."""

import asyncio
import json

from agb._wire.codec import dump
from agb._wire.tools import GET_METRICS, NoArguments
from agb.local.metrics import Reading, Traffic, read
from agb.local.sandbox import SandboxGone
from agb.local.session import Session
from agb.local.tools.results import Run, ToolResult

_LONGEST = 60.0
"""Seconds that the look inside may take."""


async def get_metrics(session: Session, _: NoArguments) -> ToolResult:
    """Read the metrics of a session."""
    usage = await session.sandbox.request("usage", timeout=_LONGEST)
    try:
        reading = await asyncio.to_thread(_reading, session, Traffic.of(usage["network"]))
    except FileNotFoundError:
        raise SandboxGone("it was released meanwhile") from None
    metrics = session.gauge.metrics(
        reading, memory_limit=session.limits.memory, now=session.clock.now()
    )
    return ToolResult(text=json.dumps(dump(metrics)))


def _reading(session: Session, traffic: Traffic) -> Reading:
    return read(
        at=session.clock.monotonic(),
        pids=session.sandbox.processes(),
        root=session.sandbox.root,
        traffic=traffic,
    )


RUNS: dict[str, Run] = {GET_METRICS.name: get_metrics}
