"""Scans become readings: the table that a name means, through views and wildcards, pruned by its
conditions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from costguard.catalog.model import NULL_PARTITION, UNPARTITIONED, Catalog, Table
from costguard.catalog.names import NameResolver, Resolved, split_name
from costguard.estimate.bytes import TableFacts
from costguard.estimate.columns import Reading, ResolvedScan, TableTarget, Target, ViewTarget, is_hole
from costguard.estimate.conjuncts import SUFFIX
from costguard.estimate.constant import Evaluator
from costguard.estimate.functions import naive_utc
from costguard.estimate.growth import Growth, growth_of
from costguard.estimate.literals import parse_literal
from costguard.estimate.partitions import positions_of, size_of
from costguard.estimate.prune import Pruned, never_true, prune_members, prune_partitions, prune_whole
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.shards import shards_since
from costguard.estimate.values import Value, point
from costguard.estimate.views import ExpandView, ViewPlan

Json = Any

MAXIMUM_VIEW_DEPTH: Final = 16
"""BigQuery itself allows 16 levels of nested views (docs.cloud.google.com/bigquery/quotas#view_limits)."""


class ScanRequest(NamedTuple):
    """What the facts say of a scan."""

    table_name: str
    predicate: Json | None
    sample_percent: float | None = None
    another_time: bool = False
    limited: bool = False
    name_hole: bool = False
    """Part of the name is unknown."""


class Members(NamedTuple):
    """The tables that a wildcard stands for under some conditions, and which of them these leave."""

    suffixes: Sequence[str]
    """What `_TABLE_SUFFIX` is for each, in order."""
    since: Mapping[str, TableFacts]
    """Those of them that have come since the catalog was made, by suffix."""
    pruned: Pruned


class Resolver:
    """Resolves scans; remembers tables, prunings and views."""

    def __init__(self, catalog: Catalog, settings: EstimateSettings, expand_view: ExpandView) -> None:
        self._catalog = catalog
        self._expand = expand_view
        self._names: dict[tuple[str | None, str | None], NameResolver] = {}
        self._facts: dict[str, TableFacts] = {}
        self._pruned: dict[tuple[str, str, str | None], Pruned] = {}
        self._members: dict[tuple[str, str], Members] = {}
        self._shards: dict[str, Mapping[str, TableFacts]] = {}
        self._plans: dict[str, ViewPlan | None] = {}
        self._project, self._dataset = settings.project, settings.dataset
        parameters = {name.lower().lstrip("@"): parse_literal(text) for name, text in settings.parameters}
        self.constants = Evaluator(
            naive_utc(settings.now), {name: node for name, node in parameters.items() if node is not None}
        )

    def name(
        self, written: str, project: str | None = None, dataset: str | None = None, *, name_hole: bool = False
    ) -> Resolved:
        """The table that a name means, with other defaults inside a view.

        `name_hole`: when the unknown part is the project, the default project (or the only one that has such
        a dataset and table) stands in.
        """
        key = (project or self._project, dataset or self._dataset)
        names = self._names.get(key)
        if names is None:
            names = self._names[key] = NameResolver(self._catalog, *key)
        found = names.resolve(written)
        if name_hole and found.meaning == "unknown":
            parts = split_name(written)
            if len(parts) == 3 and is_hole(parts[0]) and not is_hole(parts[1]) and not is_hole(parts[2]):
                return names.resolve(f"{parts[1]}.{parts[2]}")
        return found

    def facts(self, name: str) -> TableFacts:
        """A table of the catalog with what follows from it.

        Raises:
            KeyError: when the catalog has no such table.
        """
        found = self._facts.get(name)
        if found is None:
            table = self._catalog.table(name)
            if table is None:
                raise KeyError(name)
            found = self._facts[name] = TableFacts(table, self._growth(table))
        return found

    def _growth(self, table: Table) -> Growth | None:
        """The partitions that have come to a table since its catalog was made."""
        partitioning, made = table.partitioning, self._catalog.moment(table.name)
        if partitioning is None or made is None or table.kind == "snapshot":
            return None
        ids = [partition.id for partition in partitioning.partitions or ()]
        regular = [identifier for identifier in ids if identifier not in (NULL_PARTITION, UNPARTITIONED)]
        return growth_of(regular, partitioning.type, naive_utc(made), self.constants.now)

    def scan(
        self,
        request: ScanRequest,
        around: tuple[str, ...] = (),
        project: str | None = None,
        dataset: str | None = None,
    ) -> ResolvedScan:
        """The table and what is read of it. `around`: views that this scan stands in."""
        resolved = self.name(request.table_name, project, dataset, name_hole=request.name_hole)
        if resolved.meaning == "wildcard":
            return ResolvedScan(resolved, self._wildcard(resolved, request))
        if resolved.meaning != "table":
            return ResolvedScan(resolved, None)
        table = self._catalog.table(resolved.name)
        assert table is not None
        if table.kind == "view":
            return self._view(resolved, table, request, around)
        facts = self.facts(resolved.name)
        pruned = self.pruned(facts, request.predicate)
        if resolved.partition is not None:
            pruned = _decorated(facts, resolved.partition, pruned)
        return ResolvedScan(resolved, TableTarget([self._reading(facts, pruned, request, resolved)]))

    def _reading(
        self, facts: TableFacts, pruned: Pruned, request: ScanRequest, resolved: Resolved
    ) -> Reading:
        clustering = facts.table.clustering
        return Reading(
            facts,
            pruned,
            cluster_filtered=bool(clustering) and filters_cluster(request.predicate, facts.table),
            sample_percent=request.sample_percent,
            another_time=request.another_time or resolved.at_time,
            assumed_project=request.name_hole,
            limited=request.limited and bool(clustering),
        )

    def pruned(self, facts: TableFacts, predicate: Json | None, suffix: str | None = None) -> Pruned:
        """Which partitions of a table the conditions leave; for a member of a wildcard with its suffix."""
        key = (facts.table.name, json.dumps(predicate), suffix)
        found = self._pruned.get(key)
        if found is None:
            found = self._pruned[key] = self._prune(facts, predicate, suffix)
        return found

    def _prune(self, facts: TableFacts, predicate: Json | None, suffix: str | None) -> Pruned:
        constants = self.constants
        if suffix is not None:
            columns: dict[str, Value] = {SUFFIX: point("STRING", suffix)}
            constants = Evaluator(constants.now, constants.parameters, columns)
        partitioning = facts.table.partitioning
        if facts.index is None or partitioning is None:
            return prune_whole(predicate, constants)
        found = prune_partitions(facts.index, predicate, constants, partitioning.column)
        if facts.listed:
            return found
        # The partitions are not listed: all that can be told is whether something prunes.
        nothing = predicate is not None and never_true(predicate, constants)
        return Pruned(
            found.pruning,
            () if nothing else facts.everything,
            0,
            found.cause,
            found.reason,
            found.at,
            unknown=False,
        )

    def _wildcard(self, resolved: Resolved, request: ScanRequest) -> TableTarget:
        suffixes, since, pruned = self._members_of(resolved, request.predicate)
        names = dict(zip(resolved.suffixes, resolved.members, strict=True))
        readings = []
        kept = positions_of(pruned.runs)
        wanted = set(positions_of(pruned.if_pruned)) if pruned.if_pruned is not None else None
        likely = set(positions_of(pruned.least)) if pruned.least is not None else None
        for position in kept:
            suffix = suffixes[position]
            facts = since[suffix] if suffix in since else self.facts(names[suffix])
            member = self.pruned(facts, request.predicate, suffix)
            left = member.if_pruned if member.if_pruned is not None else member.runs
            if wanted is not None and position not in wanted:
                left = ()
            least = member.least
            if likely is not None and position not in likely:
                least = ()
            reading = self._reading(
                facts,
                Pruned(
                    pruned.pruning,
                    member.runs,
                    member.total,
                    pruned.cause,
                    pruned.reason,
                    pruned.at,
                    unknown=member.unknown or pruned.unknown,
                    at_most=member.at_most,
                    if_pruned=left if wanted is not None else member.if_pruned,
                    since=suffix in since or member.since,
                    least=least,
                ),
                request,
                resolved,
            )
            reading.unlikely = pruned.at_most is not None and position not in kept[-pruned.at_most :]
            readings.append(reading)
        return TableTarget(readings)

    def members(self, resolved: Resolved, predicate: Json | None) -> Pruned:
        """What the conditions leave of a wildcard's members."""
        return self._members_of(resolved, predicate).pruned

    def _members_of(self, resolved: Resolved, predicate: Json | None) -> Members:
        key = (resolved.name, json.dumps(predicate))
        found = self._members.get(key)
        if found is None:
            found = self._members[key] = self._choose_members(resolved, predicate)
        return found

    def _choose_members(self, resolved: Resolved, predicate: Json | None) -> Members:
        """Conditions on `_TABLE_SUFFIX` choose from what has come since too; without any, the catalog stands."""
        listed = resolved.suffixes
        pruned = prune_members(listed, predicate, self.constants)
        found = Members(listed, {}, pruned)
        if pruned.pruning != "pruned" or (pruned.unknown and size_of(pruned.runs) == len(listed)):
            return found
        since = self._shards.get(resolved.name)
        if since is None:
            since = shards_since(resolved, self._catalog, self.constants.now, self.facts)
            self._shards[resolved.name] = since
        if not since:
            return found
        suffixes = sorted({*listed, *since})
        pruned = prune_members(suffixes, predicate, self.constants)
        modelled = any(suffixes[position] in since for position in positions_of(pruned.runs))
        return Members(suffixes, since, replace(pruned, since=modelled))

    # -- views -------------------------------------------------------------------------------------

    def _view(
        self, resolved: Resolved, table: Table, request: ScanRequest, around: tuple[str, ...]
    ) -> ResolvedScan:
        if table.name in around or len(around) >= MAXIMUM_VIEW_DEPTH or table.row_access_policies:
            return ResolvedScan(resolved, None, view=True)
        if never_true(request.predicate, self.constants):
            return ResolvedScan(resolved, TableTarget([]), view=True)
        plan = self._plan(table)
        if plan is None:
            return ResolvedScan(resolved, None, view=True)
        project, _, dataset = table.name.rpartition(".")[0].rpartition(".")
        children: list[Target | None] = []
        complete = True
        for number, scan in enumerate(plan.scans):
            pushed = pushed_down(
                request.predicate,
                plan,
                number,
                lambda child, path: self._has_column(plan.scans[child].table_name, path, project, dataset),
            )
            conditions = [item for item in (_without_places(scan.predicate), pushed) if item is not None]
            inner = ScanRequest(
                scan.table_name,
                conditions[0] if len(conditions) == 1 else ["and", conditions] if conditions else None,
                _combined(request.sample_percent, scan.sample_percent),
                request.another_time or scan.system_time,
                request.limited,
            )
            child = self.scan(inner, (*around, table.name), project, dataset)
            complete = complete and child.target is not None and child.complete
            children.append(child.target)
        return ResolvedScan(resolved, ViewTarget(plan, children), view=True, complete=complete)

    def _has_column(self, written: str, path: str, project: str, dataset: str) -> bool | None:
        """Whether a table below a view has a column; None when that is not known."""
        resolved = self.name(written, project, dataset)
        names = resolved.members if resolved.meaning == "wildcard" else (resolved.name,)
        if resolved.meaning not in ("table", "wildcard"):
            return None
        tables = [self._catalog.table(name) for name in names]
        if any(
            table is not None and table.columns_known and self.facts(table.name).leaves_of(path) is not None
            for table in tables
        ):
            return True
        known = all(table is not None and table.kind != "view" and table.columns_known for table in tables)
        return False if known else None

    def _plan(self, table: Table) -> ViewPlan | None:
        if table.view_query is None:
            return None
        if table.name not in self._plans:
            self._plans[table.name] = self._expand(table.view_query)
        return self._plans[table.name]


def _combined(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return first if second is None else second
    return first * second / 100


def _decorated(facts: TableFacts, partition: str, pruned: Pruned) -> Pruned:
    """A decorator (`t$20260101`) reads that partition only."""
    index = facts.index
    if index is not None and partition in index.since:
        place = index.count + index.since.index(partition)
        kept = pruned.pruning != "pruned" or any(start <= place < stop for start, stop in pruned.runs)
        return Pruned("pruned", ((place, place + 1),) if kept else (), index.total, since=kept)
    if index is None or partition not in index.ids:
        return Pruned("pruned", (), max(pruned.total, 0), always=True)
    place = index.ids.index(partition)
    kept = any(start <= place < stop for start, stop in pruned.runs)
    return Pruned("pruned", ((place, place + 1),) if kept else (), pruned.total, always=False)


def pushed_down(
    predicate: Json | None,
    plan: ViewPlan,
    scan: int,
    has_column: Callable[[int, str], bool | None] = lambda scan, path: None,
) -> Json | None:
    """The conditions on a view as conditions on one of its scans, as far as its columns come from there.

    `has_column`: whether a scan of the view has a column, None when that is not known.
    """
    if predicate is None:
        return None
    conjuncts = predicate[1] if predicate[0] == "and" else [predicate]
    values = {name: output.values[scan] for name, output in plan.outputs.items() if scan in output.values}
    if plan.rest:
        for name in _heads(predicate) - plan.outputs.keys():
            value = _hidden_value(plan, name, scan, has_column)
            if value is not None:
                values[name] = value
    found = []
    for item in conjuncts:
        known = _substituted(item, values)
        if _mentions_column(known):
            found.append(known)
    return ["and", found] if found else None


def _heads(node: Json) -> set[str]:
    """The columns of the view that a condition names."""
    if not isinstance(node, list) or not node:
        return set()
    if node[0] == "col":
        return {str(node[1]).lower().partition(".")[0]}
    if node[0] == "opaque":
        return {str(path).lower().partition(".")[0] for path in node[2]}
    return set().union(*(_heads(item) for item in node))


def _hidden_value(
    plan: ViewPlan, name: str, scan: int, has_column: Callable[[int, str], bool | None]
) -> Json | None:
    """What a column that comes through a star is in a scan, if it comes from there."""
    for values in plan.hidden(name):
        value = values.get(scan)
        if value is None:
            continue
        if len(values) == 1:
            return value
        owners = {other: has_column(other, str(node[1])) for other, node in values.items()}
        if owners[scan] or (
            owners[scan] is None and all(own is False for other, own in owners.items() if other != scan)
        ):
            return value
    return None


def _substituted(node: Json, values: Mapping[str, Json]) -> Json:
    if not isinstance(node, list) or not node:
        return node
    if node[0] == "col":
        head, _, rest = str(node[1]).lower().partition(".")
        value = values.get(head)
        if value is None:
            return ["other", node[1]]
        if not rest:
            return _without_places(value)
        return ["col", f"{value[1]}.{rest}"] if value[0] == "col" else ["other", node[1]]
    if node[0] == "opaque":
        inner = [_substituted(["col", path], values) for path in node[2]]
        paths = [item[1] for item in inner if item[0] == "col"]
        return ["opaque", node[1], paths] if paths or not node[2] else ["other", node[1]]
    return [_substituted(item, values) for item in node]


def _mentions_column(node: Json) -> bool:
    if not isinstance(node, list) or not node:
        return False
    if node[0] == "col" or (node[0] == "opaque" and node[2]):
        return True
    return any(_mentions_column(item) for item in node)


def _without_places(node: Json) -> Json:
    """A view's conditions stand in its own text: their places mean nothing in the code."""
    if not isinstance(node, list) or not node:
        return node
    if node[0] == "at":
        return _without_places(node[2])
    return [_without_places(item) for item in node]


_SIMPLE: Final = frozenset({"cmp", "between", "in", "in_unnest", "like", "is_null"})


def filters_cluster(predicate: Json | None, table: Table) -> bool:
    """Some condition compares a clustering column, standing alone, with something: blocks may be skipped."""
    if predicate is None:
        return False
    partition = table.partitioning.column.lower() if table.partitioning is not None else ""
    names = {name.lower() for name in table.clustering} - {partition}
    return bool(names) and _filters(predicate, names)


def _filters(node: Json, names: set[str]) -> bool:
    kind = node[0]
    if kind == "at":
        return _filters(node[2], names)
    if kind in ("and", "or"):
        return any(_filters(item, names) for item in node[1])
    if kind in ("not", "maybe"):
        return _filters(node[1], names)
    if kind == "call" and node[1] == "STARTS_WITH":
        return _is_named(node[2][:1], names)
    if kind not in _SIMPLE:
        return False
    return _is_named(node[2:] if kind == "cmp" else node[1:2], names)


def _is_named(nodes: Sequence[Json], names: set[str]) -> bool:
    return any(item and item[0] == "col" and str(item[1]).lower() in names for item in nodes)
