"""What a view stands for: the reading of its text, without the catalog.

The text of a view is read by the same code as any other statement; the estimate stage then replaces a scan of
the view by scans of the tables below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class ViewRead:
    """A symbolic column read inside the view, with the meaning of a row of `read_plans`."""

    scans: tuple[int, ...]
    """Candidate scans (positions in `ViewPlan.scans`), innermost first."""
    path: str
    kind: str = "path"
    """path, star, row, unnest"""
    excepted: tuple[str, ...] = ()
    paths: tuple[str, ...] | None = None
    """The path for each candidate, where these differ."""
    join: int | None = None
    """It is read only as long as this join (a position in `ViewPlan.joins`) is made."""


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column that a join compares by `=`, with the meaning of the columns of `join_keys`."""

    scans: tuple[int, ...]
    """Candidate scans; none for an expression of other relations."""
    paths: tuple[str, ...]
    """The path for each candidate."""


@dataclass(frozen=True, slots=True)
class KeyJoin:
    """A join that keys may eliminate where they are declared."""

    outer: bool
    stated: bool
    """The documentation says of joins of this form that keys can eliminate them."""
    whole: tuple[int, ...]
    """Scans whose rows take part one by one; of an outer join the one on the optional side."""
    keys: tuple[tuple[KeyColumn, KeyColumn], ...]


@dataclass(frozen=True, slots=True)
class ViewScan:
    """A table that the view reads."""

    table_name: str
    """As written; completed with the view's own project and dataset."""
    predicate: Json | None = None
    """Predicate tree (not text) that limits it, or None."""
    sample_percent: float | None = None
    system_time: bool = False


@dataclass(frozen=True, slots=True)
class ViewOutput:
    """A column of the view's result."""

    reads: tuple[ViewRead, ...]
    values: Mapping[int, Json] = field(default_factory=dict)
    """For each scan through which a filter on this column may be pushed down: what the column is there, as a
    predicate tree. `["col", "path"]` for a column that only passes through. Empty where a filter must not be
    pushed: below LIMIT, window functions, aggregates (other than grouping keys) and on the optional side of
    an outer join."""
    columns: Mapping[int, str] = field(default_factory=dict)
    """For each scan below: its column that this one passes on unchanged, so that a field of it is a field there."""


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """What reading a view reads."""

    scans: tuple[ViewScan, ...]
    outputs: Mapping[str, ViewOutput]
    """By column name in lower case."""
    always: tuple[ViewRead, ...] = ()
    """Read whatever columns of the view are asked for: WHERE, JOIN, GROUP BY and the like."""
    rest: tuple[ViewRead, ...] = ()
    """Stars of the view's own SELECT: a column that is not in `outputs` comes through one of these, and a
    star over the view reads all of them."""
    hidden: Callable[[str], tuple[Mapping[int, Json], ...]] = lambda name: ()
    """What a column that is not in `outputs` is, by scan, for filters that may be pushed down: one mapping for each
    branch of a set operation. A mapping of several scans says that any of them may have the column."""
    joins: tuple[KeyJoin, ...] = ()
    """Joins inside the view that declared keys may eliminate."""
    part_of: int | None = None
    """The scan that the view has rows of, each at most once."""
    filtered: bool = False
    """A WHERE picks them, whose columns are in `always`; otherwise all are there."""


ExpandView = Callable[[str], ViewPlan | None]
"""The reading of a view's text; None when it cannot be read."""
