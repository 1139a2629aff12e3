"""The estimated columns of scans, and the rows of `columns_read` that follow from them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from costguard.estimate.amounts import if_pruned, modified_amount, union_amount, unreadable
from costguard.estimate.bytes import NOTHING, UNKNOWN, Amount, exactly
from costguard.estimate.columns import Reading, ResolvedScan, ViewTarget
from costguard.estimate.eliminate import LeftOut, amount_without, remaining
from costguard.estimate.partitions import size_of
from costguard.estimate.prune import Pruned
from costguard.money import BYTES_MINIMUM

ESTIMATED: Final = (
    "table",
    "known",
    "kind",
    "columns_read",
    "columns_total",
    "columns_unused",
    "partition_column",
    "partition_type",
    "require_filter",
    "clustered",
    "clustering_columns",
    "pruning",
    "pruning_cause",
    "pruning_reason",
    "pruning_at",
    "partitions_kept",
    "partitions_total",
    "modelled_partitions",
    "eliminated",
    "rows",
    "table_rows",
    "table_bytes",
    "bytes_low",
    "bytes",
    "bytes_high",
    "bytes_basis",
    "bytes_unused",
    "bytes_if_pruned",
    "view_lacks",
)
_DEFAULTS: Final[dict[str, Any]] = {
    "known": False,
    "modelled_partitions": False,
    "eliminated": False,
    "columns_read": 0,
    "pruning": "unknown",
    "bytes_basis": "unknown",
}

SCHEMA_VIEW: Final = exactly(BYTES_MINIMUM, "lower-bound")
"""A view of INFORMATION_SCHEMA is billed at least 10 MiB
(docs.cloud.google.com/bigquery/docs/information-schema-intro#pricing)."""


class ScanColumns:
    """The estimated columns of all scans, row by row."""

    def __init__(self, table_names: list[str]) -> None:
        count = len(table_names)
        self.values: dict[str, list[Any]] = {name: [_DEFAULTS.get(name)] * count for name in ESTIMATED}
        self.values["table"] = list(table_names)

    def set(self, scan: int, **found: Any) -> None:
        """Set columns of one scan."""
        for name, value in found.items():
            self.values[name][scan] = value


class ColumnRow(NamedTuple):
    """A row of `columns_read`, without its query."""

    column: str
    at: int | None
    through_star: bool
    table: str
    type: str
    required: bool
    bytes: int | None
    wanted: bool


def scan_amount(
    scan: ResolvedScan, statement: str, *, changes: bool, alone: bool, without: LeftOut | None = None
) -> Amount:
    """Bytes of one scan as if it stood alone; for the target of DML with what changing it adds. `without`: joins of the
    statement that are left out."""
    if scan.resolved.meaning == "information_schema":
        return SCHEMA_VIEW
    if scan.target is None or not scan.complete:
        known = union_amount(scan.target.readings) if scan.target is not None else NOTHING
        return Amount(known.low, None, None, "unknown")
    targets = scan.target.readings if changes else []
    return amount_without(
        scan.target.readings, without, lambda left: amount_of(left, targets, statement, alone=alone)
    )


def amount_of(readings: list[Reading], targets: list[Reading], statement: str, *, alone: bool) -> Amount:
    """Bytes of several readings in one statement, `targets` among them being changed by it."""
    total = union_amount(readings)
    for target in targets:
        added = modified_amount(target, statement, alone=alone)
        if statement == "DELETE" and added.point == 0:
            # Whole partitions are dropped: not even the filter's column is read.
            if added.high == 0:
                return NOTHING
            return Amount(0, 0, (total.high or 0) + (added.high or 0), "upper-bound")
        total = total.plus(added)
    return total


def column_rows(scan: ResolvedScan, without: LeftOut | None = None) -> list[ColumnRow]:
    """The leaf columns that a scan reads, members of a wildcard taken together. `without`: joins of the statement that
    are left out."""
    target = scan.target
    if target is None:
        return []
    wildcard = scan.resolved.name if scan.resolved.meaning == "wildcard" else None
    found: dict[tuple[str, str], ColumnRow] = {}
    readings = target.readings
    if without is not None:
        readings = remaining(readings, without.likely, most=False)
    for reading in readings:
        facts = reading.facts
        table = facts.table
        uses = [(number, use.at, use.through_star, use.wanted) for number, use in reading.uses.items()]
        for leaves in reading.arrays:
            if not any(number in reading.uses for number in leaves):
                smallest = min(
                    leaves, key=lambda number: facts.leaf_in(number, reading.pruned.runs).point or 0
                )
                uses.append((smallest, None, False, True))
        for number, at, through_star, wanted in uses:
            leaf = table.leaves[number]
            size = None if unreadable(reading) else facts.leaf_in(number, reading.pruned.runs).point
            key = (wildcard or table.name, leaf.path)
            before = found.get(key)
            if before is not None:
                size = None if size is None or before.bytes is None else size + before.bytes
                at = before.at if before.at is not None else at
                through_star = through_star and before.through_star
                wanted = wanted or before.wanted
            required = leaf.mode == "REQUIRED" or leaf.path in table.primary_key
            found[key] = ColumnRow(leaf.path, at, through_star, key[0], leaf.type, required, size, wanted)
    return list(found.values())


def describe_scan(
    columns: ScanColumns,
    number: int,
    scan: ResolvedScan,
    amount: Amount,
    rows: list[ColumnRow],
    wildcard: Pruned | None,
    *,
    known_use: bool,
    changes: bool,
    free: bool,
    without: LeftOut | None = None,
) -> None:
    """Fill the estimated columns of a scan. `free`: the statement reads nothing when it runs (CREATE
    VIEW). `without`: joins of the statement that are left out."""
    meaning = scan.resolved.meaning
    columns.set(number, table=scan.resolved.name, bytes_low=amount.low)
    if amount.point is not None:
        columns.set(
            number, bytes_low=amount.low, bytes=amount.point, bytes_high=amount.high, bytes_basis=amount.basis
        )
    if meaning == "information_schema":
        columns.set(number, kind="view", pruning="unpartitioned")
        return
    columns.set(number, known=True, kind="view" if scan.view else "table", columns_read=len(rows))
    if scan.view and amount.point is None:
        columns.set(number, view_lacks=list(scan.lacks))
    readings = scan.target.readings if scan.target is not None else []
    since = any(reading.pruned.since for reading in readings)
    if not readings:
        _describe_wildcard(columns, number, wildcard)
        return
    shown = _telling(readings)
    table, pruned = shown.facts.table, shown.pruned
    if known_use and not isinstance(scan.target, ViewTarget):
        unused = [row for row in rows if not row.wanted]
        sizes = [row.bytes for row in unused if row.bytes is not None]
        columns.set(
            number, columns_unused=len(unused), bytes_unused=sum(sizes) if len(sizes) == len(unused) else None
        )
    if not scan.view:
        columns.set(number, kind=table.kind, columns_total=len(table.leaves) if table.columns_known else None)
    columns.set(
        number,
        clustered=bool(table.clustering),
        clustering_columns=list(table.clustering),
        pruning=pruned.pruning,
        pruning_cause=pruned.cause,
        pruning_reason=pruned.reason,
        pruning_at=pruned.at,
        rows=_sum([reading.facts.rows_in(reading.pruned.runs) for reading in readings])
        if not scan.view
        else None,
        table_rows=_sum([reading.facts.table.rows for reading in readings]) if not scan.view else None,
        table_bytes=_sum([reading.facts.table.bytes for reading in readings]),
    )
    if table.partitioning is not None:
        columns.set(
            number,
            partition_column=table.partitioning.column,
            partition_type=table.partitioning.type,
            require_filter=table.partitioning.require_filter,
        )
    if wildcard is None and shown.facts.listed:
        columns.set(number, partitions_kept=_kept(pruned), partitions_total=pruned.total)
    _describe_wildcard(columns, number, wildcard)
    columns.set(number, modelled_partitions=since)
    left = remaining(readings, without.likely, most=False) if without is not None else readings
    columns.set(number, eliminated=not left)
    if not free:
        columns.set(number, bytes_if_pruned=if_pruned(left, target=changes))


def _describe_wildcard(columns: ScanColumns, number: int, wildcard: Pruned | None) -> None:
    """For a wildcard, the members that are left count in the place of partitions."""
    if wildcard is not None:
        columns.set(
            number,
            partitions_kept=_kept(wildcard),
            partitions_total=wildcard.total,
            pruning=wildcard.pruning,
            pruning_cause=wildcard.cause,
            pruning_reason=wildcard.reason,
            pruning_at=wildcard.at,
        )


def _kept(pruned: Pruned) -> int | None:
    """Partitions or members that are read; at most, or not known, where the run narrows them further."""
    return pruned.at_most if pruned.unknown else size_of(pruned.runs)


def _telling(readings: list[Reading]) -> Reading:
    """The reading that stands for a scan of several tables: the partitioned one with the most bytes."""
    return max(
        readings, key=lambda reading: (reading.facts.index is not None, reading.facts.table.bytes or 0)
    )


def _sum(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


__all__ = [
    "SCHEMA_VIEW",
    "UNKNOWN",
    "ColumnRow",
    "ScanColumns",
    "amount_of",
    "column_rows",
    "describe_scan",
    "scan_amount",
]
