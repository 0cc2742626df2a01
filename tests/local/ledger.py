"""What a context may hold: what was answered, and what was asked for without an answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import reduce
from itertools import combinations, permutations

from attrs import define, evolve, field, frozen


@frozen
class State:
    """What a context is called, and the checksums of what it holds."""

    name: str
    held: frozenset[tuple[str, str]] = frozenset()

    def having(self, path: str, sha256: str | None) -> "State":
        rest = {each for each in self.held if each[0] != path}
        return evolve(self, held=frozenset(rest | ({(path, sha256)} if sha256 else set())))


Whole = State | None
"""A context, or that there is none."""
Change = Callable[[Whole], Whole]


def changing(change: Callable[[State], Whole]) -> Change:
    """Make a change of one to a context that may be gone, which stays so."""
    return lambda state: state and change(state)


@define(eq=False)
class Tally:
    """Counts what was answered, by what it was."""

    counts: Counter[str] = field(factory=Counter[str])
    _more: asyncio.Event = field(factory=asyncio.Event)

    def add(self, what: str) -> None:
        self.counts[what] += 1
        self._more.set()

    async def reach(self, what: str, count: int) -> None:
        """Wait until something has been answered so many times."""
        while self.counts[what] < count:
            self._more.clear()
            await self._more.wait()


@define(eq=False)
class Slot:
    """A context of which it is known what was asked of it, and what of that was answered.

    Attributes:
        kind: Its names begin with it.
        tally: Counts what was answered.
        context_id: Its id, while there is one.
        before: What it may have been when nothing was under way.
        answered: What was carried out since, in some order.
        asked: What may have been carried out since, or will be.
    """

    kind: str
    tally: Tally
    context_id: str = ""
    before: set[Whole] = field(factory=lambda: {None})
    answered: list[Change] = field(factory=list[Change])
    asked: list[Change] = field(factory=list[Change])

    def possible(self) -> set[Whole]:
        return {
            reduce(lambda now, change: change(now), order, state)
            for state in self.before
            for count in range(len(self.asked) + 1)
            for some in combinations(self.asked, count)
            for order in permutations([*self.answered, *some])
        }

    def settle(self, states: Iterable[Whole]) -> None:
        self.before, self.answered, self.asked = set(states), [], []

    @property
    def state(self) -> Whole:
        (state,) = self.before
        return state

    async def attempt(self, what: str, change: Change, request: Awaitable[int]) -> None:
        """Have something done; a refusal is right where it would have changed nothing."""
        self.asked.append(change)
        status = await request
        if status == 200:
            self.answered.append(change)
            self.tally.add(what)
        self.asked.remove(change)
        if status != 200:
            assert status < 500
            assert any(change(state) == state for state in self.possible()), status
        if not self.asked:
            self.settle(self.possible())
