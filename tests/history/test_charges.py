"""A bill in any form adds up to the same. The numbers in names are those of the pitfalls of billing data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.errors import UsageProblem
from costguard.history.charge_columns import CHARGES
from costguard.history.charges import Summary, load_charges, summarise
from costguard.history.repeated import STALE_SHARE
from tests.history.bills import Row, array, at, avro, charge, flat, focus, lines, parquet, without

BILL = [
    charge(10.0, (("DISCOUNT", -1.25), ("PROMOTION", -2.0))),
    charge(0.1, (("FREE_TIER", -0.1),), usage_start_time=at(2), usage_end_time=at(2, 1)),
    charge(0.2, labels=[{"key": "team", "value": "ml"}, {"key": "run", "value": "7"}], export_time=at(5)),
    charge(3.0, project=None, cost_type="tax", labels=None, service={"id": "T", "description": "Tax"}),
    charge(-4.5, adjustment_info={"type": "GOODWILL", "id": "1", "mode": "MANUAL_ADJUSTMENT"}),
    charge(1.0, usage_start_time=at(30, 23), usage_end_time=at(1, 0, 10), invoice__month="202610"),
]
FORMS: dict[str, Callable[[Path, list[Row]], str]] = {
    "bill.parquet": parquet,
    "bill.json": array,
    "bill.ndjson": lines,
    "bill.ndjson.gz": lines,
    "bill.csv": flat,
    "focus.parquet": focus,
}


def total(*given: str) -> Summary:
    return summarise(load_charges(given))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_adds_up_to_the_same(tmp_path: Path, name: str) -> None:
    found = total(FORMS[name](tmp_path / name, BILL))
    assert found.rows == 6
    assert (found.gross, found.credits, found.net) == (Decimal("9.8"), Decimal("-3.35"), Decimal("6.45"))
    assert found.promotions == Decimal(-2)
    assert found.credit_types == {
        "DISCOUNT": Decimal("-1.25"),
        "FREE_TIER": Decimal("-0.1"),
        "PROMOTION": Decimal(-2),
    }
    assert [(item.key, item.rows, item.net) for item in found.months] == [
        ("202609", 5, Decimal("5.45")),
        ("202610", 1, Decimal(1)),
    ]
    assert found.cost_types == {"regular": 5, "tax": 1}
    assert (found.without_project, found.refunds, found.currency) == (1, 1, "USD")
    assert (found.first_usage, found.last_usage, found.exported) == (at(1), at(1, 0, 10), at(5))
    assert found.days == 3


def test_the_columns_of_a_charge(tmp_path: Path) -> None:
    loaded = load_charges([parquet(tmp_path / "b.parquet", BILL[:1])])
    frame = loaded.frame.collect()
    assert frame.select(list(CHARGES)).schema == pl.Schema(CHARGES)
    row = frame.row(0, named=True)
    assert (row["service_id"], row["sku"], row["project"], row["region"]) == (
        "24E6-581D-38E5",
        "Analysis (US)",
        "shop",
        "us-central1",
    )
    assert row["labels"] == [{"key": "team", "value": "ml"}]
    assert row["project_labels"] == [{"key": "env", "value": "prod"}]
    assert (row["resource"], row["pricing_amount"], row["pricing_unit"]) == (
        "//bigquery/job_1",
        1.5,
        "tebibyte",
    )
    (file,) = loaded.files
    assert (file.format, file.shape, file.missing) == ("parquet", "detailed", ("effective_price", "seller"))


def test_1_credits_neither_lose_nor_multiply_rows(tmp_path: Path) -> None:
    rows = [charge(1.0), charge(1.0, (("DISCOUNT", -0.1), ("DISCOUNT", -0.2), ("PROMOTION", -0.3)))]
    found = total(parquet(tmp_path / "b.parquet", rows))
    assert (found.rows, found.gross, found.credits) == (2, Decimal(2), Decimal("-0.6"))


def test_2_labels_never_multiply_rows(tmp_path: Path) -> None:
    many = [{"key": f"k{number}", "value": "v"} for number in range(20)]
    found = total(parquet(tmp_path / "b.parquet", [charge(1.5, labels=many, tags=many)]))
    assert (found.rows, found.gross) == (1, Decimal("1.5"))


def test_5_corrections_repeat_every_dimension_and_are_kept(tmp_path: Path) -> None:
    rows = [
        charge(5.0),
        charge(-5.0, export_time=at(9)),
        charge(4.0, export_time=at(9)),
        charge(4.0, export_time=at(9)),
    ]
    found = total(parquet(tmp_path / "b.parquet", rows))
    assert (found.rows, found.net) == (4, Decimal(8))


def test_6_files_of_an_older_export_are_refused(tmp_path: Path) -> None:
    rows = [charge(float(number), export_time=at(3)) for number in range(1, 9)]
    parquet(tmp_path / "new-0.parquet", rows[:5])
    parquet(tmp_path / "new-1.parquet", rows[5:])
    assert total(str(tmp_path)).net == 36
    parquet(tmp_path / "old-0.parquet", rows[:4])
    with pytest.raises(UsageProblem, match=r"count twice: .*new-0.parquet \(80%\), .*old-0.parquet \(100%\)"):
        total(str(tmp_path))


def _days(first: int, last: int, rows: int = 1) -> list[Row]:
    return [
        charge(1.0 + number, usage_start_time=at(day), usage_end_time=at(day, 1), export_time=at(day, 9))
        for day in range(first, last + 1)
        for number in range(rows)
    ]


def test_6_exports_that_overlap_are_refused(tmp_path: Path) -> None:
    """Ten days each, three in common: less than half of either."""
    parquet(tmp_path / "0.parquet", _days(1, 10))
    parquet(tmp_path / "1.parquet", _days(8, 17))
    expected = (
        r"twice: .*0.parquet \(30% of usage from 2026-09-08 to 2026-09-10\), .*1.parquet \(30% of usage"
    )
    with pytest.raises(UsageProblem, match=expected):
        total(str(tmp_path))


def test_6_one_day_of_many_rows_that_overlaps_is_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "0.parquet", _days(1, 3, rows=10))
    parquet(tmp_path / "1.parquet", _days(3, 5, rows=10))
    with pytest.raises(UsageProblem, match="from 2026-09-03 to 2026-09-03"):
        total(str(tmp_path))


def test_6_free_rows_that_overlap_are_not(tmp_path: Path) -> None:
    """They are alike but for their labels, and count nothing twice."""
    free = [charge(0.0, usage_start_time=at(day), usage_end_time=at(day, 1)) for day in range(1, 5)]
    parquet(tmp_path / "0.parquet", [*_days(1, 5), *free])
    parquet(tmp_path / "1.parquet", [*_days(6, 10), *free])
    assert total(str(tmp_path)).net == 10


def test_6_two_kinds_of_export_are_refused(tmp_path: Path) -> None:
    """The detailed export has a row for each resource: two of a day here, one in the standard export."""
    detailed = [
        charge(0.5, usage_start_time=at(day), usage_end_time=at(day, 1), resource={"name": name})
        for day in range(1, 5)
        for name in "ab"
    ]
    parquet(tmp_path / "detailed.parquet", detailed)
    standard = [without(row, "resource") for row in _days(1, 4)]
    parquet(tmp_path / "standard.parquet", standard)
    with pytest.raises(
        UsageProblem, match=r"two kinds \(detailed and standard\) .* 4 sums by day and SKU 4 are"
    ):
        total(str(tmp_path))


def test_6_two_kinds_of_two_accounts_are_not(tmp_path: Path) -> None:
    parquet(tmp_path / "detailed.parquet", _days(1, 4))
    other = [without(charge(3.0, usage_start_time=at(day)), "resource") for day in range(1, 5)]
    parquet(tmp_path / "standard.parquet", other)
    assert total(str(tmp_path)).net == 16


def test_6_a_row_that_two_files_share_is_no_older_export(tmp_path: Path) -> None:
    parquet(tmp_path / "0.parquet", [charge(1.0), charge(2.0), charge(3.0)])
    parquet(tmp_path / "1.parquet", [charge(1.0), charge(4.0), charge(5.0)])
    assert total(str(tmp_path)).net == 16


def test_6_the_same_numbers_are_no_older_export(tmp_path: Path) -> None:
    """Free rows of many SKUs are alike but for the SKU."""
    for number in range(2):
        rows = [charge(0.0, sku__id=f"{number}-{sku}") for sku in range(4)]
        parquet(tmp_path / f"{number}.parquet", rows)
    assert total(str(tmp_path)).rows == 8


FILES = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab")), min_size=1, max_size=6),
    min_size=2,
    max_size=3,
)


@given(FILES)
@settings(deadline=None, max_examples=40)
def test_6_files_are_refused_by_all_that_tells_rows_apart(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, str]]]
) -> None:
    """That numbers are looked at first changes nothing."""
    folder = tmp_path_factory.mktemp("bill")
    for number, rows in enumerate(files):
        parquet(folder / f"{number}.parquet", [charge(float(cost), sku__id=sku) for cost, sku in rows])
    shares = [
        len({row for row in rows if any(row in other for other in files if other is not rows)})
        / len(set(rows))
        for rows in files
    ]
    try:
        total(str(folder))
        refused = False
    except UsageProblem:
        refused = True
    assert refused == any(share >= STALE_SHARE for share in shares)


@given(st.lists(st.decimals(-(10**6), 10**6, places=6), min_size=1, max_size=60))
@settings(deadline=None)
def test_12_sums_are_exact(tmp_path_factory: pytest.TempPathFactory, amounts: list[Decimal]) -> None:
    """Amounts are FLOAT64 in the export: each is what it was before, and so is their sum."""
    path = tmp_path_factory.mktemp("bill") / "b.parquet"
    found = total(parquet(path, [charge(float(amount)) for amount in amounts]))
    assert found.gross == sum(amounts)


def test_12_ten_times_ten_cents(tmp_path: Path) -> None:
    assert total(parquet(tmp_path / "b.parquet", [charge(0.1)] * 10)).net == 1


def test_7_how_late_rows_come(tmp_path: Path) -> None:
    rows = [charge(export_time=at(1, 5)) for _ in range(9)] + [charge(export_time=at(3, 1))]
    assert total(parquet(tmp_path / "b.parquet", rows)).late == timedelta(hours=4)
    assert total(parquet(tmp_path / "none.parquet", [without(rows[0], "export_time")])).late is None


def test_13_two_currencies_are_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", [charge(1.0), charge(1.0, currency="EUR")])
    with pytest.raises(UsageProblem, match="amounts in EUR and USD cannot be added up"):
        total(path)


def test_13_it_is_told_which_file_has_which_currency(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", [charge(1.0)])
    parquet(tmp_path / "b.parquet", [charge(1.0, currency="EUR")])
    parquet(tmp_path / "c.parquet", [charge(2.0, currency="EUR")])
    with pytest.raises(UsageProblem, match=r"\(EUR in .*b.parquet and 1 more, USD in .*a.parquet\)"):
        total(str(tmp_path))


def test_20_files_of_different_age(tmp_path: Path) -> None:
    """Columns were added over the years; an old file lacks them, and one has them in another order."""
    parquet(tmp_path / "2022.parquet", [without(charge(1.0), "tags", "cost_at_list", "resource")])
    parquet(tmp_path / "2026.parquet", [dict(reversed(charge(2.0).items()))])
    loaded = load_charges([str(tmp_path)])
    assert summarise(loaded).net == 3
    assert [file.shape for file in loaded.files] == ["standard", "detailed"]
    assert set(loaded.files[0].missing) == {"tags", "list_cost", "resource", "effective_price", "seller"}


def test_28_refunds_are_not_clamped(tmp_path: Path) -> None:
    found = total(parquet(tmp_path / "b.parquet", [charge(-7.25)]))
    assert (found.net, found.refunds) == (Decimal("-7.25"), 1)


def test_29_no_credits_and_an_empty_list_of_them_are_the_same(tmp_path: Path) -> None:
    rows = [charge(1.0, credits=()), {**charge(2.0), "credits": None}]
    assert total(parquet(tmp_path / "b.parquet", rows)).net == 3


def test_30_without_credits_the_bill_is_gross_only_and_says_so(tmp_path: Path) -> None:
    loaded = load_charges([parquet(tmp_path / "b.parquet", [without(charge(2.0), "credits")])])
    assert "credits" in loaded.files[0].missing
    assert summarise(loaded).net == 2


def test_lists_as_older_parquet_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "b.parquet"
    rows = [charge(3.0, (("DISCOUNT", -1.0),))]
    wrapped = [
        {
            **row,
            "credits": {"list": [{"element": item} for item in row["credits"]]},
            "labels": {"list": [{"element": item} for item in row["labels"]]},
        }
        for row in rows
    ]
    pl.DataFrame(wrapped).write_parquet(path)
    loaded = load_charges([str(path)])
    assert summarise(loaded).net == 2
    assert loaded.frame.collect()["labels"].to_list() == [[{"key": "team", "value": "ml"}]]


@pytest.mark.parametrize(
    "written",
    ["2026-09-01 00:00:00 UTC", "2026-09-01T00:00:00Z", "2026-09-01T00:00:00.000000+00:00", "1.7882208E9"],
)
def test_times_as_text(tmp_path: Path, written: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps([{"cost": "1", "currency": "USD", "usage_start_time": written}]))
    assert total(str(path)).first_usage == at(1)


def test_avro(tmp_path: Path) -> None:
    assert total(avro(tmp_path / "b.avro", BILL)).gross == Decimal("9.8")


def test_a_shuffled_and_split_bill_is_the_same(tmp_path: Path) -> None:
    whole = total(parquet(tmp_path / "whole.parquet", BILL))
    (tmp_path / "split").mkdir()
    for number, row in enumerate(reversed(BILL)):
        parquet(tmp_path / "split" / f"{number}.parquet", [row])
    assert total(f"{tmp_path}/split/*.parquet") == whole


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("b.parquet", b"PAR1 nonsense", "cannot be read as parquet"),
        ("b.json", b"[1, 2]", "row 1 is not an object"),
        ("b.json", b'{"cost": 1', "cannot be read as ndjson"),
        ("b.json", b"", "the file is empty"),
        ("b.json", b"[]", "the file has no rows"),
        ("b.csv", b"a,b\n1,2\n", "no billing export: there is neither a column `cost` nor `BilledCost`"),
        ("b.csv", b"cost,currency\n1,USD\n", "there is nothing for usage_start"),
        ("b.json.gz", b"\x1f\x8b nonsense", "cannot be read"),
        (
            "b.csv",
            b"cost,currency,usage_start_time\nabc,USD,2026-09-01 00:00:00 UTC\n",
            "1 row has an amount that is no number",
        ),
        ("b.csv", b"cost,currency,usage_start_time\n1,USD,yesterday\n", "no usage time that can be read"),
    ],
)
def test_what_is_no_bill(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageProblem) as caught:
        total(str(tmp_path / name))
    assert problem in str(caught.value)


def test_a_bill_that_is_not_there(tmp_path: Path) -> None:
    for name in ("gone.parquet", "gone-*.parquet", "."):
        with pytest.raises(UsageProblem, match="no such file, or no export in it"):
            total(str(tmp_path / name))


def test_an_empty_export(tmp_path: Path) -> None:
    path = tmp_path / "b.parquet"
    parquet(path, BILL)
    pl.read_parquet(path).clear().write_parquet(path)
    found: Any = total(str(path))
    assert (found.rows, found.net, found.currency, found.months) == (0, 0, None, ())


def test_a_file_that_is_damaged_inside(tmp_path: Path) -> None:
    path = Path(parquet(tmp_path / "b.parquet", [charge(float(number)) for number in range(2000)]))
    data = bytearray(path.read_bytes())
    data[200:4000] = b"\xff" * 3800
    path.write_bytes(data)
    with pytest.raises(UsageProblem, match="cannot be read"):
        total(str(path))


@pytest.mark.parametrize("name", ["bill.json", "bill.ndjson", "bill.ndjson.gz"])
def test_json_that_is_too_large_to_be_held(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FORMS[name](tmp_path / name, BILL)
    monkeypatch.setattr("costguard.history.files.can_read_any_size", lambda: False)
    monkeypatch.setattr("costguard.history.ndjson.FIRST_PIECE_BYTES", 1000)
    monkeypatch.setattr("costguard.history.files.MAXIMUM_NDJSON_BYTES", 2000)
    monkeypatch.setattr("costguard.history.files.MAXIMUM_JSON_BYTES", 2000)
    with pytest.raises(UsageProblem, match="export it as Parquet"):
        total(path)
