"""The log of one statement: its physical scans, and which of their columns are read, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from costguard.facts.sql.relation import Relation, Scan, Target, Why

if TYPE_CHECKING:
    from costguard.facts.sql.expression import ExpressionInfo
    from costguard.facts.sql.relation import SelectBody

Place = tuple[int, int]


@dataclass(slots=True)
class ScanEntry:
    """A physical table of the statement."""

    table: exp.Table
    name: str
    alias: str
    role: str
    place: Place
    in_subquery: bool
    used: bool = False
    star: bool = False
    star_place: Place | None = None
    star_excepts: bool = False
    whole_row: bool = False
    joined: bool = False
    system_time: bool = False
    sample_percent: float | None = None
    null_extended: bool = False
    name_hole: bool = False
    conditions: list[tuple[tuple[int, ...], list[object]]] = field(default_factory=list)
    """(references of CTEs passed through, condition as predicate JSON)."""


@dataclass(slots=True)
class Read:
    """One symbolic column read."""

    targets: tuple[tuple[int, str], ...]
    kind: str
    excepted: tuple[str, ...]
    why: Why
    place: Place | None
    variable: bool = False
    """A script variable has that name: nothing is read where no table has such a column."""


@dataclass(slots=True)
class KeyJoin:
    """A join that compares columns by `=`."""

    outer: bool
    stated: bool
    """The documentation says of joins of this form that declared keys can eliminate them."""
    whole: tuple[int, ...]
    """Scans whose rows take part one by one; of an outer join the one on the optional side."""
    keys: list[tuple[tuple[Target, ...], tuple[Target, ...]]]
    """Without any it is as good as every other join."""


class ReadLog:
    """Collects what a statement reads while its bodies are followed."""

    def __init__(self, relation_of_table: Callable[[SelectBody, exp.Table], Relation]) -> None:
        self.scans: list[ScanEntry] = []
        self.reads: dict[tuple[object, ...], Read] = {}
        self.uses: dict[tuple[int, str], set[Place]] = {}
        """Places where a column of a scan is named."""
        self.bodies: list[SelectBody] = []
        """Bodies in use, in the order in which they were reached."""
        self.infos: list[tuple[SelectBody, ExpressionInfo]] = []
        self.joins: list[KeyJoin] = []
        self.references: list[int] = []
        """The CTE that each reference stands for."""
        self.used_references: set[int] = set()
        self.through_references: dict[int, list[tuple[str, tuple[int, ...]]]] | None = None
        """By scan: (path, references on the way) of what names lead to; worked out once, when it is asked for."""
        self.relation_of_table = relation_of_table
        self.called: Callable[[SelectBody, exp.Expr], None] | None = None
        """Follows a call of a function that reads tables; None where no such function is known."""
        self.tracking_references = False
        """Traces note the CTE references that they pass through: only conditions need that."""

    def release(self) -> None:
        """Forget the bodies."""
        self.bodies.clear()
        self.infos.clear()
        del self.relation_of_table
        self.called = None

    # -- relations ---------------------------------------------------------------------------------

    def add_scan(self, entry: ScanEntry) -> Scan:
        """A new physical table."""
        self.scans.append(entry)
        return Scan(len(self.scans) - 1, self)

    def activate_scan(self, index: int) -> None:
        """The scan belongs to a body that is used."""
        self.scans[index].used = True

    def new_reference(self, cte: int) -> int:
        """A number for a reference of a CTE."""
        self.references.append(cte)
        return len(self.references) - 1

    def use_reference(self, reference: int) -> None:
        """The reference belongs to a body that is used."""
        self.used_references.add(reference)

    def has_several_references(self) -> bool:
        """Some CTE is referenced more than once: which of its references a condition came through matters."""
        return len(set(self.references)) < len(self.references)

    def reference_counts(self) -> dict[int, int]:
        """How many used references each CTE has."""
        counts: dict[int, int] = {}
        for reference in self.used_references:
            cte = self.references[reference]
            counts[cte] = counts.get(cte, 0) + 1
        return counts

    def body_used(self, body: SelectBody) -> None:
        """A SELECT whose rows the statement needs."""
        self.bodies.append(body)

    def noted(self, body: SelectBody, info: ExpressionInfo) -> None:
        """An expression of a SELECT was walked."""
        self.infos.append((body, info))

    # -- reads -------------------------------------------------------------------------------------

    def read(
        self,
        targets: tuple[Target, ...],
        why: Why,
        place: Place | None,
        kind: str,
        *,
        excepted: frozenset[str] = frozenset(),
        variable: bool = False,
    ) -> None:
        """A column, one of these alternatives, is read; if there is one, where a `variable` has its name.

        `excepted`: its fields that are not.
        """
        if len(targets) == 1:  # nearly always
            columns: tuple[tuple[int, str], ...] = ((targets[0].scan, targets[0].path),)
        else:
            columns = tuple(dict.fromkeys((target.scan, target.path) for target in targets))
        if place is not None and not variable:
            for column in columns:
                places = self.uses.get(column)
                if places is None:
                    self.uses[column] = {place}
                else:
                    places.add(place)
        key = (columns, kind, why, excepted, variable)
        if key not in self.reads:
            fields = tuple(sorted(excepted)) if excepted else ()
            self.reads[key] = Read(columns, kind, fields, why, place, variable)

    def read_all(self, scan: int, why: Why, excepted: frozenset[str], place: Place | None, kind: str) -> None:
        """Every column of a scan but the excepted ones is read."""
        entry = self.scans[scan]
        if kind == "row":
            entry.whole_row = True
        elif why.output:
            entry.star_excepts = bool(excepted) and (entry.star_excepts or not entry.star)
            entry.star = True
            if entry.star_place is None:
                entry.star_place = place
        key = (scan, kind, excepted, why)
        if key not in self.reads:
            self.reads[key] = Read(((scan, ""),), kind, tuple(sorted(excepted)), why, place)
