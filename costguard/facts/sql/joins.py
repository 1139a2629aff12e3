"""Pass: joins, and what is known of their two sides."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from costguard.facts.sql.build import table_parts
from costguard.facts.sql.condition import flatten
from costguard.facts.sql.expression import ExpressionInfo, anchor, extent, inspect
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import (
    Body,
    Opaque,
    Pivoted,
    Referenced,
    Relation,
    Scan,
    SelectBody,
    Source,
    UnionBody,
    Unnested,
)

_DEEPEST = 20
"""Subqueries in subqueries that are looked through for a GROUP BY."""


class JoinRow(NamedTuple):
    """A join, with places as text offsets."""

    place: tuple[int, int]
    kind: str
    condition: str
    correlated: bool
    left_one_row: bool
    right_one_row: bool
    left_small: bool
    right_small: bool
    left_grouped: bool
    right_grouped: bool
    left_picked: bool
    right_picked: bool
    left: str
    right: str
    left_scan: int | None
    right_scan: int | None


def joins_of(log: ReadLog) -> list[JoinRow]:
    """The joins of every SELECT in use."""
    found: list[JoinRow] = []
    for body in log.bodies:
        node = body.node
        if isinstance(node, exp.Select):
            found.extend(_joins(body, node))
    return found


def _joins(body: SelectBody, node: exp.Select) -> list[JoinRow]:
    joins: list[exp.Join] = []
    clause = node.args.get("from_")
    if clause is not None:
        joins.extend(_inner_joins(clause.this))
    for join in node.args.get("joins") or ():
        joins.append(join)
        joins.extend(_inner_joins(join.this))
    if not joins or len(body.sources) < 2:
        return []
    for source in body.sources:
        relation = _base(source.relation)
        if isinstance(relation, Scan):
            body.log.scans[relation.index].joined = True
    found: list[JoinRow] = []
    # Sources were added in the order of the text, one for each joined relation (parenthesised groups: several).
    by_alias = {source.alias: number for number, source in enumerate(body.sources)}
    position = 0
    for join in joins:
        alias = _alias(join.this)
        number = by_alias.get(alias, position + 1) if alias else position + 1
        if not 0 < number < len(body.sources):
            continue
        position = number
        right = body.sources[number]
        left = body.sources[:number]
        found.append(_row(body, node, join, left, right))
    return found


def _inner_joins(node: exp.Expr) -> list[exp.Join]:
    found: list[exp.Join] = []
    current: object = node
    while isinstance(current, exp.Expression):
        for join in current.args.get("joins") or ():
            found.append(join)
        group = isinstance(current, exp.Subquery) and not current.alias
        # Only the joins of a parenthesised group belong to this SELECT; those of a subquery are its own.
        current = current.this if group and isinstance(current.this, (exp.Table, exp.Subquery)) else None
    return found


def _alias(node: exp.Expr) -> str:
    if isinstance(node, exp.Unnest):
        alias = node.args.get("alias")
        columns = alias.args.get("columns") if alias is not None else None
        return str(columns[0].name).lower() if columns else (node.alias or "").lower()
    name = node.alias
    if not name and isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        name = table_parts(node)[-1]
    return (name or "").lower()


def _base(relation: Relation) -> Relation:
    while isinstance(relation, Pivoted):
        relation = relation.inner
    return relation


def _row(body: SelectBody, node: exp.Select, join: exp.Join, left: list[Source], right: Source) -> JoinRow:
    relation = _base(right.relation)
    side = str(join.args.get("side") or "").lower()
    word = str(join.args.get("kind") or "").lower()
    on = join.args.get("on")
    # The parser makes a comma a CROSS JOIN; only what it read as a JOIN may have a PIVOT after it.
    comma = on is None and not join.args.get("using") and "pivots" not in join.args
    words = {"cross": "cross", "semi": "semi", "anti": "semi"}
    kind = side or ("comma" if comma else words.get(word, "inner"))
    correlated = _correlated(body, relation, left)
    if join.args.get("using"):
        condition = "using"
    elif on is not None:
        condition = _condition(body, on, left, right)
    else:
        where = node.args.get("where")
        condition = "none"
        if where is not None and _links(body, where.this, left, right):
            condition = "where-equality"
        elif where is not None and _names_both(body, where.this, left, right):
            condition = "where-other"
    right_node = join.this
    start, end = (
        extent(right_node) if isinstance(right_node, (exp.Table, exp.Unnest)) else _subquery_place(right_node)
    )
    base = _base(left[-1].relation) if len(left) == 1 else None
    return JoinRow(
        place=(start, end),
        kind=kind,
        condition=condition,
        correlated=correlated,
        left_one_row=all(source.relation.one_row for source in left),
        right_one_row=relation.one_row,
        left_small=all(source.relation.small or source.relation.one_row for source in left),
        right_small=relation.small,
        left_grouped=all(_grouped(_base(source.relation)) for source in left),
        right_grouped=_grouped(relation),
        left_picked=any(_picked(node, source) for source in left),
        right_picked=_picked(node, right),
        left=", ".join(source.alias or _behind(body) or "(subquery)" for source in left)[:60],
        right=(right.alias or "(subquery)")[:60],
        left_scan=base.index if isinstance(base, Scan) else None,
        right_scan=relation.index if isinstance(relation, Scan) else None,
    )


def _behind(body: SelectBody) -> str:
    """What the tables in the input of a pipe's join are called."""
    return ", ".join(source.alias for source in body.behind)


