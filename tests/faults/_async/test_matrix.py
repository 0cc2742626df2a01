"""Every operation, at each of its requests, under every fault.

The tests take their share of the cells; `nox -s faults` takes all of them, in each of the three
ways to wait.
"""

from collections.abc import AsyncIterator

import pytest
from support.local import LocalAGB

from faults._async.operations import OPERATIONS
from faults._async.sweep import AsyncWorld, world
from faults.cells import Cell, Seen, share_of
from faults.proxy import Proxy
from faults.right import wrongs


@pytest.fixture(scope="module")
async def own_world(
    faulty_agb: LocalAGB, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AsyncWorld]:
    async with world(faulty_agb, proxy, tmp_path_factory.mktemp("cells")) as own:
        yield own


@pytest.fixture(scope="module")
async def seen(own_world: AsyncWorld) -> dict[Cell, Seen]:
    stages = {operation.name: operation.stages for operation in OPERATIONS.values()}
    return await own_world.run(share_of(stages))


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_operation_makes_the_requests_that_faults_are_tried_at(
    own_world: AsyncWorld, operation: str
) -> None:
    tried = OPERATIONS[operation]
    assert tuple(await own_world.stages(tried)) == tried.stages


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_under_each_fault_it_works_or_fails_rightly_and_leaves_nothing(
    seen: dict[Cell, Seen], operation: str
) -> None:
    of_this = [cell for cell in seen if cell.operation == operation]
    problems = [problem for cell in of_this for problem in wrongs(cell, seen[cell])]
    assert not problems, "\n".join(problems)
    assert of_this
