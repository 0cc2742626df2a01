"""Labels of a session: users' own, apart from the SDK's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agb._concurrency import aio
from agb._own_labels import own_labels, users_labels
from agb._wire import endpoints, messages
from agb._wire.answers import Answer

if TYPE_CHECKING:
    from agb._async.transport import AsyncTransport


class AsyncLabels:
    """Reads and writes labels. The wire replaces all at once, so what is to stay is read first.

    Through one handle changes follow each other; of two handles that change labels at once, one
    may undo the other's change.

    Args:
        transport: What to ask through.
        session_id: The session.
    """

    def __init__(self, transport: AsyncTransport, session_id: str) -> None:
        self._transport = transport
        self._session_id = session_id
        self._changing = aio.Lock()

    async def read(self) -> Answer[messages.LabelsData]:
        """Return all labels, the SDK's own among them."""
        request = messages.SessionRequest(session_id=self._session_id)
        return await self._transport.call(
            endpoints.GET_LABELS, request, session_id=self._session_id
        )

    async def replace(self, labels: Mapping[str, str]) -> Answer[messages.NoData]:
        """Replace users' labels; the SDK's own stay."""
        async with self._changing:
            found = (await self.read()).data.labels
            return await self._write({**labels, **own_labels(found)})

    async def update(
        self, labels: Mapping[str, str]
    ) -> tuple[Answer[messages.NoData], dict[str, str]]:
        """Add labels or change them; return what users' labels are then, too."""
        async with self._changing:
            merged = {**(await self.read()).data.labels, **labels}
            return await self._write(merged), users_labels(merged)

    async def _write(self, labels: Mapping[str, str]) -> Answer[messages.NoData]:
        request = messages.SetLabelsRequest(session_id=self._session_id, labels=labels)
        return await self._transport.call(
            endpoints.SET_LABELS, request, session_id=self._session_id
        )
