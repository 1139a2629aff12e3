"""Pass: what kind of statement it is, what it writes, and which query it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from costguard.facts.sql.build import Builder, CteScope, name_extent, table_parts
from costguard.facts.sql.relation import RESULT, SOME_RESULT, Body, Projection, Scan, SelectBody, Source


@dataclass(slots=True)
class WriteTarget:
    """What a statement writes."""

    kind: str
    name: str
    place: tuple[int, int]
    scan: int | None = None
    insert_only: bool = False
    constant_false: bool = False
    temporary: bool = False
    partitioned: bool = False
    clustered: bool = False
    model_type: str | None = None
    by_source: bool | None = None


@dataclass(slots=True)
class MergeParts:
    """The conditions of a MERGE, which together decide what it needs of its target and its source."""

    body: SelectBody
    """Where they stand: its first source is the target."""
    target: int | None
    """The scan of the target; None when that is no table."""
    on: exp.Expr
    clauses: list[tuple[str, exp.Expr | None]] = field(default_factory=list)
    """WHEN clauses: MATCHED, BY TARGET or BY SOURCE, and what stands behind AND."""

    @property
    def never_matches(self) -> bool:
        """`ON FALSE`."""
        return isinstance(self.on, exp.Boolean) and not self.on.this


@dataclass(slots=True)
class Assembled:
    """A statement, ready to be followed."""

    kind: str
    body: Body | None
    outermost: exp.Expr | None
    """The outermost SELECT or set operation."""
    writes: list[WriteTarget] = field(default_factory=list)
    merge: MergeParts | None = None
    shows_result: bool = True
    """Its columns reach a result or a table (not so for conditions of UPDATE and DELETE)."""


def assemble(tree: exp.Expr, builder: Builder) -> Assembled:
    """Build the bodies of a statement, by its kind."""
    if isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
        return Assembled("SELECT", builder.root(tree), _query_of(tree))
    if isinstance(tree, (exp.Table, exp.From)):
        return Assembled("SELECT", builder.root(tree), None)
    if isinstance(tree, exp.Insert):
        return _insert(tree, builder)
    if isinstance(tree, exp.Create):
        return _create(tree, builder)
    if isinstance(tree, exp.Merge):
        return _merge(tree, builder)
    if isinstance(tree, exp.Update):
        return _update(tree, builder)
    if isinstance(tree, exp.Delete):
        return _delete(tree, builder)
    if isinstance(tree, exp.Export):
        inner = tree.this
        body = builder.root(inner) if isinstance(inner, exp.Query) else None
        return Assembled("EXPORT DATA", body, _query_of(inner), [WriteTarget("export", "", (-1, -1))])
    if isinstance(tree, exp.TruncateTable):
        writes = [
            WriteTarget("truncate", ".".join(table_parts(table)), name_extent(table))
            for table in tree.expressions
            if isinstance(table, exp.Table)
        ]
        return Assembled("TRUNCATE TABLE", None, None, writes)
    kind = _kind_of(tree)
    if kind is not None:
        target = tree.find(exp.Table)
        name = ".".join(table_parts(target)) if target is not None else ""
        place = name_extent(target) if target is not None else (-1, -1)
        word = {"DROP": "drop", "LOAD DATA": "load"}.get(kind, "other")
        return Assembled(kind, None, None, [WriteTarget(word, name, place)])
    query = tree.find(exp.Select)
    if query is None:
        return Assembled(type(tree).__name__.upper(), None, None)
    root: Any = query
    while isinstance(root.parent, (exp.SetOperation, exp.Subquery, exp.Paren)):
        root = root.parent
    return Assembled(type(tree).__name__.upper(), builder.root(root), _query_of(root))


def _kind_of(tree: exp.Expr) -> str | None:
    kinds: dict[type, str] = {exp.Drop: "DROP", exp.LoadData: "LOAD DATA"}
    alter = getattr(exp, "Alter", None)
    if alter is not None:
        kinds[alter] = "ALTER"
    return kinds.get(type(tree))


def _query_of(node: Any) -> exp.Expr | None:
    while isinstance(node, (exp.Subquery, exp.Paren)):
        node = node.this
    return node if isinstance(node, exp.Expression) else None


def _target(tree: exp.Expr) -> exp.Table | None:
    target = tree.this
    if not target and tree.args.get("tables"):
        target = tree.args["tables"][0]  # DELETE without FROM
    if isinstance(target, exp.Schema):
        target = target.this
    return target if isinstance(target, exp.Table) else None


def _write(kind: str, table: exp.Table | None, **marks: Any) -> WriteTarget:
    name = ".".join(table_parts(table)) if table is not None else ""
    place = name_extent(table) if table is not None else (-1, -1)
    return WriteTarget(kind, name, place, **marks)


def _insert(tree: exp.Insert, builder: Builder) -> Assembled:
    query = tree.args.get("expression")
    scope = builder.with_scope(tree, None, CteScope(None))
    body = None
    if isinstance(query, exp.Query):
        body = builder.body(query, None, scope)
    elif isinstance(query, exp.Expression):
        select = builder.empty_select(scope)
        select.always.append((query, False))
        body = select
    write = _write("insert", _target(tree), insert_only=True)
    return Assembled("INSERT", body, _query_of(query), [write])


def _create(tree: exp.Create, builder: Builder) -> Assembled:
    kind = str(tree.args.get("kind") or "").upper()
    query = tree.args.get("expression")
    properties = tree.args.get("properties")
    marks = {"temporary": False, "partitioned": False, "clustered": False}
    materialized = False
    for item in properties.expressions if properties is not None else ():
        marks["temporary"] = marks["temporary"] or isinstance(item, exp.TemporaryProperty)
        marks["partitioned"] = marks["partitioned"] or isinstance(item, exp.PartitionedByProperty)
        marks["clustered"] = marks["clustered"] or isinstance(item, (exp.ClusterProperty, exp.Cluster))
        materialized = materialized or isinstance(item, exp.MaterializedProperty)
    table = _target(tree)
    if kind == "VIEW":
        name = "CREATE MATERIALIZED VIEW" if materialized else "CREATE VIEW"
        write = _write("create-view", table, **marks)
    elif kind == "TABLE":
        name = "CREATE TABLE AS" if isinstance(query, exp.Query) else "CREATE TABLE"
        write = _write("create-table", table, **marks)
    elif kind == "MODEL":
        name, write = (
            "CREATE MODEL",
            _write("create-model", table, model_type=_model_type(properties), **marks),
        )
    else:
        # The body of a function or procedure runs when it is called, not here.
        return Assembled(f"CREATE {kind}".strip(), None, None, [_write("other", table, **marks)])
    if not isinstance(query, exp.Query):
        return Assembled(name, None, None, [write])
    scope = builder.with_scope(tree, None, CteScope(None))
    return Assembled(name, builder.body(query, None, scope), _query_of(query), [write])


def _model_type(properties: exp.Expr | None) -> str | None:
    """The `model_type` option of CREATE MODEL, in upper case."""
    for item in properties.expressions if properties is not None else ():
        if isinstance(item, exp.Property) and item.name.lower() == "model_type":
            value = item.args.get("value")
            return str(value.this).upper() if isinstance(value, exp.Literal) else None
    return None


def _dml_select(tree: exp.Expr, builder: Builder, table: exp.Table) -> tuple[SelectBody, int | None]:
    scope = builder.with_scope(tree, None, CteScope(None))
    select = builder.empty_select(scope)
    relation = builder.relation_of_table(select, table, "target")
    alias = (table.alias or table_parts(table)[-1]).lower()
    qualifier = tuple(part.lower() for part in table_parts(table)[:-1])
    select.sources.append(Source(alias, relation, qualifier))
    return select, relation.index if isinstance(relation, Scan) else None


def _update(tree: exp.Update, builder: Builder) -> Assembled:
    table = _target(tree)
    if table is None:
        return Assembled("UPDATE", None, None, [_write("update", None)], shows_result=False)
    select, scan = _dml_select(tree, builder, table)
    source = tree.args.get("from_")
    if source is not None:
        builder.add_from(select, source.this)
    for item in tree.expressions:
        if isinstance(item, exp.EQ):
            select.always.append((item.expression, False))
    where = tree.args.get("where")
    if where is not None:
        select.always.append((where.this, False))
        select.conditions.append((where.this, "where", None))
    return Assembled("UPDATE", select, None, [_write("update", table, scan=scan)], shows_result=False)


def _delete(tree: exp.Delete, builder: Builder) -> Assembled:
    table = _target(tree)
    if table is None:
        return Assembled("DELETE", None, None, [_write("delete", None)], shows_result=False)
    select, scan = _dml_select(tree, builder, table)
    where = tree.args.get("where")
    if where is not None:
        select.always.append((where.this, False))
        select.conditions.append((where.this, "where", None))
    return Assembled("DELETE", select, None, [_write("delete", table, scan=scan)], shows_result=False)


def _merge(tree: exp.Merge, builder: Builder) -> Assembled:
    table = _target(tree)
    if table is None:
        return Assembled("MERGE", None, None, [_write("merge", None)], shows_result=False)
    select, scan = _dml_select(tree, builder, table)
    using = tree.args.get("using")
    if using is not None:
        builder.add_from(select, using)
    on = tree.args.get("on")
    merge = MergeParts(select, scan, on) if isinstance(on, exp.Expression) else None
    if on is not None:
        select.always.append((on, False))
    whens = tree.args.get("whens")
    insert_only = True
    source_columns = False
    for when in whens.expressions if whens is not None else ():
        then = when.args.get("then")
        condition = when.args.get("condition")
        if merge is not None:
            merge.clauses.append((_clause_of(when), condition))
        if condition is not None:
            select.always.append((condition, False))
        if isinstance(then, exp.Insert):
            values = then.args.get("expression")
            if isinstance(values, exp.Expression):
                select.always.append((values, False))
            else:
                source_columns = True  # INSERT ROW
        else:
            insert_only = False
            for item in then.expressions if isinstance(then, exp.Update) else ():
                if isinstance(item, exp.EQ):
                    select.always.append((item.expression, False))
    if source_columns and len(select.sources) > 1:
        projection = Projection("", None)
        projection.star = name_or_zero(using)
        projection.star_parts = (select.sources[1].alias,)
        select.projections.append(projection)
    write = _write(
        "merge",
        table,
        scan=scan,
        insert_only=insert_only,
        constant_false=merge is not None and merge.never_matches,
        by_source=merge is not None and any(kind == "BY SOURCE" for kind, _ in merge.clauses),
    )
    return Assembled("MERGE", select, None, [write], merge, shows_result=False)


def _clause_of(when: exp.Expr) -> str:
    if when.args.get("matched"):
        return "MATCHED"
    return "BY SOURCE" if when.args.get("source") else "BY TARGET"


def name_or_zero(node: Any) -> tuple[int, int]:
    """Where a relation stands in the text, (0, 0) when the parser noted nothing."""
    from costguard.facts.sql.expression import extent

    if not isinstance(node, exp.Expression):
        return (0, 0)
    start, end = extent(node)
    return (max(start, 0), max(end, 0))


def follow(assembled: Assembled, *, by_column: bool) -> None:
    """Record every read of the statement. `by_column`: say for each which column of the result it is for."""
    if assembled.body is None:
        return
    assembled.body.activate()
    assembled.body.demand_outputs(RESULT if by_column else SOME_RESULT, frozenset())
