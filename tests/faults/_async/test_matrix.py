"""Every operation, at each of its requests, under every fault.

The tests take their share of the cells; `nox -s faults` takes all of them, in each of the three
ways to wait.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from attrs import frozen
from support.leftovers import everything
from support.local import LocalAGB

from faults._async.operations import OPERATIONS
from faults._async.sweep import rests, world
from faults.cells import Cell, Seen, share_of
from faults.proxy import Proxy
from faults.right import wrongs


@frozen
class Swept:
    """What came of all of it.

    Attributes:
        stages: What each operation asks for when nothing goes wrong.
        seen: What came of the cells.
        more: What there is more in this process than before.
    """

    stages: Mapping[str, Sequence[str]]
    seen: Mapping[Cell, Seen]
    more: Counter[str]


@pytest.fixture(scope="module")
async def swept(
    faulty_agb: LocalAGB, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Swept:
    before = everything()
    async with world(faulty_agb, proxy, tmp_path_factory.mktemp("cells")) as own:
        stages = await own.stages()
        seen = await own.run(share_of({name: each.stages for name, each in OPERATIONS.items()}))
    return Swept(stages, seen, await rests(before))


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_operation_makes_the_requests_that_faults_are_tried_at(
    swept: Swept, operation: str
) -> None:
    assert tuple(swept.stages[operation]) == OPERATIONS[operation].stages


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_under_each_fault_it_works_or_fails_rightly_and_leaves_nothing(
    swept: Swept, operation: str
) -> None:
    of_this = [cell for cell in swept.seen if cell.operation == operation]
    problems = [problem for cell in of_this for problem in wrongs(cell, swept.seen[cell])]
    assert not problems, "\n".join(problems)
    assert of_this


async def test_after_all_that_there_is_no_more_in_this_process_than_before(swept: Swept) -> None:
    assert not swept.more
