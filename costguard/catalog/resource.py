"""A table as BigQuery's REST API describes it (`tables.get`) becomes an entry of a catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costguard.catalog.model import INGESTION_TIME, RECORD_TYPES, CatalogError

Json = Mapping[str, Any]

KINDS: Final[Mapping[str, str]] = {
    "TABLE": "table",
    "VIEW": "view",
    "MATERIALIZED_VIEW": "materialized_view",
    "EXTERNAL": "external",
    "SNAPSHOT": "snapshot",
}
"""BigQuery's words for what a table is, and the catalog's."""

_STORED: Final = frozenset({"table", "materialized_view", "snapshot"})
"""Kinds that hold rows of their own. Of the others the API says 0 rows and 0 bytes, which would be a lie."""

_STANDARD_TYPES: Final[Mapping[str, str]] = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "STRUCT": "RECORD",
}
"""The API's older names of types."""


@dataclass(frozen=True, slots=True)
class Described:
    """A table without the sizes that only dry runs and INFORMATION_SCHEMA know."""

    entry: dict[str, Any]
    """Of the catalog, version 1."""
    modified: str
    """When the table last changed, in milliseconds since 1970, as the API writes it."""
    legacy: bool = False
    """A view in legacy SQL: its query is not in the entry, since it means something else in GoogleSQL, or nothing."""

    @property
    def name(self) -> str:
        """project.dataset.table"""
        name: str = self.entry["name"]
        return name


def describe(resource: Json) -> Described:
    """The entry of a table, from the answer of `tables.get`.

    Raises:
        CatalogError: it is of a kind that a catalog does not know, or the answer lacks what every answer has.
    """
    try:
        reference = resource["tableReference"]
        name = ".".join(reference[key] for key in ("projectId", "datasetId", "tableId"))
        kind = KINDS.get(resource.get("type", "TABLE"))
        if kind is None:
            raise CatalogError(f"{name}: is a {resource['type']}, which a catalog does not know")
        legacy = bool((resource.get("view") or {}).get("useLegacySql"))
        entry = _entry(name, kind, resource)
        if legacy:
            entry["view_query"] = None
        return Described(entry, str(resource.get("lastModifiedTime", "")), legacy)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogError(f"the description of a table is not as expected ({error!r})") from None


def _entry(name: str, kind: str, resource: Json) -> dict[str, Any]:
    stored = kind in _STORED
    view = resource.get("view") or resource.get("materializedView") or {}
    buffer = resource.get("streamingBuffer") or {}
    constraints = resource.get("tableConstraints") or {}
    return {
        "name": name,
        "kind": kind,
        "location": resource.get("location"),
        "rows": _count(resource.get("numRows")) if stored else None,
        "bytes": _count(resource.get("numBytes")) if stored else None,
        "columns": list(_columns((resource.get("schema") or {}).get("fields") or ())),
        "partitioning": _partitioning(resource),
        "clustering": list((resource.get("clustering") or {}).get("fields") or ()),
        "primary_key": list((constraints.get("primaryKey") or {}).get("columns") or ()),
        "foreign_keys": [_foreign_key(key) for key in constraints.get("foreignKeys") or ()],
        "view_query": view.get("query") or None,
        "row_access_policies": False,
        "streaming_buffer_bytes": _count(buffer.get("estimatedBytes")) or 0,
    }


def _count(value: Any) -> int | None:
    """The API writes whole numbers as text."""
    return int(value) if value is not None else None


def _columns(fields: Sequence[Json], around: str = "") -> Iterator[dict[str, Any]]:
    """Leaves in the order of the schema; before those of a record that is repeated or required, the record."""
    for field in fields:
        path = f"{around}{field['name']}"
        kind = _STANDARD_TYPES.get(field["type"].upper(), field["type"].upper())
        mode = (field.get("mode") or "NULLABLE").upper()
        if kind not in RECORD_TYPES:
            yield {"path": path, "type": kind, "mode": mode, "bytes": None}
            continue
        if mode != "NULLABLE":
            yield {"path": path, "type": "RECORD", "mode": mode}
        yield from _columns(field.get("fields") or (), f"{path}.")


def _partitioning(resource: Json) -> dict[str, Any] | None:
    by_time, by_range = resource.get("timePartitioning"), resource.get("rangePartitioning")
    if by_time is not None:
        required = resource.get("requirePartitionFilter", by_time.get("requirePartitionFilter"))
        return {
            "column": by_time.get("field") or INGESTION_TIME,
            "type": by_time.get("type") or "DAY",
            "require_filter": bool(required),
            "partitions": None,
        }
    if by_range is None:
        return None
    span = by_range["range"]
    return {
        "column": by_range["field"],
        "type": "RANGE",
        "range": {key: int(span[key]) for key in ("start", "end", "interval")},
        "require_filter": bool(resource.get("requirePartitionFilter")),
        "partitions": None,
    }


def _foreign_key(key: Json) -> dict[str, Any]:
    table = key["referencedTable"]
    pairs = key.get("columnReferences") or ()
    return {
        "columns": [pair["referencingColumn"] for pair in pairs],
        "table": ".".join(table[part] for part in ("projectId", "datasetId", "tableId")),
        "references": [pair["referencedColumn"] for pair in pairs],
    }
