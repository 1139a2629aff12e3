"""Which names a loop body reads before it sets them, and whether turns depend on earlier ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from costguard.extract.pytypes.definitions import target_names

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_FILLERS = frozenset({"append", "add", "update", "extend", "insert", "setdefault", "put"})


class Flow:
    """Names in the order in which a stretch of code reads and sets them."""

    __slots__ = ("assigned", "exposed", "lazy", "reads")

    def __init__(self) -> None:
        self.exposed: set[str] = set()
        self.assigned: set[str] = set()
        self.reads: dict[str, int] = {}
        self.lazy: dict[str, int] = {}
        """Names that the first turn creates (`if x is None: x = ...`), and how often that is asked."""

    def expression(self, node: ast.AST, done: set[str]) -> None:
        for name, bound in _names(node):
            if bound:
                done.add(name)
                self.assigned.add(name)
            else:
                self.reads[name] = self.reads.get(name, 0) + 1
                if name not in done:
                    self.exposed.add(name)

    def target(self, node: ast.expr, done: set[str]) -> None:
        names = list(target_names(node))
        done.update(names)
        self.assigned.update(names)
        if not isinstance(node, ast.Name):
            for child in ast.walk(node):
                if isinstance(child, ast.Subscript | ast.Attribute):
                    self.expression(child, done)
                    break

    def body(self, statements: list[ast.stmt], done: set[str]) -> None:
        for statement in statements:
            self.statement(statement, done)

    def statement(self, node: ast.stmt, done: set[str]) -> None:
        if isinstance(node, ast.Assign):
            self.expression(node.value, done)
            for target in node.targets:
                self.target(target, done)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.expression(node.value, done)
                self.target(node.target, done)
        elif isinstance(node, ast.AugAssign):
            self.expression(node.value, done)
            if isinstance(node.target, ast.Name):
                if node.target.id not in done:
                    self.exposed.add(node.target.id)
                self.assigned.add(node.target.id)
            else:
                self.expression(node.target, done)
        elif isinstance(node, ast.If):
            self.expression(node.test, done)
            created = _created_once(node)
            if created is not None:
                self.lazy[created] = self.lazy.get(created, 0) + 1
            self._alternatives([node.body, node.orelse], done)
        elif isinstance(node, ast.For | ast.AsyncFor):
            self.expression(node.iter, done)
            inner = set(done)
            self.target(node.target, inner)
            self.body(node.body, inner)
            self.body(node.orelse, set(done))
        elif isinstance(node, ast.While):
            self.expression(node.test, done)
            self.body(node.body, set(done))
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self.expression(item.context_expr, done)
                if item.optional_vars is not None:
                    self.target(item.optional_vars, done)
            self.body(node.body, done)
        elif isinstance(node, ast.Try | ast.TryStar):
            before = set(done)
            self.body(node.body, done)
            self.body(node.orelse, done)
            for handler in node.handlers:
                self.body(handler.body, set(before))
            self.body(node.finalbody, done)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            done.add(node.name)
            self.assigned.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
            done.update(names)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child, done)
                elif isinstance(child, ast.match_case):
                    self.body(child.body, set(done))

    def _alternatives(self, bodies: list[list[ast.stmt]], done: set[str]) -> None:
        results = []
        for body in bodies:
            inner = set(done)
            self.body(body, inner)
            if not (body and isinstance(body[-1], ast.Continue | ast.Return | ast.Raise | ast.Break)):
                results.append(inner)
        if results:
            done.update(set.intersection(*results))


def _names(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Names an expression reads (False) or sets (True); `self.x` counts as a name of its own."""
    stack: list[ast.AST] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Name):
            yield current.id, isinstance(current.ctx, ast.Store)
        elif isinstance(current, ast.Lambda):
            parameters = {argument.arg for argument in current.args.args}
            for name, bound in _names(current.body):
                if name not in parameters:
                    yield name, bound
        elif isinstance(current, _COMPREHENSIONS):
            own = {name for generator in current.generators for name in target_names(generator.target)}
            for child in ast.iter_child_nodes(current):
                for name, _ in _names(child):
                    if name not in own:
                        yield name, False
        elif (
            isinstance(current, ast.Attribute)
            and isinstance(current.value, ast.Name)
            and current.value.id == "self"
        ):
            yield f"self.{current.attr}", isinstance(current.ctx, ast.Store)
        else:
            stack.extend(reversed(list(ast.iter_child_nodes(current))))


