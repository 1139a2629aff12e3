"""The estimate stage: facts, catalog and prices become bytes and dollars.

Statements that name no table of the catalog are worked out for the whole project at once; the others one by
one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from costguard.catalog.model import Catalog
from costguard.estimate.bytes import NOTHING, Amount
from costguard.estimate.columns import (
    PSEUDO_COLUMNS,
    Elimination,
    Mark,
    Reading,
    ResolvedScan,
    Target,
    choose_position,
)
from costguard.estimate.eliminate import LeftOut, amount_without, elimination, left_out
from costguard.estimate.file_texts import count_once, statements_of_files, statements_of_fragments
from costguard.estimate.frame_sizes import sized_frames
from costguard.estimate.iterations import RunCounter
from costguard.estimate.price import price_book
from costguard.estimate.queries import ESTIMATED as QUERY_COLUMNS
from costguard.estimate.queries import (
    is_free,
    is_unread,
    priced,
    reads_elsewhere,
    reads_model,
    statement_amount,
)
from costguard.estimate.reads import unresolved_reads
from costguard.estimate.resolve import Resolver, ScanRequest
from costguard.estimate.routines import reading_beyond
from costguard.estimate.scans import (
    SCHEMA_VIEW,
    ScanColumns,
    amount_of,
    column_rows,
    describe_scan,
    scan_amount,
)
from costguard.estimate.script_tables import ScriptTables
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.tables import catalog_frames
from costguard.estimate.turns import TurnCounter
from costguard.estimate.views import ExpandView, KeyColumn, KeyJoin
from costguard.facts.frames import empty_frames, polars_schema
from costguard.money import worst_basis

Frames = dict[str, pl.DataFrame]

_CHANGING = frozenset({"UPDATE", "DELETE", "MERGE"})


def estimate(
    tables: Mapping[str, pl.DataFrame],
    catalog: Catalog,
    settings: EstimateSettings,
    expand_view: ExpandView = lambda text: None,
) -> Frames:
    """The fact tables with their estimated columns, `columns_read` from `read_plans`, and the catalog's own
    tables.

    A scan's bytes are what it would read alone; a statement reads each column of each partition once, so its
    bytes may be less than the sum of its scans. Unknown bytes are null, and `bytes_low` then is what is known
    of them.
    """
    frames = {**empty_frames(), **tables, **catalog_frames(catalog)}
    return _Estimate(frames, catalog, settings, expand_view).run()


class _Estimate:
    """The work of one call."""

    def __init__(
        self, frames: Frames, catalog: Catalog, settings: EstimateSettings, expand_view: ExpandView
    ) -> None:
        self.frames = frames
        self.settings = settings
        self.resolver = Resolver(catalog, settings, expand_view)
        self.queries = frames["queries"]
        self.scans = frames["scans"]
        self.columns = ScanColumns(self.scans["written_name"].to_list())
        self.resolved: dict[int, ResolvedScan] = {}
        """Scans that mean something: a table of the catalog, or INFORMATION_SCHEMA."""
        self.without: dict[int, LeftOut] = {}
        """By statement: the joins that declared keys let BigQuery leave out."""
        self.scan_queries: list[int] = self.scans["query"].to_list()
        self._placed: dict[tuple[int, int | None, int], tuple[int | None, bool, int | None]] | None = None
        """`rows_of`, `has_limit` and `limit` of a statement, by source, script and position."""
        self.inserts_only = self._inserts_only()
        self.made = ScriptTables(frames, self.resolver.full_name)
        self.replaced: set[int] = set()
        """Scans of tables that the script has replaced before."""

    def run(self) -> Frames:
        """Complete the frames."""
        self._resolve()
        reads = self._reads()
        amounts = self._scan_amounts()
        self._place_conditions()
        self._count_reads(reads)
        frames = self.frames
        names = list(self.columns.values)
        frames["scans"] = _with(self.scans, "scans", {name: self.columns.values[name] for name in names})
        frames["columns_read"] = reads
        frames["queries"] = _with(self.queries, "queries", self._queries(amounts))
        frames["sources"] = self._sources()
        frames["joins"] = self._joins()
        frames["frames"] = sized_frames(frames, self.resolver)
        return frames

    # -- tables ------------------------------------------------------------------------------------

    def _inserts_only(self) -> set[int]:
        """Target scans of a MERGE that only inserts."""
        writes = self.frames["writes"].filter(pl.col("target_scan").is_not_null() & pl.col("insert_only"))
        return set(writes["target_scan"].to_list())

    def _resolve(self) -> None:
        """Find the tables of all scans, and read their conditions."""
        queries = self.queries.select("dialect", "has_limit", "has_order", "has_aggregate").rows()
        wanted = self.scans.select(
            "table_name",
            "role",
            "name_hole",
            "predicate",
            "on_predicate",
            "sample_percent",
            "system_time",
            "in_subquery",
            "joined",
        )
        for number, row in enumerate(wanted.iter_rows()):
            name, role, hole, predicate, on_predicate, sample, system_time, inside, joined = row
            dialect, has_limit, has_order, has_aggregate = queries[self.scan_queries[number]]
            if dialect not in (None, "", "bigquery") or role == "insert_target":
                continue
            made = self.made.meaning(self.scan_queries[number], name)
            if made is not None and made.kind == "temporary":
                continue
            view = made if made is not None and made.text is not None else None
            if view is None and self.resolver.name(name, name_hole=bool(hole)).meaning == "unknown":
                continue
            if made is not None and made.kind == "replaced":
                self.replaced.add(number)
            conditions = [self.resolver.condition(given) for given in (predicate, on_predicate) if given]
            request = ScanRequest(
                name,
                conditions[0] if len(conditions) == 1 else ["and", conditions] if conditions else None,
                sample,
                bool(system_time),
                limited=bool(has_limit and not has_order and not has_aggregate and not inside and not joined),
                name_hole=bool(hole),
            )
            self.resolved[number] = (
                self.resolver.view(view.name, view.text or "", request)
                if view is not None
                else self.resolver.scan(request)
            )

    # -- columns -----------------------------------------------------------------------------------

    def _reads(self) -> pl.DataFrame:
        plans = self.frames["read_plans"]
        known = {self.scan_queries[scan] for scan in self.resolved}
        schema = polars_schema("columns_read")
        if not known:
            return self._completed(unresolved_reads(plans))
        is_known = pl.col("query").is_in(sorted(known))
        rest = self._completed(unresolved_reads(plans.filter(~is_known)))
        rows = self._known_reads(plans.filter(is_known))
        mine = pl.DataFrame(rows, schema=schema, orient="row")
        return pl.concat([rest, mine]).sort("query", maintain_order=True)

    def _completed(self, reads: pl.DataFrame) -> pl.DataFrame:
        """Reads of unknown tables with the columns that stay null."""
        names = pl.DataFrame(
            {"scan": range(self.scans.height), "table": self.scans["written_name"]},
            schema={"scan": pl.Int64, "table": pl.String},
        )
        found = reads.join(names, on="scan", how="left", maintain_order="left")
        schema = polars_schema("columns_read")
        return found.with_columns(
            pl.lit(None, dtype=schema[name]).alias(name) for name in schema if name not in found.columns
        ).select(list(schema))

    def _used_columns(self) -> dict[int, frozenset[str]]:
        """Query -> result columns that its DataFrame uses, where that is known."""
        used = self.frames["frames"].filter(
            pl.col("query").is_not_null() & pl.col("columns_used").is_not_null()
        )
        return {
            query: frozenset(name.lower() for name in names)
            for query, names in used.select("query", "columns_used").iter_rows()
        }

    def _known_reads(self, plans: pl.DataFrame) -> list[tuple[Any, ...]]:
        used = self._used_columns()
        others: list[tuple[int, int | None, str, int | None, str]] = []
        joins = self._key_joins()
        wanted = plans.select(
            *(
                "query",
                "scans",
                "path",
                "kind",
                "excepted",
                "at",
                "output",
                "output_column",
                "paths",
                "join",
                "variable",
            )
        )
        for (
            query,
            scans,
            path,
            kind,
            excepted,
            at,
            output,
            result,
            paths,
            join,
            variable,
        ) in wanted.iter_rows():
            targets = [self._target(scan) for scan in scans]
            if kind in ("path", "unnest") and path.lower() in PSEUDO_COLUMNS:
                for reading in (
                    reading for found in targets if found is not None for reading in found.readings
                ):
                    reading.pseudo = True
                continue
            position = choose_position(targets, paths or [path] * len(scans))
            own = paths[position] if paths else path
            target = targets[position]
            if variable and (target is None or target.find(own.lower()) is False):
                continue
            if target is None:
                if kind in ("path", "unnest"):
                    unknown = {scan for scan, found in zip(scans, targets, strict=True) if found is None}
                    others.append((query, scans[position] if len(unknown) == 1 else None, own, at, kind))
                continue
            names = used.get(query)
            is_wanted = not output or names is None or result is None or result.lower() in names
            mark = Mark(at, kind in ("star", "row"), is_wanted, joins.get(join))
            target.request(
                kind,
                own.lower(),
                frozenset(name.lower() for name in excepted or ()),
                mark,
                names if output else None,
            )
        self._leave_out(joins)
        return [*_unowned(others, self.columns.values["table"]), *self._owned()]

    def _target(self, scan: int) -> Target | None:
        found = self.resolved.get(scan)
        return found.target if found is not None else None

    def _key_joins(self) -> dict[int | None, Elimination]:
        """What the declared keys say of the joins, by the first row of each."""
        keys = self.frames["join_keys"]
        if not keys.height:
            return {}
        joins: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        roles = self.scans["role"].to_list()
        for row in keys.drop("query").iter_rows():
            # What DML changes is read whatever it is joined with.
            if all(scan in self.resolved and roles[scan] == "read" for scan in row[3]):
                joins[row[0]].append(row)
        targets = [self._target(scan) for scan in range(self.scans.height)]
        found: dict[int | None, Elimination] = {}
        for first, rows in joins.items():
            _, kind, stated, whole, *_ = rows[0]
            pairs = tuple(
                (KeyColumn(tuple(scans), tuple(paths)), KeyColumn(tuple(others), tuple(other_paths)))
                for *_, scans, paths, others, other_paths in rows
            )
            known = elimination(KeyJoin(kind == "outer", stated, tuple(whole), pairs), targets)
            if known is not None:
                found[first] = known
        return found

    def _leave_out(self, joins: Mapping[int | None, Elimination]) -> None:
        """Which of these joins, and of those inside views, are left out, now that all that is read is known."""
        by_query: dict[int, list[Elimination]] = defaultdict(list)
        if joins:
            queries = self.frames["join_keys"].select("join", "query").iter_rows()
            for first, query in dict(queries).items():
                if first in joins:
                    by_query[query].append(joins[first])
        for number, scan in self.resolved.items():
            if scan.target is not None and scan.target.eliminations:
                by_query[self.scan_queries[number]].extend(scan.target.eliminations)
        if not by_query:
            return
        columns = ("holes", "value_holes", "table_holes")
        holes = self.queries.select(columns).rows()
        for query, mine in by_query.items():
            every, values, names = holes[query]
            found = left_out(mine, guessed=(every or 0) > (values or 0) + (names or 0))
            if found is not None:
                self.without[query] = found

    def _owned(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        self._rows = {
            number: column_rows(scan, self.without.get(self.scan_queries[number]))
            for number, scan in self.resolved.items()
        }
        for number, rows in self._rows.items():
            query = self.scan_queries[number]
            found.extend(
                (
                    query,
                    number,
                    row.column,
                    row.at,
                    row.through_star,
                    False,
                    row.table,
                    row.type,
                    row.required,
                    row.bytes,
                )
                for row in rows
            )
        return found

    def _count_reads(self, reads: pl.DataFrame) -> None:
        counts = reads.filter(pl.col("scan").is_not_null()).group_by("scan").len()
        values = self.columns.values["columns_read"]
        for scan, count in counts.iter_rows():
            values[scan] = count

    # -- bytes -------------------------------------------------------------------------------------

    def _scan_amounts(self) -> dict[int, Amount]:
        """Describe every scan, and work out the bytes of every statement that has a known one."""
        by_query: dict[int, list[int]] = defaultdict(list)
        for number in self.resolved:
            by_query[self.scan_queries[number]].append(number)
        roles = self.scans["role"].to_list()
        unknown: set[int] = set()
        scans_of: dict[int, int] = defaultdict(int)
        for number, (query, role) in enumerate(zip(self.scan_queries, roles, strict=True)):
            if role != "insert_target":
                scans_of[query] += 1
                if number not in self.resolved:
                    unknown.add(query)
        used = self._used_columns()
        statements = self.queries["statement"].to_list()
        models = self.queries["materialized"].to_list()
        predicates = self.scans["predicate"].to_list()
        amounts: dict[int, Amount] = {}
        for query, numbers in by_query.items():
            statement, alone = statements[query], scans_of[query] == 1
            free = is_free(statement, models[query])
            without = self.without.get(query)
            for number in numbers:
                scan = self.resolved[number]
                changes = self._changes(number, roles[number], statement)
                amount = (
                    NOTHING
                    if free
                    else scan_amount(scan, statement, changes=changes, alone=alone, without=without)
                )
                if number in self.replaced and not free:
                    amount = _as_before(amount)
                wildcard = None
                if scan.resolved.meaning == "wildcard":
                    predicate = self.resolver.condition(predicates[number]) if predicates[number] else None
                    wildcard = self.resolver.members(scan.resolved, predicate)
                describe_scan(
                    self.columns,
                    number,
                    scan,
                    amount,
                    self._rows.get(number, []),
                    wildcard,
                    known_use=query in used,
                    changes=changes,
                    free=free,
                    without=without,
                )
            amounts[query] = NOTHING if free else self._together(numbers, roles, statement, alone=alone)
            if not free and not self.replaced.isdisjoint(numbers):
                amounts[query] = _as_before(amounts[query])
            if query in unknown and not free:
                amounts[query] = Amount(amounts[query].low, None, None, "unknown")
        for query in unknown - set(amounts):
            amounts[query] = (
                NOTHING if is_free(statements[query], models[query]) else Amount(0, None, None, "unknown")
            )
        return amounts

    def _place_conditions(self) -> None:
        """The places of conditions lie inside JSON, where they still count within their source: count overall."""
        places = self.columns.values["pruning_at"]
        marked = [number for number, at in enumerate(places) if at is not None]
        if not marked:
            return
        first: dict[int, int] = {}
        for at, source in enumerate(self.frames["locations"]["source"].to_list()):
            first.setdefault(source, at)
        sources = self.queries["source"].to_list()
        for number in marked:
            places[number] += first[sources[self.scan_queries[number]]]

    def _changes(self, number: int, role: str, statement: str) -> bool:
        """The scan is the target of DML that rewrites rows."""
        if role != "target" or statement not in _CHANGING:
            return False
        return statement != "MERGE" or number not in self.inserts_only

    def _together(self, numbers: list[int], roles: list[str], statement: str, *, alone: bool) -> Amount:
        readings: list[Reading] = []
        targets: list[Reading] = []
        schema_views: set[str] = set()
        complete = True
        for number in numbers:
            scan = self.resolved[number]
            if scan.resolved.meaning == "information_schema":
                schema_views.add(scan.resolved.name)
            elif scan.target is None:
                complete = False
            else:
                complete = complete and scan.complete
                readings.extend(scan.target.readings)
                if self._changes(number, roles[number], statement):
                    targets.extend(scan.target.readings)
        total = amount_without(
            readings,
            self.without.get(self.scan_queries[numbers[0]]),
            lambda left: amount_of(left, targets, statement, alone=alone),
        )
        for _ in schema_views:
            total = total.plus(SCHEMA_VIEW)
        return total if complete else Amount(total.low, None, None, "unknown")

    # -- statements --------------------------------------------------------------------------------

    def _queries(self, amounts: Mapping[int, Amount]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {name: [None] * self.queries.height for name in QUERY_COLUMNS}
        queries = self.queries.select(
            "query",
            "source",
            "statement",
            "variant",
            "loop_turns",
            "holes",
            "value_holes",
            "table_holes",
            "dry_run",
            "dialect",
            "loop_counts",
            "materialized",
            "branch",
        ).rows()
        incremental = {row[1] for row in queries if row[3] == "incremental"}
        counter = RunCounter(self.settings, self.frames["sources"]["path"].to_list(), incremental)
        models = dict(
            self.frames["writes"]
            .filter(pl.col("model_type").is_not_null())
            .select("query", "model_type")
            .iter_rows()
        )
        calls = self.frames["functions"].filter(pl.col("clause") == "table").select("query", "function")
        external = {query for query, function in calls.iter_rows() if reads_elsewhere(function)}
        beyond = reading_beyond(self.frames["routine_calls"], self.frames["routines"])
        scored = {query for query, function in calls.iter_rows() if reads_model(function)}
        locations = self._locations()
        book = self.settings.prices or price_book()
        counted = TurnCounter(self.resolver.constants)
        for (
            query,
            source,
            statement,
            variant,
            turns,
            holes,
            values,
            names,
            dry_run,
            dialect,
            loops,
            materialized,
            branch,
        ) in queries:
            if turns is None and loops is not None:
                turns = counted.turns(loops, partial(self._rows_at, query))
            found["loop_turns"][query] = turns
            runs, basis = counter.runs(source, variant, turns, never=branch is not None and "never" in branch)
            found["runs"][query], found["runs_basis"][query] = runs, basis
            found["bytes_basis"][query] = "unknown"
            if dialect not in (None, "", "bigquery"):
                continue
            amount = amounts.get(query, NOTHING)
            if query in external or (is_unread(statement) and query not in amounts):
                amount = Amount(amount.low, None, None, "unknown")
            if query in beyond and amount.point is not None and not is_free(statement, materialized):
                amount = amount._replace(basis=worst_basis(amount.basis, "lower-bound"))
            amount = statement_amount(
                amount,
                statement,
                (holes or 0) - (values or 0) - (names or 0),
                model_type=models.get(query),
                models=query in scored,
            )
            location = locations.get(query, self.settings.location)
            for name, value in priced(
                amount, runs, location, statement, models.get(query), book, dry_run=bool(dry_run)
            ).items():
                found[name][query] = value
        same = statements_of_files(self.frames)
        count_once(found, same, statements_of_fragments(self.frames, same))
        return found

    def _rows_at(self, query: int, position: int) -> int | None:
        """Rows that a statement of the same script gives."""
        if self._placed is None:
            columns = self.queries.select(
                "source", "script", "script_position", "rows_of", "has_limit", "limit"
            )
            self._placed = {row[:3]: row[3:] for row in columns.iter_rows()}
        source, script = self.queries["source"][query], self.queries["script"][query]
        scan, has_limit, limit = self._placed.get((source, script, position), (None, False, None))
        rows: int | None = self.columns.values["rows"][scan] if scan is not None else None
        if rows is None or not has_limit:
            return rows
        return min(rows, limit) if limit is not None else None

    def _sources(self) -> pl.DataFrame:
        sources = self.frames["sources"]
        counter = RunCounter(self.settings, sources["path"].to_list(), ())
        runs = [counter.runs(source, None, None)[0] for source in sources["source"].to_list()]
        return _with(sources, "sources", {"runs": runs})

    def _locations(self) -> dict[int, str]:
        """Where the tables of each statement are, when the catalog says."""
        found: dict[int, str] = {}
        for number, scan in self.resolved.items():
            for reading in scan.target.readings if scan.target is not None else ():
                if reading.facts.table.location is not None:
                    found.setdefault(self.scan_queries[number], reading.facts.table.location)
                    break
        return found

    def _joins(self) -> pl.DataFrame:
        joins = self.frames["joins"]
        rows = self.columns.values["rows"]
        sides = {
            f"{side}_rows": [
                rows[scan] if scan is not None else None for scan in joins[f"{side}_scan"].to_list()
            ]
            for side in ("left", "right")
        }
        return _with(joins, "joins", sides)


def _as_before(amount: Amount) -> Amount:
    """The size of a table that was replaced: taken to be what it was when the catalog was made."""
    return amount if amount.point is None else amount._replace(basis=worst_basis(amount.basis, "modelled"))


def _unowned(
    others: list[tuple[int, int | None, str, int | None, str]], tables: list[str]
) -> list[tuple[Any, ...]]:
    """Rows for columns of unknown tables in statements that also read known ones."""
    inside = (
        {
            (query, scan, path[: place + 1].rstrip("."))
            for query, scan, path, _, kind in others
            if kind == "path"
            for place in [-2, *(index for index, letter in enumerate(path) if letter == ".")]
        }
        if others
        else set()
    )
    named = {(query, scan, path) for query, scan, path, _, kind in others if kind == "path"} | inside
    found: dict[tuple[int, int | None, str], tuple[Any, ...]] = {}
    for query, scan, path, at, kind in others:
        key = (query, scan, path)
        if (kind == "unnest" and key in named) or key in found:
            continue
        table = tables[scan] if scan is not None else None
        found[key] = (query, scan, path, at, False, scan is None, table, None, None, None)
    return list(found.values())


def _with(frame: pl.DataFrame, table: str, columns: Mapping[str, list[Any]]) -> pl.DataFrame:
    """A frame with columns replaced, in the declared order."""
    schema = polars_schema(table)
    changed = frame.with_columns(
        pl.Series(name, values, dtype=schema[name], strict=True) for name, values in columns.items()
    )
    return changed.select(list(schema))
