"""What is known of the warehouse: tables with their sizes, built from the raw JSON when first asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

FIXED_WIDTHS: Final[Mapping[str, int]] = {
    "INT64": 8,
    "INTEGER": 8,
    "INT": 8,
    "SMALLINT": 8,
    "BIGINT": 8,
    "TINYINT": 8,
    "BYTEINT": 8,
    "FLOAT64": 8,
    "FLOAT": 8,
    "BOOL": 1,
    "BOOLEAN": 1,
    "DATE": 8,
    "DATETIME": 8,
    "TIME": 8,
    "TIMESTAMP": 8,
    "NUMERIC": 16,
    "DECIMAL": 16,
    "BIGNUMERIC": 32,
    "BIGDECIMAL": 32,
    "INTERVAL": 16,
    "RANGE": 16,
}
"""Logical bytes of a value that is not NULL; NULL takes none
(docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes)."""

RECORD_TYPES: Final = frozenset({"RECORD", "STRUCT"})
NULL_PARTITION: Final = "__NULL__"
UNPARTITIONED: Final = "__UNPARTITIONED__"
INGESTION_TIME: Final = "_PARTITIONTIME"


class CatalogError(Exception):
    """A catalog that cannot be used; the message names the file and the field."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf column. Bytes are logical bytes."""

    path: str
    type: str
    """Upper case, without parameters: `NUMERIC` for `NUMERIC(10, 2)`."""
    mode: str
    bytes: int | None
    always_set: bool
    """One value that is never NULL in every row: REQUIRED, and every record around it too."""
    repeated: bool
    """An array, or inside one: the number of values does not follow from the number of rows."""

    @property
    def width(self) -> int | None:
        """Bytes of one value when the type has a fixed width."""
        return FIXED_WIDTHS.get(self.type)


