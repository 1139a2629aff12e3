"""What a catalog holds, and what a pull of one took, for people and for programs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from costguard.catalog.model import Leaf, Table
from costguard.catalog.summary import CatalogFigures, TableFigures, figures, flags
from costguard.money import format_bytes, format_usd
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.times import moment

if TYPE_CHECKING:
    from costguard.cloud.pull import Pulled

VERSION: Final = 1
SHOWN_PARTITIONS: Final = 12
SHOWN_MEMBERS: Final = 3
"""So many members of a wildcard, or more, stand in one line."""
_SHARD: Final = re.compile(r"(.*_)\d{8}")
_UNKNOWN: Final = "?"
_VIEWS: Final = frozenset({"view"})
_KINDS: Final = {
    "table": ("table",),
    "view": ("view",),
    "materialized_view": ("materialized view",),
    "external": ("external table",),
    "snapshot": ("snapshot",),
}


def catalog_text(found: CatalogFigures) -> str:
    """The catalog: its sums, and a line a table."""
    return _text(_catalog_lines(found))


def table_text(table: Table) -> str:
    """A table: its columns and its newest partitions."""
    return _text(_table_lines(figures(table)))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{harmless(line)}\n" for line in lines)


def _catalog_lines(found: CatalogFigures) -> Iterator[str]:
    tables = found.tables
    yield f"As of      {moment(found.moment) if found.moment else found.as_of or 'not said'}{_age(found.age)}"
    kinds = Counter(item.table.kind for item in tables)
    each = ", ".join(counted(count, *_KINDS[kind]) for kind, count in sorted(kinds.items()))
    yield f"Tables     {len(tables):,}" + (f": {each}" if each else "")
    known = [item.table.bytes for item in tables if item.table.bytes is not None]
    unknown = sum(item.table.bytes is None and item.table.kind not in _VIEWS for item in tables)
    rest = f", {counted(unknown, 'table')} of unknown size" if unknown else ""
    yield f"Bytes      {format_bytes(sum(known))} in {counted(len(known), 'table')}{rest}"
    partitioned = [item for item in tables if item.table.partitioning is not None]
    if partitioned:
        yield f"Partitions {_partition_sums(partitioned)}"
    columns, sized = sum(item.columns for item in tables), sum(item.sized for item in tables)
    of_views = sum(item.columns for item in tables if item.table.kind in _VIEWS)
    without = columns - sized - of_views
    parts = [f"{sized:,} with exact sizes"]
    parts += [f"{without:,} without"] if without else []
    parts += [f"{of_views:,} of views"] if of_views else []
    yield f"Columns    {columns:,}: {', '.join(parts)}"
    if tables:
        yield ""
        yield from _grid(
            ("table", "kind", "rows", "bytes", "partitions", "columns sized"),
            [_row(name, list(items)) for name, items in groupby(tables, _family(tables))],
            left=2,
        )


def _family(tables: Sequence[TableFigures]) -> Callable[[TableFigures], str]:
    """By what tables stand in one line: their name, or that of the wildcard that they are members of."""
    members = Counter(_prefix(item.table.name) for item in tables)

    def name(item: TableFigures) -> str:
        prefix = _prefix(item.table.name)
        return f"{prefix}*" if prefix and members[prefix] >= SHOWN_MEMBERS else item.table.name

    return name


def _prefix(name: str) -> str:
    """What stands before the date at the end of a name; empty when there is no date."""
    found = _SHARD.fullmatch(name)
    return found[1] if found is not None else ""


def _row(name: str, items: Sequence[TableFigures]) -> tuple[str, ...]:
    first = items[0]
    kind = first.table.kind.replace("_", " ")
    sized, columns = sum(item.sized for item in items), sum(item.columns for item in items)
    return (
        name,
        kind if len(items) == 1 else f"{len(items):,} members",
        _number(_sum(item.table.rows for item in items)),
        _bytes(_sum(item.table.bytes for item in items)),
        _number(_sum(item.partitions for item in items)) if first.table.partitioning is not None else "",
        f"{sized:,} of {columns:,}" if first.table.kind not in _VIEWS else "",
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum; unknown if a part is."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _partition_sums(partitioned: Sequence[TableFigures]) -> str:
    listed = [item for item in partitioned if item.partitions is not None]
    count = sum(item.partitions or 0 for item in listed)
    parts = [f"{count:,} of {counted(len(listed), 'table')}"]
    if with_columns := sum(item.sized_partitions for item in listed):
        parts.append(f"{with_columns:,} with exact sizes of columns")
    if unlisted := len(partitioned) - len(listed):
        parts.append(f"not listed for {counted(unlisted, 'table')}")
    return ", ".join(parts)


def _table_lines(item: TableFigures) -> Iterator[str]:
    table = item.table
    where = f" in {table.location}" if table.location else ""
    yield f"{table.name}: {table.kind.replace('_', ' ')}{where}"
    yield f"Rows       {_number(table.rows)}"
    exact = f" ({table.bytes:,} bytes)" if table.bytes is not None and table.bytes >= 1024 else ""
    yield f"Bytes      {_bytes(table.bytes)}{exact}"
    partitioning = table.partitioning
    if partitioning is not None:
        required = ", a filter is required" if partitioning.require_filter else ""
        listed = f"{item.partitions:,} partitions" if item.partitions is not None else "partitions not listed"
        yield f"Partitions by {partitioning.column} ({partitioning.type}), {listed}{required}"
    if table.clustering:
        yield f"Clustered  by {', '.join(table.clustering)}"
    if table.primary_key:
        yield f"Key        {', '.join(table.primary_key)}"
    for key in table.foreign_keys:
        yield f"Refers     {', '.join(key.columns)} to {key.table} ({', '.join(key.references)})"
    if table.streaming_buffer_bytes:
        yield f"Streaming  {format_bytes(table.streaming_buffer_bytes)} in the buffer, which are not counted above"
    if table.row_access_policies:
        yield "Hidden     row-level security hides the bytes of its queries"
    yield f"Columns    {item.columns:,}, {item.sized:,} with exact sizes"
    if table.leaves:
        yield ""
        yield from _grid(
            ("column", "type", "mode", "bytes", "share"),
            [_column(leaf, table) for leaf in table.leaves],
            left=3,
        )
    if partitioning is not None and partitioning.partitions:
        yield ""
        shown = partitioning.partitions[-SHOWN_PARTITIONS:]
        if len(shown) < len(partitioning.partitions):
            left_out = len(partitioning.partitions) - len(shown)
            yield f"the last {len(shown)} partitions; --format json has the {left_out:,} before them too"
        yield from _grid(
            ("partition", "rows", "bytes", "columns sized"),
            [(p.id, _number(p.rows), _bytes(p.bytes), f"{len(p.columns)}") for p in shown],
            left=1,
        )
    if table.view_query:
        yield ""
        yield from table.view_query.splitlines()


def _column(leaf: Leaf, table: Table) -> tuple[str, ...]:
    share = f"{100 * leaf.bytes / table.bytes:.1f} %" if leaf.bytes is not None and table.bytes else ""
    return leaf.path, leaf.type, flags(leaf), _bytes(leaf.bytes), share


def _grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: int) -> Iterator[str]:
    """Columns side by side, the first `left` ones to the left and the others, numbers, to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _number(count: int | None) -> str:
    return f"{count:,}" if count is not None else _UNKNOWN


