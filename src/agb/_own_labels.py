"""Pure: labels of the SDK's own.

They travel among a session's labels, with keys that begin with `agb.`. Users neither give them nor
see them, so theirs can't collide with these.
"""

import os
from collections.abc import Mapping

PREFIX = "agb."
"""What every key of the SDK's own begins with, and no key of a user's."""

REQUEST = PREFIX + "request"
"""Names the create that a session was made by, so that it is found when the answer is lost."""


def is_own(key: str) -> bool:
    """Tell whether a key is reserved for the SDK."""
    return key.startswith(PREFIX)


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels among these that are the SDK's own."""
    return {key: value for key, value in labels.items() if is_own(key)}


def users_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels among these that users gave."""
    return {key: value for key, value in labels.items() if not is_own(key)}


def new_request() -> str:
    """Return a name for a create that no other create has."""
    return os.urandom(16).hex()
