"""The same jobs in every form of a history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costguard.errors import UsageProblem
from costguard.history.job_columns import JOBS
from costguard.history.jobs import Jobs, load_jobs, summarise_jobs
from tests.history.bills import Row, lines_of, plain


def at(minute: int) -> datetime:
    return datetime(2026, 9, 1, 12, minute, tzinfo=UTC)


def job(name: str = "job_1", **changes: Any) -> Row:
    """A row of INFORMATION_SCHEMA.JOBS."""
    row: Row = {
        "job_id": name,
        "project_id": "shop",
        "parent_job_id": None,
        "user_email": "ana@example.com",
        "creation_time": at(0),
        "start_time": at(0),
        "end_time": at(1),
        "state": "DONE",
        "error_result": None,
        "job_type": "QUERY",
        "statement_type": "SELECT",
        "query": "SELECT a FROM `shop.d.t`",
        "priority": "BATCH",
        "cache_hit": False,
        "total_bytes_processed": 900,
        "total_bytes_billed": 10 * 2**20,
        "total_slot_ms": 1234,
        "reservation_id": None,
        "labels": [{"key": "dbt_invocation_id", "value": "abc"}],
        "referenced_tables": [{"project_id": "shop", "dataset_id": "d", "table_id": "t"}],
        "destination_table": {"project_id": "shop", "dataset_id": "_tmp", "table_id": "anon"},
        "query_info": {"query_hashes": {"normalized_literals": "h1"}},
    }
    return {**row, **changes}


FAILED = {"reason": "invalidQuery", "message": "no"}
HISTORY = [
    job("job_1"),
    job("job_2", cache_hit=True, total_bytes_billed=0, creation_time=at(2)),
    job("job_3", error_result=FAILED, total_bytes_billed=0, creation_time=at(3)),
    job("job_4", error_result={"reason": "stopped", "message": "cancelled"}, creation_time=at(4)),
    job("job_5", statement_type="SCRIPT", total_bytes_billed=20 * 2**20, creation_time=at(5)),
    job("job_6", parent_job_id="job_5", statement_type="MERGE", reservation_id="p:US.r", creation_time=at(6)),
    job(
        "job_7",
        job_type="LOAD",
        statement_type=None,
        query=None,
        total_bytes_billed=None,
        creation_time=at(7),
    ),
]


def parquet(path: Path, rows: list[Row]) -> str:
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    return str(path)


def array(path: Path, rows: list[Row]) -> str:
    path.write_text(json.dumps([plain(row) for row in rows]))
    return str(path)


def milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))


def rest(path: Path, rows: list[Row]) -> str:
    """An answer of `jobs.list`."""
    jobs = []
    for row in rows:
        names = {"project_id": "projectId", "dataset_id": "datasetId", "table_id": "tableId"}
        tables = [{names[key]: value for key, value in item.items()} for item in row["referenced_tables"]]
        destination = {names[key]: value for key, value in row["destination_table"].items()}
        jobs.append(
            {
                "kind": "bigquery#job",
                "id": f"shop:US.{row['job_id']}",
                "jobReference": {"projectId": "shop", "jobId": row["job_id"], "location": "US"},
                "user_email": row["user_email"],
                "configuration": {
                    "jobType": row["job_type"],
                    "labels": {item["key"]: item["value"] for item in row["labels"]},
                    "query": {
                        "query": row["query"],
                        "priority": row["priority"],
                        "useLegacySql": False,
                        "destinationTable": destination,
                    },
                },
                "statistics": {
                    "creationTime": milliseconds(row["creation_time"]),
                    "startTime": milliseconds(row["start_time"]),
                    "endTime": milliseconds(row["end_time"]),
                    "totalSlotMs": str(row["total_slot_ms"]),
                    "parentJobId": row["parent_job_id"],
                    "reservation_id": row["reservation_id"],
                    "query": {
                        "statementType": row["statement_type"],
                        "totalBytesProcessed": str(row["total_bytes_processed"]),
                        "totalBytesBilled": None
                        if row["total_bytes_billed"] is None
                        else str(row["total_bytes_billed"]),
                        "cacheHit": row["cache_hit"],
                        "referencedTables": tables,
                        "queryInfo": {"queryHashes": {"normalized_literals": "h1"}},
                    },
                },
                "status": {"state": "DONE", "errorResult": row["error_result"] or {}},
            }
        )
    path.write_text(json.dumps({"kind": "bigquery#jobList", "jobs": jobs}, indent=1))
    return str(path)


def compact_rest(path: Path, rows: list[Row]) -> str:
    rest(path, rows)
    path.write_text(json.dumps(json.loads(path.read_text())))
    return str(path)


def status_of(error: Row | None) -> Row:
    if error is None:
        return {}
    return {"code": 1 if error["reason"] == "stopped" else 3, "message": error["message"]}


def audit(path: Path, rows: list[Row]) -> str:
    """Rows of a log sink, with entries that tell of other things."""
    entries = [
        {"protopayload_auditlog": {"metadataJson": json.dumps({"tableDataRead": {}}), "methodName": "x"}}
    ]
    for row in rows:
        change = {
            "after": "DONE",
            "job": {
                "jobName": f"projects/shop/jobs/{row['job_id']}",
                "jobConfig": {
                    "type": row["job_type"],
                    "labels": {item["key"]: item["value"] for item in row["labels"]},
                    "queryConfig": {
                        "query": row["query"],
                        "statementType": row["statement_type"],
                        "priority": f"QUERY_{row['priority']}",
                        "destinationTable": "projects/shop/datasets/_tmp/tables/anon",
                    },
                },
                "jobStatus": {
                    "jobState": "DONE",
                    "errorResult": status_of(row["error_result"]),
                },
                "jobStats": {
                    "createTime": row["creation_time"].strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    "startTime": row["start_time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "endTime": row["end_time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "totalSlotMs": str(row["total_slot_ms"]),
                    "parentJobName": f"projects/shop/jobs/{row['parent_job_id']}"
                    if row["parent_job_id"]
                    else None,
                    "reservation": row["reservation_id"],
                    "queryStats": {
                        "totalProcessedBytes": str(row["total_bytes_processed"]),
                        "totalBilledBytes": row["total_bytes_billed"],
                        "cacheHit": row["cache_hit"],
                        "referencedTables": ["projects/shop/datasets/d/tables/t"],
                    },
                },
            },
        }
        entries.append(
            {
                "protopayload_auditlog": {
                    "metadataJson": json.dumps({"jobChange": change}),
                    "methodName": "google.cloud.bigquery.v2.JobService.InsertJob",
                    "authenticationInfo": {"principalEmail": row["user_email"]},
                }
            }
        )
    path.write_text("\n".join(map(json.dumps, entries)))
    return str(path)


FORMS: dict[str, Callable[[Path, list[Row]], str]] = {
    "jobs.parquet": parquet,
    "jobs.json": array,
    "jobs.ndjson": lines_of,
    "rest.json": rest,
    "compact.json": compact_rest,
    "audit.ndjson": audit,
}


@pytest.fixture(params=FORMS)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Jobs:
    return load_jobs([FORMS[request.param](tmp_path / request.param, HISTORY)])


def test_every_form_tells_the_same(history: Jobs) -> None:
    assert list(history.frame.schema.items())[:-1] == list(JOBS.items())
    first = history.frame.row(0, named=True)
    told = history.files[0].source
    assert first == {
        "job_id": "job_1",
        "project": "shop",
        "parent": None,
        "user": "ana@example.com",
        "created": at(0),
        "started": at(0),
        "ended": at(1),
        "state": "DONE",
        "error": None,
        "job_type": "QUERY",
        "statement": "SELECT",
        "query": "SELECT a FROM `shop.d.t`",
        "dialect": "GOOGLE_SQL" if told == "rest" else None,
        "priority": "BATCH",
        "cache_hit": False,
        "bytes_processed": 900,
        "bytes_billed": 10 * 2**20,
        "slot_ms": 1234,
        "reservation": None,
        "edition": None,
        "labels": [{"key": "dbt_invocation_id", "value": "abc"}],
        "tables": ["shop.d.t"],
        "destination": "shop._tmp.anon",
        "query_hash": None if told == "audit-log" else "h1",
        "location": "US" if told == "rest" else None,
        "billable": True,
    }


def test_what_has_not_ended_is_not_charged(tmp_path: Path) -> None:
    """A later export tells of the second one's end, and that counts."""
    running = {"state": "RUNNING", "end_time": None}
    early = [job("a", **running), job("b", **running), job("c", state="PENDING", end_time=None)]
    parquet(tmp_path / "1.parquet", early)
    parquet(tmp_path / "2.parquet", [job("b")])
    jobs = load_jobs([str(tmp_path)])
    assert jobs.frame.select("job_id", "billable").rows() == [("a", False), ("b", True), ("c", False)]
    found = summarise_jobs(jobs)
    assert (found.jobs, found.billable, found.unfinished) == (3, 1, 2)


