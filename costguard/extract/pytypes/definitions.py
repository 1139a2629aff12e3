"""One quick look over a module before it is evaluated: imports, and names bound once to a constant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from costguard.extract.pytypes.names import public_name
from costguard.extract.pytypes.words import words

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(slots=True)
class Definitions:
    """What the whole text says about names, whatever the order."""

    imported: set[str] = field(default_factory=set)
    """First parts of all imported module names, and full names."""
    constants: dict[str, ast.expr] = field(default_factory=dict)
    """Names assigned exactly once, to a literal."""
    star_modules: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    """Names of containers that are changed in place."""
    bound: set[str] = field(default_factory=set)
    """Every name that is assigned, imported or defined anywhere in the module."""


def import_names(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """(local name, resolved name) for each binding; relative names start with a dot."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.asname:
                yield alias.asname, public_name(alias.name)
            else:
                first = alias.name.partition(".")[0]
                yield first, public_name(first)
        return
    module = "." * statement.level + (statement.module or "")
    for alias in statement.names:
        if alias.name != "*":
            yield alias.asname or alias.name, public_name(f"{module}.{alias.name}")


def collect_definitions(statements: list[ast.stmt]) -> Definitions:
    """Read every statement of a module, at any depth, without looking into expressions."""
    found = Definitions()
    counts: dict[str, int] = {}
    stack: list[list[ast.stmt]] = [statements]
    while stack:
        for statement in stack.pop():
            _visit(statement, found, counts, stack)
    for name in list(found.constants):
        if counts[name] > 1 or name in found.changed:
            del found.constants[name]
    found.bound.update(counts)
    return found


CHANGING_METHODS = words(
    "append extend insert update add remove discard pop popitem clear setdefault sort reverse"
)
"""Methods that change a container in place."""


def _is_literal(node: ast.expr) -> bool:
    """A constant, or a container that holds something; an empty one is there to be filled."""
    if isinstance(node, ast.Dict):
        return bool(node.keys)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return bool(node.elts)
    return isinstance(node, ast.Constant)


def _visit(
    statement: ast.stmt, found: Definitions, counts: dict[str, int], stack: list[list[ast.stmt]]
) -> None:
    kind = statement.__class__
    if kind is ast.Assign or kind is ast.AnnAssign:
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            for name in target_names(target):
                counts[name] = counts.get(name, 0) + 1
            if isinstance(target, ast.Name) and statement.value is not None and _is_literal(statement.value):
                found.constants[target.id] = statement.value
            elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                found.changed.add(target.value.id)
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for local, resolved in import_names(statement):
            counts[local] = counts.get(local, 0) + 1
            found.imported.add(resolved)
            found.imported.add(resolved.partition(".")[0])
        if isinstance(statement, ast.ImportFrom):
            found.imported.add(statement.module or "")
            if any(alias.name == "*" for alias in statement.names):
                found.star_modules.append("." * statement.level + (statement.module or ""))
        else:
            found.imported.update(alias.name for alias in statement.names)
        return
    if isinstance(statement, ast.Expr):
        call = statement.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.attr in CHANGING_METHODS
        ):
            found.changed.add(call.func.value.id)
        return
    if isinstance(statement, ast.AugAssign | ast.For | ast.AsyncFor):
        for name in target_names(statement.target):
            # A changed name is no constant.
            counts[name] = counts.get(name, 0) + 2
    elif isinstance(statement, ast.With | ast.AsyncWith):
        for item in statement.items:
            if item.optional_vars is not None:
                for name in target_names(item.optional_vars):
                    counts[name] = counts.get(name, 0) + 2
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        counts[statement.name] = counts.get(statement.name, 0) + 1
        if not isinstance(statement, ast.ClassDef):
            for argument in all_arguments(statement.args):
                counts[argument.arg] = counts.get(argument.arg, 0) + 2
    for attribute in ("body", "orelse", "finalbody"):
        block = getattr(statement, attribute, None)
        if block:
            stack.append(block)
    for handler in getattr(statement, "handlers", ()):
        stack.append(handler.body)
    for case in getattr(statement, "cases", ()):
        stack.append(case.body)


def target_names(target: ast.expr) -> Iterator[str]:
    """Names that an assignment target binds."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from target_names(element)
    elif isinstance(target, ast.Starred):
        yield from target_names(target.value)


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Positional and keyword parameters in the order in which positions count, then keyword-only ones."""
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