def _names(body: SelectBody, sources: list[Source]) -> set[str]:
    """The names that columns of these sources may be qualified by."""
    found = {source.alias for source in sources if source.alias}
    if body.behind and body.sources[0] in sources:
        found.update(source.alias for source in body.behind)
    return found


def _grouped(relation: Relation, depth: int = 0) -> bool:
    """The rows are those of a GROUP BY or a DISTINCT, maybe filtered: far fewer than were read, as a rule."""
    return isinstance(relation, Referenced) and depth < _DEEPEST and _grouped_body(relation.body, depth)


def _grouped_body(body: Body, depth: int) -> bool:
    if isinstance(body, UnionBody):
        return body.distinct or all(_grouped_body(branch, depth) for branch in body.branches)
    if not isinstance(body, SelectBody):
        return False
    if body.distinct or (isinstance(body.node, exp.Select) and body.node.args.get("group") is not None):
        return True
    return len(body.sources) == 1 and _grouped(_base(body.sources[0].relation), depth + 1)


def _picked(node: exp.Select, source: Source) -> bool:
    """A condition of this SELECT, or the subquery's own, compares a column of the source with a constant by `=`."""
    if _has_constant_equality(node, source.alias):
        return True
    relation = _base(source.relation)
    inner = (
        relation.body.node
        if isinstance(relation, Referenced) and isinstance(relation.body, SelectBody)
        else None
    )
    return isinstance(inner, exp.Select) and _has_constant_equality(inner, None)


def _has_constant_equality(node: exp.Select, alias: str | None) -> bool:
    where = node.args.get("where")
    for item in flatten(where.this, exp.And) if where is not None else ():
        if not isinstance(item, exp.EQ):
            continue
        sides = (inspect(item.this), inspect(item.expression))
        if any(info.queries for info in sides) or all(info.references for info in sides):
            continue
        named = [reference.parts for info in sides for reference in info.references]
        if any(alias is None or (len(parts) > 1 and parts[0] == alias) for parts in named):
            return True
    return False


def _subquery_place(node: exp.Expr) -> tuple[int, int]:
    alias = node.args.get("alias")
    return extent(alias) if isinstance(alias, exp.TableAlias) and alias.this is not None else anchor(node)


def _correlated(body: SelectBody, relation: Relation, left: list[Source]) -> bool:
    if isinstance(relation, Unnested):
        return not relation.constant
    if isinstance(relation, Opaque):
        names = _names(body, left)
        return any(reference.parts[0] in names for reference in relation.info.references)
    return False


def _condition(body: SelectBody, on: exp.Expr, left: list[Source], right: Source) -> str:
    node = on
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Boolean):
        return "constant"
    info = inspect(node)
    if not info.references and not info.queries:
        return "constant"
    if _links(body, node, left, right):
        return "equality"
    if type(node) is exp.Or:
        return "or"
    if node.find(exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between) is not None:
        return "inequality"
    return "other"


def _links(body: SelectBody, condition: exp.Expr, left: list[Source], right: Source) -> bool:
    """Does some conjunct say `left expression = right expression`? With names that cannot be told apart: yes."""
    left_names = _names(body, left)
    for item in flatten(condition, exp.And):
        node = item
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, (exp.EQ, exp.NullSafeEQ)):
            sides = (inspect(node.this), inspect(node.expression))
            if _separates(sides[0], sides[1], left_names, right.alias) or _separates(
                sides[1], sides[0], left_names, right.alias
            ):
                return True
        elif isinstance(node, exp.In):
            info = inspect(node)
            if _mentions(info, {right.alias}) and (
                _mentions(info, left_names) or node.args.get("unnest") is not None
            ):
                return True
        elif isinstance(node, exp.Or):
            branches = flatten(node, exp.Or)
            if all(_links(body, branch, left, right) for branch in branches):
                return True
    return False


def _names_both(body: SelectBody, condition: exp.Expr, left: list[Source], right: Source) -> bool:
    """Does some conjunct name a column of either side, by the alias or by that of an array unnested from it?"""
    left_names, right_names = _with_arrays(body, left), _with_arrays(body, [right])
    for item in flatten(condition, exp.And):
        named = {reference.parts[0] for reference in inspect(item).references}
        if named & left_names and named & right_names:
            return True
    return False


def _with_arrays(body: SelectBody, sources: list[Source]) -> set[str]:
    names = _names(body, sources)
    for source in body.sources:
        relation = _base(source.relation)
        if isinstance(relation, Unnested) and _array_of(relation, names):
            names.add(source.alias)
    return names


def _array_of(relation: Unnested, names: set[str]) -> bool:
    """Is it an array of one of these, as far as that can be told? (A bare name may be a column of any.)"""
    references = [relation.reference] if relation.reference is not None else []
    if relation.expression is not None:
        references.extend(inspect(relation.expression).references)
    return any(len(reference.parts) == 1 or reference.parts[0] in names for reference in references)


def _separates(one: ExpressionInfo, other: ExpressionInfo, left_names: set[str], right_name: str) -> bool:
    if not one.references or not other.references:
        return False
    return _may_name(one, left_names) and _may_name(other, {right_name})


def _may_name(info: ExpressionInfo, names: set[str]) -> bool:
    return any(
        len(reference.parts) == 1 or reference.parts[0] in names for reference in info.references
    ) or any(len(reference.parts) > 2 for reference in info.references)


def _mentions(info: ExpressionInfo, names: set[str]) -> bool:
    return any(reference.parts[0] in names or len(reference.parts) == 1 for reference in info.references)
