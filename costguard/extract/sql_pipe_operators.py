"""Readers of GoogleSQL's pipe operators, for sqlglot's parser.

sqlglot's own lose too much: they let one operator overwrite what an earlier one selected, know no SET, DROP, RENAME and
CALL, and make a WITH query of every step. Here each operator is a function from the query so far to the query with it.
Operators without one are no statement to sqlglot, and end as unread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlglot import exp
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from costguard.extract.sql_pipes import (
    COMPUTED,
    DISTINCT,
    FILTERED,
    NAMES_STAY,
    ORDER_STAYS,
    ORDERED,
    TABLES,
    ended,
    keeps_names,
    only_source,
    opened,
    outer,
    stage_of,
)

Operator = Callable[[Parser, exp.Query], exp.Query]
"""The parser stands at the operator's first word."""


def _star(word: Token, **changes: list[exp.Expr]) -> exp.Star:
    """A star that stands where the operator's word does."""
    star = exp.Star(**changes)
    star.meta.update({"start": word.start, "end": word.end})
    return star


def _next_word(parser: Parser) -> Token:
    """The operator's word, which the parser steps over."""
    word = parser._curr
    parser._advance()
    return word


# -- columns -----------------------------------------------------------------------------------------


def _select(parser: Parser, query: exp.Query) -> exp.Query:
    word = parser._curr
    selected = parser._parse_select(consume_pipe=False, parse_set_operation=False)
    if not isinstance(selected, exp.Select) or selected.args.get("from_") or selected.args.get("where"):
        parser.raise_error("A pipe's SELECT has columns only", word)
        raise AssertionError
    below = opened(query, FILTERED)
    for key in ("with_", "from_", "joins", "laterals", "where"):
        selected.set(key, below.args.get(key))
    return selected


def _extend(parser: Parser, query: exp.Query) -> exp.Query:
    word = _next_word(parser)
    select = opened(query, FILTERED)
    select.set("expressions", [_star(word), *parser._parse_expressions()])
    windows = parser._parse_window_clause()
    if windows:
        select.set("windows", windows)
    return select


def _changed_star(change: str, item: Callable[[Parser], exp.Expr | None]) -> Operator:
    """An operator that keeps all columns but for a list of changes: `except_`, `replace` or `rename` of a star."""

    def operator(parser: Parser, query: exp.Query) -> exp.Query:
        word = _next_word(parser)
        select = opened(query, FILTERED)
        select.set("expressions", [_star(word, **{change: parser._parse_csv(lambda: item(parser))})])
        return select

    return operator


def _assignment(parser: Parser) -> exp.Expr | None:
    """`column = expression`; None behind the last comma."""
    if parser._curr.token_type == TokenType.PIPE_GT:
        return None
    column = parser._parse_id_var()
    if not parser._match(TokenType.EQ):
        parser.raise_error("Expected = behind the column of SET")
    return exp.Alias(this=parser._parse_disjunction(), alias=column)


def _renaming(parser: Parser) -> exp.Expr | None:
    """`old [AS] new`; None behind the last comma."""
    old = _name(parser)
    if old is None:
        return None
    parser._match(TokenType.ALIAS)
    return exp.Alias(this=exp.Column(this=old), alias=parser._parse_id_var())


def _name(parser: Parser) -> exp.Expr | None:
    """The name of a column; None behind the last comma."""
    return None if parser._curr.token_type == TokenType.PIPE_GT else parser._parse_id_var()


def _assert(parser: Parser, query: exp.Query) -> exp.Query:
    """HAVING without a group: it is worked out for every row, and keeps none out of the scan."""
    parser._advance()
    select = outer(query, **{NAMES_STAY: keeps_names(query), ORDER_STAYS: True})
    select.set("having", exp.Having(this=exp.Tuple(expressions=parser._parse_expressions())))
    return select


# -- rows --------------------------------------------------------------------------------------------


