"""`costguard query`: questions to the fact tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import TIB, Costguard
from tests.history.bills import array as history_rows
from tests.history.bills import charge, parquet
from tests.history.past import run
from tests.history.test_jobs import at

QUESTION = 'SELECT "table", bytes FROM scans ORDER BY bytes'


def test_a_row_is_a_line(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", "SELECT * FROM queries", shop)
    head, *rest = done.out.splitlines()
    assert len(head) > 500
    assert sum(line.startswith("│") for line in rest) == 1 + 2  # the names, and two queries


def test_a_table_for_people(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", QUESTION, shop)
    assert (done.code, done.err) == (0, "")
    assert [cell.strip() for cell in done.out.splitlines()[3].strip("│").split("┆")] == [
        "p.shop.orders",
        str(2**39),
    ]
    assert done.out.endswith("\n2 rows\n")
    assert "\x1b" not in done.out


def test_one_row_is_one_row(costguard: Costguard, shop: Path) -> None:
    assert costguard("query", "SELECT COUNT(*) AS n FROM scans", shop).out.endswith("\n1 row\n")


def test_json(costguard: Costguard, shop: Path) -> None:
    document = costguard("query", QUESTION, shop, "--format", "json").document
    assert document == {
        "version": 1,
        "rows": [
            {"table": "p.shop.orders", "bytes": 2**39},
            {"table": "p.shop.orders", "bytes": 2**40},
        ],
    }


def test_csv(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", QUESTION, shop, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.out))) == [
        ["table", "bytes"],
        ["p.shop.orders", str(2**39)],
        ["p.shop.orders", str(2**40)],
    ]


def test_csv_has_no_formulas(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", "SELECT '=cmd()' AS a, '-1' AS b, -1 AS c, 'x' AS d", shop, "--format", "csv")
    assert done.out == "a,b,c,d\n'=cmd(),'-1,-1,x\n"


def test_a_list_does_not_fit_into_csv(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", "SELECT clustering_columns FROM scans", shop, "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == "costguard: a list does not fit into CSV: clustering_columns; use --format json\n"
    rows = costguard("query", "SELECT clustering_columns FROM scans", shop, "--format", "json").document[
        "rows"
    ]
    assert rows[0] == {"clustering_columns": []}


def test_the_working_directory_is_the_default(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    done = costguard("query", "SELECT path FROM sources ORDER BY path", "--format", "csv")
    assert done.out.split() == ["path", "sql/all.sql", "sql/one.sql"]


def test_a_file_takes_the_answer(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    done = costguard("query", QUESTION, shop, "--format", "json", "-o", "out.json")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert len(json.loads((tmp_path / "out.json").read_text())["rows"]) == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM queries", "nope"),
        ("SELECT 1 FROM nosuch", "no fact table is called 'nosuch'"),
        ("SELECT * FROM read_csv('/etc/passwd')", "may only name fact tables"),
        ("DROP TABLE queries", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELEC", "one SELECT"),
        ("", "one SELECT"),
    ],
)
def test_what_is_no_question(costguard: Costguard, shop: Path, sql: str, message: str) -> None:
    done = costguard("query", sql, shop)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("costguard: ")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_text_of_the_code_does_not_steer_the_terminal(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT '\x1b[2J' FORM t")
    done = costguard("query", "SELECT detail FROM unread", "q.sql")
    assert "\x1b" not in done.out


def history_of(tmp_path: Path) -> tuple[str, ...]:
    """Two runs of `all.sql` in an iteration, one of nobody outside; charges of both, and a tax of a month."""
    mine = {"labels": [{"key": "cg_iteration", "value": "run-1"}]}
    jobs = history_rows(tmp_path / "jobs.json", [
        run("a", "SELECT * FROM p.shop.orders", total_bytes_billed=TIB, **mine),
        run("b", "SELECT * FROM p.shop.orders", total_bytes_billed=TIB, creation_time=at(5), **mine),
        run("c", "SELECT name FROM p.shop.people", total_bytes_billed=TIB // 2),
        run("d", "SELECT name FROM p.shop.people", reservation_id="p:US.r"),
    ])  # fmt: skip
    start = {"usage_start_time": at(0), "usage_end_time": at(59)}
    bill = parquet(tmp_path / "bill.parquet", [
        charge(12.5, (("DISCOUNT", -0.5),), **start, **mine),
        charge(0.1 + 0.2, (), **start, labels=[]),
        charge(1.0, (), **start, labels=[], cost_type="tax", service__id="tax", sku__description="Tax"),
    ])  # fmt: skip
    return ("--jobs", jobs, "--billing", bill, "--format", "json")


def test_jobs_charges_and_iterations(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    given = history_of(tmp_path)

    def rows(sql: str) -> list[dict[str, object]]:
        done = costguard("query", sql, shop, *given)
        assert (done.code, done.err) == (0, "")
        found: list[dict[str, object]] = done.document["rows"]
        return found

    jobs = (
        "SELECT jobs.job_id, sources.path, jobs.matched_by, iterations.id, jobs.usd FROM jobs "
        "LEFT JOIN queries ON jobs.query = queries.query LEFT JOIN sources ON queries.source = sources.source "
        "LEFT JOIN iterations ON jobs.iteration = iterations.iteration ORDER BY jobs.job_id"
    )
    mine = {"path": str(shop / "sql" / "all.sql"), "matched_by": "fingerprint", "id": "run-1"}
    nobody = {"path": None, "matched_by": None, "id": None}
    assert rows(jobs) == [
        {"job_id": "a", **mine, "usd": "6.250000000"},
        {"job_id": "b", **mine, "usd": "6.250000000"},
        {"job_id": "c", **nobody, "usd": "3.125000000"},
        {"job_id": "d", **nobody, "usd": None},
    ]
    assert rows("SELECT SUM(net) AS net, COUNT(*) AS n FROM charges") == [{"net": "13.300000000", "n": 3}]
    by = "SELECT phase, standing, iteration, SUM(net) AS net FROM charges GROUP BY 1, 2, 3 ORDER BY 4"
    assert rows(by) == [
        {"phase": "preprocessing", "standing": None, "iteration": None, "net": "0.300000000"},
        {"phase": "tax", "standing": "tax", "iteration": None, "net": "1.000000000"},
        {"phase": "preprocessing", "standing": None, "iteration": 0, "net": "12.000000000"},
    ]
    (iteration,) = rows("SELECT id, evidence, charges, net, jobs, bytes_billed FROM iterations")
    assert iteration == {
        "id": "run-1",
        "evidence": "label:cg_iteration",
        "charges": 1,
        "net": "12.000000000",
        "jobs": 2,
        "bytes_billed": 2 * TIB,
    }


def test_a_bill_alone(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    bill = history_of(tmp_path)[2:]
    assert costguard("query", "SELECT labels, net FROM charges ORDER BY net", shop, *bill).document["rows"][
        -1
    ] == {
        "labels": ["cg_iteration=run-1"],
        "net": "12.000000000",
    }
    done = costguard("query", "SELECT * FROM jobs", shop, *bill)
    assert done.code == 2
    assert (
        "no fact table is called 'jobs'; it is there with a history: --jobs EXPORT, --billing EXPORT"
        in done.err
    )


def test_without_a_history(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", "SELECT * FROM charges", shop)
    assert done.code == 2
    assert "it is there with a history" in done.err
