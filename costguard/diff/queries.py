"""What became of each query between two scans."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from decimal import Decimal

from costguard.diff.model import QueryChange, QueryState, iteration_usd
from costguard.diff.pairs import Text, pairs
from costguard.diff.reasons import reasons
from costguard.result import QueryReport

Pairs = Sequence[tuple[QueryReport, QueryReport]]


def query_changes(
    before: Sequence[QueryReport],
    after: Sequence[QueryReport],
    text_before: Text,
    text_after: Text,
    same_files: Container[str] = (),
) -> tuple[QueryChange, ...]:
    """Every query of both sides, exactly once: the dearest change first, then by path and line.

    `same_files`: paths of files that hold the same on both sides.
    """
    both, removed, added = pairs(before, after, text_before, text_after, same_files)
    moved = _moved(both)
    found = [
        _changed(
            old, new, new.id in moved, _edited(old, new, text_before, text_after, same_files), same_files
        )
        for old, new in both
    ]
    found.extend(QueryChange("removed", old, None) for old in removed)
    found.extend(QueryChange("added", None, new) for new in added)
    return tuple(sorted(found, key=order))


def order(change: QueryChange) -> tuple[object, ...]:
    """The dearest first, what is unknown before what became cheaper, the unchanged last."""
    usd, span = change.change, change.query.span
    return (
        change.state == "unchanged",
        -usd.point if usd is not None else Decimal(0),
        usd is not None,
        change.query.path,
        *(span.cell or 0, span.start_line, span.start_column),
        change.query.variant or "",
        change.after is not None,
        change.query.id,
    )


def _edited(
    old: QueryReport, new: QueryReport, text_before: Text, text_after: Text, same_files: Container[str]
) -> bool:
    if old.fingerprint != new.fingerprint or (old.materialized, old.layout) != (new.materialized, new.layout):
        return True
    if _plan(old) != _plan(new):
        return True
    if old.path == new.path and old.path in same_files:
        return False
    return text_before(old).split() != text_after(new).split()


def _plan(query: QueryReport) -> list[tuple[object, ...]]:
    """What is read of which table: a variable of a dbt project may change it and nothing else."""
    return [(scan.table, scan.role, scan.columns, scan.pruning, scan.partitions_kept) for scan in query.scans]


def _changed(
    old: QueryReport, new: QueryReport, moved: bool, edited: bool, same_files: Container[str]
) -> QueryChange:
    same_file = old.path == new.path and old.path in same_files
    state = _state(old, new, edited)
    if state == "unchanged" and not edited and old.path == new.path:
        return QueryChange(state, old, new, moved)
    why = reasons(old, new, same_file=same_file)
    if state == "unknown":
        why = (*_unknown(old, new), *why)
    if edited and not why:
        why = ("its text was edited",)
    return QueryChange(state, old, new, moved, why, edited)


def _state(old: QueryReport, new: QueryReport, edited: bool) -> QueryState:
    before, after = iteration_usd(old), iteration_usd(new)
    if before is None or after is None:
        return "unchanged" if before is after and not edited else "unknown"
    if before.point == after.point:
        return "unchanged"
    return "dearer" if after.point > before.point else "cheaper"


def _unknown(old: QueryReport, new: QueryReport) -> Iterator[str]:
    before, after = iteration_usd(old), iteration_usd(new)
    if before is not None:
        yield "its cost is not known any more"
    elif after is not None:
        yield "its cost was not known before"


def _moved(both: Pairs) -> frozenset[str]:
    """Ids, in the head, of queries that are the same in another file, or in another order within their file: those that
    have to be taken out so that the others follow each other as before."""
    found = {new.id for old, new in both if old.path != new.path and old.fingerprint == new.fingerprint}
    files: dict[str, list[tuple[QueryReport, QueryReport]]] = defaultdict(list)
    for old, new in both:
        if old.path == new.path and old.fingerprint == new.fingerprint:
            files[new.path].append((old, new))
    for rows in files.values():
        rows.sort(key=lambda row: _place(row[0]))
        kept = _longest_rise([_place(new) for _, new in rows])
        found.update(new.id for index, (_, new) in enumerate(rows) if index not in kept)
    return frozenset(found)


def _place(query: QueryReport) -> tuple[int, int, int]:
    return query.span.cell or 0, query.span.start_line, query.span.start_column


def _longest_rise(places: Sequence[tuple[int, int, int]]) -> set[int]:
    """The numbers of the most items that stand in order already.

    >>> sorted(_longest_rise([(0, 5, 0), (0, 1, 0), (0, 2, 0), (0, 9, 0)]))
    [1, 2, 3]
    """
    ends: list[tuple[int, int, int]] = []
    last: list[int] = []
    earlier: list[int | None] = []
    for index, place in enumerate(places):
        length = bisect_right(ends, place)
        earlier.append(last[length - 1] if length else None)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [index]
    kept: set[int] = set()
    at = last[-1] if last else None
    while at is not None:
        kept.add(at)
        at = earlier[at]
    return kept
