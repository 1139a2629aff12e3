"""sqlglot trees become relations and bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from costguard.extract.sql_pipes import NAMES_STAY, ORDER_STAYS, marked
from costguard.facts.sql.condition import Converter, flatten, is_constant
from costguard.facts.sql.expression import Reference, anchor, column_parts, extent, inspect
from costguard.facts.sql.reads import ReadLog, ScanEntry
from costguard.facts.sql.relation import (
    Behind,
    Body,
    JoinClause,
    Opaque,
    Pivoted,
    Projection,
    Referenced,
    Relation,
    SelectBody,
    Source,
    UnionBody,
    Unnested,
)
from costguard.facts.sql.routines import Routine, called_name, moved

SMALL_LIMIT = 1000
"""A LIMIT up to this many rows makes a relation small (a side of a cross join that does no harm)."""

_MODEL_FUNCTIONS = frozenset({"predict", "mlforecast", "mltranslate", "generateembedding", "generatetext"})
"""Table functions whose first argument the parser takes for a table: it is a model."""

_SUBTOTALS = (exp.Rollup, exp.Cube, exp.GroupingSets)
"""What makes rows of several groups, in which a key may be NULL."""

_MOMENTS = ("date", "datetime", "timestamp")
"""Types of which a text is a value."""

_SCALAR_ARRAYS = (exp.GenerateSeries, exp.GenerateDateArray, exp.GenerateTimestampArray, exp.Split)
_SCALAR_FUNCTIONS = frozenset(
    {
        "GENERATE_ARRAY",
        "GENERATE_DATE_ARRAY",
        "GENERATE_TIMESTAMP_ARRAY",
        "SPLIT",
        "JSON_EXTRACT_ARRAY",
        "JSON_QUERY_ARRAY",
        "JSON_VALUE_ARRAY",
        "JSON_EXTRACT_STRING_ARRAY",
        "REGEXP_EXTRACT_ALL",
        "TO_CODE_POINTS",
        "GENERATE_UUID",
    }
)


Json = Any
NO_VARIABLES: Mapping[str, Json] = {}
MAXIMUM_CALLS = 16
"""Functions that call functions that read tables, followed this deep."""


class CommonTableEntry:
    """A CTE: its body is built when it is first referenced."""

    __slots__ = ("body", "columns", "index", "name", "node", "parent", "place", "recursive", "scope")

    def __init__(
        self, index: int, name: str, node: exp.CTE, scope: CteScope, parent: SelectBody | None
    ) -> None:
        self.index = index
        self.name = name
        self.node = node
        self.scope = scope
        self.parent = parent
        self.body: Body | None = None
        self.recursive = False
        alias = node.args.get("alias")
        self.columns = tuple(item.name.lower() for item in (alias.args.get("columns") or ())) if alias else ()
        self.place = extent(alias.this) if alias is not None and alias.this is not None else extent(node)

    def release(self) -> None:
        """Forget what it refers to."""
        self.scope.entries.clear()
        self.parent = None
        self.body = None


class CteScope:
    """The CTE names that are visible at a place, and the variables."""

    __slots__ = ("entries", "outer", "variables")

    def __init__(self, outer: CteScope | None, variables: Mapping[str, Json] = NO_VARIABLES) -> None:
        self.outer = outer
        self.entries: dict[str, CommonTableEntry] = {}
        self.variables: Mapping[str, Json] = outer.variables if outer is not None else variables

    def find(self, name: str) -> CommonTableEntry | None:
        """The CTE of this (lower-case) name, the innermost first."""
        scope: CteScope | None = self
        while scope is not None:
            entry = scope.entries.get(name)
            if entry is not None:
                return entry
            scope = scope.outer
        return None


class Builder:
    """Builds the bodies of one statement."""

    def __init__(
        self,
        is_hole: Callable[[int, int], bool],
        variables: Mapping[str, Json],
        routines: Mapping[str, Routine] | None = None,
    ) -> None:
        self.log = ReadLog(self.relation_of_table)
        self._routines = routines or {}
        if any(routine.reads_tables for routine in self._routines.values()):
            self.log.called = self._call
        self._called: set[tuple[str, str]] = set()
        self._calls = 0
        self.ctes: list[CommonTableEntry] = []
        self.set_operations: list[tuple[exp.SetOperation, int]] = []
        self._is_hole = is_hole
        self._variables = variables
        self._scopes: dict[int, CteScope] = {}
        self._selects: list[SelectBody] = []
        self._depth = 0

    def release(self) -> None:
        """Cut the circles of references between bodies, so that they are freed at once and not by the collector.

        The builder and its log cannot be used afterwards.
        """
        for body in self._selects:
            body.release()
        for entry in self.ctes:
            entry.release()
        self._selects.clear()
        self._scopes.clear()
        self._routines = {}
        self.log.release()

    # -- bodies ------------------------------------------------------------------------------------

    def root(self, node: exp.Expr, scope: CteScope | None = None) -> Body:
        """The body of a statement's query."""
        return self.body(node, None, scope or self.scope())

    def scope(self) -> CteScope:
        """What a statement sees of itself: the script's variables, and no CTE yet."""
        return CteScope(None, self._variables)

    def empty_select(self, scope: CteScope | None = None) -> SelectBody:
        """A SELECT without anything, to hang the parts of DML on."""
        body = SelectBody(None, None, self.log)
        self._prepare(body, scope or self.scope())
        return body

    def _nested(self, node: exp.Expr, parent: SelectBody) -> Body:
        self._depth += 1
        try:
            return self.body(node, parent, self._scopes[id(parent)])
        finally:
            self._depth -= 1

    def with_scope(self, node: exp.Expr, parent: SelectBody | None, scope: CteScope) -> CteScope:
        """The names visible inside a query, its own WITH included."""
        clause = node.args.get("with_")
        if clause is None:
            return scope
        inner = CteScope(scope)
        recursive = bool(clause.args.get("recursive"))
        for item in clause.expressions:
            name = item.alias.lower()
            # A CTE sees those before it; with RECURSIVE also itself and the later ones.
            visible = inner
            if not recursive:
                visible = CteScope(scope)
                visible.entries = dict(inner.entries)
            entry = CommonTableEntry(len(self.ctes), item.alias, item, visible, parent)
            self.ctes.append(entry)
            inner.entries[name] = entry
        return inner

    def body(self, node: exp.Expr, parent: SelectBody | None, scope: CteScope) -> Body:
        """The body of a SELECT, a set operation, or a parenthesised one."""
        while isinstance(node, (exp.Subquery, exp.Paren)) and not node.args.get("joins"):
            scope = self.with_scope(node, parent, scope)
            inner = node.this
            if isinstance(inner, exp.Table):
                break
            node = inner
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, scope)
        if isinstance(node, exp.Select):
            return self._select(node, parent, scope)
        body = SelectBody(node, parent, self.log)
        self._prepare(body, scope)
        if isinstance(node, (exp.Table, exp.Subquery)):
            # `FROM t` alone, or `TABLE t`: every column of it.
            self._add_source(body, node)
            projection = Projection("", None)
            projection.star = anchor(node)
            body.projections.append(projection)
        else:
            body.always.append((node, False))
        return body

    def _prepare(self, body: SelectBody, scope: CteScope) -> None:
        body.variables = scope.variables
        body.build_nested = self._nested
        self._scopes[id(body)] = scope
        self._selects.append(body)

    def _set_operation(self, node: exp.SetOperation, parent: SelectBody | None, scope: CteScope) -> Body:
        scope = self.with_scope(node, parent, scope)
        leaves: list[exp.Expr] = []
        distinct = bool(node.args.get("distinct")) or not isinstance(node, exp.Union)
        current: exp.Expr = node
        operators = 0
        while isinstance(current, exp.SetOperation):
            if current is not node and (
                current.args.get("with_") is not None
                or type(current) is not type(node)
                or bool(current.args.get("distinct")) != bool(node.args.get("distinct"))
                or current.args.get("limit") is not None
            ):
                break
            operators += 1
            leaves.append(current.expression)
            current = current.this
        leaves.append(current)
        leaves.reverse()
        self.set_operations.append((node, len(leaves)))
        branches = [self.body(leaf, parent, scope) for leaf in leaves]
        body: Body = UnionBody(
            branches, distinct=distinct, by_name=bool(node.args.get("by_name")), log=self.log
        )
        limit = node.args.get("limit")
        order = node.args.get("order")
        if limit is not None or order is not None:
            wrapper = SelectBody(node, parent, self.log)
            self._prepare(wrapper, scope)
            wrapper.sources.append(Source("", Referenced(body)))
            projection = Projection("", None)
            projection.star = anchor(leaves[0])
            wrapper.projections.append(projection)
            if limit is not None:
                wrapper.barrier = True
                rows = literal_number(limit.args.get("expression"))
                wrapper.small = rows is not None and rows <= SMALL_LIMIT
                wrapper.one_row = rows is not None and rows <= 1
            if order is not None and (limit is not None or self._order_is_seen(node, parent)):
                self._add_keys(wrapper, list(order.expressions))
            body = wrapper
        return body

    def _select(self, node: exp.Select, parent: SelectBody | None, scope: CteScope) -> SelectBody:
        body = SelectBody(node, parent, self.log)
        scope = self.with_scope(node, parent, scope)
        self._prepare(body, scope)
        arguments = node.args
        clause = arguments.get("from_")
        if clause is not None:
            self._add_source(body, clause.this)
        for join in arguments.get("joins") or ():
            self._add_join(body, join)
        for lateral in arguments.get("laterals") or ():
            self._add_source(body, lateral)
        self._add_projections(body, node)
        where = arguments.get("where")
        if where is not None:
            if _joins_in_where(body):
                body.joins.append(JoinClause("", False, where.this, (), 0, len(body.sources)))
            else:
                body.always.append((where.this, False))
            body.conditions.append((where.this, "where", None))
        group = arguments.get("group")
        grouped = False
        if group is not None:
            grouped = True
            self._add_keys(body, list(group.expressions))
            for key in ("cube", "rollup", "grouping_sets"):
                for item in group.args.get(key) or ():
                    if isinstance(item, exp.Expression):
                        body.always.append((item, True))
            if group.args.get("all"):
                for projection in body.projections:
                    if projection.expression is not None and not inspect(projection.expression).aggregates:
                        body.always.append((projection.expression, False))
        having = arguments.get("having")
        if having is not None:
            body.always.append((having.this, True))
            if group is not None and not any(isinstance(item, _SUBTOTALS) for item in group.expressions):
                body.conditions.append((having.this, "having", None))
        qualify = arguments.get("qualify")
        if qualify is not None:
            body.always.append((qualify.this, True))
            body.conditions.append((qualify.this, "qualify", None))
            body.windowed = True
        for window in arguments.get("windows") or ():
            body.named_windows[window.this.name.lower()] = window
        distinct = arguments.get("distinct")
        body.distinct = distinct is not None
        limit = arguments.get("limit")
        order = arguments.get("order")
        if order is not None and (limit is not None or self._order_is_seen(node, parent)):
            self._add_keys(body, list(order.expressions))
        rows = None
        if limit is not None or arguments.get("offset") is not None:
            body.barrier = True
            rows = literal_number(limit.args.get("expression")) if limit is not None else None
        aggregated, windowed = self._projection_kinds(body)
        body.windowed = body.windowed or windowed
        body.one_row = (
            (aggregated and not grouped)
            or (clause is None)
            or (rows is not None and rows <= 1)
            or (qualify is not None and _keeps_one_row(qualify.this, body))
            or (bool(body.sources) and all(source.relation.one_row for source in body.sources))
        )
        body.small = (
            body.one_row
            or (rows is not None and rows <= SMALL_LIMIT)
            or (
                bool(body.sources)
                and all(source.relation.small or source.relation.one_row for source in body.sources)
            )
        )
        return body

    def _order_is_seen(self, node: exp.Expr, outer: SelectBody | None) -> bool:
        """The order of a query's rows reaches the statement's result, or an array. Elsewhere it is not kept."""
        around, depth = node.parent, self._depth
        while isinstance(around, exp.Subquery) and marked(around, ORDER_STAYS):
            pipe = around.parent_select
            if pipe is None or pipe.args.get("order") is not None:
                return False
            around, depth = pipe.parent, depth - 1
        while isinstance(around, (exp.Subquery, exp.Paren)):
            around = around.parent
        if isinstance(around, exp.Array):
            return True
        if outer is not None or depth:
            return False
        if isinstance(around, exp.Create):
            return str(around.args.get("kind") or "").upper() == "TABLE"
        return around is None or isinstance(around, (exp.Export, exp.Insert))

    def _projection_kinds(self, body: SelectBody) -> tuple[bool, bool]:
        aggregated = windowed = False
        for projection in body.projections:
            if projection.expression is not None:
                info = body.info_of(projection.expression)
                aggregated = aggregated or bool(info.aggregates)
                windowed = windowed or bool(info.windows)
        return aggregated, windowed

    def _add_keys(self, body: SelectBody, keys: list[exp.Expr]) -> None:
        for key in keys:
            expression = key.this if isinstance(key, exp.Ordered) else key
            position = literal_number(expression)
            if position is not None:
                if position > 0:
                    body.ordinals.append(position - 1)
                continue
            body.always.append((expression, True))

    def _add_projections(self, body: SelectBody, node: exp.Select) -> None:
        kind = node.args.get("kind")
        body.value_table = kind is not None
        for item in node.expressions:
            star = _star_of(item)
            if star is not None and isinstance(item, exp.Dot) and column_parts(item) is None:
                # f(x).*: the fields of one value, and no star over a table.
                body.projections.append(Projection("", item.this))
                continue
            if star is not None:
                projection = Projection("", None)
                projection.star = extent(item)
                parts = column_parts(item) if isinstance(item, (exp.Column, exp.Dot)) else None
                if parts is not None:
                    projection.star_parts = tuple(part.lower() for part in parts[0][:-1])
                projection.excepted = frozenset(
                    child.name.lower() for child in star.args.get("except_") or () if child.name
                )
                for child in star.args.get("replace") or ():
                    projection.replaced[child.alias.lower()] = child.this
                for child in star.args.get("rename") or ():
                    old = child.this.name.lower()
                    projection.excepted |= {old}
                    projection.renamed[old] = (child.alias.lower(), child.this)
                body.projections.append(projection)
                continue
            expression = item.this if isinstance(item, exp.Alias) else item
            name = (
                item.alias_or_name.lower() if not isinstance(item, exp.Dot) else item.expression.name.lower()
            )
            body.projections.append(Projection(name, expression))

    # -- FROM --------------------------------------------------------------------------------------

    def add_from(self, body: SelectBody, node: exp.Expr) -> None:
        """Add the FROM of an UPDATE or the USING of a MERGE."""
        self._add_source(body, node)

    def _add_source(self, body: SelectBody, node: exp.Expr) -> Source | None:
        source = self._source(body, node)
        if source is not None:
            body.sources.append(source)
        for join in node.args.get("joins") or ():
            self._add_join(body, join)
        return source

    def _add_join(self, body: SelectBody, join: exp.Join) -> None:
        before = len(body.sources)
        right = self._add_source(body, join.this)
        side = str(join.args.get("side") or "").upper()
        on = join.args.get("on")
        if side in ("LEFT", "FULL"):
            for source in body.sources[before:]:
                source.null_extended = True
        if side in ("RIGHT", "FULL"):
            for source in body.sources[:before]:
                source.null_extended = True
        names = tuple(name.name.lower() for name in join.args.get("using") or () if name.name)
        plain = str(join.args.get("kind") or "").upper() in ("", "INNER", "OUTER")
        if on is not None and not plain:
            body.always.append((on, False))
        else:
            body.joins.append(
                JoinClause(side, on is not None or bool(names), on, names, before, len(body.sources))
            )
        if on is not None:
            if side == "":
                body.conditions.append((on, "on", None))
            elif side == "LEFT" and right is not None:
                body.conditions.append((on, "on", right))
        for name in names:
            if right is not None:
                body.using.append((name, right))
                if side in ("RIGHT", "FULL"):
                    body.merged.add(name)

    def _source(self, body: SelectBody, node: exp.Expr) -> Source | None:
        if isinstance(node, exp.Table):
            alias, relation, qualifier = self._table(body, node)
        elif isinstance(node, exp.Subquery):
            inner = node.this
            is_joined = isinstance(inner, exp.Subquery) and inner.args.get("joins")
            if (isinstance(inner, exp.Table) or is_joined) and not node.alias:
                # FROM (a JOIN b ...): the names inside are visible outside.
                self._add_source(body, inner)
                return None
            alias = node.alias.lower()
            parent = body if _is_lateral(node) else body.parent
            self._depth += 1
            try:
                # What stands in the parentheses: the joins after them are those of the FROM around.
                nested = self.body(inner, parent, self.with_scope(node, parent, self._scopes[id(body)]))
            finally:
                self._depth -= 1
            table_alias = node.args.get("alias")
            columns = (
                tuple(item.name.lower() for item in table_alias.args.get("columns") or ())
                if table_alias
                else ()
            )
            relation, qualifier = Referenced(nested, columns), ()
            if marked(node, NAMES_STAY) and isinstance(nested, SelectBody):
                body.behind.extend(
                    Source(inside.alias, Behind(inside.relation, nested), inside.qualifier)
                    for inside in (*nested.sources, *nested.behind)
                    if inside.alias
                )
        elif isinstance(node, exp.Unnest):
            alias, relation, qualifier = self._unnest(body, node)
        elif isinstance(node, exp.Lateral):
            alias, qualifier = node.alias.lower(), ()
            relation = Opaque(body, inspect(node.this))
        elif isinstance(node, exp.Values):
            alias, qualifier = node.alias.lower(), ()
            relation = Opaque(body, inspect(node), small=True)
        else:
            alias, qualifier = (node.alias.lower() if node.alias else ""), ()
            relation = Opaque(body, inspect(node))
        pivots = node.args.get("pivots") or ()
        for pivot in pivots:
            relation = self._pivot(body, relation, pivot)
            if pivot.alias:
                alias = pivot.alias.lower()
        return Source(alias, relation, qualifier)

    def _table(self, body: SelectBody, node: exp.Table) -> tuple[str, Relation, tuple[str, ...]]:
        name_parts = table_parts(node)
        alias = node.alias.lower()
        inner = node.this
        if not isinstance(inner, exp.Identifier):
            # A table function: ML.PREDICT(...), a user's TVF, APPENDS(...).
            result = self._table_function(body, inner)
            if result is not None:
                return alias, result, ()
            info = inspect(inner)
            if isinstance(inner, exp.Expression) and inner.key in _MODEL_FUNCTIONS:
                info.tables = [table for table in info.tables if table is not inner.this]
            return alias, Opaque(body, info), ()
        lowered = tuple(part.lower() for part in name_parts)
        scope = self._scopes[id(body)]
        if len(lowered) == 1:
            entry = scope.find(lowered[0])
            if entry is not None:
                return alias or lowered[0], self._reference(entry), ()
        elif len(lowered) > 1:
            owner = self._correlated(body, lowered[0])
            if owner:
                # `FROM t, t.items` or `FROM t.items` in a correlated subquery: an array, not a table.
                start, end = name_extent(node)
                reference = Reference(lowered, tuple(name_parts), start, end)
                return (
                    alias or lowered[-1],
                    Unnested(
                        body,
                        None,
                        reference,
                        alias or lowered[-1],
                        "",
                        constant=False,
                        scalar=False,
                        fields=frozenset(),
                    ),
                    (),
                )
        return alias or lowered[-1], self.relation_of_table(body, node), lowered[:-1]

    # -- functions ---------------------------------------------------------------------------------

    def _call(self, body: SelectBody, node: exp.Expr) -> None:
        """Follow what a function reads that the text defines: once for each call with other values."""
        name = called_name(node)
        routine = self._routines.get(name)
        if routine is None or not routine.reads_tables:
            return
        values = self._arguments(routine, node, body)
        key = (name, json.dumps(values))
        if key in self._called or self._calls >= MAXIMUM_CALLS:
            return
        self._called.add(key)
        select = self.empty_select(CteScope(None, values))
        select.always.append((moved(routine.body, *_place_of(node)), False))
        self._depth += 1
        self._calls += 1
        try:
            select.activate()
        finally:
            self._depth -= 1
            self._calls -= 1

    def _table_function(self, body: SelectBody, node: Any) -> Relation | None:
        """The result of a table function that the text defines."""
        routine = self._routines.get(called_name(node)) if type(node) is exp.Anonymous else None
        if routine is None or self._calls >= MAXIMUM_CALLS:
            return None
        if any(isinstance(argument, exp.Table) for argument in node.expressions):
            return None
        body.always.extend((argument, False) for argument in node.expressions)
        scope = CteScope(None, self._arguments(routine, node, body))
        self._depth += 1
        self._calls += 1
        try:
            return Referenced(self.body(moved(routine.body, *_place_of(node)), None, scope))
        finally:
            self._depth -= 1
            self._calls -= 1

    def _arguments(self, routine: Routine, node: exp.Expr, body: SelectBody) -> dict[str, Json]:
        """The value of each parameter in a call, None where it is not constant."""
        converter = Converter(lambda start, end: "" if self._is_hole(start, end) else None)
        values: dict[str, Json] = {name: None for name, _ in routine.parameters}
        for (name, kind), argument in zip(routine.parameters, node.expressions, strict=False):
            value = converter.convert(argument, body)
            if is_constant(value):
                written = kind.sql("bigquery").lower() if kind is not None and value[0] == "str" else ""
                values[name] = [written, value[1]] if written in _MOMENTS else value
        return values

    @staticmethod
    def _correlated(body: SelectBody, name: str) -> bool:
        scope: SelectBody | None = body
        while scope is not None:
            if any(source.alias == name for source in (*scope.sources, *scope.behind)):
                return True
            scope = scope.parent
        return False

    def _reference(self, entry: CommonTableEntry) -> Referenced:
        if entry.body is None:
            # A placeholder first: a recursive CTE meets itself while its body is built.
            placeholder = SelectBody(entry.node, entry.parent, self.log)
            self._prepare(placeholder, entry.scope)
            placeholder.value_table = True
            entry.body = placeholder
            self._depth += 1
            try:
                built = self.body(entry.node.this, entry.parent, entry.scope)
            finally:
                self._depth -= 1
            if entry.recursive:
                # What the recursive part reads of the CTE, it reads of the whole CTE.
                placeholder.sources.append(Source("", Referenced(built)))
                everything = Projection("", None)
                everything.star = entry.place
                placeholder.projections.append(everything)
                placeholder.value_table = False
            entry.body = built
        elif isinstance(entry.body, SelectBody) and entry.body.node is entry.node:
            entry.recursive = True
        return Referenced(entry.body, entry.columns, entry.index, self.log)

    def relation_of_table(self, body: SelectBody, node: exp.Table, role: str = "read") -> Relation:
        """The relation of a table name: a CTE, or a new physical scan."""
        parts = table_parts(node)
        if len(parts) == 1:
            entry = self._scopes[id(body)].find(parts[0].lower())
            if entry is not None:
                return self._reference(entry)
        start, end = name_extent(node)
        entry_ = ScanEntry(
            table=node,
            name=".".join(parts),
            alias=node.alias or parts[-1],
            role=role,
            place=(start, end),
            in_subquery=self._depth > 0 or body.parent is not None,
            system_time=node.args.get("version") is not None or node.args.get("when") is not None,
            sample_percent=_sample_percent(node),
            name_hole=self._is_hole(start, end),
        )
        return self.log.add_scan(entry_)

    def _unnest(self, body: SelectBody, node: exp.Unnest) -> tuple[str, Relation, tuple[str, ...]]:
        table_alias = node.args.get("alias")
        alias = ""
        if table_alias is not None:
            columns = table_alias.args.get("columns") or ()
            alias = columns[0].name.lower() if columns else table_alias.name.lower()
        offset = node.args.get("offset")
        offset_name = (
            offset.name.lower() if isinstance(offset, exp.Expression) else ("offset" if offset else "")
        )
        expression = node.expressions[0] if node.expressions else None
        if expression is None:
            return alias, Opaque(body, inspect(node)), ()
        found = (
            column_parts(expression) if isinstance(expression, (exp.Column, exp.Dot, exp.Bracket)) else None
        )
        reference = None
        if found is not None and not found[1]:
            written, _, start, end = found
            if start < 0:
                start, end = extent(expression)
            reference = Reference(tuple(part.lower() for part in written), tuple(written), start, end)
        info = inspect(expression)
        constant = not info.references and not info.queries
        scalar = isinstance(expression, _SCALAR_ARRAYS) or (
            isinstance(expression, exp.Func) and _name_of(expression) in _SCALAR_FUNCTIONS
        )
        fields: frozenset[str] = frozenset()
        if isinstance(expression, exp.Array) and expression.expressions:
            first = expression.expressions[0]
            if isinstance(first, exp.Struct):
                fields = frozenset(
                    item.this.name.lower()
                    for item in first.expressions
                    if isinstance(item, (exp.PropertyEQ, exp.Alias)) and item.this.name
                )
        relation = Unnested(
            body,
            expression if reference is None else None,
            reference,
            alias,
            offset_name,
            constant=constant,
            scalar=scalar,
            fields=fields,
        )
        return alias, relation, ()

    def _pivot(self, body: SelectBody, inner: Relation, pivot: exp.Pivot) -> Relation:
        fields = pivot.args.get("fields") or ()
        columns: dict[str, tuple[str, ...]] = {}
        if pivot.args.get("unpivot"):
            values = [name for item in pivot.expressions for name in _names_in(item, exp.Identifier)]
            rows = [
                _names_in(item, exp.Column)
                for field in fields
                for item in field.args.get("expressions") or ()
            ]
            for position, name in enumerate(values):
                columns[name] = tuple(row[position] for row in rows if position < len(row))
            for field in fields:
                columns[field.this.name.lower()] = ()
            needed = () if pivot.args.get("include_nulls") else tuple(name for row in rows for name in row)
            return Pivoted(body, inner, columns, needed=needed, consumed=None)
        chosen = tuple(name for field in fields for name in _names_in(field.this, exp.Column))
        aggregated = [tuple(_names_in(item, exp.Column)) for item in pivot.expressions]
        # The parser lists the new columns value by value, and for each value one for every aggregate.
        for position, item in enumerate(pivot.args.get("columns") or ()):
            columns[item.name.lower()] = (*aggregated[position % len(aggregated)], *chosen)
        consumed = frozenset(name for names in (chosen, *aggregated) for name in names)
        return Pivoted(body, inner, columns, needed=(), consumed=consumed)


