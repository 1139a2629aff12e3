"""What BigQuery is asked for a report. That the figures are the same is tested in tests/emulator."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from costguard.history.cells import CellRequest, cells_schema, cells_sql, charges_of_cells, wanted_labels
from costguard.history.charge_sql import INGESTION_TIME, bill_table, table_name
from costguard.history.columns import value_of
from costguard.history.iterations import IterationSettings
from costguard.history.rollup import week_period
from tests.history.test_rollup_sql import FOCUS, STANDARD

NAME = table_name("my-project.billing.bill")
WEEK = week_period("2026-W37", "Europe/Zurich")
REPORT = CellRequest(
    labels=(("labels", "team"), ("tags", "env")),
    period=WEEK,
    exact=WEEK,
    zone="Europe/Zurich",
    as_of=datetime(2026, 9, 14, tzinfo=UTC),
)


@pytest.mark.parametrize("columns", [STANDARD, FOCUS])
@pytest.mark.parametrize(
    "request_", [CellRequest(()), REPORT, CellRequest((("labels", "a"),), whole_labels=True, prices=True)]
)
def test_the_answer_has_the_columns_that_are_read(columns: dict[str, str], request_: CellRequest) -> None:
    statement = cells_sql(bill_table(NAME, columns, INGESTION_TIME), request_)
    assert statement.sql.count(str(NAME)) == 1
    parsed = sqlglot.parse_one(statement.sql, dialect="bigquery")
    for select in (parsed.left, parsed.right) if isinstance(parsed, exp.Union) else (parsed,):
        assert [item.alias_or_name for item in select.selects] == list(cells_schema(request_))
    named = {item.name for item in parsed.find_all(exp.Parameter)}
    assert named == set(statement.parameters)


def test_a_label_is_a_parameter() -> None:
    odd = "a') OR TRUE --"
    statement = cells_sql(bill_table(NAME, STANDARD, None), CellRequest((("labels", odd),)))
    assert odd not in statement.sql
    assert statement.parameters == {"label_0": odd}


def test_labels_that_some_figure_asks_for() -> None:
    found = wanted_labels(IterationSettings(labels=("run", "tag:id")), ("team",))
    assert ("labels", "team") in found
    assert ("labels", "run") in found
    assert ("tags", "id") in found
    assert ("labels", "cg_iteration") in found
    assert ("system_labels", "compute.googleapis.com/is_unused_reservation") in found
    assert len(set(found)) == len(found)


def test_days_and_lags() -> None:
    table = bill_table(NAME, STANDARD, None)
    nothing = dict.fromkeys(cells_schema(REPORT))
    rows = [
        {**nothing, "day": "2026-09-01", "monthly": True, "charges": 3, "cost": Decimal(2), "credit": Decimal(-1),
         "promotion": Decimal(0), "label_0": "ml"},
        {**nothing, "cell_start": WEEK.start, "cell_end": WEEK.start, "charges": 1, "cost": Decimal(1),
         "credit": Decimal(0), "promotion": Decimal(0), "label_1": "prod"},
        {**nothing, "day": "2026-09-02", "lag": 90, "charges": 4},
    ]  # fmt: skip
    charges = charges_of_cells(pl.DataFrame(rows, schema=cells_schema(REPORT)), table, REPORT)
    frame = charges.frame.collect()
    assert frame["rows"].to_list() == [3, 1]
    assert frame["net"].to_list() == [1, 1]
    assert frame["usage_start"].to_list() == [datetime(2026, 8, 31, 22, tzinfo=UTC), WEEK.start]
    assert frame["usage_end"][0] == datetime(2026, 9, 27, 22, tzinfo=UTC)
    assert frame.select(value_of(pl.col("labels"), "team")).to_series().to_list() == ["ml", None]
    assert frame.select(value_of(pl.col("tags"), "env")).to_series().to_list() == [None, "prod"]
    assert charges.lags.collect().rows() == [(datetime(2026, 9, 1, 22, tzinfo=UTC), 90, 4)]
    assert "sku_id" in charges.files[0].missing
