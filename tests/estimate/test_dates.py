"""Date arithmetic by itself: zones, texts, months, and what is out of range."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.estimate.dates import (
    add,
    boundaries_between,
    extract,
    format_fineness,
    format_moment,
    from_zone,
    last_day,
    parse_date,
    parse_moment,
    parse_with,
    to_zone,
    truncate,
    week_start,
    whole_units_between,
)

DAYS = st.dates(date(1, 1, 8), date(9999, 11, 30))
MOMENTS = st.datetimes(datetime(1, 1, 8), datetime(9999, 11, 30))
DAY_UNITS = ("DAY", "WEEK", "ISOWEEK", "WEEK(TUESDAY)", "MONTH", "QUARTER", "YEAR", "ISOYEAR")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02", datetime(2026, 1, 2)),
        ("2026-1-2", datetime(2026, 1, 2)),
        (" 2026-01-02 03:04 ", datetime(2026, 1, 2, 3, 4)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02t03:04:05.5", datetime(2026, 1, 2, 3, 4, 5, 500_000)),
        ("2026-01-02 03:04:05.123456789", datetime(2026, 1, 2, 3, 4, 5, 123_456)),
        ("2026-01-02 03:04:05Z", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02 03:04:05 UTC", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02 03:04:05+05:30", datetime(2026, 1, 1, 21, 34, 5)),
        ("2026-01-02 03:04:05-8", datetime(2026, 1, 2, 11, 4, 5)),
        ("2026-01-02 00:00:00-0800", datetime(2026, 1, 2, 8)),
        ("2026-07-02 03:04:05 Europe/Berlin", datetime(2026, 7, 2, 1, 4, 5)),  # summer: two hours
        ("2026-01-02 03:04:05 Europe/Berlin", datetime(2026, 1, 2, 2, 4, 5)),
        ("2026-01-02 America/Argentina/Buenos_Aires", datetime(2026, 1, 2, 3)),
        ("2026-02-30", None),
        ("2026-01-02 25:00:00", None),
        ("2026-01-02 03:04:05 Middle/Earth", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_texts_of_moments(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


def test_texts_of_dates() -> None:
    assert parse_date("2026-1-2") == date(2026, 1, 2)
    assert parse_date("2026-01-02 00:00:00") is None
    assert parse_date("2026-13-01") is None


def test_zones_there_and_back() -> None:
    # 2026-03-29 01:00 UTC: Berlin goes from 02:00 to 03:00
    assert to_zone(datetime(2026, 3, 29, 0, 59), "Europe/Berlin") == datetime(2026, 3, 29, 1, 59)
    assert to_zone(datetime(2026, 3, 29, 1, 0), "Europe/Berlin") == datetime(2026, 3, 29, 3, 0)
    assert from_zone(datetime(2026, 3, 29, 3, 0), "Europe/Berlin") == datetime(2026, 3, 29, 1, 0)
    assert to_zone(datetime(2026, 1, 1), "+05:30") == datetime(2026, 1, 1, 5, 30)
    assert from_zone(datetime(2026, 1, 1), "-3") == datetime(2026, 1, 1, 3)
    assert to_zone(datetime(2026, 1, 1), "nowhere") is None
    assert from_zone(datetime(1, 1, 1), "+02:00") is None
    assert to_zone(datetime(9999, 12, 31, 23), "+02:00") is None


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Europe/Berlin"])
@pytest.mark.parametrize("moment", [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)])
def test_the_ends_of_time_in_zones(zone: str, moment: datetime) -> None:
    """Never an exception, whichever way the zone lies."""
    for change in (to_zone, from_zone):
        found = change(moment, zone)
        assert found is None or abs(found - moment) < timedelta(days=1)


@pytest.mark.parametrize(
    ("moment", "count", "unit", "expected"),
    [
        (date(2026, 1, 31), 1, "MONTH", date(2026, 2, 28)),
        (date(2024, 1, 31), 1, "MONTH", date(2024, 2, 29)),
        (date(2026, 3, 31), -1, "MONTH", date(2026, 2, 28)),
        (date(2026, 1, 1), -1, "MONTH", date(2025, 12, 1)),
        (date(2026, 12, 15), 1, "MONTH", date(2027, 1, 15)),
        (date(2026, 11, 30), 1, "QUARTER", date(2027, 2, 28)),
        (date(2024, 2, 29), 4, "YEAR", date(2028, 2, 29)),
        (date(2024, 2, 29), -1, "YEAR", date(2023, 2, 28)),
        (date(2026, 1, 1), 2, "WEEK", date(2026, 1, 15)),
        (datetime(2026, 1, 31, 5), 1, "MONTH", datetime(2026, 2, 28, 5)),
        (datetime(2026, 1, 1), 36, "HOUR", datetime(2026, 1, 2, 12)),
        (datetime(2026, 1, 1), -1, "SECOND", datetime(2025, 12, 31, 23, 59, 59)),
        (datetime(2026, 1, 1), 1500, "MILLISECOND", datetime(2026, 1, 1, 0, 0, 1, 500_000)),
        (date(2026, 1, 1), 1, "HOUR", None),
        (date(2026, 1, 1), 1, "MICROSECOND", None),
        (date(9999, 12, 31), 1, "DAY", None),
        (date(9999, 12, 31), 1, "MONTH", None),
        (date(1, 1, 1), -1, "DAY", None),
        (date(2026, 1, 1), 10**12, "YEAR", None),
        (date(2026, 1, 1), 10**15, "DAY", None),
        (date(2026, 1, 1), 1, "FORTNIGHT", None),
    ],
)
def test_adding(moment: date, count: int, unit: str, expected: date | None) -> None:
    assert add(moment, count, unit) == expected


def test_december_of_the_last_year() -> None:
    assert add(date(9999, 11, 30), 1, "MONTH") == date(9999, 12, 30)
    assert last_day(date(9999, 12, 3), "MONTH") == date(9999, 12, 31)
    assert last_day(date(9999, 12, 3), "YEAR") == date(9999, 12, 31)


@given(DAYS, st.sampled_from(DAY_UNITS))
def test_a_day_lies_between_the_ends_of_its_unit(day: date, unit: str) -> None:
    start, end = truncate(day, unit), last_day(day, unit)
    assert start is not None
    assert end is not None
    assert start <= day <= end
    assert truncate(start, unit) == start == truncate(end, unit)
    if end < date.max:
        assert truncate(end + timedelta(days=1), unit) == end + timedelta(days=1)


@given(
    MOMENTS, MOMENTS, st.sampled_from((*DAY_UNITS, "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"))
)
def test_truncation_and_differences_keep_the_order(one: datetime, other: datetime, unit: str) -> None:
    low, high = sorted((one, other))
    first, second = truncate(low, unit), truncate(high, unit)
    assert first is not None
    assert second is not None
    assert first <= second
    between = boundaries_between(high, low, unit)
    assert between is not None
    assert (between > 0) == (first != second)
    assert boundaries_between(low, high, unit) == -between


@given(MOMENTS, MOMENTS, st.sampled_from(("DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")))
def test_whole_units_come_back(one: datetime, other: datetime, unit: str) -> None:
    count = whole_units_between(one, other, unit)
    assert count is not None
    if one >= other:
        reached = add(other, count, unit)
        assert reached is not None
        assert reached <= one
        beyond = add(other, count + 1, unit)
        assert beyond is None or beyond > one


@given(MOMENTS)
def test_iso_weeks_and_formats_agree_with_the_calendar(moment: datetime) -> None:
    year, week, _ = moment.isocalendar()
    assert extract(moment, "ISOYEAR") == year
    assert extract(moment, "ISOWEEK") == week
    assert format_moment("%G-%V", moment) == f"{year:04d}-{week:02d}"
    text = format_moment("%Y-%m-%d %H:%M:%S", moment)
    assert text is not None
    assert parse_with("%Y-%m-%d %H:%M:%S", text) == moment.replace(microsecond=0)


def test_week_parts() -> None:
    assert [week_start(unit) for unit in ("WEEK", "ISOWEEK", "WEEK(WEDNESDAY)")] == [6, 0, 2]
    assert week_start("WEEK(NODAY)") is None
    assert week_start("MONTH") is None
    assert truncate(date(2026, 1, 1), "CENTURY") is None
    assert truncate(date(1, 1, 1), "WEEK(SUNDAY)") is None  # the Sunday before is out of range


def test_dates_have_no_clock() -> None:
    assert extract(date(2026, 1, 1), "HOUR") is None
    assert truncate(date(2026, 1, 1), "HOUR") is None
    assert boundaries_between(date(2026, 1, 2), date(2026, 1, 1), "HOUR") is None


@pytest.mark.parametrize(
    ("pattern", "finest"),
    [("%Y", "year"), ("%Y%m", "month"), ("%F", "day"), ("%Y%m%d", "day"), ("%H", "hour"), ("%R", "minute"),
     ("%T", "second"), ("%%Y", "year"), ("text", "year"), ("%Q", "month"), ("%E3S", None), ("%", "year")],
)  # fmt: skip
def test_what_a_format_depends_on(pattern: str, finest: str | None) -> None:
    assert format_fineness(pattern) == finest


def test_formats_do_not_follow_the_language_of_the_machine() -> None:
    assert format_moment("%A %a %B %b %D %e %%", date(2026, 5, 4)) == "Monday Mon May May 05/04/26  4 %"
    assert format_moment("%Y", date(44, 5, 4)) == "0044"


def test_parsing_needs_the_year() -> None:
    assert parse_with("%m-%d", "01-02") is None
    assert parse_with("%Y-%m", "2026-02") == datetime(2026, 2, 1)
    assert parse_with("%Y-%m-%d", "2026-02-31") is None
    assert parse_with("%Y-%j", "2026-031") is None


def test_a_moment_with_a_zone_keeps_its_instant() -> None:
    from costguard.estimate.functions import naive_utc

    berlin = datetime.fromisoformat("2026-07-01T02:00:00+02:00")
    assert naive_utc(berlin) == datetime(2026, 7, 1)
    assert naive_utc(datetime(2026, 7, 1, tzinfo=UTC)) == datetime(2026, 7, 1)
    assert naive_utc(datetime(2026, 7, 1)) == datetime(2026, 7, 1)