def _place_of(call: exp.Expr) -> tuple[int, int]:
    """Where a call stands: the function's name, where the parser noted it."""
    meta = call._meta
    if meta and meta.get("start") is not None:
        return meta["start"], meta["end"] + 1
    return anchor(call)


def _names_in(node: exp.Expr, kind: type[exp.Expr]) -> list[str]:
    """The names of columns in an expression; of a field, that of its column."""
    if kind is exp.Identifier:
        return [item.name.lower() for item in node.find_all(exp.Identifier)]
    return [reference.parts[0] for reference in inspect(node).references]


def _name_of(node: exp.Expr) -> str:
    from costguard.facts.sql.expression import function_name

    return function_name(node)


def _star_of(node: exp.Expr) -> exp.Star | None:
    if isinstance(node, exp.Star):
        return node
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return node.this
    if isinstance(node, exp.Dot) and isinstance(node.args.get("expression"), exp.Star):
        star: exp.Star = node.args["expression"]
        return star
    return None


def _joins_in_where(body: SelectBody) -> bool:
    """Some relation is joined without a condition: that may stand in the WHERE."""
    return any(
        not clause.written and not isinstance(source.relation, Unnested)
        for clause in body.joins
        for source in body.sources[clause.before : clause.after]
    )


def _is_lateral(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.Lateral)


