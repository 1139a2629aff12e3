"""Pass: the table whose rows a statement hands on as they are."""

from __future__ import annotations

from sqlglot import exp

from costguard.facts.sql.build import literal_number
from costguard.facts.sql.condition import flatten
from costguard.facts.sql.relation import Body, Referenced, Scan, SelectBody, Unnested


def handed_on_scan(body: Body | None) -> int | None:
    """The scan of which every row reaches the result of this query (arrays unnested, if need be); None: there is none.

    The outermost query may have an ORDER BY and a LIMIT, the others may not.
    """
    outermost = True
    seen: set[int] = set()
    while isinstance(body, SelectBody) and isinstance(body.node, exp.Select) and id(body) not in seen:
        seen.add(id(body))
        if not _hands_on(body, body.node, outermost=outermost):
            return None
        relations = [source.relation for source in body.sources if not isinstance(source.relation, Unnested)]
        if len(relations) != 1:
            return None
        if isinstance(relations[0], Scan):
            return relations[0].index
        body = relations[0].body if isinstance(relations[0], Referenced) else None
        outermost = False
    return None


def _hands_on(body: SelectBody, node: exp.Select, *, outermost: bool) -> bool:
    stops = ("group", "having", "qualify", "distinct") + (() if outermost else ("order", "limit", "offset"))
    if any(node.args.get(key) is not None for key in stops):
        return False
    where = node.args.get("where")
    if where is not None and not all(_is_true(item) for item in flatten(where.this, exp.And)):
        return False
    return not any(
        item.expression is not None and body.info_of(item.expression).aggregates for item in body.projections
    )


def _is_true(condition: exp.Expr) -> bool:
    """`TRUE` or `1 = 1`, as a first condition to hang others on."""
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.Boolean):
        return bool(condition.this)
    if not isinstance(condition, exp.EQ):
        return False
    number = literal_number(condition.this)
    return number is not None and number == literal_number(condition.expression)
