"""Evaluates statements in order."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from costguard.extract.pytypes.definitions import import_names
from costguard.extract.pytypes.dependence import exposed_names
from costguard.extract.pytypes.functions import Functions
from costguard.extract.pytypes.state import FunctionState, LoopSite
from costguard.extract.pytypes.values import (
    UNKNOWN,
    Value,
    escape,
    merge_environments,
)

MAXIMUM_RUNS: Final = 3
"""Times one function is evaluated with different arguments; after that its arguments count as escaped."""
MAXIMUM_REPEATS: Final = 2
"""Loop nesting up to which a body is evaluated a second time with what the first turn left behind."""


class Statements(Functions):
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
        for function, context in list(self.pending):
            # Methods above the one that sets an attribute did not know it yet.
            state = self.functions[function.node]
            owner = function.owner
            if owner is not None and state.attributes < len(owner.attributes) and state.runs < MAXIMUM_RUNS:
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
