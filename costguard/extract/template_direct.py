"""Runs a parsed template as it stands.

Jinja writes a Python program for a template and has Python compile it: five times the work of rendering the template
once, and nearly every template of a project is rendered once. So the tags of ordinary templates (output, `if`, `for`,
`set`, `do`) become functions here, which ask the sandboxed environment for every attribute, item, call, operator,
filter and test just as Jinja's own program does. Other tags are left to Jinja: see `docs/decisions/008`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, LoopContext, Namespace, missing  # type: ignore[attr-defined]
from jinja2.utils import _PassArg

CHUNK: Final = re.compile("\x00(\\d+)\x00")
"""Part of a template that stands elsewhere, by number."""


class NotDirectError(Exception):
    """A template has a tag or an expression that only Jinja's compiler knows."""


class _Scope:
    """Variables of a rendering, and where those are that it does not define itself."""

    __slots__ = ("context", "outer", "variables")

    def __init__(self, context: Context, variables: dict[str, Any], outer: _Scope | None) -> None:
        self.context = context
        self.variables = variables
        self.outer = outer

    def inner(self) -> _Scope:
        return _Scope(self.context, {}, self)


Value = Callable[[_Scope], Any]
Step = Callable[[_Scope, list[str]], "str | None"]
"""Adds to the output. Returns `break` or `continue` when that is what comes next, as a rule nothing."""
Store = Callable[[_Scope, Any], None]


class DirectTemplate:
    """A template that can be rendered many times.

    Raises:
        NotDirectError: it has something that only Jinja's compiler knows.
    """

    def __init__(self, environment: Any, tree: nodes.Template) -> None:
        self._environment = environment
        self._run = _Builder(environment).steps(tree.body)

    def pieces(self, path: str) -> list[str]:
        """Render, with the environment's `chunks` for the data. Raises whatever the template's code comes to."""
        environment = self._environment
        context = environment.context_class(environment, {}, path, {})
        output: list[str] = []
        self._run(_Scope(context, context.vars, None), output)
        return output


def direct_value(environment: Any, body: Sequence[nodes.Node]) -> Value:
    """The value of the one expression that a template prints.

    Raises:
        NotDirectError: it has something that only Jinja's compiler knows, or more than one expression.
    """
    if len(body) != 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) != 1:
        raise NotDirectError("not one expression")
    return _Builder(environment)._value(body[0].nodes[0])


