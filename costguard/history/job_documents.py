"""Jobs as the REST API and the logs tell them, as rows with the columns of `job_columns.JOBS`.

- `jobs.list` with `projection=full` (cloud.google.com/bigquery/docs/reference/rest/v2/jobs/list).
- Entries of the data access log that a sink writes to BigQuery (cloud.google.com/bigquery/docs/reference/auditlogs):
  the column `metadataJson` holds the job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def rest_job(document: Mapping[str, Any]) -> dict[str, Any]:
    """A job of `jobs.list`. Numbers are text there, times are milliseconds since 1970."""
    reference = _object(document, "jobReference")
    configuration, statistics = _object(document, "configuration"), _object(document, "statistics")
    job_type = configuration.get("jobType")
    query, counted = _object(configuration, "query"), _object(statistics, "query")
    status = _object(document, "status")
    dialect = query.get("useLegacySql")
    return {
        "job_id": reference.get("jobId"),
        "project": reference.get("projectId"),
        "parent": statistics.get("parentJobId"),
        "user": document.get("user_email"),
        "created": _milliseconds(statistics.get("creationTime")),
        "started": _milliseconds(statistics.get("startTime")),
        "ended": _milliseconds(statistics.get("endTime")),
        "state": status.get("state"),
        "error": _object(status, "errorResult").get("reason"),
        "job_type": job_type,
        "statement": counted.get("statementType"),
        "query": query.get("query"),
        "dialect": None if dialect is None else "LEGACY_SQL" if _truth(dialect) else "GOOGLE_SQL",
        "priority": query.get("priority"),
        "cache_hit": _truth(counted.get("cacheHit")),
        "bytes_processed": _integer(
            counted.get("totalBytesProcessed") or statistics.get("totalBytesProcessed")
        ),
        "bytes_billed": _integer(counted.get("totalBytesBilled")),
        "slot_ms": _integer(statistics.get("totalSlotMs")),
        "reservation": statistics.get("reservation_id"),
        "edition": statistics.get("edition"),
        "labels": _label_pairs(configuration.get("labels")),
        "tables": [_dotted(item) for item in counted.get("referencedTables") or () if isinstance(item, dict)],
        "destination": _dotted(_object(query, "destinationTable")),
        "query_hash": _object(_object(counted, "queryInfo"), "queryHashes").get("normalized_literals"),
        "location": reference.get("location"),
    }


def audit_job(metadata: str, user: str | None, location: str | None = None) -> dict[str, Any] | None:
    """The job that an entry of the data access log tells the end of; None when it tells something else."""
    try:
        document = json.loads(metadata)
    except ValueError:
        return None
    change = _object(document, "jobChange") if isinstance(document, dict) else {}
    if change.get("after") not in ("DONE", None):
        return None
    job = _object(change, "job")
    if not job:
        return None
    configuration, statistics, status = (_object(job, f"job{part}") for part in ("Config", "Stats", "Status"))
    query, counted = _object(configuration, "queryConfig"), _object(statistics, "queryStats")
    parts = str(job.get("jobName", "")).split("/")
    named = dict(zip(parts[::2], parts[1::2], strict=False))
    return {
        "job_id": named.get("jobs"),
        "project": named.get("projects"),
        "parent": str(statistics.get("parentJobName") or "").rpartition("/")[2] or None,
        "user": user,
        "created": statistics.get("createTime"),
        "started": statistics.get("startTime"),
        "ended": statistics.get("endTime"),
        "state": status.get("jobState"),
        "error": _status_reason(_object(status, "errorResult")),
        "job_type": configuration.get("type"),
        "statement": query.get("statementType"),
        "query": query.get("query"),
        "dialect": None,
        "priority": str(query.get("priority") or "").removeprefix("QUERY_") or None,
        "cache_hit": _truth(counted.get("cacheHit")),
        "bytes_processed": _integer(counted.get("totalProcessedBytes")),
        "bytes_billed": _integer(counted.get("totalBilledBytes")),
        "slot_ms": _integer(statistics.get("totalSlotMs")),
        "reservation": statistics.get("reservation"),
        "edition": None,
        "labels": _label_pairs(configuration.get("labels")),
        "tables": [_path(item) for item in counted.get("referencedTables") or () if isinstance(item, str)],
        "destination": _path(query.get("destinationTable")),
        "query_hash": None,
        "location": location,
    }


_CANCELLED = 1
"""The code of google.rpc.Status for what somebody stopped."""


def _status_reason(status: Mapping[str, Any]) -> str | None:
    """A log gives a code and a message where INFORMATION_SCHEMA gives a reason."""
    if _integer(status.get("code")) == _CANCELLED:
        return "stopped"
    return status.get("message")


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _integer(value: Any) -> int | None:
    try:
        return int(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def _milliseconds(value: Any) -> str | None:
    """As seconds, which `read_time` knows."""
    number = _integer(value)
    return None if number is None else f"{number / 1000:.3f}"


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) or value is None else str(value).lower() == "true"


def _label_pairs(labels: Any) -> list[dict[str, str]]:
    if not isinstance(labels, dict):
        return []
    # A label of another row is a null here.
    return [{"key": str(key), "value": str(value)} for key, value in labels.items() if value is not None]


def _dotted(table: Mapping[str, Any]) -> str | None:
    parts = [table.get(name) for name in ("projectId", "datasetId", "tableId")]
    return ".".join(map(str, parts)) if all(parts) else None


def _path(name: Any) -> str | None:
    """`projects/p/datasets/d/tables/t` as `p.d.t`."""
    parts = str(name or "").split("/")
    return ".".join(parts[1::2]) if parts[::2] == ["projects", "datasets", "tables"] else None
