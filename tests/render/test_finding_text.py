"""Findings in words, and in the order in which they matter."""

from __future__ import annotations

from decimal import Decimal

from costguard.money import ByteRange, Seconds
from costguard.render.finding_text import by_dollars, sentences, title_text, unsuppressed, weightiest
from tests.render.results import finding, result, usd


def test_the_dearest_first_then_the_gravest_then_as_they_stand() -> None:
    dear = finding(line=5, severity="note", wasted_usd=usd("2"))
    grave, first, second = finding(line=4, severity="error"), finding(line=1), finding(line=2)
    assert by_dollars([first, second, grave, dear]) == [dear, grave, first, second]


def test_the_weightiest_are_the_gravest_in_the_order_of_the_report() -> None:
    note, warning, error = (
        finding(line=1, severity="note"),
        finding(line=2),
        finding(line=3, severity="error"),
    )
    assert weightiest([note, warning, error], 2) == [warning, error]


def test_ignored_ones_are_left_out() -> None:
    assert unsuppressed(result(findings=[finding(line=1, suppressed=""), finding(line=2)])) == [
        finding(line=2)
    ]


def test_a_title_has_the_dollars() -> None:
    assert title_text(finding(wasted_usd=usd("0", "0.25", "1"))) == "select-star wastes $0.25 an iteration"
    assert title_text(finding(wasted_usd=usd("0"))) == "select-star"
    assert title_text(finding()) == "select-star"


def test_sentences() -> None:
    assert sentences(finding()) == "every column is read."
    full = finding(
        message="every column is read!",
        wasted_usd=usd("0", "0.25", "1", "modelled"),
        wasted_bytes=ByteRange.exactly(2**30),
        help="Name them",
    )
    assert sentences(full, "cell 3, line 4") == (
        "Cell 3, line 4: every column is read! It wastes $0.25 an iteration ($0.00 to $1.00, modelled), 1 GiB a run. "
        "To fix: Name them."
    )
    slow = finding(
        wasted_seconds=Seconds(Decimal(1), Decimal(2), Decimal(4), "modelled"), machine="n2, 1 USD/hour"
    )
    assert sentences(slow) == "every column is read. It wastes 2 s a run (n2, 1 USD/hour)."
