"""Joins that BigQuery leaves out because of declared keys, and what is then not read.

Documented at docs.cloud.google.com/bigquery/docs/primary-foreign-keys: an outer join, if the columns that it compares
are unique on the optional side and no other column of that side is used; an inner join along a foreign key, if only
columns of the table with the foreign key are used, of which the rows without a value then go. Which figure follows is
argued in docs/decisions/021-join-elimination.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from costguard.catalog.model import ForeignKey
from costguard.estimate.amounts import unreadable
from costguard.estimate.bytes import Amount
from costguard.estimate.columns import Elimination, Reading, Target, Use, choose_position
from costguard.estimate.views import KeyColumn, KeyJoin
from costguard.money import worst_basis

_End = tuple[int, str]
"""A scan, and the path of a column there."""


class LeftOut(NamedTuple):
    """The joins of a statement that are left out."""

    likely: frozenset[Elimination]
    """Those of which the documentation says so."""
    most: frozenset[Elimination]
    """All that the keys allow."""


# -- what the keys allow ---------------------------------------------------------------------------


def elimination(join: KeyJoin, targets: Sequence[Target | None]) -> Elimination | None:
    """What the declared keys allow for a join; None: nothing. `targets`: what the scans that it names read from."""
    if not join.keys:
        return None
    pairs = [(_end(one, targets), _end(other, targets)) for one, other in join.keys]
    return _outer(join, pairs, targets) if join.outer else _inner(join, pairs, targets)


def _end(column: KeyColumn, targets: Sequence[Target | None]) -> _End | None:
    if not column.scans:
        return None
    position = choose_position([targets[scan] for scan in column.scans], column.paths)
    return column.scans[position], column.paths[position]


def _outer(
    join: KeyJoin, pairs: Iterable[tuple[_End | None, _End | None]], targets: Sequence[Target | None]
) -> Elimination | None:
    (optional,) = join.whole
    gone = _keyed(targets[optional])
    if gone is None:
        return None
    stated = join.stated and gone.sample_percent is None and not gone.another_time
    found = set()
    for one, other in pairs:
        mine = [end for end in (one, other) if end is not None and end[0] == optional]
        leaf = _leaf(targets, mine[0], gone) if len(mine) == 1 else None
        if leaf is None:
            stated = False
        else:
            found.add(leaf)
    if not _numbers(gone, gone.facts.table.primary_key) <= found:
        return None
    target = targets[optional]
    if target is not None and target.inside is not None:
        target.inside.keys = frozenset(found)
        return target.inside
    return Elimination(gone, frozenset(found), outer=True, stated=stated)


def _inner(
    join: KeyJoin, pairs: Sequence[tuple[_End | None, _End | None]], targets: Sequence[Target | None]
) -> Elimination | None:
    for optional in join.whole:
        gone = _keyed(targets[optional])
        if gone is None or not _is_whole(gone, targets[optional]):
            continue  # a row may find no match
        found = _along_foreign_key(optional, gone, pairs, targets)
        if found is not None:
            kept, keys = found
            stated = join.stated and not gone.another_time
            return Elimination(
                gone,
                frozenset(referenced for _, referenced in keys),
                False,
                stated,
                kept,
                frozenset(column for column, _ in keys),
            )
    return None


def _along_foreign_key(
    optional: int,
    gone: Reading,
    pairs: Sequence[tuple[_End | None, _End | None]],
    targets: Sequence[Target | None],
) -> tuple[Reading, set[tuple[int, int]]] | None:
    """The table whose foreign key is compared with the key of another, and the leaves (of the one, of the other)."""
    compared: set[tuple[int, int]] = set()
    owner: Reading | None = None
    for pair in pairs:
        mine = [end for end in pair if end is not None and end[0] == optional]
        others = [end for end in pair if end is not None and end[0] != optional]
        if len(mine) != 1 or len(others) != 1:
            return None
        referenced = _leaf(targets, mine[0], gone)
        target = targets[others[0][0]]
        located = target.locate(others[0][1]) if target is not None else None
        if referenced is None or located is None or (owner is not None and located[0] is not owner):
            return None
        owner = located[0]
        compared.add((located[1], referenced))
    if owner is None or not any(
        _is_key(key, owner, gone, compared) for key in owner.facts.table.foreign_keys
    ):
        return None
    return owner, compared


def _is_key(key: ForeignKey, owner: Reading, gone: Reading, compared: set[tuple[int, int]]) -> bool:
    """The comparison is all of the foreign key with all of the primary key that it refers to."""
    table = gone.facts.table
    if key.table.lower() != table.name.lower() or len(key.columns) != len(key.references):
        return False
    columns = [owner.facts.by_path.get(name.lower()) for name in key.columns]
    references = [gone.facts.by_path.get(name.lower()) for name in key.references]
    return set(zip(columns, references, strict=True)) == compared and set(references) == _numbers(
        gone, table.primary_key
    )


def _is_whole(reading: Reading, target: Target | None) -> bool:
    """All rows of the table are there."""
    return (
        target is not None
        and target.inside is None
        and reading.sample_percent is None
        and reading.pruned.pruning != "pruned"
    )


def _keyed(target: Target | None) -> Reading | None:
    """The table with a primary key that a scan is, each of its rows once."""
    reading = target.sole if target is not None else None
    return (
        reading
        if reading is not None and reading.facts.table.primary_key and not unreadable(reading)
        else None
    )


def _leaf(targets: Sequence[Target | None], end: _End, reading: Reading) -> int | None:
    target = targets[end[0]]
    located = target.locate(end[1]) if target is not None else None
    return located[1] if located is not None and located[0] is reading else None


def _numbers(reading: Reading, columns: Iterable[str]) -> set[int | None]:
    return {reading.facts.by_path.get(name.lower()) for name in columns}


# -- what is used otherwise ------------------------------------------------------------------------


def left_out(eliminations: Iterable[Elimination], *, guessed: bool) -> LeftOut | None:
    """Of the joins of a statement those that are left out; None: none. `guessed`: parts of the text are unknown, and
    may use any column."""
    candidates = list(eliminations)
    inner = Counter(id(join.gone) for join in candidates if not join.outer)
    # Without the table between them, the others would have to be compared with each other.
    stated = [
        join for join in candidates if join.stated and not guessed and inner[id(join.gone)] + join.outer <= 1
    ]
    most = _settled(candidates, most=True)
    return LeftOut(_settled(stated, most=False), most) if most else None


def _settled(candidates: Iterable[Elimination], *, most: bool) -> frozenset[Elimination]:
    """All that can go together: what only joins use that go too is not used."""
    going = set(candidates)
    while True:
        staying = {join for join in going if _is_used(join, going, most=most)}
        if not staying:
            return frozenset(going)
        going -= staying


def _is_used(join: Elimination, going: set[Elimination], *, most: bool) -> bool:
    gone = join.gone
    if gone.arrays or gone.hole or gone.missing or gone.pseudo:
        return True
    return any(
        _needed(gone, number, use, going, most=most) and not (most and not join.outer and number in join.keys)
        for number, use in gone.uses.items()
    )


def _needed(
    reading: Reading, number: int, use: Use, going: set[Elimination] | frozenset[Elimination], *, most: bool
) -> bool:
    if use.joins is None:
        return True
    return any(
        join not in going
        or (join.kept is reading and number in join.kept_keys and _filters(join, number, going, most))
        for join in use.joins
    )


def _filters(
    join: Elimination, number: int, going: set[Elimination] | frozenset[Elimination], most: bool
) -> bool:
    """A foreign key that may be NULL is read to leave such rows out, and one that stands in for a key that is used."""
    if not most or join.kept is None or not join.kept.facts.table.leaves[number].always_set:
        return True
    return any(key in join.gone.uses and _is_wanted(join.gone.uses[key], going) for key in join.keys)


def _is_wanted(use: Use, going: set[Elimination] | frozenset[Elimination]) -> bool:
    return use.joins is None or any(join not in going for join in use.joins)


# -- what is left to read --------------------------------------------------------------------------


def remaining(readings: Sequence[Reading], going: frozenset[Elimination], *, most: bool) -> list[Reading]:
    """What is read without some joins."""
    gone = {id(join.gone) for join in going}
    found = []
    for reading in readings:
        if id(reading) in gone:
            continue
        uses = {
            number: use
            for number, use in reading.uses.items()
            if _needed(reading, number, use, going, most=most)
        }
        found.append(reading if len(uses) == len(reading.uses) else replace(reading, uses=uses))
    return found


def amount_without(
    readings: Sequence[Reading], without: LeftOut | None, amount: Callable[[list[Reading]], Amount]
) -> Amount:
    """Bytes between what is left without all the joins that can go and what is read with all of them."""
    full = amount(list(readings))
    if without is None:
        return full
    least = amount(remaining(readings, without.most, most=True))
    likely = amount(remaining(readings, without.likely, most=False))
    if (least.low, likely) == (full.low, full):
        return full
    low = min(least.low, likely.low, full.low)
    if full.point is None or likely.point is None:
        return full._replace(low=low)
    basis = "modelled" if likely != full else "upper-bound"
    return full._replace(low=low, point=likely.point, basis=worst_basis(full.basis, basis))
