"""What is known about the value of an expression."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Final

Relation = str
"""`same`: the derived frame has the parent's columns, so what is used of it is used of the parent.
`cut`: the columns it needs of its parent were noted when it was made."""


class Maker:
    """An expression (or parameter, or notebook magic) that makes a frame, with what is later done to it.

    Evaluating the same expression again only adds: a column once used stays used, an escape stays one.
    """

    __slots__ = (
        "aggregated",
        "assigned",
        "bounded",
        "columns",
        "escaped",
        "grown",
        "name",
        "node",
        "origin",
        "parents",
        "reader",
        "requested",
        "source",
        "type",
    )

    def __init__(self, node: ast.expr | ast.arg | None, type_name: str, reader: str) -> None:
        self.node = node
        self.type = type_name
        self.reader = reader
        self.name = ""
        self.origin = "unknown"
        self.source: ast.expr | None = None
        self.parents: dict[Maker, Relation] = {}
        self.columns: set[str] = set()
        self.assigned: set[str] = set()
        self.requested: tuple[str, ...] | None = None
        self.escaped = False
        self.bounded = False
        self.grown = False
        self.aggregated = False

    @property
    def small(self) -> bool:
        """Provably few rows: made so, and nothing added since."""
        return self.bounded and not self.grown


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function or lambda of the scanned module."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    name: str
    owner: ClassInfo | None
    enclosing: tuple[dict[str, Value], ...]
    """Environments of the functions around it, innermost last."""
    loop_context: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ClassInfo:
    """A class of the scanned module."""

    name: str
    bases: tuple[str, ...]
    methods: dict[str, Function] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The abstract value of an expression: a library symbol, an instance of a known type, or unknown."""

    type: str | None = None
    """Resolved type of an instance."""
    symbol: str | None = None
    """Resolved name of a module, class, function or bound method."""
    makers: tuple[Maker, ...] = ()
    """The frames it may be, or is a view of (a group-by, a row, a bound method)."""
    element: Value | None = None
    """What iterating it gives."""
    items: tuple[Value, ...] | None = None
    """The values of a tuple of known length."""
    function: Function | None = None
    cls: ClassInfo | None = None
    """The class it is (when `type` is None) or an instance of."""
    receiver: Value | None = None
    """For a bound method: what it is bound to."""
    narrowed: bool = False
    """For a group-by: the columns that it will aggregate were chosen."""


UNKNOWN: Final = Value()
NONE: Final = Value(type="builtins.None")


def merge(left: Value, right: Value) -> Value:
    """The value of a name that is one of two, depending on the path taken.

    Different types give an unknown value: what the frames among them are then used for cannot be seen,
    so they escape.
    """
    if left is right or right is NONE:
        return left
    if left is NONE:
        return right
    if (
        left.type is not None
        and left.type == right.type
        and left.makers == right.makers
        and left.element is right.element
        and left.items is right.items
        and left.cls is right.cls
    ):
        return left
    if left.type == right.type and left.symbol == right.symbol and left.cls is right.cls:
        if left.function is not right.function or (left.items is None) != (right.items is None):
            return _lost(left, right)
        items = None
        if left.items is not None and right.items is not None:
            if len(left.items) != len(right.items):
                return _lost(left, right)
            items = tuple(merge(one, other) for one, other in zip(left.items, right.items, strict=True))
        if left.element is None or right.element is None:
            element = left.element or right.element
        else:
            element = merge(left.element, right.element)
        return Value(
            left.type,
            left.symbol,
            tuple(dict.fromkeys((*left.makers, *right.makers))),
            element,
            items,
            left.function,
            left.cls,
            left.receiver,
            left.narrowed and right.narrowed,
        )
    if _is_estimator(left.type) and _is_estimator(right.type):
        return Value(type="sklearn.base.BaseEstimator")
    return _lost(left, right)


_MODELS: Final = (
    "sklearn.base.BaseEstimator",
    "sklearn.ensemble.",
    "sklearn.linear_model.",
    "sklearn.tree.",
    "sklearn.svm.",
    "sklearn.neighbors.",
    "sklearn.naive_bayes.",
    "sklearn.neural_network.",
    "sklearn.discriminant_analysis.",
    "sklearn.gaussian_process.",
    "sklearn.pipeline.",
    "lightgbm.LGBM",
    "xgboost.XGB",
    "catboost.CatBoost",
)


def _is_estimator(type_name: str | None) -> bool:
    """A class of a library whose models share scikit-learn's methods."""
    return type_name is not None and type_name.startswith(
        ("sklearn.", "lightgbm.LGBM", "xgboost.XGB", "catboost.")
    )


def _lost(left: Value, right: Value) -> Value:
    escape(left)
    escape(right)
    return UNKNOWN


def escape(value: Value) -> None:
    """Note that every column of the frames in a value may be used."""
    for maker in value.makers:
        maker.escaped = True
    if value.items is not None:
        for item in value.items:
            escape(item)
    if value.element is not None and value.element is not value:
        escape(value.element)


def merge_environments(left: dict[str, Value], right: dict[str, Value]) -> dict[str, Value]:
    """The names after two paths meet; a name bound on one path only keeps that value."""
    merged = dict(left)
    for name, value in right.items():
        other = merged.get(name)
        if other is None:
            merged[name] = value
        elif other is not value:
            merged[name] = merge(other, value)
    return merged