def test_what_is_charged(history: Jobs) -> None:
    """Neither what the cache gave, nor what failed (unless it was stopped), nor a script, whose statements count."""
    billable = history.frame.filter("billable")["job_id"].to_list()
    assert billable == ["job_1", "job_4", "job_6"]
    found = summarise_jobs(history)
    assert (found.jobs, found.billable, found.bytes_billed) == (7, 3, 30 * 2**20)
    assert (found.cached, found.failed, found.scripts, found.reserved) == (1, 2, 1, 1)
    assert (found.first, found.last) == (at(0), at(7))
    assert found.statements == {None: 1, "MERGE": 1, "SCRIPT": 1, "SELECT": 4}
    assert (found.unknown_bytes, found.without_text) == (0, 0)


def test_entries_of_a_log_that_tell_of_no_job_are_counted(tmp_path: Path) -> None:
    (file,) = load_jobs([audit(tmp_path / "a.ndjson", HISTORY)]).files
    assert (file.source, file.skipped) == ("audit-log", 1)


def test_a_job_that_two_files_tell_of_counts_once(tmp_path: Path) -> None:
    parquet(
        tmp_path / "monday.parquet", [job("job_1", end_time=None, state="RUNNING", total_bytes_billed=None)]
    )
    parquet(tmp_path / "tuesday.parquet", [job("job_1"), job("job_2")])
    found = load_jobs([str(tmp_path)])
    assert found.repeated == 1
    assert found.frame.select("job_id", "state", "bytes_billed").rows() == [
        ("job_1", "DONE", 10 * 2**20),
        ("job_2", "DONE", 10 * 2**20),
    ]


