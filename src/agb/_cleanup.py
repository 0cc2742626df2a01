"""Cleans up behind a program that ends: at exit, and on SIGTERM.

By then there may be no event loop any more, so this blocks, over a connection of its own.
"""

import atexit
import json
import logging
import os
import signal
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

from attrs import field

from agb import _http
from agb._concurrency.threads import is_main
from agb._deadline import Deadline
from agb._failures import malformed, refusal
from agb._http import TLS, HTTPClient
from agb._own_labels import REQUEST
from agb._roster import Roster
from agb._secrets import Secret
from agb._wire import endpoints
from agb._wire.answers import Malformed, Refused, read_answer
from agb._wire.endpoint import Endpoint, write_request
from agb._wire.messages.facts import ListSessionsRequest
from agb._wire.messages.sessions import SessionRequest
from agb._wire.values import frozen
from agb.config import Config
from agb.exceptions import AGBError, SessionNotFoundError, WaitTimeoutError

Q = TypeVar("Q")
A = TypeVar("A")

_log = logging.getLogger("agb")

_SECONDS = 20.0
"""For all of it. Those who send SIGTERM often wait for no more than 30 s until they kill."""
_CALL_SECONDS = 5.0


@frozen
class Way:
    """How a client reaches its AGB.

    Attributes:
        config: Where it is, and the key.
        trust: Whom to trust.
        proxy: What the user said that requests go through, if anything.
    """

    config: Config
    trust: TLS = field(factory=TLS, repr=False)
    proxy: str | None = field(default=None, repr=False)


class Cleanup:
    """Deletes what clients have left, when the process that they are of ends."""

    def __init__(self) -> None:
        self._rosters: dict[Roster, Way] = {}
        self._pid = os.getpid()
        self._registered = False

    def add(self, roster: Roster, way: Way) -> None:
        """Clean up what a roster holds when this process ends."""
        if self._pid != os.getpid():  # what the parent created is the parent's to delete
            self._rosters.clear()
            self._pid = os.getpid()
        self._rosters[roster] = way
        if not self._registered:
            self._registered = True
            atexit.register(self.run)
        if is_main() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminate)

    def client_closed(self, roster: Roster) -> None:
        """Forget the roster of a client that is closed, unless something is left of it."""
        if not roster:
            self._rosters.pop(roster, None)
        ours = signal.getsignal(signal.SIGTERM) == self._terminate
        if not self._rosters and ours and is_main():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def run(self) -> None:
        """Delete what is left, within the time that there is."""
        if self._pid != os.getpid():
            return
        deadline = Deadline(_SECONDS)
        for roster, way in list(self._rosters.items()):
            if roster:
                _Leftovers(roster, way, deadline).delete()

    def _terminate(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Clean up, and end as SIGTERM ends a program that does nothing about it."""
        signal.signal(number, signal.SIG_DFL)  # a second one is not to wait
        try:
            self.run()
        finally:
            os.kill(os.getpid(), number)


@contextmanager
def _told(what: str) -> Generator[None]:
    """Tell what could not be deleted."""
    try:
        yield
    except AGBError as error:
        _log.warning("%s could not be deleted when the program ended: %s", what, error)


class _Leftovers:
    """What one client has left.

    Args:
        roster: What it knows of.
        way: How it reaches the AGB.
        deadline: When to have done.
    """

    def __init__(self, roster: Roster, way: Way, deadline: Deadline) -> None:
        self._roster = roster
        self._way = way
        self._deadline = deadline

    def delete(self) -> None:
        """Delete it; what can't be deleted is told."""
        session_ids, requests = self._roster.snapshot()
        way = self._way
        arguments = _http.plain_arguments(way.config.endpoint, way.proxy, way.trust)
        with HTTPClient(**arguments) as http:
            found = {*session_ids}
            for request in requests:
                with _told(f"a session labelled {REQUEST}={request}"):
                    found.update(self._find(http, request))
                    self._roster.requests.discard(request)
            for session_id in sorted(found):
                with _told(f"session {session_id}"):
                    self._end(http, session_id)

    def _find(self, http: HTTPClient, request: str) -> Iterable[str]:
        wanted = ListSessionsRequest(labels={REQUEST: request})
        listed = [
            line.session_id
            for line in self._call(http, endpoints.LIST_SESSIONS, wanted).data
            if line.session_id
        ]
        return [each for each in listed if self._made_by(http, each, request)]

    def _made_by(self, http: HTTPClient, session_id: str, request: str) -> bool:
        """Make sure: an AGB that does not know the filter would list others' sessions."""
        asked = SessionRequest(session_id=session_id)
        labels = self._call(http, endpoints.GET_LABELS, asked).labels
        return labels.get(REQUEST) == request

    def _end(self, http: HTTPClient, session_id: str) -> None:
        with suppress(SessionNotFoundError):
            self._call(http, endpoints.RELEASE_SESSION_ASYNC, SessionRequest(session_id=session_id))
        self._roster.session_ids.discard(session_id)

    def _call(self, http: HTTPClient, endpoint: Endpoint[Q, A], message: Q) -> A:
        seconds = min(_CALL_SECONDS, self._deadline.remaining())
        if not seconds:
            raise WaitTimeoutError(f"the {self._deadline.seconds:g} s for that were over")
        outgoing = write_request(endpoint, message)
        try:
            response = http.request(
                endpoint.method,
                self._way.config.endpoint + endpoint.path,
                params=outgoing.query,
                content=None if outgoing.body is None else json.dumps(outgoing.body).encode(),
                headers={
                    "authorization": Secret(f"Bearer {self._way.config.api_key}"),
                    "content-type": "application/json",
                },
                timeout=seconds,
            )
        except _http.RequestError as error:
            raise _http.connection_failure(error, self._way.config.endpoint) from error
        try:
            answer = read_answer(endpoint, response.status_code, response.headers, response.content)
        except Refused as refused:
            raise refusal(refused, session_id=getattr(message, "session_id", "")) from None
        except Malformed as malformed_answer:
            raise malformed(malformed_answer) from None
        return answer.data


AT_EXIT = Cleanup()
"""The one of this process."""
