"""More iterations, or dearer ones: worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from costguard.history.charges import load_charges
from costguard.history.iterations import Found, find_iterations
from costguard.report.model import Volume
from costguard.report.volume import volume_of
from tests.history.bills import parquet
from tests.report.weeks import MONDAY, daily


def found(folder: Path, *costs: float) -> Found:
    """An iteration a day."""
    rows = [daily(MONDAY + timedelta(days=number), cost) for number, cost in enumerate(costs)]
    rows.append(daily(MONDAY, 5.0, cost_type="tax", project=None))  # in no iteration
    return find_iterations(load_charges([parquet(folder / f"{len(costs)}-{sum(costs)}.parquet", rows)]).frame)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        # 3 at 4 against 2 at 3: one more at the old price, and three that cost 1 more
        ((4.0, 4.0, 4.0), (3.0, 3.0), Volume(3, 2, Decimal(4), Decimal(3), Decimal(3), Decimal(3))),
        ((3.0, 3.0), (3.0, 3.0), Volume(2, 2, Decimal(3), Decimal(3), Decimal(0), Decimal(0))),
        ((2.0,), (3.0, 3.0), Volume(1, 2, Decimal(2), Decimal(3), Decimal(-3), Decimal(-1))),
        ((4.0,), (), Volume(1, 0, Decimal(4), None, Decimal(4), Decimal(0))),
        ((), (4.0,), Volume(0, 1, None, Decimal(4), Decimal(-4), Decimal(0))),
        ((), (), Volume(0, 0, None, None, Decimal(0), Decimal(0))),
    ],
)
def test_volume(tmp_path: Path, now: tuple[float, ...], before: tuple[float, ...], expected: Volume) -> None:
    assert volume_of(found(tmp_path, *now), found(tmp_path, *before)) == expected


def test_the_two_parts_add_up_where_a_mean_does_not_end(tmp_path: Path) -> None:
    now, before = found(tmp_path, 1.0, 1.0, 5.0), found(tmp_path, 1.0, 0.5, 0.5, 3.0, 1.0, 1.0, 1.0)
    volume = volume_of(now, before)
    assert volume.by_count + volume.by_cost == now.to_iterations - before.to_iterations == Decimal(-1)
    assert volume.by_count == -4 * Decimal("1.142857143")
