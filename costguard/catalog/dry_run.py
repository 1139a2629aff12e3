"""The text of a query whose dry run tells the bytes of some columns.

The text is only ever dry run, never executed. Partition bounds stand in it as literals, since for these the documents
promise that BigQuery skips the other partitions; they are written anew from the parsed number or moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from costguard.catalog.load import PARTITION_IDS
from costguard.catalog.model import NULL_PARTITION, RECORD_TYPES, Partitioning, Raw

WHOLE: Final = ""
"""The table as it stands, without a filter."""
EVERY_VALUE: Final = "*"
"""All partitions but those of NULL, by a filter: for tables that may not be read without one."""
EVERY_COLUMN: Final = ("*",)

_UNQUOTABLE: Final = re.compile(r"[`\\\x00-\x1f\x7f]")
_FORMATS: Final = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_FIRST_INTEGER: Final = -(2**63) + 1


class UnaskableError(ValueError):
    """A question that cannot be put into a query; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """How many bytes a query of these columns would process."""

    table: str
    columns: tuple[str, ...]
    """Leaf paths; none: a query that reads no column but that of its filter."""
    part: str = WHOLE
    """`WHOLE`, `EVERY_VALUE`, or the id of a partition."""


def query_text(question: Question, raw: Raw, partitioning: Partitioning | None) -> str:
    """The query, for the table with this entry of a catalog.

    Raises:
        UnaskableError: a name that cannot be quoted, or a partition that no filter selects.
    """
    kinds = {column["path"]: column for column in raw["columns"]}
    repeated = {
        path
        for path, column in kinds.items()
        if column["type"].upper() in RECORD_TYPES and (column.get("mode") or "").upper() == "REPEATED"
    }
    alias = _alias({path.partition(".")[0].lower() for path in kinds})
    sources = [f"{_quoted(question.table)} AS {alias}"]
    if question.columns == EVERY_COLUMN:
        selected = "*"
    else:
        items = [_item(path, alias, repeated, sources) for path in question.columns]
        selected = ", ".join(f"{item} AS c{number}" for number, item in enumerate(items or ["1"]))
    text = f"SELECT {selected} FROM {', '.join(sources)}"  # noqa: S608 - every name in it is quoted, or refused
    if question.part == WHOLE:
        return text
    if partitioning is None:
        raise UnaskableError(f"{question.table} has no partitions")
    column = next(
        (item["type"] for path, item in kinds.items() if path.lower() == partitioning.column.lower()), None
    )
    place = "_PARTITIONTIME" if partitioning.by_ingestion_time else _quoted(partitioning.column)
    return f"{text} WHERE {_condition(f'{alias}.{place}', column, question.part, partitioning)}"


def _alias(columns: Iterable[str]) -> str:
    """A name for the table that no column has."""
    alias = "t"
    while any(column.startswith(alias) for column in columns):
        alias += "_"
    return alias


def _item(path: str, alias: str, repeated: set[str], sources: list[str]) -> str:
    """A leaf as an expression; the arrays of records on the way to it become sources."""
    place, names = alias, path.split(".")
    for depth, name in enumerate(names, 1):
        place = f"{place}.{_quoted(name)}"
        if depth < len(names) and ".".join(names[:depth]) in repeated:
            source = f"UNNEST({place}) AS {alias}{len(sources)}"
            place = f"{alias}{len(sources)}"
            sources.append(source)
    return place


def _quoted(name: str) -> str:
    if not name or _UNQUOTABLE.search(name):
        raise UnaskableError(f"the name {name!r} cannot be quoted")
    return f"`{name}`"


def _condition(place: str, column_type: str | None, part: str, partitioning: Partitioning) -> str:
    if part == NULL_PARTITION:
        return f"{place} IS NULL"
    if partitioning.type == "RANGE":
        low, high = _integers(part, partitioning)
        return f"{place} >= {low}" + (f" AND {place} < {high}" if high is not None else "")
    kind = "TIMESTAMP" if partitioning.by_ingestion_time else column_type
    if kind not in ("DATE", "DATETIME", "TIMESTAMP"):
        raise UnaskableError(f"a partition column of type {kind} has no known literals")
    start, stop = _moments(part, partitioning.type)
    until = f" AND {place} < {_literal(kind, stop)}" if stop is not None else ""
    return f"{place} >= {_literal(kind, start)}{until}"


def _integers(part: str, partitioning: Partitioning) -> tuple[int, int | None]:
    if part == EVERY_VALUE:
        return _FIRST_INTEGER, None
    if partitioning.range is None or not PARTITION_IDS["RANGE"].fullmatch(part):
        raise UnaskableError(f"partition {part!r} cannot be selected by a filter")
    return int(part), int(part) + partitioning.range.interval


def _moments(part: str, granularity: str) -> tuple[datetime, datetime | None]:
    """The start of a partition and of the next one; None when that would be after the year 9999."""
    if part == EVERY_VALUE:
        return _FIRST, None
    try:
        if not PARTITION_IDS[granularity].fullmatch(part):
            raise ValueError
        start = datetime.strptime(part, _FORMATS[granularity]).replace(tzinfo=UTC)
    except ValueError:  # the 30th of February too
        raise UnaskableError(f"partition {part!r} cannot be selected by a filter") from None
    try:
        if granularity == "YEAR":
            return start, start.replace(year=start.year + 1)
        if granularity == "MONTH":
            return start, (start + timedelta(days=31)).replace(day=1)
        return start, start + timedelta(hours=1 if granularity == "HOUR" else 24)
    except (ValueError, OverflowError):
        return start, None


def _literal(kind: str, moment: datetime) -> str:
    day = f"{moment.year:04}-{moment:%m-%d}"
    if kind == "DATE":
        return f"DATE '{day}'"
    zone = "+00" if kind == "TIMESTAMP" else ""
    return f"{kind} '{day} {moment:%H:%M:%S}{zone}'"
