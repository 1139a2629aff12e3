"""Works out what a Python expression evaluates to, above all strings, without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Protocol

from costguard.extract.python_alternatives import texts_of
from costguard.extract.python_binding import comprehension_scope
from costguard.extract.python_files import FileReader
from costguard.extract.python_formatting import format_percent
from costguard.extract.python_library import (
    join_paths,
    joined_path,
    library_call,
    parent_path,
    parent_paths,
    path_method,
)
from costguard.extract.python_literal_values import constant_string, in_text, joined_string
from costguard.extract.python_methods import PASSING_METHODS, dict_method, string_method, template_method
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
    choice_of,
    choose,
    chosen,
    constant,
    is_reasonable,
    length,
    looked_up,
    substitute,
)

_GROWING = (
    ast.JoinedStr,
    ast.BinOp,
    ast.Call,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.GeneratorExp,
)


class Types(Protocol):
    """The part of type inference that string flow needs."""

    def resolve(self, node: ast.expr) -> str | None: ...

    def type_of(self, node: ast.expr) -> str | None: ...


class Evaluator:
    """Evaluates expressions in a scope. `follow` walks the body of a function of the module when needed."""

    def __init__(
        self, source: SourceMap, types: Types, files: FileReader, follow: Callable[[FunctionInfo], None]
    ) -> None:
        self.source = source
        self._types = types
        self.files = files
        self._follow = follow

    def expression_text(self, node: ast.expr) -> str:
        """The source of an expression on one line, at most 80 characters."""
        return " ".join(self.source.segment(node).split())[:80]

    def unknown(self, node: ast.expr) -> UnknownValue:
        return UnknownValue(self.expression_text(node), self.source.start(node), self.source.end(node))

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; `UnknownValue` when it cannot be worked out or grows out of bounds."""
        value = self._evaluate(node, scope)
        if isinstance(node, _GROWING) and not is_reasonable(value):
            return self.unknown(node)
        return value

    def _evaluate(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.Constant(value=str()):
                return constant_string(self, node)
            case ast.Constant(value=bool() | int() | float() | None as value):
                return ScalarValue(value)
            case ast.JoinedStr():
                return joined_string(self, node, scope)
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
            case (
                ast.ListComp(elt=element, generators=generators)
                | ast.GeneratorExp(elt=element, generators=generators)
            ):
                return self._comprehension(element, generators, scope)
        return self.unknown(node)

    def pieces_of(self, value: Value, node: ast.expr) -> tuple[Piece, ...]:
        """The value as part of a string."""
        match value:
            case StringValue(pieces=pieces):
                return pieces
            case UnknownValue(expression=expression, start=start, end=end, parameter=parameter):
                return (Piece("", start, end, False, expression or "value", parameter),)
        start, end = self.source.start(node), self.source.end(node)
        return in_text(self, value, Piece("", start, end, False, self.expression_text(node)))

    def _operation(self, node: ast.BinOp, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        if isinstance(node.op, ast.Mod):
            if isinstance(left, StringValue):
                return StringValue(format_percent(left.pieces, self.evaluate(node.right, scope)), left.file)
            return self.unknown(node)
        right = self.evaluate(node.right, scope)
        if isinstance(node.op, ast.Mult) and isinstance(left, StringValue):
            times = constant(right)
            if isinstance(times, int) and 0 <= times * max(length(left.pieces), 1) <= 2000:
                return StringValue(left.pieces * times)
            return self.unknown(node)
        if isinstance(node.op, ast.Div) and isinstance(left, PathValue):
            return joined_path(self, left, right) or self.unknown(node)
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
            known = [member for member in added if member is not None]
            return chosen(known, left) if len(known) == len(added) else choose(known, left.every)
        pieces = self.pieces_of(left, left_node) + self.pieces_of(right, right_node)
        if len(pieces) > 5000 or length(pieces) > MAXIMUM_LENGTH:
            return None
        file = left.file if isinstance(left, StringValue) else None
        return StringValue(pieces, file)

    def _name(self, name: str, node: ast.expr, scope: Scope) -> Value:
        if name == "__file__":
            return PathValue(self.files.module_name, beside_module=True)
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
                return parent_path(receiver)
            if node.attr == "parents":
                return ListValue(parent_paths(receiver))
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
        key_value = self.evaluate(node.slice, scope) if not isinstance(node.slice, ast.Slice) else None
        key = constant(key_value)
        if isinstance(container, DictValue):
            found = looked_up(container, key_value)
            if found is not None:
                return found
            if key is ... and container.items:
                return choice_of(container, key_value) or self.unknown(node)
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

    def _comprehension(self, element: ast.expr, generators: list[ast.comprehension], scope: Scope) -> Value:
        inner = comprehension_scope(self, generators, scope)
        value = self.evaluate(element, inner)
        if isinstance(value, ChoiceValue) and value.every:
            return ListValue(value.values, complete=False)
        if isinstance(value, StringValue):
            turns = texts_of(value.pieces, self.source.end(generators[0].iter))
            complete = len(generators) == 1 and not generators[0].ifs and len(turns) > 1
            return ListValue(tuple(StringValue(text, value.file) for text in turns), complete)
        return ListValue((value,), complete=False)

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
        name = self._types.resolve(node) or dotted_name(node) or ""
        return name.removeprefix("builtins.")

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
        return library_call(self, node, name, scope)

    def _method(self, node: ast.Call, function: ast.Attribute, name: str, scope: Scope) -> Value | None:
        receiver = self.evaluate(function.value, scope)
        method = function.attr
        match receiver:
            case ChoiceValue(values=values) if any(isinstance(v, StringValue) for v in values):
                results = [
                    string_method(self, node, member, method, scope)
                    for member in values
                    if isinstance(member, StringValue)
                ]
                known = [result for result in results if result is not None]
                return chosen(known, receiver) if len(known) == len(values) else choose(known, receiver.every)
            case StringValue():
                return string_method(self, node, receiver, method, scope)
            case PathValue():
                return path_method(self, node, receiver, method, scope)
            case DictValue():
                return dict_method(self, node, receiver, method, scope)
            case ObjectValue(positional=(StringValue() as template, *_)) if receiver.name.endswith(
                "Template"
            ):
                return template_method(self, node, receiver.name, template, method, scope)
            case UnknownValue(parameter=parameter) if parameter is not None and method in PASSING_METHODS:
                return receiver
        if name.endswith("joinpath") and "resources" in name:
            return join_paths(self, node, PathValue("", beside_module=True), scope)
        return None
