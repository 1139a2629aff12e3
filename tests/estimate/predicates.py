"""Conditions on a partition key with a meaning of their own: GoogleSQL text, and what it says of one row.

The meaning is written from the reference manual, without the code under test.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Row = tuple[Any, int]
"""The key (None for NULL) and another column `v`."""
Truth = bool | None

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Condition:
    """A condition on the key `k`."""

    sql: str
    holds: Callable[[Row], Truth]
    constants: tuple[Any, ...] = ()
    """Values that the key is compared with directly; None among them when it is compared in another way."""

    def __repr__(self) -> str:
        return self.sql


def _compared(function: Callable[[Any], Any], word: str, value: Any) -> Callable[[Row], Truth]:
    return lambda row: None if row[0] is None else OPERATORS[word](function(row[0]), value)


def literal(kind: str, value: Any) -> str:
    """A constant of the key's type."""
    if kind == "INT64":
        return str(value)
    return f"{kind} '{value}'"


def simple(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    """Comparisons of the key itself with constants."""

    def text(value: Any) -> str:
        return literal(kind, value)

    def comparison(word: str, value: Any, flipped: bool) -> Condition:
        sql = f"{text(value)} {_FLIPPED[word]} k" if flipped else f"k {word} {text(value)}"
        return Condition(sql, _compared(lambda key: key, word, value), (value,))

    def between(low: Any, high: Any, negated: bool) -> Condition:
        def holds(row: Row) -> Truth:
            return None if row[0] is None else (low <= row[0] <= high) != negated

        return Condition(f"k {'NOT ' * negated}BETWEEN {text(low)} AND {text(high)}", holds, (low, high))

    def among(items: list[Any], negated: bool, unnested: bool) -> Condition:
        def holds(row: Row) -> Truth:
            return None if row[0] is None else (row[0] in items) != negated

        inner = ", ".join(text(item) for item in items)
        listed = f"UNNEST([{inner}])" if unnested else f"({inner})"
        return Condition(f"k {'NOT ' * negated}IN {listed}", holds, tuple(items))

    def null(negated: bool) -> Condition:
        return Condition(f"k IS {'NOT ' * negated}NULL", lambda row: (row[0] is None) != negated)

    ordered = st.tuples(values, values).map(lambda pair: (min(pair), max(pair)))
    return st.one_of(
        st.builds(comparison, st.sampled_from(sorted(OPERATORS)), values, st.booleans()),
        st.builds(lambda pair, negated: between(*pair, negated), ordered, st.booleans()),
        st.builds(among, st.lists(values, min_size=1, max_size=4), st.booleans(), st.booleans()),
        st.builds(null, st.booleans()),
    )


def _month_later(day: date, count: int) -> date:
    """DATE_ADD(day, INTERVAL count MONTH): the last day of the month where it has no such day."""
    months = day.year * 12 + day.month - 1 + count
    year, month = months // 12, months % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return day.replace(year=year, month=month, day=min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def _toward_zero(gap: timedelta, unit: timedelta) -> int:
    whole = abs(gap) // unit
    return whole if gap >= timedelta(0) else -whole


def _functions(kind: str, values: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Condition]]:
    """Conditions on a function of the key."""
    words = st.sampled_from(sorted(OPERATORS))
    small = st.integers(-40, 40)

    def build(sql: str, function: Callable[[Any], Any], word: str, value: Any, text: str) -> Condition:
        def holds(row: Row) -> Truth:
            if row[0] is None:
                return None
            found = function(row[0])
            return None if found is None else OPERATORS[word](found, value)

        return Condition(f"{sql} {word} {text}", holds, (None,))

    found: list[st.SearchStrategy[Condition]] = []
    if kind == "INT64":
        return [
            st.builds(lambda word, n: build("k + 1", lambda key: key + 1, word, n, str(n)), words, small),
            st.builds(lambda word, n: build("MOD(k, 7)", lambda key: abs(key) % 7 * (1 if key >= 0 else -1), word, n,
                                            str(n)), words, st.integers(-6, 6)),
        ]  # fmt: skip
    if kind == "DATE":
        add = [
            st.builds(
                lambda word, n, day: build(
                    f"DATE_ADD(k, INTERVAL {n} DAY)", lambda key: key + timedelta(days=n), word, day, literal(kind, day)
                ),
                words, small, values,
            ),
            st.builds(
                lambda word, n, day: build(
                    f"DATE_SUB(k, INTERVAL {n} MONTH)", lambda key: _month_later(key, -n), word, day, literal(kind, day)
                ),
                words, st.integers(-5, 5), values,
            ),
            st.builds(
                lambda word, day: build(
                    "DATE_TRUNC(k, MONTH)", lambda key: key.replace(day=1), word, day, literal(kind, day)
                ),
                words, values,
            ),
            st.builds(
                lambda word, day: build(
                    "DATE_TRUNC(k, WEEK)", lambda key: key - timedelta(days=(key.weekday() + 1) % 7), word, day,
                    literal(kind, day),
                ),
                words, values,
            ),
            st.builds(
                lambda word, n, day: build(
                    f"DATE_DIFF(k, {literal(kind, day)}, DAY)", lambda key: (key - day).days, word, n, str(n)
                ),
                words, small, values,
            ),
            st.builds(
                lambda word, n, day: build(
                    f"DATE_DIFF({literal(kind, day)}, k, DAY)", lambda key: (day - key).days, word, n, str(n)
                ),
                words, small, values,
            ),
            st.builds(
                lambda word, day: build(
                    "FORMAT_DATE('%Y-%m', k)", lambda key: f"{key.year:04d}-{key.month:02d}", word,
                    f"{day.year:04d}-{day.month:02d}", f"'{day:%Y-%m}'",
                ),
                words, values,
            ),
        ]  # fmt: skip
        found.extend(add)
    else:
        zero = timedelta(0)
        found.extend([
            st.builds(
                lambda word, moment: build(
                    "DATE(k)", lambda key: key.date(), word, moment.date(), f"DATE '{moment.date()}'"
                ),
                words, values,
            ),
            st.builds(
                lambda word, moment: build(
                    "CAST(k AS DATE)", lambda key: key.date(), word, moment.date(), f"DATE '{moment.date()}'"
                ),
                words, values,
            ),
            st.builds(
                lambda word, n, moment: build(
                    f"{kind}_ADD(k, INTERVAL {n} HOUR)", lambda key: key + timedelta(hours=n), word, moment,
                    literal(kind, moment),
                ),
                words, small, values,
            ),
            st.builds(
                lambda word, moment: build(
                    f"{kind}_TRUNC(k, DAY)", lambda key: key.replace(hour=0, minute=0, second=0, microsecond=0), word,
                    moment, literal(kind, moment),
                ),
                words, values,
            ),
            st.builds(
                lambda word, n, moment: build(
                    f"TIMESTAMP_DIFF(k, {literal(kind, moment)}, HOUR)",
                    lambda key: _toward_zero(key - moment, timedelta(hours=1)), word, n, str(n),
                ),
                words, st.integers(-1000, 1000), values,
            ) if kind == "TIMESTAMP" else st.builds(
                lambda word, n, moment: build(
                    f"DATETIME_DIFF(k, {literal(kind, moment)}, DAY)",
                    lambda key: (key.date() - moment.date()).days, word, n, str(n),
                ),
                words, small, values,
            ),
            st.builds(
                lambda word, moment: build(
                    f"FORMAT_{kind}('%Y%m%d', k)", lambda key: f"{key.year:04d}{key.month:02d}{key.day:02d}", word,
                    f"{moment:%Y%m%d}", f"'{moment:%Y%m%d}'",
                ),
                words, values,
            ),
            st.builds(
                lambda word, n: build("EXTRACT(HOUR FROM k)", lambda key: key.hour, word, n, str(n)),
                words, st.integers(0, 24),
            ),
        ])  # fmt: skip
        assert zero == timedelta()
    found.append(
        st.builds(
            lambda word, year: build("EXTRACT(YEAR FROM k)", lambda key: key.year, word, year, str(year)),
            words,
            st.integers(2023, 2025),
        )
    )
    found.append(
        st.builds(
            lambda word, month: build(
                "EXTRACT(MONTH FROM k)", lambda key: key.month, word, month, str(month)
            ),
            words,
            st.integers(1, 12),
        )
    )
    return found


