"""Read plans become leaf columns: which columns of which table a scan reads, through views and wildcards
too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from costguard.catalog.names import Resolved
from costguard.estimate.bytes import TableFacts
from costguard.estimate.partitions import Runs
from costguard.estimate.prune import Pruned
from costguard.estimate.views import ViewPlan, ViewRead

Json = Any

PSEUDO_COLUMNS: Final = frozenset(
    {
        "_table_suffix",
        "_partitiontime",
        "_partitiondate",
        "_file_name",
        "_change_type",
        "_change_timestamp",
        "_change_sequence_number",
    }
)
"""Cost nothing to read (documented by measurement for _TABLE_SUFFIX, assumed for the others)."""


class Mark(NamedTuple):
    """Why a column is read."""

    at: int | None
    through_star: bool
    wanted: bool
    """False when it only reaches a result column that nothing uses."""
    join: Elimination | None = None
    """Only as long as this join is made."""


@dataclass(slots=True)
class Use:
    """A leaf that is read."""

    at: int | None
    through_star: bool
    wanted: bool
    joins: tuple[Elimination, ...] | None = None
    """Only as long as one of these joins is made; None: in any case."""


class Target(Protocol):
    """What a scan reads from: a table, the members of a wildcard, or the tables below a view."""

    readings: list[Reading]
    eliminations: list[Elimination]
    """Joins below it that declared keys let BigQuery leave out, if nothing else is read of one side."""

    inside: Elimination | None
    """It has but some rows of the one table, and what picks them is read only as long as this join is made."""

    @property
    def sole(self) -> Reading | None:
        """The one table that it has rows of, each at most once."""

    def locate(self, path: str) -> tuple[Reading, int] | None:
        """The leaf of a table that a column passes on; None when it is more than that, or not known."""

    def find(self, path: str) -> bool | None:
        """Whether it has a column of this path; None when its columns are not known."""

    def request(
        self, kind: str, path: str, excepted: frozenset[str], mark: Mark, used: frozenset[str] | None
    ) -> None:
        """Note that something is read. `used`: names of the result columns that are used, when known."""


@dataclass(slots=True)
class Reading:
    """One physical table as one scan reads it."""

    facts: TableFacts
    pruned: Pruned
    cluster_filtered: bool = False
    sample_percent: float | None = None
    another_time: bool = False
    assumed_project: bool = False
    uses: dict[int, Use] = field(default_factory=dict)
    arrays: list[tuple[int, ...]] = field(default_factory=list)
    """Arrays that are unnested, by their leaves, where no field is named."""
    missing: bool = False
    """A column is named that the catalog does not list."""
    hole: bool = False
    """Unknown columns are read."""
    limited: bool = False
    """A LIMIT may end the scan early."""
    by_reference: tuple[tuple[Runs, frozenset[int]], ...] = ()
    """Where references of a CTE read other partitions and other columns: the partitions and leaves of each."""
    unlikely: bool = False
    """A member of a wildcard that a value known at run time only may pick, but others are newer."""
    pseudo: bool = False
    """A pseudo-column is read, which is not in `uses`: it costs nothing."""

    def use(self, number: int, mark: Mark) -> None:
        """Note that a leaf is read."""
        found = self.uses.get(number)
        if found is None:
            joins = None if mark.join is None else (mark.join,)
            self.uses[number] = Use(mark.at, mark.through_star, mark.wanted, joins)
            return
        if found.joins is not None and mark.join not in found.joins:
            found.joins = None if mark.join is None else (*found.joins, mark.join)
        if found.through_star and not mark.through_star:
            found.at, found.through_star = mark.at, False
        elif found.at is None:
            found.at = mark.at
        found.wanted = found.wanted or mark.wanted


@dataclass(eq=False, slots=True)
class Elimination:
    """A join that declared keys let BigQuery leave out, if nothing else is read of the table that goes with it."""

    gone: Reading
    """The table that goes."""
    keys: frozenset[int]
    """Leaves of its key."""
    outer: bool
    stated: bool
    """The documentation states it for joins of this form; otherwise it is the optimizer's matter."""
    kept: Reading | None = None
    """Of an inner join the table with the foreign key, whose rows without a value go."""
    kept_keys: frozenset[int] = frozenset()
    """Leaves of the foreign key."""


