"""A session as a block."""

import uuid

import pytest

from agb import AsyncAGB, CreateSessionParams, ImageNotFoundError, InvalidParamsError


async def test_a_block_has_a_session_that_is_gone_afterwards(agb: AsyncAGB) -> None:
    labels = {"test": uuid.uuid4().hex}
    async with agb.session(image_id="agb-code-space-1", labels=labels) as session:
        assert session.image_id == "agb-code-space-1"
        assert (await session.get_labels()).data == labels
        assert (await agb.list(labels=labels)).total_count == 1
    assert (await agb.list(labels=labels)).total_count == 0


async def test_a_block_takes_params_too(agb: AsyncAGB) -> None:
    params = CreateSessionParams(labels={"from": "params"}, idle_release_timeout=60)
    async with agb.session(params) as session:
        assert (await session.get_labels()).data == {"from": "params"}


async def test_an_error_in_the_block_passes_through_and_the_session_is_gone(
    agb: AsyncAGB,
) -> None:
    labels = {"test": uuid.uuid4().hex}
    with pytest.raises(RuntimeError, match="inside"):
        async with agb.session(labels=labels):
            raise RuntimeError("inside")
    assert (await agb.list(labels=labels)).total_count == 0


async def test_a_session_deleted_inside_the_block_is_fine(agb: AsyncAGB) -> None:
    async with agb.session() as session:
        assert (await session.delete()).success


async def test_a_session_that_can_not_be_had_raises(agb: AsyncAGB) -> None:
    with pytest.raises(ImageNotFoundError, match="no-image"):
        async with agb.session(image_id="no-image"):
            pytest.fail("there is no session")
    with pytest.raises(InvalidParamsError):
        agb.session(labels={"": "x"})


async def test_failed_results_raise_on_request_and_good_ones_return_themselves(
    agb: AsyncAGB,
) -> None:
    async with agb.session() as session:
        run = await session.command.execute("echo fine")
        assert run.raise_for_error() is run
        with pytest.raises(ImageNotFoundError):
            (await session.list_mcp_tools("no-such-image")).raise_for_error()
