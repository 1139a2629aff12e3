"""Which tables can have `require_partition_filter`, and which queries would break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from costguard.catalog.model import Catalog, Table
from costguard.guards.evidence import Code, Evidence, place_text
from costguard.guards.names import is_table_name, table_name
from costguard.guards.past_queries import WRITTEN, PastRead, past_reads
from costguard.guards.suggestions import PartitionFilterSuggestion, Reader, Verdict
from costguard.guards.table_reads import PRUNED, TableRead, TableReads, breaks
from costguard.money import GIB

SMALLEST: Final = GIB
"""Reading all of a smaller table costs less than a cent."""
FEW: Final = 3
"""So many queries can be mended before the setting is made."""
_KINDS: Final = frozenset({"table"})
_DEFINED: Final = frozenset({"view", "ephemeral", "materialized_view"})
DEFINED: Final = "it defines a view: whoever reads that needs the filter"
_CodeReader = tuple[TableRead, str]
"""How its worst scan prunes, and where that stands."""


def candidates(catalog: Catalog) -> tuple[dict[str, Table], int]:
    """Partitioned tables that ask for no filter yet, by their names; how many are too small."""
    found: dict[str, Table] = {}
    left_out = 0
    for name in catalog:
        table = catalog.table(name)
        if table is None or table.kind not in _KINDS or table.partitioning is None:
            continue
        if table.partitioning.require_filter or not is_table_name(name):
            continue
        if table.bytes is not None and table.bytes < SMALLEST:
            left_out += 1
            continue
        found[name] = table
    return found, left_out


def partition_filter_suggestions(evidence: Evidence) -> Iterator[PartitionFilterSuggestion]:
    """For each candidate, the largest first."""
    tables, _ = candidates(evidence.catalog)
    past = _past(evidence, tables) if tables else {}
    mine = _code_readers(evidence)
    for name, table in sorted(tables.items(), key=lambda item: (-(item[1].bytes or 0), item[0])):
        partitioning = table.partitioning
        assert partitioning is not None
        reads, queries = past.get(name, []), mine.get(name, {})
        readers = [*_with_jobs(queries, reads, evidence.code), *_of_nobody(reads, queries, evidence.code)]
        breaking = [reader for pruning, reader in readers if breaks(pruning)]
        unsure = [reader for pruning, reader in readers if not breaks(pruning) and pruning != PRUNED]
        yield PartitionFilterSuggestion(
            table=table_name(name),
            column=partitioning.column,
            bytes=table.bytes,
            partitions=len(partitioning.partitions) if partitioning.partitions is not None else None,
            verdict=_verdict(breaking, unsure, known=evidence.jobs is not None),
            jobs=sum(read.jobs for read in reads) if evidence.jobs is not None else None,
            queries=len(queries) if evidence.code is not None else None,
            breaking=tuple(breaking),
            unsure=tuple(unsure),
        )


def _past(evidence: Evidence, tables: Mapping[str, Table]) -> Mapping[str, list[PastRead]]:
    jobs = evidence.jobs
    if jobs is None:
        return {}
    matched = evidence.code.matched if evidence.code is not None else None
    if matched is not None:
        whose = matched.frame.select("project", "job_id", "found")
        jobs = jobs.join(whose, on=["project", "job_id"], how="left", nulls_equal=True)
    return past_reads(jobs, tables, evidence.catalog, evidence.settings, evidence.expand_view)


def _statements(read: PastRead, code: Code | None) -> tuple[int, ...]:
    """The statements of the code whose jobs these are, where that is not unsure."""
    if read.found is None or code is None or code.matched is None:
        return ()
    found = code.matched.found[read.found]
    return found.statements if found.confidence != "low" else ()


def _with_jobs(
    queries: Mapping[int, _CodeReader], reads: list[PastRead], code: Code | None
) -> Iterator[tuple[str | None, Reader]]:
    """The statements of the code with the jobs that ran them: these are judged by the code as it is now."""
    own: dict[int, list[PastRead]] = defaultdict(list)
    for read in reads:
        for key in _statements(read, code):
            own[key].append(read)
    for key, (judged, place) in queries.items():
        runs = own[key]
        users = tuple(sorted({user for read in runs for user in read.users}))
        last = max((read.last for read in runs if read.last is not None), default=None)
        jobs = sum(read.jobs for read in runs) if code is not None and code.matched is not None else None
        yield judged.pruning, Reader(place, jobs, users, last, judged.reason)


def _of_nobody(
    reads: list[PastRead], queries: Mapping[int, _CodeReader], code: Code | None
) -> Iterator[tuple[str | None, Reader]]:
    """Past queries that no statement of the code which reads the table stands for."""
    for read in reads:
        if not queries.keys() & set(_statements(read, code)):
            yield read.pruning, Reader(read.what, read.jobs, read.users, read.last, read.reason)


def _verdict(breaking: list[Reader], unsure: list[Reader], *, known: bool) -> Verdict:
    """Without a history nobody knows who else reads a table: `known` is false."""
    if len(breaking) > FEW:
        return "breaks"
    if breaking:
        return "few"
    return "unsure" if unsure or not known else "safe"


def _code_readers(evidence: Evidence) -> dict[str, dict[int, _CodeReader]]:
    """Table -> the statements of the code that read it, with the scan that prunes worst."""
    code = evidence.code
    if code is None:
        return {}
    reads = TableReads(evidence.catalog, evidence.expand_view)
    queries = code.frames["queries"].select("counted_with", "statement", "materialized").rows()
    found: dict[str, dict[int, _CodeReader]] = defaultdict(dict)
    columns = ("query", "at", "table", "kind", "role", "pruning", "pruning_reason")
    for query, at, table, kind, role, pruning, reason in code.frames["scans"].select(columns).rows():
        counted_with, statement, materialized = queries[query]
        if role == WRITTEN or table is None or counted_with is not None:
            continue
        if breaks(pruning) and (statement == "CREATE VIEW" or materialized in _DEFINED):
            pruning, reason = "unknown", DEFINED
        for read in reads.of(table, kind, pruning, reason or ""):
            before = found[read.table].get(query)
            if before is None or before[0].pruning == PRUNED:
                found[read.table][query] = (read, place_text(code.places.path(at), code.places.span(at)))
    return found
