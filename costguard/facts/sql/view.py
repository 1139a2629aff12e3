"""What a view reads for each of its columns, so that a query over the view can be followed to its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from costguard.extract.sql import parse_leaf
from costguard.facts.sql.build import Builder
from costguard.facts.sql.condition import Converter, columns_in, for_scan
from costguard.facts.sql.join_keys import part_scan
from costguard.facts.sql.predicates import attach_conditions, scan_predicate
from costguard.facts.sql.reads import KeyJoin, Read, ReadLog
from costguard.facts.sql.relation import Body, Computed, Group, Referenced
from costguard.facts.sql.statement import assemble, follow

Json = Any


@dataclass(frozen=True, slots=True)
class ViewScanFacts:
    """A table that a view reads."""

    table_name: str
    predicate: Json | None
    sample_percent: float | None
    system_time: bool


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """The reading of a view's text. Scans are named by their number in `scans`."""

    scans: tuple[ViewScanFacts, ...]
    outputs: dict[str, tuple[Read, ...]]
    """By result column, in lower case."""
    values: dict[str, dict[int, Json]]
    """By result column and scan: what the column is there, for filters that may be pushed down; `["maybe", value, why]`
    where it is not documented whether they are."""
    columns: dict[str, dict[int, str]]
    """By result column and scan: the column that it passes on unchanged."""
    always: tuple[Read, ...]
    rest: tuple[Read, ...]
    """Stars: result columns that are not in `outputs` come through these."""
    hidden: Callable[[str], tuple[Mapping[int, Json], ...]]
    """What such a column is, by scan, as in `values`: one mapping for each branch of a set operation. A mapping of
    several scans says that any of them may have the column."""
    joins: tuple[KeyJoin, ...]
    """Joins that declared keys may eliminate; reads name them by their number."""
    part_of: int | None
    """The scan that the view has rows of, each at most once."""
    filtered: bool
    """A WHERE picks them."""


def view_facts(text: str) -> ViewFacts | None:
    """The facts of a view's query; None when it cannot be parsed or is no query."""
    parsed = parse_leaf(text)
    if parsed.tree is None:
        return None
    builder = Builder(lambda start, end: False, {})
    try:
        assembled = assemble(parsed.tree, builder)
        follow(assembled, by_column=True)
    except RecursionError:
        return None
    body = assembled.body
    if body is None:
        return None
    log = builder.log
    part_of, filters = part_scan(Referenced(body))
    log.tracking_references = log.has_several_references()
    converter = Converter(None)
    attach_conditions(log, converter)
    counts = log.reference_counts()
    outputs: dict[str, list[Read]] = {}
    always: list[Read] = []
    rest: list[Read] = []
    for read in log.reads.values():
        if not read.why.output:
            always.append(read)
        elif read.why.column is None:
            rest.append(read)
        else:
            outputs.setdefault(read.why.column, []).append(read)
    names = body.names()
    for name in names or ():
        outputs.setdefault(name, [])
    values = {name: _values(body, name, log, converter, counts) for name in outputs}
    return ViewFacts(
        tuple(
            ViewScanFacts(
                entry.name,
                _without_places(scan_predicate(log, number, counts)),
                entry.sample_percent,
                entry.system_time,
            )
            for number, entry in enumerate(log.scans)
        ),
        {name: tuple(reads) for name, reads in outputs.items()},
        values,
        {name: _columns(body, name) for name in outputs},
        tuple(always),
        tuple(rest),
        lambda name: _hidden(body, name, log, converter, counts),
        tuple(log.joins),
        part_of,
        bool(filters),
    )


def _columns(body: Body, name: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in body.trace_output(name, ()):
        if not isinstance(item, Group) or len(item.targets) != 1 or item.targets[0].scan in found:
            return {}
        found[item.targets[0].scan] = item.targets[0].path
    return found


def _optional(log: ReadLog) -> set[int]:
    return {
        getattr(source.relation, "index", -1)
        for used in log.bodies
        for source in used.sources
        if source.null_extended
    }


def _hidden(
    body: Body, name: str, log: ReadLog, converter: Converter, counts: dict[int, int]
) -> tuple[Mapping[int, Json], ...]:
    values = _values(body, name, log, converter, counts)
    found: list[Mapping[int, Json]] = [{scan: value} for scan, value in values.items()]
    for item in body.trace_output(name, ()):
        if isinstance(item, Group) and len(item.targets) > 1:
            targets = [target for target in item.targets if not target.barrier and not target.doubt]
            shared = any(
                counts.get(log.references[reference], 0) > 1 for target in targets for reference in target.via
            )
            if len(targets) == len(item.targets) and not shared:
                found.append({target.scan: ["col", target.path] for target in targets})
    return tuple(found)


def _values(
    body: Body, name: str, log: ReadLog, converter: Converter, counts: dict[int, int]
) -> dict[int, Json]:
    optional = _optional(log)
    found: dict[int, Json] = {}
    for item in body.trace_output(name, ()):
        if isinstance(item, Group):
            if len(item.targets) == 1:
                target = item.targets[0]
                shared = any(counts.get(log.references[reference], 0) > 1 for reference in target.via)
                if not target.barrier and not shared and target.scan not in optional:
                    value: Json = ["col", target.path]
                    found[target.scan] = ["maybe", value, target.doubt] if target.doubt else value
        elif isinstance(item, Computed) and not item.barrier and not item.doubt and not item.path:
            info = item.body.info_of(item.expression)
            if info.aggregates or info.windows or info.queries:
                continue
            value = converter.convert(item.expression, item.body)
            scans = {
                target.scan for column in columns_in(value) for target in column.targets if not target.barrier
            }
            if len(scans) == 1 and not scans & optional:
                (scan,) = scans
                found[scan] = for_scan(value, scan)
    return found


def _without_places(node: Json) -> Json:
    if not isinstance(node, list) or not node:
        return node
    if node[0] == "at":
        return _without_places(node[2])
    if node[0] in ("and", "or"):
        return [node[0], [_without_places(item) for item in node[1]], *node[2:]]
    if node[0] == "maybe":
        return ["maybe", _without_places(node[1]), node[2]]
    return node
