"""`costguard jobs`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.history.test_jobs import HISTORY, audit, job, parquet

from .conftest import Costguard

TEXT = """\
Files      1 of INFORMATION_SCHEMA.JOBS, 1 of audit log
Created    2026-09-01 12:00 UTC to 2026-09-01 12:07 UTC
Jobs       8: 4 SELECT, 1 without a statement, 1 CREATE_TABLE_AS_SELECT, 1 MERGE, 1 SCRIPT
Charged    4 queries: 40 MiB billed, 2.0 slot hours
Of all     1 from the cache, 2 failed or stopped, 1 script, whose statements count
Reserved   1 ran in a reservation: what they cost is not their bytes
Repeated   2 rows tell of a job that another row tells of too; the latest counts
Skipped    1 row tells of no job that ended
"""


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    folder.mkdir()
    audit(folder / "log.ndjson", HISTORY)
    made = job("made", statement_type="CREATE_TABLE_AS_SELECT", total_slot_ms=2 * 3_600_000)
    parquet(folder / "jobs.parquet", [*HISTORY[:2], made])
    return folder


def test_what_a_history_holds(costguard: Costguard, history: Path) -> None:
    done = costguard("jobs", history)
    assert (done.code, done.out, done.err) == (0, TEXT, "")


def test_no_jobs_of_a_time(costguard: Costguard, history: Path) -> None:
    done = costguard("jobs", history, "--days", "1", "--now", "2027-01-01")
    assert done.out.splitlines()[1:3] == [
        "Jobs       0",
        "Charged    0 queries: 0 B billed, 0 slot hours",
    ]


def test_the_same_for_programs(costguard: Costguard, history: Path) -> None:
    done = costguard("jobs", history, "--format", "json")
    found = json.loads(done.out)
    assert [(file["source"], file["skipped"]) for file in found.pop("files")] == [
        ("information-schema", 0),
        ("audit-log", 1),
    ]
    assert found == {
        "version": 1,
        "jobs": 8,
        "first": "2026-09-01T12:00:00Z",
        "last": "2026-09-01T12:07:00Z",
        "charged": 4,
        "bytes_billed": 40 * 2**20,
        "slot_ms": 3 * 1234 + 2 * 3_600_000,
        "unknown_bytes": 0,
        "without_text": 0,
        "cached": 1,
        "failed": 2,
        "unfinished": 0,
        "scripts": 1,
        "reserved": 1,
        "repeated": 2,
        "statements": [
            {"statement": None, "jobs": 1},
            {"statement": "CREATE_TABLE_AS_SELECT", "jobs": 1},
            {"statement": "MERGE", "jobs": 1},
            {"statement": "SCRIPT", "jobs": 1},
            {"statement": "SELECT", "jobs": 4},
        ],
        "findings": [],
    }


def test_what_is_no_history(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_text("a\n1\n")
    done = costguard("jobs", tmp_path / "j.csv")
    assert (done.code, done.out) == (2, "")
    assert "no job history" in done.err


def test_waste(costguard: Costguard, tmp_path: Path) -> None:
    queries = [f"SELECT a FROM d.t WHERE name = 'secret-{number}'" for number in range(25)]
    parquet(tmp_path / "jobs.parquet", [job(f"job_{n}", query=query) for n, query in enumerate(queries)])
    done = costguard("jobs", tmp_path)
    assert done.code == 0
    assert done.out.endswith(
        "\nWaste      1 finding, the most wasteful first\n\n"
        "  One query for each value, where one could answer for all: 25 jobs from 2026-09-01 12:00 UTC to "
        "2026-09-01 12:00 UTC, 250 MiB billed, 240 MiB of it for nothing, 0.0082 slot hours for nothing "
        "(shop, ana@example.com)\n"
        "    select a from d.t where name = ?\n"
    )
    found = json.loads(costguard("jobs", tmp_path, "--format", "json").out)
    assert "secret" not in json.dumps(found)
    assert found["findings"] == [
        {
            "kind": "one-by-one",
            "what": "select a from d.t where name = ?",
            "project": "shop",
            "user": "ana@example.com",
            "jobs": 25,
            "first": "2026-09-01T12:00:00Z",
            "last": "2026-09-01T12:00:00Z",
            "bytes_billed": 250 * 2**20,
            "wasted_bytes": 240 * 2**20,
            "wasted_slot_ms": 24 * 1234,
            "factor": None,
        }
    ]
