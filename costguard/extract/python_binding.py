"""Binds values to assignment targets and loop variables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from costguard.extract.python_scopes import Scope, dotted_name
from costguard.extract.python_values import (
    ChoiceValue,
    DictValue,
    ListValue,
    ObjectValue,
    Piece,
    StringValue,
    Value,
    choose,
    constant,
    each,
)

if TYPE_CHECKING:
    from costguard.extract.python_strings import Evaluator


def element(value: Value, loop: int | None = None) -> Value | None:
    """What a loop variable over the value is. `loop`: where the expression ends that the loop runs over."""
    if isinstance(value, (ListValue, DictValue)) and not value.complete and loop is not None:
        # There are more turns than are known: what is known changes together, and the loop still counts.
        loop = -2 * loop - 2
    match value:
        case ListValue(elements=elements) if elements:
            rows = [item for item in elements if isinstance(item, ListValue)]
            if len(rows) == len(elements) and len({len(row.elements) for row in rows}) == 1:
                columns = zip(*(row.elements for row in rows), strict=True)
                members = [each(column, loop) for column in columns]
                return ListValue(tuple(member for member in members if member is not None))
            return each(elements, loop)
        case DictValue(items=items) if items:
            keys = [StringValue((Piece(k, 0, 0, False),)) for k, _ in items if isinstance(k, str)]
            return each(keys, loop)
        case ChoiceValue(values=values):
            members = [element(member) for member in values]
            return choose([member for member in members if member is not None], every=True)
    return None


def comprehension_scope(evaluator: Evaluator, generators: list[ast.comprehension], scope: Scope) -> Scope:
    """The scope inside a comprehension, its loop variables bound."""
    inner = scope.branch()
    for generator in generators:
        bind_element(evaluator, generator.target, generator.iter, inner)
    return inner


def bind_element(evaluator: Evaluator, target: ast.expr, iterable: ast.expr, scope: Scope) -> None:
    """Binds a loop target to the elements of what it runs over."""
    value = evaluator.evaluate(iterable, scope)
    bind(evaluator, target, element(value, evaluator.source.end(iterable)), scope)


def bind(evaluator: Evaluator, target: ast.expr, value: Value | None, scope: Scope) -> None:
    """Binds an assignment target; unknown parts of a pattern become unknown names."""
    match target:
        case ast.Name(id=name):
            if value is None:
                scope.names[name] = evaluator.unknown(target)
            else:
                scope.names[name] = value
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            values: tuple[Value | None, ...] = (None,) * len(targets)
            if isinstance(value, ListValue) and len(value.elements) == len(targets):
                values = value.elements
            for part, part_value in zip(targets, values, strict=True):
                bind(evaluator, part, part_value, scope)
        case ast.Starred(value=inner):
            bind(evaluator, inner, None, scope)
        case ast.Attribute(value=receiver_node, attr=attribute):
            dotted = dotted_name(target)
            if dotted is not None:
                scope.names[dotted] = value if value is not None else evaluator.unknown(target)
            receiver = evaluator.evaluate(receiver_node, scope)
            if isinstance(receiver, ObjectValue) and value is not None:
                receiver.settings[attribute] = value
        case ast.Subscript(value=container_node, slice=key_node):
            _bind_item(evaluator, container_node, key_node, value, scope)


def _bind_item(
    evaluator: Evaluator, container_node: ast.expr, key_node: ast.expr, value: Value | None, scope: Scope
) -> None:
    container = evaluator.evaluate(container_node, scope)
    name = dotted_name(container_node)
    if not isinstance(container, DictValue) or name is None:
        return
    key = constant(evaluator.evaluate(key_node, scope))
    entry = value if value is not None else evaluator.unknown(container_node)
    if key is ...:
        scope.names[name] = DictValue(
            (*container.items, (evaluator.expression_text(key_node), entry)), complete=False
        )
    else:
        kept = tuple(item for item in container.items if item[0] != key)
        scope.names[name] = DictValue((*kept, (key, entry)), container.complete)
