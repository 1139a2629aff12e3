"""Which loop a call sits in. A query that is what a `for` runs over is not in that loop: it runs once."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from costguard.extract.python_scopes import walk
from costguard.extract.python_source import SourceMap
from costguard.model import Loop


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

    def __init__(self, tree: ast.Module, source: SourceMap, loops: tuple[Loop, ...]) -> None:
        self._loops = loops
        self._iterables: dict[int, tuple[int, int]] = {}
        if not loops:
            return
        for node in walk(tree):
            iterable: ast.expr | None = None
            if isinstance(node, (ast.For, ast.AsyncFor)):
                iterable = node.iter
            elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                iterable = node.generators[0].iter
            if iterable is not None and isinstance(node, (ast.expr, ast.stmt)):
                span = (source.start(iterable), source.end(iterable))
                self._iterables[source.start(node)] = span

    def place(self, offset: int) -> LoopPlace:
        """The loops around an offset."""
        innermost: int | None = None
        for index, loop in enumerate(self._loops):
            if not loop.start <= offset < loop.end or self._in_iterable(loop, offset):
                continue
            if innermost is None or loop.depth >= self._loops[innermost].depth:
                innermost = index
        if innermost is None:
            return LoopPlace()
        turns: int | None = 1
        depth = 0
        current: int | None = innermost
        while current is not None and depth < len(self._loops):
            depth += 1
            count = self._loops[current].turns
            turns = None if turns is None or count is None else turns * count
            current = self._loops[current].parent
        return LoopPlace(innermost, depth, turns)

    def outside(self, place: LoopPlace) -> LoopPlace:
        """The place just outside the innermost loop of a place."""
        if place.loop is None:
            return place
        parent = self._loops[place.loop].parent
        if parent is None:
            return LoopPlace()
        turns: int | None = 1
        depth = 0
        current: int | None = parent
        while current is not None and depth < len(self._loops):
            depth += 1
            count = self._loops[current].turns
            turns = None if turns is None or count is None else turns * count
            current = self._loops[current].parent
        return LoopPlace(parent, depth, turns)

    def turns_of(self, loop: int) -> int | None:
        """Turns of one loop."""
        return self._loops[loop].turns

    def _in_iterable(self, loop: Loop, offset: int) -> bool:
        span = self._iterables.get(loop.start)
        return span is not None and span[0] <= offset < span[1]


def nested(outer: LoopPlace, inner: LoopPlace) -> LoopPlace:
    """A call in loops `outer` of a function whose query sits in loops `inner`."""
    if outer.loop is None:
        return inner
    if inner.loop is None:
        return outer
    turns = None if outer.turns is None or inner.turns is None else outer.turns * inner.turns
    return LoopPlace(outer.loop, outer.depth + inner.depth, turns)
