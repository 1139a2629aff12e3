"""Which columns of a scan each reference of a CTE reads, where the references have conditions of their own.

A CTE is followed once, so that its scan has the columns of all references; with other partitions for each reference,
which of them reads a column decides how much of it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import Computed, Group, Referenced, Relation, SelectBody, Target, Trace

_DEEPEST = 16
"""Values computed from values; what lies deeper is taken to be read by every reference."""


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
    found: dict[int, set[tuple[str, tuple[int, ...]]]] = {}
    for body in log.bodies:
        # What reads a CTE through another one is noted where that one reads it.
        if not any(_is_reference(source.relation) for source in body.sources):
            continue
        for info in body.demanded():
            for reference in info.references:
                for target, via in _targets(body.trace_parts(reference.parts), (), 0):
                    if via:
                        found.setdefault(target.scan, set()).add((target.path.lower(), via))
    return {scan: list(pairs) for scan, pairs in found.items()}


def _is_reference(relation: Relation) -> bool:
    return isinstance(relation, Referenced) and relation.reference is not None


def _takes_all(body: SelectBody, references: Sequence[int]) -> bool:
    """A star over a reference: which of the columns it reads is not noted."""
    return any(item.star is not None for item in body.projections) and any(
        isinstance(source.relation, Referenced) and source.relation.reference in references
        for source in body.sources
    )


def _targets(trace: Trace, via: tuple[int, ...], depth: int) -> Iterator[tuple[Target, tuple[int, ...]]]:
    """The columns that a name leads to, with the references on the way, through what other SELECTs compute."""
    for item in trace:
        if isinstance(item, Group):
            for target in item.targets:
                yield target, (*via, *target.via)
        elif isinstance(item, Computed) and depth < _DEEPEST:
            yield from _inside(item.body, item, (*via, *item.via), depth + 1)


def _inside(
    body: SelectBody, item: Computed, via: tuple[int, ...], depth: int
) -> Iterator[tuple[Target, tuple[int, ...]]]:
    if via:  # else its own names are among those that were looked at
        for reference in body.info_of(item.expression).references:
            yield from _targets(body.trace_parts(reference.parts), via, depth)
