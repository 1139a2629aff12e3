"""What charges are added up to, and what of them is left."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.config import PhaseRule
from costguard.history.adding_up import AddedUp, add_up, labels_there
from costguard.history.charges import load_charges
from costguard.history.columns import as_texts
from costguard.history.iterations import CELL, IterationSettings, find_iterations, marked_charges
from tests.history.bills import Row, array, charge, flat, parquet
from tests.history.test_iterations_properties import ROWS

LABELS = (("labels", "team"), ("labels", "env"), ("project_labels", "env"), ("tags", "team"))
SUMS = [pl.col("rows").sum(), pl.col("net").sum()]


def bill(path: Path) -> pl.LazyFrame:
    rows = [
        charge(1.0),
        charge(2.0, (("DISCOUNT", -0.5),), resource={"name": "other", "global_name": None}),
        charge(4.0, labels=[]),
        charge(8.0, project=None, labels=[{"key": "team", "value": None}]),
    ]
    return load_charges([parquet(path / "bill.parquet", rows)]).frame


def test_charges_that_nothing_tells_apart_become_one(tmp_path: Path) -> None:
    found = add_up(bill(tmp_path), ("project",), LABELS, {"day": pl.col("usage_start").dt.day()}, SUMS)
    team = found.label("labels", "team")
    rows = (
        as_texts(found.frame).select("project", team.alias("team"), "day", "rows", "net").sort("net").rows()
    )
    assert [(*row[:4], float(row[4])) for row in rows] == [
        ("shop", "ml", 1, 2, 2.5),
        ("shop", None, 1, 1, 4.0),
        (None, None, 1, 1, 8.0),
    ]


def test_a_label_that_no_charge_has_takes_no_column(tmp_path: Path) -> None:
    frame = bill(tmp_path)
    assert labels_there(frame, LABELS) == [("labels", "team"), ("project_labels", "env")]
    assert labels_there(frame.filter(pl.col("project").is_null()), LABELS) == [("labels", "team")]
    assert labels_there(frame, ()) == []
    found = add_up(frame, (), LABELS, {}, SUMS)
    assert found.frame.columns == ["label_0", "label_1", "rows", "net"]
    assert found.frame.select(found.label("tags", "team")).to_series().unique().to_list() == [None]


def test_labels_that_are_written_as_text_are_there(tmp_path: Path) -> None:
    rows = [charge(1.0), charge(2.0, labels=[])]
    for path in (array(tmp_path / "bill.json", rows), flat(tmp_path / "bill.csv", rows)):
        assert labels_there(load_charges([path]).frame, LABELS[:2]) == [("labels", "team")]


def test_nothing() -> None:
    empty = AddedUp(pl.DataFrame({"rows": [1]}), {})
    assert empty.frame.select(empty.label("labels", "team")).to_series().dtype == pl.String


OWN = IterationSettings(
    labels=("team", "project-label:env"),
    phases=(PhaseRule(phase="serving", project="q"), PhaseRule(phase="training", label="team=a", sku="Core")),
)


@settings(max_examples=20, deadline=None)
@given(ROWS, st.sampled_from([IterationSettings(), OWN]))
def test_marks_are_those_of_each_charge(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], chosen: IterationSettings
) -> None:
    """`find_iterations` marks kinds of charges that were added up, `marked_charges` each charge by its own labels."""
    path = parquet(tmp_path_factory.mktemp("bill") / "bill.parquet", [*rows, *rows])
    frame = load_charges([path]).frame
    found = find_iterations(frame, None, chosen).charges
    expected = marked_charges(frame, chosen).collect()

    def sums(charges: pl.DataFrame) -> pl.DataFrame:
        by = charges.group_by(CELL).agg(pl.col("rows").sum(), pl.col("net").sum())
        return by.select(*CELL, "rows", "net").sort(*CELL, nulls_last=True)

    assert sums(found).equals(sums(expected))
