# Generated from src/agb/_async/listing.py; edit that file, then `nox -s twin`.
"""Pages of sessions, by number and by token."""

from __future__ import annotations

from collections.abc import Mapping

from agb._pages import PageTokens
from agb._sync.transport import Transport
from agb._wire import endpoints, messages
from agb._wire.answers import Answer
from agb.exceptions import InvalidRequestError, PageNotFoundError


class Listing:
    """Finds pages. The wire knows tokens only, so a numbered page is walked to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._tokens = PageTokens()

    def page(
        self, labels: Mapping[str, str], limit: int, token: str
    ) -> Answer[messages.SessionPage]:
        """Return the page that a token opens; the empty one opens the first page."""
        request = messages.ListSessionsRequest(
            labels=labels, max_results=limit, next_token=token or None
        )
        return self._transport.call(endpoints.LIST_SESSIONS, request)

    def numbered(
        self, labels: Mapping[str, str], limit: int, number: int
    ) -> Answer[messages.SessionPage]:
        """Walk to a page from the nearest one whose token is known.

        Raises:
            PageNotFoundError: There are fewer pages.
        """
        at, token = self._tokens.nearest(labels, limit, number)
        try:
            answer = self.page(labels, limit, token)
        except InvalidRequestError:
            if at == 1:
                raise
            self._tokens.forget(labels, limit)  # the AGB does not take an old token any more
            return self.numbered(labels, limit, number)
        while True:
            token = answer.data.next_token
            self._tokens.note(labels, limit, at + 1, token)
            if at == number:
                return answer
            if not token:
                raise PageNotFoundError(
                    f"Cannot reach page {number}: No more pages available; there are {at}",
                    request_id=answer.request_id,
                )
            at += 1
            answer = self.page(labels, limit, token)
