"""What costguard knows about the value of a Python expression, above all of strings with unknown parts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costguard.extract.python_scopes import ClassInfo, FunctionInfo

MAXIMUM_LENGTH = 400_000
"""Characters of one computed string; beyond it the value counts as unknown (a guard, not a measurement)."""
MAXIMUM_WEIGHT = 5000
"""Pieces and elements of one value, all levels together; a bigger value counts as unknown (a guard)."""
MAXIMUM_CHOICES = 8
"""Alternatives followed for one value; more are cut off."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a string: known text, or a gap when `expression` is set."""

    text: str
    """The known text; for a gap a likely text (one of several known values), or empty."""
    start: int
    end: int
    """Where it is written, as character offsets in the module."""
    verbatim: bool = True
    expression: str = ""
    """For a gap: the source expression that would fill it."""
    parameter: tuple[int, str] | None = None
    """For a gap that is a function parameter: (number of the function, name)."""
    alternatives: Alternatives | None = None
    """For a gap: what may stand in it, as far as that is known."""
    optional: bool = False
    """True for a part that only stands there if a condition holds."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The texts of which one stands in a gap."""

    texts: tuple[tuple[Piece, ...], ...]
    every: bool
    """True when the program goes through all of them."""
    loop: int | None = None
    """Where the expression ends that the loop runs over which goes through them; less than 0: calls of a function
    do, or a loop with more turns than are known."""


@dataclass(frozen=True, slots=True)
class StringValue:
    """A string, in pieces."""

    pieces: tuple[Piece, ...]
    file: str | None = None
    """The repository file it was read from."""


@dataclass(frozen=True, slots=True)
class ScalarValue:
    """A number, boolean, None or bytes constant."""

    value: object


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list, tuple or set."""

    elements: tuple[Value, ...]
    complete: bool = True
    weight: int = field(init=False, compare=False, repr=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _total_weight(self.elements))


@dataclass(frozen=True, slots=True)
class DictValue:
    """A dict with constant keys."""

    items: tuple[tuple[object, Value], ...]
    complete: bool = True
    weight: int = field(init=False, compare=False, repr=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _total_weight(value for _, value in self.items))

    def get(self, key: object) -> Value | None:
        """The value of a key, the last one written."""
        found = None
        for name, value in self.items:
            if name == key:
                found = value
        return found


@dataclass(frozen=True, slots=True)
class ChoiceValue:
    """One of several values: what an `if` leaves, an unknown key of a dict, or a loop variable."""

    values: tuple[Value, ...]
    every: bool = False
    """True when the program goes through all of them (a loop variable over a written-out list)."""
    loop: int | None = None
    """Where the expression ends that the loop runs over. Then there is a value for each turn, in order."""
    lookup: Lookup | None = None
    """What decides between the values, when calls of the function say it."""
    weight: int = field(init=False, compare=False, repr=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _total_weight(self.values))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value of a dict, by a parameter of the function."""

    parameter: tuple[int, str]
    container: DictValue


@dataclass(frozen=True, slots=True)
class PathValue:
    """A file path, or a file opened for reading."""

    path: str
    beside_module: bool = False
    """True when it is relative to the folder of the module (`Path(__file__).parent`)."""


