"""The text of queries for dry runs, and that Google's own analyser reads of it just what is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.catalog.dry_run import EVERY_COLUMN, EVERY_VALUE, Question, UnaskableError, query_text
from costguard.catalog.model import build_table

NAME = "my-project.d.t"
COLUMNS = [
    {"path": "id", "type": "INT64", "mode": "REQUIRED"},
    {"path": "dt", "type": "DATE", "mode": "NULLABLE"},
    {"path": "r.x", "type": "STRING", "mode": "NULLABLE"},
    {"path": "a", "type": "RECORD", "mode": "REPEATED"},
    {"path": "a.s.n", "type": "INT64", "mode": "NULLABLE"},
    {"path": "a.s.b", "type": "RECORD", "mode": "REPEATED"},
    {"path": "a.s.b.v", "type": "STRING", "mode": "REPEATED"},
]


def text(
    columns: tuple[str, ...] = ("id",), part: str = "", partitioning: Any = None, listed: Any = COLUMNS
) -> str:
    """The query for a question."""
    raw = {"name": NAME, "columns": listed, "partitioning": partitioning}
    return query_text(Question(NAME, columns, part), raw, build_table(NAME, raw).partitioning)


def by(column: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"column": column, "type": kind, **more}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("id", "r.x"), "SELECT t.`id` AS c0, t.`r`.`x` AS c1 FROM `my-project.d.t` AS t"),
        (EVERY_COLUMN, "SELECT * FROM `my-project.d.t` AS t"),
        (("a.s.n",), "SELECT t1.`s`.`n` AS c0 FROM `my-project.d.t` AS t, UNNEST(t.`a`) AS t1"),
        (
            ("a.s.b.v",),
            "SELECT t2.`v` AS c0 FROM `my-project.d.t` AS t, UNNEST(t.`a`) AS t1, UNNEST(t1.`s`.`b`) AS t2",
        ),
    ],
)
def test_columns(columns: tuple[str, ...], expected: str) -> None:
    assert text(columns) == expected


@pytest.mark.parametrize(
    ("partitioning", "kind", "part", "condition"),
    [
        (by("dt", "DAY"), "DATE", "20260228", "t.`dt` >= DATE '2026-02-28' AND t.`dt` < DATE '2026-03-01'"),
        (by("dt", "DAY"), "DATE", "99991231", "t.`dt` >= DATE '9999-12-31'"),
        (by("dt", "DAY"), "DATE", "__NULL__", "t.`dt` IS NULL"),
        (by("dt", "DAY"), "DATE", EVERY_VALUE, "t.`dt` >= DATE '0001-01-01'"),
        (by("dt", "MONTH"), "DATE", "202612", "t.`dt` >= DATE '2026-12-01' AND t.`dt` < DATE '2027-01-01'"),
        (by("dt", "YEAR"), "DATE", "2024", "t.`dt` >= DATE '2024-01-01' AND t.`dt` < DATE '2025-01-01'"),
        (
            by("dt", "HOUR"),
            "DATETIME",
            "2026010123",
            "t.`dt` >= DATETIME '2026-01-01 23:00:00' AND t.`dt` < DATETIME '2026-01-02 00:00:00'",
        ),
        (
            by("_PARTITIONTIME", "DAY"),
            "DATE",
            "20260101",
            "t._PARTITIONTIME >= TIMESTAMP '2026-01-01 00:00:00+00' "
            "AND t._PARTITIONTIME < TIMESTAMP '2026-01-02 00:00:00+00'",
        ),
        (
            by("dt", "RANGE", range={"start": -20, "end": 100, "interval": 10}),
            "INT64",
            "-10",
            "t.`dt` >= -10 AND t.`dt` < 0",
        ),
        (
            by("dt", "RANGE", range={"start": 0, "end": 100, "interval": 10}),
            "INT64",
            EVERY_VALUE,
            "t.`dt` >= -9223372036854775807",
        ),
    ],
)
def test_filters(partitioning: dict[str, Any], kind: str, part: str, condition: str) -> None:
    listed = [{"path": "dt", "type": kind, "mode": "NULLABLE"}]
    assert text((), part, partitioning, listed).partition(" WHERE ")[2] == condition


def test_a_query_of_the_filter_alone() -> None:
    assert text((), "__NULL__", by("dt", "DAY")).startswith("SELECT 1 AS c0 FROM ")


def test_no_column_has_the_name_of_the_table() -> None:
    listed = [{"path": name, "type": "STRING", "mode": "NULLABLE"} for name in ("T1", "t_x")]
    assert text(("T1",), listed=listed) == "SELECT t__.`T1` AS c0 FROM `my-project.d.t` AS t__"


@pytest.mark.parametrize("name", ["a`b", "a\\b", "a\nb", "a\x00"])
def test_names_that_would_end_the_quotes_are_refused(name: str) -> None:
    with pytest.raises(UnaskableError, match="cannot be quoted"):
        text((name,), listed=[{"path": name, "type": "STRING", "mode": "NULLABLE"}])
    with pytest.raises(UnaskableError, match="cannot be quoted"):
        query_text(Question(f"p.d.{name}", ("x",)), {"columns": []}, None)


@pytest.mark.parametrize("part", ["__UNPARTITIONED__", "2026-01-01' OR TRUE --", "202613", "20260230"])
def test_partitions_that_no_filter_selects(part: str) -> None:
    with pytest.raises(UnaskableError, match="cannot be selected"):
        text((), part, by("dt", "DAY"))


def test_a_range_that_no_filter_selects() -> None:
    with pytest.raises(UnaskableError, match="cannot be selected"):
        text((), "__UNPARTITIONED__", by("id", "RANGE", range={"start": 0, "end": 9, "interval": 1}))


def test_a_partition_column_of_an_unknown_type() -> None:
    with pytest.raises(UnaskableError, match="of type STRING"):
        text((), "20260101", by("r.x", "DAY"))
    with pytest.raises(UnaskableError, match="has no partitions"):
        text((), "20260101")
