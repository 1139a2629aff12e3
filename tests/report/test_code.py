"""What queries of the code cost in a week, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from costguard.history.spend import History, Spend, StatementSpend
from costguard.model import Span
from costguard.money import Dollars
from costguard.render.report_json import query_document
from costguard.render.report_view import queries_table
from costguard.report.code import CodeQuery, code_costs
from costguard.result import Finding, QueryReport, RunRate
from tests.render.results import finding, query

NOTHING = Spend()


def spent(
    runs: int, usd: str, allocated: str = "0", bytes_billed: int = 0, reserved: int = 0, unpriced: int = 0
) -> StatementSpend:
    """`reserved` and `unpriced`: so many of the runs."""
    spend = Spend(
        jobs=runs,
        bytes_billed=bytes_billed,
        on_demand=Decimal(usd),
        allocated=Decimal(allocated),
        reserved=reserved,
        unpriced=unpriced,
        priced=runs - reserved - unpriced,
    )
    return StatementSpend(
        spend=spend,
        runs=runs,
        charged=float(runs),
        priced=Fraction(runs - reserved - unpriced),
        shared=0,
        others=(),
        grades={"fingerprint": runs},
        confidence="high",
        first=None,
        last=None,
        runs_per_day=1.0,
        rate=RunRate(1.0, 1.0, 1, ()),
        processed=None,
        billed=None,
    )


def history(total: str = "0", **statements: StatementSpend) -> History:
    """`q1` is the statement with key 1."""
    spends = {int(name[1:]): one for name, one in statements.items()}
    matched = sum((one.spend for one in spends.values()), NOTHING)
    whole = replace(matched, on_demand=Decimal(total))
    return History(
        statements=spends,
        strangers=(),
        total=whole,
        matched=matched,
        unmatched=NOTHING,
        by_grade={},
        ambiguous=NOTHING,
        first=None,
        last=None,
        days=7,
    )


QUERIES: dict[int, QueryReport] = {
    1: replace(query(), id="one", path="a.sql", span=Span(3, 1, 4, 1)),
    2: replace(query(), id="two", path="b.ipynb", span=Span(1, 1, 2, 1, 5)),
    3: replace(query(), id="three", path="c.sql", span=Span(9, 1, 9, 2)),
}


def found(usd: str | None, rule: str, of: str, help: str | None = None) -> Finding:
    wasted = Dollars(Decimal(usd), Decimal(usd), Decimal(usd), "exact") if usd is not None else None
    return replace(finding(), rule=rule, query=of, wasted_usd=wasted, help=help, suppressed=None)


def test_queries_by_their_jobs() -> None:
    now = history("20", q1=spent(4, "8", bytes_billed=100), q2=spent(2, "9", allocated="3"))
    before = history("7", q1=spent(2, "6"), q3=spent(1, "1"))
    findings = [
        found("1", "small", "one", "little"),
        found("5", "large", "one", "much"),
        found(None, "unpriced", "one"),
        found("9", "elsewhere", "three", "other"),
    ]
    costs = code_costs(now, before, QUERIES, findings, never_run=4)
    assert [(one.id, one.start_line, one.cell) for one in costs.queries] == [
        ("two", 1, 5),
        ("one", 3, None),
        ("three", 9, None),
    ]
    two, one, three = costs.queries
    assert (two.usd, two.allocated, two.runs, two.runs_before, two.findings, two.fix) == (
        9,
        3,
        2,
        0,
        (),
        None,
    )
    assert (one.usd, one.usd_before, one.each, one.each_before, one.bytes_billed) == (8, 6, 2, 3, 100)
    assert (one.findings, one.fix) == (("large", "small", "unpriced"), "much")
    assert (three.usd, three.usd_before, three.each, three.findings) == (0, 1, None, ("elsewhere",))
    assert (costs.usd, costs.to_code, costs.not_in_code, costs.allocated, costs.never_run) == (
        20,
        17,
        3,
        3,
        4,
    )
    assert costs.saved == 4  # query one: (3 - 2) x 4
    assert costs.open_findings == {finding().severity: 4}


def test_runs_that_cost_nothing() -> None:
    cached = replace(spent(3, "6"), runs=5)
    costs = code_costs(history("6", q1=cached), history(), QUERIES, (), 0)
    assert (costs.queries[0].runs, costs.queries[0].runs_free, costs.queries[0].each) == (5, 2, 2)
    assert costs.open_findings == {}


def test_an_ignored_finding_is_no_advice() -> None:
    ignored = replace(found("5", "large", "one", "much"), suppressed="known")
    costs = code_costs(history("8", q1=spent(4, "8")), history(), QUERIES, [ignored], 0)
    assert costs.queries[0].findings == ()
    assert costs.open_findings == {}


def one(runs: int, usd: str, runs_before: int, usd_before: str) -> CodeQuery:
    now, before = history(usd, q1=spent(runs, usd)), history(usd_before, q1=spent(runs_before, usd_before))
    return code_costs(now, before, QUERIES, (), 0).queries[0]


@pytest.mark.parametrize(
    ("query", "saved"),
    [
        (one(10, "8", 10, "10"), "2"),
        (one(10, "8.1", 10, "10"), None),  # not a fifth
        (one(1, "0.001", 1, "0.01"), None),  # less than a cent
        (one(0, "0", 10, "10"), None),
        (one(10, "8", 0, "0"), None),
        (one(3, "0", 1, "1"), "3"),
    ],
)
def test_saved(query: CodeQuery, saved: str | None) -> None:
    assert query.saved == (Decimal(saved) if saved is not None else None)


WEEK_BEFORE = spent(7, "43.75")
"""Seven runs at 6.25."""


@pytest.mark.parametrize(
    "now",
    [
        spent(7, "0", allocated="140", reserved=7),  # all of it moved to a reservation
        replace(spent(0, "0"), runs=7),  # all of it failed
        spent(7, "0", unpriced=7),  # billed bytes that nobody knows
        replace(spent(2, "12.50"), runs=7),  # five failed, two cost what they did: 12.50 / 2 = 6.25
        spent(7, "12.50", allocated="100", reserved=5),  # five moved, two cost what they did
        spent(7, "12.50", unpriced=5),
    ],
)
def test_runs_without_a_price_save_nothing(now: StatementSpend) -> None:
    weeks = [("2026-W46", history("43.75", q1=WEEK_BEFORE)), ("2026-W47", history("0", q1=now))]
    costs = code_costs(weeks[1][1], weeks[0][1], QUERIES, (), 0, weeks)
    (query,) = costs.queries
    assert (query.saved, query.savings, costs.saved) == (None, None, 0)


def test_a_query_that_moved_to_slots_is_shown_as_such() -> None:
    now = history("0", q1=spent(7, "0", allocated="140", reserved=7))
    costs = code_costs(now, history("43.75", q1=WEEK_BEFORE), QUERIES, (), 0)
    table = queries_table(costs)
    assert table.rows == (("a.sql:3", "7 (7 in a reservation)", "", "$0.00", "-$43.75"),)
    assert table.below == ("moved to slots, $140.00 by slot time: nothing was saved by that",)


def test_jobs_of_unknown_cost_are_not_free() -> None:
    costs = code_costs(history("0", q1=spent(7, "0", unpriced=7)), history(), QUERIES, (), 0)
    assert (costs.unpriced_jobs, costs.priced_jobs, costs.known) == (7, 0, False)
    assert queries_table(costs).rows == (("a.sql:3", "7 (7 of unknown cost)", "", "unknown", ""),)
    assert query_document(costs.queries[0])["net"] is None
    part = code_costs(history("6.25", q1=spent(3, "6.25", unpriced=2)), history(), QUERIES, (), 0)
    assert (part.unpriced_jobs, part.priced_jobs, part.known) == (2, 1, True)
    assert query_document(part.queries[0])["net"] == "6.25"


def test_a_history_that_does_not_hold_the_week_before() -> None:
    """What is there of it counts for the price of a run, and is no sum to compare with."""
    now, before = history("28", q1=spent(7, "28")), history("6.25", q1=spent(1, "6.25"))
    costs = code_costs(now, before, QUERIES, (), 0, held=False)
    assert costs.saved == Decimal("15.75")  # (6.25 - 4) x 7
    assert queries_table(costs).rows == (("a.sql:3", "7", "$4.00", "$28.00", ""),)
    document = query_document(costs.queries[0], costs.held)
    assert (document["runs_previous_week"], document["net_previous_week"]) == (None, None)


def test_a_shared_run_is_a_part_of_one() -> None:
    """Seven jobs that two queries share cost each of them 21.875, which is 6.25 for each of 3.5 runs."""
    shared = replace(spent(7, "21.875"), priced=Fraction(7, 2))
    costs = code_costs(history("21.875", q1=shared), history("43.75", q1=WEEK_BEFORE), QUERIES, (), 0)
    (query,) = costs.queries
    assert (query.each, query.each_before, query.saved) == (Decimal("6.25"), Decimal("6.25"), None)


def test_ignored_findings_with_their_reasons() -> None:
    known = replace(found("5", "large", "one"), suppressed="known", path="b.sql")
    bare = replace(found(None, "unpriced", "one"), suppressed="", path="a.sql")
    costs = code_costs(
        history("8", q1=spent(4, "8")), history(), QUERIES, [bare, known, found("1", "other", "one")], 0
    )
    assert [(one.rule, one.path, one.reason, one.usd) for one in costs.ignored] == [
        ("large", "b.sql", "known", 5),
        ("unpriced", "a.sql", "", None),
    ]


def test_weeks_of_a_query() -> None:
    """Ten weeks, of which the last eight are the trend; the savings are of all."""
    weeks = [
        (f"2026-W{number}", history(q1=spent(2, "8" if number < 32 else "2"))) for number in range(30, 40)
    ]
    costs = code_costs(weeks[-1][1], weeks[-2][1], QUERIES, [], 0, weeks)
    (query,) = costs.queries
    assert [(week.week, week.runs, week.usd) for week in query.trend] == [
        (f"2026-W{number}", 2, 2) for number in range(32, 40)
    ]
    assert query.savings is not None
    assert (query.savings.since, query.savings.before, query.savings.after, query.savings.usd) == (
        "2026-W32",
        4,
        1,
        48,
    )
    assert query.saved is None