def _not(item: Condition) -> Condition:
    def holds(row: Row) -> Truth:
        found = item.holds(row)
        return None if found is None else not found

    return Condition(f"NOT ({item.sql})", holds, item.constants)


def _joined(word: str, items: list[Condition]) -> Condition:
    stop = word == "OR"

    def holds(row: Row) -> Truth:
        found = [item.holds(row) for item in items]
        if stop in found:
            return stop
        return None if None in found else not stop

    sql = f" {word} ".join(f"({item.sql})" for item in items)
    return Condition(sql, holds, tuple(value for item in items for value in item.constants))


def conditions(kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    """Conditions of all forms, combined with AND, OR and NOT."""
    others = st.builds(
        lambda word, n: Condition(f"v {word} {n}", lambda row: OPERATORS[word](row[1], n), (None,)),
        st.sampled_from(sorted(OPERATORS)),
        st.integers(0, 3),
    )
    constants = st.sampled_from(
        [
            Condition("TRUE", lambda row: True),
            Condition("FALSE", lambda row: False),
            Condition("1 = NULL", lambda row: None),
        ]
    )
    own = simple(kind, values)
    leaves = st.one_of(own, own, own, others, constants, *_functions(kind, values))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(_not, inner),
            st.builds(_joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
        ),
        max_leaves=6,
    )


def whole_day(value: date | datetime) -> date:
    """The day of a key."""
    return value.date() if isinstance(value, datetime) else value
