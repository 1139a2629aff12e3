"""Relations and how a column name is traced through them to physical tables.

`trace` is pure: it says where a name leads. `demand` follows a trace and records the reads. A name leads to

- a *group*: alternatives, each a column of a physical scan (several when the tables' columns are unknown);
- a *computed* value: an expression in some SELECT, whose own names must be traced in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlglot import exp

from costguard.facts.sql.expression import ExpressionInfo, Reference, field_value, inspect, struct_value

if TYPE_CHECKING:
    from costguard.facts.sql.reads import ReadLog

YES, MAYBE, NO = 2, 1, 0

PSEUDO_COLUMNS = frozenset(
    {"_table_suffix", "_partitiontime", "_partitiondate", "_file_name", "_change_type"}
)


class Target(NamedTuple):
    """A column of a physical scan."""

    scan: int
    path: str
    barrier: bool
    """A filter on it cannot reach the scan (LIMIT, window, aggregate in between)."""
    via: tuple[int, ...]
    """References of CTEs that it was reached through."""
    doubt: str = ""
    """Why it is not documented whether a filter on it reaches the scan: `window` (over partitions by it)."""


class Group(NamedTuple):
    """Alternatives of which one is meant, innermost scope first."""

    targets: tuple[Target, ...]
    variable: str = ""
    """The script variable (or field of one) that is meant when none of the tables has such a column; mostly none."""


class Computed(NamedTuple):
    """A value computed by an expression of a SELECT."""

    body: SelectBody
    expression: exp.Expr
    path: tuple[str, ...]
    barrier: bool
    via: tuple[int, ...]
    doubt: str = ""


class Row(NamedTuple):
    """The whole row of a relation used as one value."""

    relation: Relation


Trace = Sequence["Group | Computed | Row"]


class Why(NamedTuple):
    """Why something is read."""

    output: bool
    """Only because the statement's result shows it."""
    column: str | None
    """The result column, when it is one only; empty where nobody asks which."""
    join: int | None = None
    """Only as long as this join (of the log) is made: it may be left out where keys are declared."""


ALWAYS = Why(False, None)
RESULT = Why(True, None)
SOME_RESULT = Why(True, "")
"""As part of the result, whatever its column: an expression that feeds ten of them is followed once."""


class Relation:
    """Something rows come from."""

    __slots__ = ()

    one_row: bool = False
    small: bool = False

    def owns(self, name: str) -> int:
        """YES, MAYBE or NO: has a column of this (lower-case) name."""
        raise NotImplementedError

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        """Where a column, or a field of it, leads."""
        raise NotImplementedError

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        """Read every column but the excepted ones."""
        raise NotImplementedError

    def activate(self) -> None:
        """Read what the relation needs to produce its rows at all."""

    def whole(self) -> Trace:
        """Where the relation's row, named as a value, leads."""
        return (Row(self),)

    def names(self) -> list[str] | None:
        """Its columns in order; None when only a catalog knows them."""
        return None

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace:
        """Where the n-th column leads; only for relations whose `names` are known."""
        raise NotImplementedError


class Scan(Relation):
    """A physical table."""

    __slots__ = ("index", "log")

    def __init__(self, index: int, log: ReadLog) -> None:
        self.index = index
        self.log = log

    def owns(self, name: str) -> int:
        return MAYBE

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        return (Group((Target(self.index, ".".join((name, *path)), False, ()),)),)

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        self.log.read_all(self.index, why, excepted, star, kind)

    def activate(self) -> None:
        self.log.activate_scan(self.index)


class Opaque(Relation):
    """A table function, VALUES, or anything else whose rows come from elsewhere than a column."""

    __slots__ = ("body", "columns", "info", "one_row", "open", "small")

    def __init__(
        self,
        body: SelectBody,
        info: ExpressionInfo,
        columns: frozenset[str] = frozenset(),
        *,
        is_open: bool = True,
        small: bool = False,
    ) -> None:
        self.body = body
        self.info = info
        self.columns = columns
        self.open = is_open
        self.small = small
        self.one_row = False

    def owns(self, name: str) -> int:
        if name in self.columns:
            return YES
        return MAYBE if self.open and name not in PSEUDO_COLUMNS else NO

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        return ()

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        return None

    def activate(self) -> None:
        self.body.demand_info(self.info, ALWAYS)

    def whole(self) -> Trace:
        return ()