@dataclass(slots=True)
class ObjectValue:
    """What a call of a class or a library function made; attributes set later are added to `settings`."""

    name: str
    call: ast.Call
    settings: dict[str, Value] = field(default_factory=dict)
    owner: ClassInfo | None = None
    arguments: dict[tuple[int, str], Value] = field(default_factory=dict)
    positional: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function or method defined in the module."""

    function: FunctionInfo
    instance: ObjectValue | None = None


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class defined in the module."""

    owner: ClassInfo


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A value that cannot be worked out; `expression` is its source."""

    expression: str
    start: int
    end: int
    parameter: tuple[int, str] | None = None


Value = (
    StringValue
    | ScalarValue
    | ListValue
    | DictValue
    | ChoiceValue
    | PathValue
    | ObjectValue
    | FunctionValue
    | ClassValue
    | UnknownValue
)


def weight(value: Value) -> int:
    """How big a value is: pieces of a string, elements of a container with all that is in them."""
    match value:
        case ListValue() | DictValue() | ChoiceValue():
            return value.weight
        case StringValue(pieces=pieces):
            return _pieces_weight(pieces)
    return 1


def _pieces_weight(pieces: tuple[Piece, ...]) -> int:
    inside = sum(
        _pieces_weight(text)
        for piece in pieces
        if piece.alternatives is not None
        for text in piece.alternatives.texts
    )
    return len(pieces) + inside


def _total_weight(values: Iterable[Value]) -> int:
    return 1 + sum(weight(value) for value in values)


def is_reasonable(value: Value) -> bool:
    """False for values that code could only double for the sake of it: `q = q + q`, forty times."""
    if weight(value) > MAXIMUM_WEIGHT:
        return False
    return not isinstance(value, StringValue) or length(value.pieces) <= MAXIMUM_LENGTH


def known_text(value: Value | None) -> str | None:
    """The text of a string without gaps, else None."""
    if isinstance(value, StringValue) and not any(piece.expression for piece in value.pieces):
        return "".join(piece.text for piece in value.pieces)
    return None


def constant(value: Value | None) -> object:
    """The Python constant of a scalar or gapless string; `...` when it is neither."""
    if isinstance(value, ScalarValue):
        return value.value
    text = known_text(value)
    return ... if text is None else text


def looked_up(container: DictValue, key: Value | None) -> Value | None:
    """The value of a key; of one of several keys (a loop over them), the value of each."""
    if isinstance(key, ChoiceValue):
        found = [container.get(constant(member)) for member in key.values]
        known = [value for value in found if value is not None]
        return chosen(known, key) if len(known) == len(found) else None
    name = constant(key)
    return None if name is ... else container.get(name)


def choice_of(container: DictValue, key: Value | None) -> Value | None:
    """One of the values of a dict, where the key is not known."""
    value = choose([item for _, item in container.items])
    if isinstance(value, ChoiceValue) and isinstance(key, UnknownValue) and key.parameter is not None:
        return replace(value, lookup=Lookup(key.parameter, container))
    return value


def length(pieces: Iterable[Piece]) -> int:
    """Characters of the pieces together."""
    return sum(len(piece.text) for piece in pieces)


def relocate(pieces: Iterable[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """The same text, said to be written at `[start:end]`."""
    return tuple(replace(piece, start=start, end=end, verbatim=False) for piece in pieces)


def cut(piece: Piece, start: int, end: int) -> Piece:
    """The part `[start:end]` of a piece of known text."""
    if piece.verbatim:
        return replace(piece, text=piece.text[start:end], start=piece.start + start, end=piece.start + end)
    return replace(piece, text=piece.text[start:end])


def strip_pieces(pieces: tuple[Piece, ...], left: bool, right: bool) -> tuple[Piece, ...]:
    """Without white space at the ends, as `str.strip` does."""
    result = list(pieces)
    while left and result and not result[0].expression:
        kept = result[0].text.lstrip()
        if kept:
            result[0] = cut(result[0], len(result[0].text) - len(kept), len(result[0].text))
            break
        result.pop(0)
    while right and result and not result[-1].expression:
        kept = result[-1].text.rstrip()
        if kept:
            result[-1] = cut(result[-1], 0, len(kept))
            break
        result.pop()
    return tuple(result)


def choose(values: Iterable[Value], every: bool = False) -> Value | None:
    """One value for several alternatives: duplicates go, and a known one beats an unknown one."""
    flat: list[Value] = []
    for value in values:
        members = value.values if isinstance(value, ChoiceValue) else (value,)
        for member in members:
            if not any(same_value(member, other) for other in flat):
                flat.append(member)
    known = [value for value in flat if not isinstance(value, UnknownValue)]
    meaningful = [value for value in known if not _empty(value)]
    kept = meaningful or known or flat
    if not every and any(isinstance(value, StringValue) and _empty(value) for value in known):
        kept = [_optional_clause(value) for value in kept]
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0]
    return ChoiceValue(tuple(kept[: 64 if every else MAXIMUM_CHOICES]), every)


def each(values: Iterable[Value], loop: int | None) -> Value | None:
    """What the variable of a loop is: a value for each turn, in order. `loop`: where what it runs over ends."""
    members = tuple(values)
    if loop is None:
        return choose(members, every=True)
    if not members or all(same_value(member, members[0]) for member in members):
        return members[0] if members else None
    return ChoiceValue(members, every=True, loop=loop)


def chosen(values: Iterable[Value], choice: ChoiceValue) -> Value | None:
    """What becomes of a choice whose members became `values`, all of them and in order."""
    return each(values, choice.loop) if choice.every else choose(values)


def same_value(one: Value, other: Value) -> bool:
    """True for equal values; of objects, for the same one."""
    return one is other or (not isinstance(one, ObjectValue) and one == other)


def _empty(value: Value) -> bool:
    if isinstance(value, ScalarValue):
        return value.value is None
    return isinstance(value, StringValue) and not any(p.text.strip() or p.expression for p in value.pieces)


_OPTIONAL_CLAUSE = re.compile(
    r"\s*(?:WHERE|AND|OR|(?:(?:LEFT|RIGHT|FULL|INNER|CROSS|OUTER)\s+)*JOIN|UNION|INTERSECT|EXCEPT|HAVING|QUALIFY"
    r"|TABLESAMPLE|FOR\s+SYSTEM_TIME)\b|\s*,\s*\w",
    re.IGNORECASE,
)
"""Begins what a query can do without, and what changes its cost."""


def _optional_clause(value: Value) -> Value:
    """A text that only stands there if a condition holds; other texts are ones that an empty one stands in for."""
    if not isinstance(value, StringValue):
        return value
    return replace(value, pieces=_optional(value.pieces))


def _optional(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    text = "".join("gap" if piece.expression else piece.text for piece in pieces)
    if not _OPTIONAL_CLAUSE.match(text):
        return pieces
    return marked_optional(pieces)


def marked_optional(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The same pieces, which only stand there if a condition holds."""
    return tuple(replace(piece, optional=True) for piece in pieces)


