"""Evaluates the functions, lambdas and classes of the module."""

from __future__ import annotations

import ast
from typing import Final

from costguard.extract.pytypes.annotations import annotation_type
from costguard.extract.pytypes.bindings import Bindings
from costguard.extract.pytypes.definitions import all_arguments
from costguard.extract.pytypes.names import ENGINES
from costguard.extract.pytypes.state import Context, FunctionState
from costguard.extract.pytypes.values import (
    NONE,
    UNKNOWN,
    ClassInfo,
    Function,
    Value,
    escape,
    merge,
)

MAXIMUM_RUNS: Final = 3
"""Times one function is evaluated with different arguments; after that its arguments count as escaped."""


class Functions(Bindings):
    """The part of the evaluator that calls the functions of the module."""

    def execute(self, body: list[ast.stmt]) -> None:
        """Defined with the statements."""
        raise NotImplementedError

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: ClassInfo | None = None) -> None:
        enclosing = self.enclosing if self.env is self.module else (*self.enclosing, self.env)
        function = Function(node, node.name, owner, enclosing)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.consume(default)
        value = Value(function=function)
        for decorator in node.decorator_list:
            value = self._decorate(decorator, function, value)
        scope = f"{self.context.scope}.{node.name}" if self.context.scope else node.name
        if node not in self.functions:
            self.functions[node] = FunctionState()
            self.pending.append((function, Context(scope)))
        elif self.env is not self.module:
            self._escape_captured(node)
        if owner is not None:
            owner.methods[node.name] = function
        else:
            self.env[node.name] = value

    def _escape_captured(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function is defined anew by another call of the one around it. Its body is evaluated with the variables
        of the first call alone: what it captures now may be used in any way."""
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id in self.env:
                escape(self.env[child.id])

    def _decorate(self, decorator: ast.expr, function: Function, value: Value) -> Value:
        """Decorators that change what a function is: UDFs are columns' functions, no longer plain ones."""
        found = self.evaluate(decorator)
        self.decorators.append((decorator, function, self.context))
        symbol = found.symbol
        if isinstance(decorator, ast.Call):
            symbol = self.values.get(decorator.func, UNKNOWN).symbol
        if symbol is not None and symbol.startswith("pyspark."):
            return UNKNOWN
        return value

    def _class(self, node: ast.ClassDef) -> None:
        bases = []
        for base in node.bases:
            found = self.evaluate(base)
            if found.symbol is not None:
                bases.append(found.symbol)
        info = ClassInfo(node.name, tuple(bases))
        context = self.context
        environment, enclosing = self.env, self.enclosing
        if environment is not self.module:
            self.enclosing = (*enclosing, environment)
        scope = f"{context.scope}.{node.name}" if context.scope else node.name
        self.context = Context(scope)
        self.env = {}
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                local, self.env = self.env, environment
                self._function(statement, info)
                self.env = local
            else:
                self.execute([statement])
        info.attributes.update(self.env)
        self.env, self.enclosing, self.context = environment, enclosing, context
        self.env[node.name] = Value(cls=info)
        initialiser = info.methods.get("__init__")
        if initialiser is not None and self.functions[initialiser.node].analysed is None:
            self._analyse(initialiser, self.functions[initialiser.node], Context(f"{scope}.__init__"))

    def define_lambda(self, node: ast.Lambda) -> Value:
        enclosing = self.enclosing if self.env is self.module else (*self.enclosing, self.env)
        function = Function(node, "<lambda>", None, enclosing)
        state = self.functions.get(node)
        if state is None:
            state = self.functions[node] = FunctionState()
            self._analyse(function, state, self.context)
        return Value(function=function)

    def call_function(self, function: Function, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """The result of calling a function of the module; its parameters take the arguments' types."""
        state = self.functions.setdefault(function.node, FunctionState())
        names = [argument.arg for argument in all_arguments(function.node.args)]
        for name, value in (*zip(names, arguments, strict=False), *keywords.items()):
            if value is UNKNOWN or value is NONE:
                continue
            known = state.parameters.get(name)
            if name not in names:
                escape(value)
            elif known is None or known is UNKNOWN:
                state.parameters[name] = value
            elif known is not value:
                state.parameters[name] = merge(known, value)
        for value in arguments[len(names) :]:
            escape(value)
        if state.active:
            for value in (*arguments, *keywords.values()):
                escape(value)
            return state.result
        if state.analysed is None or state.analysed != state.parameters:
            if state.runs >= MAXIMUM_RUNS:
                for value in (*arguments, *keywords.values()):
                    escape(value)
            else:
                scope = self._scope_of(function)
                self._analyse(function, state, Context(scope) if scope is not None else self.context)
        return state.result

    def _scope_of(self, function: Function) -> str | None:
        if isinstance(function.node, ast.Lambda):
            return None
        return next(
            (context.scope for pending, context in self.pending if pending.node is function.node),
            function.name,
        )

    def _analyse(self, function: Function, state: FunctionState, context: Context) -> None:
        """Evaluate a function's body with the parameter types known so far."""
        node = function.node
        saved = self.env, self.enclosing, self.context, self.returned
        state.active = True
        state.runs += 1
        state.analysed = dict(state.parameters)
        state.attributes = len(function.owner.attributes) if function.owner is not None else 0
        self.enclosing = function.enclosing
        self.context = context
        self.env = self._parameters(function, state)
        self.returned = []
        if isinstance(node, ast.Lambda):
            state.result = self.evaluate(node.body)
            escape(state.result)
        else:
            self.execute(node.body)
            result: Value | None = None
            for value in self.returned:
                result = value if result is None else merge(result, value)
            state.result = result or UNKNOWN
            declared = None
            if state.result.type is None and state.result.symbol is None:
                declared = annotation_type(node.returns, self._resolve_annotation)
            if declared is not None and node.returns is not None:
                state.result = self._declared(node.returns, declared, None)
                escape(state.result)
        self.env, self.enclosing, self.context, self.returned = saved
        state.active = False

    def _parameters(self, function: Function, state: FunctionState) -> dict[str, Value]:
        environment: dict[str, Value] = {}
        node = function.node
        arguments = all_arguments(node.args)
        for number, argument in enumerate(arguments):
            if number == 0 and function.owner is not None and argument.arg in {"self", "cls"}:
                environment[argument.arg] = Value(type=f"<module>.{function.owner.name}", cls=function.owner)
                continue
            environment[argument.arg] = self._parameter(function, argument, state)
        for extra, kind in ((node.args.vararg, "builtins.tuple"), (node.args.kwarg, "builtins.dict")):
            if extra is not None:
                environment[extra.arg] = Value(type=kind)
        return environment

    def _parameter(self, function: Function, argument: ast.arg, state: FunctionState) -> Value:
        declared = annotation_type(argument.annotation, self._resolve_annotation)
        value = state.parameters.get(argument.arg, UNKNOWN)
        if (
            value.type is not None
            or value.symbol is not None
            or value.function is not None
            or value.cls is not None
        ):
            return value
        if declared is None and argument.annotation is not None and isinstance(argument.annotation, ast.Name):
            local = self.lookup(argument.annotation.id)
            if local.cls is not None and local.type is None:
                return Value(type=f"<module>.{local.cls.name}", cls=local.cls)
        if declared is None and not isinstance(function.node, ast.Lambda):
            declared = self.signatures.type_of(function.node, argument.arg)
        if declared is None:
            return value
        if declared not in ENGINES:
            return Value(type=declared)
        parameter = self.make(argument, declared, "", origin="parameter")
        parameter.makers[0].name = argument.arg
        return parameter