class Unnested(Relation):
    """UNNEST of an array."""

    __slots__ = (
        "alias",
        "body",
        "constant",
        "expression",
        "fields",
        "offset",
        "position",
        "reference",
        "scalar",
        "small",
    )

    def __init__(
        self,
        body: SelectBody,
        expression: exp.Expr | None,
        reference: Reference | None,
        alias: str,
        offset: str,
        *,
        constant: bool,
        scalar: bool,
        fields: frozenset[str],
    ) -> None:
        self.body = body
        self.expression = expression
        self.reference = reference
        self.alias = alias
        self.offset = offset
        self.constant = constant
        self.scalar = scalar
        self.fields = fields
        self.small = constant
        self.position = len(body.sources)
        """The array can only name sources to the left of it."""

    def owns(self, name: str) -> int:
        if name in (self.alias, self.offset) and name:
            return YES
        if name in self.fields:
            return YES
        if self.scalar or self.constant or name in PSEUDO_COLUMNS:
            return NO
        return MAYBE

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        if self.constant or (name == self.offset and name):
            return ()
        return self._element((name, *path))

    def _element(self, path: tuple[str, ...]) -> Trace:
        if self.reference is not None:
            return self.body.trace_parts((*self.reference.parts, *path), self.position)
        if self.expression is not None:
            return (Computed(self.body, self.expression, path, False, ()),)
        return ()

    def whole(self) -> Trace:
        return () if self.constant else self._element(())

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        self.body.consume(self.whole(), why, star)

    def activate(self) -> None:
        if self.reference is not None:
            trace = self.body.trace_parts(self.reference.parts, self.position)
            self.body.consume(trace, ALWAYS, (self.reference.start, self.reference.end), kind="unnest")
        elif self.expression is not None:
            self.body.demand(self.expression, ALWAYS)


class Pivoted(Relation):
    """PIVOT or UNPIVOT of a relation."""

    __slots__ = ("body", "columns", "consumed", "inner", "needed")

    def __init__(
        self,
        body: SelectBody,
        inner: Relation,
        columns: dict[str, tuple[str, ...]],
        *,
        needed: tuple[str, ...],
        consumed: frozenset[str] | None,
    ) -> None:
        self.body = body
        self.inner = inner
        self.columns = columns
        """New columns, and the columns that each is made of."""
        self.needed = needed
        """Columns that decide how many rows there are (UNPIVOT leaves NULL out)."""
        self.consumed = consumed
        """For PIVOT: the columns that it names. Every other one is an implicit grouping key."""

    def owns(self, name: str) -> int:
        return YES if name in self.columns else self.inner.owns(name)

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        if name not in self.columns:
            return self.inner.trace(name, path)
        found: list[Group | Computed | Row] = []
        for source in self.columns[name]:
            found.extend(self.inner.trace(source, ()))
        return found

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        self.inner.demand_all(why, excepted, star, kind)

    def activate(self) -> None:
        self.inner.activate()
        for name in self.needed:
            self.body.consume(self.inner.trace(name, ()), ALWAYS, None)
        if self.consumed is not None:
            self.inner.demand_all(ALWAYS, self.consumed, None, "row")


class Referenced(Relation):
    """A reference to a CTE or a subquery in FROM, perhaps with renamed columns."""

    __slots__ = ("body", "columns", "cte", "log", "reference")

    def __init__(
        self, body: Body, columns: tuple[str, ...] = (), cte: int | None = None, log: ReadLog | None = None
    ) -> None:
        self.body = body
        self.columns = columns
        self.cte = cte
        self.log = log
        self.reference = log.new_reference(cte) if log is not None and cte is not None else None

    @property
    def one_row(self) -> bool:  # type: ignore[override]
        return self.body.one_row

    @property
    def small(self) -> bool:  # type: ignore[override]
        return self.body.small

    def owns(self, name: str) -> int:
        if name in self.columns:
            return YES
        return self.body.owns(name)

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        if name in self.columns:
            position = self.columns.index(name)
            found = self.body.trace_position(position, path)
            if found is None:
                found = self.body.trace_output(name, path)
        else:
            found = self.body.trace_output(name, path)
        return self._through(found)

    def _through(self, found: Trace) -> Trace:
        if self.reference is None or self.log is None or not self.log.tracking_references:
            return found
        return [_tagged(item, self.reference) for item in found]

    def names(self) -> list[str] | None:
        known = self.body.names()
        if known is None or not self.columns:
            return known
        return [*self.columns, *known[len(self.columns) :]]

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace:
        return self._through(self.body.trace_position(position, path) or ())

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        names = self.names() if self.columns else None
        if names is None:
            self.body.demand_outputs(why, excepted, kind)
            return
        for position, name in enumerate(names):
            if name not in excepted:
                self.body.demand_position(
                    position, Why(True, name) if why.output and why.column is None else why
                )

    def activate(self) -> None:
        if self.reference is not None and self.log is not None:
            self.log.use_reference(self.reference)
        self.body.activate()


class Behind(Relation):
    """A table inside a SELECT, as later operators of the same pipe see it: with the values that it has there."""

    __slots__ = ("body", "relation")

    def __init__(self, relation: Relation, body: SelectBody) -> None:
        self.relation = relation
        self.body = body

    def owns(self, name: str) -> int:
        return self.relation.owns(name)

    def trace(self, name: str, path: tuple[str, ...]) -> Trace:
        return self._through(self.relation.trace(name, path))

    def whole(self) -> Trace:
        return self._through(self.relation.whole())

    def _through(self, found: Trace) -> Trace:
        return [_behind_barrier(item) for item in found] if self.body.barrier else found

    def names(self) -> list[str] | None:
        return self.relation.names()

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace:
        return self._through(self.relation.trace_position(position, path))

    def demand_all(self, why: Why, excepted: frozenset[str], star: tuple[int, int] | None, kind: str) -> None:
        self.relation.demand_all(why, excepted, star, kind)