def is_hole(path: str) -> bool:
    """A stand-in for a part of the text that is unknown."""
    return path.rpartition(".")[2].startswith("hole")


class TableTarget:
    """A table, or the members of a wildcard that are read (columns they lack read nothing)."""

    __slots__ = ("eliminations", "inside", "readings")

    def __init__(self, readings: list[Reading]) -> None:
        self.readings = readings
        self.eliminations: list[Elimination] = []
        self.inside: Elimination | None = None

    @property
    def sole(self) -> Reading | None:
        """The table, when it is one."""
        return self.readings[0] if len(self.readings) == 1 else None

    def locate(self, path: str) -> tuple[Reading, int] | None:
        """The leaf of this path."""
        reading = self.sole
        number = reading.facts.by_path.get(path.lower()) if reading is not None else None
        return (reading, number) if reading is not None and number is not None else None

    def find(self, path: str) -> bool | None:
        """Whether any of the tables has it."""
        if any(reading.facts.leaves_of(path) is not None for reading in self.readings):
            return True
        if any(not reading.facts.table.columns_known for reading in self.readings):
            return None
        return False

    def request(
        self, kind: str, path: str, excepted: frozenset[str], mark: Mark, used: frozenset[str] | None
    ) -> None:
        """Note a read in every table."""
        if kind in ("star", "row"):
            for reading in self.readings:
                self._all(reading, excepted, mark, used if kind == "star" else None)
            return
        if path in PSEUDO_COLUMNS:
            for reading in self.readings:
                reading.pseudo = True
            return
        found = False
        for reading in self.readings:
            leaves = reading.facts.leaves_of(path)
            if leaves is None:
                continue
            found = True
            if kind == "unnest":
                reading.arrays.append(tuple(leaves))
                continue
            for number in leaves:
                if not excepted or _field(reading.facts.table.leaves[number].path, path) not in excepted:
                    reading.use(number, mark)
        if not found:
            for reading in self.readings:
                if is_hole(path) or not reading.facts.table.columns_known:
                    reading.hole = True
                else:
                    reading.missing = True

    @staticmethod
    def _all(reading: Reading, excepted: frozenset[str], mark: Mark, used: frozenset[str] | None) -> None:
        if not reading.facts.table.columns_known:
            reading.hole = True
        for number, leaf in enumerate(reading.facts.table.leaves):
            top = leaf.path.lower().partition(".")[0]
            if top in excepted:
                continue
            wanted = mark.wanted and (used is None or top in used)
            reading.use(number, mark._replace(through_star=True, wanted=wanted))


def _field(leaf: str, struct: str) -> str:
    """The field of a struct that a leaf below it belongs to; both by their paths."""
    return leaf[len(struct) + 1 :].lower().partition(".")[0]


