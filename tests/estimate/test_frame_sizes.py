"""Rows and bytes of DataFrames, where they follow from the catalog."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.estimate.run import estimate
from costguard.estimate.settings import EstimateSettings
from costguard.facts.merge import merge
from costguard.facts.schema import FrameFact, Source
from tests.estimate.statements import NOW, catalog_of, estimated, query_of, scan_of
from tests.estimate.warehouse import days, partitioned, plain_table
from tests.facts.sql.statements import analyse

PLAIN = plain_table()
T = partitioned("t", days("2026-10-01", 10))


def frame_fact(**fields: Any) -> FrameFact:
    blank: dict[str, Any] = dict.fromkeys(FrameFact._fields)
    for name, default in FrameFact._field_defaults.items():
        blank[name] = default
    blank.update(
        frame=0, source=0, at=0, name="df", engine="pandas", origin="query", origin_text="", reader="read_gbq"
    )
    blank.update(bounded=False, aggregated=False)
    blank.update(fields)
    return FrameFact(**blank)


def sized(sql: str, **fields: Any) -> tuple[int | None, int | None]:
    """(rows, bytes) of the DataFrame that a statement's result becomes."""
    rows = dict(analyse(sql, frame=0))
    rows["sources"] = [Source(0, "train.py", "python", len(sql), 1, False)]
    rows["frames"] = [frame_fact(query=0, **fields)]
    frames = estimate(merge([rows]), catalog_of(PLAIN, T), EstimateSettings(NOW))
    found: tuple[int | None, int | None] = frames["frames"].select("rows", "bytes").row(0)
    return found


@pytest.mark.parametrize(
    ("sql", "rows", "size"),
    [
        ("SELECT * FROM p.d.plain", 1_000, 36_000),
        ("SELECT a, c FROM p.d.plain", 1_000, 20_000),
        ("SELECT a FROM p.d.plain LIMIT 100", 100, 800),
        ("SELECT a FROM p.d.plain LIMIT 5000", 1_000, 8_000),
        ("SELECT a FROM p.d.plain ORDER BY a LIMIT 10", 10, 80),
        ("SELECT v FROM p.d.t", 1_000, 8_000),
        # a condition that only picks partitions: their rows, 100 a day; what it reads need not be in the result
        ("SELECT v FROM p.d.t WHERE dt = '2026-10-03'", 100, None),
        ("SELECT v FROM p.d.t WHERE dt >= '2026-10-09'", 200, None),
        ("SELECT v FROM p.d.t WHERE dt >= '2026-10-09' LIMIT 150", 150, None),
        ("SELECT v FROM p.d.t WHERE dt >= '2026-10-09' AND v > 5", None, None),
        ("SELECT v FROM p.d.t WHERE dt >= '2026-10-09' OR v > 5", None, None),
        ("SELECT v FROM p.d.t WHERE EXTRACT(MONTH FROM dt) = 10", None, None),
        # how many rows a filter leaves is not known, a LIMIT caps them
        ("SELECT a FROM p.d.plain WHERE c = 'x'", None, None),
        ("SELECT a FROM p.d.plain WHERE c = 'x' LIMIT 7", 7, None),
        ("SELECT COUNT(*) FROM p.d.plain", None, None),
        ("SELECT c, SUM(a) FROM p.d.plain GROUP BY c", None, None),
        ("SELECT DISTINCT a FROM p.d.plain", None, None),
        ("SELECT x.a FROM p.d.plain AS x JOIN p.d.t AS y ON x.a = y.v", None, None),
        ("SELECT a FROM (SELECT a FROM p.d.plain)", None, None),
        ("SELECT a FROM p.d.unknown", None, None),
        ("SELECT a FROM p.d.plain LIMIT @n", None, None),
    ],
)
def test_the_result_of_a_statement(sql: str, rows: int | None, size: int | None) -> None:
    assert sized(sql) == (rows, size)


@pytest.mark.parametrize(
    ("name", "columns", "rows", "size"),
    [
        ("p.d.plain", None, 1_000, 36_000),
        ("p.d.plain", ("a", "C"), 1_000, 20_000),
        ("p.d.plain", ("nothing",), 1_000, 0),
        ("p.d.unknown", None, None, None),
        ("", None, None, None),
    ],
)
def test_a_table_that_is_read_whole(name: str, columns: Any, rows: int | None, size: int | None) -> None:
    facts = dict(analyse("SELECT 1"))
    facts["sources"] = [Source(0, "train.py", "python", 10, 1, False)]
    facts["frames"] = [frame_fact(query=None, origin="table", origin_text=name, columns_requested=columns)]
    frames = estimate(merge([facts]), catalog_of(PLAIN, T), EstimateSettings(NOW))
    assert frames["frames"].select("rows", "bytes").row(0) == (rows, size)


def test_columns_that_the_dataframe_does_not_use() -> None:
    sql = "SELECT * FROM p.d.plain"
    rows = dict(analyse(sql, frame=0))
    rows["sources"] = [Source(0, "train.py", "python", len(sql), 1, False)]
    rows["frames"] = [frame_fact(query=0, columns_used=("A",))]
    frames = estimate(merge([rows]), catalog_of(PLAIN), EstimateSettings(NOW))
    scan = scan_of(frames)
    assert (scan["columns_read"], scan["columns_unused"], scan["bytes_unused"]) == (3, 2, 28_000)
    # the statement still reads them
    assert query_of(frames)["bytes"] == 36_000


def test_without_a_dataframe_nobody_knows_what_is_used() -> None:
    scan = scan_of(estimated("SELECT * FROM p.d.plain", PLAIN))
    assert (scan["columns_unused"], scan["bytes_unused"]) == (None, None)