def _tagged(item: Group | Computed | Row, reference: int) -> Group | Computed | Row:
    if isinstance(item, Group):
        return item._replace(
            targets=tuple(target._replace(via=(*target.via, reference)) for target in item.targets)
        )
    if isinstance(item, Computed):
        return item._replace(via=(*item.via, reference))
    return item


def _behind_barrier(item: Group | Computed | Row) -> Group | Computed | Row:
    if isinstance(item, Group):
        return item._replace(targets=tuple(target._replace(barrier=True) for target in item.targets))
    if isinstance(item, Computed):
        return item._replace(barrier=True)
    return item


def _in_doubt(item: Group | Computed | Row) -> Group | Computed | Row:
    if isinstance(item, Group):
        return Group(tuple(target._replace(doubt="window") for target in item.targets))
    if isinstance(item, Computed):
        return item._replace(doubt="window")
    return item


class Body:
    """A SELECT or a set operation: it has output columns."""

    __slots__ = ()

    one_row: bool = False
    small: bool = False

    def owns(self, name: str) -> int:
        """YES, MAYBE or NO: has an output column of this name."""
        raise NotImplementedError

    def trace_output(self, name: str, path: tuple[str, ...]) -> Trace:
        """Where an output column leads."""
        raise NotImplementedError

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace | None:
        """Where the n-th output column leads; None when a star before it hides the position."""
        raise NotImplementedError

    def demand_outputs(self, why: Why, excepted: frozenset[str], kind: str = "star") -> None:
        """Read everything that the output columns need."""
        raise NotImplementedError

    def demand_position(self, position: int, why: Why) -> None:
        """Read what the n-th output column needs; only for bodies whose `names` are known."""
        raise NotImplementedError

    def activate(self) -> None:
        """Read what its rows need at all."""
        raise NotImplementedError

    def names(self) -> list[str] | None:
        """Output column names in order; None when a star hides them."""
        raise NotImplementedError


class Source:
    """A relation in FROM, with the name it goes by."""

    __slots__ = ("alias", "null_extended", "qualifier", "relation")

    def __init__(self, alias: str, relation: Relation, qualifier: tuple[str, ...] = ()) -> None:
        self.alias = alias
        self.relation = relation
        self.qualifier = qualifier
        """Lower-case dataset and project parts, so that `dataset.table.column` is understood."""
        self.null_extended = False


def _named_source(sources: Sequence[Source], parts: tuple[str, ...]) -> Source | None:
    name, qualifier = parts[-1], parts[:-1]
    for source in sources:
        if source.alias == name and (not qualifier or source.qualifier[-len(qualifier) :] == qualifier):
            return source
    return None


class OutputColumn(NamedTuple):
    """An output column whose place among the others is known."""

    name: str
    expression: exp.Expr | None
    source: Relation | None
    """It comes through a star over this relation."""
    position: int
    """The column's place in that relation."""
    star: tuple[int, int] | None


class Projection:
    """An output column, or a star."""

    __slots__ = ("excepted", "expression", "name", "renamed", "replaced", "star", "star_parts")

    def __init__(self, name: str, expression: exp.Expr | None) -> None:
        self.name = name
        self.expression = expression
        self.star: tuple[int, int] | None = None
        self.star_parts: tuple[str, ...] = ()
        self.excepted: frozenset[str] = frozenset()
        self.replaced: dict[str, exp.Expr] = {}
        self.renamed: dict[str, tuple[str, exp.Expr]] = {}
        """New names, by the old ones, which are among the excepted."""

    def value_of(self, name: str) -> exp.Expr | None:
        """The value of a column of the star that has this name, where it is another one than in its sources."""
        if name in self.replaced:
            return self.replaced[name]
        for new, value in self.renamed.values() if self.renamed else ():
            if new == name:
                return value
        return None

    def given(self) -> Iterator[tuple[str, exp.Expr]]:
        """The columns of a star that go by another name or have another value than in its sources."""
        yield from self.replaced.items()
        yield from self.renamed.values()


class JoinClause(NamedTuple):
    """A JOIN of a SELECT, or its WHERE where relations are joined without a condition."""

    side: str
    """LEFT, RIGHT, FULL, or empty: inner."""
    written: bool
    """With ON or USING."""
    on: exp.Expr | None
    using: tuple[str, ...]
    before: int
    """Sources to the left of it."""
    after: int
    """Those and the ones that it adds."""


BuildNested = Callable[["exp.Expr", "SelectBody"], Body]
"""Builds the body of a query that lies in an expression of a SELECT."""


