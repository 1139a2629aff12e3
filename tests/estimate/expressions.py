"""Evaluates GoogleSQL text, as the facts pass it on, for the tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from costguard.estimate.constant import Evaluator
from costguard.estimate.values import Known, Value
from tests.facts.sql.statements import predicate

NOW = datetime(2026, 11, 1, 5, 30, 15, 123_456)
"""Naive UTC, a Sunday; in Los Angeles it is still 31 October, 22:30."""


def tree(sql: str) -> Any:
    """The tree of an expression (`k` is a column)."""
    found = condition(f"k = ({sql})")
    assert found[0] == "cmp"
    assert found[2] == ["col", "k"]
    return found[3]


def condition(sql: str) -> Any:
    """The tree of a condition on the column `k` (and others)."""
    word, items = predicate(f"SELECT k FROM d.t WHERE {sql}")
    assert word == "and"
    return items[0] if len(items) == 1 else ["and", items]


def evaluator(parameters: dict[str, Any] | None = None, **columns: Value) -> Evaluator:
    """Evaluates at `NOW`."""
    return Evaluator(NOW, parameters or {}, dict(columns))


def constant(sql: str) -> tuple[str, Any] | None:
    """(type, value) of a constant expression; None when it is not known."""
    value = evaluator().value(tree(sql))
    if value is None:
        return None
    assert value.is_point
    return value.type, value.low


def interval(kind: str, low: Any, high: Any) -> Known:
    """All values from low to high."""
    return Known(kind, low, high)
