"""The estimate stage: facts, catalog and prices become bytes and dollars.

Statements that name no table of the catalog are worked out for the whole project at once; the others one by
one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from costguard.catalog.model import Catalog
from costguard.estimate.bytes import NOTHING, Amount
from costguard.estimate.columns import PSEUDO_COLUMNS, Mark, Reading, ResolvedScan, choose_position
from costguard.estimate.file_texts import count_once, statements_of_files, statements_of_fragments
from costguard.estimate.frame_sizes import sized_frames
from costguard.estimate.iterations import RunCounter
from costguard.estimate.price import price_book
from costguard.estimate.queries import ESTIMATED as QUERY_COLUMNS
from costguard.estimate.queries import is_free, is_unread, priced, reads_elsewhere, statement_amount
from costguard.estimate.reads import unresolved_reads
from costguard.estimate.resolve import Resolver, ScanRequest
from costguard.estimate.scans import (
    SCHEMA_VIEW,
    ScanColumns,
    amount_of,
    column_rows,
    describe_scan,
    scan_amount,
)
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.tables import catalog_frames
from costguard.estimate.turns import TurnCounter
from costguard.estimate.views import ExpandView
from costguard.facts.frames import empty_frames, polars_schema

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
        self.scan_queries: list[int] = self.scans["query"].to_list()
        self._placed: dict[tuple[int, int | None, int], tuple[int | None, bool, int | None]] | None = None
        """`rows_of`, `has_limit` and `limit` of a statement, by source, script and position."""
        self.inserts_only = self._inserts_only()

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
            if self.resolver.name(name, name_hole=bool(hole)).meaning == "unknown":
                continue
            conditions = [json.loads(predicate)] if predicate else []
            if on_predicate:
                conditions.append(json.loads(on_predicate))
            self.resolved[number] = self.resolver.scan(
                ScanRequest(
                    name,
                    conditions[0] if len(conditions) == 1 else ["and", conditions] if conditions else None,
                    sample,
                    bool(system_time),
                    limited=bool(
                        has_limit and not has_order and not has_aggregate and not inside and not joined
                    ),
                    name_hole=bool(hole),
                )
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
        wanted = plans.select(
            "query", "scans", "path", "kind", "excepted", "at", "output", "output_column", "paths"
        )
        for query, scans, path, kind, excepted, at, output, result, paths in wanted.iter_rows():
            if kind in ("path", "unnest") and path.lower() in PSEUDO_COLUMNS:
                continue
            candidates = [self.resolved.get(scan) for scan in scans]
            targets = [found.target if found is not None else None for found in candidates]
            position = choose_position(targets, paths or [path] * len(scans))
            own = paths[position] if paths else path
            target = targets[position]
            if target is None:
                if kind in ("path", "unnest"):
                    unknown = {scan for scan, found in zip(scans, targets, strict=True) if found is None}
                    others.append((query, scans[position] if len(unknown) == 1 else None, own, at, kind))
                continue
            names = used.get(query)
            is_wanted = not output or names is None or result is None or result.lower() in names
            mark = Mark(at, kind in ("star", "row"), is_wanted)
            target.request(
                kind,
                own.lower(),
                frozenset(name.lower() for name in excepted or ()),
                mark,
                names if output else None,
            )
        return [*_unowned(others, self.columns.values["table"]), *self._owned()]

    def _owned(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        self._rows = {number: column_rows(scan) for number, scan in self.resolved.items()}
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
            for number in numbers:
                scan = self.resolved[number]
                changes = self._changes(number, roles[number], statement)
                amount = NOTHING if free else scan_amount(scan, statement, changes=changes, alone=alone)
                wildcard = None
                if scan.resolved.meaning == "wildcard":
                    predicate = json.loads(predicates[number]) if predicates[number] else None
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
                )
            amounts[query] = NOTHING if free else self._together(numbers, roles, statement, alone=alone)
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
        total = amount_of(readings, targets, statement, alone=alone)
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
            amount = statement_amount(amount, statement, (holes or 0) - (values or 0) - (names or 0))
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
