"""The pieces that a script is split into, and the loops and branches that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from costguard.extract.script_counters import CountedLoop, Counter
from costguard.extract.script_lexer import Scan, scan, skip_blank
from costguard.extract.script_variables import Variable
from costguard.model import Hole, Segment, Unread

Arm = tuple[int, str]
"""Number of a choice within the script, and what has to come of it: `then` or `else`, which exclude each other,
`handler` (there was an error), or `never` (the condition is FALSE)."""
_OTHER_ARM: Final = {"then": "else", "always": "never", "never": "always"}

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
    row_loops: tuple[int, ...] = ()
    """FOR loops among them that take a turn for each row of a leaf: the numbers of these leaves."""
    loop_left: bool = False
    """A loop around it may end, or go on to its next turn, early."""
    branch: tuple[Arm, ...] = ()
    """The arms of the script that it stands in, outermost first."""


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
    rows_of: int | None = None
    """The number of the leaf of which a FOR loop takes each row."""
    left: bool = False
    """A loop that may end early, or cut a turn short."""
    arms: list[Arm] = field(default_factory=list)
    """The arms that what is being read stands in."""
    guard: tuple[int, int] | None = None
    """Where the condition of an IF stands, as long as its first arm is read."""
    operand: bool = False
    """`CASE x WHEN ...`: a comparison, whatever stands behind WHEN."""

    @property
    def is_loop(self) -> bool:
        return self.kind in ("LOOP", "WHILE", "REPEAT", "FOR")

    def turn_over(self) -> None:
        """ELSE: what follows stands in the other arm."""
        self.guard = None
        if self.arms:
            number, arm = self.arms[-1]
            self.arms[-1] = (number, _OTHER_ARM.get(arm, arm))


class _Loop(NamedTuple):
    """A loop around a leaf."""

    block: Block
    before_exit: bool
    """It was not yet met what ends the loop."""


@dataclass(slots=True)
class Leaves:
    """Collects leaves while a script is read."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    """The open blocks, outermost first."""
    found: list[Leaf] = field(default_factory=list)
    _loops: list[tuple[_Loop, ...]] = field(default_factory=list)
    """The loops around each of `found`, outermost first."""
    _choices: int = 0
    _cuts: list[tuple[Block | None, Arm]] = field(default_factory=list)
    """RETURNs that only some runs meet: the rest of the procedure (None: of the script) stands in an arm."""

    def finished(self) -> list[Leaf]:
        """All leaves, with the loops around them that were counted once their end was reached."""
        return [
            _counted(leaf, loops) if loops else leaf
            for leaf, loops in zip(self.found, self._loops, strict=True)
        ]

    def arm(self, arm: str) -> Arm:
        """The first arm of a new choice."""
        self._choices += 1
        return (self._choices, arm)

    def cut(self) -> None:
        """RETURN: what follows runs if this was not met."""
        if any(block.in_branch or block.is_loop for block in self.blocks):
            owner = next((block for block in reversed(self.blocks) if block.procedure), None)
            self._cuts.append((owner, self.arm("then")))

    def _branch(self) -> tuple[Arm, ...]:
        arms = [
            arm for owner, arm in self._cuts if owner is None or any(owner is block for block in self.blocks)
        ]
        arms += [arm for block in self.blocks for arm in block.arms if arm[1] != "always"]
        return tuple(arms)

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
        self._loops.append(
            tuple(
                _Loop(block, before_exit=block.counter is not None and block.counter.condition is None)
                for block in loops
            )
        )
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
                branch=self._branch() if self.blocks or self._cuts else (),
            )
        )


def _counted(leaf: Leaf, loops: tuple[_Loop, ...]) -> Leaf:
    left = any(loop.block.left for loop in loops)
    if leaf.loop_turns is not None:
        return replace(leaf, loop_left=True) if left else leaf
    times, rows, counted = 1, [], []
    for block, before_exit in loops:
        loop = block.counter.finished() if block.counter is not None else None
        if loop is not None:
            counted.append(replace(loop, more=1) if loop.until and before_exit else loop)
        elif block.turns is not None:
            times *= block.turns
        elif block.rows_of is not None:
            rows.append(block.rows_of)
        else:
            return replace(leaf, loop_left=left)
    return replace(
        leaf,
        loop_left=left,
        counted_loops=tuple(counted),
        counted_times=times,
        row_loops=tuple(rows),
    )
