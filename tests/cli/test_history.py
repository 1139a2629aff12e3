"""`costguard history pull`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from costguard.cloud.bigquery import EMULATOR
from costguard.history.jobs import load_jobs
from tests.history.test_jobs import at, job, rest
from tests.servers.bigquery import Failure, Server, Table, column, serving

from .conftest import Costguard

NOW = ("--now", "2026-09-02T00:00:00Z")
OLD = datetime(2026, 8, 1, tzinfo=UTC)


def test_jobs_of_a_time(costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [job(f"job_{number}", creation_time=at(number)) for number in range(5)]
    rows.append(job("old", creation_time=OLD, start_time=OLD, end_time=OLD))
    documents = json.loads(Path(rest(tmp_path / "jobs.json", rows)).read_text())["jobs"]
    with serving({}) as server:
        server.history = documents
        monkeypatch.setenv(EMULATOR, server.address)
        folder = tmp_path / "history"
        done = costguard("history", "pull", "--project", "shop", "--days", "7", *NOW, "-o", folder)
        assert (done.code, done.out) == (0, "")
        assert done.err == f"{folder / 'jobs-shop.parquet'}: 5 jobs of 7 days\n"
        assert server.asked == []  # nothing was run
    found = load_jobs([str(folder)])
    assert found.frame["job_id"].to_list() == [f"job_{number}" for number in range(5)]
    assert costguard("jobs", folder).code == 0


def test_what_is_waited_for_is_said(
    costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    clock = SimpleNamespace(sleep=waits.append, monotonic=time.monotonic)
    monkeypatch.setattr("google.api_core.retry.retry_unary.time", clock)
    with serving({}) as server:
        server.failures.append(Failure("GET .*/jobs", 503, "backendError", "Backend error", times=2))
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("history", "pull", "--project", "shop", *NOW, "-o", tmp_path / "history")
    assert (done.code, len(waits)) == (0, 2)
    assert done.err == (
        "costguard: no answer yet from BigQuery (Backend error): asking again, for 60 seconds at most\n"
        f"{tmp_path / 'history' / 'jobs-shop.parquet'}: 0 jobs of 28 days\n"
    )


def test_who_may_not(costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as server:
        server.failures.append(
            Failure("GET /bigquery/v2/projects/shop/jobs", 403, "accessDenied", "Access Denied")
        )
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("history", "pull", "--project", "shop", *NOW, "-o", tmp_path / "history")
    assert done.code == 2
    assert "bigquery.jobs.listAll" in done.err
    assert "roles/bigquery.resourceViewer" in done.err
    assert not (tmp_path / "history").exists()


def test_one_project_of_several_that_may_not(
    costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "Access Denied: Project q: User does not have bigquery.jobs.listAll permission in project q."
    folder = tmp_path / "history"
    with serving({}) as server:
        server.failures.append(Failure("GET .*/projects/q/jobs", 403, "accessDenied", refusal))
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("history", "pull", "p", "q", "r", "--project", "p", *NOW, "-o", folder)
    assert done.code == 2
    assert sorted(path.name for path in folder.iterdir()) == ["jobs-p.parquet", "jobs-r.parquet"]
    assert done.err.splitlines()[-1] == (
        "costguard: cannot list the jobs of q: permission bigquery.jobs.listAll is missing on project q, which "
        "roles/bigquery.resourceViewer has; an owner of the project, or who has "
        f"roles/resourcemanager.projectIamAdmin can grant it ({refusal})"
    )


@pytest.mark.parametrize("name", ["p/../q", "../x", "p?x=1", "", "p q", "p\nq", "shöp", "example.com:"])
def test_what_is_no_project(
    costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with serving({}) as server:
        monkeypatch.setenv(EMULATOR, server.address)
        folder = ("-o", tmp_path / "history")
        of_jobs = costguard("history", "pull", "p", name, "--project", "p", *NOW, *folder)
        of_requests = costguard("history", "pull", "p", "--project", name, *NOW, *folder)
        of_catalog = costguard("catalog", "pull", "--project", "p", "--quota-project", name)
    for done in (of_jobs, of_requests, of_catalog):
        assert (done.code, done.out) == (2, "")
        assert done.err == f"costguard: {name!r} is no project such as my-project or example.com:my-project\n"
    assert server.requests == []


def test_a_project_of_a_domain(costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as server:
        monkeypatch.setenv(EMULATOR, server.address)
        name = "example.com:my-project"
        done = costguard("history", "pull", name, "--project", name, *NOW, "-o", tmp_path / "history")
    assert done.code == 0
    assert server.requests == [f"GET /bigquery/v2/projects/{name}/jobs"]
    assert (tmp_path / "history" / "jobs-example.com_my-project.parquet").exists()


@pytest.mark.parametrize("arguments", [("charges",), ("charges", "my-project.billing.bill")])
def test_charges_of_no_table(costguard: Costguard, arguments: tuple[str, ...]) -> None:
    """It is not taken for a project of that name, whose jobs would be listed."""
    done = costguard("history", "pull", *arguments, *NOW)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "costguard: `history pull charges` needs the bill's table: bigquery://PROJECT.DATASET.TABLE\n"
    )


def bill(kind: str = "DAY") -> Table:
    """A billing export that is partitioned by the time of ingestion."""
    fields = [column("usage_start_time", "TIMESTAMP"), column("cost", "NUMERIC"), column("currency")]
    credit = column("credits", "RECORD", "REPEATED", column("amount", "NUMERIC"))
    return Table([*fields, credit], more={"timePartitioning": {"type": kind}})


@pytest.fixture
def of_100_kib(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a bill of which each day has 100 KiB, as dry runs say, and no rows."""
    with serving({"my-project.billing.bill": bill()}) as server:
        monkeypatch.setenv(EMULATOR, server.address)
        size = {"totalBytesProcessed": "102400"}
        answer = {"jobReference": {"projectId": "p", "jobId": "j"}, "status": {"state": "DONE"}}
        answer |= {
            "statistics": size | {"query": size},
            "configuration": {"query": {"query": ""}, "dryRun": True},
        }
        monkeypatch.setattr(server, "_dry_run", lambda *_: (200, answer))
        fields = {
            "schema": {"fields": list(bill().schema)},
            "rows": [],
            "totalRows": "0",
            "jobComplete": True,
        }
        reference = {"jobReference": {"projectId": "p", "jobId": "j", "location": "US"}}
        monkeypatch.setattr(server, "_results", lambda *_: reference | fields)
        yield server


