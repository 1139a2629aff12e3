"""Script variables: what DECLARE, SET and procedure parameters say about their values.

Two questions are answered. Which value may be folded into a filter (`folded`): only one that every
statement of the script is sure to see. Which SQL text does a variable hold right now (`known_text`): the
last assignment in reading order, good enough to read `EXECUTE IMMEDIATE sql`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from costguard.extract.script_dynamic import Pieces, pieces_of
from costguard.extract.script_lexer import Token, tokens

_OPENING: Final = frozenset("([{<")
_CLOSING: Final = frozenset(")]}>")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a script or a parameter of a procedure in it."""

    name: str
    type: str | None
    """As written; None when DECLARE leaves it to the default value."""
    default: str | None
    """The expression every statement sees as its value; None when there is none, or more than one."""


@dataclass(slots=True)
class _State:
    name: str
    type: str | None
    default: str | None
    assigned_at: int
    """Offset after the last assignment."""
    span: tuple[int, int] | None
    """Where the current value is written."""
    pieces: Pieces | None = None


@dataclass(slots=True)
class Variables:
    """The variables met so far in one text. Names are case-insensitive, as in BigQuery."""

    text: str
    _states: dict[str, _State] = field(default_factory=dict)

    def declare(self, start: int, end: int) -> tuple[list[str], str | None, tuple[int, int] | None]:
        """Reads `text[start:end]`, what follows DECLARE: names, type, and the span of the DEFAULT expression."""
        written = list(tokens(self.text, start, end))
        count = 1
        while count + 1 < len(written) and written[count].text == ",":
            count += 2
        names = [_name(self.text, token) for token in written[:count:2]]
        rest = written[count:]
        at = next(
            (i for i, token in enumerate(rest) if token.kind == "word" and token.text == "DEFAULT"), len(rest)
        )
        kind = self.text[rest[0].start : rest[at - 1].end] if at else None
        default = (rest[at + 1].start, rest[-1].end) if at + 1 < len(rest) else None
        for name in names:
            self._add(name, kind, default, end)
        return names, kind, default

    def parameter(self, name: str, written_type: str | None) -> None:
        """A parameter of a procedure: its value is not known."""
        self._add(name, written_type, None, 0)

    def assign(self, name: str, statement: int, start: int, end: int, *, certain: bool) -> None:
        """`SET name = text[start:end]`, written from `statement` on; `certain` when it always runs, once."""
        state = self._states.get(name.lower())
        if state is None:
            return
        own_name = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
        refers_to_itself = own_name.search(self.text, start, end) is not None
        # A statement before this one saw the earlier value: no single value holds for the whole script.
        read_before = own_name.search(self.text, state.assigned_at, statement) is not None
        constant = certain and not refers_to_itself and not read_before
        state.default = self.text[start:end] if constant else None
        # Text that grows from turn to turn of a loop cannot be told from its code.
        grows = refers_to_itself and not certain
        state.pieces = None if grows else pieces_of(self.text, start, end, self.known_text)
        state.span, state.assigned_at = (start, end), end

    def forget(self, name: str) -> None:
        """Something else may have assigned the variable (`INTO`, an OUT argument)."""
        state = self._states.get(name.lower())
        if state is not None:
            state.default, state.span, state.pieces = None, None, None

    def known_text(self, name: str) -> Pieces | None:
        """The text that the variable holds after the last assignment read, with its unknown parts."""
        state = self._states.get(name.lower())
        return None if state is None else state.pieces

    def value_span(self, name: str) -> tuple[int, int] | None:
        """Where the value last assigned is written."""
        state = self._states.get(name.lower())
        return None if state is None else state.span

    def folded(self) -> tuple[Variable, ...]:
        """All variables, in the order of their declaration."""
        return tuple(Variable(state.name, state.type, state.default) for state in self._states.values())

    def _add(self, name: str, written_type: str | None, default: tuple[int, int] | None, end: int) -> None:
        value = None if default is None else self.text[default[0] : default[1]]
        pieces = None if default is None else pieces_of(self.text, *default, self.known_text)
        existing = self._states.get(name.lower())
        if existing is None:
            self._states[name.lower()] = _State(name, written_type, value, end, default, pieces)
            return
        # The same name in another block: a filter could see either value.
        if existing.default != value:
            existing.default = None
        existing.assigned_at, existing.span, existing.pieces = end, default, pieces


def parameters(text: str, start: int, end: int) -> tuple[tuple[str, str | None], ...]:
    """(name, type) of each parameter in `text[start:end]`, the inside of a procedure's parentheses.

    >>> parameters("IN day DATE, OUT totals ARRAY<STRUCT<a INT64, b STRING>>", 0, 57)
    (('day', 'DATE'), ('totals', 'ARRAY<STRUCT<a INT64, b STRING>>'))
    """
    found: list[tuple[str, str | None]] = []
    depth, current = 0, list[Token]()
    for token in tokens(text, start, end):
        if token.text in _OPENING:
            depth += 1
        elif token.text in _CLOSING:
            depth -= 1
        elif token.text == "," and depth == 0:
            found.extend(_parameter(text, current))
            current = []
            continue
        current.append(token)
    found.extend(_parameter(text, current))
    return tuple(found)


def _parameter(text: str, written: list[Token]) -> list[tuple[str, str | None]]:
    if len(written) > 2 and written[0].text in ("IN", "OUT", "INOUT"):
        written = written[1:]
    if not written or written[0].kind not in ("word", "string"):
        return []
    kind = text[written[1].start : written[-1].end] if len(written) > 1 else None
    return [(_name(text, written[0]), kind)]


def _name(text: str, token: Token) -> str:
    return text[token.start : token.end].strip("`")
