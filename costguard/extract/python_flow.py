"""Walks a module statement by statement, keeps what every name holds, and notes each call that takes SQL."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from costguard.extract.python_alternatives import after_loop
from costguard.extract.python_binding import bind, bind_element, comprehension_scope
from costguard.extract.python_calls import CallNotes, describes, is_for_people, shows
from costguard.extract.python_files import FileReader
from costguard.extract.python_scopes import (
    ClassInfo,
    FunctionInfo,
    FunctionNode,
    Scope,
    dotted_name,
)
from costguard.extract.python_source import SourceMap
from costguard.extract.python_strings import Evaluator, Types
from costguard.extract.python_values import (
    ClassValue,
    DictValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    UnknownValue,
    Value,
    choose,
    is_reasonable,
    join_branches,
)

_MAY_BE_TEXT = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call)


class ModuleFlow:
    """The values and calls of one module."""

    def __init__(self, tree: ast.Module, source: SourceMap, types: Types, files: FileReader) -> None:
        self.source = source
        self.types = types
        self.files = files
        self.evaluator = Evaluator(source, types, files, self.follow)
        self.notes = CallNotes(source, types, self.evaluator)
        self.functions: list[FunctionInfo] = []
        self.markers: dict[int, Callable[[Scope], None]] = {}
        """Called with the scope when the statement at an offset is reached: how magics join the flow."""
        self._tree = tree
        self._module = Scope({})
        self._recording = False
        self._depth = 0
        self._branch = 0
        self._final_names: dict[str, Value] = {}

    def run(self) -> None:
        """Walks everything: once to learn what module names finally hold, then for good."""
        self._body(self._tree.body, self._module)
        # A function sees the module's names as they are when it runs, which is mostly the end.
        final = self._module
        self._reset()
        self._recording = True
        self._final_names = dict(final.names)
        self._module = Scope({})
        self._body(self._tree.body, self._module)
        position = 0
        while position < len(self.functions):
            self.follow(self.functions[position])
            position += 1

    def _reset(self) -> None:
        self.functions = []
        self._branch = 0

    # functions and classes

    def follow(self, function: FunctionInfo) -> None:
        """Walks the body of a function once; its parameters are unknowns that calls fill later."""
        if function.state != "new" or self._depth > 25:
            return
        function.state = "busy"
        scope = Scope({}, self._closure(function), function, function.owner)
        function.scope = scope
        for name, default in function.default_nodes().items():
            value = self.evaluator.evaluate(default, function.closure)
            if not isinstance(value, UnknownValue):
                function.defaults[name] = value
        arguments = function.node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            start = self.source.offset(argument.lineno, argument.col_offset)
            key = (function.number, argument.arg)
            scope.names[argument.arg] = UnknownValue(argument.arg, start, start + len(argument.arg), key)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                scope.names[extra.arg] = UnknownValue(extra.arg, 0, 0)
        branch, self._branch = self._branch, 0
        self._depth += 1
        self._body(function.node.body, scope)
        self._depth -= 1
        self._branch = branch
        function.state = "done"
        for statement in function.node.body:
            if isinstance(statement, ast.Global):
                # What a function assigns to a global name is what functions after it see.
                for name in statement.names:
                    if name in scope.names:
                        found = choose([scope.names[name], self._final_names.get(name, scope.names[name])])
                        self._final_names[name] = found or scope.names[name]

    def _closure(self, function: FunctionInfo) -> Scope:
        if function.closure.parent is None and self._recording:
            return Scope({**self._final_names, **_definitions(self._module)})
        if function.owner is not None:
            parent = function.owner.scope.parent
            if parent is not None and parent.parent is None and self._recording:
                return Scope({**self._final_names, **_definitions(self._module)})
        return function.closure

    def _define_function(self, node: FunctionNode, scope: Scope, owner: ClassInfo | None) -> None:
        function = FunctionInfo(self.source.start(node), node, owner, scope)
        self.functions.append(function)
        if owner is not None:
            owner.methods[node.name] = function
        else:
            scope.names[node.name] = FunctionValue(function)
        for decorator in node.decorator_list:
            self._visit(decorator, scope)
        for default in function.default_nodes().values():
            self._visit(default, scope)

    def _define_class(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope({}, scope, scope.function)
        owner = ClassInfo(node.name, node, inner)
        for base in node.bases:
            value = self.evaluator.evaluate(base, scope)
            if isinstance(value, ClassValue):
                owner.bases.append(value.owner)
        scope.names[node.name] = ClassValue(owner)
        for statement in node.body:
            if isinstance(statement, FunctionNode):
                self._define_function(statement, inner, owner)
            else:
                self._statement(statement, inner)

    # statements

    def _body(self, statements: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define_function(node, scope, None)
            case ast.ClassDef():
                self._define_class(node, scope)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function):
                self._define_function(_as_definition(name, function), scope, None)
            case ast.Assign(targets=targets, value=value_node):
                self._visit(value_node, scope, inside=all(map(is_for_people, targets)))
                value = self.evaluator.evaluate(value_node, scope)
                for target in targets:
                    bind(self.evaluator, target, value, scope)
            case ast.AnnAssign(target=target, value=value_node) if value_node is not None:
                self._visit(value_node, scope)
                bind(self.evaluator, target, self.evaluator.evaluate(value_node, scope), scope)
            case ast.AugAssign():
                self._augmented(node, scope)
            case ast.Return(value=value_node):
                if value_node is not None:
                    self._visit(value_node, scope)
                    if scope.function is not None:
                        scope.function.returns.append(self.evaluator.evaluate(value_node, scope))
            case ast.Expr(value=ast.Constant() as constant_node):
                if self._recording and self.markers:
                    marker = self.markers.get(self.source.start(constant_node))
                    if marker is not None:
                        marker(scope)
            case ast.Expr(value=value_node):
                self._visit(value_node, scope)
                self._mutation(value_node, scope)
            case ast.If():
                self._if(node, scope)
            case ast.For() | ast.AsyncFor():
                self._visit(node.iter, scope)
                before = scope.branch()
                bind_element(self.evaluator, node.target, node.iter, scope)
                self._body(node.body, scope)
                self._after_loop(scope, before, self.source.end(node.iter))
                self._body(node.orelse, scope)
            case ast.While():
                self._visit(node.test, scope)
                before = scope.branch()
                self._body(node.body, scope)
                self._after_loop(scope, before, 0)
                self._body(node.orelse, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._visit(item.context_expr, scope)
                    if item.optional_vars is not None:
                        value = self.evaluator.evaluate(item.context_expr, scope)
                        bind(self.evaluator, item.optional_vars, value, scope)
                self._body(node.body, scope)
            case ast.Try() | ast.TryStar():
                self._body(node.body, scope)
                self._body(node.orelse, scope)
                for handler in node.handlers:
                    self._branched(handler.body, scope)
                self._body(node.finalbody, scope)
            case ast.Match(subject=subject, cases=cases):
                self._visit(subject, scope)
                before = scope.branch()
                ends = [self._branched(case.body, scope.branch(), keep=True) for case in cases]
                scope.names = dict(before.names)
                for end in ends:
                    self._merge(scope, scope.branch(), end)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._visit(child, scope)

    def _branched(self, body: Sequence[ast.stmt], scope: Scope, keep: bool = False) -> Scope:
        """Walks statements that may not run."""
        inner = scope if keep else scope.branch()
        self._branch += 1
        self._body(body, inner)
        self._branch -= 1
        return inner

    def _if(self, node: ast.If, scope: Scope) -> None:
        self._visit(node.test, scope)
        if isinstance(node.test, ast.Constant) and node.test.value:
            self._body(node.body, scope)
            return
        if _is_main_guard(node.test):
            self._body(node.body, scope)
            return
        before = scope.branch()
        one = self._branched(node.body, before.branch(), keep=True)
        other = self._branched(node.orelse, before.branch(), keep=True)
        if _leaves(node.body):
            scope.names = other.names
        elif _leaves(node.orelse):
            scope.names = one.names
        else:
            scope.names = other.names
            self._merge(scope, other.branch(), one)

    def _after_loop(self, scope: Scope, before: Scope, loop: int) -> None:
        """Leaves in `scope` what holds after a loop. `loop`: where what it runs over ends."""
        for name, value in before.names.items():
            now = scope.names.get(name)
            if now is not value:
                scope.names[name] = after_loop(value, now, loop) or value

    def _merge(self, scope: Scope, one: Scope, other: Scope) -> None:
        """Leaves in `scope` what holds after either branch."""
        merged = dict(one.names)
        for name, value in other.names.items():
            present = one.names.get(name)
            if present is None:
                merged[name] = value
            elif present is not value:
                merged[name] = join_branches(value, present) or value
        scope.names = merged

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        self._visit(node.value, scope)
        current = self.evaluator.evaluate(node.target, scope)
        addition = self.evaluator.evaluate(node.value, scope)
        value: Value | None = None
        if isinstance(node.op, ast.Add):
            if isinstance(current, ListValue) and isinstance(addition, ListValue):
                value = ListValue(
                    current.elements + addition.elements, current.complete and addition.complete
                )
            else:
                value = self.evaluator.add(current, node.target, addition, node.value)
        if value is not None and not is_reasonable(value):
            value = None
        bind(self.evaluator, node.target, value, scope)

    def _mutation(self, node: ast.expr, scope: Scope) -> None:
        """`items.append(x)`, `items.extend([...])`, `settings.update({...})` on names with known contents."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1):
            return
        name = dotted_name(node.func.value)
        if name is None or node.func.attr not in ("append", "extend", "update"):
            return
        current = self.evaluator.evaluate(node.func.value, scope)
        addition = self.evaluator.evaluate(node.args[0], scope)
        if isinstance(current, ListValue) and node.func.attr == "append" and len(current.elements) < 500:
            scope.names[name] = ListValue((*current.elements, addition), current.complete)
        elif isinstance(current, ListValue) and isinstance(addition, ListValue):
            scope.names[name] = ListValue(current.elements + addition.elements, addition.complete)
        elif isinstance(current, DictValue) and isinstance(addition, DictValue):
            scope.names[name] = DictValue(current.items + addition.items, current.complete)
        if name in scope.names and not is_reasonable(scope.names[name]):
            scope.names[name] = self.evaluator.unknown(node)

    # expressions

    def _visit(self, node: ast.expr, scope: Scope, inside: bool = False) -> None:
        """Notes the calls and the statement-like strings of an expression."""
        self.notes.in_branch = self._branch > 0
        if self._recording and not inside and isinstance(node, _MAY_BE_TEXT):
            inside = self.notes.candidate(node, scope)
        match node:
            case ast.Constant() | ast.Name():
                return
            case ast.Call():
                if self._recording:
                    self.notes.call(node, scope)
                self._visit(node.func, scope, inside)
                inside = inside or shows(node)
                for argument in node.args:
                    self._visit(argument, scope, inside)
                for keyword in node.keywords:
                    self._visit(keyword.value, scope, inside or describes(keyword.arg))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for generator in node.generators:
                    self._visit(generator.iter, scope, inside)
                inner = comprehension_scope(self.evaluator, node.generators, scope)
                parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                for part in (*parts, *(test for g in node.generators for test in g.ifs)):
                    self._visit(part, inner, inside)
            case ast.JoinedStr(values=values):
                # Its constants are parts of the string, not strings of their own.
                for part in values:
                    if isinstance(part, ast.FormattedValue):
                        self._visit(part.value, scope, inside)
            case ast.Lambda():
                inner = scope.branch()
                for argument_name in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                    inner.names.pop(argument_name.arg, None)
                    inner.names[argument_name.arg] = UnknownValue(argument_name.arg, 0, 0)
                self._visit(node.body, inner, inside)
            case ast.NamedExpr(target=target, value=value):
                self._visit(value, scope, inside)
                bind(self.evaluator, target, self.evaluator.evaluate(value, scope), scope)
            case ast.IfExp(test=test, body=body, orelse=other):
                self._visit(test, scope, inside)
                self._branch += 1
                self._visit(body, scope, inside)
                self._visit(other, scope, inside)
                self._branch -= 1
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._visit(child, scope, inside)


def _definitions(module: Scope) -> dict[str, Value]:
    """The functions and classes defined so far: those of this walk, not of the first one."""
    return {
        name: value
        for name, value in module.names.items()
        if isinstance(value, (FunctionValue, ClassValue, ObjectValue))
    }


def _as_definition(name: str, function: ast.Lambda) -> ast.FunctionDef:
    """`name = lambda x: value` as `def name(x): return value`."""
    result = ast.copy_location(ast.Return(value=function.body), function.body)
    definition = ast.FunctionDef(name=name, args=function.args, body=[result], decorator_list=[])
    return ast.copy_location(definition, function)


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """True when a block ends by leaving: what it bound does not reach the code after it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))
