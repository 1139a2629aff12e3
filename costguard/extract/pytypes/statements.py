"""Evaluates statements in order, and the functions and classes of the module."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from costguard.extract.pytypes.annotations import annotation_type
from costguard.extract.pytypes.applications import Applications
from costguard.extract.pytypes.definitions import all_arguments, import_names
from costguard.extract.pytypes.dependence import exposed_names
from costguard.extract.pytypes.names import BASES, ENGINES, FRAME, SERIES
from costguard.extract.pytypes.state import Context, FunctionState, LoopSite
from costguard.extract.pytypes.values import (
    NONE,
    UNKNOWN,
    ClassInfo,
    Function,
    Value,
    escape,
    merge,
    merge_environments,
)

MAXIMUM_RUNS: Final = 3
"""Times one function is evaluated with different arguments; after that its arguments count as escaped."""
MAXIMUM_REPEATS: Final = 2
"""Loop nesting up to which a body is evaluated a second time with what the first turn left behind."""


class Statements(Applications):
    """The whole evaluator."""

    _repeating = 0

    def run(self, body: list[ast.stmt]) -> None:
        """Evaluate a module: its statements first, then every function nothing called."""
        self.execute(body)
        position = 0
        while position < len(self.pending):
            function, context = self.pending[position]
            position += 1
            state = self.functions[function.node]
            if state.analysed is None or self._better(state):
                self._analyse(function, state, context)

    @staticmethod
    def _better(state: FunctionState) -> bool:
        return state.analysed != state.parameters and state.runs < MAXIMUM_RUNS

    def execute(self, body: list[ast.stmt]) -> None:
        """Evaluate statements one after the other."""
        for statement in body:
            handler = _HANDLERS.get(statement.__class__)
            if handler is not None:
                handler(self, statement)

    # Bindings

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None = None) -> None:
        if isinstance(target, ast.Name):
            self.env[target.id] = value
            if source is not None:
                for maker in value.makers:
                    if not maker.name and maker.node is source:
                        maker.name = target.id
            if value.makers:
                self.values[target] = value
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_parts(target.elts, value, source)
        elif isinstance(target, ast.Subscript):
            self._bind_subscript(target, value)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value)
        elif isinstance(target, ast.Starred):
            escape(value)
            self.bind(target.value, Value(type="builtins.list"))

    def _bind_parts(self, targets: list[ast.expr], value: Value, source: ast.expr | None) -> None:
        if value.items is not None and len(value.items) == len(targets):
            elements = (
                source.elts
                if isinstance(source, ast.Tuple | ast.List) and len(source.elts) == len(targets)
                else None
            )
            for number, (target, item) in enumerate(zip(targets, value.items, strict=True)):
                self.bind(target, item, elements[number] if elements is not None else None)
            return
        if value.element is None:
            escape(value)
        for target in targets:
            self.bind(target, value.element if value.element is not None else UNKNOWN)

    def _bind_subscript(self, target: ast.Subscript, value: Value) -> None:
        escape(value)
        base = self.evaluate(target.value)
        if BASES.get(base.type or "", base.type) == FRAME:
            for maker in base.makers:
                # A column put into an empty frame brings the rows.
                maker.grown = maker.grown or (maker.origin == "literal" and maker.source is None)
            columns = self.strings(target.slice)
            if columns is None:
                self.consume(target.slice)
            elif not (self.context.in_branch or self.context.in_loop):
                for maker in base.makers:
                    maker.assigned.update(column for column in columns if column not in maker.columns)
            return
        if base.type is not None and base.type.startswith("pandas.DataFrame."):
            self.consume(target.slice)
            index = (
                target.slice.elts[-1] if isinstance(target.slice, ast.Tuple) and target.slice.elts else None
            )
            for maker in base.makers:
                maker.grown = maker.grown or self.context.in_loop
            self.use(base, self.strings(index))
            return
        if base.makers and base.type == SERIES:
            self.use(base, self.strings(target.slice))
            return
        self.consume(target.slice)
        escape(base)

    def _bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.evaluate(target.value)
        escape(value)
        if base.cls is not None and base.type is not None:
            known = base.cls.attributes.get(target.attr)
            base.cls.attributes[target.attr] = value if known is None else merge(known, value)
        elif BASES.get(base.type or "", base.type) == FRAME and target.attr not in {"columns", "index"}:
            for maker in base.makers:
                maker.assigned.add(target.attr)
        elif target.attr != "index":
            escape(base)

    def _assign(self, node: ast.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            self.bind(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        value = self.evaluate(node.value) if node.value is not None else UNKNOWN
        if value.type is None and value.symbol is None and value.function is None:
            declared = annotation_type(node.annotation, self._resolve_annotation)
            if declared is not None and (node.value is not None or isinstance(node.target, ast.Name)):
                value = self._declared(node.annotation, declared, node.value)
        if node.value is not None or value is not UNKNOWN:
            self.bind(node.target, value, node.value)

    def _declared(self, annotation: ast.expr, declared: str, source: ast.expr | ast.arg | None) -> Value:
        if declared in ENGINES:
            return self.make(source if source is not None else annotation, declared, "", origin="unknown")
        return Value(type=declared)

    def _resolve_annotation(self, node: ast.expr) -> str | None:
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        value = self.evaluate(node)
        return value.symbol if value.receiver is None else None

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.consume(node.value)
        if isinstance(node.target, ast.Name):
            current = self.lookup(node.target.id)
            if current.type is not None and current.type not in ENGINES:
                result = SERIES if SERIES in (current.type, value.type) else current.type
                self.env[node.target.id] = replace(current, type=result, items=None, element=None)
            else:
                escape(current)
        elif isinstance(node.target, ast.Subscript | ast.Attribute):
            self.consume(node.target)

    # Control flow

    def _if(self, node: ast.If) -> None:
        self.evaluate(node.test)
        if _is_main_guard(node.test):
            self.execute(node.body)
            return
        self._branches([node.body, node.orelse])

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        """Evaluate alternatives from the same start and merge what they leave."""
        context = self.context
        if not context.in_branch:
            self.context = replace(context, in_branch=True)
        environment = self.env
        before = dict(environment)
        merged: dict[str, Value] | None = None
        for body in bodies:
            environment.clear()
            environment.update(before)
            self.execute(body)
            if body and isinstance(body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                continue
            merged = dict(environment) if merged is None else merge_environments(merged, environment)
        environment.clear()
        environment.update(before if merged is None else merged)
        self.context = context

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        iterated = self.evaluate(node.iter)
        self.loops[node] = LoopSite(node, node, iterated, node.iter, node.target)
        element = self.element_of(iterated)
        self._turns(node, lambda: self.bind(node.target, element))
        self.execute(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.loops[node] = LoopSite(node, node)
        self._turns(node, lambda: self.evaluate(node.test))
        self.execute(node.orelse)

    def _turns(self, node: ast.For | ast.AsyncFor | ast.While, start: Callable[[], object]) -> None:
        context = self.context
        self.context = replace(context, in_loop=True)
        environment = self.env
        before = dict(environment)
        start()
        self.execute(node.body)
        carried = [
            name
            for name in exposed_names(self.flow(node))
            if name in environment
            and environment[name] is not before.get(name)
            and _matters(environment[name])
        ]
        if carried:
            # A turn starts with what the turn before left: look at the body once more with that.
            if self._repeating < MAXIMUM_REPEATS:
                self._repeating += 1
                after = merge_environments(before, environment)
                environment.clear()
                environment.update(after)
                start()
                self.execute(node.body)
                self._repeating -= 1
            else:
                for name in carried:
                    escape(environment[name])
        merged = merge_environments(before, environment)
        environment.clear()
        environment.update(merged)
        self.context = context

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, item.context_expr)
        self.execute(node.body)

    def _try(self, node: ast.Try) -> None:
        environment = self.env
        before = dict(environment)
        self.execute(node.body)
        self.execute(node.orelse)
        after = dict(environment)
        context = self.context
        for handler in node.handlers:
            environment.clear()
            environment.update(before)
            self.context = replace(context, in_branch=True)
            self.execute(handler.body)
            if not (
                handler.body
                and isinstance(handler.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
            ):
                after = merge_environments(after, environment)
        self.context = context
        environment.clear()
        environment.update(after)
        self.execute(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        self.consume(node.subject)
        self._branches([*(case.body for case in node.cases), []])

    def _expression(self, node: ast.Expr) -> None:
        # A value left standing is shown at the end of a notebook cell.
        value = self.evaluate(node.value)
        if value.makers and not isinstance(node.value, ast.Constant):
            escape(value)

    def _return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        value = self.consume(node.value)
        self.returned.append(value)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self.evaluate(target)
            elif isinstance(target, ast.Name):
                self.env.pop(target.id, None)

    def _other(self, node: ast.Raise | ast.Assert) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.consume(child)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, resolved in import_names(node):
            self.env[name] = UNKNOWN if resolved.startswith(".") else Value(symbol=resolved)

    # Functions and classes

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
        if owner is not None:
            owner.methods[node.name] = function
        else:
            self.env[node.name] = value

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


def _matters(value: Value) -> bool:
    return bool(value.makers) or value.type is not None


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


_HANDLERS: Final[dict[type[ast.stmt], Callable[..., None]]] = {
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.AsyncFor: Statements._for,
    ast.While: Statements._while,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Try: Statements._try,
    ast.TryStar: Statements._try,
    ast.Match: Statements._match,
    ast.Expr: Statements._expression,
    ast.Return: Statements._return,
    ast.Delete: Statements._delete,
    ast.Raise: Statements._other,
    ast.Assert: Statements._other,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import,
    ast.FunctionDef: Statements._function,
    ast.AsyncFunctionDef: Statements._function,
    ast.ClassDef: Statements._class,
}