class ViewTarget:
    """A view: what is read of it is read of the tables below."""

    __slots__ = ("_children", "_plan", "eliminations", "inside", "readings")

    def __init__(
        self,
        plan: ViewPlan,
        children: Sequence[Target | None],
        joins: Sequence[Elimination | None] = (),
    ) -> None:
        """`joins`: what the declared keys say of the joins of the plan."""
        self._plan = plan
        self._children = children
        known = [child for child in children if child is not None]
        self.readings = [reading for child in known for reading in child.readings]
        self.eliminations = [join for child in known for join in child.eliminations]
        self.eliminations.extend(join for join in joins if join is not None)
        self.inside: Elimination | None = None
        below = children[plan.part_of] if plan.part_of is not None else None
        if below is not None and below.sole is not None:
            self.inside = below.inside
            if self.inside is None and plan.filtered:
                self.inside = Elimination(below.sole, frozenset(), outer=True, stated=False)
        for read in plan.always:
            join = joins[read.join] if read.join is not None and joins else self.inside
            self._read(read, Mark(None, False, True, join), None)

    @property
    def sole(self) -> Reading | None:
        """The table below, when the view only passes rows of it on."""
        child = self._children[self._plan.part_of] if self._plan.part_of is not None else None
        return child.sole if child is not None else None

    def locate(self, path: str) -> tuple[Reading, int] | None:
        """The leaf below that a column of the view is."""
        head, _, rest = path.lower().partition(".")
        found = self._plan.outputs.get(head)
        if found is not None and (found.reads or not self._plan.rest):
            if len(found.columns) != 1 or len(found.reads) != 1:
                return None
            ((scan, column),) = found.columns.items()
            child = self._children[scan]
            return child.locate(f"{column}.{rest}" if rest else column) if child is not None else None
        for read in self._plan.rest:
            if self._through_rest(read, path.lower()) is not False:
                child = self._children[read.scans[0]]
                return child.locate(path) if child is not None else None
        return None

    @property
    def complete(self) -> bool:
        """Every table below is known."""
        return all(child is not None for child in self._children)

    def find(self, path: str) -> bool | None:
        """Whether the view has such a column."""
        if path.partition(".")[0] in self._plan.outputs:
            return True
        answers = [self._through_rest(read, path) for read in self._plan.rest]
        return True if True in answers else None if None in answers else False

    def _through_rest(self, read: ViewRead, path: str) -> bool | None:
        if path.partition(".")[0] in read.excepted:
            return False
        child = self._children[read.scans[0]]
        return child.find(path) if child is not None else None

    def request(
        self, kind: str, path: str, excepted: frozenset[str], mark: Mark, used: frozenset[str] | None
    ) -> None:
        """Pass the read on to the tables below."""
        if kind in ("star", "row"):
            for name, output in self._plan.outputs.items():
                if name not in excepted:
                    wanted = mark.wanted and (kind == "row" or used is None or name in used)
                    for read in output.reads:
                        self._read(read, mark._replace(through_star=True, wanted=wanted), None)
            for read in self._plan.rest:
                more = ViewRead(read.scans, read.path, read.kind, (*read.excepted, *excepted), read.paths)
                self._read(more, mark, used if kind == "star" else None)
            return
        head, _, rest = path.partition(".")
        found = self._plan.outputs.get(head)
        if found is None:
            for read in self._plan.rest:
                child = self._children[read.scans[0]]
                if child is not None and self._through_rest(read, path) is not False:
                    child.request(kind, path, excepted, mark, used)
            return
        plain = [(scan, f"{column}.{rest}" if rest else column) for scan, column in found.columns.items()]
        if (rest or excepted or kind == "unnest") and plain and len(plain) == len(found.reads):
            for scan, inner in plain:
                child = self._children[scan]
                if child is not None:
                    child.request(kind, inner.lower(), excepted, mark, None)
            return
        for read in found.reads:
            self._read(read, mark, None)

    def _read(self, read: ViewRead, mark: Mark, used: frozenset[str] | None) -> None:
        paths = read.paths or (read.path,) * len(read.scans)
        target, path = choose([self._children[scan] for scan in read.scans], paths)
        if target is not None:
            target.request(read.kind, path, frozenset(name.lower() for name in read.excepted), mark, used)


def choose(targets: Sequence[Target | None], paths: Sequence[str]) -> tuple[Target | None, str]:
    """The candidate that a path belongs to: the first that has it, else the first whose columns are unknown.

    A candidate that is None stands for a table of which nothing is known.
    """
    chosen = choose_position(targets, paths)
    return targets[chosen], paths[chosen].lower()


def choose_position(targets: Sequence[Target | None], paths: Sequence[str]) -> int:
    """The position of that candidate; the first when none can be told."""
    if len(targets) == 1:
        return 0
    unknown: int | None = None
    for position, (target, path) in enumerate(zip(targets, paths, strict=True)):
        found = target.find(path.lower()) if target is not None else None
        if found:
            return position
        if found is None and unknown is None:
            unknown = position
    return unknown if unknown is not None else 0


class ResolvedScan(NamedTuple):
    """A scan with its table."""

    resolved: Resolved
    target: Target | None
    """None: not in the catalog, or nothing can be said of what it reads."""
    view: bool = False
    complete: bool = True
    """False when a view reads a table that is not known."""
    lacks: tuple[str, ...] = ()
    """Tables below a view that are in no catalog."""
