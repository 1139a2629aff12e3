"""What queries cost together: arms of a script that exclude each other do not add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.iteration_cost import iteration_cost
from costguard.money import Dollars
from costguard.result import Arm, QueryReport
from tests.render.results import query, usd

THEN, ELSE = Arm("0:0:1", "then"), Arm("0:0:1", "else")
NEXT_THEN, NEXT_ELSE = Arm("0:0:2", "then"), Arm("0:0:2", "else")
HANDLER = Arm("0:0:1", "handler")


def dollars(*queries: QueryReport) -> tuple[int, int, int, str]:
    found = iteration_cost(queries)
    return int(found.low), int(found.point), int(found.high), found.basis


def costing(amount: int, *branch: Arm, basis: str = "exact", runs_basis: str = "assumed") -> QueryReport:
    return query(
        usd_per_iteration=usd(str(amount), str(amount), str(amount), basis),
        branch=branch,
        runs_basis=runs_basis,
    )


def test_nothing() -> None:
    assert iteration_cost(()) == Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")
    assert iteration_cost((query(size=None),)) == Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        (("exact", "exact"), "exact"),
        (("exact", "upper-bound"), "upper-bound"),
        (("modelled", "exact"), "modelled"),
    ],
)
def test_a_sum_is_as_good_as_its_worst_part(bases: tuple[str, str], expected: str) -> None:
    first, second = (usd("0.1", "0.2", "0.4", basis) for basis in bases)
    queries = (query(usd_per_iteration=first), query(size=None), query(usd_per_iteration=second))
    assert iteration_cost(queries) == Dollars(Decimal("0.2"), Decimal("0.4"), Decimal("0.8"), expected)


def test_of_two_arms_one_runs() -> None:
    assert dollars(costing(7, THEN), costing(3, ELSE), costing(1)) == (4, 8, 8, "upper-bound")
    assert dollars(costing(7, THEN), costing(2, THEN), costing(3, ELSE)) == (3, 9, 9, "upper-bound")


def test_arms_that_cost_the_same_leave_no_doubt() -> None:
    assert dollars(costing(7, THEN), costing(7, ELSE)) == (7, 7, 7, "exact")


def test_an_arm_without_another_may_not_run() -> None:
    assert dollars(costing(7, THEN), costing(1)) == (1, 8, 8, "upper-bound")


def test_arms_within_arms() -> None:
    # IF a THEN 10 ELSEIF b THEN 4 ELSE 6; after it IF c THEN 1: from 4 to 10, and from 0 to 1
    found = dollars(
        costing(10, THEN),
        costing(4, ELSE, NEXT_THEN),
        costing(6, ELSE, NEXT_ELSE),
        costing(1, Arm("0:0:3", "then")),
    )
    assert found == (4, 11, 11, "upper-bound")


def test_a_handler_runs_after_errors_only() -> None:
    assert dollars(costing(7), costing(5, HANDLER)) == (7, 7, 12, "upper-bound")
    assert dollars(costing(7), costing(0, HANDLER)) == (7, 7, 7, "exact")


def test_a_weak_basis_stays() -> None:
    assert dollars(costing(7, THEN, basis="lower-bound"), costing(3, ELSE)) == (3, 7, 7, "lower-bound")


def test_measured_queries_add_up() -> None:
    # half of the iterations went each way
    assert dollars(
        costing(7, THEN, basis="job", runs_basis="measured"),
        costing(3, ELSE, basis="job", runs_basis="measured"),
    ) == (10, 10, 10, "job")


def test_a_query_that_counts_elsewhere_is_left_out() -> None:
    assert dollars(costing(7, THEN), query(usd_per_iteration=usd("9"), counted_with="other")) == (
        *(0, 7, 7),
        "upper-bound",
    )


def test_of_the_texts_of_a_call_one_runs() -> None:
    texts = [costing(amount, Arm("0:text 1", str(number))) for number, amount in enumerate((4, 9, 6))]
    assert dollars(*texts, costing(1)) == (5, 10, 10, "upper-bound")
    # The only one of them that is known does run, as far as is known.
    assert dollars(texts[0]) == (4, 4, 4, "exact")