def _where(parser: Parser, query: exp.Query) -> exp.Query:
    clause = parser._parse_where()
    condition = clause.this if clause is not None else exp.true()
    select = opened(query, FILTERED, ordered=False)
    if _has_window(condition):
        select.set("qualify", exp.Qualify(this=condition))
        return select
    before = select.args.get("where")
    if before is not None:
        condition = exp.And(this=_operand(before.this), expression=_operand(condition))
    select.set("where", exp.Where(this=condition))
    return select


def _operand(condition: exp.Expr) -> exp.Expr:
    return exp.Paren(this=condition) if isinstance(condition, exp.Or) else condition


def _has_window(condition: exp.Expr) -> bool:
    """A window function is part of it, outside of subqueries."""
    nodes = condition.walk(prune=lambda node: isinstance(node, exp.Query))
    return any(isinstance(node, exp.Window) for node in nodes)


def _distinct(parser: Parser, query: exp.Query) -> exp.Query:
    parser._advance()
    select = opened(query, COMPUTED, ordered=False)
    select.set("distinct", exp.Distinct())
    return select


def _order_by(parser: Parser, query: exp.Query) -> exp.Query:
    order = parser._parse_order()
    # In standard syntax the keys could mean the columns from before a SET, DROP or RENAME.
    changed = isinstance(query, exp.Select) and any(query.expressions[0].args.values()) and keeps_names(query)
    ordered = query
    if changed or stage_of(query) > DISTINCT:
        ordered = outer(query, **{NAMES_STAY: keeps_names(query)})
    ordered.set("order", order)
    return ordered


def _limit(parser: Parser, query: exp.Query) -> exp.Query:
    limit = parser._parse_limit()
    offset = parser._parse_offset()
    if isinstance(limit, exp.Limit) and limit.args.get("offset") is not None:
        offset = exp.Offset(expression=limit.args["offset"].pop())
    limited = query if stage_of(query) <= ORDERED else opened(query, TABLES)
    limited.set("limit", limit)
    if offset is not None:
        limited.set("offset", offset)
    return limited


def _table_sample(parser: Parser, query: exp.Query) -> exp.Query:
    sample = parser._parse_table_sample()
    select = opened(query, TABLES, ordered=False)
    source = only_source(select)
    if source is None or source.args.get("sample"):
        select = outer(query)
        source = select.args["from_"].this
    assert source is not None
    source.set("sample", sample)
    return select


# -- groups ------------------------------------------------------------------------------------------


def _aggregate(parser: Parser, query: exp.Query) -> exp.Query:
    """The groups' keys come first among the columns, and go by their numbers in GROUP BY and ORDER BY."""
    parser._advance()
    aggregates = parser._parse_csv(lambda: _aggregated(parser))
    keys: list[exp.Expr] = []
    all_ordered = False
    if parser._match(TokenType.GROUP_BY):
        keys = _keys(parser)
    elif parser._match_text_seq("GROUP", "AND"):
        all_ordered = True
        if not parser._match(TokenType.ORDER_BY):
            parser.raise_error("Expected GROUP AND ORDER BY")
        keys = _keys(parser)
    if not keys and not aggregates:
        parser.raise_error("AGGREGATE of nothing")
    orders: list[exp.Expr] = []
    columns: list[exp.Expr] = []
    for item in (*keys, *aggregates):
        is_ordered = isinstance(item, exp.Ordered)
        columns.append(item.this if is_ordered else item)
        if is_ordered or (all_ordered and len(columns) <= len(keys)):
            order = item.copy() if is_ordered else exp.Ordered()
            order.set("this", exp.Literal.number(len(columns)))
            orders.append(order)
    select = opened(query, FILTERED, ordered=False)
    select.set("expressions", columns)
    if keys:
        numbers: list[exp.Expr] = [exp.Literal.number(number) for number in range(1, len(keys) + 1)]
        select.set("group", exp.Group(expressions=numbers))
    if orders:
        select.set("order", exp.Order(expressions=orders))
    return select


