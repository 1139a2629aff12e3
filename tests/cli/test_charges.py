"""`costguard charges`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.history.bills import at, charge, parquet, without
from tests.history.test_charges import BILL

from .conftest import Costguard

TEXT = """\
Files      1 Parquet (detailed usage cost), 1 Parquet (standard usage cost)
Rows       7
Usage      2026-09-01 00:00 UTC to 2026-10-01 00:00 UTC, 3 days with usage
Exported   until 2026-09-05 00:00 UTC; nine of ten rows within 23 h of their usage
Missing    effective_price, seller
Missing    credits, resource (in 1 of 2 files)
           there are no credits in some files: their amounts are gross, and the net is too high
Rows that  1 tax, 1 with an adjustment, 1 without a project, 1 below zero

invoice  rows  gross  credits  net USD
202609      6  10.80    -3.35     7.45
202610      1   1.00     0.00     1.00
total       7  11.80    -3.35     8.45

credits of DISCOUNT   -1.25
credits of FREE_TIER  -0.10
credits of PROMOTION  -2.00  paid, no lower price
"""


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    folder = tmp_path / "bill"
    folder.mkdir()
    parquet(folder / "new.parquet", BILL)
    parquet(folder / "old.parquet", [without(charge(2.0), "credits", "resource")])
    return folder


def test_what_a_bill_holds(costguard: Costguard, bill: Path) -> None:
    done = costguard("charges", bill)
    assert (done.code, done.err) == (0, "")
    assert done.out == TEXT


def test_the_same_for_programs(costguard: Costguard, bill: Path, tmp_path: Path) -> None:
    assert costguard("charges", bill, "--format", "json", "-o", tmp_path / "out.json").code == 0
    found = json.loads((tmp_path / "out.json").read_text())
    files = found.pop("files")
    assert [(Path(file["path"]).name, file["format"], file["export"]) for file in files] == [
        ("new.parquet", "parquet", "detailed"),
        ("old.parquet", "parquet", "standard"),
    ]
    assert found == {
        "version": 1,
        "rows": 7,
        "days": 3,
        "first_usage": "2026-09-01T00:00:00Z",
        "last_usage": "2026-10-01T00:00:00Z",
        "exported": "2026-09-05T00:00:00Z",
        "late_hours": 23.0,
        "currency": "USD",
        "gross": "11.80",
        "credits": "-3.35",
        "net": "8.45",
        "promotions": "-2.00",
        "gross_only": True,
        "invoice_months": [
            {"invoice_month": "202609", "rows": 6, "gross": "10.80", "credits": "-3.35", "net": "7.45"},
            {"invoice_month": "202610", "rows": 1, "gross": "1.00", "credits": "0.00", "net": "1.00"},
        ],
        "credit_types": [
            {"type": "DISCOUNT", "amount": "-1.25"},
            {"type": "FREE_TIER", "amount": "-0.10"},
            {"type": "PROMOTION", "amount": "-2.00"},
        ],
        "cost_types": [{"type": "regular", "rows": 6}, {"type": "tax", "rows": 1}],
        "adjusted_rows": 1,
        "rows_without_cost": 0,
        "rows_without_project": 1,
        "rows_below_zero": 1,
        "by": {},
    }


def test_a_week_by_service_and_day(costguard: Costguard, bill: Path) -> None:
    parquet(bill / "late.parquet", [charge(7.0, usage_start_time=at(7))])
    done = costguard(
        "charges", bill / "old.parquet", bill / "late.parquet", "--week", "2026-W37", "--by", "service"
    )
    assert done.out.endswith(
        "\nservice   rows  gross  credits  net USD\nBigQuery     1   7.00     0.00     7.00\n"
    )
    assert "\ntotal       1   7.00     0.00     7.00\n" in done.out


def test_by_a_label_for_programs(costguard: Costguard, bill: Path) -> None:
    done = costguard("charges", bill, "--by", "label:team", "--by", "service", "--format", "json")
    found = json.loads(done.out)
    assert found["by"]["label:team"] == [
        {"key": "ml", "name": None, "rows": 6, "gross": "8.80", "credits": "-3.35", "net": "5.45"},
        {"key": None, "name": None, "rows": 1, "gross": "3.00", "credits": "0.00", "net": "3.00"},
    ]
    assert [(item["key"], item["name"], item["net"]) for item in found["by"]["service"]] == [
        ("24E6-581D-38E5", "BigQuery", "5.45"),
        ("T", "Tax", "3.00"),
    ]


def test_little_never_reads_as_nothing(costguard: Costguard, tmp_path: Path) -> None:
    bill = parquet(tmp_path / "b.parquet", [charge(0.004), charge(-0.0000005, sku__id="x")])
    out = costguard("charges", bill, "--by", "sku").out
    assert out.endswith(
        " (US)     1       0.004     0.00       0.004\nAnalysis (US)     1  -0.0000005     0.00  -0.0000005\n"
    )


def test_a_row_without_a_cost_is_told(costguard: Costguard, tmp_path: Path) -> None:
    bill = parquet(tmp_path / "b.parquet", [charge(1.0), {**charge(2.0), "cost": None}])
    assert "Rows that  1 without a cost, which count as nothing\n" in costguard("charges", bill).out


def test_lists_that_are_no_json(costguard: Costguard, tmp_path: Path) -> None:
    head = "cost,currency,usage_start_time,credits"
    (tmp_path / "b.csv").write_text(f"{head}\n1,USD,2026-09-01 00:00:00 UTC,5\n")
    done = costguard("charges", tmp_path / "b.csv")
    assert (done.code, done.out) == (2, "")
    assert (
        "a list (credits, labels or tags) is no JSON, such as TO_JSON_STRING(credits) writes it" in done.err
    )


def test_by_several_together(costguard: Costguard, bill: Path) -> None:
    done = costguard("charges", bill, "--by", "service,label:team", "--by", "service, label:team")
    assert done.out.count("label:team") == 1  # asked for twice
    assert done.out.endswith(
        "\nservice   label:team  rows  gross  credits  net USD\n"
        "BigQuery  ml             6   8.80    -3.35     5.45\n"
        "Tax       (none)         1   3.00     0.00     3.00\n"
    )


def test_by_several_together_for_programs(costguard: Costguard, bill: Path) -> None:
    done = costguard("charges", bill, "--by", "week,service", "--format", "json")
    by = json.loads(done.out)["by"]
    assert list(by) == ["week,service"]
    assert by["week,service"] == [
        {
            "keys": {"week": week, "service": key},
            "names": {"week": None, "service": name},
            "rows": rows,
            "gross": gross,
            "credits": credits,
            "net": net,
        }
        for week, key, name, rows, gross, credits, net in (
            ("2026-W36", "24E6-581D-38E5", "BigQuery", 5, "7.80", "-3.35", "4.45"),
            ("2026-W36", "T", "Tax", 1, "3.00", "0.00", "3.00"),
            ("2026-W40", "24E6-581D-38E5", "BigQuery", 1, "1.00", "0.00", "1.00"),
        )
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--by", "service,"), "or several with commas between them"),
        (("--by", "service,colour"), "cannot be added up by 'colour'"),
        (("--by", "colour"), "cannot be added up by 'colour'"),
        (("--week", "2026-47"), "is no ISO week"),
        (("--week", "2026-W47", "--timezone", "Mars"), "'Mars' is no time zone"),
        (("--timezone", "Mars"), "'Mars' is no time zone"),
    ],
)
def test_options_that_are_wrong(
    costguard: Costguard, bill: Path, options: tuple[str, ...], problem: str
) -> None:
    done = costguard("charges", bill, *options)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err


def test_what_is_no_bill(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("a\n1\n")
    done = costguard("charges", tmp_path / "b.csv")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("costguard: ")
    assert "no billing export" in done.err
    assert costguard("charges", "gone*").code == 2


def test_names_that_steer_the_terminal(costguard: Costguard, bill: Path) -> None:
    parquet(bill / "x.parquet", [charge(1.0, cost_type="a\x1b[31m")])
    assert "1 a␛[31m" in costguard("charges", bill).out
