"""Evaluates the methods of pandas frames and group-bys, and the functions that combine frames."""

from __future__ import annotations

import ast

from costguard.extract.pytypes.constants import keyword
from costguard.extract.pytypes.frame_methods import Effect, expression_columns, frame_effect
from costguard.extract.pytypes.invocation import Invocation
from costguard.extract.pytypes.methods import (
    FRAME_METHODS,
)
from costguard.extract.pytypes.names import (
    ENGINES,
    FRAME,
    FRAME_GROUPS,
    SERIES,
)
from costguard.extract.pytypes.state import LoopSite, Site
from costguard.extract.pytypes.values import UNKNOWN, Value, escape
from costguard.extract.pytypes.words import words

_REDUCTIONS = words(
    "sum mean median min max std var count nunique size first last prod any all agg aggregate"
)


class PandasCalls(Invocation):
    """The part of the evaluator that knows pandas."""

    def _frame_method(self, node: ast.Call, name: str, receiver: Value, site: Site) -> Value:
        symbol = f"{FRAME}.{name}"
        if name in {"merge", "join"} and (node.args or keyword(node, "right") is not None):
            right_node = node.args[0] if node.args else keyword(node, "right")
            assert right_node is not None
            return self._merge(node, receiver, self.evaluate(right_node), by_index=name == "join")
        if name in {"iterrows", "itertuples"}:
            row = Value(type=SERIES, makers=receiver.makers)
            element = Value(type="builtins.tuple", items=(UNKNOWN, row)) if name == "iterrows" else row
            return Value(type="builtins.iterator", element=element)
        arguments, keywords = self._frame_arguments(node, name, receiver)
        if name == "apply" and _axis_is_columns(node):
            function = next((value.function for value in arguments if value.function is not None), None)
            site.callback = function
            if function is None:
                escape(receiver)
            else:
                self.call_function(function, [Value(type=SERIES, makers=receiver.makers)], {})
                self.loops[function.node] = LoopSite(
                    function.node,
                    function.node,
                    receiver,
                    node.func.value if isinstance(node.func, ast.Attribute) else None,
                )
            return UNKNOWN
        effect = frame_effect(name, node)
        self._read_columns(receiver, effect)
        if effect.everything:
            escape(receiver)
        self._callback(node, symbol, name, receiver, arguments, keywords, site)
        if name == "groupby":
            return Value(type=FRAME_GROUPS, makers=receiver.makers)
        if name in {"get", "pop"}:
            return Value(type=SERIES)
        result = FRAME_METHODS.get(name)
        if result is None or name == "get":
            return UNKNOWN
        if is_inplace(node):
            if not (self.context.in_branch or self.context.in_loop):
                for maker in receiver.makers:
                    maker.assigned.update(effect.assigned)
            return UNKNOWN
        if result != FRAME:
            return Value(type=result)
        value = self.derive(node, receiver, receiver.type or FRAME, symbol, effect.relation)
        for maker in value.makers:
            maker.assigned.update(effect.assigned)
            maker.bounded = maker.bounded or effect.bounded
            maker.grown = name == "append" and self.context.in_loop
            if name in {"pivot_table", "describe"}:
                maker.aggregated = True
        return value

    def _frame_arguments(
        self, node: ast.Call, name: str, receiver: Value
    ) -> tuple[list[Value], dict[str, Value]]:
        if name == "assign":
            keywords = {}
            for argument in node.keywords:
                value = self.consume(argument.value)
                if value.function is not None:
                    self.call_function(value.function, [receiver], {})
                keywords[argument.arg or "**"] = value
            return [self.consume(argument) for argument in node.args], keywords
        arguments, keywords = self._arguments(node)
        for value in (*arguments, *keywords.values()):
            escape(value)
        return arguments, keywords

    def _read_columns(self, receiver: Value, effect: Effect) -> None:
        for argument in effect.columns:
            self.use(receiver, self.strings(argument))
        if effect.expression is not None:
            text = self.strings(effect.expression)
            self.use(receiver, expression_columns(text[0]) if text else None)

    def _merge(self, node: ast.Call, left: Value, right: Value, by_index: bool = False) -> Value:
        for named in node.keywords:
            self.consume(named.value)
        for argument in node.args[2:]:
            self.consume(argument)
        both, on_left, on_right = (keyword(node, word) for word in ("on", "left_on", "right_on"))
        if both is not None:
            columns = self.strings(both)
            self.use(left, columns)
            if not by_index:
                self.use(right, columns)
        for key, side in ((on_left, left), (on_right, right)):
            if key is not None:
                self.use(side, self.strings(key))
        indexed = keyword(node, "left_index") is not None or keyword(node, "right_index") is not None
        if not by_index and both is None and on_left is None and on_right is None and not indexed:
            # The common columns are the key, and which these are is not written.
            escape(left)
            escape(right)
        if left.type not in ENGINES:
            escape(right)
            left = Value(type=FRAME)
        result = left.type or FRAME
        value = self.make(node, result, f"{FRAME}.merge", (*left.makers, *right.makers))
        sides = (*left.makers, *right.makers)
        for maker in value.makers:
            maker.bounded = bool(left.makers and right.makers) and all(parent.small for parent in sides)
        return value

    def _concatenate(self, node: ast.Call) -> Value:
        for named in node.keywords:
            self.consume(named.value)
        pieces = keyword(node, "objs", 0)
        if pieces is None:
            self._consume_arguments(node)
            return self.make(node, FRAME, "pandas.concat")
        if isinstance(pieces, ast.List | ast.Tuple):
            values = [self.evaluate(element) for element in pieces.elts]
        else:
            whole = self.consume(pieces)
            values = [whole.element] if whole.element is not None else list(whole.items or ())
        axis = keyword(node, "axis", 1)
        if values and all(value.type == SERIES for value in values) and axis is None:
            return Value(type=SERIES)
        frames = [value for value in values if value.type in ENGINES]
        value = self.make(node, FRAME, "pandas.concat", [maker for frame in frames for maker in frame.makers])
        if isinstance(pieces, ast.List | ast.Tuple) and frames and len(frames) == len(values):
            for maker in value.makers:
                # In a loop small pieces make a large frame.
                maker.grown = self.context.in_loop
                maker.bounded = all(parent.small for frame in frames for parent in frame.makers)
        return value

    def _group_method(self, node: ast.Call, name: str, receiver: Value, site: Site) -> Value:
        symbol = f"{FRAME_GROUPS}.{name}"
        arguments, keywords = self._arguments(node)
        for value in (*arguments, *keywords.values()):
            escape(value)
        self._callback(node, symbol, name, receiver, arguments, keywords, site)
        if name in {"size", "ngroup", "cumcount"}:
            return Value(type=SERIES)
        relation = "cut" if receiver.narrowed else "same"
        if name in {"agg", "aggregate"} and not receiver.narrowed:
            columns = self._aggregated_columns(node)
            if columns is not None:
                self.use(receiver, columns)
                relation = "cut"
        elif (
            name in {"apply", "filter", "transform", "pipe", "get_group", "agg", "aggregate"}
            and not receiver.narrowed
        ):
            escape(receiver)
        frame = Value(type=FRAME, makers=receiver.makers)
        value = self.derive(node, frame, FRAME, symbol, relation)
        for maker in value.makers:
            maker.aggregated = maker.aggregated or name in _REDUCTIONS
        return value

    def _aggregated_columns(self, node: ast.Call) -> list[str] | None:
        found: list[str] = []
        if node.args:
            return (
                self.strings(node.args[0])
                if isinstance(node.args[0], ast.Dict) and not node.keywords
                else None
            )
        for argument in node.keywords:
            pair = argument.value
            column: ast.expr | None = pair.elts[0] if isinstance(pair, ast.Tuple) and pair.elts else None
            if isinstance(pair, ast.Call):
                column = keyword(pair, "column", 0)
            names = self.strings(column)
            if names is None:
                return None
            found.extend(names)
        return found or None


def is_inplace(node: ast.Call) -> bool:
    """Whether a pandas call changes its receiver and returns None."""
    argument = keyword(node, "inplace")
    return isinstance(argument, ast.Constant) and argument.value is True


def _axis_is_columns(node: ast.Call) -> bool:
    axis = keyword(node, "axis", 1)
    return isinstance(axis, ast.Constant) and axis.value in (1, "columns")
