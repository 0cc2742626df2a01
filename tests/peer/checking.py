"""What a check is, and how its outcome is told: one line each, `ok NAME` or `FAILED NAME: WHY`."""

import faulthandler
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agb import AGB, Session
from agb.session_params import CreateSessionParams

CODE_IMAGE = "agb-code-space-1"
LINKED_IMAGE = "agb-browser-use-1"

ROUTES: Mapping[str, str] = {"API": CODE_IMAGE, "link": LINKED_IMAGE}
"""An image whose tools the peer calls by each route."""

_STUCK_SECONDS = 600

_of_clients: list[Callable[[AGB], None]] = []
_of_sessions: list[Callable[[Session], None]] = []


class Failed(Exception):  # noqa: N818 - says what happened
    """Something is not as it should be."""


def of_client(check: Callable[[AGB], None]) -> None:
    """Run a check with a client."""
    _of_clients.append(check)


def of_session(check: Callable[[Session], None]) -> None:
    """Run a check with a session of each route, shared with other checks."""
    _of_sessions.append(check)


def run_all(agb: AGB, words: str) -> bool:
    """Run the checks whose names hold some words, and tell whether all went well."""
    outcomes = [_run(check, agb, "") for check in _of_clients if words in _name(check)]
    wanted = [check for check in _of_sessions if words in _name(check)]
    for route, image in ROUTES.items() if wanted else ():
        with a_session(agb, image) as session:
            outcomes += [_run(check, session, f" [{route} route]") for check in wanted]
    return bool(outcomes) and all(outcomes)


def _run(check: Callable[[Any], None], given: Any, where: str) -> bool:
    faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
    name = _name(check) + where
    try:
        check(given)
    except Failed as failure:
        _tell(f"FAILED {name}: {failure}")
    except Exception as error:  # noqa: BLE001 - it is told, and fails the program
        _tell(f"FAILED {name}: {type(error).__name__}: {error}")
    else:
        _tell(f"ok {name}")
        return True
    finally:
        faulthandler.cancel_dump_traceback_later()
    return False


def _name(check: Callable[[Any], None]) -> str:
    return check.__name__.replace("_", " ")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def a_session(agb: AGB, image_id: str = CODE_IMAGE, **params: Any) -> Iterator[Session]:
    """Have a session for as long as the block runs."""
    session = good(agb.create(CreateSessionParams(image_id=image_id, **params))).session
    try:
        yield session
    finally:
        good(session.delete())


def good(result: Any) -> Any:
    """Return a result that is a success.

    Raises:
        Failed: It is not.
    """
    if not result.success:
        raise Failed(f"{type(result).__name__}: {result.error_message or 'no message'}")
    return result


def refused(result: Any, *words: str) -> Any:
    """Return a result that is a failure with a message in which all the words are.

    Raises:
        Failed: It is not.
    """
    if result.success:
        raise Failed(f"{type(result).__name__}: is a success, though it can't be")
    said = result.error_message or ""
    if not said or not all(word.lower() in said.lower() for word in words):
        raise Failed(f"{type(result).__name__}: {said!r} does not say {words!r}")
    return result


def same(found: object, expected: object, what: str = "found") -> None:
    """Make sure that two values are equal.

    Raises:
        Failed: They are not.
    """
    if found != expected:
        raise Failed(f"{what}: {_short(found)} is not {_short(expected)}")


def holds(condition: object, what: str) -> None:
    """Make sure of something.

    Raises:
        Failed: It is not so.
    """
    if not condition:
        raise Failed(f"not so: {what}")


def _short(value: object, most: int = 200) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"
