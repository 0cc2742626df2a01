"""What a client has created and not deleted, so that an end of the program can clean it up."""

from collections.abc import Iterable
from copy import copy


class Roster:
    """Sessions of a client that are there, and creates whose outcome is not known.

    Attributes:
        session_ids: The sessions.
        requests: Labels of creates that are under way, or whose answer was lost.
    """

    def __init__(self) -> None:
        self.session_ids: set[str] = set()
        self.requests: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self.session_ids or self.requests)

    def snapshot(self) -> tuple[Iterable[str], Iterable[str]]:
        """Return ids and requests as they are now; other threads may go on changing them."""
        return sorted(copy(self.session_ids)), sorted(copy(self.requests))
