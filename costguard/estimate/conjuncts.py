"""Which parts of a condition can select partitions, and why the others cannot.

Follows docs.cloud.google.com/bigquery/docs/querying-partitioned-tables ("Isolate the partitioning column or
use supported functions") and querying-wildcard-tables for `_TABLE_SUFFIX`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from costguard.estimate.constant import Evaluator
from costguard.estimate.values import NUMBERS, Known, Outcome

Json = Any

_ON_COLUMN: Final = frozenset(
    {
        "DATE",
        "DATE_ADD",
        "DATE_SUB",
        "DATE_DIFF",
        "DATE_TRUNC",
        "DATETIME_DIFF",
        "TIMESTAMP_ADD",
        "TIMESTAMP_SUB",
        "TIMESTAMP_DIFF",
        "TIMESTAMP_TRUNC",
    }
)
_ON_DATE_OF_COLUMN: Final = frozenset({"DATE_ADD", "DATE_SUB", "DATE_DIFF", "DATE_TRUNC"})
"""These prune around DATE(column) too: DATE_TRUNC(DATE(ts), MONTH)."""
_FORMATS: Final = frozenset({"%F", "%Y-%m-%d", "%Y%m%d"})
_WRAPPERS: Final = frozenset({"TS_OR_DS_TO_DATE", "TS_OR_DS_TO_DATETIME", "TS_OR_DS_TO_TIMESTAMP"})
_COMPARISONS: Final = frozenset({"cmp", "between", "in", "in_unnest", "is_null", "like"})
_RANK: Final[Mapping[str, int]] = {"DATE": 1, "DATETIME": 2, "TIMESTAMP": 3}
_COLUMN_FREE: Final = frozenset(
    {"CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_TIME", "DATE", "DATETIME", "TIMESTAMP"}
)

SUFFIX: Final = "_table_suffix"


@dataclass(frozen=True, slots=True)
class Defeat:
    """Why a condition on the key cannot select partitions."""

    cause: str
    reason: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Keys:
    """The columns that partitions (or members of a wildcard) are told apart by."""

    samples: Mapping[str, Known]
    """Lower-case path -> a value of its type."""
    by_range: bool = False
    """Partitioned by ranges of integers: no function prunes."""
    any_function: bool = False
    """`_TABLE_SUFFIX`: any function of constants prunes."""
    coarse_as_date: bool = True
    """A date lies in one partition (not so for hourly partitions)."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What a condition says about the key.

    `tree` holds for every row that the condition keeps: True when it says nothing, False when no row is kept.
    """

    tree: Json
    used: bool = False
    """Some part compares the key with constants."""
    unknown: bool = False
    """Some part compares it with a value that is only known at run time."""
    at_most: int | None = None
    """That leaves at most so many partitions."""
    whole: bool = True
    """`tree` says all that the condition does."""
    defeats: tuple[Defeat, ...] = ()


_DOUBTS: Final[Mapping[str, str]] = {
    "having": "a condition on {name} behind GROUP BY",
    "window": "a condition on {name} behind a window function over its partitions",
    "merge": "a condition on {name} in the ON of a MERGE that keeps the rows without a match",
}


class Reducer:
    """Reduces conditions to what they say about the keys."""

    def __init__(self, keys: Keys, constants: Evaluator, *, trusting: bool = False) -> None:
        """`trusting`: conditions of which it is not documented whether they prune are taken to do so."""
        self._keys = keys
        self._trusting = trusting
        self.doubted = False
        """Whether there were such conditions, and they were not trusted."""
        self._constants = constants
        self._samples = Evaluator(constants.now, constants.parameters, dict(keys.samples))

    def reduce(self, node: Json, at: int | None = None) -> Reduced:
        """What a condition says about the keys."""
        kind = node[0]
        if kind == "at":
            return self.reduce(node[2], node[1])
        if kind == "and":
            return self._and([self.reduce(item, at) for item in node[1]])
        if kind == "or":
            return self._or([self.reduce(item, at) for item in node[1]], at, of_clauses=len(node) > 2)
        if kind == "maybe":
            return self._maybe(self.reduce(node[1], at), node[2], at)
        if kind == "not":
            return self._not(self.reduce(node[1], at), at)
        if not self._mentions(node):
            return self._other(node)
        if kind == "if":
            return self._if(node, at)
        if kind not in _COMPARISONS:
            return self._other_form(node, at)
        return self._comparison(node, at)

    @staticmethod
    def _and(parts: list[Reduced]) -> Reduced:
        trees = [part.tree for part in parts if part.tree is not True]
        bounds = [part.at_most for part in parts if part.at_most is not None]
        return Reduced(
            tree=False if any(tree is False for tree in trees) else _joined("and", trees, True),
            used=any(part.used for part in parts),
            unknown=any(part.unknown for part in parts),
            at_most=min(bounds, default=None),
            whole=all(part.whole for part in parts),
            defeats=tuple(defeat for part in parts for defeat in part.defeats),
        )

    def _maybe(self, part: Reduced, why: str, at: int | None) -> Reduced:
        """A condition that holds, and may come too late to prune."""
        if self._trusting or not (part.used or part.unknown):
            return replace(part, whole=False)
        self.doubted = True
        reason = f"{_DOUBTS[why].format(name=self._name())}: whether it prunes is not documented"
        return self._defeated("undocumented", reason, at)

    def _or(self, parts: list[Reduced], at: int | None, *, of_clauses: bool = False) -> Reduced:
        parts = [part for part in parts if part.tree is not False]
        if not parts:
            return Reduced(False)
        whole = all(part.whole for part in parts)
        if all(part.tree is not True for part in parts):
            trees = [part.tree for part in parts]
            unknown = any(part.unknown for part in parts)
            return Reduced(_joined("or", trees, False), used=True, unknown=unknown, whole=whole)
        if any(part.tree is True and part.whole for part in parts):
            return Reduced(True)
        lost = [part for part in parts if part.tree is True]
        if all(part.unknown for part in lost):
            bounds = [part.at_most for part in parts if part.at_most is not None]
            bound = sum(bounds) if len(bounds) == len(parts) else None
            return Reduced(True, unknown=True, at_most=bound, whole=False)
        defeats = tuple(defeat for part in lost for defeat in part.defeats)
        if not defeats and any(part.used or part.unknown for part in parts):
            if of_clauses:
                defeats = (Defeat("clause", f"not every WHEN clause limits {self._name()}", at),)
            else:
                reason = f"{self._name()} stands under OR next to a condition that does not limit it"
                defeats = (Defeat("or", reason, at),)
        return Reduced(True, whole=False, defeats=defeats)

    def _not(self, part: Reduced, at: int | None) -> Reduced:
        if part.whole:
            if part.tree is True or part.tree is False:
                # `whole` and constant: every row has the same outcome, which may be NULL for False.
                return Reduced(not part.tree, whole=part.tree is True)
            return Reduced(["not", part.tree], used=part.used)
        if part.defeats:
            return Reduced(True, whole=False, defeats=part.defeats)
        if part.unknown:
            return Reduced(True, unknown=True, whole=False)
        if part.used:
            reason = f"a negated combination of {self._name()} and other conditions does not limit it"
            return Reduced(True, whole=False, defeats=(Defeat("negation", reason, at),))
        return Reduced(True, whole=False)

    def _if(self, node: Json, at: int | None) -> Reduced:
        """`IF(condition, one, other)` used as a condition: what it chooses, or that one of both holds."""
        if self._mentions(node[1]):
            return self._other_form(node, at)
        choice = self.reduce(node[1], at)
        if choice.whole and choice.tree is True:
            return self.reduce(node[2], at)
        if choice.tree is False:
            return self.reduce(node[3], at)
        return self._or([self.reduce(item, at) for item in node[2:4]], at)

    def _other(self, node: Json) -> Reduced:
        """A condition without the key."""
        if self._asks_for_parameter(node):
            return Reduced(False)
        outcome = self._constants.condition(node)
        if not outcome & Outcome.TRUE:
            return Reduced(False)
        return Reduced(True, whole=outcome == Outcome.TRUE)

    def _asks_for_parameter(self, node: Json) -> bool:
        """`@day IS NULL`, the usual way to make a filter optional: a run is taken to give its parameters."""
        if node[0] != "is_null":
            return False
        asked = node[1]
        while asked[0] == "cast":
            asked = asked[1]
        return bool(asked[0] == "param") and self._constants.value(asked) is None

    def _other_form(self, node: Json, at: int | None) -> Reduced:
        if self._keys.any_function and self._readable(node):
            return Reduced(node, used=True)
        return self._defeated("function", f"{_describe(node)} of {self._name()} cannot prune", at)

    def _defeated(self, cause: str, reason: str, at: int | None) -> Reduced:
        return Reduced(True, whole=False, defeats=(Defeat(cause, reason, at),))

    # -- comparisons -------------------------------------------------------------------------------

    def _comparison(self, node: Json, at: int | None) -> Reduced:
        kind = node[0]
        if kind == "between" and (not self._mentions(node[1]) or not self._all_known(node[2:])):
            halves = [["cmp", ">=", node[1], node[2]], ["cmp", "<=", node[1], node[3]]]
            return self._and([self.reduce(half, at) for half in halves])
        if kind == "in" and not self._mentions(node[1]):
            return self._or([self.reduce(["cmp", "=", node[1], item], at) for item in node[2]], at)
        if kind == "cmp":
            operands = node[2:]
        elif kind == "in":
            operands = [node[1], *node[2]]
        else:
            operands = node[1:]
        own = [item for item in operands if self._mentions(item)]
        others = [item for item in operands if not self._mentions(item)]
        if len(own) > 1:
            return self._defeated("column", f"{self._name()} is compared with itself", at)
        key = own[0]
        blocked = self._blocked_key(key, at) or self._blocked_others(others, at)
        if blocked is not None:
            return Reduced(True, whole=False, defeats=(blocked,))
        coerced = self._coerced(key, others, kind, at)
        if coerced is not None:
            return Reduced(True, whole=False, defeats=(coerced,))
        if self._all_known(others):
            return Reduced(node, used=True)
        bound = None
        if self._one_partition(key) and (kind == "in" or (kind == "cmp" and node[1] == "=")):
            bound = len(others)
        return Reduced(True, unknown=True, at_most=bound, whole=False)

    def _all_known(self, nodes: list[Json]) -> bool:
        return all(self._constants.value(item) is not None for item in nodes)

    def _blocked_key(self, node: Json, at: int | None) -> Defeat | None:
        """Why the side with the key cannot prune."""
        node = _unwrapped(node)
        kind = node[0]
        if kind == "col":
            return None
        name = self._name()
        if self._keys.any_function:
            if self._readable(node):
                return None
            return Defeat(
                "function", f"{_describe(node)} of {name} cannot be worked out before the query runs", at
            )
        if self._keys.by_range:
            reason = f"{_describe(node)} of {name}: an integer-range column prunes only when it stands alone"
            return Defeat("range-function", reason, at)
        if kind == "arith":
            reason = f"{name} is part of an arithmetic expression; BigQuery prunes only when it stands alone"
            return Defeat("arithmetic", reason, at)
        if self._prunes(node):
            return None
        reason = f"{_describe(node)} of {name} is not among the functions that BigQuery prunes through"
        return Defeat("function", reason, at)

    def _prunes(self, node: Json) -> bool:
        if node[0] == "cast":
            sample = self._samples.value(node[1])
            same = sample is not None and sample.type == node[2]
            return _unwrapped(node[1])[0] == "col" and (same or (node[2] == "DATE" and not node[3]))
        if node[0] != "call":
            return False
        name, arguments = node[1], node[2]
        inner = [item for item in arguments if self._mentions(item)]
        if len(inner) != 1:
            return False
        if self._mentions_others([item for item in arguments if item is not inner[0]]):
            return False
        core = _unwrapped(inner[0])
        direct = core[0] == "col"
        through_date = (
            core[0] == "call"
            and core[1] == "DATE"
            and bool(core[2])
            and _unwrapped(core[2][0])[0] == "col"
            and not self._mentions_others(core[2][1:])
        )
        if name == "EXTRACT":
            part = arguments[0][1] if arguments and arguments[0][0] == "unit" else ""
            return (direct and part in ("YEAR", "DATE")) or (through_date and part == "YEAR")
        if name in ("FORMAT_TIMESTAMP", "FORMAT_DATE"):
            # The parser does not always keep the two apart: on a TIMESTAMP it can only be FORMAT_TIMESTAMP.
            sample = self._samples.value(core)
            fits = sample is not None and sample.type == "TIMESTAMP"
            return (
                direct and fits and arguments[0] == ["str", arguments[0][1]] and arguments[0][1] in _FORMATS
            )
        return (direct and name in _ON_COLUMN) or (through_date and name in _ON_DATE_OF_COLUMN)

    def _mentions_others(self, nodes: list[Json]) -> bool:
        return any(_contains(item, {"col", "other", "opaque", "subquery"}) for item in nodes)

    def _blocked_others(self, nodes: list[Json], at: int | None) -> Defeat | None:
        """Why the other side cannot prune."""
        if any(_contains(item, {"subquery"}) for item in nodes):
            reason = f"{self._name()} is compared with the result of a subquery, which is known too late"
            return Defeat("subquery", reason, at)
        if any(_contains(item, {"col", "other"}) or _opaque_with_columns(item) for item in nodes):
            return Defeat("column", f"{self._name()} is compared with another column", at)
        return None

    def _coerced(self, key: Json, others: list[Json], kind: str, at: int | None) -> Defeat | None:
        """The comparison converts the column, not the constant."""
        if kind == "is_null":
            return None
        sample = self._samples.value(key)
        if sample is None:
            return None
        for item in others:
            for other in self._types(item):
                worse = _RANK.get(other, 0) > _RANK.get(sample.type, 9) or (
                    sample.type == "INT64" and other in NUMBERS and other != "INT64"
                )
                if worse:
                    reason = f"the comparison converts {self._name()} from {sample.type} to {other}"
                    return Defeat("coercion", reason, at)
        return None

    def _types(self, node: Json) -> set[str]:
        value = self._constants.value(node)
        if value is not None and value.type == "ARRAY":
            return {item.type for item in value.low}
        if value is not None:
            return {value.type}
        # Not known before the run, but its type may be.
        if node[0] == "cast":
            return {str(node[2])}
        if node[0] == "call":
            head = str(node[1]).partition("_")[0]
            if head in _RANK and not str(node[1]).endswith("_DIFF"):
                return {head}
            if str(node[1]).startswith("CURRENT_"):
                return {str(node[1]).removeprefix("CURRENT_")}
        return set()

    def _one_partition(self, key: Json) -> bool:
        """All rows with one value of this expression lie in one partition."""
        core = _unwrapped(key)
        if core[0] == "col":
            return True
        if not self._keys.coarse_as_date:
            return False
        if core[0] == "cast":
            return bool(core[2] == "DATE")
        if core[0] != "call":
            return False
        unit = core[2][0][1] if core[2] and core[2][0][0] == "unit" else ""
        return (core[1] == "DATE" and len(core[2]) == 1) or (core[1] == "EXTRACT" and unit == "DATE")

    # -- looking into trees ------------------------------------------------------------------------

    def _mentions(self, node: Json) -> bool:
        if not isinstance(node, list) or not node:
            return False
        if node[0] == "col":
            return str(node[1]).lower() in self._keys.samples
        if node[0] == "opaque":
            return any(str(path).lower() in self._keys.samples for path in node[2])
        return any(self._mentions(item) for item in node)

    def _readable(self, node: Json) -> bool:
        """Nothing in it but the key and constants."""
        if not isinstance(node, list) or not node:
            return True
        if node[0] == "col":
            return str(node[1]).lower() in self._keys.samples
        if node[0] in ("other", "opaque", "subquery", "hole"):
            return False
        return all(self._readable(item) for item in node)

    def _name(self) -> str:
        return next(iter(self._keys.samples)) if not self._keys.any_function else "_TABLE_SUFFIX"


def _joined(word: str, trees: list[Json], empty: bool) -> Json:
    if not trees:
        return empty
    return trees[0] if len(trees) == 1 else [word, trees]


def _unwrapped(node: Json) -> Json:
    while node[0] == "call" and node[1] in _WRAPPERS and len(node[2]) == 1:
        node = node[2][0]
    return node


def _contains(node: Json, kinds: set[str]) -> bool:
    if not isinstance(node, list) or not node:
        return False
    if isinstance(node[0], str) and node[0] in kinds:
        return True
    return any(_contains(item, kinds) for item in node)


def _opaque_with_columns(node: Json) -> bool:
    """Text that was not understood and names columns, or a call that lost its arguments."""
    if not isinstance(node, list) or not node:
        return False
    if node[0] == "opaque":
        return bool(node[2])
    if node[0] == "call" and not node[2] and node[1] not in _COLUMN_FREE:
        return True
    return any(_opaque_with_columns(item) for item in node)


def _describe(node: Json) -> str:
    """A function for people: `FORMAT_DATE(...)`."""
    kind = node[0]
    if kind == "call":
        return f"{node[1]}()"
    if kind == "cast":
        return f"CAST AS {node[2]}"
    if kind == "arith":
        return "arithmetic"
    return str(node[1]) if kind == "opaque" else "an expression"
