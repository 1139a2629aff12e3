"""The figures of a week, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.history.jobs import load_jobs
from costguard.history.ledger import Entry
from costguard.render.report_csv import report_csv
from costguard.render.report_json import report_document
from costguard.render.report_view import view_of
from costguard.report.model import Change, Report, Totals
from costguard.report.weekly import build_report, week_of
from tests.history.bills import Row, parquet
from tests.history.test_jobs import job
from tests.history.test_jobs import parquet as jobs_parquet
from tests.report.weeks import MONDAY, daily, from_the_week_before, moment, weeks

WEEK = "2026-W37"
NOW = datetime(2026, 9, 18, 6, tzinfo=UTC)


def report(
    tmp_path: Path, rows: list[Row], now: datetime = NOW, zone: str = "UTC", name: str = WEEK
) -> Report:
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    return build_report(charges, week_of(name, zone, now), now)


def test_totals(tmp_path: Path) -> None:
    rows = [
        daily(MONDAY, 10.0, (("DISCOUNT", -1.5), ("PROMOTION", -0.25))),
        daily(MONDAY + timedelta(days=6), 2.0),
        daily(MONDAY - timedelta(days=1), 4.0, (("DISCOUNT", -1.0),)),
        daily(MONDAY + timedelta(days=7), 100.0),
    ]
    found = report(tmp_path, from_the_week_before(*rows))
    assert found.totals == Totals(
        rows=2,
        gross=Decimal("12"),
        credits=Decimal("-1.75"),
        promotions=Decimal("-0.25"),
        net=Decimal("10.25"),
        net_before=Decimal("3"),
        median=None,
    )
    assert [(month.key, month.net) for month in found.months] == [("202609", Decimal("10.25"))]
    assert found.currency == "USD"


def test_the_median_of_the_four_weeks_before(tmp_path: Path) -> None:
    costs = (1.0, 2.0, 30.0, 4.0, 5.0)
    rows = [daily(MONDAY - timedelta(weeks=4 - number), cost) for number, cost in enumerate(costs)]
    assert report(tmp_path, rows).totals.median == Decimal(3)  # of 1, 2, 30 and 4
    assert report(tmp_path, rows[1:]).totals.median is None  # the bill does not reach back


def test_a_week_beside_the_one_before(tmp_path: Path) -> None:
    other = {
        "service__id": "S",
        "service__description": "Storage",
        "sku__id": "K",
        "sku__description": "Standard",
    }
    rows = [
        daily(MONDAY, 10.0),
        daily(MONDAY - timedelta(weeks=1), 7.5),
        daily(MONDAY, 2.0, labels=[], project=None, **other),
        daily(MONDAY - timedelta(weeks=1), 1.0, sku__id="gone", sku__description="Old"),
    ]
    found = report(tmp_path, rows)
    assert found.by["service"] == (
        Change("24E6-581D-38E5", "BigQuery", 1, 2, Decimal(10), Decimal("8.5")),
        Change("S", "Storage", 1, 0, Decimal(2), Decimal(0)),
    )
    assert found.by["label:team"] == (
        Change("ml", None, 1, 2, Decimal(10), Decimal("8.5")),
        Change(None, None, 1, 0, Decimal(2), Decimal(0)),
    )
    assert found.label_coverage == {"team": 1 - Decimal(2) / Decimal(12)}
    assert found.by["project"] == (
        Change("shop", "Shop", 1, 2, Decimal(10), Decimal("8.5")),
        Change(None, None, 1, 0, Decimal(2), Decimal(0)),
    )
    assert found.by["day"] == (Change("2026-09-07", None, 2, 2, Decimal(12), Decimal("8.5")),)
    assert [(dimension, change.key) for dimension, change in found.dearer] == [
        ("sku", "3362-E469-6BEF"),
        ("project", None),
        ("sku", "K"),
        ("project", "shop"),
    ]
    assert [(dimension, change.key, change.is_gone) for dimension, change in found.cheaper] == [
        ("sku", "gone", True)
    ]
    assert found.dearer[2][1].is_new


def test_credits_leave_no_part_with_a_label(tmp_path: Path) -> None:
    rows = [daily(MONDAY, 10.0), daily(MONDAY, -12.0, labels=[]), daily(MONDAY, 3.0, labels=[])]
    assert report(tmp_path, rows).label_coverage == {"team": None}


def test_days_and_weeks_are_those_of_the_zone(tmp_path: Path) -> None:
    """Late on Sunday in New York is Monday in UTC."""
    rows = [
        daily(MONDAY, 3.0, usage_start_time=moment(MONDAY, 2), usage_end_time=moment(MONDAY, 3)),
        daily(MONDAY, 5.0),
    ]
    rows = from_the_week_before(*rows)
    assert report(tmp_path, rows).totals.net == Decimal(8)
    found = report(tmp_path, rows, zone="America/New_York")
    assert found.totals.net == Decimal(5)
    assert found.totals.net_before == Decimal(3)


def test_the_clock_changes_within_a_week(tmp_path: Path) -> None:
    """In Europe the last week of October 2026 has 169 hours."""
    monday = date(2026, 10, 19)
    last_hour = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
    rows = [
        daily(monday, 1.0),
        daily(monday, 2.0, usage_start_time=last_hour, usage_end_time=last_hour, export_time=last_hour),
    ]
    now = datetime(2026, 11, 2, tzinfo=UTC)
    found = report(tmp_path, rows, now, "Europe/Zurich", "2026-W43")
    assert (found.end - found.start) == timedelta(hours=169)
    assert found.totals.net == Decimal(3)
    assert [change.key for change in found.by["day"]] == ["2026-10-19", "2026-10-25"]


def test_complete_when_neither_clock_nor_export_is_near(tmp_path: Path) -> None:
    rows = [
        *weeks(2),
        daily(MONDAY + timedelta(days=9), 1.0),
    ]  # exported until Wednesday evening of the next week
    assert report(tmp_path, rows).complete
    early = report(tmp_path, rows, now=moment(MONDAY + timedelta(days=8), 23))
    assert not early.complete
    assert early.freshness.provisional_from == MONDAY + timedelta(days=6)
    stale = report(tmp_path, weeks(2), now=NOW)  # nothing was exported since Sunday evening
    assert not stale.complete
    assert stale.freshness.provisional_from == MONDAY + timedelta(days=4)


def test_a_slow_export_keeps_days_open_longer(tmp_path: Path) -> None:
    rows = [
        daily(
            MONDAY + timedelta(days=number), 1.0, export_time=moment(MONDAY + timedelta(days=number + 4), 13)
        )
        for number in range(7)
    ]
    found = report(tmp_path, rows, now=moment(MONDAY + timedelta(days=10), 13))
    assert found.freshness.lag_p90 == timedelta(days=4)
    assert found.freshness.provisional_from == MONDAY + timedelta(days=6)


def test_what_the_week_before_was_known_to_cost(tmp_path: Path) -> None:
    before = MONDAY - timedelta(days=3)
    rows = [
        daily(MONDAY, 1.0),
        daily(before, 10.0),
        daily(before, 0.5, export_time=NOW - timedelta(days=2)),
        daily(
            before, -2.0, export_time=NOW - timedelta(days=1), adjustment_info={"type": "PRICE_CORRECTION"}
        ),
    ]
    found = report(tmp_path, from_the_week_before(*rows))
    assert found.freshness.before_known == Decimal(10)
    assert found.totals.net_before == Decimal("8.5")


def test_a_backfilled_export(tmp_path: Path) -> None:
    """10 a day from 1 August on, all exported when that began, on 16 September: nobody knows how long rows take, and
    two days have gone by since the week. 13 days of September are closed, 17 are left."""
    exported = moment(date(2026, 9, 16), 10)
    rows = [
        daily(date(2026, 8, 1) + timedelta(days=number), 10.0, export_time=exported) for number in range(46)
    ]
    found = report(tmp_path, rows)
    assert (found.freshness.lag_median, found.freshness.lag_p90) == (None, None)
    assert (found.freshness.before_known, found.complete) == (None, True)
    assert found.forecast is not None
    assert (found.forecast.closed_days, found.forecast.days_left, found.forecast.point) == (13, 17, 300)


def test_lags_are_those_of_rows_since_the_first_export(tmp_path: Path) -> None:
    """A month at once on Wednesday, and from then on each day at seven in the evening, six hours after usage."""
    wednesday = MONDAY + timedelta(days=2)
    rows = [
        daily(day, 10.0, export_time=max(moment(day, 19), moment(wednesday, 19)))
        for day in (wednesday + timedelta(days=number) for number in range(-28, 8))
    ]
    found = report(tmp_path, rows)
    assert (found.freshness.lag_p90, found.freshness.before_known) == (timedelta(hours=6), None)
    assert found.complete


def test_a_day_is_closed_after_a_week_at_the_latest(tmp_path: Path) -> None:
    """Rows come 30 days after their usage; the newest on 13 October, a month after the week."""
    rows = [{**row, "export_time": row["usage_end_time"] + timedelta(days=30)} for row in weeks(9)]
    found = report(tmp_path, rows, now=moment(date(2026, 10, 18)))
    assert (found.freshness.lag_p90, found.complete) == (timedelta(days=30), True)


def test_nothing_is_restated_while_the_week_before_went_on_a_week_ago(tmp_path: Path) -> None:
    """On Thursday of the week itself: a week ago three days of the week before were still to come."""
    rows = weeks(3)
    early = report(tmp_path, rows, now=moment(MONDAY + timedelta(days=3), 20))
    assert (early.totals.net_before, early.freshness.before_known) == (70, None)
    assert report(tmp_path, rows, now=moment(MONDAY + timedelta(days=7))).freshness.before_known == 70


def test_a_service_with_too_few_rows(tmp_path: Path) -> None:
    rows = [row for row in weeks(5) if row["usage_start_time"].date() < MONDAY]
    rows.extend(daily(MONDAY + timedelta(days=number), 1.0) for number in (0, 1, 2, 8))
    short = report(tmp_path, rows).freshness.short_services
    assert [(item.service, item.rows, item.usual) for item in short] == [("24E6-581D-38E5", 3, 7)]
    rows.append(daily(MONDAY + timedelta(days=4), 1.0))
    assert report(tmp_path, rows).freshness.short_services == ()


def test_the_last_week_that_has_ended() -> None:
    assert week_of(None, "UTC", NOW).name == WEEK
    assert week_of(None, "UTC", moment(MONDAY + timedelta(days=6), 23)).name == "2026-W36"
    assert week_of(None, "America/New_York", moment(MONDAY + timedelta(days=7), 1)).name == "2026-W36"
    assert week_of(None, "UTC", datetime(2027, 1, 5, tzinfo=UTC)).name == "2026-W53"


@pytest.mark.parametrize("name", ["2026-W38", "2027-W01"])
def test_a_week_that_has_not_begun(name: str) -> None:
    with pytest.raises(UsageProblem, match=f"{name} has not begun yet"):
        week_of(name, "UTC", moment(MONDAY + timedelta(days=6)))


def test_a_bill_of_another_time(tmp_path: Path) -> None:
    with pytest.raises(
        UsageProblem, match=r"no charges of 2026-W37; it reaches from 2026-06-01 to 2026-06-01"
    ):
        report(tmp_path, [daily(date(2026, 6, 1), 1.0)])


def test_a_week_without_charges_after_one_with(tmp_path: Path) -> None:
    rows = from_the_week_before(
        daily(MONDAY - timedelta(days=2), 1.0), daily(MONDAY + timedelta(days=8), 1.0)
    )
    found = report(tmp_path, rows)
    assert (found.totals.rows, found.totals.net, found.totals.net_before) == (0, Decimal(0), Decimal(1))
    assert view_of(found, "0").headline == "$0.00 net, -$1.00 (-100 %) against the week before"


def test_a_week_of_which_nothing_was_exported(tmp_path: Path) -> None:
    """The newest row came on Saturday evening: that the week cost nothing is not known."""
    with pytest.raises(
        UsageProblem, match=r"nothing of 2026-W37 has been exported: the bill ends at 2026-09-05 19:00 UTC"
    ):
        report(tmp_path, from_the_week_before(daily(MONDAY - timedelta(days=2), 1.0)))


def test_an_export_that_ended_within_the_week(tmp_path: Path) -> None:
    """Monday to Wednesday at 10, after a week at 70: no drop of 40, but four days of which nothing is known."""
    wednesday = MONDAY + timedelta(days=2)
    found = report(tmp_path, days_from(MONDAY - timedelta(weeks=1), wednesday))
    note = "the export ends on Wednesday, 9 September 2026, 4 days before the end of the week"
    assert (found.totals.net, found.totals.net_before, found.until, found.over) == (30, 70, wednesday, True)
    assert (found.dearer, found.cheaper, found.freshness.short_services) == ((), (), ())
    assert (found.volume.count, found.volume.count_before, found.volume.by_count) == (3, 7, None)
    document, view = report_document(found), view_of(found, "0")
    assert (document["comparison_note"], document["totals"]["net_previous_week"]) == (note, "70.00")
    assert view.headline == "$30.00 net so far: the export ends on 9 September 2026"
    assert f"Nothing is compared with the week before: {note}." in view.warnings
    assert dict(view.facts)["Iterations"] == "3 at $10.00 each so far; 7 in the whole week before, at $10.00"
    (services,) = [table for table in view.tables if table.title == "By service"]
    assert (services.heads, services.rows) == (
        ("", "week before", "so far"),
        (("BigQuery", "$70.00", "$30.00"),),
    )


def test_a_week_that_goes_on(tmp_path: Path) -> None:
    """Asked for on its Thursday."""
    rows = days_from(MONDAY - timedelta(weeks=1), MONDAY + timedelta(days=3))
    found = report(tmp_path, rows, now=moment(MONDAY + timedelta(days=3), 20))
    assert (found.totals.net, found.over, found.complete) == (40, False, False)
    assert (found.dearer, found.cheaper) == ((), ())
    view = view_of(found, "0")
    assert view.headline == "$40.00 net so far: the week is not over"
    assert report_document(found)["comparison_note"] == "the week goes on until Sunday, 13 September 2026"


def test_days_that_had_no_usage_before_either_are_not_missed(tmp_path: Path) -> None:
    """A bill of Mondays only, exported as it comes: nothing was to be expected from Tuesday on."""
    found = report(tmp_path, [daily(MONDAY - timedelta(weeks=1), 10.0), daily(MONDAY, 12.0)])
    assert found.until is None
    assert view_of(found, "0").headline == "$12.00 net, +$2.00 (+20 %) against the week before"


def days_from(first: date, last: date = MONDAY + timedelta(days=9)) -> list[Row]:
    """10 on each day."""
    return [daily(first + timedelta(days=number), 10.0) for number in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("first", "net", "headline", "note"),
    [
        (  # of the week before only Saturday and Sunday: 20, which would have made it +50
            MONDAY - timedelta(days=2),
            70,
            "$70.00 net; nothing to compare with, the bill begins on 5 September 2026",
            "the bill begins on Saturday, 5 September 2026, and lacks 5 days of the week before",
        ),
        (
            MONDAY,
            70,
            "$70.00 net; nothing to compare with, the bill begins on 7 September 2026",
            "the bill begins on Monday, 7 September 2026, and lacks the week before",
        ),
        (  # Wednesday to Sunday
            MONDAY + timedelta(days=2),
            50,
            "$50.00 net since 9 September 2026, when the bill begins",
            "the bill begins on Wednesday, 9 September 2026, and lacks the week before and 2 days of this one",
        ),
    ],
)
def test_a_week_before_that_the_bill_does_not_hold(
    tmp_path: Path, first: date, net: int, headline: str, note: str
) -> None:
    found = report(tmp_path, days_from(first))
    assert (found.totals.net, found.totals.net_before, found.freshness.before_known) == (net, None, None)
    assert (found.dearer, found.cheaper, found.freshness.short_services) == ((), (), ())
    document, view = report_document(found), view_of(found, "0")
    assert document["comparison_note"] == note
    assert document["totals"]["net_previous_week"] is None
    assert {row["net_previous_week"] for rows in document["by"].values() for row in rows} == {None}
    assert document["volume"]["iterations_previous_week"] is None
    assert document["volume"]["change_by_number"] is None
    assert view.headline == headline
    assert f"Nothing is compared with the week before: {note}." in view.warnings
    assert {table.heads for table in view.tables if table.title.startswith("By ")} == {("", "this week")}
    assert f"2026-W37,total,,,{net // 10},{net}.00,,USD,false" in report_csv(found)


def test_a_bill_that_begins_on_the_first_day_of_the_week_before(tmp_path: Path) -> None:
    found = report(tmp_path, days_from(MONDAY - timedelta(weeks=1)))
    assert found.totals.net_before == 70
    assert report_document(found)["comparison_note"] is None
    assert view_of(found, "0").headline == "$70.00 net, as in the week before"


def test_usual_rows_are_those_of_weeks_that_the_bill_holds(tmp_path: Path) -> None:
    """7 rows in the one week before that it holds whole; of the weeks before that it has none."""
    rows = [*days_from(MONDAY - timedelta(days=7), MONDAY - timedelta(days=1)), daily(MONDAY, 1.0)]
    rows.append(daily(MONDAY + timedelta(days=8), 1.0))
    assert [(item.rows, item.usual) for item in report(tmp_path, rows).freshness.short_services] == [(1, 7)]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_table_adds_up_and_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cents = st.integers(-500, 5000)
    rows = [
        daily(
            MONDAY + timedelta(days=data.draw(st.integers(-14, 8))),
            data.draw(cents) / 100,
            tuple(("DISCOUNT", data.draw(cents) / -100) for _ in range(data.draw(st.integers(0, 2)))),
            service__id=data.draw(st.sampled_from("ab")),
            sku__id=data.draw(st.sampled_from("xyz")),
            project=data.draw(st.sampled_from([None, {"id": "p", "name": "P", "labels": []}])),
            labels=[{"key": "team", "value": data.draw(st.sampled_from("mn"))}]
            * data.draw(st.integers(0, 2)),
            resource__global_name=f"job-{number}",  # rows of two files that are the same would be refused
        )
        for number in range(data.draw(st.integers(1, 12)))
    ]
    rows.append(daily(MONDAY, 1.0))
    folder = tmp_path_factory.mktemp("bill")
    one = build_report(load_charges([parquet(folder / "all.parquet", rows)]), week_of(WEEK, "UTC", NOW), NOW)
    for dimension, found in one.by.items():
        assert sum(change.net for change in found) == one.totals.net, dimension
        assert sum(change.rows for change in found) == one.totals.rows, dimension
        if one.totals.net_before is not None:
            assert sum(change.net_before or 0 for change in found) == one.totals.net_before, dimension
        else:
            assert {change.net_before for change in found} <= {None}, dimension
    assert sum(month.net for month in one.months) == one.totals.net
    apart = (*one.attribution.standing, *one.attribution.unattributed)
    assert one.attribution.to_iterations + sum(part.net for part in apart) == one.totals.net
    assert sum(item.net for item in one.iterations) == one.attribution.to_iterations
    assert one.totals.net == one.totals.gross + one.totals.credits

    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    parts = [
        parquet(folder / f"part-{number}.parquet", part)
        for number, part in enumerate((shuffled[:cut], shuffled[cut:]))
        if part
    ]
    assert build_report(load_charges(parts), week_of(WEEK, "UTC", NOW), NOW) == one


def test_an_iteration_that_goes_on_beyond_the_week(tmp_path: Path) -> None:
    """From Sunday 22:00 to Monday 02:00, an hour a dollar: two in the week. One of the label `b` is whole."""
    hours = [
        daily(MONDAY, 1.0, usage_start_time=begin, usage_end_time=begin + timedelta(hours=1), **more)
        for begin, more in (
            *(
                (moment(MONDAY + timedelta(days=6), 22) + timedelta(hours=n), {"labels": []})
                for n in range(4)
            ),
            (moment(MONDAY, 3), {"labels": [{"key": "cg_iteration", "value": "b"}]}),
        )
    ]
    found = report(tmp_path, hours)
    assert [(item.id, item.net) for item in found.iterations] == [
        ("shop@2026-09-13T22:00", 2),
        ("b", 1),
    ]
    assert list(found.wholes) == [("time", "shop@2026-09-13T22:00")]
    (whole,) = found.wholes.values()
    assert (whole.net, whole.start, whole.end) == (
        4,
        moment(MONDAY + timedelta(days=6), 22),
        moment(MONDAY + timedelta(days=7), 2),
    )
    document = report_document(found)
    assert [item["whole"] and item["whole"]["net"] for item in document["iterations"]] == ["4.00", None]
    (shown,) = [table for table in view_of(found, "0").tables if table.title == "Iterations"]
    assert shown.rows[0][3] == "preprocessing; $4.00 in all, 2026-09-13 22:00 to 2026-09-14 02:00"


def test_two_labels_with_one_value_are_two_iterations(tmp_path: Path) -> None:
    """What was stamped is of the one with costguard's own label, as is the hour after the week."""
    last = moment(MONDAY + timedelta(days=6), 23)
    own, other = ([{"key": key, "value": "run-a"}] for key in ("cg_iteration", "dbt_invocation_id"))
    rows = [
        daily(MONDAY, cost, usage_start_time=begin, usage_end_time=begin + timedelta(hours=1), labels=labels)
        for cost, begin, labels in (
            (1.0, last, own),
            (2.0, last + timedelta(hours=1), own),
            (4.0, last - timedelta(days=3), other),
        )
    ]
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    entry = Entry("run-a", last, last + timedelta(hours=2), "2844c7c" + "0" * 33, "wider features")
    found = build_report(charges, week_of(WEEK, "UTC", NOW), NOW, ledger=[entry])
    assert found.stamped == {("label:cg_iteration", "run-a"): entry}
    assert {key: whole.net for key, whole in found.wholes.items()} == {("label:cg_iteration", "run-a"): 3}
    told = [(one["evidence"], one["net"], one["comment"]) for one in report_document(found)["iterations"]]
    assert told == [
        ("label:cg_iteration", "1.00", "wider features"),
        ("label:dbt_invocation_id", "4.00", None),
    ]
    (table,) = [table for table in view_of(found, "0").tables if table.title == "Iterations"]
    assert [row[0] for row in table.rows] == [
        "run-a (label:cg_iteration)",
        "run-a (label:dbt_invocation_id)",
    ]
    assert table.below == ("commit 2844c7c: wider features", "")


def test_an_iteration_that_is_not_billed_yet(tmp_path: Path) -> None:
    """One has a charge of 10; of the other there is only a job, which is not nothing."""
    charges = load_charges([parquet(tmp_path / "bill.parquet", [daily(MONDAY, 10.0)])])
    start = moment(MONDAY + timedelta(days=1), 12)
    path = jobs_parquet(
        tmp_path / "jobs.parquet",
        [
            job(
                creation_time=start,
                start_time=start,
                end_time=start,
                labels=[{"key": "cg_iteration", "value": "run-b"}],
            )
        ],
    )
    found = build_report(charges, week_of(WEEK, "UTC", NOW), NOW, jobs=load_jobs([path]).frame)
    document = report_document(found)
    assert [(one["id"], one["net"]) for one in document["iterations"]] == [
        ("run-b", None),
        ("shop@2026-09-07T12:00", "10.00"),
    ]
    view = view_of(found, "0")
    (table,) = [table for table in view.tables if table.title == "Iterations"]
    assert table.rows[0] == ("run-b", "2026-09-08 12:00", "not billed yet", "")
    assert dict(view.facts)["Iterations"] == "1 at $10.00 each and 1 not billed yet"
