# Generated from src/agb/_async/keeping.py; edit that file, then `nox -s twin`.
"""Keeping sessions while their scopes are open: one task, or one thread, for all of a client."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agb._concurrency import place, threads
from agb._deadline import Deadline, within
from agb._keeping import Duties, Duty
from agb._sync.labels import Labels
from agb._wire import endpoints, messages
from agb.exceptions import AGBError, ClientClosedError, SessionNotFoundError

if TYPE_CHECKING:
    from agb._sync.session import BaseSession

_log = logging.getLogger("agb")

_AT_ONCE = 8
_PATIENCE_SECONDS = 10.0
_STOP_SECONDS = 10.0


class Kept:
    """A session that is kept.

    Args:
        session: The session.
        labels: Its labels, through the same handle as users change them.
        duties: What is to be done for it.
        lease: Seconds that its lease lasts, if it has one.
    """

    def __init__(
        self,
        session: BaseSession,
        labels: Labels,
        duties: Duties,
        lease: float | None,
    ) -> None:
        self.session = session
        self._labels = labels
        self.duties = duties
        self._lease = lease
        self._told = ""

    def tend(self) -> None:
        """Do what is due. What fails is logged and tried again, unless the session is gone."""
        for duty in self.duties.due():
            try:
                with within(Deadline(_PATIENCE_SECONDS)):
                    self._do(duty)
            except AGBError as error:
                self._failed(duty, error)
            else:
                self.duties.done(duty)
                self._told = ""

    def _do(self, duty: Duty) -> None:
        session_id = self.session.session_id
        if duty == "keep alive":
            self.session.transport.call(
                endpoints.REFRESH_IDLE_TIME,
                messages.SessionRequest(session_id=session_id),
                session_id=session_id,
            )
        elif duty == "renew":
            from agb._lease import lease_labels  # noqa: PLC0415 - few sessions have one

            labels = lease_labels(self._lease or 0.0)
            self._labels.update(labels)
        else:
            ends = f"{self.session.expires_at:%H:%M:%S} UTC"
            _log.warning("session %s ends at %s, whatever it does then", session_id, ends)

    def _failed(self, duty: Duty, error: AGBError) -> None:
        if self.duties.are_over:
            return  # the scope has ended meanwhile, and the session with it
        if error.message != self._told:
            _log.warning("can't %s session %s: %s", duty, self.session.session_id, error)
        self._told = error.message
        if isinstance(error, (ClientClosedError, SessionNotFoundError)):
            self.duties.end()
        else:
            self.duties.failed(duty)


class Keeper:
    """Keeps all sessions of a client whose scopes are open."""

    def __init__(self) -> None:
        self._mutex = threads.Mutex()  # guards all that follows
        self._kept: dict[str, Kept] = {}
        self._work: threads.Background | None = None
        self._stop = threads.Event()
        self._news = threads.Event()
        self._process = -1

    def keep(self, kept: Kept) -> None:
        """Keep a session from now on."""
        if kept.duties.are_over:
            return
        with self._mutex:
            self._process = place.process()
            self._kept[kept.session.session_id] = kept
            self._news.set()
            if self._work is None:
                self._stop = stop = threads.Event()
                self._work = threads.Background(lambda: self._keep_all(stop), "agb: keeps sessions")

    def release(self, session_id: str) -> None:
        """Keep a session no more; with the last one the task ends."""
        if self._process != place.process():
            return  # the thread was not forked, and may hold the mutex for ever
        with self._mutex:
            kept = self._kept.pop(session_id, None)
            if kept is not None:
                kept.duties.end()
            work = None if self._kept else self._work
            if work is not None:
                self._work = None
                self._stop.set()
                self._news.set()
        if work is not None:
            work.stop(_STOP_SECONDS)

    def _keep_all(self, stop: threads.Event) -> None:
        while True:
            with self._mutex:
                if stop.is_set() or not self._kept:  # an interrupted start has nobody to stop it
                    return
                self._news = news = threads.Event()
                kept = list(self._kept.values())
            due = [each for each in kept if each.duties.due()]
            if due:
                threads.for_each(lambda each: each.tend(), due, limit=_AT_ONCE)
            else:
                threads.wait_for(news, min(each.duties.pause() for each in kept))
