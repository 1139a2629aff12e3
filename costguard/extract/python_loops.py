"""Which loop a call sits in. A query that is what a `for` runs over is not in that loop: it runs once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costguard.extract.pytypes.facts import enclosing_loop
from costguard.model import PythonFacts


@dataclass(frozen=True, slots=True)
class LoopPlace:
    """The loops around a place in the code."""

    loop: int | None = None
    """Index of the innermost one."""
    depth: int = 0
    turns: int | None = None
    """Product of the turns of all of them; None when one is unknown or there is none."""


class LoopIndex:
    """Finds the loops around an offset."""

    def __init__(self, facts: PythonFacts) -> None:
        self._facts = facts
        self._loops = facts.loops

    def place(self, offset: int, without: frozenset[int] = frozenset()) -> LoopPlace:
        """The loops around an offset, but for those that run over what ends at an offset of `without`."""
        return self._around(enclosing_loop(self._facts, offset, None), without)

    def outside(self, place: LoopPlace) -> LoopPlace:
        """The place just outside the innermost loop of a place."""
        return place if place.loop is None else self._around(self._loops[place.loop].parent)

    def turns_of(self, loop: int) -> int | None:
        """Turns of one loop."""
        return self._loops[loop].turns

    def _around(self, innermost: int | None, without: frozenset[int] = frozenset()) -> LoopPlace:
        loops = [number for number in self._chain(innermost) if self._loops[number].once_end not in without]
        if not loops:
            return LoopPlace()
        turns: int | None = 1
        for number in loops:
            count = self._loops[number].turns
            turns = None if turns is None or count is None else turns * count
        return LoopPlace(loops[0], len(loops), turns)

    def _chain(self, innermost: int | None) -> Iterator[int]:
        """A loop and those around it."""
        current = innermost
        while current is not None:
            yield current
            current = self._loops[current].parent


def nested(outer: LoopPlace, inner: LoopPlace) -> LoopPlace:
    """A call in loops `outer` of a function whose query sits in loops `inner`."""
    if outer.loop is None:
        return inner
    if inner.loop is None:
        return outer
    turns = None if outer.turns is None or inner.turns is None else outer.turns * inner.turns
    return LoopPlace(outer.loop, outer.depth + inner.depth, turns)
