"""Variables that count the turns of a WHILE loop.

`DECLARE d DATE DEFAULT x; WHILE d <= y DO ... SET d = DATE_ADD(d, INTERVAL 1 DAY); END WHILE` takes a number of
turns that follows from x, y and the step. Here those texts are found; what they come to may depend on the
clock, so they are worked out later. A loop stays uncounted where anything else could end it or move its
variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from costguard.extract.script_lexer import tokens

LEAVING: Final = frozenset({"BREAK", "LEAVE", "CONTINUE", "ITERATE", "RETURN"})
_COMPARISONS: Final = frozenset("<>=!")


@dataclass(frozen=True, slots=True)
class CountedLoop:
    """A WHILE loop whose variable takes one step in every turn: GoogleSQL texts."""

    variable: str
    type: str | None
    """As declared; None when DECLARE leaves it to the default value."""
    start: str
    """The variable's value before the first turn."""
    condition: str
    """A comparison that names the variable."""
    step: str
    """Its next value, which names the variable."""


@dataclass(slots=True)
class Counter:
    """A WHILE loop that is being read, as far as it may be counted."""

    condition: str
    names: frozenset[str]
    """Words of the condition, in lower case."""
    starts: dict[str, tuple[str | None, str]]
    """Those that are variables with a known value before the loop: type and value."""
    steps: dict[str, str] = field(default_factory=dict)
    """The value that the body gives to such a variable, once in every turn."""
    spoiled: bool = False
    """Something may end the loop or a turn early, or move the variable elsewhere."""

    def step(self, name: str, text: str) -> None:
        """`SET name = text`, once in every turn."""
        if name in self.names:
            self.spoiled = self.spoiled or name in self.steps
            self.steps[name] = text

    def disturb(self, name: str) -> None:
        """Some turns change the variable, or to a value that is not written."""
        self.spoiled = self.spoiled or name in self.names

    def finished(self) -> CountedLoop | None:
        """The loop, when exactly one variable of its condition steps and nothing else interferes."""
        if self.spoiled or len(self.steps) != 1:
            return None
        ((name, step),) = self.steps.items()
        if name not in self.starts:
            return None
        kind, start = self.starts[name]
        return CountedLoop(name, kind, start, self.condition, step)


class Block(Protocol):
    """A block of a script that is open."""

    counter: Counter | None

    @property
    def is_loop(self) -> bool:
        """Its statements may run more than once."""


@dataclass(frozen=True, slots=True)
class _Value:
    type: str | None
    text: str | None
    """None when it is not written in one place."""
    blocks: tuple[Block, ...]
    """The blocks around the assignment, outermost first."""


@dataclass(slots=True)
class Counters:
    """What is known of variables while a script is read top to bottom."""

    _values: dict[str, _Value] = field(default_factory=dict)

    def declare(self, name: str, kind: str | None, text: str | None, blocks: Sequence[Block]) -> None:
        """DECLARE name [kind] [DEFAULT text]; also what else brings a variable into being, without text."""
        self._values[name.lower()] = _Value(kind, text, tuple(blocks))
        for block in blocks:
            if block.counter is not None:
                block.counter.disturb(name.lower())

    def assign(self, name: str, text: str | None, blocks: Sequence[Block]) -> None:
        """SET name = text; None when something else gives it a value."""
        name = name.lower()
        known = self._values.get(name)
        self._values[name] = _Value(known.type if known is not None else None, text, tuple(blocks))
        for block in blocks:
            if block.counter is None:
                continue
            if block is blocks[-1] and text is not None:
                block.counter.step(name, text)
            else:
                block.counter.disturb(name)

    @staticmethod
    def leave(blocks: Sequence[Block]) -> None:
        """BREAK and the like: which of the loops around it ends is not followed."""
        for block in blocks:
            if block.counter is not None:
                block.counter.spoiled = True

    def opened(self, source: str, start: int, end: int, around: Sequence[Block]) -> Counter | None:
        """A loop with the condition `source[start:end]`; None when it cannot be counted.

        `around`: the blocks that it stands in, outermost first.
        """
        written = list(tokens(source, start, end))
        if not written or not any(token.text in _COMPARISONS for token in written):
            return None
        names = frozenset(
            source[token.start : token.end].lower() for token in written if token.kind == "word"
        )
        starts: dict[str, tuple[str | None, str]] = {}
        for name in names & self._values.keys():
            value = self._values[name]
            depth = len(value.blocks)
            known = len(around) >= depth and all(
                one is other for one, other in zip(value.blocks, around, strict=False)
            )
            # What was assigned before a loop around this one holds in the first turn of that loop only.
            known = known and not any(block.is_loop for block in around[depth:])
            if known and value.text is not None:
                starts[name] = (value.type, value.text)
        return Counter(source[written[0].start : written[-1].end], names, starts) if starts else None
