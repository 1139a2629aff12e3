"""Estimates against what was measured."""

from __future__ import annotations

from typing import Any

from costguard.history.calibration import Calibration, Distribution, calibrate
from costguard.money import ByteRange
from costguard.result import QueryReport
from tests.render.results import measured_query, query


def measured(
    name: str, estimated: int | None, actual: int, basis: str = "exact", **changes: Any
) -> QueryReport:
    size = None if estimated is None else ByteRange(estimated, estimated, estimated, basis)
    return measured_query(name, size, actual, **changes)


def test_the_distribution() -> None:
    """Ratios 0.5, 0.96, 1, 1.15, 2, 3: the 10 % lie below the first, 90 % below the last, half below the third."""
    found = calibrate(
        [
            measured("half", 50, 100),
            measured("near", 96, 100),
            measured("right", 100, 100),
            measured("off", 115, 100, "modelled"),
            measured("twice", 200, 100, "modelled"),
            measured("thrice", 300, 100, "modelled"),
        ]
    )
    assert found.all == Distribution(6, 0.5, 1.0, 3.0, 2, 3, 5)
    assert found.by_basis == {
        "exact": Distribution(3, 0.5, 0.96, 1.0, 2, 2, 3),
        "modelled": Distribution(3, 1.15, 2.0, 3.0, 0, 1, 2),
    }
    assert [item.query.path for item in found.comparisons] == [
        *("thrice", "half", "twice", "off", "near", "right")
    ]


def test_what_cannot_be_compared() -> None:
    found = calibrate(
        [
            query("never ran"),
            measured("free", 100, 100, jobs=0),
            measured("unsure", 100, 100, estimate=None),
            measured("unknown", None, 100),
            measured("empty", 100, 0),
            measured("both empty", 0, 0),
        ]
    )
    assert (found.unsure, found.without_estimate, found.of_nothing) == (1, 1, 1)
    assert found.all == Distribution(1, 1.0, 1.0, 1.0, 1, 1, 1)


def test_an_estimate_of_nothing_is_the_worst() -> None:
    found = calibrate([measured("ten times", 1000, 100), measured("nothing", 0, 100)])
    assert [item.ratio for item in found.comparisons] == [0.0, 10.0]


def test_nothing_to_compare() -> None:
    assert calibrate([]) == Calibration(None, {}, (), 0, 0, 0)