def _bytes(count: int | None) -> str:
    return format_bytes(count) if count is not None else _UNKNOWN


def _age(age: timedelta | None) -> str:
    if age is None:
        return ""
    hours = int(age.total_seconds() // 3600)
    if hours < 0:
        return ", which is yet to come"
    if hours == 0:
        return ", less than an hour old"
    return f", {counted(hours // 24, 'day')} old" if hours >= 24 else f", {counted(hours, 'hour')} old"


def catalog_json(found: CatalogFigures) -> str:
    """The document that `docs/catalog.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "as_of": found.as_of,
        "age_seconds": int(found.age.total_seconds()) if found.age is not None else None,
        "tables": [_figures(item) for item in found.tables],
    }
    return json.dumps(document, indent=2) + "\n"


def table_json(table: Table) -> str:
    """The document that `docs/catalog.md` describes."""
    partitioning = table.partitioning
    document: dict[str, Any] = {
        "version": VERSION,
        **_figures(figures(table)),
        "column_sizes": [
            {"path": leaf.path, "type": leaf.type, "mode": leaf.mode, "bytes": leaf.bytes}
            for leaf in table.leaves
        ],
        "partition_sizes": [
            {"id": item.id, "rows": item.rows, "bytes": item.bytes, "columns": dict(item.columns)}
            for item in partitioning.partitions
        ]
        if partitioning is not None and partitioning.partitions is not None
        else None,
    }
    return json.dumps(document, indent=2) + "\n"


def _figures(item: TableFigures) -> dict[str, Any]:
    table = item.table
    return {
        "name": table.name,
        "kind": table.kind,
        "location": table.location,
        "rows": table.rows,
        "bytes": table.bytes,
        "columns": item.columns,
        "columns_sized": item.sized,
        "partition_column": table.partitioning.column if table.partitioning is not None else None,
        "partitions": item.partitions,
        "partitions_sized": item.sized_partitions,
        "clustering": list(table.clustering),
        "row_access_policies": table.row_access_policies,
        "streaming_buffer_bytes": table.streaming_buffer_bytes,
    }


def pulled_text(pulled: Pulled, found: CatalogFigures, output: str, usd: Decimal | None) -> str:
    """What was written, what is missing, and what the pull itself cost. `usd`: None when that is not known."""
    return _text(_pulled_lines(pulled, found, output, usd))


def _pulled_lines(pulled: Pulled, found: CatalogFigures, output: str, usd: Decimal | None) -> Iterator[str]:
    columns, sized = sum(item.columns for item in found.tables), sum(item.sized for item in found.tables)
    tables = counted(len(found.tables), "table")
    yield f"Wrote      {output}: {tables}, {sized:,} of {columns:,} columns with exact sizes"
    if pulled.elsewhere:
        yield f"Left out   {counted(pulled.elsewhere, 'table')} of other locations"
    for name, remark in pulled.remarks:
        yield f"Less known {name}: {remark}"
    if pulled.unread:
        yield f"Not read   {counted(len(pulled.unread), 'thing')}, named on stderr; run it again to read only these"
    earlier = f", {pulled.remembered:,} known from an earlier pull" if pulled.remembered else ""
    yield f"Cost       {_cost(pulled, usd)}; {counted(pulled.dry_runs, 'dry run')} for nothing{earlier}"


def _cost(pulled: Pulled, usd: Decimal | None) -> str:
    if not pulled.charges:
        return "$0.00"
    sizes = [charge.bytes_billed for charge in pulled.charges]
    queries = counted(len(sizes), "query", "queries")
    if usd is None:
        return f"{queries} for an amount that is not known"
    return f"{format_usd(usd)} for {queries} of {format_bytes(sum(size or 0 for size in sizes))} billed"
