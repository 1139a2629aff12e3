"""The settings of tables and datasets that guards are about: read, and changed if nobody else did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from costguard.cloud.bigquery import BigQuery
from costguard.cloud.problems import ChangedUnderneath, NotReadable
from costguard.guards.names import DatasetName, TableName
from costguard.guards.plan import Change, DatasetState, Setting, State, Subject, TableState, Unreadable

_TABLE_FIELDS: Final[Mapping[Setting, str]] = {
    "require_partition_filter": "require_partition_filter",
    "expires": "expires",
    "partition_days": "time_partitioning",
}
_DATASET_FIELDS: Final[Mapping[Setting, str]] = {
    "table_days": "default_table_expiration_ms",
    "partition_days": "default_partition_expiration_ms",
}


def read_states(bigquery: BigQuery, subjects: Iterable[Subject]) -> dict[Subject, State]:
    """The state of each table and dataset; of one that cannot be read, why.

    Raises:
        UsageProblem: nothing can be read.
    """
    found: dict[Subject, State] = {}
    for subject in subjects:
        try:
            found[subject] = read_state(bigquery, subject)
        except NotReadable as problem:
            found[subject] = Unreadable(str(problem))
    return found


def read_state(bigquery: BigQuery, subject: Subject) -> TableState | DatasetState:
    """The state of one. Raises as `BigQuery.table`."""
    if isinstance(subject, TableName):
        return table_state(bigquery.table(subject.project, subject.dataset, subject.table))
    description = bigquery.dataset(subject.project, subject.dataset)
    return DatasetState(
        _count(description.get("defaultTableExpirationMs")),
        _count(description.get("defaultPartitionExpirationMs")),
        description.get("etag"),
    )


def table_state(description: Mapping[str, Any]) -> TableState:
    """The state that `tables.get` tells."""
    by_time = description.get("timePartitioning")
    # The setting once stood in timePartitioning, and still does for old tables.
    required = description.get("requirePartitionFilter", (by_time or {}).get("requirePartitionFilter", False))
    expires = _count(description.get("expirationTime"))
    return TableState(
        require_filter=bool(required),
        partitioned=by_time is not None or description.get("rangePartitioning") is not None,
        time_partitioning=by_time,
        expires=datetime.fromtimestamp(expires / 1000, UTC) if expires is not None else None,
        etag=description.get("etag"),
    )


def carry_out(bigquery: BigQuery, change: Change) -> bool:
    """Make a change; False when it was there already, made by an answer that got lost, or by somebody else.

    Raises:
        ChangedUnderneath: the table or dataset is not what it was when it was read, nor what it should be.
        NotReadable, UsageProblem: it cannot be changed.
    """
    try:
        _send(bigquery, change)
    except ChangedUnderneath:
        if _is_so(read_state(bigquery, change.subject), change):
            return False
        raise
    return True


def _send(bigquery: BigQuery, change: Change) -> None:
    subject, settings = change.subject, change.settings
    if isinstance(subject, DatasetName):
        resource: dict[str, Any] = {
            "datasetReference": {"projectId": subject.project, "datasetId": subject.dataset},
            "etag": change.state.etag,
        }
        for setting, key in (
            ("table_days", "defaultTableExpirationMs"),
            ("partition_days", "defaultPartitionExpirationMs"),
        ):
            if setting in settings:
                resource[key] = str(settings[setting])  # type: ignore[index]
        bigquery.update_dataset(resource, [_DATASET_FIELDS[setting] for setting in settings])
        return
    assert isinstance(change.state, TableState)
    resource = {
        "tableReference": {
            "projectId": subject.project,
            "datasetId": subject.dataset,
            "tableId": subject.table,
        },
        "etag": change.state.etag,
    }
    if "require_partition_filter" in settings:
        resource["requirePartitionFilter"] = True
    expires = settings.get("expires")
    if isinstance(expires, datetime):
        resource["expirationTime"] = str(int(expires.timestamp() * 1000))
    if "partition_days" in settings:
        # Sent whole: what is left out of it would be taken away.
        kept = change.state.time_partitioning or {}
        resource["timePartitioning"] = {**kept, "expirationMs": str(settings["partition_days"])}
    bigquery.update_table(resource, [_TABLE_FIELDS[setting] for setting in settings])


def _is_so(state: TableState | DatasetState, change: Change) -> bool:
    if isinstance(state, DatasetState):
        have: dict[Setting, Any] = {"table_days": state.table_ms, "partition_days": state.partition_ms}
    else:
        have = {
            "require_partition_filter": state.require_filter,
            "expires": state.expires,
            "partition_days": state.partition_ms,
        }
    return all(have[setting] == value for setting, value in change.settings.items())


def _count(value: Any) -> int | None:
    """The API writes whole numbers as text."""
    return int(value) if value is not None else None
