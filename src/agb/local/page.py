"""The page of a session: what is known of it, for a person or a program."""

import asyncio
from collections.abc import Mapping, Sequence
from html import escape

from attrs import frozen

from agb.local.metrics import Program, programs
from agb.local.session import Session


@frozen(kw_only=True)
class Facts:
    """What there is to say about a session."""

    session_id: str
    resource_id: str
    image: str
    labels: Mapping[str, str]
    age_seconds: float
    idle_seconds: float
    idle_timeout_seconds: int
    sandbox: str
    processes: Sequence[Program]


async def facts(session: Session) -> Facts:
    """Gather what there is to say about a session."""
    return Facts(
        session_id=session.id,
        resource_id=session.resource_id,
        image=session.image.id,
        labels=dict(session.labels),
        age_seconds=round(session.age, 1),
        idle_seconds=round(session.idle, 1),
        idle_timeout_seconds=session.idle_timeout,
        sandbox=f"{session.sandbox.level}: {session.sandbox.description}",
        processes=await asyncio.to_thread(lambda: programs(session.sandbox.processes())),
    )


def as_html(known: Facts) -> str:
    """Write the facts as a page."""
    title = f"Session {escape(known.session_id)}"
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n"
        for name, value in _rows(known).items()
    )
    return (
        f"<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{title}</title>\n"
        "<style>body{font-family:sans-serif}th{text-align:left;padding-right:1em}</style>\n"
        f"<h1>{title}</h1>\n<table>\n{rows}</table>\n"
    )


def _rows(known: Facts) -> dict[str, str]:
    return {
        "Image": known.image,
        "Labels": ", ".join(f"{key}={value}" for key, value in known.labels.items()),
        "Age": f"{known.age_seconds} s",
        "Idle": f"{known.idle_seconds} s of {known.idle_timeout_seconds} s",
        "Sandbox": known.sandbox,
        "Processes": ", ".join(f"{program.name} ({program.pid})" for program in known.processes),
    }
