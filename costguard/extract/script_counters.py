"""Variables that count the turns of a loop.

`DECLARE d DATE DEFAULT x; WHILE d <= y DO ... SET d = DATE_ADD(d, INTERVAL 1 DAY); END WHILE` takes a number of
turns that follows from x, y and the step; so do `REPEAT ... UNTIL d > y END REPEAT` and
`LOOP ... IF d > y THEN BREAK; END IF; ... END LOOP`. Here those texts are found; what they come to may depend on the
clock, so they are worked out later. A loop stays uncounted where anything else could end it or move its
variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from costguard.extract.script_lexer import tokens

LEAVING: Final = frozenset({"BREAK", "LEAVE", "CONTINUE", "ITERATE", "RETURN"})
_COMPARISONS: Final = frozenset("<>=!")


@dataclass(frozen=True, slots=True)
class CountedLoop:
    """A loop whose variable takes one step in every turn: GoogleSQL texts."""

    variable: str
    type: str | None
    """As declared; None when DECLARE leaves it to the default value."""
    start: str
    """The variable's value before the first turn."""
    condition: str
    """A comparison that names the variable."""
    step: str
    """Its next value, which names the variable."""
    until: bool = False
    """The loop ends when the condition holds, not when it no longer does."""
    stepped: bool = False
    """The variable has taken its step when the condition is first looked at."""
    more: int = 0
    """Turns of a statement besides those after which the loop goes on: 1 if it stands before the way out."""


@dataclass(slots=True)
class Counter:
    """A loop that is being read, as far as it may be counted."""

    starts: dict[str, tuple[str | None, str]]
    """Variables with a known value before the loop: type and value."""
    condition: str | None = None
    """None until the way out of a LOOP or REPEAT is met."""
    names: frozenset[str] = frozenset()
    """Words of the condition, in lower case."""
    until: bool = False
    stepped: bool = False
    steps: dict[str, str | None] = field(default_factory=dict)
    """The value that the body gives to a variable, once in every turn; None where it is moved otherwise too."""
    spoiled: bool = False
    """Something may end the loop or a turn early."""

    def step(self, name: str, text: str) -> None:
        """`SET name = text`, once in every turn."""
        self.steps[name] = None if name in self.steps else text

    def disturb(self, name: str) -> None:
        """Some turns change the variable, or to a value that is not written."""
        self.steps[name] = None

    def leave_if(self, condition: str, names: frozenset[str]) -> None:
        """The loop ends here when a condition holds; the only way out."""
        self.spoiled = self.spoiled or self.condition is not None
        self.condition, self.names, self.until = condition, names, True
        self.stepped = not names.isdisjoint(self.steps)

    def finished(self) -> CountedLoop | None:
        """The loop, when exactly one variable of its condition steps and nothing else interferes."""
        steps = [(name, step) for name, step in self.steps.items() if name in self.names]
        if self.spoiled or self.condition is None or len(steps) != 1:
            return None
        name, step = steps[0]
        if name not in self.starts or step is None:
            return None
        kind, start = self.starts[name]
        return CountedLoop(name, kind, start, self.condition, step, self.until, self.stepped)


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
        """A loop that goes on while `source[start:end]` holds; None when it cannot be counted.

        `around`: the blocks that it stands in, outermost first.
        """
        condition, names = _comparison(source, start, end)
        starts = self._starts(names, around) if condition is not None else {}
        return Counter(starts, condition, names) if starts else None

    def opened_without(self, around: Sequence[Block]) -> Counter | None:
        """A LOOP or REPEAT, whose way out is yet to come."""
        starts = self._starts(self._values.keys(), around)
        return Counter(starts) if starts else None

    @staticmethod
    def leaves_if(counter: Counter, source: str, start: int, end: int) -> bool:
        """`source[start:end]` is the condition on which a loop ends here. False when it does not count the turns."""
        condition, names = _comparison(source, start, end)
        if condition is not None:
            counter.leave_if(condition, names)
        return condition is not None

    def _starts(self, names: Iterable[str], around: Sequence[Block]) -> dict[str, tuple[str | None, str]]:
        starts: dict[str, tuple[str | None, str]] = {}
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            depth = len(value.blocks)
            known = len(around) >= depth and all(
                one is other for one, other in zip(value.blocks, around, strict=False)
            )
            # What was assigned before a loop around this one holds in the first turn of that loop only.
            known = known and not any(block.is_loop for block in around[depth:])
            if known and value.text is not None:
                starts[name] = (value.type, value.text)
        return starts


def _comparison(source: str, start: int, end: int) -> tuple[str | None, frozenset[str]]:
    """A condition as it is written and its words; None for what cannot count turns."""
    written = list(tokens(source, start, end))
    if not written or not any(token.text in _COMPARISONS for token in written):
        return None, frozenset()
    names = frozenset(source[token.start : token.end].lower() for token in written if token.kind == "word")
    return source[written[0].start : written[-1].end], names