CHARGES = ("history", "pull", "charges", "bigquery://my-project.billing.bill", "--project", "p", *NOW)


def test_a_limit_on_charges(costguard: Costguard, of_100_kib: Server, tmp_path: Path) -> None:
    days = (*CHARGES, "--from", "2026-08-01", "--to", "2026-08-05", "-o", tmp_path / "bill")
    done = costguard(*days, "--max-bytes-billed", "1000000")
    assert (done.code, of_100_kib.queries) == (2, [])
    assert done.err.endswith(
        "of 5 days alone would be charged for 10 MiB, more than 977 KiB; choose fewer days, or allow more with "
        "--max-bytes-billed\n"
    )
    done = costguard(*days, "--max-bytes-billed", str(50 << 20))
    # Five times 10 MiB at 6.25 dollars a TiB.
    assert done.err.startswith(
        "costguard: my-project.billing.bill: 5 days of export to get, 50 MiB ($0.0003 at list price)\n"
    )
    assert done.code == 0
    limits = [int(job["query"]["maximumBytesBilled"]) >> 20 for job in of_100_kib.queries]
    assert limits == [50, 40, 30, 20, 10]


def test_many_days_are_said(costguard: Costguard, of_100_kib: Server, tmp_path: Path) -> None:
    many = (*CHARGES, "--from", "1970-01-01", "--max-bytes-billed", str(20 << 20), "-o", tmp_path)
    done = costguard(*many)
    assert done.code == 2
    first, last = done.err.splitlines()
    assert first == (
        "costguard: my-project.billing.bill: asking for the bytes of 20,698 days first, which is free"
    )
    assert "3 of 20,698 days alone would be charged for 30 MiB, more than 20 MiB" in last
    assert len(of_100_kib.asked) < 20


def test_a_bill_by_month_of_ingestion(costguard: Costguard, of_100_kib: Server, tmp_path: Path) -> None:
    of_100_kib.tables["my-project.billing.bill"] = bill("MONTH")
    source = "bigquery://my-project.billing.bill"
    done = costguard("charges", source, "--project", "p", "--week", "2026-W37", "--max-bytes-billed", "1")
    assert done.code == 2  # after the dry run
    (asked,) = of_100_kib.dry_runs
    assert "_PARTITIONTIME >= TIMESTAMP_TRUNC(@start, MONTH)" in asked
    done = costguard(*CHARGES, "--from", "2026-08-01", "-o", tmp_path / "bill")
    assert done.code == 2
    assert done.err == (
        "costguard: my-project.billing.bill: it is partitioned by the month of ingestion, which tells no days; "
        "EXPORT DATA copies it (docs/history.md)\n"
    )


def test_a_file_where_a_directory_should_be(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = costguard("history", "pull", "--project", "shop", *NOW, "-o", tmp_path / "file")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"costguard: {tmp_path / 'file'}: is a file; --output needs a directory\n"