class SelectBody(Body):
    """One SELECT with its sources."""

    __slots__ = (
        "_active",
        "_by_name",
        "_columns",
        "_columns_known",
        "_demanded",
        "_infos",
        "_names",
        "_nested",
        "_outputs_demanded",
        "_stars",
        "_traces",
        "_window_keys",
        "always",
        "barrier",
        "behind",
        "build_nested",
        "conditions",
        "distinct",
        "joins",
        "log",
        "merged",
        "named_windows",
        "node",
        "one_row",
        "ordinals",
        "parent",
        "projections",
        "small",
        "sources",
        "using",
        "value_table",
        "variables",
        "why",
        "windowed",
    )

    def __init__(self, node: exp.Expr | None, parent: SelectBody | None, log: ReadLog) -> None:
        self.node = node
        self.parent = parent
        self.log = log
        self.sources: list[Source] = []
        self.behind: list[Source] = []
        """Tables inside the first source that can be named by their aliases alone: those of a pipe."""
        self.projections: list[Projection] = []
        self.always: list[tuple[exp.Expr, bool]] = []
        """(expression read whenever the body is used, whether it may name output columns)."""
        self.joins: list[JoinClause] = []
        """Conditions of joins: read whenever the body is used, like `always`."""
        self.ordinals: list[int] = []
        """Output columns that GROUP BY and ORDER BY name by their number, from 0."""
        self.using: list[tuple[str, Source]] = []
        """(column, right side) of JOIN ... USING."""
        self.merged: set[str] = set()
        """Columns of USING that either side may give: a filter on them reaches neither."""
        self.conditions: list[tuple[exp.Expr, str, Source | None]] = []
        """(condition, clause, only source that it may limit): for the predicates pass."""
        self.named_windows: dict[str, exp.Expr] = {}
        self.distinct = False
        self.barrier = False
        self.windowed = False
        """It has window functions, past which a filter goes on what all of them partition by, at most."""
        self.one_row = False
        self.small = False
        self.value_table = False
        self.variables: Mapping[str, Any] = parent.variables if parent else {}
        """Script variables, or the parameters of a function, in lower case, with their values as predicate JSON
        (None when one is not known)."""
        self.build_nested: BuildNested | None = parent.build_nested if parent else None
        self.why = ALWAYS
        """Why `always` is read: only for an outer join, if nothing else needs these rows."""
        self._active = False
        self._by_name: tuple[int, dict[str, Projection]] = (0, {})
        """(how many output columns there were then, those that are written out by their name)."""
        self._stars: list[Projection] = []
        self._columns: list[OutputColumn] | None = None
        self._columns_known = False
        self._outputs_demanded: set[tuple[Why, frozenset[str]]] = set()
        self._demanded: set[tuple[int, Why, tuple[str, ...]]] = set()
        self._infos: dict[int, ExpressionInfo] = {}
        self._nested: dict[int, Body] = {}
        self._traces: dict[tuple[str, tuple[str, ...], bool], Trace] = {}
        self._names: dict[tuple[tuple[str, ...], int | None, bool], Trace] = {}
        self._window_keys: list[tuple[set[tuple[int, str]], list[exp.Expr]]] | None = None

    # -- names -------------------------------------------------------------------------------------

    def names(self) -> list[str] | None:
        columns = self.columns()
        return None if columns is None else [column.name for column in columns]

    def columns(self) -> list[OutputColumn] | None:
        """The output columns in order, stars over CTEs and subqueries written out; None when a star hides some."""
        if not self._columns_known:
            self._columns_known = True  # a query that reads itself ends here
            found: list[OutputColumn] = []
            for projection in self.projections:
                more = self._columns_of(projection)
                if more is None:
                    return None
                found.extend(more)
            self._columns = found
        return self._columns

    def _columns_of(self, projection: Projection) -> list[OutputColumn] | None:
        if projection.star is None:
            return [OutputColumn(projection.name, projection.expression, None, 0, None)]
        sources = self._star_sources(projection)
        if not sources or (self.using and not projection.star_parts):
            return None
        found = []
        for source in sources:
            names = source.relation.names()
            if names is None:
                return None
            for position, name in enumerate(names):
                if name in projection.replaced:
                    found.append(OutputColumn(name, projection.replaced[name], None, 0, None))
                elif name in projection.renamed:
                    found.append(OutputColumn(*projection.renamed[name], None, 0, None))
                elif name not in projection.excepted:
                    found.append(OutputColumn(name, None, source.relation, position, projection.star))
        return found

    def _named(self, name: str) -> Projection | None:
        """The first output column with this name that is written out."""
        if self._by_name[0] != len(self.projections):
            columns = {item.name: item for item in reversed(self.projections) if item.star is None}
            self._by_name = (len(self.projections), columns)
            self._stars = [item for item in self.projections if item.star is not None]
        return self._by_name[1].get(name)

    def owns(self, name: str) -> int:
        if self._named(name) is not None:
            return YES
        best = NO
        for projection in self._stars:
            if projection.value_of(name) is not None:
                return YES
            if name not in projection.excepted and name not in PSEUDO_COLUMNS:
                for source in self._star_sources(projection):
                    best = max(best, source.relation.owns(name))
                if projection.star_parts and not self._star_sources(projection):
                    best = max(best, MAYBE)
        return MAYBE if self.value_table and best == NO else best

    def _star_sources(self, projection: Projection) -> list[Source]:
        if not projection.star_parts:
            return self.sources
        source = self.find_source(projection.star_parts)
        return [source] if source is not None else []

    def find_source(self, parts: tuple[str, ...], before: int | None = None) -> Source | None:
        """The source that all of these parts name, in this SELECT only (among the first `before` ones)."""
        sources = self.sources if before is None else self.sources[:before]
        found = _named_source(sources, parts)
        return _named_source(self.behind, parts) if found is None and self.behind and sources else found

    def trace_output(self, name: str, path: tuple[str, ...]) -> Trace:
        key = (name, path, self.log.tracking_references)
        known = self._traces.get(key)
        if known is not None:
            return known
        self._traces[key] = ()  # a recursive CTE ends here
        found = self._traces[key] = self._past_filters(self._trace_output(name, path))
        return found

    def _trace_output(self, name: str, path: tuple[str, ...]) -> Trace:
        named = self._named(name)
        if named is not None and named.expression is not None:
            return self.trace_expression(named.expression, path)
        found: list[Group | Computed | Row] = []
        for projection in self._stars:
            value = projection.value_of(name)
            if value is not None:
                return self.trace_expression(value, path)
            if name in projection.excepted:
                continue
            if projection.star_parts:
                source = self.find_source(projection.star_parts)
                if source is None:
                    found.extend(self.trace_parts((*projection.star_parts, name, *path)))
                elif source.relation.owns(name):
                    found.extend(source.relation.trace(name, path))
            else:
                found.extend(self._trace_unqualified(name, path, outward=False))
        if not found and self.value_table and len(self.projections) == 1:
            expression = self.projections[0].expression
            if expression is not None:
                return self.trace_expression(expression, (name, *path))
        return found

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace | None:
        column = self._column_at(position)
        if column is None:
            return None if self.columns() is None else ()
        key = (f"#{position}", path, self.log.tracking_references)
        known = self._traces.get(key)
        if known is None:
            self._traces[key] = ()  # a recursive CTE comes back here
            known = self._traces[key] = self._trace_column(column, path)
        return known

    def _trace_column(self, column: OutputColumn, path: tuple[str, ...]) -> Trace:
        found: Trace = ()
        if column.source is not None:
            found = column.source.trace_position(column.position, path)
        elif column.expression is not None:
            found = self.trace_expression(column.expression, path)
        return self._past_filters(found)

    def _past_filters(self, found: Trace) -> Trace:
        """Note what a filter on an output column cannot, or may not, pass."""
        if self.barrier:
            return [_behind_barrier(item) for item in found]
        if self.windowed:
            return [_in_doubt(item) if self.partitions_by(item) else _behind_barrier(item) for item in found]
        return found

    def partitions_by(self, item: Group | Computed | Row) -> bool:
        """All window functions partition by this value: a filter on it leaves whole partitions."""
        if self._window_keys is None:
            self._window_keys = [self._keys_of(window) for window in self._windows()]
        if isinstance(item, Group):
            columns = {(target.scan, target.path) for target in item.targets}
            return all(columns <= keys for keys, _ in self._window_keys)
        if isinstance(item, Computed) and item.body is self and not item.path:
            return all(item.expression in expressions for _, expressions in self._window_keys)
        return False

    def _windows(self) -> list[exp.Expr]:
        expressions = [
            *(item.expression for item in self.projections if item.expression is not None),
            *(expression for item in self.projections for expression in item.replaced.values()),
            *(expression for expression, _ in self.always),
        ]
        return [window for expression in expressions for window in self.info_of(expression).windows]

    def _keys_of(self, window: exp.Expr) -> tuple[set[tuple[int, str]], list[exp.Expr]]:
        """The columns, and the computed values, that a window function partitions by."""
        named = (
            self.named_windows.get(window.args["alias"].name.lower()) if window.args.get("alias") else None
        )
        keys = window.args.get("partition_by") or (
            named.args.get("partition_by") if named is not None else None
        )
        columns: set[tuple[int, str]] = set()
        expressions: list[exp.Expr] = []
        for key in keys or ():
            for item in self.trace_expression(key, ()):
                if isinstance(item, Group):
                    columns.update((target.scan, target.path) for target in item.targets)
                elif isinstance(item, Computed) and item.body is self:
                    expressions.append(item.expression)
        return columns, expressions

    def _column_at(self, position: int) -> OutputColumn | None:
        columns = self.columns()
        if columns is not None:
            return columns[position] if position < len(columns) else None
        before = self.projections[: position + 1]
        if len(before) <= position or any(projection.star is not None for projection in before):
            return None
        return OutputColumn(before[-1].name, before[-1].expression, None, 0, None)

    def trace_expression(self, expression: exp.Expr, path: tuple[str, ...]) -> Trace:
        """Where a field of the value of an expression leads: through plain columns and STRUCT fields."""
        current = expression
        while isinstance(current, exp.Paren):
            current = current.this
        if isinstance(current, (exp.Column, exp.Dot, exp.Bracket)):
            info = self.info_of(current)
            references = info.references
            if len(references) == 1 and not info.queries:
                parts = references[0].parts
                return self.trace_parts((*parts, *path) if path else parts)
        if isinstance(current, exp.Dot):
            value = struct_value(current)
            if value is not None:
                return self.trace_expression(value, path)
        if path:
            value = field_value(current, path[0])
            if value is not None:
                return self.trace_expression(value, path[1:])
        return (Computed(self, current, path, False, ()),)

    def trace_parts(self, parts: tuple[str, ...], before: int | None = None) -> Trace:
        """Where a dotted name in an expression of this SELECT leads.

        `before`: only the first so many sources of this SELECT are visible, as for an UNNEST in its FROM.
        """
        key = (parts, before, self.log.tracking_references)
        known = self._names.get(key)
        if known is None:
            known = self._names[key] = self._trace_parts(parts, before)
        return known

    def is_variable(self, parts: tuple[str, ...]) -> bool:
        """The name is that of a script variable, or of a field of one, and no table's alias, nor a column that is
        sure to be there, hides it. A column of a table hides it too, which only a catalog can tell."""
        if parts[0] not in self.variables or self.owns_source(parts[0]) == YES:
            return False
        scope: SelectBody | None = self
        while scope is not None:
            if len(parts) > 1 and scope.find_source(parts[:1], None) is not None:
                return False
            scope = scope.parent
        return True

    def _trace_parts(self, parts: tuple[str, ...], before: int | None) -> Trace:
        scope: SelectBody | None = self
        while scope is not None:
            limit = before if scope is self else None
            for length in range(1, min(len(parts), 3) + 1):
                source = scope.find_source(parts[:length], limit)
                if source is None:
                    continue
                if len(parts) == length:
                    if length > 1:
                        continue
                    return source.relation.whole()
                if parts[length] == "*":
                    return (Row(source.relation),)
                return source.relation.trace(parts[length], _fields(parts[length + 1 :]))
            scope = scope.parent
        found = self._trace_unqualified(parts[0], _fields(parts[1:]), outward=True, before=before)
        if parts[0] in self.variables and self.is_variable(parts):
            return [item._replace(variable=".".join(parts)) for item in found if isinstance(item, Group)]
        return found

    def _trace_unqualified(
        self, name: str, path: tuple[str, ...], *, outward: bool, before: int | None = None
    ) -> Trace:
        found = self._trace_in_sources(name, path, outward=outward, before=before)
        return [_behind_barrier(item) for item in found] if name in self.merged else found

    def _trace_in_sources(
        self, name: str, path: tuple[str, ...], *, outward: bool, before: int | None
    ) -> Trace:
        maybe: list[Source] = []
        for source in self._owners(name, before):
            owns = source.relation.owns(name)
            if owns == YES:
                return source.relation.trace(name, path)
            if owns == MAYBE:
                maybe.append(source)
        if len(maybe) == 1 and (self.parent is None or not outward):
            return maybe[0].relation.trace(name, path) or ()
        traces = [source.relation.trace(name, path) for source in maybe]
        if outward and self.parent is not None:
            outer = self.parent._trace_unqualified(name, path, outward=True)
            if not maybe:
                return outer
            traces.append(outer)
        traces = [trace for trace in traces if trace]
        if len(traces) <= 1:
            return traces[0] if traces else ()
        if any(not isinstance(item, Group) for trace in traces for item in trace):
            # A computed column may be meant: prefer plain columns, which is what unknown tables give.
            plain = [trace for trace in traces if all(isinstance(item, Group) for item in trace)]
            return plain[0] if plain else traces[0]
        # Either relation may own the name; every column of each must appear in some group.
        width = max(len(trace) for trace in traces)
        columns = [[item for item in trace if isinstance(item, Group)] for trace in traces]
        return [
            Group(
                tuple(target for column in columns for target in column[number % len(column)].targets),
                max(column[number % len(column)].variable for column in columns),
            )
            for number in range(width)
        ]

    def _owners(self, name: str, before: int | None) -> list[Source]:
        """The sources that a bare name may be a column of: with LEFT JOIN ... USING (name) not the right one, with
        RIGHT JOIN none to the left."""
        sources = self.sources if before is None else self.sources[:before]
        if not self.using:
            return sources
        first = max(
            (clause.before for clause in self.joins if clause.side == "RIGHT" and name in clause.using),
            default=0,
        )
        if first and any(source.relation.owns(name) for source in sources[first:]):
            sources = sources[first:]
        optional = [right for column, right in self.using if column == name and right.null_extended]
        if not optional:
            return sources
        others = [source for source in sources if not any(source is right for right in optional)]
        return others if any(source.relation.owns(name) for source in others) else sources

    def owns_source(self, name: str) -> int:
        """YES, MAYBE or NO: a source of this SELECT, or of one around it, has a column of this name."""
        best = max((source.relation.owns(name) for source in self.sources), default=NO)
        return max(best, self.parent.owns_source(name)) if self.parent is not None else best

    # -- reads -------------------------------------------------------------------------------------

    def release(self) -> None:
        """Forget what refers back to it."""
        self.parent = None
        self.build_nested = None
        self.sources.clear()
        self.behind.clear()
        self.joins.clear()
        self.using.clear()
        self.conditions.clear()
        self._nested.clear()
        self._names.clear()
        self._traces.clear()

    def info_of(self, expression: exp.Expr) -> ExpressionInfo:
        """What an expression mentions; walked once."""
        info = self._infos.get(id(expression))
        if info is None:
            info = self._infos[id(expression)] = inspect(expression)
            self.log.noted(self, info)
        return info

    def known_info(self, expression: exp.Expr) -> ExpressionInfo | None:
        """What an expression mentions, if it was walked already."""
        return self._infos.get(id(expression))

    def demanded(self) -> list[ExpressionInfo]:
        """What the expressions mention of which the value was needed."""
        keys = dict.fromkeys(key for key, _, _ in self._demanded)
        return [self._infos[key] for key in keys if key in self._infos]

    def nested(self, node: exp.Expr) -> Body:
        """The body of a query inside an expression of this SELECT."""
        body = self._nested.get(id(node))
        if body is None:
            assert self.build_nested is not None
            body = self._nested[id(node)] = self.build_nested(node, self)
        return body

    def demand(
        self,
        expression: exp.Expr,
        why: Why,
        path: tuple[str, ...] = (),
        *,
        outputs_first: bool = False,
    ) -> None:
        """Read what an expression needs. `outputs_first`: a bare name may be an output column (ORDER BY)."""
        key = (id(expression), why, path)
        if key in self._demanded:
            return
        self._demanded.add(key)
        self.demand_info(self.info_of(expression), why, outputs_first=outputs_first)

    def demand_info(self, info: ExpressionInfo, why: Why, *, outputs_first: bool = False) -> None:
        """Read what was found in an expression."""
        for reference in info.references:
            place = (reference.start, reference.end)
            if outputs_first:
                output = self.output_expression(reference.parts[0])
                if output is not None:
                    self.demand(output, why, reference.parts[1:])
                    continue
            self.consume(self.trace_parts(reference.parts), why, place)
        for name in info.named_windows:
            window = self.named_windows.get(name)
            if window is not None:
                self.demand(window, why)
        for node, usage in info.queries:
            body = self.nested(node)
            body.activate()
            if usage != "exists":
                body.demand_outputs(why, frozenset())
        if self.log.called is not None:
            for function in info.functions:
                self.log.called(self, function)
        for table in info.tables:
            assert self.build_nested is not None
            relation = self.log.relation_of_table(self, table)
            relation.activate()
            relation.demand_all(ALWAYS, frozenset(), None, "row")

    def output_expression(self, name: str) -> exp.Expr | None:
        """What a name means that is an output column and no column of a source."""
        named = self._named(name)
        if named is None:
            return None
        expression = named.expression
        if (
            isinstance(expression, exp.Column)
            and expression.name.lower() == name
            and expression.args.get("table") is None
        ):
            return None  # the output column is the column itself
        return expression

    def consume(
        self,
        trace: Trace,
        why: Why,
        place: tuple[int, int] | None,
        kind: str = "path",
        excepted: frozenset[str] = frozenset(),
    ) -> None:
        """Record the reads that a trace stands for. `excepted`: fields of a struct that are not read."""
        for item in trace:
            if isinstance(item, Group):
                self.log.read(item.targets, why, place, kind, excepted=excepted, variable=bool(item.variable))
            elif isinstance(item, Computed):
                item.body.demand(item.expression, why, item.path)
            else:
                item.relation.demand_all(why, frozenset(), place, "row")

    def is_active(self) -> bool:
        """Whether something needs its rows already."""
        return self._active

    def activate(self) -> None:
        if self._active:
            if self.why.join is not None:
                self.log.joins[self.why.join].keys.clear()  # another relation needs these rows too
            return
        self._active = True
        self.log.body_used(self)
        if self.joins:
            from costguard.facts.sql.join_keys import follow_joins  # which builds on this module

            follow_joins(self)
        else:
            self.activate_sources()
        for expression, outputs_first in self.always:
            self.demand(expression, self.why, outputs_first=outputs_first)
        for position in self.ordinals:
            self.demand_position(position, ALWAYS)
        if self.distinct:
            self.demand_outputs(ALWAYS, frozenset())

    def activate_sources(self) -> None:
        """Read what its relations need to produce their rows."""
        for source in self.sources:
            source.relation.activate()

    def demand_position(self, position: int, why: Why) -> None:
        column = self._column_at(position)
        if column is None:
            return
        if column.source is not None:
            self.consume(column.source.trace_position(column.position, ()), why, column.star)
        elif column.expression is not None:
            self.demand(column.expression, why)

    def demand_outputs(self, why: Why, excepted: frozenset[str], kind: str = "star") -> None:
        key = (why, excepted)
        if key in self._outputs_demanded:
            return
        self._outputs_demanded.add(key)
        for projection in self.projections:
            if projection.star is None:
                if projection.name in excepted or projection.expression is None:
                    continue
                reason = Why(True, projection.name) if why.output and why.column is None else why
                self.demand(projection.expression, reason)
                continue
            left_out = excepted | projection.excepted | frozenset(projection.replaced)
            for name, expression in projection.given():
                if name not in excepted:
                    reason = Why(True, name) if why.output and why.column is None else why
                    self.demand(expression, reason)
            sources = self._star_sources(projection)
            if projection.star_parts and not sources:
                trace = self.trace_parts((*projection.star_parts, "*"))
                self.consume(trace, why, projection.star, excepted=left_out)
            for source in sources:
                if isinstance(source.relation, Unnested) and not projection.star_parts:
                    self.consume(source.relation.whole(), why, projection.star)
                else:
                    source.relation.demand_all(why, left_out, projection.star, kind)
                    read_anyway = projection.replaced and left_out == self._still_read(projection)
                    if read_anyway and why.output and isinstance(source.relation, Scan):
                        self.log.scans[source.relation.index].star_excepts = False

    def _still_read(self, projection: Projection) -> frozenset[str]:
        """Columns that a star replaces by something made of themselves: `* REPLACE (UPPER(name) AS name)`."""
        return frozenset(
            name
            for name, expression in projection.replaced.items()
            if any(reference.parts[-1] == name for reference in self.info_of(expression).references)
        )


