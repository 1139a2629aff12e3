"""What calls of library functions give, files of the repository among them."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING

from costguard.extract.python_methods import PASSING_METHODS
from costguard.extract.python_scopes import Scope
from costguard.extract.python_values import (
    DictValue,
    ListValue,
    ObjectValue,
    PathValue,
    Piece,
    StringValue,
    UnknownValue,
    Value,
    constant,
    known_text,
)

if TYPE_CHECKING:
    from costguard.extract.python_strings import Evaluator

_SAME_TEXT = {
    "str",
    "textwrap.dedent",
    "dedent",
    "inspect.cleandoc",
    "cleandoc",
    "sqlalchemy.text",
    "sqlalchemy.sql.text",
    "sqlalchemy.sql.expression.text",
    "sqlparse.format",
    "textwrap.indent",
    "typing.cast",
    "psycopg2.sql.SQL",
    "psycopg.sql.SQL",
}
_SAME_ELEMENTS = {"list", "tuple", "set", "sorted", "reversed", "frozenset", "iter", "tqdm", "tqdm.tqdm"}
_SAME_PATH = {
    "os.path.abspath",
    "os.path.realpath",
    "os.path.normpath",
    "os.path.expanduser",
    "os.fspath",
    "str",
}
_PATHS = {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "Path"}

_TIDYING = re.compile(
    r"(?:reformat|sqlformat|prettify|minify|clean|normali[sz]e|tidy|trim)(?:_?\w*)?$|\w*format_sql$"
)
"""Functions of other modules that, by their name, only change the layout of a text."""


def library_call(evaluator: Evaluator, node: ast.Call, name: str, scope: Scope) -> Value:
    first = evaluator.evaluate(node.args[0], scope) if node.args else None
    short = name.rsplit(".", 1)[-1]
    if first is not None:
        if name in _PATHS or (name == "open" or name.endswith((".open", "pkgutil.get_data"))):
            path = _path(evaluator, first)
            if path is not None:
                for part in node.args[1:] if name in _PATHS else ():
                    path = joined_path(evaluator, path, evaluator.evaluate(part, scope)) or path
                return path
        if name in _SAME_PATH and isinstance(first, PathValue):
            return first
        if name == "os.path.dirname":
            path = _path(evaluator, first)
            if path is not None:
                return parent_path(path)
        if name == "os.path.join":
            return join_paths(evaluator, node, first, scope) or evaluator.unknown(node)
        if name in _SAME_TEXT:
            passed = evaluator.evaluate(node.args[-1], scope) if name == "typing.cast" else first
            return passed if not isinstance(passed, UnknownValue) else _unknown_like(evaluator, node, passed)
        if short in ("Template", "from_string") and isinstance(first, StringValue):
            return ObjectValue(
                "jinja2.Template" if "jinja" in name or short == "from_string" else name,
                node,
                positional=(first,),
            )
        if name in _SAME_ELEMENTS:
            return first
        if name == "enumerate" and isinstance(first, ListValue):
            rows = (ListValue((evaluator.unknown(node), item)) for item in first.elements)
            return ListValue(tuple(rows), first.complete)
        if name == "zip":
            return _zip(evaluator, node, scope) or evaluator.unknown(node)
        if name in ("os.getenv", "os.environ.get") and len(node.args) > 1:
            default = evaluator.evaluate(node.args[1], scope)
            # A default that is a sentence tells a person what to set; it is never a table or a value.
            return default if " " not in str(constant(default)) else evaluator.unknown(node)
        if name == "re.sub" and len(node.args) > 2:
            return evaluator.evaluate(node.args[2], scope)
    if isinstance(first, StringValue) and _TIDYING.match(short):
        return first
    if name == "dict":
        items: list[tuple[object, Value]] = list(first.items) if isinstance(first, DictValue) else []
        for keyword in node.keywords:
            if keyword.arg:
                items.append((keyword.arg, evaluator.evaluate(keyword.value, scope)))
        return DictValue(tuple(items), all(keyword.arg for keyword in node.keywords))
    if name in ("locals", "globals", "vars") and not node.args:
        return DictValue(tuple(scope.names.items()), complete=False)
    if "bigquery" in name and (short[:1].isupper() or short == "create_engine"):
        return _object(evaluator, node, name, scope)
    if short in ("QueryJobConfig", "ScalarQueryParameter", "ArrayQueryParameter", "create_engine"):
        return _object(evaluator, node, name, scope)
    return evaluator.unknown(node)


def _unknown_like(evaluator: Evaluator, node: ast.Call, value: UnknownValue) -> UnknownValue:
    return UnknownValue(
        value.expression, evaluator.source.start(node), evaluator.source.end(node), value.parameter
    )


def _object(evaluator: Evaluator, node: ast.Call, name: str, scope: Scope) -> ObjectValue:
    settings: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluator.evaluate(keyword.value, scope)
        if keyword.arg:
            settings[keyword.arg] = value
        elif isinstance(value, DictValue):
            settings.update({key: item for key, item in value.items if isinstance(key, str)})
        else:
            settings["**"] = value
    positional = tuple(evaluator.evaluate(argument, scope) for argument in node.args)
    return ObjectValue(name, node, settings, positional=positional)


def _zip(evaluator: Evaluator, node: ast.Call, scope: Scope) -> Value | None:
    columns = [evaluator.evaluate(argument, scope) for argument in node.args]
    lists = [column for column in columns if isinstance(column, ListValue) and column.complete]
    if len(lists) != len(columns):
        return None
    rows = zip(*(column.elements for column in lists), strict=False)
    return ListValue(tuple(ListValue(tuple(row)) for row in rows))


def _path(evaluator: Evaluator, value: Value) -> PathValue | None:
    if isinstance(value, PathValue):
        return value
    text = known_text(value)
    return None if text is None else PathValue(text)


def parent_path(path: PathValue) -> PathValue:
    """The folder that a path lies in; above the folder of the module it goes on with `..`."""
    if path.beside_module and path.path.strip("./") == "":
        return PathValue(posixpath.join(path.path, ".."), beside_module=True)
    return PathValue(posixpath.dirname(path.path), path.beside_module)


def parent_paths(path: PathValue) -> tuple[PathValue, ...]:
    """The folders around a path, innermost first, as far as code goes up."""
    found = [parent_path(path)]
    while len(found) < 8:
        found.append(parent_path(found[-1]))
    return tuple(found)


def joined_path(evaluator: Evaluator, base: PathValue, part: Value) -> PathValue | None:
    addition = _path(evaluator, part)
    if addition is None:
        return None
    return PathValue(posixpath.join(base.path, addition.path), base.beside_module)


def join_paths(evaluator: Evaluator, node: ast.Call, first: Value, scope: Scope) -> Value | None:
    path = _path(evaluator, first)
    rest = node.args[1:] if evaluator.resolved(node.func) == "os.path.join" else node.args
    for part in rest:
        if path is None:
            return None
        path = joined_path(evaluator, path, evaluator.evaluate(part, scope))
    return path


def path_method(
    evaluator: Evaluator, node: ast.Call, path: PathValue, method: str, scope: Scope
) -> Value | None:
    if method in ("read_text", "read", "read_bytes"):
        found = evaluator.files.read(path.path, path.beside_module)
        if found is None:
            return None
        name, text = found
        piece = Piece(text, evaluator.source.start(node), evaluator.source.end(node), False)
        return StringValue((piece,), name)
    if method == "open" or method in PASSING_METHODS:
        return path
    if method == "joinpath":
        joined: PathValue | None = path
        for part in node.args:
            joined = joined_path(evaluator, joined, evaluator.evaluate(part, scope)) if joined else None
        return joined
    return None
