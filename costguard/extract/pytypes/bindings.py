"""Evaluates assignments: what names, columns and attributes stand for from then on."""

from __future__ import annotations

import ast
from dataclasses import replace

from costguard.extract.pytypes.annotations import annotation_type
from costguard.extract.pytypes.applications import Applications
from costguard.extract.pytypes.names import BASES, ENGINES, FRAME, SERIES
from costguard.extract.pytypes.values import (
    UNKNOWN,
    Value,
    escape,
    merge,
)


class Bindings(Applications):
    """The part of the evaluator that binds names."""

    def bind(self, target: ast.expr, value: Value, source: ast.expr | None = None) -> None:
        if isinstance(target, ast.Name):
            self.env[target.id] = value
            if source is not None:
                for maker in value.makers:
                    if not maker.name and maker.node is source:
                        maker.name = target.id
            if value is not UNKNOWN:
                self.values[target] = value
        elif isinstance(target, ast.Tuple | ast.List):
            self._bind_parts(target.elts, value, source)
        elif isinstance(target, ast.Subscript):
            self._bind_subscript(target, value)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value)
        elif isinstance(target, ast.Starred):
            escape(value)
            self.bind(target.value, Value(type="builtins.list"))

    def _bind_parts(self, targets: list[ast.expr], value: Value, source: ast.expr | None) -> None:
        if len(targets) == 2 and not (isinstance(targets[1], ast.Name) and targets[1].id == "_"):
            self.count_columns(source)
        if value.items is not None and len(value.items) == len(targets):
            elements = (
                source.elts
                if isinstance(source, ast.Tuple | ast.List) and len(source.elts) == len(targets)
                else None
            )
            for number, (target, item) in enumerate(zip(targets, value.items, strict=True)):
                self.bind(target, item, elements[number] if elements is not None else None)
            return
        if value.element is None:
            escape(value)
        for target in targets:
            self.bind(target, value.element if value.element is not None else UNKNOWN)

    def _bind_subscript(self, target: ast.Subscript, value: Value) -> None:
        escape(value)
        base = self.evaluate(target.value)
        if BASES.get(base.type or "", base.type) == FRAME:
            for maker in base.makers:
                # A column put into an empty frame brings the rows.
                maker.grown = maker.grown or (maker.origin == "literal" and maker.source is None)
            columns = self.strings(target.slice)
            if columns is None:
                self.consume(target.slice)
            elif not (self.context.in_branch or self.context.in_loop):
                for maker in base.makers:
                    maker.assigned.update(column for column in columns if column not in maker.columns)
            return
        if base.type is not None and base.type.startswith("pandas.DataFrame."):
            self.consume(target.slice)
            index = (
                target.slice.elts[-1] if isinstance(target.slice, ast.Tuple) and target.slice.elts else None
            )
            for maker in base.makers:
                maker.grown = maker.grown or self.context.in_loop
            self.use(base, self.strings(index))
            return
        if base.makers and base.type == SERIES:
            self.use(base, self.strings(target.slice))
            return
        self.consume(target.slice)
        escape(base)

    def _bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        base = self.evaluate(target.value)
        escape(value)
        if base.cls is not None and base.type is not None:
            known = base.cls.attributes.get(target.attr)
            base.cls.attributes[target.attr] = value if known is None else merge(known, value)
        elif BASES.get(base.type or "", base.type) == FRAME and target.attr not in {"columns", "index"}:
            for maker in base.makers:
                maker.assigned.add(target.attr)
        elif target.attr != "index":
            escape(base)

    def _assign(self, node: ast.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            self.bind(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        value = self.evaluate(node.value) if node.value is not None else UNKNOWN
        if value.type is None and value.symbol is None and value.function is None:
            declared = annotation_type(node.annotation, self._resolve_annotation)
            if declared is not None and (node.value is not None or isinstance(node.target, ast.Name)):
                value = self._declared(node.annotation, declared, node.value)
        if node.value is not None or value is not UNKNOWN:
            self.bind(node.target, value, node.value)

    def _declared(self, annotation: ast.expr, declared: str, source: ast.expr | ast.arg | None) -> Value:
        if declared in ENGINES:
            return self.make(source if source is not None else annotation, declared, "", origin="unknown")
        return Value(type=declared)

    def _resolve_annotation(self, node: ast.expr) -> str | None:
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        value = self.evaluate(node)
        return value.symbol if value.receiver is None else None

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.consume(node.value)
        if isinstance(node.target, ast.Name):
            current = self.lookup(node.target.id)
            if current.type is not None and current.type not in ENGINES:
                result = SERIES if SERIES in (current.type, value.type) else current.type
                self.env[node.target.id] = replace(current, type=result, items=None, element=None)
            else:
                escape(current)
        elif isinstance(node.target, ast.Subscript | ast.Attribute):
            self.consume(node.target)
