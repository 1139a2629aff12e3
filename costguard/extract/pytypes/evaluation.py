"""The frame of the evaluator: what its parts give each other."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import ClassVar

from costguard.extract.pytypes.constants import constant_strings
from costguard.extract.pytypes.methods import (
    GROUP_RESULTS,
    SAME_FRAME_METHODS,
)
from costguard.extract.pytypes.state import State
from costguard.extract.pytypes.values import UNKNOWN, Function, Value, escape


class Evaluation(State):
    """What every part of the evaluator can ask for."""

    handlers: ClassVar[dict[type[ast.expr], Callable[..., Value]]] = {}
    """How each kind of expression is evaluated."""

    def evaluate(self, node: ast.expr) -> Value:
        """The value of an expression; what is found on the way is recorded."""
        handler = self.handlers.get(node.__class__)
        if handler is None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.consume(child)
            return UNKNOWN
        value = handler(self, node)
        if value is not UNKNOWN:
            self.values[node] = value
        return value

    def consume(self, node: ast.expr) -> Value:
        """Evaluate an expression whose value then goes where it cannot be followed."""
        value = self.evaluate(node)
        if value.makers or value.items is not None or value.element is not None:
            escape(value)
        return value

    def strings(self, node: ast.expr | None) -> list[str] | None:
        """Constant column names of an argument."""
        return constant_strings(node, self.definitions.constants)

    def evaluate_call(self, node: ast.Call) -> Value:
        """Defined with the calls."""
        raise NotImplementedError

    def call_function(self, function: Function, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Defined with the statements."""
        raise NotImplementedError

    def define_lambda(self, node: ast.Lambda) -> Value:
        """Defined with the statements."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None = None) -> None:
        """Defined with the statements."""
        raise NotImplementedError

    def derive(
        self, node: ast.expr, base: Value, type_name: str, reader: str, relation: str = "same"
    ) -> Value:
        """A frame made from another; it is as small and as aggregated as that one."""
        value = self.make(node, type_name, reader, base.makers, relation)
        for maker in value.makers:
            if base.makers and all(parent.small for parent in base.makers):
                maker.bounded = True
            if base.makers and all(parent.aggregated for parent in base.makers):
                maker.aggregated = True
        return value

    def is_group_method(self, name: str) -> bool:
        return name in GROUP_RESULTS or name in {
            "size",
            "ngroups",
            "groups",
            "get_group",
            "indices",
            "rolling",
            "pipe",
        }

    def is_same_method(self, type_name: str, name: str) -> bool:
        return name in SAME_FRAME_METHODS.get(type_name, ())
