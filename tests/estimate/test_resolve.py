"""From a scan to the tables it reads, and the conditions that reach them."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.catalog.model import build_table
from costguard.estimate.resolve import Resolver, ScanRequest, filters_cluster, pushed_down
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.views import ViewOutput, ViewPlan, ViewRead, ViewScan
from tests.estimate.expressions import condition
from tests.estimate.statements import NOW, catalog_of
from tests.estimate.warehouse import days, partitioned, plain_table

T = partitioned("t", days("2026-10-01", 10))


def resolver(*tables: dict[str, Any], **settings: Any) -> Resolver:
    return Resolver(catalog_of(*(tables or (T,))), EstimateSettings(NOW, **settings), lambda text: None)


def test_tables_and_prunings_are_worked_out_once() -> None:
    mine = resolver()
    where = condition("dt = '2026-10-01'")
    one, other = mine.scan(ScanRequest("p.d.t", where)), mine.scan(ScanRequest("`p.d.t`", where))
    assert one.target is not None
    assert other.target is not None
    assert one.target.readings[0].facts is other.target.readings[0].facts
    assert one.target.readings[0].pruned is other.target.readings[0].pruned
    # but each scan has its own columns
    assert one.target.readings[0] is not other.target.readings[0]


def test_a_table_that_is_not_there() -> None:
    mine = resolver()
    assert mine.scan(ScanRequest("p.d.u", None)).target is None
    with pytest.raises(KeyError):
        mine.facts("p.d.u")


@pytest.mark.parametrize(
    ("written", "settings", "meaning"),
    [
        ("hole1.d.t", {}, "table"),  # the project is filled in by the code
        ("hole1.d.t", {"project": "p"}, "table"),
        ("hole1.d.t", {"project": "q"}, "unknown"),
        ("p.hole1.t", {}, "unknown"),
        ("p.d.hole1", {}, "unknown"),
        ("hole1.hole2.t", {}, "unknown"),
    ],
)
def test_an_unknown_part_of_a_name(written: str, settings: dict[str, str], meaning: str) -> None:
    assert resolver(**settings).name(written, name_hole=True).meaning == meaning
    assert resolver(**settings).name(written).meaning == "unknown"


def test_a_table_by_an_assumed_project_says_so() -> None:
    found = resolver().scan(ScanRequest("hole1.d.t", None, name_hole=True))
    assert found.target is not None
    assert found.target.readings[0].assumed_project


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = 1", True),
        ("1 = a", True),
        ("a > 1 AND z = 2", True),
        ("z = 2 OR a = 1", True),
        ("NOT a = 1", True),
        ("A IN (1, 2)", True),
        ("a IN UNNEST([1])", True),
        ("a BETWEEN 1 AND 2", True),
        ("a IS NULL", True),
        ("c LIKE 'x%'", True),
        ("STARTS_WITH(c, 'x')", True),
        ("LOWER(c) = 'x'", False),
        ("CAST(a AS STRING) = '1'", False),
        ("a + 1 = 2", False),
        ("z = 1", False),
        ("dt = '2026-10-01'", False),  # the partition column prunes partitions
    ],
)
def test_filters_on_clustering_columns(sql: str, expected: bool) -> None:
    raw = {**partitioned("t", days("2026-10-01", 2)), "clustering": ["dt", "a", "c"]}
    assert filters_cluster(condition(sql), build_table("p.d.t", raw)) is expected


def test_no_clustering_or_no_filter() -> None:
    assert not filters_cluster(condition("a = 1"), build_table("p.d.plain", plain_table()))
    assert not filters_cluster(None, build_table("p.d.plain", plain_table(clustering=["a"])))


def plan(**outputs: ViewOutput) -> ViewPlan:
    return ViewPlan((ViewScan("p.d.t"), ViewScan("p.d.u")), outputs)


def test_conditions_on_a_view_become_those_on_its_table() -> None:
    mine = plan(
        day=ViewOutput((), {0: ["col", "dt"]}),
        month=ViewOutput((), {0: ["call", "DATE_TRUNC", [["at", 3, ["col", "dt"]], ["unit", "MONTH"]]]}),
        other=ViewOutput((), {1: ["col", "x"]}),
        total=ViewOutput(()),
    )
    assert pushed_down(condition("DAY = '2026-10-01' AND other = 1"), mine, 0) == [
        "and",
        [["cmp", "=", ["col", "dt"], ["str", "2026-10-01"]]],
    ]
    assert pushed_down(condition("other = 1"), mine, 0) is None
    assert pushed_down(condition("total = 1"), mine, 0) is None
    assert pushed_down(None, mine, 0) is None
    found = pushed_down(condition("month = '2026-10-01'"), mine, 0)
    assert found == [
        "and",
        [["cmp", "=", ["call", "DATE_TRUNC", [["col", "dt"], ["unit", "MONTH"]]], ["str", "2026-10-01"]]],
    ]
    # under OR with another table's column: that one stays, as one of another table
    found = pushed_down(condition("day = '2026-10-01' OR other = 1"), mine, 0)
    assert found is not None
    assert found[1][0][1][1] == ["cmp", "=", ["other", "other"], ["num", "1"]]


def test_fields_of_what_passes_through() -> None:
    mine = plan(
        d=ViewOutput((), {0: ["col", "device"]}), up=ViewOutput((), {0: ["call", "UPPER", [["col", "c"]]]})
    )
    found = pushed_down(condition("d.os = 'x'"), mine, 0)
    assert found == ["and", [["cmp", "=", ["col", "device.os"], ["str", "x"]]]]
    assert pushed_down(condition("up.x = 'x'"), mine, 0) is None


def test_columns_through_a_star_pass_where_the_view_is_open() -> None:
    star = (ViewRead((0,), "", "star", ("hidden",)),)
    scans = (ViewScan("p.d.t"),)
    where = condition("dt = '2026-10-01'")
    is_open = ViewPlan(
        scans, {}, rest=star, hidden=lambda name: () if name == "hidden" else ({0: ["col", name]},)
    )
    assert pushed_down(where, is_open, 0) is not None
    assert pushed_down(where, ViewPlan(scans, {}, rest=star), 0) is None
    assert pushed_down(condition("hidden = 1"), is_open, 0) is None
