# Generated from tests/_async/test_scope.py; edit that file, then `nox -s twin`.
"""A session as a block."""

import uuid

import pytest

from agb import AGB, CreateSessionParams, ImageNotFoundError, InvalidParamsError


def test_a_block_has_a_session_that_is_gone_afterwards(agb: AGB) -> None:
    labels = {"test": uuid.uuid4().hex}
    with agb.session(image_id="agb-code-space-1", labels=labels) as session:
        assert session.image_id == "agb-code-space-1"
        assert session.get_labels().data == labels
        assert agb.list(labels=labels).total_count == 1
    assert agb.list(labels=labels).total_count == 0


def test_a_block_takes_params_too(agb: AGB) -> None:
    params = CreateSessionParams(labels={"from": "params"}, idle_release_timeout=60)
    with agb.session(params) as session:
        assert session.get_labels().data == {"from": "params"}


def test_an_error_in_the_block_passes_through_and_the_session_is_gone(
    agb: AGB,
) -> None:
    labels = {"test": uuid.uuid4().hex}
    with pytest.raises(RuntimeError, match="inside"), agb.session(labels=labels):
        raise RuntimeError("inside")
    assert agb.list(labels=labels).total_count == 0


def test_a_session_deleted_inside_the_block_is_fine(agb: AGB) -> None:
    with agb.session() as session:
        assert session.delete().success


def test_a_session_that_can_not_be_had_raises(agb: AGB) -> None:
    with pytest.raises(ImageNotFoundError, match="no-image"), agb.session(image_id="no-image"):
        pytest.fail("there is no session")
    with pytest.raises(InvalidParamsError):
        agb.session(labels={"": "x"})


def test_failed_results_raise_on_request_and_good_ones_return_themselves(
    agb: AGB,
) -> None:
    with agb.session() as session:
        run = session.command.execute("echo fine")
        assert run.raise_for_error() is run
        with pytest.raises(ImageNotFoundError):
            session.list_mcp_tools("no-such-image").raise_for_error()
