"""The query that GoogleSQL's pipe operators (`FROM t |> WHERE a > 1 |> SELECT b`) have made so far.

An operator becomes a clause of the SELECT that is there already where standard SQL has it run at the same moment, else
it selects from the query so far as from a subquery. What standard SQL cannot say of such a subquery is marked on it.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

NAMES_STAY: Final = "pipe_names_stay"
"""In the meta of a subquery: the aliases of the tables in it can be used outside of it, for the values that they had
there: after `FROM t |> SET a = 1`, `t.a` is still that of the table."""
ORDER_STAYS: Final = "pipe_order_stays"
"""In the meta of a subquery: the order of its rows is kept."""
_RESULT: Final = "pipe_result"
"""In the meta of a query: the CREATE TABLE, INSERT or EXPORT DATA that ends it, and where there the query belongs."""

TABLES, FILTERED, COMPUTED, DISTINCT, ORDERED, LIMITED, CLOSED = range(7)
"""How far the clauses of a SELECT have come, in the order in which they run."""
_STAGE_OF: Final[dict[str, int]] = {
    **dict.fromkeys(("from_", "joins", "laterals", "expressions", "with_"), TABLES),
    "where": FILTERED,
    **dict.fromkeys(("group", "having", "qualify", "windows", "kind"), COMPUTED),
    "distinct": DISTINCT,
    "order": ORDERED,
    **dict.fromkeys(("limit", "offset"), LIMITED),
}


def marked(node: exp.Expr, mark: str) -> bool:
    """A node bears one of these marks."""
    return node._meta is not None and mark in node._meta


def finish(tree: exp.Expr | Exception | None) -> exp.Expr | Exception | None:
    """A statement with pipes as the same in standard syntax would be, once all of it has been read."""
    while isinstance(tree, exp.Select) and not tree.args.get("with_"):
        # FROM (SELECT ...) |> ...: sqlglot reads the operators as part of what stands behind FROM.
        clause = tree.args.get("from_")
        inner = clause.this if clause is not None else None
        if not isinstance(inner, exp.Subquery) or inner.alias or not _is_plain_star(tree):
            break
        if not isinstance(inner.this, exp.Query) or any(
            value for key, value in inner.args.items() if key not in ("this", "alias")
        ):
            break
        tree = inner.this.pop()
    if isinstance(tree, exp.Query) and marked(tree, _RESULT):
        statement, place = tree.meta.pop(_RESULT)
        statement.set(place, tree)
        return statement  # type: ignore[no-any-return]
    return tree


# -- the query so far --------------------------------------------------------------------------------


def stage_of(query: exp.Query) -> int:
    """How far the query has come. What cannot be added to without a subquery is closed."""
    if marked(query, _RESULT):
        return CLOSED
    if isinstance(query, exp.SetOperation):
        found = [_STAGE_OF[key] for key in ("order", "limit", "offset") if query.args.get(key)]
        return max(found, default=DISTINCT)
    if not isinstance(query, exp.Select):
        return CLOSED
    stages = (_STAGE_OF.get(key, CLOSED) for key, value in query.args.items() if value)
    stage = max(stages, default=TABLES)
    return stage if len(query.expressions) == 1 and _is_star(query.expressions[0]) else max(stage, COMPUTED)


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) and not any(node.args.values())


def _is_plain_star(select: exp.Select) -> bool:
    """`SELECT * FROM ...` and no more."""
    return stage_of(select) == TABLES and not select.args.get("joins") and not select.args.get("laterals")


def outer(query: exp.Query, **marks: bool) -> exp.Select:
    """`SELECT * FROM (query)`. Its WITH goes outside: later operators see what `|> WITH` named."""
    named = query.args.get("with_")
    if named is not None:
        named.pop()
    subquery = exp.Subquery(this=query)
    subquery.meta.update({key: True for key, value in marks.items() if value})
    select = exp.Select(expressions=[exp.Star()], from_=exp.From(this=subquery))
    if named is not None:
        select.set("with_", named)
    return select


def opened(query: exp.Query, stage: int, *, ordered: bool = True) -> exp.Select:
    """A SELECT that has come no further than `stage` and gives the rows of `query`, `ordered` if they were."""
    if isinstance(query, exp.Select) and stage_of(query) <= stage:
        return query
    return outer(query, **{NAMES_STAY: keeps_names(query), ORDER_STAYS: ordered})


def keeps_names(query: exp.Query) -> bool:
    """It shows the columns of its tables, so that no SELECT or AGGREGATE has ended what the tables are called."""
    return (
        isinstance(query, exp.Select)
        and bool(query.expressions)
        and isinstance(query.expressions[0], exp.Star)
        and not query.args.get("group")
    )


def only_source(select: exp.Select) -> exp.Expr | None:
    """What stands behind FROM when it is not joined."""
    clause = select.args.get("from_")
    source = clause.this if clause is not None else None
    joined = select.args.get("joins") or select.args.get("laterals")
    if joined or not isinstance(source, (exp.Table, exp.Subquery)) or source.args.get("joins"):
        return None
    return source


def ended(query: exp.Query, statement: exp.Expr, place: str) -> exp.Query:
    """The parser goes on with a query: `finish` gives it to its statement."""
    query.meta[_RESULT] = (statement, place)
    return query
