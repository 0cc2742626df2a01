"""Pure: tokens of pages that were seen, so that page 7 need not walk the six before it again."""

from collections.abc import Mapping

_MOST_LISTINGS = 64


class PageTokens:
    """Tokens by listing and page. Page 1 has the empty token."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], dict[int, str]] = {}

    def nearest(self, labels: Mapping[str, str], limit: int, page: int) -> tuple[int, str]:
        """Return the closest page up to this one whose token is known, and the token."""
        known = self._seen.get(_key(labels, limit), {})
        found = max((number for number in known if number <= page and known[number]), default=1)
        return found, known.get(found, "")

    def note(self, labels: Mapping[str, str], limit: int, page: int, token: str) -> None:
        """Note the token of a page; if it is another one than before, later ones are of no use."""
        key = _key(labels, limit)
        known = self._seen.get(key, {})
        if known.get(page) == token:
            return
        if key not in self._seen and len(self._seen) >= _MOST_LISTINGS:
            self._seen.clear()
        earlier = {number: kept for number, kept in known.items() if number < page}
        self._seen[key] = {**earlier, page: token}  # a new one: other threads may read the old

    def forget(self, labels: Mapping[str, str], limit: int) -> None:
        """Forget the tokens of a listing."""
        self._seen.pop(_key(labels, limit), None)


def _key(labels: Mapping[str, str], limit: int) -> tuple[object, ...]:
    return (limit, *sorted(labels.items()))
