"""Which query of the head is which query of the base: one to one, by what it is and not by its line.

First those that are the same by their fingerprint, in their own file and then elsewhere; then those of which the SQL
was edited, in their own file and then in one that was renamed. What is left was added or removed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from costguard.result import QueryReport

Text = Callable[[QueryReport], str]
"""The SQL of a query as it stands in its file."""
Key = Callable[["Side", int], Hashable]
Pair = tuple[int, int]

ALIKE: Final = 0.3
"""Two texts in one file of which this part of the words is the same are the same query, edited."""
RENAMED: Final = 0.6
"""In another file it takes more."""
COMPARED: Final = 10_000
"""Pairs of texts that are compared at most in a file, and between files."""
LONGEST: Final = 50_000
"""Characters of a text that are compared."""
_FILES: Final = ("file", "dbt", "template")
_WORD: Final = re.compile(r"\w+|[^\w\s]")


@dataclass
class Side:
    """The queries of a revision, and which of them have no partner yet."""

    queries: Sequence[QueryReport]
    text: Text
    left: dict[int, None] = field(init=False)
    """In order."""
    paths: frozenset[str] = field(init=False)

    alone: frozenset[int] = field(init=False)
    """Queries in SQL files that hold no other one (of their variant)."""

    def __post_init__(self) -> None:
        self.left = dict.fromkeys(range(len(self.queries)))
        self.paths = frozenset(query.path for query in self.queries)
        self.words = cache(self._words)
        counts = Counter((query.path, query.variant) for query in self.queries)
        self.alone = frozenset(
            index
            for index, query in enumerate(self.queries)
            if query.via in _FILES and counts[query.path, query.variant] == 1
        )

    def _words(self, index: int) -> Counter[str]:
        return Counter(_WORD.findall(self.text(self.queries[index])[:LONGEST].lower()))

    def layout_free(self, index: int) -> str:
        """The text of a query, whatever its blanks."""
        return " ".join(self.text(self.queries[index]).split())


def pairs(
    before: Sequence[QueryReport],
    after: Sequence[QueryReport],
    text_before: Text,
    text_after: Text,
    same_files: Container[str] = (),
) -> tuple[list[tuple[QueryReport, QueryReport]], list[QueryReport], list[QueryReport]]:
    """(pairs, removed, added); every query of both sides is in exactly one of them.

    `same_files`: paths of files that hold the same on both sides: their texts need not be read.
    """
    old, new = Side(before, text_before), Side(after, text_after)
    found = [*_same(old, new, same_files), *_edited(old, new), *_renamed(old, new)]
    return (
        [(before[one], after[other]) for one, other in sorted(found, key=lambda pair: pair[1])],
        [before[index] for index in old.left],
        [after[index] for index in new.left],
    )


# -- the same by their fingerprint ---------------------------------------------------------------------


def _same(old: Side, new: Side, same_files: Container[str]) -> Iterator[Pair]:
    def place(side: Side, index: int) -> Hashable:
        query = side.queries[index]
        if query.path not in same_files:
            return None
        return query.path, query.span, query.fingerprint, query.variant

    def own(side: Side, index: int) -> Hashable:
        query = side.queries[index]
        return query.path, query.fingerprint, query.variant

    def own_in_any_form(side: Side, index: int) -> Hashable:
        query = side.queries[index]
        return query.path, query.fingerprint

    def elsewhere(side: Side, index: int) -> Hashable:
        query = side.queries[index]
        return query.fingerprint, query.variant

    def elsewhere_in_any_form(side: Side, index: int) -> Hashable:
        return side.queries[index].fingerprint

    if same_files:
        yield from _by_key(old, new, place, ())
    # Copies of a query are told apart by their literals, their loops, and last by their order.
    copies = (_text_and_loops, _text)
    yield from _by_key(old, new, own, copies)
    yield from _by_key(old, new, own_in_any_form, copies)
    moved = (_name_and_text, _name, _letters, _text)
    yield from _by_key(old, new, elsewhere, moved)
    yield from _by_key(old, new, elsewhere_in_any_form, moved)


def _text_and_loops(side: Side, index: int) -> Hashable:
    return side.layout_free(index), side.queries[index].loop_depth


def _text(side: Side, index: int) -> Hashable:
    return side.layout_free(index)


def _letters(side: Side, index: int) -> Hashable:
    return side.text(side.queries[index])


def _name(side: Side, index: int) -> Hashable:
    return side.queries[index].path.rpartition("/")[2]


def _name_and_text(side: Side, index: int) -> Hashable:
    return _name(side, index), side.layout_free(index)


def _by_key(old: Side, new: Side, key: Key, finer: Sequence[Key]) -> Iterator[Pair]:
    """Pairs of queries with an equal key. Where several have it, those that are equal by finer keys too come first, the
    others are taken in their order."""
    theirs = _grouped(new, new.left, key)
    for value, ours in _grouped(old, old.left, key).items():
        others = theirs.get(value)
        if others is None:
            continue
        for one, other in _in_group(old, new, ours, others, finer):
            del old.left[one], new.left[other]
            yield one, other


def _in_group(
    old: Side, new: Side, ours: list[int], others: list[int], finer: Sequence[Key]
) -> Iterator[Pair]:
    for key in finer if len(ours) + len(others) > 2 else ():
        theirs = _grouped(new, others, key)
        for value, mine in _grouped(old, ours, key).items():
            for one, other in zip(mine, theirs.get(value, ()), strict=False):
                ours.remove(one)
                others.remove(other)
                yield one, other
    yield from zip(ours, others, strict=False)


def _grouped(side: Side, indexes: Iterable[int], key: Key) -> dict[Hashable, list[int]]:
    """The queries by their key; those with none are left out."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index in indexes:
        value = key(side, index)
        if value is not None:
            groups[value].append(index)
    return groups


