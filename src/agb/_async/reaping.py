"""Finding and deleting sessions whose owner is no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from agb import results
from agb._async.labels import AsyncLabels
from agb._async.listing import AsyncListing
from agb._async.session import AsyncSession
from agb._concurrency import aio
from agb._lease import MARK, read_lease
from agb.exceptions import SessionNotFoundError

if TYPE_CHECKING:
    from agb._async.client import AsyncAGB

_ON_A_PAGE = 100
_AT_ONCE = 8


class AsyncReaper:
    """Looks at all leased sessions of an account.

    Args:
        agb: The client.
        dry_run: Whether to delete nothing.
        grace: Seconds that clocks may differ by.
    """

    def __init__(self, agb: AsyncAGB, *, dry_run: bool, grace: float) -> None:
        self._agb = agb
        self._dry_run = dry_run
        self._grace = grace

    async def run(self) -> results.ReapResult:
        """Find what nobody owns any more, and delete it.

        Raises:
            AGBError: The sessions can't be listed.
        """
        session_ids, request_id = await self._leased()
        seen = await aio.map_parallel(self._reap, session_ids, limit=_AT_ONCE)
        found = tuple(each for each in seen if each is not None)
        return results.ReapResult(
            request_id=request_id,
            error=next((each.error for each in found if each.error is not None), None),
            sessions=found,
        )

    async def _leased(self) -> tuple[list[str], str]:
        listing = AsyncListing(self._agb.transport)
        found: list[str] = []
        token = ""
        while True:
            answer = await listing.page(MARK, _ON_A_PAGE, token)
            found += [line.session_id for line in answer.data.data if line.session_id]
            token = answer.data.next_token
            if not token:
                return found, answer.request_id

    async def _reap(self, session_id: str) -> results.ReapedSession | None:
        try:
            labels = (await AsyncLabels(self._agb.transport, session_id).read()).data.labels
        except SessionNotFoundError:
            return None
        lease = read_lease(labels)
        reason = None if lease is None else lease.over(self._grace)
        if lease is None or reason is None:
            return None
        found = results.ReapedSession(
            session_id=session_id,
            owner=lease.owner,
            host=lease.host,
            pid=lease.pid,
            expires_at=lease.expires_at,
            reason=reason,
        )
        if self._dry_run:
            return found
        deleted = await AsyncSession(self._agb, session_id).delete()
        return evolve(found, deleted=deleted.success, error=deleted.error)
