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
    Referenced,
    Relation,
    Scan,
    SelectBody,
    Source,
    UnionBody,
    Unnested,
)
from costguard.facts.sql.ties import IsHole, Ties, base_of, is_generated

_DEEPEST = 20
"""Subqueries in subqueries that are looked through for a GROUP BY."""


class JoinRow(NamedTuple):
    """A join, with places as text offsets."""

    place: tuple[int, int]
    follows_word: bool
    """The place is somewhere in the right side: the word JOIN, or the comma, stands before it."""
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


def joins_of(log: ReadLog, is_hole: IsHole | None = None) -> list[JoinRow]:
    """The joins of every SELECT in use. `is_hole`: a part of the text between two offsets is not known."""
    found: list[JoinRow] = []
    for body in log.bodies:
        node = body.node
        if isinstance(node, exp.Select):
            found.extend(_joins(body, node, is_hole))
    return found


def _joins(body: SelectBody, node: exp.Select, is_hole: IsHole | None) -> list[JoinRow]:
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
        relation = base_of(source.relation)
        if isinstance(relation, Scan):
            body.log.scans[relation.index].joined = True
    numbered: list[tuple[exp.Join, int]] = []
    # Sources were added in the order of the text, one for each joined relation (parenthesised groups: several).
    by_alias = {source.alias: number for number, source in enumerate(body.sources)}
    position = 0
    for join in joins:
        alias = _alias(join.this)
        number = by_alias.get(alias, position + 1) if alias else position + 1
        if not 0 < number < len(body.sources):
            continue
        position = number
        numbered.append((join, number))
    ties = Ties(body, node, numbered, is_hole)
    compared = _compared_with_constants(body, node)
    return [_row(body, node, join, number, ties, compared) for join, number in numbered]


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


def _row(
    body: SelectBody, node: exp.Select, join: exp.Join, number: int, ties: Ties, compared: set[str]
) -> JoinRow:
    left, right = body.sources[:number], body.sources[number]
    relation = base_of(right.relation)
    side = str(join.args.get("side") or "").lower()
    word = str(join.args.get("kind") or "").lower()
    on = join.args.get("on")
    # The parser makes a comma a CROSS JOIN; only what it read as a JOIN may have a PIVOT after it.
    comma = on is None and not join.args.get("using") and "pivots" not in join.args
    words = {"cross": "cross", "semi": "semi", "anti": "semi"}
    kind = side or ("comma" if comma else words.get(word, "inner"))
    correlated = isinstance(join.this, exp.Lateral) or _correlated(body, relation, left)
    left_one_row = all(source.relation.one_row for source in left)
    left_small = all(source.relation.small or source.relation.one_row for source in left)
    right_small = relation.small
    if join.args.get("using") or join.args.get("method"):
        condition = "using"
    elif on is not None:
        condition = _condition(body, on, left, right)
        if condition not in ("constant", "equality") and not _names_both_sides(ties, on, number):
            condition = "one-side-key" if _compares_columns(body, on) else "one-side"
    else:
        where = node.args.get("where")
        condition = "none"
        if where is not None and _links(body, where.this, left, right):
            condition = "where-equality"
        elif where is not None and _names_both(body, where.this, left, right):
            condition = "where-other"
    if (
        condition in ("none", "constant", "one-side")
        and not correlated
        and not left_one_row
        and not relation.one_row
    ):
        # What takes longer to find out is asked where the join would be one without a condition.
        left_small = left_small or all(is_generated(source.relation) for source in left)
        right_small = right_small or is_generated(relation)
        if not left_small and not right_small and ties.lead_to(number):
            condition = "elsewhere"
    place, follows_word = _place(join.this)
    base = base_of(left[-1].relation) if len(left) == 1 else None
    return JoinRow(
        place=place,
        follows_word=follows_word,
        kind=kind,
        condition=condition,
        correlated=correlated,
        left_one_row=left_one_row,
        right_one_row=relation.one_row,
        left_small=left_small,
        right_small=right_small,
        left_grouped=all(_grouped(base_of(source.relation)) for source in left),
        right_grouped=_grouped(relation),
        left_picked=any(_picked(compared, source) for source in left),
        right_picked=_picked(compared, right),
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


def _compares_columns(body: SelectBody, on: exp.Expr) -> bool:
    """Some conjunct compares columns with each other by `=`, as the key of a join does."""
    for item in flatten(on, exp.And):
        if isinstance(item, exp.EQ):
            sides = [
                [each for each in inspect(side).references if not body.is_variable(each.parts)]
                for side in (item.this, item.expression)
            ]
            if all(sides):
                return True
    return False


def _names_both_sides(ties: Ties, on: exp.Expr, number: int) -> bool:
    return any(number in tied and len(tied) > 1 for tied in ties.named_by(on))


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
    return len(body.sources) == 1 and _grouped(base_of(body.sources[0].relation), depth + 1)


def _picked(compared: set[str], source: Source) -> bool:
    """A condition of this SELECT, or the subquery's own, compares a column of the source with a constant by `=`.

    `compared`: what `_compared_with_constants` says of this SELECT.
    """
    if source.alias in compared:
        return True
    relation = base_of(source.relation)
    inner = relation.body if isinstance(relation, Referenced) else None
    return (
        isinstance(inner, SelectBody)
        and isinstance(inner.node, exp.Select)
        and bool(_compared_with_constants(inner, inner.node))
    )


def _compared_with_constants(body: SelectBody, node: exp.Select) -> set[str]:
    """The first parts of the qualified names that are compared with a constant by `=`; `*` for any other name."""
    found: set[str] = set()
    where = node.args.get("where")
    conditions = [where.this] if where is not None else []
    conditions.extend(
        join.args["on"] for join in node.args.get("joins") or () if join.args.get("on") is not None
    )
    for item in (item for condition in conditions for item in flatten(condition, exp.And)):
        if not isinstance(item, exp.EQ):
            continue
        sides = (inspect(item.this), inspect(item.expression))
        named = [
            [reference.parts for reference in info.references if not body.is_variable(reference.parts)]
            for info in sides
        ]
        if any(info.queries for info in sides) or all(named):
            continue
        found.update(parts[0] if len(parts) > 1 else "*" for side in named for parts in side)
    return found


def _place(node: exp.Expr) -> tuple[tuple[int, int], bool]:
    """Where the right side of a join stands; of a query, an early part of it, which the word JOIN stands before."""
    if isinstance(node, (exp.Table, exp.Unnest)):
        return extent(node), False
    query = node.this
    while isinstance(query, exp.Subquery):
        query = query.this
    clause = query.args.get("with_") if isinstance(query, exp.Query) else None
    found = anchor(clause if clause is not None else query) if isinstance(query, exp.Expression) else (0, 0)
    return found if found != (0, 0) else anchor(node), True


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
        relation = base_of(source.relation)
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
