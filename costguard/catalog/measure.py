"""Which dry runs tell the bytes of a table's columns, and what follows from their answers.

Nothing is asked here. `measure` takes the answers so far and says what can be told from them and which questions are
still open; whoever asks goes on until none is. What follows from arithmetic is not asked:

- a REQUIRED column of a fixed width has its width in every row;
- all other columns of fixed widths are asked in one question. If the answer is what their widths come to, no value is
  NULL; if not, the half of them is asked, since the bytes of columns add up
  (a query's bytes are the sum of its columns' in every published pair of figures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from costguard.catalog.dry_run import EVERY_COLUMN, EVERY_VALUE, WHOLE, Question
from costguard.catalog.model import NULL_PARTITION, UNPARTITIONED, Leaf, Table

Answers = Mapping[Question, int | None]
"""Bytes; None when BigQuery does not say."""

MEASURABLE: Final = frozenset({"table", "snapshot"})
"""Kinds whose columns a dry run tells apart. Of external tables it says 0, of views what lies below them, and of
materialized views also what was added to the tables below them since."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What is known of the sizes of a table's columns. Bytes are logical bytes."""

    sizes: Mapping[str, int]
    """By leaf path."""
    partitions: Mapping[str, Mapping[str, int]]
    """By id of the partition and leaf path."""
    open: tuple[Question, ...]
    """To be asked before more can be said; empty at the end."""
    remarks: tuple[str, ...] = ()
    """Why some sizes are not known, or are to be doubted."""
    rows_hidden: bool = False
    """Row-level security hides what a query processes."""


def measure(table: Table, answers: Answers, partitions: Sequence[str] = ()) -> Measures:
    """What the answers tell; `partitions`: ids of those in which the columns are to be measured too."""
    if table.kind not in MEASURABLE or table.rows is None or table.bytes is None:
        return Measures({}, {}, ())
    return _Measuring(table, table.rows, table.bytes, answers).run(partitions)


class _Open(Exception):  # noqa: N818 - not an error: the answer is still to come
    """A question is not answered yet."""