def test_the_same_id_in_two_projects_is_two_jobs(tmp_path: Path) -> None:
    found = load_jobs([parquet(tmp_path / "j.parquet", [job("x"), job("x", project_id="other")])])
    assert (found.frame.height, found.repeated) == (2, 0)


def test_a_history_of_an_organisation_has_no_text(tmp_path: Path) -> None:
    row = {name: value for name, value in job(total_bytes_billed=None).items() if name != "query"}
    loaded = load_jobs([parquet(tmp_path / "j.parquet", [row])])
    assert loaded.files[0].missing == ("query", "dialect", "edition")
    found = summarise_jobs(loaded)
    assert (found.without_text, found.unknown_bytes) == (1, 1)


@pytest.mark.parametrize("form", [rest, audit])
def test_too_many_jobs_for_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Callable[[Path, list[Row]], str]
) -> None:
    monkeypatch.setattr("costguard.history.jobs.MAXIMUM_DOCUMENTS", 2)
    assert load_jobs([form(tmp_path / "two.ndjson", HISTORY[:2])]).frame.height == 2
    with pytest.raises(UsageProblem, match=r"three.ndjson: more than 2 jobs; give them in several files"):
        load_jobs([form(tmp_path / "three.ndjson", HISTORY[:3])])


def test_a_job_has_no_labels_of_other_jobs(tmp_path: Path) -> None:
    rows = [
        job("job_1", labels=[{"key": "a", "value": "1"}]),
        job("job_2", labels=[{"key": "b", "value": "2"}]),
    ]
    found = load_jobs([rest(tmp_path / "r.json", rows)]).frame.sort("job_id")
    assert found["labels"].to_list() == [[{"key": "a", "value": "1"}], [{"key": "b", "value": "2"}]]


def test_a_history_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_jobs([lines_of(tmp_path / "j.ndjson", HISTORY)])
    monkeypatch.setattr("costguard.history.ndjson.FIRST_PIECE_BYTES", 1000)
    monkeypatch.setattr("costguard.history.ndjson.PIECE_BYTES", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert load_jobs([str(tmp_path / "j.ndjson")]).frame.equals(whole.frame)
    assert list(tmp_path.glob("costguard-*/*.parquet"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a,b\n1,2\n", "no job history"),
        (b"[]", "the file has no rows"),
        (b'{"jobs": 1}', "no job history"),
        (b'{"jobs": [1]}', "row 1 is not an object"),
        (b'[{"protopayload_auditlog": {"methodName": "x"}}]', "without `metadataJson`"),
        (b'{"jobs": ', "cannot be read as ndjson"),
    ],
)
def test_what_is_no_history(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(UsageProblem) as caught:
        load_jobs([str(tmp_path / "j")])
    assert problem in str(caught.value)


def test_what_logs_call_unreserved_is_in_no_reservation(tmp_path: Path) -> None:
    rows = [job("a", reservation_id="unreserved"), job("b", reservation_id="p:US.r")]
    jobs = load_jobs([array(tmp_path / "jobs.json", rows)])
    assert jobs.frame["reservation"].to_list() == [None, "p:US.r"]
    assert summarise_jobs(jobs).reserved == 1
