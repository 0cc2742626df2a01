"""The SDK's own labels: users neither see them nor give them, and don't lose them."""

import json
import uuid
from collections.abc import Mapping

import pytest

from agb import AsyncAGB, AsyncSession, CreateSessionParams, InvalidParamsError


async def all_labels(session: AsyncSession) -> Mapping[str, str]:
    query = {"sessionId": session.session_id}
    answer = await session.agb.client.request("GET", "/sdk/GetLabel", query=query)
    labels: dict[str, str] = json.loads(answer["data"]["labels"])
    return labels


async def test_each_session_has_a_label_of_its_own_that_does_not_show(agb: AsyncAGB) -> None:
    async with agb.session() as first, agb.session(labels={"team": "data"}) as second:
        own = [(await all_labels(session))["agb.request"] for session in (first, second)]
        assert own[0] != own[1]
        assert (await first.get_labels()).data == {}
        assert (await second.get_labels()).data == {"team": "data"}


async def test_replacing_and_changing_labels_keeps_the_sdks_own(agb: AsyncAGB) -> None:
    async with agb.session(labels={"team": "data"}) as session:
        own = (await all_labels(session))["agb.request"]
        assert (await session.set_labels({"stage": "dev"})).success
        assert await all_labels(session) == {"stage": "dev", "agb.request": own}
        changed = await session.update_labels({"team": "web"})
        assert changed.data == {"stage": "dev", "team": "web"}
        assert await all_labels(session) == {"stage": "dev", "team": "web", "agb.request": own}


async def test_keys_that_are_the_sdks_own_are_refused(agb: AsyncAGB) -> None:
    labels = {"agb.request": uuid.uuid4().hex}
    with pytest.raises(InvalidParamsError, match="reserved"):
        CreateSessionParams(labels)
    with pytest.raises(InvalidParamsError, match="reserved"):
        agb.session(labels=labels)
    session = AsyncSession(agb, "s-1")
    for refused in (
        await agb.list(labels=labels),
        await session.set_labels(labels),
        await session.update_labels(labels),
    ):
        assert refused.code == "PARAM_ERROR"
        assert "'agb.request'" in refused.error_message
