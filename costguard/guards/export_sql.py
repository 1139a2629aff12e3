"""Declared guards as a SQL script: what BigQuery can set with DDL."""

from __future__ import annotations

from collections.abc import Iterator

from costguard.guards.declared import Guards
from costguard.guards.exported import DELETES, disabled, elsewhere
from costguard.guards.statements import expiration_sql, partition_filter_sql


def export_sql(guards: Guards, include_destructive: bool) -> str:
    """The script. Statements that delete data are comments unless they are asked for."""
    return "".join(f"{line}\n" for line in _lines(guards, include_destructive))


def _lines(guards: Guards, include_destructive: bool) -> Iterator[str]:
    yield "-- Guards of costguard, as declared. Running it again changes nothing."
    for line in elsewhere(guards, "sql"):
        yield f"-- {line}"
    for guard in guards.partition_filter:
        yield ""
        yield partition_filter_sql(guard)
    for expiration in guards.expiration:
        yield ""
        statement = expiration_sql(expiration)
        if not expiration.destructive:
            yield statement
            continue
        yield f"-- {DELETES}"
        yield from [statement] if include_destructive else disabled([statement], "-- ")
