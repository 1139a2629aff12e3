"""Which columns of a scan each reference of a CTE reads, where the references have conditions of their own.

A CTE is followed once, so that its scan has the columns of all references; with other partitions for each reference,
which of them reads a column decides how much of it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import Computed, Group, Referenced, Relation, SelectBody, Trace

Reached = dict[tuple[int, str], frozenset[int]]
"""(scan, path in lower case) -> the references on the ways there."""
_NONE: Final[frozenset[int]] = frozenset()


def reads_by_reference(log: ReadLog, scan: int, references: Sequence[int]) -> list[list[str]] | None:
    """The columns of a scan that each reference reads, in lower case; None when they are the same or cannot be told.

    What is read inside of the CTE, to find its rows, is read by every reference.
    """
    if any(_takes_all(body, references) for body in log.bodies):
        return None
    found: dict[int, set[str]] = {reference: set() for reference in references}
    if log.through_references is None:
        log.through_references = _through_references(log)
    for path, via in log.through_references.get(scan, ()):
        for number in via:
            if number in found:
                found[number].add(path)
    everything = {
        path.lower() for read in log.reads.values() for place, path in read.targets if place == scan
    }
    if "" in everything:
        return None  # a row as one value
    inside = everything - set().union(*found.values())
    columns = [sorted(paths | inside) for paths in found.values()]
    return columns if any(paths != columns[0] for paths in columns) else None


def _through_references(log: ReadLog) -> dict[int, list[tuple[str, tuple[int, ...]]]]:
    known: dict[tuple[int, int], Reached] = {}
    found: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
    for body in log.bodies:
        # What reads a CTE through another one is noted where that one reads it.
        if not any(_is_reference(source.relation) for source in body.sources):
            continue
        for info in body.demanded():
            for reference in info.references:
                for (scan, path), via in _reached(body.trace_parts(reference.parts), known).items():
                    if via:
                        found.setdefault(scan, []).append((path, tuple(via)))
    return found


def _is_reference(relation: Relation) -> bool:
    return isinstance(relation, Referenced) and relation.reference is not None


def _takes_all(body: SelectBody, references: Sequence[int]) -> bool:
    """A star over a reference: which of the columns it reads is not noted."""
    return any(item.star is not None for item in body.projections) and any(
        isinstance(source.relation, Referenced) and source.relation.reference in references
        for source in body.sources
    )


def _reached(trace: Trace, known: dict[tuple[int, int], Reached]) -> Reached:
    """The columns that a name leads to, through what other SELECTs compute."""
    found: Reached = {}
    for item in trace:
        if isinstance(item, Group):
            for target in item.targets:
                place = (target.scan, target.path.lower())
                found[place] = found.get(place, _NONE).union(target.via)
        elif isinstance(item, Computed):
            for place, via in _reached_by(item.body, item.expression, known).items():
                found[place] = found.get(place, _NONE).union(via, item.via)
    return found


def _reached_by(body: SelectBody, expression: exp.Expr, known: dict[tuple[int, int], Reached]) -> Reached:
    """The same of all names in an expression. Each is followed once, since values share what they are computed of."""
    key = (id(body), id(expression))
    if key not in known:
        known[key] = {}  # a recursive CTE ends here
        found: Reached = {}
        for reference in body.info_of(expression).references:
            for place, via in _reached(body.trace_parts(reference.parts), known).items():
                found[place] = found.get(place, _NONE).union(via)
        known[key] = found
    return known[key]