@dataclass(slots=True)
class _Measuring:
    table: Table
    rows: int
    bytes: int
    answers: Answers
    sizes: dict[str, int] = field(default_factory=dict)
    open: dict[Question, None] = field(default_factory=dict)
    unsaid: list[str] = field(default_factory=list)
    """Leaves of which BigQuery does not say the size."""
    asked: list[str] = field(default_factory=list)
    """Leaves whose size comes from dry runs."""

    def run(self, partitions: Sequence[str]) -> Measures:
        table = self.table
        if self.rows == 0 and self.bytes == 0 and not table.streaming_buffer_bytes:
            return self._done({leaf.path: 0 for leaf in table.leaves}, {}, ())
        derived, fixed, others = [], [], []
        for leaf in table.leaves:
            if leaf.width is None or leaf.repeated:
                others.append(leaf)
            elif leaf.always_set:
                derived.append(leaf)
            else:
                fixed.append(leaf)
        self.sizes = {leaf.path: self.rows * (leaf.width or 0) for leaf in derived}
        if table.streaming_buffer_bytes and (fixed or others):
            # The dry run counts the rows of the buffer, for which nobody pays; the figures of the table do not.
            try:
                whole = self._bytes_of(EVERY_COLUMN)
            except _Open:
                return self._done(self.sizes, {}, ())
            if whole != self.bytes:
                return self._done(self.sizes, {}, (_BUFFERED if whole is not None else _BUFFERED_UNTOLD,))
        self._group(fixed, None)
        for leaf in others:
            self._group([leaf], None)
        if self.open:
            return self._done(self.sizes, {}, ())
        known = sum(self.sizes.values())
        nothing = not any(self.sizes[path] for path in self.asked)
        if self.asked and nothing and known < self.bytes and not self.unsaid:
            kept = {leaf.path: self.sizes[leaf.path] for leaf in derived}
            return self._done(kept, {}, (_HIDDEN,), hidden=True)
        remarks = []
        if len(self.unsaid) == 1 and known <= self.bytes and not (self.asked and nothing):
            self.sizes[self.unsaid[0]] = self.bytes - known
        elif self.unsaid:
            remarks.append(f"no size can be told of {', '.join(self.unsaid)}")
        elif self.sizes and known != self.bytes:
            remarks.append(
                f"its columns come to {known:,} bytes, but the table says {self.bytes:,}: has it changed meanwhile?"
            )
        measured = self._in_partitions(partitions)
        if not self.open and (odd := self._odd_partitions(measured)):
            remarks.append(f"in {odd:,} of its partitions the columns do not come to the partition's bytes")
        return self._done(self.sizes, measured, tuple(remarks))

    def _done(
        self,
        sizes: Mapping[str, int],
        partitions: Mapping[str, Mapping[str, int]],
        remarks: tuple[str, ...],
        hidden: bool = False,
    ) -> Measures:
        return Measures(sizes, {} if self.open else partitions, tuple(self.open), remarks, hidden)

    # -- columns of the whole table ----------------------------------------------------------------

    def _group(self, leaves: Sequence[Leaf], total: int | None) -> None:
        """Note the sizes of some leaves. `total`: what they come to together, when that is known."""
        if not leaves:
            return
        paths = tuple(leaf.path for leaf in leaves)
        try:
            found = total if total is not None else self._bytes_of(paths)
        except _Open:
            return
        single = len(leaves) == 1
        most = self.rows * sum(leaf.width or 0 for leaf in leaves)
        if found is None and single:
            self.unsaid.append(paths[0])
        elif found is not None and (single or found in (0, most)):
            self.asked += paths
            for leaf in leaves:
                size = found if single else self.rows * (leaf.width or 0) if found else 0
                self.sizes[leaf.path] = size
        else:
            self._halves(leaves, found if found is not None and found < most else None)

    def _halves(self, leaves: Sequence[Leaf], total: int | None) -> None:
        """As `_group`; the second half is what the first one leaves of the total."""
        first, second = leaves[: len(leaves) // 2], leaves[len(leaves) // 2 :]
        if total is None:
            self._group(first, None)
            self._group(second, None)
            return
        try:
            part = self._bytes_of(tuple(leaf.path for leaf in first))
        except _Open:
            return
        self._group(first, part)
        rest = total - part if part is not None else -1
        fits = 0 <= rest <= self.rows * sum(leaf.width or 0 for leaf in second)
        self._group(second, rest if fits else None)

    def _bytes_of(self, paths: tuple[str, ...]) -> int | None:
        """Bytes of leaves in all rows; None when BigQuery does not say.

        Raises:
            _Open: not all answers that this takes are there.
        """
        return self._sum([item for part in self._parts() for item in self._terms(paths, part)])

    def _parts(self) -> tuple[str, ...]:
        """The filters by which all rows are read."""
        partitioning = self.table.partitioning
        if partitioning is None or not partitioning.require_filter:
            return (WHOLE,)
        listed = partitioning.partitions
        if partitioning.by_ingestion_time or (
            listed is not None and all(partition.id != NULL_PARTITION for partition in listed)
        ):
            return (EVERY_VALUE,)
        return (EVERY_VALUE, NULL_PARTITION)

    def _terms(self, paths: tuple[str, ...], part: str) -> list[tuple[int, Question]]:
        """What the bytes of leaves in a part come from: the filter reads the partition column, which goes off again
        unless it is asked for."""
        terms = [(1, Question(self.table.name, paths, part))]
        partitioning = self.table.partitioning
        if partitioning is not None and part != WHOLE and paths != EVERY_COLUMN:
            filtered = partitioning.column.lower()
            if all(path.lower() != filtered for path in paths):
                terms.append((-1, Question(self.table.name, (), part)))
        return terms

    def _sum(self, terms: Sequence[tuple[int, Question]]) -> int | None:
        missing = [question for _, question in terms if question not in self.answers]
        if missing:
            self.open.update(dict.fromkeys(missing))
            raise _Open
        total = 0
        for sign, question in terms:
            answer = self.answers[question]
            if answer is None:
                return None
            total += sign * answer
        return max(total, 0)

    # -- columns in partitions ---------------------------------------------------------------------

    def _in_partitions(self, chosen: Sequence[str]) -> dict[str, dict[str, int]]:
        """Sizes in each partition of the leaves that do not follow from its rows."""
        table = self.table
        found: dict[str, dict[str, int]] = {}
        for identifier in chosen:
            if identifier == UNPARTITIONED:
                continue  # no filter selects it
            sizes = found.setdefault(identifier, {})
            for leaf in table.leaves:
                size = self.sizes.get(leaf.path)
                if size is None or (
                    leaf.width is not None and not leaf.repeated and size == self.rows * leaf.width
                ):
                    continue
                try:
                    part = self._sum(self._terms((leaf.path,), identifier)) if size else 0
                except _Open:
                    continue
                if part is not None:
                    sizes[leaf.path] = part
        return {identifier: sizes for identifier, sizes in found.items() if sizes}

    def _odd_partitions(self, measured: Mapping[str, Mapping[str, int]]) -> int:
        """Measured partitions in which all columns are known, but come to other bytes than the partition has."""
        partitioning = self.table.partitioning
        odd = 0
        for partition in (partitioning.partitions or ()) if partitioning is not None else ():
            sizes = measured.get(partition.id)
            if sizes is None or partition.rows is None or partition.bytes is None:
                continue
            widths = [
                leaf.width or 0
                for leaf in self.table.leaves
                if leaf.path not in sizes and leaf.path in self.sizes
            ]
            if len(widths) + len(sizes) == len(self.table.leaves):
                odd += sum(sizes.values()) + partition.rows * sum(widths) != partition.bytes
        return odd


_BUFFERED: Final = (
    "rows are in its streaming buffer, which dry runs count and the bill does not: "
    "only the sizes that follow from its rows are known"
)
_BUFFERED_UNTOLD: Final = (
    "rows are in its streaming buffer, and how much is not told: "
    "only the sizes that follow from its rows are known"
)
_HIDDEN: Final = "row-level security hides the bytes of its queries: its dry runs say 0"
