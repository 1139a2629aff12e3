"""Spells out the texts that a query has where something in it is one of several values.

`for t in ["a", "b"]: client.query(f"SELECT x FROM {t}")` is two queries. What only stands for a value of a comparison
is left open instead: its place in the text is a gap, and one query stands for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from costguard.extract.python_holes import fill_gaps
from costguard.extract.python_values import (
    MAXIMUM_WEIGHT,
    Alternatives,
    ChoiceValue,
    ListValue,
    Piece,
    StringValue,
    Value,
    is_reasonable,
    join_branches,
)

_MAXIMUM_TEXTS = 64
"""Texts of all turns that one query is spelled out into; of more, the gap stays, without a likely text."""
_MAXIMUM_CHOICES = 8
"""Texts that exclude each other; of more, the first stands for all."""
_LONG = 60
"""Characters from which on a text in a gap is a part of the query, not a name."""
_ONE_COST = ("literal", "list")
"""Gaps for values: other values make another query of the same shape, whose cost an open value stands for."""

_Key = int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spelled:
    """One of the texts of a query."""

    pieces: tuple[Piece, ...]
    loops: frozenset[int] = frozenset()
    """Loops (by where what they run over ends) whose turns have texts of their own."""
    times: int = 1
    """Turns of these loops that have this text."""
    turn: tuple[int, ...] = ()
    """Which turns these are."""
    arm: tuple[int, ...] = ()
    """Which it is of those that exclude each other; empty when no condition decides."""


def spell_out(pieces: tuple[Piece, ...]) -> list[Spelled]:
    """The texts that pieces stand for; gaps that need not be spelled out stay."""
    if not any(piece.alternatives is not None for piece in pieces):
        return [Spelled(pieces)]
    wanted = _wanted(pieces)
    choices = prod(len(found.texts) for found in wanted.values() if not found.every)
    if choices > _MAXIMUM_CHOICES:
        wanted = {key: found for key, found in wanted.items() if found.every}
    if prod(len(found.texts) for found in wanted.values()) > _MAXIMUM_TEXTS:
        return [Spelled(tuple(_without_text(piece, wanted) for piece in pieces))]
    if not wanted:
        return [Spelled(first_parts(pieces))]
    exclusive = [key for key, found in wanted.items() if not found.every]
    # Turns with the same text are one; of texts that exclude each other those of each turn are kept.
    texts: dict[tuple[tuple[int, ...], str], list[tuple[dict[_Key, int], tuple[Piece, ...]]]] = {}
    for choice in _choices(wanted):
        text = first_parts(_picked(pieces, choice))
        turn = tuple(number for key, number in choice.items() if key not in exclusive) if exclusive else ()
        texts.setdefault((turn, _written(text)), []).append((choice, text))
    if len(texts) == 1:
        return [Spelled(next(iter(texts.values()))[0][1])]
    loops = frozenset(found.loop for found in wanted.values() if found.every and found.loop is not None)
    return [
        Spelled(
            same[0][1],
            loops,
            1 if exclusive else len(same),
            turn,
            tuple(same[0][0][key] + 1 for key in exclusive),
        )
        for (turn, _), same in texts.items()
    ]


def first_parts(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Of several parts of a query that could stand in a gap the first one; a name stays open."""
    if not any(piece.alternatives is not None for piece in pieces):
        return pieces
    result: list[Piece] = []
    for piece in pieces:
        first = piece.alternatives.texts[0] if piece.alternatives is not None else ()
        if sum(len(part.text) for part in first) > _LONG:
            result.extend(first_parts(first))
        else:
            result.append(piece)
    return tuple(result)


def texts_of(pieces: tuple[Piece, ...], loop: int) -> list[tuple[Piece, ...]]:
    """The text of each turn of a loop, in order."""
    turns = max((len(found.texts) for found in _all(pieces) if found.loop == loop), default=0)
    return [_picked(pieces, {loop: turn}) for turn in range(turns)] or [pieces]


