"""Evaluates the arguments of calls, functions passed in, and built-in functions."""

from __future__ import annotations

import ast

from costguard.extract.pytypes.expressions import Expressions
from costguard.extract.pytypes.names import (
    FRAME,
    FRAME_GROUPS,
    SERIES,
)
from costguard.extract.pytypes.state import LoopSite, Site
from costguard.extract.pytypes.values import UNKNOWN, Value, escape
from costguard.extract.pytypes.words import words

_CALLBACK_METHODS = words(
    "apply map applymap transform agg aggregate filter pipe foreach foreachPartition flatMap"
    " mapPartitions map_elements map_rows map_partitions imap imap_unordered starmap map_async"
    " apply_async submit"
)
_PARALLEL_PREFIXES = ("concurrent.futures.Executor.", "multiprocessing.Pool.", "pyspark.", "dask.", "ray.")
_UDF = frozenset(
    {
        "pyspark.sql.functions.udf",
        "pyspark.sql.functions.pandas_udf",
        "pyspark.sql.UDFRegistration.register",
    }
)


class Invocation(Expressions):
    """What all calls have in common."""

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        arguments = [self.evaluate(argument) for argument in node.args]
        keywords = {argument.arg or "**": self.evaluate(argument.value) for argument in node.keywords}
        return arguments, keywords

    def _consume_arguments(self, node: ast.Call) -> None:
        for argument in node.args:
            self.consume(argument)
        for named in node.keywords:
            self.consume(named.value)

    def _callback(
        self,
        node: ast.Call,
        symbol: str,
        name: str,
        receiver: Value | None,
        arguments: list[Value],
        keywords: dict[str, Value],
        site: Site,
    ) -> None:
        if symbol not in _UDF and name not in _CALLBACK_METHODS:
            return
        function = next(
            (value.function for value in (*arguments, *keywords.values()) if value.function is not None), None
        )
        if function is None:
            return
        site.callback = function
        values: list[Value] = []
        if receiver is not None and receiver.type == SERIES:
            values = [UNKNOWN]
        elif symbol.startswith(f"{FRAME_GROUPS}."):
            values = [Value(type=FRAME, makers=receiver.makers if receiver is not None else ())]
        self.call_function(function, values, {})
        loop = LoopSite(function.node, function.node, receiver or UNKNOWN)
        loop.iterable = (
            node.func.value if isinstance(node.func, ast.Attribute) and receiver is not None else None
        )
        loop.parallel = symbol.startswith(_PARALLEL_PREFIXES)
        if name not in {"submit", "apply_async", "pipe"} or symbol.startswith(_PARALLEL_PREFIXES):
            self.loops[function.node] = loop

    def _builtin(self, node: ast.Call, name: str) -> Value | None:
        if (
            name
            in {"enumerate", "zip", "reversed", "iter", "list", "tuple", "sorted", "set", "map", "filter"}
            and node.args
        ):
            values = [self.evaluate(argument) for argument in node.args]
            for named in node.keywords:
                self.consume(named.value)
            return self._iteration(node, name, values)
        if name == "next" and node.args:
            return self.element_of(self.evaluate(node.args[0]))
        if name in {"globals", "locals", "vars", "eval", "exec"}:
            # Whatever has a name can be reached from there.
            for environment in (self.module, *self.enclosing, self.env):
                for value in environment.values():
                    escape(value)
            return None
        if name == "super":
            return UNKNOWN
        return None

    def _iteration(self, node: ast.Call, name: str, values: list[Value]) -> Value:
        if name in {"map", "filter"}:
            function = values[0].function
            for value in values[1:]:
                escape(value)
            if function is None:
                return Value(type="builtins.iterator")
            self.call_function(function, [], {})
            iterable = node.args[1] if len(node.args) > 1 else None
            self.loops[function.node] = LoopSite(function.node, function.node, UNKNOWN, iterable)
            return Value(type="builtins.iterator")
        if name == "enumerate":
            element = Value(
                type="builtins.tuple", items=(Value(type="builtins.int"), self.element_of(values[0]))
            )
        elif name == "zip":
            element = Value(type="builtins.tuple", items=tuple(self.element_of(value) for value in values))
        else:
            element = self.element_of(values[0])
        kind = {
            "list": "builtins.list",
            "sorted": "builtins.list",
            "tuple": "builtins.tuple",
            "set": "builtins.set",
        }
        return Value(type=kind.get(name, "builtins.iterator"), element=element)
