# Generated from src/agb/_async/shared_socket.py; edit that file, then `nox -s twin`.
"""One WebSocket for all streams of a session, without a task of its own.

Whoever waits for an event while nobody reads, reads for all: it puts what comes into the inboxes
of the runs that it is for, and wakes the others, one of which reads on.
"""

from agb._concurrency import threads
from agb._streaming import Inbox
from agb._sync.web_socket import WebSocket
from agb._web_socket import Disconnected
from agb._wire import stream


class SharedSocket:
    """A connection that several runs are told over.

    Args:
        socket: The connection, which is closed with this.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._mutex = threads.Mutex()  # guards all that follows; nobody waits while holding it
        self._inboxes: dict[str, Inbox] = {}
        self._reading = False
        self._waiting: list[threads.Event] = []
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why nothing more comes over it; empty while something may."""
        return self._problem or self._socket.problem

    def is_usable(self) -> bool:
        """Tell whether another run may begin on it.

        On a connection without runs nobody has read, so what came meanwhile is read now: it may
        be the end.
        """
        with self._mutex:
            if self.problem:
                return False
            if self._inboxes or self._reading:
                return True
            if self._socket.is_stale:
                return False
            self._reading = True
        problem = ""
        try:
            self._socket.catch_up()
        except Disconnected as end:
            problem = str(end)
        finally:
            self._hand_over([], problem)
        return not problem

    def send(self, request: stream.Request) -> None:
        """Send a request.

        Raises:
            Disconnected: The connection is no more.
        """
        try:
            self._socket.send(stream.write_request(request))
        except Disconnected as end:
            self.fail(str(end))
            raise

    def join(self, invocation_id: str) -> None:
        """Keep what comes for a run from now on."""
        with self._mutex:
            self._inboxes[invocation_id] = Inbox()

    def part(self, invocation_id: str) -> None:
        """Drop what came for a run, and what will."""
        with self._mutex:
            self._inboxes.pop(invocation_id, None)

    def fail(self, problem: str) -> None:
        """End all runs, after what has come for them."""
        with self._mutex:
            self._problem = self._problem or problem
            self._wake()

    def next_event(self, invocation_id: str) -> stream.Event:
        """Wait for what comes next for a run.

        Raises:
            Disconnected: Nothing more will come.
        """
        while True:
            with self._mutex:
                inbox = self._inboxes.get(invocation_id)
                if inbox:
                    return inbox.popleft()
                if inbox is None or self._problem:
                    raise Disconnected(self._problem or "the run was left")
                turn = self._queue()
            if turn is None:
                self._read_for_all()
            else:
                turn.wait()

    def _queue(self) -> threads.Event | None:
        """Return what to wait for; None to who shall read."""
        if not self._reading:
            self._reading = True
            return None
        turn = threads.Event()
        self._waiting.append(turn)
        return turn

    def _read_for_all(self) -> None:
        events: list[tuple[str, stream.Event]] = []
        problem = ""
        try:
            events = [stream.read_event(text) for text in self._socket.receive()]
        except Disconnected as end:
            problem = str(end)
        finally:
            self._hand_over(events, problem)
        if problem:
            self.close(problem)
        else:
            self._answer()

    def _answer(self) -> None:
        """Answer pings at once: it may be long until somebody reads again."""
        try:
            self._socket.flush()
        except Disconnected as end:
            self.fail(str(end))

    def _hand_over(self, events: list[tuple[str, stream.Event]], problem: str) -> None:
        """Stop reading: put events where they belong, and let another one read."""
        with self._mutex:
            for invocation_id, event in events:
                if invocation_id in self._inboxes:
                    self._inboxes[invocation_id].append(event)
            self._reading = False
            self._problem = self._problem or problem
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            turn.set()

    def close(self, problem: str) -> None:
        """Close the connection; the runs on it end with that problem."""
        self.fail(problem)
        with self._mutex:
            idle = not self._reading
            self._reading = True  # nobody reads from a connection that is being closed
        self._socket.close(listen=idle)
