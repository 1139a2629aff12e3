"""The pieces that a script is split into, and the loops and branches that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from costguard.extract.script_counters import CountedLoop, Counter
from costguard.extract.script_lexer import Scan, scan, skip_blank
from costguard.extract.script_variables import Variable
from costguard.model import Hole, Segment, Unread

LeafKind = Literal["statement", "condition", "declare", "set", "dynamic", "control"]

_QUERY_HEAD: Final = re.compile(r"(?:SELECT|WITH|FROM)\b", re.IGNORECASE)
_PREFIX: Final = "SELECT ("
_SUFFIX: Final = "\n)"
# The line break keeps a comment at the end of the expression from hiding the parenthesis.


@dataclass(frozen=True, slots=True)
class Leaf:
    """A statement, or an expression with a query in it, that can be parsed by itself."""

    text: str
    start: int
    end: int
    """`source[start:end]` is where it is written; comments and white space around it are left out."""
    segments: tuple[Segment, ...]
    """Offsets of `text` to offsets in the source. Empty: `text` is `source[start:end]`."""
    kind: LeafKind
    loop_depth: int
    """Loops of the script around it."""
    loop_turns: int | None
    """Product of the turns of these loops; None when one is unknown or there is none."""
    in_branch: bool
    """Runs only if a condition holds, or only after an error."""
    in_procedure: bool
    script: int | None
    """0 in a multi-statement script, None for statements that stand alone."""
    holes: tuple[Hole, ...] = ()
    """Parts of a `dynamic` leaf that only the run can tell. Offsets in `text`."""
    counted_loops: tuple[CountedLoop, ...] = ()
    """WHILE loops around it that can be counted, when the turns of all loops around it can be told."""
    counted_times: int = 1
    """Product of the turns of the other loops then."""


@dataclass(frozen=True, slots=True)
class Script:
    """What one SQL text is made of."""

    leaves: tuple[Leaf, ...]
    is_script: bool
    """More than one statement (temporary functions do not count), or procedural language."""
    variables: tuple[Variable, ...]
    unread: tuple[Unread, ...]


@dataclass(slots=True)
class Block:
    kind: str
    label: str = ""
    turns: int | None = None
    in_branch: bool = False
    procedure: bool = False
    counter: Counter | None = None

    @property
    def is_loop(self) -> bool:
        return self.kind in ("LOOP", "WHILE", "REPEAT", "FOR")


@dataclass(slots=True)
class Leaves:
    """Collects leaves while a script is read."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    """The open blocks, outermost first."""
    found: list[Leaf] = field(default_factory=list)
    _loops: list[tuple[Block, ...]] = field(default_factory=list)
    """The loops around each of `found`, outermost first."""

    def finished(self) -> list[Leaf]:
        """All leaves, with the loops around them that were counted once their end was reached."""
        return [_counted(leaf, loops) for leaf, loops in zip(self.found, self._loops, strict=True)]

    @property
    def runs_once(self) -> bool:
        """Whether what comes next runs exactly once."""
        return not any(block.in_branch or block.is_loop for block in self.blocks)

    def add(self, kind: LeafKind, start: int, end: int) -> None:
        """`text[start:end]`, as written."""
        self.add_built(kind, start, end, self.text[start:end], (), ())

    def add_expression(self, kind: LeafKind, start: int, reached: Scan) -> None:
        """An expression counts only if it holds a query. One that is nothing but `(query)` is that query."""
        start = skip_blank(self.text, start)
        if not reached.has_query or reached.end <= start:
            return
        if self.text[start] == "(":
            inside = scan(self.text, start + 1, frozenset({")"}))
            first = skip_blank(self.text, start + 1)
            if inside.stop_end == reached.end and _QUERY_HEAD.match(self.text, first):
                self.add(kind, first, inside.end)
                return
        body = self.text[start : reached.end]
        segment = Segment(len(_PREFIX), len(_PREFIX) + len(body), start, reached.end)
        self.add_built(kind, start, reached.end, _PREFIX + body + _SUFFIX, (segment,), ())

    def add_built(
        self,
        kind: LeafKind,
        start: int,
        end: int,
        text: str,
        segments: tuple[Segment, ...],
        holes: tuple[Hole, ...],
    ) -> None:
        """Text that is not, or not only, what is written at `start`. Counts as part of a script."""
        loops = tuple(block for block in self.blocks if block.is_loop)
        self._loops.append(loops)
        turns: int | None = 1 if loops else None
        for loop in loops:
            turns = None if turns is None or loop.turns is None else turns * loop.turns
        self.found.append(
            Leaf(
                text=text,
                start=start,
                end=end,
                segments=segments,
                kind=kind,
                loop_depth=len(loops),
                loop_turns=turns,
                in_branch=any(block.in_branch for block in self.blocks),
                in_procedure=any(block.procedure for block in self.blocks),
                script=0,
                holes=holes,
            )
        )


def _counted(leaf: Leaf, loops: tuple[Block, ...]) -> Leaf:
    if not any(block.counter is not None for block in loops):
        return leaf
    times, counted = 1, []
    for block in loops:
        loop = block.counter.finished() if block.counter is not None else None
        if loop is not None:
            counted.append(loop)
        elif block.turns is not None:
            times *= block.turns
        else:
            return leaf
    return replace(leaf, counted_loops=tuple(counted), counted_times=times)
