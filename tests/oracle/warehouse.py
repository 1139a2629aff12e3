"""Catalog files of costguard's format as catalogs of the GoogleSQL analyser.

Read here from the JSON alone: costguard's own loader and name resolution are what the oracle checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zetasql.wasi._pb2.zetasql.public import type_pb2  # type: ignore[import-untyped]

from tests.oracle.googlesql import Message, empty_catalog

Json = dict[str, Any]

_TYPES = {"FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "INTEGER": "INT64", "BOOLEAN": "BOOL"}
"""BigQuery's names of types where the analyser's differ."""

PSEUDO_COLUMNS = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE", "_TABLE_SUFFIX": "STRING"}


@dataclass
class Structure:
    """A column, or a field of one, on the way from leaf paths to a type."""

    kind: str = "RECORD"
    repeated: bool = False
    fields: dict[str, Structure] = field(default_factory=dict)

    def type(self) -> Message:
        """The type as the analyser wants it."""
        if self.fields:
            found = type_pb2.TypeProto(type_kind=type_pb2.TYPE_STRUCT)
            for name, structure in self.fields.items():
                found.struct_type.field.add(field_name=name).field_type.CopyFrom(structure.type())
        else:
            found = simple_type(self.kind)
        return array_of(found) if self.repeated else found


def simple_type(name: str) -> Message:
    """The type of this name in BigQuery."""
    return type_pb2.TypeProto(type_kind=type_pb2.TypeKind.Value(f"TYPE_{_TYPES.get(name, name)}"))


def array_of(element: Message) -> Message:
    """ARRAY<element>."""
    found = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
    found.array_type.element_type.CopyFrom(element)
    return found


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the catalog, or the members of a wildcard as one."""

    name: str
    columns: Mapping[str, Structure]
    leaves: tuple[str, ...]
    view_query: str | None = None
    wildcard: bool = False
    ingestion_time: bool = False

    def under(self, path: Sequence[str]) -> frozenset[str]:
        """The leaves at or below a path; of a path into a JSON column, that column."""
        wanted = ".".join(path).lower()
        found = {leaf for leaf in self.leaves if f"{leaf.lower()}.".startswith(f"{wanted}.")}
        return frozenset(found or (self.under(path[:-1]) if len(path) > 1 else ()))


class Warehouse:
    """The tables of some catalog files, found by the names that queries use."""

    def __init__(self, tables: Iterable[Json], project: str, dataset: str | None = None) -> None:
        self._tables = {table["name"]: _table(table) for table in tables}
        self._project = project
        self._dataset = dataset

    def find(self, written: Sequence[str]) -> Table | None:
        """The table that a path as written names. Wildcards match members of one schema."""
        name = ".".join(written)
        parts = name.split(".")
        if len(parts) == 1 and self._dataset is not None:
            parts.insert(0, self._dataset)
        if len(parts) == 2:
            parts.insert(0, self._project)
        name = ".".join(parts)
        if not name.endswith("*"):
            return self._tables.get(name)
        members = [table for table in self._tables.values() if table.name.startswith(name[:-1])]
        if not members:
            return None
        return Table(name, members[0].columns, members[0].leaves, wildcard=True)

    def catalog(self, names: Iterable[Sequence[str]]) -> Message:
        """A catalog in which the tables go by these paths. Unknown ones are left out."""
        root = empty_catalog()
        folders: dict[tuple[str, ...], Message] = {(): root}
        for number, written in enumerate(sorted({tuple(name) for name in names})):
            table = self.find(written)
            if table is None:
                continue
            for length in range(1, len(written)):
                if written[:length] not in folders:
                    folders[written[:length]] = folders[written[: length - 1]].catalog.add(
                        name=written[length - 1]
                    )
            _add_table(folders[written[:-1]], written[-1], table, number)
        return root


def load_warehouse(paths: Sequence[Path], project: str, dataset: str | None = None) -> Warehouse:
    """The tables of catalog files."""
    tables = [table for path in paths for table in json.loads(path.read_text("utf-8"))["tables"]]
    return Warehouse(tables, project, dataset)


def _table(entry: Json) -> Table:
    columns: dict[str, Structure] = {}
    leaves: list[str] = []
    for column in entry["columns"]:
        *around, name = column["path"].split(".")
        place = columns
        for part in around:
            place = place.setdefault(part, Structure()).fields
        structure = place.setdefault(name, Structure())
        structure.kind = column["type"]
        structure.repeated = column.get("mode") == "REPEATED"
        if column["type"] != "RECORD":
            leaves.append(column["path"])
    partitioning = entry.get("partitioning") or {}
    return Table(
        entry["name"],
        columns,
        tuple(leaves),
        entry.get("view_query"),
        ingestion_time=partitioning.get("column") == "_PARTITIONTIME",
    )


def _add_table(folder: Message, name: str, table: Table, number: int) -> None:
    entry = folder.table.add(name=name, serialization_id=number + 1, full_name=table.name)
    for column, structure in table.columns.items():
        entry.column.add(name=column).type.CopyFrom(structure.type())
    pseudo = ["_TABLE_SUFFIX"] if table.wildcard else []
    if table.ingestion_time:
        pseudo += ["_PARTITIONTIME", "_PARTITIONDATE"]
    for column in pseudo:
        entry.column.add(name=column, is_pseudo_column=True).type.CopyFrom(
            simple_type(PSEUDO_COLUMNS[column])
        )