@dataclass(frozen=True, slots=True)
class IntegerRange:
    """The ranges of a table that is partitioned by an integer: from start, up to end (exclusive)."""

    start: int
    end: int
    interval: int


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition with its logical bytes; `columns` by leaf path, as far as they are known."""

    id: str
    rows: int | None
    bytes: int | None
    columns: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Partitioning:
    """How a table is partitioned. `partitions` stand in the order of their values, the special ones last."""

    column: str
    type: str
    """HOUR, DAY, MONTH, YEAR, RANGE."""
    require_filter: bool
    range: IntegerRange | None
    partitions: tuple[Partition, ...] | None
    """None when the catalog does not list them."""

    @property
    def by_ingestion_time(self) -> bool:
        """Partitioned by the time of loading, with the pseudo-columns _PARTITIONTIME and _PARTITIONDATE."""
        return self.column.upper() in (INGESTION_TIME, "_PARTITIONDATE")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A declared foreign key."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialized view, external table or snapshot."""

    name: str
    """project.dataset.table"""
    kind: str
    location: str | None
    rows: int | None
    bytes: int | None
    """Logical bytes, without the streaming buffer."""
    leaves: tuple[Leaf, ...]
    columns_known: bool
    """False when the catalog does not list the columns."""
    partitioning: Partitioning | None
    clustering: tuple[str, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    view_query: str | None
    row_access_policies: bool
    streaming_buffer_bytes: int


Raw = Mapping[str, Any]


class Catalog:
    """The tables of one or several catalog files, by name. Table objects are built when first asked for."""

    __slots__ = ("_built", "_raw", "_sorted", "_suffixes", "_times", "as_of")

    def __init__(
        self,
        raw: Mapping[str, Raw] | None = None,
        as_of: str | None = None,
        times: Mapping[str, str | None] | None = None,
    ) -> None:
        self.as_of = as_of
        """The snapshot's own time, as written; of several files the oldest."""
        self._times = times
        """As written in the file that each table is from; None where that is `as_of` for all."""
        self._raw: dict[str, Raw] = dict(raw or {})
        self._built: dict[str, Table] = {}
        self._sorted: list[str] | None = None
        self._suffixes: dict[str, list[str]] | None = None

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def raw(self) -> Mapping[str, Raw]:
        """The validated JSON of every table by name."""
        return self._raw

    def table(self, name: str) -> Table | None:
        """The table of exactly this full name, None when the catalog has none."""
        table = self._built.get(name)
        if table is None:
            raw = self._raw.get(name)
            if raw is None:
                return None
            table = self._built[name] = build_table(name, raw)
        return table

    def moment(self, name: str) -> datetime | None:
        """When what is said of a table was so; None when its catalog does not say, or not in ISO 8601."""
        return moment_of(self._times.get(name) if self._times is not None else self.as_of)

    def members(self, prefix: str) -> list[str]:
        """Full names that start with a prefix, in order: the members of a wildcard."""
        if self._sorted is None:
            self._sorted = sorted(self._raw)
        names = self._sorted
        low = high = bisect_left(names, prefix)
        while high < len(names) and names[high].startswith(prefix):
            high += 1
        return names[low:high]

    def in_any_project(self, dataset_and_table: str) -> list[str]:
        """Full names that end with `dataset.table`, whatever their project."""
        if self._suffixes is None:
            self._suffixes = {}
            for name in self._raw:
                dataset, _, table = name.rpartition(".")
                self._suffixes.setdefault(f"{dataset.rpartition('.')[2]}.{table}", []).append(name)
        return self._suffixes.get(dataset_and_table, [])


def moment_of(as_of: str | None) -> datetime | None:
    """The time that a catalog writes, in UTC unless it has a zone; None when it is not in ISO 8601."""
    try:
        moment = datetime.fromisoformat(as_of or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def build_table(name: str, raw: Raw) -> Table:
    """A table object from its validated JSON."""
    columns = raw.get("columns")
    return Table(
        name=name,
        kind=raw.get("kind") or "table",
        location=raw.get("location"),
        rows=raw.get("rows"),
        bytes=raw.get("bytes"),
        leaves=_leaves(columns or ()),
        columns_known=columns is not None,
        partitioning=_partitioning(raw.get("partitioning")),
        clustering=tuple(raw.get("clustering") or ()),
        primary_key=tuple(raw.get("primary_key") or ()),
        foreign_keys=tuple(
            ForeignKey(
                tuple(key.get("columns") or ()), key.get("table") or "", tuple(key.get("references") or ())
            )
            for key in raw.get("foreign_keys") or ()
        ),
        view_query=raw.get("view_query"),
        row_access_policies=bool(raw.get("row_access_policies")),
        streaming_buffer_bytes=raw.get("streaming_buffer_bytes") or 0,
    )


def plain_type(written: str) -> str:
    """A type without its parameters.

    >>> plain_type("numeric(10, 2)"), plain_type("ARRAY<STRING>"), plain_type("RANGE<DATE>")
    ('NUMERIC', 'ARRAY<STRING>', 'RANGE')
    """
    text = written.upper()
    if text.startswith("RANGE<"):
        return "RANGE"
    return text if "<" in text else text.partition("(")[0].strip()


def _leaves(columns: Any) -> tuple[Leaf, ...]:
    modes = {
        item["path"].lower(): (item.get("mode") or "NULLABLE").upper()
        for item in columns
        if item["type"].upper() in RECORD_TYPES and item.get("bytes") is None
    }
    found: list[Leaf] = []
    for item in columns:
        path: str = item["path"]
        if path.lower() in modes:
            continue
        kind = plain_type(item["type"])
        mode = (item.get("mode") or "NULLABLE").upper()
        repeated = mode == "REPEATED" or kind.startswith("ARRAY")
        if kind.startswith("ARRAY<"):
            kind, mode = plain_type(kind[6:].rstrip(">")), "REPEATED"
        always = mode == "REQUIRED"
        around = path.lower()
        while "." in around:
            around = around.rpartition(".")[0]
            record = modes.get(around, "NULLABLE")
            always = always and record == "REQUIRED"
            repeated = repeated or record == "REPEATED"
        found.append(Leaf(path, kind, mode, item.get("bytes"), always and not repeated, repeated))
    return tuple(found)


def _partitioning(raw: Raw | None) -> Partitioning | None:
    if raw is None:
        return None
    listed = raw.get("partitions")
    partitions = None
    kind = str(raw["type"]).upper()
    if listed is not None:
        partitions = tuple(
            Partition(item["id"], item.get("rows"), item.get("bytes"), item.get("columns") or {})
            for item in sorted(listed, key=lambda item: partition_order(kind, item["id"]))
        )
    span = raw.get("range")
    return Partitioning(
        column=raw["column"],
        type=kind,
        require_filter=bool(raw.get("require_filter")),
        range=IntegerRange(span["start"], span["end"], span["interval"]) if span is not None else None,
        partitions=partitions,
    )


def partition_order(kind: str, identifier: str) -> tuple[int, int, str]:
    """A key that sorts the ids of partitions by their values, the special ones last."""
    if identifier == NULL_PARTITION:
        return (1, 0, "")
    if identifier == UNPARTITIONED:
        return (2, 0, "")
    return (0, int(identifier), "") if kind == "RANGE" else (0, 0, identifier)
