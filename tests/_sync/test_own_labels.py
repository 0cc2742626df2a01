# Generated from tests/_async/test_own_labels.py; edit that file, then `nox -s twin`.
"""The SDK's own labels: users neither see them nor give them, and don't lose them."""

import json
import uuid
from collections.abc import Mapping

import pytest

from agb import AGB, CreateSessionParams, InvalidParamsError, Session


def all_labels(session: Session) -> Mapping[str, str]:
    query = {"sessionId": session.session_id}
    answer = session.agb.client.request("GET", "/sdk/GetLabel", query=query)
    labels: dict[str, str] = json.loads(answer["data"]["labels"])
    return labels


def test_each_session_has_a_label_of_its_own_that_does_not_show(agb: AGB) -> None:
    with agb.session() as first, agb.session(labels={"team": "data"}) as second:
        own = [all_labels(session)["agb.request"] for session in (first, second)]
        assert own[0] != own[1]
        assert first.get_labels().data == {}
        assert second.get_labels().data == {"team": "data"}


def test_replacing_and_changing_labels_keeps_the_sdks_own(agb: AGB) -> None:
    with agb.session(labels={"team": "data"}) as session:
        own = all_labels(session)["agb.request"]
        assert session.set_labels({"stage": "dev"}).success
        assert all_labels(session) == {"stage": "dev", "agb.request": own}
        changed = session.update_labels({"team": "web"})
        assert changed.data == {"stage": "dev", "team": "web"}
        assert all_labels(session) == {"stage": "dev", "team": "web", "agb.request": own}


def test_keys_that_are_the_sdks_own_are_refused(agb: AGB) -> None:
    labels = {"agb.request": uuid.uuid4().hex}
    with pytest.raises(InvalidParamsError, match="reserved"):
        CreateSessionParams(labels)
    with pytest.raises(InvalidParamsError, match="reserved"):
        agb.session(labels=labels)
    session = Session(agb, "s-1")
    for refused in (
        agb.list(labels=labels),
        session.set_labels(labels),
        session.update_labels(labels),
    ):
        assert refused.code == "PARAM_ERROR"
        assert "'agb.request'" in refused.error_message
