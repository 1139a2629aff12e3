"""Frames that grow by a row or a piece with every turn of a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from costguard.extract.pytypes.constants import keyword
from costguard.extract.pytypes.definitions import target_names
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.names import BASES, FRAME, SERIES
from costguard.extract.pytypes.positions import Offsets, place
from costguard.extract.pytypes.values import Maker
from costguard.model import Call, Loop

LOC_APPEND = "pandas.DataFrame.loc[append]"
CONCAT_GROW = "pandas.concat[grow]"


def growing_calls(
    types: ModuleTypes,
    offsets: Offsets,
    loops: tuple[Loop, ...],
    numbers: dict[ast.AST, int],
    frames: dict[Maker, int],
    calls: list[Call],
) -> list[Call]:
    """The calls, with those that grow a frame marked as such, and `X.loc[len(X)] = row` added.

    `detail` names the variable, `callback` says whether a `row` or a whole `frame` is added.
    """
    by_place = {(call.start, call.end, call.cell): number for number, call in enumerate(calls)}
    result = list(calls)
    for node, number in numbers.items():
        if not isinstance(node, ast.For | ast.AsyncFor | ast.While):
            continue
        flow = types.evaluation.flow(node)
        grown = flow.exposed & flow.assigned
        for statement, in_branch in _own_statements(node.body):
            if len(statement.targets) != 1:
                continue
            target = statement.targets[0]
            if isinstance(target, ast.Subscript):
                added = _appended_row(types, target)
                if added is None and isinstance(statement.value, ast.List | ast.Tuple | ast.Dict):
                    added = _row_of_turn(types, target, node)
                if added is not None:
                    result.append(
                        _append_fact(types, added, statement, in_branch, offsets, loops, number, frames)
                    )
                continue
            name = _name(target)
            call = _renumbered(statement.value)
            if name is None or name not in grown or not isinstance(call, ast.Call):
                continue
            kind = _growth(types, call, name)
            if kind is None:
                continue
            where = place(call, offsets)
            position = by_place.get((where.start, where.end, where.cell))
            if position is not None:
                function = result[position].function
                function = CONCAT_GROW if function == "pandas.concat" else function
                result[position] = replace(result[position], function=function, callback=kind, detail=name)
    return result


def _own_statements(body: list[ast.stmt], in_branch: bool = False) -> Iterator[tuple[ast.Assign, bool]]:
    """Assignments of a body that belong to no inner loop or function; True for those in a branch."""
    for statement in body:
        if isinstance(statement, ast.Assign):
            yield statement, in_branch
        elif isinstance(statement, ast.If | ast.With | ast.AsyncWith | ast.Try | ast.TryStar):
            inner = in_branch or isinstance(statement, ast.If)
            yield from _own_statements(statement.body, inner)
            yield from _own_statements(getattr(statement, "orelse", []), inner)
            for handler in getattr(statement, "handlers", []):
                yield from _own_statements(handler.body, True)


def _scope(types: ModuleTypes, line: int) -> str:
    """Dotted name of the innermost function around a line."""
    best, start = "", 0
    for function, context in types.evaluation.pending:
        node = function.node
        if start <= node.lineno <= line <= (node.end_lineno or 0):
            best, start = context.scope, node.lineno
    return best


def _name(target: ast.expr) -> str | None:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        return f"self.{target.attr}"
    return None


def _renumbered(node: ast.expr) -> ast.expr:
    """The frame of `frame.reset_index(drop=True)`: its rows are the same."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "reset_index"
    ):
        node = node.func.value
    return node


def _appended_row(types: ModuleTypes, target: ast.Subscript) -> ast.expr | None:
    """X of `X.loc[len(X)] = ...`, when X is a pandas frame."""
    if not (isinstance(target.value, ast.Attribute) and target.value.attr == "loc"):
        return None
    frame = target.value.value
    type_name = types.type_of(frame)
    if BASES.get(type_name or "", type_name) != FRAME:
        return None
    index = (
        target.slice.elts[0] if isinstance(target.slice, ast.Tuple) and target.slice.elts else target.slice
    )
    if (
        isinstance(index, ast.BinOp)
        and isinstance(index.op, ast.Add)
        and isinstance(index.right, ast.Constant)
    ):
        index = index.left
    text = ast.unparse(frame)
    return frame if ast.unparse(index) in {f"len({text})", f"len({text}.index)", f"{text}.shape[0]"} else None


