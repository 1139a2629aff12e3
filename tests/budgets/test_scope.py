"""Which charges a budget covers, and what of them it counts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from costguard.budgets.declared import Budget
from costguard.budgets.scope import Scope, in_scope, scope_of
from costguard.history.charges import load_charges
from tests.history.bills import charge, parquet

OTHER = {"id": "other", "number": "42", "name": "Other", "labels": [{"key": "team", "value": "bi"}]}
BILL = [
    charge(100.0, (("DISCOUNT", -10.0), ("PROMOTION", -5.0)), sku__id="a"),
    charge(1.0, sku__id="b", project=OTHER),
    charge(2.0, sku__id="c", service__id="6F81-5844-456A", labels=[]),
    charge(4.0, sku__id="d", billing_account_id="111111-AAAAAA-BBBBBB"),
    charge(8.0, sku__id="tax", cost_type="tax"),
    charge(16.0, sku__id="e", project=None, cost_type=None),
]


def counted(tmp_path: Path, scope: Scope) -> dict[str, Decimal]:
    """What the scope counts, by the SKU of each row."""
    frame = in_scope(load_charges([parquet(tmp_path / "bill.parquet", BILL)]).frame, scope).collect()
    assert (frame["net"] == frame["cost"] + frame["credit"]).all()
    return dict(zip(frame["sku_id"], frame["net"], strict=True))


@pytest.mark.parametrize(
    ("scope", "skus"),
    [
        (Scope(), "abcde"),
        (Scope(billing_account="111111-AAAAAA-BBBBBB"), "d"),
        (Scope(projects=("projects/123456789",)), "acd"),
        (Scope(projects=("projects/shop",)), "acd"),
        (Scope(projects=("projects/42", "projects/shop")), "abcd"),
        (Scope(projects=("projects/7",)), ""),
        (Scope(services=("services/6F81-5844-456A",)), "c"),
        (Scope(label=("team", "ml")), "abde"),
        (Scope(label=("team", "bi")), ""),  # a label of a project is none of a charge
        (Scope(projects=("projects/42",), services=("services/24E6-581D-38E5",), label=("team", "ml")), "b"),
    ],
)
def test_which_charges(tmp_path: Path, scope: Scope, skus: str) -> None:
    assert set(counted(tmp_path, scope)) == set(skus)


@pytest.mark.parametrize(
    ("credits", "net"),
    [
        ("include-all", "85"),
        ("exclude-all", "100"),
        (("DISCOUNT",), "90"),
        (("PROMOTION",), "95"),
        (("DISCOUNT", "PROMOTION", "DISCOUNT"), "85"),
        (("FREE_TIER",), "100"),
    ],
)
def test_which_credits(tmp_path: Path, credits: str | tuple[str, ...], net: str) -> None:
    found = counted(tmp_path, Scope(credits=credits))  # type: ignore[arg-type]
    assert found["a"] == Decimal(net)
    assert found["b"] == 1


def test_promotions_are_those_that_are_counted(tmp_path: Path) -> None:
    frame = load_charges([parquet(tmp_path / "bill.parquet", BILL[:1])]).frame
    for credits, promotion in (
        ("include-all", -5),
        ("exclude-all", 0),
        (("PROMOTION",), -5),
        (("DISCOUNT",), 0),
    ):
        scope = Scope(credits=credits)  # type: ignore[arg-type]
        assert in_scope(frame, scope).collect()["promotion"].to_list() == [Decimal(promotion)]


def test_of_a_declared_budget() -> None:
    budget = Budget(
        *("b", "000000-AAAAAA-BBBBBB", None, Decimal(1)),
        projects=("projects/42",),
        services=("services/24E6-581D-38E5",),
        label=("team", "ml"),
        credits=("DISCOUNT",),
    )
    assert scope_of(budget) == Scope(
        *("000000-AAAAAA-BBBBBB", ("projects/42",), ("services/24E6-581D-38E5",), ("team", "ml")),
        ("DISCOUNT",),
    )
