"""Functions of others: what a statement reads through a function that its own text does not define."""

from __future__ import annotations

import polars as pl


def reading_beyond(calls: pl.DataFrame, routines: pl.DataFrame) -> frozenset[int]:
    """Statements that may read more than they say: they call a function that reads tables, or one whose definition
    is not among what was read.

    A definition is found by dataset and name: it often leaves out the project, and one that says another is most
    often a copy of it.
    """
    if not calls.height:
        return frozenset()
    reads: dict[str, bool] = {}
    inner: dict[str, set[str]] = {}
    for name, own, called in routines.select("routine", "reads_tables", "calls").iter_rows():
        key = _key(name)
        reads[key] = reads.get(key, False) or own
        inner.setdefault(key, set()).update(_key(other) for other in called)
    harmless: dict[str, bool] = {}
    found = set()
    for query, name in calls.select("query", "routine").iter_rows():
        key = _key(name)
        if key not in harmless:
            harmless[key] = _is_harmless(key, reads, inner)
        if not harmless[key]:
            found.add(query)
    return frozenset(found)


def _key(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def _is_harmless(key: str, reads: dict[str, bool], inner: dict[str, set[str]]) -> bool:
    """Neither the function nor any that it calls, and these call, reads a table or is unknown."""
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if reads.get(name, True):
            return False
        waiting.extend(inner[name])
    return True