def _row_of_turn(
    types: ModuleTypes, target: ast.Subscript, loop: ast.For | ast.AsyncFor | ast.While
) -> ast.expr | None:
    """X of `X.loc[i] = [...]`, when X was made without rows and `i` is another one in every turn."""
    if isinstance(loop, ast.While) or not isinstance(target.slice, ast.Name):
        return None
    if not (isinstance(target.value, ast.Attribute) and target.value.attr == "loc"):
        return None
    frame = target.value.value
    return frame if target.slice.id in target_names(loop.target) and _is_empty(types, frame) else None


def _is_empty(types: ModuleTypes, frame: ast.expr) -> bool:
    """`pd.DataFrame()`, or with columns and types alone."""
    makers = types.value_of(frame).makers
    return bool(makers) and all(
        isinstance(maker.node, ast.Call)
        and types.resolve(maker.node.func) == FRAME
        and not maker.node.args
        and all(word.arg in {"columns", "dtype"} for word in maker.node.keywords)
        for maker in makers
    )


def _append_fact(
    types: ModuleTypes,
    frame: ast.expr,
    statement: ast.Assign,
    in_branch: bool,
    offsets: Offsets,
    loops: tuple[Loop, ...],
    number: int,
    frames: dict[Maker, int],
) -> Call:
    where = place(statement, offsets)
    makers = types.value_of(frame).makers
    return Call(
        start=where.start,
        end=where.end,
        function=LOC_APPEND,
        receiver=next((frames[maker] for maker in makers if maker in frames), None),
        result=None,
        loop=number,
        loop_depth=loops[number].depth,
        scope=_scope(types, statement.lineno),
        in_branch=in_branch,
        callback="row",
        detail=ast.unparse(frame),
        cell=where.cell,
    )


def _growth(types: ModuleTypes, call: ast.Call, name: str) -> str | None:
    """`row` or `frame` when a call gives the variable with more rows; else None."""
    function = types.resolve(call.func)
    if function == "pandas.concat":
        pieces = keyword(call, "objs", 0)
        axis = keyword(call, "axis", 1)
        if isinstance(axis, ast.Constant) and axis.value in (1, "columns"):
            return None
        if not isinstance(pieces, ast.List | ast.Tuple):
            return None
        if not any(_name(piece) == name for piece in pieces.elts):
            return None
        others = [piece for piece in pieces.elts if _name(piece) != name]
        return "row" if others and all(_is_row(types, piece) for piece in others) else "frame"
    if function == "pandas.DataFrame.append" and isinstance(call.func, ast.Attribute):
        if _name(call.func.value) != name or not call.args:
            return None
        return "row" if _is_row(types, call.args[0]) else "frame"
    return None


def _is_row(types: ModuleTypes, node: ast.expr) -> bool:
    """A frame (or dictionary, or series) that holds one row for sure."""
    if isinstance(node, ast.Dict) or types.type_of(node) in {SERIES, "builtins.dict"}:
        return True
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return True
    if isinstance(node, ast.Name):
        made = next((maker.node for maker in types.value_of(node).makers), None)
        return isinstance(made, ast.Call) and _is_row(types, made)
    if not (isinstance(node, ast.Call) and types.resolve(node.func) == FRAME):
        return False
    data = keyword(node, "data", 0)
    if isinstance(data, ast.List):
        return len(data.elts) == 1
    if isinstance(data, ast.Dict):
        return all(
            isinstance(value, ast.Constant) or (isinstance(value, ast.List) and len(value.elts) == 1)
            for value in data.values
        ) and bool(data.values)
    return False