def join_branches(one: Value | None, other: Value | None, *, either: bool = True) -> Value | None:
    """The value after an `if` whose branches leave `one` and `other`, or after a loop (not `either`: it ran).

    Text that only one branch appends (`if limit: sql += "LIMIT 10"`) is kept: one text with everything in
    it says more about the query than a choice of two, four or eight. A clause that changes what the query costs is
    marked as one that may not be there.
    """
    if one is None or other is None or one is other:
        return one if other is None else other
    if isinstance(one, StringValue) and isinstance(other, StringValue):
        for short, long in ((one, other), (other, one)):
            count = len(short.pieces)
            if short.pieces == long.pieces[:count]:
                added = long.pieces[count:]
                return replace(long, pieces=short.pieces + (_optional(added) if either else added))
    if isinstance(one, ListValue) and isinstance(other, ListValue):
        return one if len(one.elements) >= len(other.elements) else other
    if isinstance(one, DictValue) and isinstance(other, DictValue):
        return one if len(one.items) >= len(other.items) else other
    return choose((one, other))


def substitute(value: Value, arguments: dict[tuple[int, str], Value]) -> Value:
    """The value with function parameters replaced by what a call passes for them."""
    if not arguments:
        return value
    match value:
        case UnknownValue(parameter=parameter) if parameter in arguments:
            return arguments[parameter]
        case StringValue(pieces=pieces, file=file):
            return _substitute_pieces(pieces, file, arguments)
        case ListValue(elements=elements, complete=complete):
            return ListValue(tuple(substitute(element, arguments) for element in elements), complete)
        case DictValue(items=items, complete=complete):
            return DictValue(tuple((key, substitute(item, arguments)) for key, item in items), complete)
        case ChoiceValue(lookup=Lookup(parameter=parameter, container=container)) if parameter in arguments:
            return looked_up(container, arguments[parameter]) or replace(value, lookup=None)
        case ChoiceValue(values=values):
            return chosen([substitute(member, arguments) for member in values], value) or value
    return value


