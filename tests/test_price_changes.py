"""What a refresh brought."""

from __future__ import annotations

from costguard.price_changes import price_changes
from costguard.price_file import ListedService, PriceFile
from tests.listed import BIGQUERY, COMPUTE_ENGINE, analysis, machine, prices


def test_new_gone_and_changed() -> None:
    before = prices(analysis("A", "US", "6.25"), analysis("B", "EU", "6.25"), analysis("C", "us-west2", "8"))
    after = prices(analysis("A", "US", "6.5"), analysis("B", "EU", "6.250"), analysis("D", "us-west3", "8"))
    found = price_changes(before, after)
    assert (found.changed, found.gone, found.new) == (
        ((BIGQUERY, "A"),),
        ((BIGQUERY, "C"),),
        ((BIGQUERY, "D"),),
    )


def test_another_unit_is_a_change() -> None:
    before, after = prices(machine("A", "x", "1")), prices(machine("A", "x", "1", unit="s"))
    assert price_changes(before, after).changed == ((COMPUTE_ENGINE, "A"),)


def test_a_service_that_was_left_out_is_not_gone() -> None:
    before = prices(analysis("A", "US", "6.25"), machine("B", "x", "1"))
    after = PriceFile(before.as_of, "", "USD", (ListedService(BIGQUERY, "", 0),), before.skus[:1])
    found = price_changes(before, after)
    assert (found.new, found.gone, found.changed) == ((), (), ())