def _aggregated(parser: Parser) -> exp.Expr | None:
    """One item of AGGREGATE or of its GROUP BY, with its alias and order; None behind the last comma."""
    value = parser._parse_disjunction()
    if value is None or parser._match_text_seq("GROUP", "AND", advance=False):
        return value
    named = parser._parse_alias(value)
    if parser._match_set((TokenType.ASC, TokenType.DESC), advance=False):
        return parser._parse_ordered(lambda: named)
    return named


def _keys(parser: Parser) -> list[exp.Expr]:
    """The keys of GROUP BY, each once: of ROLLUP, CUBE and GROUPING SETS all that they are made of."""
    found: list[exp.Expr] = []
    while True:
        if parser._match_set((TokenType.ROLLUP, TokenType.CUBE, TokenType.GROUPING_SETS)):
            items = parser._parse_wrapped_csv(parser._parse_disjunction)
        else:
            item = _aggregated(parser)
            items = [] if item is None else [item]
        for item in items:
            parts = item.expressions if isinstance(item, exp.Tuple) else [item.unnest()]
            found.extend(part for part in parts if part not in found)
        if not parser._match(TokenType.COMMA):
            return found


# -- tables ------------------------------------------------------------------------------------------


def _as(parser: Parser, query: exp.Query) -> exp.Query:
    alias = parser._parse_table_alias()
    select = opened(query, TABLES)
    source = only_source(select)
    if source is None or source.args.get("pivots"):
        select = outer(query, **{ORDER_STAYS: True})
        source = select.args["from_"].this
    assert source is not None
    source.meta.pop(NAMES_STAY, None)
    source.set("alias", alias)
    return select


def _join(parser: Parser, query: exp.Query) -> exp.Query:
    word = parser._curr
    join = parser._parse_join()
    if join is None:
        parser.raise_error("Expected a join", word)
    select = opened(query, TABLES, ordered=False)
    select.append("joins", join)
    return select


def _set_operation(parser: Parser, query: exp.Query) -> exp.Query:
    word = parser._curr
    named = query.args.get("with_")
    if named is not None:
        named.pop()
    left = query if stage_of(query) < ORDERED else exp.Subquery(this=query)
    operation = parser.parse_set_operation(left)
    if operation is None or operation.expression is None:
        parser.raise_error("Expected a set operation", word)
        raise AssertionError
    while parser._match(TokenType.COMMA):
        more = parser._parse_select(nested=True, parse_set_operation=False, consume_pipe=False)
        if more is None:
            break
        modes = {key: operation.args.get(key) for key in ("distinct", "by_name", "side", "kind", "on")}
        operation = type(operation)(this=operation, expression=more, **modes)
    if named is not None:
        operation.set("with_", named)
    return operation


def _join_or_set_operation(parser: Parser, query: exp.Query) -> exp.Query:
    """LEFT and FULL begin both."""
    start = parser._index
    _, _, _ = parser._parse_join_parts()
    is_set_operation = parser._match_set(parser.SET_OPERATIONS, advance=False)
    parser._retreat(start)
    return _set_operation(parser, query) if is_set_operation else _join(parser, query)


def _pivot(parser: Parser, query: exp.Query) -> exp.Query:
    pivots = parser._parse_pivots()
    select = opened(query, TABLES, ordered=False)
    source = only_source(select)
    if source is None:
        select = outer(query)
        source = select.args["from_"].this
    assert source is not None
    source.meta.pop(NAMES_STAY, None)
    for pivot in pivots or ():
        source.append("pivots", pivot)
    return select


