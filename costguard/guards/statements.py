"""Guards of tables and datasets as GoogleSQL."""

from __future__ import annotations

from datetime import UTC, datetime

from costguard.guards.declared import ExpirationGuard, PartitionFilterGuard


def partition_filter_sql(guard: PartitionFilterGuard) -> str:
    """The statement that makes a table ask for a filter."""
    return f"ALTER TABLE {guard.table.sql} SET OPTIONS (require_partition_filter = TRUE);"


def expiration_sql(guard: ExpirationGuard) -> str:
    """The statement that lets something expire."""
    options = []
    if guard.expires is not None:
        options.append(f"expiration_timestamp = TIMESTAMP '{moment_sql(guard.expires)}'")
    if guard.table is not None:
        if guard.partition_days is not None:
            options.append(f"partition_expiration_days = {guard.partition_days}")
        return f"ALTER TABLE {guard.table.sql} SET OPTIONS ({', '.join(options)});"
    if guard.table_days is not None:
        options.append(f"default_table_expiration_days = {guard.table_days}")
    if guard.partition_days is not None:
        options.append(f"default_partition_expiration_days = {guard.partition_days}")
    assert guard.dataset is not None
    return f"ALTER SCHEMA {guard.dataset.sql} SET OPTIONS ({', '.join(options)});"


def moment_sql(moment: datetime) -> str:
    """A moment as it stands in a TIMESTAMP literal."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00"
