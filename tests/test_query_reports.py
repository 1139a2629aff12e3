"""Frames become reports: ids that stay, figures that are exact or missing, totals of what is known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from costguard.facts.places import Places
from costguard.model import Span
from costguard.money import ByteRange, Dollars
from costguard.query_reports import (
    query_ids,
    query_reports,
    unread_files,
    unread_reports,
)
from costguard.result import QueryReport, ScanReport
from tests.judge.pages import TIB, estimated

LOOP = """from google.cloud import bigquery
client = bigquery.Client()
for day in range(3):
    client.query("SELECT a FROM p.d.t")
"""


def reports(folder: Path, files: dict[str, str]) -> tuple[QueryReport, ...]:
    frames, _ = estimated(files, folder)
    return query_reports(frames, Places(frames), query_ids(frames))


def report(folder: Path, text: str) -> QueryReport:
    (only,) = reports(folder, {"q.sql": text})
    return only


# -- reports -------------------------------------------------------------------------------------------


def test_a_query_with_everything_known(tmp_path: Path) -> None:
    found = report(tmp_path, "-- half\nSELECT a\nFROM p.d.t\n")
    half = ByteRange.exactly(TIB // 2)
    cost = Dollars(Decimal("3.125"), Decimal("3.125"), Decimal("3.125"), "exact")
    assert found == QueryReport(
        id=found.id,
        path="q.sql",
        span=Span(2, 1, 3, 11),
        via="file",
        statement="SELECT",
        dialect=found.dialect,
        loop_depth=0,
        fingerprint=found.fingerprint,
        runs=1.0,
        runs_basis="assumed",
        bytes_processed=half,
        bytes_billed=half,
        usd=cost,
        usd_per_iteration=cost,
        price=found.price,
        scans=(ScanReport("p.d.t", ("a",), False, "read", "unpartitioned", None, None, None, half),),
        variant=None,
    )
    assert len(found.id) == 12
    assert found.price is not None
    assert found.price.startswith("6.25 USD/TiB, US, list of 2")


def test_a_table_in_no_catalog_leaves_figures_missing(tmp_path: Path) -> None:
    found = report(tmp_path, "SELECT a FROM p.d.other")
    assert (found.bytes_processed, found.bytes_billed, found.usd, found.usd_per_iteration) == (None,) * 4
    (scan,) = found.scans
    assert (scan.table, scan.columns, scan.pruning, scan.bytes) == ("p.d.other", ("a",), "unknown", None)


def test_what_reads_nothing_costs_nothing(tmp_path: Path) -> None:
    found = report(tmp_path, "SELECT 1")
    assert found.bytes_processed == ByteRange.exactly(0)
    assert found.usd == Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")
    assert found.scans == ()


def test_scans(tmp_path: Path) -> None:
    found = report(tmp_path, "SELECT t.*, u.a, u.a FROM p.d.t AS t JOIN p.d.t AS u USING (b)")
    assert [(scan.columns, scan.star) for scan in found.scans] == [(("a", "b"), True), (("a", "b"), False)]


def test_a_table_that_is_only_written_is_no_scan(tmp_path: Path) -> None:
    found = report(tmp_path, "INSERT INTO p.d.t (a) SELECT b FROM p.d.t")
    assert [(scan.role, scan.columns) for scan in found.scans] == [("read", ("b",))]
    updated = report(tmp_path, "UPDATE p.d.t SET a = 1 WHERE b = 2")
    assert [scan.role for scan in updated.scans] == ["target"]


def test_turns_of_a_loop_are_runs(tmp_path: Path) -> None:
    (found,) = reports(tmp_path, {"run.py": LOOP})
    assert (found.path, found.via, found.loop_depth) == ("run.py", "google.cloud.bigquery.Client.query", 1)
    assert (found.runs, found.runs_basis) == (3.0, "written")
    assert found.usd is not None
    assert found.usd_per_iteration is not None
    assert (found.usd.point, found.usd_per_iteration.point) == (Decimal("3.125"), Decimal("9.375"))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # 3.125 dollars a turn; how many turns there are nobody knows, perhaps none
        ("FOR r IN (SELECT a FROM p.d.t WHERE a > 1) DO SELECT a FROM p.d.t; END FOR", ("0", "3.125", "lower-bound")),
        ("WHILE x DO SELECT a FROM p.d.t; END WHILE", ("0", "3.125", "lower-bound")),
        # two turns at most
        (
            "FOR r IN (SELECT * FROM UNNEST([1, 2])) DO SELECT a FROM p.d.t; IF r.x > y THEN BREAK; END IF; END FOR",
            ("0", "6.25", "upper-bound"),
        ),
        ("FOR r IN (SELECT * FROM UNNEST([1, 2])) DO SELECT a FROM p.d.t; END FOR", ("6.25", "6.25", "exact")),
    ],
)  # fmt: skip
def test_turns_that_nobody_knows_are_no_exact_cost(
    tmp_path: Path, script: str, expected: tuple[str, str, str]
) -> None:
    found = reports(tmp_path, {"q.sql": script})[-1]
    cost = found.usd_per_iteration
    assert cost is not None
    assert (cost.low, cost.point, cost.basis) == (Decimal(expected[0]), Decimal(expected[1]), expected[2])
    assert found.usd is not None
    assert found.usd.basis == "exact"


def test_arms_of_scripts_are_told_apart(tmp_path: Path) -> None:
    text = "IF x THEN SELECT a FROM p.d.t; ELSE SELECT b FROM p.d.t; END IF; IF FALSE THEN SELECT 1; END IF"
    one, other, never, *rest = reports(tmp_path, {"a.sql": text, "b.sql": text})
    assert [arm.arm for arm in (*one.branch, *other.branch)] == ["then", "else"]
    assert one.branch[0].choice == other.branch[0].choice
    assert (never.branch, never.runs) == ((), 0.0)
    assert rest[0].branch[0].choice != one.branch[0].choice


def test_reports_are_in_the_order_of_the_code(tmp_path: Path) -> None:
    text = "SELECT b FROM p.d.t; SELECT a FROM p.d.t;\nSELECT 1"
    found = reports(tmp_path, {"z.sql": text, "a.sql": "SELECT 2"})
    assert [(item.path, item.span.start_line, item.span.start_column) for item in found] == [
        ("a.sql", 1, 1),
        ("z.sql", 1, 1),
        ("z.sql", 1, 22),
        ("z.sql", 2, 1),
    ]


# -- ids -----------------------------------------------------------------------------------------------


def ids(folder: Path, **files: str) -> list[str]:
    return [item.id for item in reports(folder, {f"{name}.sql": text for name, text in files.items()})]


def test_ids_stay_when_layout_and_values_change(tmp_path: Path) -> None:
    before = ids(tmp_path, q="SELECT a FROM p.d.t WHERE b = 1")
    assert ids(tmp_path, q="\n-- more\nSELECT a\nFROM p.d.t\nWHERE b = 2\n") == before
    assert ids(tmp_path, q="SELECT b FROM p.d.t WHERE b = 1") != before
    assert ids(tmp_path, r="SELECT a FROM p.d.t WHERE b = 1") != before


def test_a_statement_before_it_does_not_change_an_id(tmp_path: Path) -> None:
    (before,) = ids(tmp_path, q="SELECT a FROM p.d.t")
    assert ids(tmp_path, q="SELECT b FROM p.d.t; SELECT a FROM p.d.t")[1] == before


def test_equal_statements_are_told_apart(tmp_path: Path) -> None:
    two = ids(tmp_path, q="SELECT a FROM p.d.t; SELECT a FROM p.d.t")
    three = ids(
        tmp_path, q="SELECT a FROM p.d.t; SELECT a FROM p.d.t; SELECT a FROM p.d.t", r="SELECT a FROM p.d.t"
    )
    assert len(set(three)) == 4
    assert three[:2] == two


# -- unread --------------------------------------------------------------------------------------------


def test_what_was_not_read(tmp_path: Path) -> None:
    files = {
        "half.sql": "SELECT a FROM p.d.t;\nSELECT a FORM p.d.t WHERE",
        "empty.sql": "",
        "broken.sql": "SELECT a FORM p.d.t WHERE",
        "also.py": "import pandas as pd\npd.read_gbq('SELECT 1'",
    }
    frames, _ = estimated(files, tmp_path)
    found = unread_reports(frames, Places(frames))
    assert [(item.path, item.span.start_line, item.reason) for item in found] == [
        ("also.py", 2, "Python syntax error"),
        ("broken.sql", 1, "syntax error"),
        ("half.sql", 2, "syntax error"),
    ]
    assert unread_files(frames) == 2