def _call(parser: Parser, query: exp.Query) -> exp.Query:
    """`|> CALL d.function(1)` is `FROM d.function((query), 1)`."""
    parser._advance()
    called = parser._parse_table()
    function: Any = called.this if isinstance(called, exp.Table) else None
    while isinstance(function, exp.Dot):
        function = function.expression
    if called is None or not isinstance(function, exp.Func):
        parser.raise_error("Expected a table function")
        raise AssertionError
    named = query.args.get("with_")
    if named is not None:
        named.pop()
    if isinstance(function, exp.Anonymous):
        function.set("expressions", [exp.Subquery(this=query), *function.expressions])
    elif "expression" in function.arg_types and function.args.get("expression") is None:
        function.set("expression", exp.Subquery(this=query))
    else:
        parser.raise_error("Not a function of a table")
    select = exp.Select(expressions=[exp.Star()], from_=exp.From(this=called))
    if named is not None:
        select.set("with_", named)
    return select


def _with(parser: Parser, query: exp.Query) -> exp.Query:
    word = _next_word(parser)
    recursive = parser._match(TokenType.RECURSIVE)
    named: list[exp.Expr] = []
    while not named or (parser._match(TokenType.COMMA) and parser._curr.token_type != TokenType.PIPE_GT):
        cte = parser._parse_cte()
        if not isinstance(cte, exp.CTE):
            parser.raise_error("Expected a query with a name", word)
            raise AssertionError
        named.append(cte)
    names = {item.alias.lower() for item in named}
    if any(not table.args.get("db") and table.name.lower() in names for table in query.find_all(exp.Table)):
        # What was read before is another table of that name, which no place of one WITH in the query can say.
        parser.raise_error("WITH names a table that was read before", word)
    before = query.args.get("with_")
    if before is not None:
        named = [*before.expressions, *named]
        recursive = recursive or bool(before.args.get("recursive"))
    query.set("with_", exp.With(expressions=named, recursive=recursive or None))
    return query


# -- results -----------------------------------------------------------------------------------------


def _create(parser: Parser, query: exp.Query) -> exp.Query:
    word = _next_word(parser)
    created = parser._parse_create()
    if not isinstance(created, exp.Create) or created.expression or created.kind != "TABLE":
        parser.raise_error("Expected CREATE TABLE", word)
    return ended(query, created, "expression")


def _insert(parser: Parser, query: exp.Query) -> exp.Query:
    word = _next_word(parser)
    insert = parser._parse_insert()
    if not isinstance(insert, exp.Insert) or insert.expression:
        parser.raise_error("Expected INSERT INTO a table", word)
    return ended(query, insert, "expression")


def _export(parser: Parser, query: exp.Query) -> exp.Query:
    word = _next_word(parser)
    export: Any = parser.STATEMENT_PARSERS[TokenType.EXPORT](parser)  # type: ignore[no-untyped-call]
    if not isinstance(export, exp.Export):
        parser.raise_error("Expected EXPORT DATA", word)
    return ended(query, export, "this")


OPERATORS: Final[dict[str, Operator]] = {
    "SELECT": _select,
    "EXTEND": _extend,
    "WINDOW": _extend,
    "SET": _changed_star("replace", _assignment),
    "DROP": _changed_star("except_", _name),
    "RENAME": _changed_star("rename", _renaming),
    "ASSERT": _assert,
    "WHERE": _where,
    "DISTINCT": _distinct,
    "ORDER BY": _order_by,
    "LIMIT": _limit,
    "TABLESAMPLE": _table_sample,
    "AGGREGATE": _aggregate,
    "AS": _as,
    **dict.fromkeys(("JOIN", "INNER", "RIGHT", "CROSS"), _join),
    **dict.fromkeys(("UNION", "INTERSECT", "EXCEPT"), _set_operation),
    **dict.fromkeys(("LEFT", "FULL"), _join_or_set_operation),
    "PIVOT": _pivot,
    "UNPIVOT": _pivot,
    "CALL": _call,
    "WITH": _with,
    "CREATE": _create,
    "INSERT": _insert,
    "EXPORT": _export,
}
"""Readers by the word that they begin with, in upper case."""