def after_loop(before: Value | None, value: Value | None, loop: int) -> Value | None:
    """What a name holds after a loop: a text or list that grew in a turn grew in each. `loop`: where what it runs over
    ends."""
    if isinstance(before, StringValue) and isinstance(value, StringValue):
        count = len(before.pieces)
        if before.pieces == value.pieces[:count]:
            if _most_turns(value) * (len(value.pieces) - count) > MAXIMUM_WEIGHT:
                return value
            turns = texts_of(value.pieces[count:], loop)
            grown = replace(value, pieces=before.pieces + tuple(piece for turn in turns for piece in turn))
            return grown if is_reasonable(grown) else value
    if (
        isinstance(before, ListValue)
        and isinstance(value, ListValue)
        and before.elements == value.elements[: len(before.elements)]
    ):
        added = value.elements[len(before.elements) :]
        if sum(map(_most_turns, added)) > MAXIMUM_WEIGHT:
            return value
        grown_list = ListValue(
            before.elements + tuple(turn for element in added for turn in _turns(element, loop)),
            value.complete,
        )
        return grown_list if is_reasonable(grown_list) else value
    return join_branches(value, before, either=False)


def _most_turns(value: Value) -> int:
    """How many texts a value may become."""
    if isinstance(value, ChoiceValue):
        return len(value.values)
    if isinstance(value, StringValue):
        return max((len(found.texts) for found in _all(value.pieces)), default=1)
    return 1


def _turns(value: Value, loop: int) -> tuple[Value, ...]:
    """A value in each turn of a loop."""
    if isinstance(value, ChoiceValue) and value.loop == loop:
        return value.values
    if isinstance(value, StringValue):
        return tuple(replace(value, pieces=pieces) for pieces in texts_of(value.pieces, loop))
    return (value,)


def picked(value: StringValue, choice: ChoiceValue, turn: int) -> StringValue:
    """A text in one turn of the loop that a choice goes through."""
    if choice.loop is None or not any(found.loop == choice.loop for found in _all(value.pieces)):
        return value
    return replace(value, pieces=_picked(value.pieces, {choice.loop: turn}))


def without_optional(pieces: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    """The text without what only stands there if a condition holds; None where there is no such thing."""
    kept = tuple(piece for piece in pieces if not piece.optional)
    return kept if len(kept) < len(pieces) else None


def _all(pieces: Sequence[Piece]) -> Iterator[Alternatives]:
    for piece in pieces:
        if piece.alternatives is not None:
            yield piece.alternatives
            for text in piece.alternatives.texts:
                yield from _all(text)


def _wanted(pieces: tuple[Piece, ...]) -> dict[_Key, Alternatives]:
    """What has to be spelled out: choices that are made together once."""
    kinds = iter([hole.kind for hole in fill_gaps(pieces).holes])
    wanted: dict[_Key, Alternatives] = {}
    for piece in pieces:
        kind = next(kinds) if piece.expression else None
        if piece.alternatives is None or kind in _ONE_COST:
            continue
        for found in (
            piece.alternatives,
            *_all([part for text in piece.alternatives.texts for part in text]),
        ):
            key = _key(found)
            if not found.every and any(part.expression for text in found.texts for part in text):
                continue  # What it costs is not known either way.
            if len(found.texts) > 1 and (key not in wanted or len(wanted[key].texts) < len(found.texts)):
                wanted[key] = found
    return wanted


def _key(found: Alternatives) -> _Key:
    """The same for what is chosen together: by one loop, or by what looks like one variable."""
    if found.loop is not None:
        return found.loop
    return tuple(_written(text) for text in found.texts)


def _choices(wanted: dict[_Key, Alternatives]) -> Iterator[dict[_Key, int]]:
    """Every way to choose."""
    ways: list[dict[_Key, int]] = [{}]
    for key, found in wanted.items():
        ways = [{**way, key: number} for way in ways for number in range(len(found.texts))]
    return iter(ways)


def _picked(pieces: Sequence[Piece], choice: dict[_Key, int] | dict[int, int]) -> tuple[Piece, ...]:
    result: list[Piece] = []
    for piece in pieces:
        found = piece.alternatives
        number = choice.get(_key(found)) if found is not None else None  # type: ignore[arg-type]
        if found is None or number is None or number >= len(found.texts):
            result.append(piece)
            continue
        text = _picked(found.texts[number], choice)
        result.extend(replace(part, optional=True) for part in text) if piece.optional else result.extend(
            text
        )
    return tuple(result)


def _written(pieces: Sequence[Piece]) -> str:
    return "".join(f"{{{piece.expression}}}" if piece.expression else piece.text for piece in pieces)


def _without_text(piece: Piece, wanted: dict[_Key, Alternatives]) -> Piece:
    if piece.alternatives is None or _key(piece.alternatives) not in wanted:
        return piece
    return replace(piece, text="", alternatives=None)