class _Builder:
    """Makes functions of nodes. What a template may do is up to the environment; the special functions that
    `TemplateRenderer` names bound what Python does by itself: collections, loops, `in`, `not`, `~`."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment

    # --- tags ------------------------------------------------------------------------------------------

    def steps(self, body: Sequence[nodes.Node]) -> Step:
        """The nodes one after the other."""
        every = [self._step(node) for node in body]
        if len(every) == 1:
            return every[0]

        def run(scope: _Scope, output: list[str]) -> str | None:
            for step in every:
                if (jump := step(scope, output)) is not None:
                    return jump
            return None

        return run

    def _step(self, node: nodes.Node) -> Step:
        build = _STEPS.get(type(node))
        if build is None:
            raise NotDirectError(type(node).__name__)
        return build(self, node)

    def _output(self, node: nodes.Output) -> Step:
        parts: list[int | Value] = []
        for item in node.nodes:
            if isinstance(item, nodes.TemplateData):
                parts.extend(int(number) for number in CHUNK.findall(item.data))
            else:
                parts.append(self._value(item))
        environment = self._environment

        def run(scope: _Scope, output: list[str]) -> None:
            for part in parts:
                chunk = environment.chunks[part] if isinstance(part, int) else part
                output.append(chunk if isinstance(chunk, str) else str(chunk(scope)))

        return run

    def _if(self, node: nodes.If) -> Step:
        branches = [(self._value(one.test), self.steps(one.body)) for one in (node, *node.elif_)]
        otherwise = self.steps(node.else_)

        def run(scope: _Scope, output: list[str]) -> str | None:
            for test, body in branches:
                if test(scope):
                    return body(scope, output)
            return otherwise(scope, output)

        return run

    def _for(self, node: nodes.For) -> Step:
        if node.recursive:
            raise NotDirectError("recursive for")
        target = node.target
        width = len(target.items) if isinstance(target, nodes.Tuple) else 0
        values, store = self._value(node.iter), self._store(target)
        test = self._value(node.test) if node.test is not None else None
        body, otherwise = self.steps(node.body), self.steps(node.else_)
        environment, undefined = self._environment, self._environment.undefined

        def chosen(scope: _Scope) -> Iterator[Any]:
            turns = environment.call(scope.context, environment.lookup("__turns__"), values(scope), width)
            if test is None:
                return turns  # type: ignore[no-any-return]
            return _filtered(turns, store, test, scope)

        def run(scope: _Scope, output: list[str]) -> None:
            empty = True
            for item, loop in LoopContext(chosen(scope), undefined):
                empty = False
                turn = scope.inner()
                turn.variables["loop"] = loop
                store(turn, item)
                if body(turn, output) == "break":
                    break
            if empty:
                otherwise(scope.inner(), output)

        return run

    def _assign(self, node: nodes.Assign) -> Step:
        value, store = self._value(node.node), self._store(node.target)

        def run(scope: _Scope, output: list[str]) -> None:
            store(scope, value(scope))

        return run

    def _assign_block(self, node: nodes.AssignBlock) -> Step:
        if node.filter is not None:
            raise NotDirectError("set with a filter")
        body, store = self.steps(node.body), self._store(node.target)
        environment = self._environment

        def run(scope: _Scope, output: list[str]) -> str | None:
            inside: list[str] = []
            jump = body(scope.inner(), inside)
            if jump is None:
                store(scope, environment.concat(inside))
            return jump

        return run

    def _statement(self, node: nodes.ExprStmt) -> Step:
        value = self._value(node.node)

        def run(scope: _Scope, output: list[str]) -> None:
            value(scope)

        return run

    def _scope(self, node: nodes.Scope) -> Step:
        body = self.steps(node.body)
        return lambda scope, output: body(scope.inner(), output)

    def _jump(self, node: nodes.Node) -> Step:
        jump = "break" if isinstance(node, nodes.Break) else "continue"
        return lambda scope, output: jump

    # --- where values go -------------------------------------------------------------------------------

    def _store(self, target: nodes.Node) -> Store:
        if isinstance(target, nodes.Name):
            name = target.name

            def store(scope: _Scope, value: Any) -> None:
                scope.variables[name] = value

            return store
        if isinstance(target, nodes.NSRef):
            return self._store_in_namespace(target)
        if isinstance(target, nodes.Tuple):
            stores = [self._store(item) for item in target.items]

            def unpack(scope: _Scope, value: Any) -> None:
                for one, item in zip(stores, _unpacked(value, len(stores)), strict=True):
                    one(scope, item)

            return unpack
        raise NotDirectError(type(target).__name__)

    def _store_in_namespace(self, target: nodes.NSRef) -> Store:
        load, attribute = self._name(target.name), target.attr

        def store(scope: _Scope, value: Any) -> None:
            space = load(scope)
            if not isinstance(space, Namespace):
                raise TemplateRuntimeError("cannot assign attribute on non-namespace object")
            space[attribute] = value

        return store

    # --- expressions -----------------------------------------------------------------------------------

    def _value(self, node: nodes.Node) -> Value:
        build = _VALUES.get(type(node))
        if build is None:
            raise NotDirectError(type(node).__name__)
        return build(self, node)

    def _values(self, items: Sequence[nodes.Node]) -> list[Value]:
        return [self._value(item) for item in items]

    def _load(self, node: nodes.Name) -> Value:
        return self._name(node.name)

    def _name(self, name: str) -> Value:
        undefined = self._environment.undefined

        def load(scope: _Scope) -> Any:
            value = _named(scope, name)
            return undefined(name=name) if value is missing else value

        return load

    def _constant(self, node: nodes.Const) -> Value:
        value = node.value
        return lambda scope: value

    def _getattr(self, node: nodes.Getattr) -> Value:
        owner, name, environment = self._value(node.node), node.attr, self._environment
        return lambda scope: environment.getattr(owner(scope), name)

    def _getitem(self, node: nodes.Getitem) -> Value:
        owner, environment = self._value(node.node), self._environment
        if isinstance(node.arg, nodes.Slice):
            start, stop, step = (
                self._value(bound) if bound is not None else _nothing
                for bound in (node.arg.start, node.arg.stop, node.arg.step)
            )
            return lambda scope: owner(scope)[start(scope) : stop(scope) : step(scope)]
        key = self._value(node.arg)
        return lambda scope: environment.getitem(owner(scope), key(scope))

    def _call(self, node: nodes.Call) -> Value:
        function, arguments = self._value(node.node), self._arguments(node)
        environment = self._environment

        def call(scope: _Scope) -> Any:
            called = function(scope)
            positional, keywords = arguments(scope)
            return environment.call(scope.context, called, *positional, **keywords)

        return call

    def _arguments(
        self, node: nodes.Call | nodes.Filter | nodes.Test
    ) -> Callable[[_Scope], tuple[list[Any], dict[str, Any]]]:
        positional = self._values(node.args)
        keywords = [(str(pair.key), self._value(pair.value)) for pair in node.kwargs]
        rest = self._value(node.dyn_args) if node.dyn_args is not None else None
        named_rest = self._value(node.dyn_kwargs) if node.dyn_kwargs is not None else None
        if rest is None and named_rest is None and not keywords:
            return lambda scope: ([value(scope) for value in positional], {})

        def arguments(scope: _Scope) -> tuple[list[Any], dict[str, Any]]:
            given = [value(scope) for value in positional]
            named = {key: value(scope) for key, value in keywords}
            if rest is not None:
                given.extend(rest(scope))
            if named_rest is not None:
                named = dict(named, **named_rest(scope))
            return given, named

        return arguments

    def _filter(self, node: nodes.Filter) -> Value:
        return self._applied(node, self._environment.filters, "filter")

    def _test(self, node: nodes.Test) -> Value:
        return self._applied(node, self._environment.tests, "test")

    def _applied(self, node: nodes.Filter | nodes.Test, known: dict[str, Any], kind: str) -> Value:
        function = known.get(node.name)
        if function is None:
            # Not even an error, if it stands in a branch that is not taken: Jinja knows when.
            raise NotDirectError(f"unknown {kind}")
        if node.node is None:
            raise NotDirectError("filter block")
        value, arguments = self._value(node.node), self._arguments(node)
        first = self._first_argument(function)

        def apply(scope: _Scope) -> Any:
            subject = value(scope)
            positional, keywords = arguments(scope)
            if first is not None:
                return function(first(scope), subject, *positional, **keywords)
            return function(subject, *positional, **keywords)

        return apply

    def _first_argument(self, function: Any) -> Value | None:
        """What a filter or test is given before its value."""
        asked = _PassArg.from_obj(function)
        environment = self._environment
        if asked is _PassArg.context:
            return lambda scope: scope.context
        if asked is _PassArg.eval_context:
            return lambda scope: scope.context.eval_ctx
        return None if asked is None else lambda scope: environment

    def _conditional(self, node: nodes.CondExpr) -> Value:
        test, yes = self._value(node.test), self._value(node.expr1)
        no = self._value(node.expr2) if node.expr2 is not None else _empty_text
        return lambda scope: yes(scope) if test(scope) else no(scope)

    def _and(self, node: nodes.And) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        return lambda scope: left(scope) and right(scope)

    def _or(self, node: nodes.Or) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        return lambda scope: left(scope) or right(scope)

    def _not(self, node: nodes.Not) -> Value:
        return self._special("__not__", [self._value(node.node)])

    def _sign(self, node: nodes.UnaryExpr) -> Value:
        value = self._value(node.node)
        apply: Callable[[Any], Any] = operator.neg if isinstance(node, nodes.Neg) else operator.pos
        return lambda scope: apply(value(scope))

    def _arithmetic(self, node: nodes.BinExpr) -> Value:
        left, right, sign = self._value(node.left), self._value(node.right), node.operator
        environment = self._environment
        return lambda scope: environment.call_binop(scope.context, sign, left(scope), right(scope))

    def _compare(self, node: nodes.Compare) -> Value:
        first = self._value(node.expr)
        if len(node.ops) == 1 and node.ops[0].op in {"in", "notin"}:
            inside = self._special("__in__", [first, self._value(node.ops[0].expr)])
            return inside if node.ops[0].op == "in" else self._special("__not__", [inside])
        others = [(_COMPARISONS[one.op], self._value(one.expr)) for one in node.ops]

        def compare(scope: _Scope) -> Any:
            left = first(scope)
            result: Any = True
            for compared, value in others:
                right = value(scope)
                result = compared(left, right)
                if not result:
                    break
                left = right
            return result

        return compare

    def _concatenation(self, node: nodes.Concat) -> Value:
        return self._special("__join__", self._values(node.nodes))

    def _special(self, name: str, arguments: Sequence[Value]) -> Value:
        """A call of one of the functions that a renderer names, counted like any other."""
        environment = self._environment

        def call(scope: _Scope) -> Any:
            given = [argument(scope) for argument in arguments]
            return environment.call(scope.context, environment.lookup(name), *given)

        return call

    def _list(self, node: nodes.List) -> Value:
        items = self._values(node.items)
        return self._sized(node, lambda scope: [item(scope) for item in items])

    def _tuple(self, node: nodes.Tuple) -> Value:
        items = self._values(node.items)
        return self._sized(node, lambda scope: tuple([item(scope) for item in items]))

    def _dict(self, node: nodes.Dict) -> Value:
        pairs = [(self._value(pair.key), self._value(pair.value)) for pair in node.items]
        return self._sized(node, lambda scope: {key(scope): value(scope) for key, value in pairs})

    def _sized(self, node: nodes.Node, value: Value) -> Value:
        """A collection, measured when its elements are not all written out."""
        return self._special("__sized__", [value]) if has_names(node) else value


def has_names(node: nodes.Node) -> bool:
    """Whether an expression depends on anything but what is written in it."""
    return next(node.find_all((nodes.Name, nodes.Call)), None) is not None


def _named(scope: _Scope, name: str) -> Any:
    """The value of a name, from the innermost scope that has it; `missing` when nobody knows it."""
    within: _Scope | None = scope
    while within is not None:
        if name in within.variables:
            return within.variables[name]
        within = within.outer
    return scope.context.resolve_or_missing(name)


def _filtered(turns: Iterator[Any], store: Store, test: Value, scope: _Scope) -> Iterator[Any]:
    for item in turns:
        tried = scope.inner()
        store(tried, item)
        if test(tried):
            yield item


def _unpacked(value: Any, count: int) -> list[Any]:
    """The elements of a value that is assigned to so many names.

    Raises:
        ValueError: it has more or fewer.
        TypeError: it has no elements.
    """
    found: list[Any] = []
    for item in value:
        found.append(item)
        if len(found) > count:
            raise ValueError(f"too many values to unpack (expected {count})")
    if len(found) < count:
        raise ValueError(f"not enough values to unpack (expected {count}, got {len(found)})")
    return found


def _nothing(scope: _Scope) -> None:
    return None


def _empty_text(scope: _Scope) -> str:
    return ""


def _contained(item: Any, values: Any) -> bool:
    return item in values


def _not_contained(item: Any, values: Any) -> bool:
    return item not in values


_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": _contained,
    "notin": _not_contained,
}
_STEPS: Final[dict[type[nodes.Node], Callable[[_Builder, Any], Step]]] = {
    nodes.Output: _Builder._output,
    nodes.If: _Builder._if,
    nodes.For: _Builder._for,
    nodes.Assign: _Builder._assign,
    nodes.AssignBlock: _Builder._assign_block,
    nodes.ExprStmt: _Builder._statement,
    nodes.Scope: _Builder._scope,
    nodes.Break: _Builder._jump,
    nodes.Continue: _Builder._jump,
}
_VALUES: Final[dict[type[nodes.Node], Callable[[_Builder, Any], Value]]] = {
    nodes.Name: _Builder._load,
    nodes.Const: _Builder._constant,
    nodes.Getattr: _Builder._getattr,
    nodes.Getitem: _Builder._getitem,
    nodes.Call: _Builder._call,
    nodes.Filter: _Builder._filter,
    nodes.Test: _Builder._test,
    nodes.CondExpr: _Builder._conditional,
    nodes.And: _Builder._and,
    nodes.Or: _Builder._or,
    nodes.Not: _Builder._not,
    nodes.Neg: _Builder._sign,
    nodes.Pos: _Builder._sign,
    nodes.Compare: _Builder._compare,
    nodes.Concat: _Builder._concatenation,
    nodes.List: _Builder._list,
    nodes.Tuple: _Builder._tuple,
    nodes.Dict: _Builder._dict,
    **dict.fromkeys(
        (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow),
        _Builder._arithmetic,
    ),
}