def _substitute_pieces(
    pieces: tuple[Piece, ...], file: str | None, arguments: dict[tuple[int, str], Value]
) -> Value:
    if not any(_takes(piece, arguments) for piece in pieces):
        return StringValue(pieces, file)
    solid = [piece for piece in pieces if piece.expression or piece.text.strip()]
    if len(solid) == 1 and solid[0].parameter in arguments:
        replacement = arguments[solid[0].parameter]
        if not isinstance(replacement, ScalarValue):
            return replacement
    result: list[Piece] = []
    for piece in pieces:
        if piece.parameter and piece.parameter in arguments:
            filled = fill(arguments[piece.parameter], piece)
            result.extend(marked_optional(filled) if piece.optional else filled)
        elif piece.alternatives is not None:
            result.append(_substituted_alternatives(piece, piece.alternatives, arguments))
        else:
            result.append(piece)
    return StringValue(tuple(result), file)


def _takes(piece: Piece, arguments: dict[tuple[int, str], Value]) -> bool:
    """True when an argument fills the piece, or something that may stand in it."""
    if piece.alternatives is not None:
        return any(_takes(part, arguments) for text in piece.alternatives.texts for part in text)
    return piece.parameter is not None and piece.parameter in arguments


def _substituted_alternatives(
    piece: Piece, found: Alternatives, arguments: dict[tuple[int, str], Value]
) -> Piece:
    texts: list[tuple[Piece, ...]] = []
    for text in found.texts:
        value = _substitute_pieces(text, None, arguments)
        texts.append(value.pieces if isinstance(value, StringValue) else fill(value, piece))
    return _with_alternatives(piece, replace(found, texts=tuple(texts)))


def fill(value: Value, gap: Piece) -> tuple[Piece, ...]:
    """The pieces that stand in a gap once its value is known.

    A short text is said to be written where the gap is, so that a statement's span stays in one place;
    a longer one (a subquery, a statement) keeps the place where it was written.
    """
    match value:
        case StringValue(pieces=pieces):
            if length(pieces) > MAXIMUM_LENGTH:
                return (gap,)
            text = "".join(piece.text for piece in pieces)
            if len(text) > 60 or "\n" in text.strip():
                return pieces
            return relocate(pieces, gap.start, gap.end)
        case ScalarValue(value=bool() | int() | float() as scalar):
            return (Piece(str(scalar), gap.start, gap.end, verbatim=False),)
        case ChoiceValue(values=values, every=every, loop=loop):
            texts = tuple(fill(member, replace(gap, text="", alternatives=None)) for member in values)
            return (_with_alternatives(gap, Alternatives(texts, every, loop)),)
        case UnknownValue(parameter=parameter, expression=expression):
            return (replace(gap, expression=expression or gap.expression, parameter=parameter, text=""),)
        case ListValue(elements=elements, complete=True) if elements:
            return _fill_list(elements, gap)
    return (gap,)


def _with_alternatives(gap: Piece, found: Alternatives) -> Piece:
    """A gap with what may stand in it; the first that is known is a likely text."""
    known = next((text for text in found.texts if not any(piece.expression for piece in text)), None)
    if known is None:
        return replace(gap, text="", alternatives=found)
    return replace(gap, text="".join(piece.text for piece in known), parameter=None, alternatives=found)


def _fill_list(elements: tuple[Value, ...], gap: Piece) -> tuple[Piece, ...]:
    constants = [constant(element) for element in elements]
    if len(constants) > 1000 or any(item is ... for item in constants):
        return (gap,)
    # `{tuple(ids)}` prints Python's notation, which SQL reads as well.
    return (Piece(repr(tuple(constants)), gap.start, gap.end, verbatim=False),)