# -- edited --------------------------------------------------------------------------------------------


def _edited(old: Side, new: Side) -> Iterator[Pair]:
    """Of each file, the most alike first."""

    def path(side: Side, index: int) -> Hashable:
        return side.queries[index].path

    theirs = _grouped(new, new.left, path)
    for value, ours in _grouped(old, old.left, path).items():
        others = theirs.get(value)
        if others is None:
            continue
        if len(ours) == len(others) == 1 and ours[0] in old.alone and others[0] in new.alone:
            likely = [(1.0, ours[0], others[0])]  # a model is that model, however it was rewritten
        else:
            likely = list(_likely(old, new, ours, others, ALIKE))
        yield from _best_first(old, new, likely)


def _renamed(old: Side, new: Side) -> Iterator[Pair]:
    """Between files that are on one side only."""
    gone = [index for index in old.left if old.queries[index].path not in new.paths]
    come = [index for index in new.left if new.queries[index].path not in old.paths]
    if len(gone) * len(come) > COMPARED:
        # Too many to compare each with each: files that were only moved keep their names.
        theirs = _grouped(new, come, _name)
        for value, ours in _grouped(old, gone, _name).items():
            others = theirs.get(value, [])
            yield from _best_first(old, new, list(_likely(old, new, ours, others, RENAMED)))
        return
    yield from _best_first(old, new, list(_likely(old, new, gone, come, RENAMED)))


def _likely(
    old: Side, new: Side, ours: Sequence[int], others: Sequence[int], least: float
) -> Iterator[tuple[float, int, int]]:
    """(how alike, one, other) of those that are alike enough. Of very many only neighbours are compared."""
    reach = max(1, COMPARED // max(1, len(ours)))
    for number, one in enumerate(ours):
        middle = number * len(others) // len(ours)
        start = max(0, min(middle - reach // 2, len(others) - reach))
        for other in others[start : start + reach]:
            alike = likeness(old.words(one), new.words(other))
            if alike >= least:
                yield alike + _closeness(old.queries[one], new.queries[other]), one, other


def _closeness(one: QueryReport, other: QueryReport) -> float:
    """Decides between texts that are about as alike."""
    return 0.1 * (one.variant == other.variant) + 0.05 * (one.statement == other.statement)


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """The part of the words that two texts share: 0 to 1.

    >>> likeness(Counter("select a from t".split()), Counter("select b from t".split()))
    0.75
    """
    whole = one.total() + other.total()
    return 2 * (one & other).total() / whole if whole else 1.0


def _best_first(old: Side, new: Side, likely: list[tuple[float, int, int]]) -> Iterator[Pair]:
    likely.sort(key=lambda item: (-item[0], item[1], item[2]))
    for _, one, other in likely:
        if one in old.left and other in new.left:
            del old.left[one], new.left[other]
            yield one, other


__all__ = ["likeness", "pairs"]
