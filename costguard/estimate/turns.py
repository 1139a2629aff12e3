"""How many turns loops take whose variable steps from one constant to another, or that take the rows of a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from costguard.estimate.constant import Evaluator
from costguard.estimate.dates import add
from costguard.estimate.values import MOMENTS, Known, Outcome, Value, alike, compare, point

Json = Any

MAXIMUM_TURNS: Final = 100_000
"""A loop that takes more is taken for one that does not end."""

_NEGATED: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "!=": "!="}


class TurnCounter:
    """Counts loops under one clock; remembers what it counted."""

    def __init__(self, constants: Evaluator) -> None:
        self._constants = constants
        self._found: dict[str, int | None] = {}

    def turns(
        self, loop_counts: str, rows_of: Callable[[int], int | None] = lambda position: None
    ) -> int | None:
        """The product of the turns of all loops in a value of `queries.loop_counts`; None when one is not known.

        `rows_of`: how many rows the query at a position of the script gives.
        """
        total = self._product(loop_counts)
        for position in json.loads(loop_counts).get("rows", ()) if total is not None else ():
            rows = rows_of(position)
            total = None if total is None or rows is None else total * rows
        return total

    def _product(self, loop_counts: str) -> int | None:
        if loop_counts not in self._found:
            document = json.loads(loop_counts)
            total: int | None = document["times"]
            for loop in document["loops"]:
                counted = self._loop(loop)
                total = None if total is None or counted is None else total * counted
            self._found[loop_counts] = total
        return self._found[loop_counts]

    def _loop(self, loop: Json) -> int | None:
        start = self._constants.value(loop["start"])
        condition = loop["condition"]
        if loop.get("until") and condition[0] == "cmp":
            condition = ["cmp", _NEGATED.get(condition[1], condition[1]), *condition[2:]]
        comparison = _comparison(condition, loop["name"])
        if comparison is None:
            return None
        operator, bound = comparison[0], self._constants.value(comparison[1])
        step = self._step(loop["step"], loop["name"])
        if start is None or bound is None or step is None or not start.is_point or not bound.is_point:
            return None
        if loop.get("stepped"):
            stepped = _stepped(start, step)
            if stepped is None:
                return None
            start = stepped
        turns = _count(start, operator, bound, step)
        return turns + loop.get("more", 0) if turns is not None else None

    def _step(self, tree: Json, name: str) -> tuple[int, str] | None:
        """(count, unit) that is added in each turn; unit `1` for whole numbers."""
        if tree[0] == "call" and len(tree[2]) == 2 and _is_variable(tree[2][0], name):
            head, _, tail = tree[1].partition("_")
            value = self._constants.value(tree[2][1])
            if head not in MOMENTS or tail not in ("ADD", "SUB") or value is None or value.type != "INTERVAL":
                return None
            count, unit = value.low
            return (count if tail == "ADD" else -count), unit
        if tree[0] != "arith" or tree[1] not in "+-":
            return None
        left, right = tree[2], tree[3]
        if tree[1] == "+" and _is_variable(right, name):
            left, right = right, left
        value = self._constants.value(right) if _is_variable(left, name) else None
        if value is None or value.type not in ("INT64", "INTERVAL"):
            return None
        count, unit = (value.low, "1") if value.type == "INT64" else value.low
        return (count if tree[1] == "+" else -count), unit


def _is_variable(tree: Json, name: str) -> bool:
    return bool(tree == ["var", name, None])


def _comparison(tree: Json, name: str) -> tuple[str, Json] | None:
    """(operator, bound) of `variable operator bound`, however it is turned."""
    if tree[0] != "cmp" or tree[1] not in _TURNED:
        return None
    if _is_variable(tree[2], name):
        return tree[1], tree[3]
    return (_TURNED[tree[1]], tree[2]) if _is_variable(tree[3], name) else None


def _count(start: Known, operator: str, bound: Known, step: tuple[int, str]) -> int | None:
    if alike(start, bound) is None:
        return None
    rising = operator in ("<", "<=")
    if not compare(operator, start, bound) & Outcome.TRUE:
        return 0
    if step[0] == 0 or (operator != "!=" and rising != (step[0] > 0)):
        return None  # it never ends
    if start.type == "INT64" and bound.type == "INT64":
        return _whole(start.low, operator, bound.low, step)
    value: Value = start
    for turns in range(MAXIMUM_TURNS + 1):
        if value is None:
            return None
        if not compare(operator, value, bound) & Outcome.TRUE:
            return turns
        value = _moved(value, step)
    return None


def _whole(start: int, operator: str, bound: int, step: tuple[int, str]) -> int | None:
    """Whole numbers: `i < 10` from 0 by 1 is 10 turns."""
    size, unit = step
    gap = bound - start
    if unit != "1" or (operator == "!=" and gap % size):
        return None
    turns = gap // size + 1 if operator in ("<=", ">=") else -(-gap // size)
    return turns if 0 <= turns <= MAXIMUM_TURNS else None


def _stepped(value: Known, step: tuple[int, str]) -> Value:
    """The value after one step."""
    if value.type == "INT64" and step[1] == "1":
        return point("INT64", value.low + step[0])
    return _moved(value, step)


def _moved(value: Known, step: tuple[int, str]) -> Value:
    count, unit = step
    if value.type not in MOMENTS:
        return None
    if unit == "1":
        if value.type != "DATE":
            return None
        unit = "DAY"  # DATE + 1
    moment = add(value.low, count, unit)
    return point(value.type, moment) if moment is not None else None