def _keeps_one_row(condition: exp.Expr, body: SelectBody) -> bool:
    """QUALIFY ROW_NUMBER() OVER (ORDER BY ...) = 1, be the number written there or an output column."""
    for item in flatten(condition, exp.And):
        if not isinstance(item, (exp.EQ, exp.LTE)) or literal_number(item.expression) != 1:
            continue
        number = item.this
        if isinstance(number, exp.Column) and number.args.get("table") is None:
            number = next(
                (each.expression for each in body.projections if each.name == number.name.lower()), None
            )
        if (
            isinstance(number, exp.Window)
            and isinstance(number.this, exp.RowNumber)
            and not number.args.get("partition_by")
            and not number.alias
        ):
            return True
    return False


def _sample_percent(node: exp.Table) -> float | None:
    sample = node.args.get("sample")
    if sample is None:
        return None
    return literal_float(sample.args.get("percent"))


def literal_number(node: Any) -> int | None:
    """The value of an integer literal, else None."""
    if isinstance(node, exp.Literal) and not node.args.get("is_string"):
        text = str(node.this)
        return int(text) if text.isdigit() else None
    return None


def literal_float(node: Any) -> float | None:
    """The value of a numeric literal, else None."""
    if isinstance(node, exp.Literal) and not node.args.get("is_string"):
        try:
            return float(str(node.this))
        except ValueError:
            return None
    return None


def table_parts(node: exp.Table) -> list[str]:
    """The parts of a table name as written: project, dataset, table."""
    parts = [
        part.name
        for part in (node.args.get("catalog"), node.args.get("db"), node.args.get("this"))
        if isinstance(part, exp.Identifier)
    ]
    inner = node.args.get("this")
    if isinstance(inner, exp.Dot):
        tail: list[str] = []
        current: Any = inner
        while isinstance(current, exp.Dot):
            tail.append(current.expression.name)
            current = current.this
        tail.append(current.name)
        parts.extend(reversed(tail))
    return parts or [node.name or "?"]


def name_extent(node: exp.Table) -> tuple[int, int]:
    """Offsets of the name of a table, without its alias."""
    low, high = -1, -1
    for key in ("catalog", "db", "this"):
        part = node.args.get(key)
        if isinstance(part, exp.Expression):
            start, end = extent(part)
            if start >= 0:
                low = start if low < 0 else min(low, start)
                high = max(high, end)
    return low, high
