"""Works out what a Python expression evaluates to, above all strings, without running anything."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable
from typing import Protocol

from costguard.extract.python_files import FileReader
from costguard.extract.python_formatting import (
    fill_jinja,
    format_braces,
    format_percent,
    format_template,
    replace_text,
)
from costguard.extract.python_literals import LiteralField, scan_string
from costguard.extract.python_scopes import ClassInfo, FunctionInfo, Scope, dotted_name
from costguard.extract.python_source import SourceMap
from costguard.extract.python_values import (
    MAXIMUM_LENGTH,
    ChoiceValue,
    ClassValue,
    DictValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    PathValue,
    Piece,
    ScalarValue,
    StringValue,
    UnknownValue,
    Value,
    choose,
    constant,
    fill,
    known_text,
    length,
    strip_pieces,
    substitute,
)

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
_SAME_PATH = {"os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "os.fspath", "str"}
_PATHS = {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "Path"}
_SAME_METHODS = {"encode", "decode", "strip", "lstrip", "rstrip", "expandtabs", "as_string", "resolve", "absolute",
                 "expanduser", "copy", "bindparams", "as_posix"}


class Types(Protocol):
    """The part of type inference that string flow needs."""

    def resolve(self, node: ast.expr) -> str | None: ...

    def type_of(self, node: ast.expr) -> str | None: ...


class Evaluator:
    """Evaluates expressions in a scope. `follow` walks the body of a function of the module when needed."""

    def __init__(
        self, source: SourceMap, types: Types, files: FileReader, follow: Callable[[FunctionInfo], None]
    ) -> None:
        self._source = source
        self._types = types
        self._files = files
        self._follow = follow

    def expression_text(self, node: ast.expr) -> str:
        """The source of an expression on one line, at most 80 characters."""
        return " ".join(self._source.segment(node).split())[:80]

    def unknown(self, node: ast.expr) -> UnknownValue:
        return UnknownValue(self.expression_text(node), self._source.start(node), self._source.end(node))

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; `UnknownValue` when it cannot be worked out."""
        match node:
            case ast.Constant(value=str()):
                return self._constant_string(node)
            case ast.Constant(value=bool() | int() | float() | None as value):
                return ScalarValue(value)
            case ast.JoinedStr():
                return self._joined_string(node, scope)
            case ast.Name(id=name):
                return self._name(name, node, scope)
            case ast.BinOp():
                return self._operation(node, scope)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return ScalarValue(-number)
            case ast.Call():
                return self._call(node, scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return self._list(elements, scope)
            case ast.Dict():
                return self._dict(node, scope)
            case ast.IfExp(body=body, orelse=other):
                return choose((self.evaluate(body, scope), self.evaluate(other, scope))) or self.unknown(node)
            case ast.BoolOp(values=values):
                return choose([self.evaluate(value, scope) for value in values]) or self.unknown(node)
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.evaluate(value, scope)
            case ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(
                elt=element, generators=generators
            ):
                return self._comprehension(element, generators, scope)
        return self.unknown(node)

    # strings

    def _constant_string(self, node: ast.Constant) -> Value:
        start, end = self._source.start(node), self._source.end(node)
        parts = scan_string(self._source.text, start, end)
        pieces: list[Piece] = []
        for part in parts or ():
            if isinstance(part, LiteralField):
                pieces.clear()
                break
            if part.text:
                pieces.append(Piece(part.text, part.start, part.end, part.verbatim))
        if "".join(piece.text for piece in pieces) != node.value:
            pieces = [Piece(str(node.value), start, end, False)]
        return StringValue(tuple(pieces))

    def _joined_string(self, node: ast.JoinedStr, scope: Scope) -> Value:
        start, end = self._source.start(node), self._source.end(node)
        parts = scan_string(self._source.text, start, end)
        fields = [value for value in node.values if isinstance(value, ast.FormattedValue)]
        if parts is None or sum(isinstance(part, LiteralField) for part in parts) != len(fields):
            return self._joined_string_by_nodes(node, start, end, scope)
        pieces: list[Piece] = []
        remaining = iter(fields)
        for part in parts:
            if isinstance(part, LiteralField):
                if part.shows_expression:
                    pieces.append(Piece(f"{part.expression}=", part.start, part.end, False))
                pieces.extend(self._field(next(remaining), part.expression, part.start, part.end, scope))
            elif part.text:
                pieces.append(Piece(part.text, part.start, part.end, part.verbatim))
        return StringValue(tuple(pieces))

    def _joined_string_by_nodes(self, node: ast.JoinedStr, start: int, end: int, scope: Scope) -> Value:
        pieces: list[Piece] = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                pieces.append(Piece(str(value.value), start, end, False))
            elif isinstance(value, ast.FormattedValue):
                pieces.extend(self._field(value, ast.unparse(value.value), start, end, scope))
        return StringValue(tuple(pieces))

    def _field(
        self, node: ast.FormattedValue, expression: str, start: int, end: int, scope: Scope
    ) -> tuple[Piece, ...]:
        gap = Piece("", start, end, False, " ".join(expression.split())[:80] or "value")
        value = self.evaluate(node.value, scope)
        if node.conversion in (114, 97):
            text = known_text(value)
            return (gap,) if text is None else (Piece(repr(text), start, end, False),)
        if node.format_spec is not None and not isinstance(value, StringValue):
            return (gap,)
        if isinstance(value, UnknownValue):
            return (Piece("", start, end, False, gap.expression, value.parameter),)
        return self._in_text(value, gap)

    def _in_text(self, value: Value, gap: Piece) -> tuple[Piece, ...]:
        if isinstance(value, PathValue):
            return (Piece(value.path or ".", gap.start, gap.end, False),)
        return fill(value, gap)

    def pieces_of(self, value: Value, node: ast.expr) -> tuple[Piece, ...]:
        """The value as part of a string."""
        match value:
            case StringValue(pieces=pieces):
                return pieces
            case UnknownValue(expression=expression, start=start, end=end, parameter=parameter):
                return (Piece("", start, end, False, expression or "value", parameter),)
            case ChoiceValue(values=values):
                # Of several statements or parts that could stand here the first one is followed.
                strings = [member for member in values if isinstance(member, StringValue)]
                if strings and length(strings[0].pieces) > 60:
                    return strings[0].pieces
        start, end = self._source.start(node), self._source.end(node)
        return self._in_text(value, Piece("", start, end, False, self.expression_text(node)))

    def _operation(self, node: ast.BinOp, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        if isinstance(node.op, ast.Mod):
            if isinstance(left, StringValue):
                return StringValue(format_percent(left.pieces, self.evaluate(node.right, scope)), left.file)
            return self.unknown(node)
        right = self.evaluate(node.right, scope)
        if isinstance(node.op, ast.Div) and isinstance(left, PathValue):
            return self._joined_path(left, right) or self.unknown(node)
        if not isinstance(node.op, ast.Add):
            return self.unknown(node)
        if isinstance(left, ListValue) and isinstance(right, ListValue):
            return ListValue(left.elements + right.elements, left.complete and right.complete)
        return self.add(left, node.left, right, node.right) or self.unknown(node)

    def add(self, left: Value, left_node: ast.expr, right: Value, right_node: ast.expr) -> Value | None:
        """`left + right` when one of them is a string."""
        for one in (left, right):
            if isinstance(one, ChoiceValue) and any(isinstance(member, StringValue) for member in one.values):
                break
        else:
            if not isinstance(left, StringValue) and not isinstance(right, StringValue):
                return None
        if isinstance(left, ChoiceValue):
            added = [self.add(member, left_node, right, right_node) for member in left.values]
            return choose([member for member in added if member is not None], left.every)
        pieces = self.pieces_of(left, left_node) + self.pieces_of(right, right_node)
        if len(pieces) > 5000 or length(pieces) > MAXIMUM_LENGTH:
            return None
        file = left.file if isinstance(left, StringValue) else None
        return StringValue(pieces, file)

    # names, attributes, containers

    def _name(self, name: str, node: ast.expr, scope: Scope) -> Value:
        if name == "__file__":
            return PathValue(self._files.module_name, beside_module=True)
        value = scope.lookup(name)
        return self.unknown(node) if value is None else value

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        dotted = dotted_name(node)
        if dotted is not None:
            bound = scope.lookup(dotted)
            if bound is not None:
                return bound
        owner = self._own_class(node.value, scope)
        if owner is not None:
            return self.class_attribute(owner, node.attr) or self.unknown(node)
        receiver = self.evaluate(node.value, scope)
        if isinstance(receiver, PathValue):
            if node.attr == "parent":
                return PathValue(posixpath.dirname(receiver.path), receiver.beside_module)
            return self.unknown(node)
        if isinstance(receiver, ClassValue):
            return self.class_attribute(receiver.owner, node.attr) or self.unknown(node)
        if isinstance(receiver, ObjectValue):
            if node.attr in receiver.settings:
                return receiver.settings[node.attr]
            if receiver.owner is not None:
                value = self.class_attribute(receiver.owner, node.attr)
                if isinstance(value, FunctionValue):
                    return FunctionValue(value.function, receiver)
                if value is not None:
                    return substitute(value, receiver.arguments)
        if isinstance(receiver, FunctionValue) and node.attr in ("fn", "__wrapped__"):
            return receiver
        return self.unknown(node)

    def _own_class(self, node: ast.expr, scope: Scope) -> ClassInfo | None:
        """The class whose instance `self` (or class `cls`) is, in a method or a function inside one."""
        if not isinstance(node, ast.Name):
            return None
        current: Scope | None = scope
        while current is not None:
            if current.function is not None and current.function.own_name == node.id:
                return current.function.owner
            current = current.parent
        return None

    def class_attribute(self, owner: ClassInfo, name: str) -> Value | None:
        """What `self.name` is in a class: set in `__init__` or another method, a class constant, a method."""
        for ancestor in owner.lineage():
            found: list[Value] = []
            for method_name in ancestor.writers.get(name, ()):
                method = ancestor.methods.get(method_name)
                if method is None or method.own_name is None:
                    continue
                if method.state == "new":
                    self._follow(method)
                bound = method.scope.names.get(f"{method.own_name}.{name}") if method.scope else None
                if bound is not None:
                    found.append(bound)
            if name in ancestor.scope.names:
                found.append(ancestor.scope.names[name])
            value = choose(found)
            if value is not None:
                return value
            if name in ancestor.methods:
                method = ancestor.methods[name]
                return self.returned(method, {}) if method.is_property else FunctionValue(method)
        return None

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        container = self.evaluate(node.value, scope)
        key = constant(self.evaluate(node.slice, scope)) if not isinstance(node.slice, ast.Slice) else ...
        if isinstance(container, DictValue):
            found = None if key is ... else container.get(key)
            if found is not None:
                return found
            if key is ... and container.items:
                return choose([value for _, value in container.items]) or self.unknown(node)
        if isinstance(container, ListValue) and container.elements:
            if isinstance(key, int) and -len(container.elements) <= key < len(container.elements):
                return container.elements[key]
            if isinstance(node.slice, ast.Slice):
                return container
            if key is ...:
                return choose(container.elements) or self.unknown(node)
        if isinstance(container, ObjectValue) and isinstance(key, str) and key in container.settings:
            return container.settings[key]
        return self.unknown(node)

    def _list(self, nodes: list[ast.expr], scope: Scope) -> Value:
        elements: list[Value] = []
        complete = True
        for element in nodes[:500]:
            value = self.evaluate(element, scope)
            if isinstance(element, ast.Starred):
                if isinstance(value, ListValue):
                    elements.extend(value.elements)
                    complete = complete and value.complete
                else:
                    complete = False
            else:
                elements.append(value)
        return ListValue(tuple(elements), complete and len(nodes) <= 500)

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        items: list[tuple[object, Value]] = []
        complete = True
        for key, value in zip(node.keys, node.values, strict=True):
            evaluated = self.evaluate(value, scope)
            if key is None:
                if isinstance(evaluated, DictValue):
                    items.extend(evaluated.items)
                    complete = complete and evaluated.complete
                else:
                    complete = False
                continue
            name = constant(self.evaluate(key, scope))
            if name is ...:
                complete = False
                name = self.expression_text(key)
            items.append((name, evaluated))
        return DictValue(tuple(items), complete)

    def element(self, value: Value) -> Value | None:
        """What a loop variable over the value is."""
        match value:
            case ListValue(elements=elements) if elements:
                rows = [item for item in elements if isinstance(item, ListValue)]
                if len(rows) == len(elements) and len({len(row.elements) for row in rows}) == 1:
                    columns = zip(*(row.elements for row in rows), strict=True)
                    members = [choose(column, every=True) for column in columns]
                    return ListValue(tuple(member for member in members if member is not None))
                return choose(elements, every=True)
            case DictValue(items=items) if items:
                keys = [StringValue((Piece(k, 0, 0, False),)) for k, _ in items if isinstance(k, str)]
                return choose(keys, every=True)
            case ChoiceValue(values=values):
                members = [self.element(member) for member in values]
                return choose([member for member in members if member is not None], every=True)
        return None

    def _comprehension(
        self, element: ast.expr, generators: list[ast.comprehension], scope: Scope
    ) -> Value:
        inner = self.comprehension_scope(generators, scope)
        value = self.evaluate(element, inner)
        if isinstance(value, ChoiceValue) and value.every:
            return ListValue(value.values, complete=False)
        return ListValue((value,), complete=False)

    def comprehension_scope(self, generators: list[ast.comprehension], scope: Scope) -> Scope:
        """The scope inside a comprehension, its loop variables bound."""
        inner = scope.branch()
        for generator in generators:
            self.bind_element(generator.target, self.evaluate(generator.iter, inner), inner)
        return inner

    def bind_element(self, target: ast.expr, iterable: Value, scope: Scope) -> None:
        """Binds a loop target to the elements of what it runs over."""
        self.bind(target, self.element(iterable), scope)

    def bind(self, target: ast.expr, value: Value | None, scope: Scope) -> None:
        """Binds an assignment target; unknown parts of a pattern become unknown names."""
        match target:
            case ast.Name(id=name):
                if value is None:
                    scope.names[name] = self.unknown(target)
                else:
                    scope.names[name] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                values: tuple[Value | None, ...] = (None,) * len(targets)
                if isinstance(value, ListValue) and len(value.elements) == len(targets):
                    values = value.elements
                for part, part_value in zip(targets, values, strict=True):
                    self.bind(part, part_value, scope)
            case ast.Starred(value=inner):
                self.bind(inner, None, scope)
            case ast.Attribute(value=receiver_node, attr=attribute):
                dotted = dotted_name(target)
                if dotted is not None:
                    scope.names[dotted] = value if value is not None else self.unknown(target)
                receiver = self.evaluate(receiver_node, scope)
                if isinstance(receiver, ObjectValue) and value is not None:
                    receiver.settings[attribute] = value
            case ast.Subscript(value=container_node, slice=key_node):
                self._bind_item(container_node, key_node, value, scope)

    def _bind_item(
        self, container_node: ast.expr, key_node: ast.expr, value: Value | None, scope: Scope
    ) -> None:
        container = self.evaluate(container_node, scope)
        name = dotted_name(container_node)
        if not isinstance(container, DictValue) or name is None:
            return
        key = constant(self.evaluate(key_node, scope))
        entry = value if value is not None else self.unknown(container_node)
        if key is ...:
            scope.names[name] = DictValue(
                (*container.items, (self.expression_text(key_node), entry)), complete=False
            )
        else:
            kept = tuple(item for item in container.items if item[0] != key)
            scope.names[name] = DictValue((*kept, (key, entry)), container.complete)

    # calls

    def returned(self, function: FunctionInfo, arguments: dict[tuple[int, str], Value]) -> Value | None:
        """What a function of the module returns for these arguments."""
        if function.state == "new":
            self._follow(function)
        value = choose(function.returns)
        if value is None:
            return None
        filled = dict(arguments)
        for name, default in function.defaults.items():
            filled.setdefault((function.number, name), default)
        return substitute(value, filled)

    def arguments(
        self, function: FunctionInfo, call: ast.Call, scope: Scope, skip: int = 0
    ) -> dict[tuple[int, str], Value]:
        """What a call passes for each parameter it names, by (function number, parameter)."""
        found: dict[tuple[int, str], Value] = {}
        names = function.parameters()
        for name, node in zip(names, call.args[skip:], strict=False):
            if isinstance(node, ast.Starred):
                break
            found[function.number, name] = self.evaluate(node, scope)
        known = {*names, *function.keyword_parameters()}
        for keyword in call.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg in known and keyword.arg is not None:
                found[function.number, keyword.arg] = value
            elif keyword.arg is None and isinstance(value, DictValue):
                for key, item in value.items:
                    if isinstance(key, str) and key in known:
                        found[function.number, key] = item
        return found

    def callee(self, node: ast.expr, scope: Scope) -> FunctionValue | ClassValue | None:
        """The function or class of the module that a call expression names."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            value = self.evaluate(node, scope)
            if isinstance(value, (FunctionValue, ClassValue)):
                return value
        return None

    def resolved(self, node: ast.expr) -> str:
        """The dotted library name of a call target, as far as it is known, else as written."""
        return self._types.resolve(node) or dotted_name(node) or ""

    def type_name(self, node: ast.expr) -> str | None:
        """The library class that an expression is an instance of, None when unknown."""
        return self._types.type_of(node)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        local = self.callee(node.func, scope)
        if isinstance(local, FunctionValue):
            arguments = self.arguments(local.function, node, scope)
            if local.instance is not None:
                arguments = {**local.instance.arguments, **arguments}
            return self.returned(local.function, arguments) or self.unknown(node)
        if isinstance(local, ClassValue):
            initializer = local.owner.method("__init__")
            instance = ObjectValue(local.owner.name, node, owner=local.owner)
            if initializer is not None:
                instance.arguments = self.arguments(initializer, node, scope)
                for name, default_node in initializer.default_nodes().items():
                    key = (initializer.number, name)
                    if key not in instance.arguments:
                        instance.arguments[key] = self.evaluate(default_node, initializer.closure)
            else:
                for keyword in node.keywords:
                    if keyword.arg:
                        instance.settings[keyword.arg] = self.evaluate(keyword.value, scope)
            return instance
        name = self.resolved(node.func)
        if isinstance(node.func, ast.Attribute):
            value = self._method(node, node.func, name, scope)
            if value is not None:
                return value
        return self._library_call(node, name, scope)

    def _library_call(self, node: ast.Call, name: str, scope: Scope) -> Value:
        first = self.evaluate(node.args[0], scope) if node.args else None
        short = name.rsplit(".", 1)[-1]
        if first is not None:
            if name in _PATHS or (name == "open" or name.endswith((".open", "pkgutil.get_data"))):
                path = self._path(first)
                if path is not None:
                    for part in node.args[1:] if name in _PATHS else ():
                        path = self._joined_path(path, self.evaluate(part, scope)) or path
                    return path
            if name in _SAME_PATH and isinstance(first, PathValue):
                return first
            if name == "os.path.dirname":
                path = self._path(first)
                if path is not None:
                    return PathValue(posixpath.dirname(path.path), path.beside_module)
            if name == "os.path.join":
                return self._join_paths(node, first, scope) or self.unknown(node)
            if name in _SAME_TEXT:
                passed = self.evaluate(node.args[-1], scope) if name == "typing.cast" else first
                return passed if not isinstance(passed, UnknownValue) else self._unknown_like(node, passed)
            if short in ("Template", "from_string") and isinstance(first, StringValue):
                return ObjectValue("jinja2.Template" if "jinja" in name or short == "from_string" else name, node,
                                   positional=(first,))
            if name in _SAME_ELEMENTS:
                return first
            if name == "enumerate" and isinstance(first, (ListValue, DictValue)):
                element = self.element(first)
                if element is not None and isinstance(first, ListValue):
                    rows = (ListValue((self.unknown(node), item)) for item in first.elements)
                    return ListValue(tuple(rows), first.complete)
            if name == "zip":
                return self._zip(node, scope) or self.unknown(node)
            if name in ("os.getenv", "os.environ.get") and len(node.args) > 1:
                default = self.evaluate(node.args[1], scope)
                # A default that is a sentence tells a person what to set; it is never a table or a value.
                return default if " " not in str(constant(default)) else self.unknown(node)
            if name == "re.sub" and len(node.args) > 2:
                return self.evaluate(node.args[2], scope)
        if name == "dict":
            items: list[tuple[object, Value]] = list(first.items) if isinstance(first, DictValue) else []
            for keyword in node.keywords:
                if keyword.arg:
                    items.append((keyword.arg, self.evaluate(keyword.value, scope)))
            return DictValue(tuple(items), all(keyword.arg for keyword in node.keywords))
        if name in ("locals", "globals", "vars") and not node.args:
            return DictValue(tuple(scope.names.items()), complete=False)
        if "bigquery" in name and (short[:1].isupper() or short == "create_engine"):
            return self._object(node, name, scope)
        if short in ("QueryJobConfig", "ScalarQueryParameter", "ArrayQueryParameter", "create_engine"):
            return self._object(node, name, scope)
        return self.unknown(node)

    def _unknown_like(self, node: ast.Call, value: UnknownValue) -> UnknownValue:
        return UnknownValue(value.expression, self._source.start(node), self._source.end(node), value.parameter)

    def _object(self, node: ast.Call, name: str, scope: Scope) -> ObjectValue:
        settings: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg:
                settings[keyword.arg] = value
            elif isinstance(value, DictValue):
                settings.update({key: item for key, item in value.items if isinstance(key, str)})
            else:
                settings["**"] = value
        positional = tuple(self.evaluate(argument, scope) for argument in node.args)
        return ObjectValue(name, node, settings, positional=positional)

    def _zip(self, node: ast.Call, scope: Scope) -> Value | None:
        columns = [self.evaluate(argument, scope) for argument in node.args]
        lists = [column for column in columns if isinstance(column, ListValue) and column.complete]
        if len(lists) != len(columns):
            return None
        rows = zip(*(column.elements for column in lists), strict=False)
        return ListValue(tuple(ListValue(tuple(row)) for row in rows))

    def _method(self, node: ast.Call, function: ast.Attribute, name: str, scope: Scope) -> Value | None:
        receiver = self.evaluate(function.value, scope)
        method = function.attr
        match receiver:
            case ChoiceValue(values=values, every=every) if any(isinstance(v, StringValue) for v in values):
                results = [
                    self._string_method(node, member, method, scope)
                    for member in values
                    if isinstance(member, StringValue)
                ]
                return choose([result for result in results if result is not None], every)
            case StringValue():
                return self._string_method(node, receiver, method, scope)
            case PathValue():
                return self._path_method(node, receiver, method, scope)
            case DictValue():
                return self._dict_method(node, receiver, method, scope)
            case ObjectValue(positional=(StringValue() as template, *_)) if receiver.name.endswith("Template"):
                return self._template_method(node, receiver.name, template, method, scope)
            case UnknownValue(parameter=parameter) if parameter is not None and method in _SAME_METHODS:
                return receiver
        if name.endswith("joinpath") and "resources" in name:
            return self._join_paths(node, PathValue("", beside_module=True), scope)
        return None

    def _string_method(self, node: ast.Call, receiver: StringValue, method: str, scope: Scope) -> Value | None:
        pieces = receiver.pieces
        match method:
            case "strip" | "lstrip" | "rstrip" if not node.args:
                pieces = strip_pieces(pieces, method != "rstrip", method != "lstrip")
            case "format" | "format_map":
                pieces = self._format(node, pieces, scope)
            case "replace" if len(node.args) >= 2:
                pieces = replace_text(
                    pieces, self.evaluate(node.args[0], scope), self.evaluate(node.args[1], scope)
                )
            case "join" if len(node.args) == 1:
                return self._join(node, receiver, scope)
            case "upper" | "lower":
                pieces = tuple(
                    piece if piece.expression else Piece(
                        getattr(piece.text, method)(), piece.start, piece.end, False
                    )
                    for piece in pieces
                )
            case "split" | "splitlines":
                # A script cut into statements still is that script; its statements are split later.
                text = known_text(receiver)
                separator = constant(self.evaluate(node.args[0], scope)) if node.args else None
                if text is None or separator == ";" or (separator is None and len(text) > 200):
                    return ListValue((receiver,), complete=False)
                if isinstance(separator, str) and separator:
                    start, end = self._source.start(node), self._source.end(node)
                    return ListValue(
                        tuple(StringValue((Piece(part, start, end, False),)) for part in text.split(separator))
                    )
                return None
            case _ if method in _SAME_METHODS:
                return receiver
            case _:
                return None
        return StringValue(pieces, receiver.file)

    def _format(self, node: ast.Call, pieces: tuple[Piece, ...], scope: Scope) -> tuple[Piece, ...]:
        named: dict[str, Value] = {}
        positional: list[Value] = []
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format_map":
            mapping = self.evaluate(node.args[0], scope) if node.args else None
            if isinstance(mapping, DictValue):
                named.update({key: value for key, value in mapping.items if isinstance(key, str)})
        else:
            for argument in node.args:
                value = self.evaluate(argument, scope)
                if isinstance(argument, ast.Starred):
                    positional.extend(value.elements if isinstance(value, ListValue) else ())
                else:
                    positional.append(value)
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg:
                named[keyword.arg] = value
            elif isinstance(value, DictValue):
                named.update({key: item for key, item in value.items if isinstance(key, str)})
        return format_braces(pieces, positional, named, lambda _: None)

    def _join(self, node: ast.Call, separator: StringValue, scope: Scope) -> Value:
        elements = self.evaluate(node.args[0], scope)
        if not isinstance(elements, ListValue) or not elements.elements:
            return self.unknown(node)
        if not elements.complete:
            # One turn of a comprehension stands for all, where a turn is a part of a query in itself.
            whole = [item for item in elements.elements if isinstance(item, StringValue)]
            if whole and re.search(r"\bselect\b", "".join(p.text for p in whole[0].pieces), re.IGNORECASE):
                return whole[0]
            if len(whole) < 2:
                return self.unknown(node)
        pieces: list[Piece] = []
        for number, element in enumerate(elements.elements):
            if number:
                pieces.extend(separator.pieces)
            pieces.extend(self.pieces_of(element, node.args[0]))
        if length(pieces) > MAXIMUM_LENGTH:
            return self.unknown(node)
        return StringValue(tuple(pieces))

    def _template_method(
        self, node: ast.Call, kind: str, template: StringValue, method: str, scope: Scope
    ) -> Value | None:
        if method not in ("substitute", "safe_substitute", "render"):
            return None
        named: dict[str, Value] = {}
        for argument in node.args:
            value = self.evaluate(argument, scope)
            if isinstance(value, DictValue):
                named.update({key: item for key, item in value.items if isinstance(key, str)})
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg:
                named[keyword.arg] = value
            elif isinstance(value, DictValue):
                named.update({key: item for key, item in value.items if isinstance(key, str)})
        fill_in = fill_jinja if method == "render" or "jinja" in kind else format_template
        return StringValue(fill_in(template.pieces, named.get), template.file)

    def _dict_method(self, node: ast.Call, receiver: DictValue, method: str, scope: Scope) -> Value | None:
        match method:
            case "get" if node.args:
                key = constant(self.evaluate(node.args[0], scope))
                found = None if key is ... else receiver.get(key)
                if found is not None:
                    return found
                if key is ...:
                    return choose([value for _, value in receiver.items])
                return self.evaluate(node.args[1], scope) if len(node.args) > 1 else None
            case "values":
                return ListValue(tuple(value for _, value in receiver.items), receiver.complete)
            case "items":
                rows = []
                for key, value in receiver.items:
                    key_value: Value = (
                        StringValue((Piece(key, 0, 0, False),)) if isinstance(key, str) else ScalarValue(key)
                    )
                    rows.append(ListValue((key_value, value)))
                return ListValue(tuple(rows), receiver.complete)
            case "keys" | "copy":
                return receiver
        return None

    # files

    def _path(self, value: Value) -> PathValue | None:
        if isinstance(value, PathValue):
            return value
        text = known_text(value)
        return None if text is None else PathValue(text)

    def _joined_path(self, base: PathValue, part: Value) -> PathValue | None:
        addition = self._path(part)
        if addition is None:
            return None
        return PathValue(posixpath.join(base.path, addition.path), base.beside_module)

    def _join_paths(self, node: ast.Call, first: Value, scope: Scope) -> Value | None:
        path = self._path(first)
        rest = node.args[1:] if self.resolved(node.func) == "os.path.join" else node.args
        for part in rest:
            if path is None:
                return None
            path = self._joined_path(path, self.evaluate(part, scope))
        return path

    def _path_method(self, node: ast.Call, path: PathValue, method: str, scope: Scope) -> Value | None:
        if method in ("read_text", "read", "read_bytes"):
            found = self._files.read(path.path, path.beside_module)
            if found is None:
                return None
            name, text = found
            piece = Piece(text, self._source.start(node), self._source.end(node), False)
            return StringValue((piece,), name)
        if method == "open" or method in _SAME_METHODS:
            return path
        if method == "joinpath":
            joined: PathValue | None = path
            for part in node.args:
                joined = self._joined_path(joined, self.evaluate(part, scope)) if joined else None
            return joined
        return None