def exposed_names(flow: Flow) -> list[str]:
    """Names set in a loop's body that a turn may read before it has set them, in alphabetical order."""
    return sorted(flow.exposed & flow.assigned)


def flow_of(loop: ast.For | ast.AsyncFor | ast.While) -> Flow:
    """How the names of one turn of a loop depend on each other."""
    flow = Flow()
    done: set[str] = set()
    if isinstance(loop, ast.While):
        flow.expression(loop.test, done)
    else:
        flow.target(loop.target, done)
    flow.body(loop.body, done)
    return flow


def carries_state(owner: ast.stmt | ast.expr, flow: Flow | None) -> bool:
    """True when a turn of a loop uses what an earlier turn computed, or this cannot be excluded.

    Filling a container that is not read in the loop (`models[k] = m`, `results.append(m)`) and adding up
    in a variable that is not read otherwise (`total += x`) do not count: turns can run in any order.
    """
    if isinstance(owner, ast.While):
        return True
    if isinstance(owner, ast.For | ast.AsyncFor) and flow is not None:
        if any(_leaves(statement) for statement in owner.body):
            return True
        filled, set_first = _fillings(owner)
        carried = {
            name
            for name in flow.exposed & flow.assigned
            if not (name in flow.lazy and flow.reads[name] - flow.lazy[name] <= filled.get(name, 0))
        }
        if any(flow.reads.get(name, 0) > 0 for name in carried) or not carried <= _added_up(owner):
            return True
        return _rereads_a_container(owner, flow, filled, set_first)
    if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
        return any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(owner))
    return any(isinstance(node, ast.NamedExpr) for node in ast.walk(owner))


def _created_once(node: ast.If) -> str | None:
    """x of `if x is None: x = ...`."""
    test = node.test
    if not (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and isinstance(test.ops[0], ast.Is)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
        and not node.orelse
    ):
        return None
    for statement in node.body:
        if isinstance(statement, ast.Assign) and test.left.id in target_names(statement.targets[0]):
            return test.left.id
    return None


def _leaves(statement: ast.stmt, nested: bool = False) -> bool:
    """Whether a statement can end the loop early: whether later turns run then depends on earlier ones."""
    if isinstance(statement, ast.Return):
        return True
    if isinstance(statement, ast.Break):
        return not nested
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    nested = nested or isinstance(statement, ast.For | ast.AsyncFor | ast.While)
    for child in ast.iter_child_nodes(statement):
        blocks = child.body if isinstance(child, ast.ExceptHandler | ast.match_case) else [child]
        if any(isinstance(inner, ast.stmt) and _leaves(inner, nested) for inner in blocks):
            return True
    return False


def _added_up(loop: ast.For | ast.AsyncFor) -> set[str]:
    return {
        node.target.id
        for node in ast.walk(loop)
        if isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.op, ast.Add | ast.Mult)
    }


def _fillings(loop: ast.For | ast.AsyncFor) -> tuple[dict[str, int], dict[str, int]]:
    """How often each container is filled in a loop, and the line that first sets a constant key of it."""
    filled: dict[str, int] = {}
    set_first: dict[str, int] = {}
    for node in ast.walk(loop):
        name = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            name = _root(node.value)
            if isinstance(node.slice, ast.Constant) and isinstance(node.value, ast.Name):
                set_first.setdefault(node.value.id, node.lineno)
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FILLERS
        ):
            name = _root(node.func.value)
        if name is not None:
            filled[name] = filled.get(name, 0) + 1
    return filled, set_first


def _rereads_a_container(
    loop: ast.For | ast.AsyncFor, flow: Flow, filled: dict[str, int], set_first: dict[str, int]
) -> bool:
    """Whether a container from outside the loop is both filled and read in it."""
    outside = {name for name in filled if name not in flow.assigned or name in flow.exposed}
    reread = {name for name in outside if flow.reads.get(name, 0) - flow.lazy.get(name, 0) > filled[name]}
    if reread and reread <= set_first.keys():
        # `parameters["seed"] = i` at the top of the body: each turn reads what it has set itself.
        return any(
            isinstance(node, ast.Name) and node.id in reread and node.lineno < set_first[node.id]
            for statement in loop.body
            for node in ast.walk(statement)
        )
    return bool(reread)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript | ast.Attribute):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return f"self.{node.attr}"
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