def _fields(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A trailing star of a struct means the whole struct."""
    return parts[:-1] if parts and parts[-1] == "*" else parts


class UnionBody(Body):
    """A set operation of bodies."""

    __slots__ = ("_outputs_demanded", "_traces", "_used", "branches", "by_name", "distinct", "log", "small")

    def __init__(self, branches: list[Body], *, distinct: bool, by_name: bool, log: ReadLog) -> None:
        self.branches = branches
        self.distinct = distinct
        self.by_name = by_name
        self.log = log
        self.small = all(branch.small or branch.one_row for branch in branches)
        self._used = False
        self._traces: dict[tuple[str, tuple[str, ...], bool], Trace] = {}
        self._outputs_demanded: set[tuple[Why, frozenset[str]]] = set()

    def names(self) -> list[str] | None:
        return self.branches[0].names()

    def owns(self, name: str) -> int:
        return self.branches[0].owns(name)

    def trace_output(self, name: str, path: tuple[str, ...]) -> Trace:
        key = (name, path, self.log.tracking_references)
        known = self._traces.get(key)
        if known is not None:
            return known
        self._traces[key] = ()
        names = None if self.by_name else self.branches[0].names()
        position = names.index(name) if names is not None and name in names else None
        found: list[Group | Computed | Row] = []
        for branch in self.branches:
            trace = branch.trace_position(position, path) if position is not None else None
            found.extend(self._by_name(branch, name, path) if trace is None else trace)
        found = list(dict.fromkeys(found))  # branches over the same CTE lead to the same columns
        self._traces[key] = found
        return found

    def _by_name(self, branch: Body, name: str, path: tuple[str, ...]) -> Trace:
        """A column of a branch when a star of another branch hides its position."""
        names = branch.names()
        if names is None or name in names or self.by_name:
            return branch.trace_output(name, path)
        # It goes by another name here: any of them may be meant.
        return [item for position in range(len(names)) for item in branch.trace_position(position, ()) or ()]

    def trace_position(self, position: int, path: tuple[str, ...]) -> Trace | None:
        if self.by_name:
            names = self.names()
            return None if names is None else self.trace_output(names[position], path)
        found: list[Group | Computed | Row] = []
        for branch in self.branches:
            trace = branch.trace_position(position, path)
            if trace is None:
                return None
            found.extend(trace)
        return found

    def demand_outputs(self, why: Why, excepted: frozenset[str], kind: str = "star") -> None:
        key = (why, excepted)
        if key in self._outputs_demanded:
            return
        self._outputs_demanded.add(key)
        names = None if self.by_name else self.branches[0].names()
        for branch in self.branches:
            if names is None or branch.names() is None:
                branch.demand_outputs(why, excepted, kind)
                continue
            # The first branch names the columns; the others follow by position.
            for position, name in enumerate(names):
                if name not in excepted:
                    branch.demand_position(
                        position, Why(True, name) if why.output and why.column is None else why
                    )

    def demand_position(self, position: int, why: Why) -> None:
        wanted = self.names()
        for branch in self.branches:
            names = branch.names()
            if names is None or wanted is None:
                branch.demand_outputs(why, frozenset())
            elif not self.by_name:
                branch.demand_position(position, why)
            elif wanted[position] in names:
                branch.demand_position(names.index(wanted[position]), why)

    def activate(self) -> None:
        if self._used:
            return
        self._used = True
        for branch in self.branches:
            branch.activate()
        if self.distinct:
            self.demand_outputs(ALWAYS, frozenset())


def below(relation: Relation) -> list[object]:
    """Every relation and body that the rows of a relation come from."""
    found: list[object] = []
    seen: set[int] = set()
    stack: list[object] = [relation]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        found.append(item)
        if isinstance(item, Referenced):
            stack.append(item.body)
        elif isinstance(item, Pivoted):
            stack.append(item.inner)
        elif isinstance(item, UnionBody):
            stack.extend(item.branches)
        elif isinstance(item, SelectBody):
            stack.extend(source.relation for source in item.sources)
    return found


def scans_below(relation: Relation) -> set[int]:
    """Every scan that the rows of a relation come from."""
    return {item.index for item in below(relation) if isinstance(item, Scan)}
