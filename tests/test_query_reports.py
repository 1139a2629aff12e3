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
    total,
    unread_files,
    unread_reports,
)
from costguard.result import QueryReport, ScanReport
from tests.judge.pages import TIB, estimated
from tests.render.results import query, usd

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


# -- totals --------------------------------------------------------------------------------------------


def test_the_total_of_nothing() -> None:
    assert total(()) == Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")
    assert total((query(size=None),)) == Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        (("exact", "exact"), "exact"),
        (("exact", "upper-bound"), "upper-bound"),
        (("modelled", "exact"), "modelled"),
    ],
)
def test_a_total_is_as_good_as_its_worst_part(bases: tuple[str, str], expected: str) -> None:
    first, second = (usd("0.1", "0.2", "0.4", basis) for basis in bases)
    queries = (query(usd_per_iteration=first), query(size=None), query(usd_per_iteration=second))
    assert total(queries) == Dollars(Decimal("0.2"), Decimal("0.4"), Decimal("0.8"), expected)
