"""Which tables can have `require_partition_filter`, and which queries would break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from costguard.catalog.model import Catalog, Table
from costguard.guards.evidence import Code, Evidence
from costguard.guards.names import table_name
from costguard.guards.past_queries import PRUNED, WRITTEN, PastRead, past_reads
from costguard.guards.suggestions import PartitionFilterSuggestion, Reader, Verdict
from costguard.money import GIB

SMALLEST: Final = GIB
"""Reading all of a smaller table costs less than a cent."""
FEW: Final = 3
"""So many queries can be mended before the setting is made."""
_KINDS: Final = frozenset({"table"})


def candidates(catalog: Catalog) -> tuple[dict[str, Table], int]:
    """Partitioned tables that ask for no filter yet, by their names; how many are too small, or cannot be named."""
    found: dict[str, Table] = {}
    left_out = 0
    for name in catalog:
        table = catalog.table(name)
        if table is None or table.kind not in _KINDS or table.partitioning is None:
            continue
        if table.partitioning.require_filter:
            continue
        if table.bytes is not None and table.bytes < SMALLEST:
            left_out += 1
            continue
        found[name] = table
    return found, left_out


def partition_filter_suggestions(evidence: Evidence) -> Iterator[PartitionFilterSuggestion]:
    """For each candidate, the largest first."""
    tables, _ = candidates(evidence.catalog)
    past: Mapping[str, list[PastRead]] = {}
    if evidence.jobs is not None and tables:
        past = past_reads(evidence.jobs, tables, evidence.catalog, evidence.settings, evidence.expand_view)
    mine = _code_readers(evidence.code) if evidence.code is not None else {}
    for name, table in sorted(tables.items(), key=lambda item: (-(item[1].bytes or 0), item[0])):
        partitioning = table.partitioning
        assert partitioning is not None
        reads, queries = past.get(name, []), mine.get(name, [])
        breaking = [
            *(reader for pruning, reader in queries if _breaks(pruning)),
            *(_reader(read) for read in reads if _breaks(read.pruning)),
        ]
        unsure = [
            *(reader for pruning, reader in queries if not _breaks(pruning) and pruning != PRUNED),
            *(_reader(read) for read in reads if not _breaks(read.pruning) and read.pruning != PRUNED),
        ]
        yield PartitionFilterSuggestion(
            table=table_name(name),
            column=partitioning.column,
            bytes=table.bytes,
            partitions=len(partitioning.partitions) if partitioning.partitions is not None else None,
            verdict=_verdict(breaking, unsure),
            jobs=sum(read.jobs for read in reads) if evidence.jobs is not None else None,
            queries=len(queries) if evidence.code is not None else None,
            breaking=tuple(breaking),
            unsure=tuple(unsure),
        )


def _breaks(pruning: str | None) -> bool:
    """BigQuery asks for a filter that can eliminate partitions; one that is defeated cannot."""
    return pruning in ("missing", "defeated")


def _verdict(breaking: list[Reader], unsure: list[Reader]) -> Verdict:
    if len(breaking) > FEW:
        return "breaks"
    if breaking:
        return "few"
    return "unsure" if unsure else "safe"


def _reader(read: PastRead) -> Reader:
    return Reader(read.what, read.jobs, read.users, read.last, read.reason)


def _code_readers(code: Code) -> dict[str, list[tuple[str, Reader]]]:
    """Table -> the statements of the code that read it: how the worst scan prunes, and where it stands."""
    counted_with = code.frames["queries"]["counted_with"].to_list()
    worst: dict[tuple[str, int], tuple[str, str, int]] = {}
    for query, at, table, role, pruning, reason in (
        code.frames["scans"].select("query", "at", "table", "role", "pruning", "pruning_reason").rows()
    ):
        if role == WRITTEN or table is None or counted_with[query] is not None:
            continue
        before = worst.get((table, query))
        if before is None or before[0] == PRUNED:
            worst[table, query] = (pruning, reason or "", at)
    found: dict[str, list[tuple[str, Reader]]] = defaultdict(list)
    for (table, _), (pruning, reason, at) in worst.items():
        span = code.places.span(at)
        cell = f":cell {span.cell}" if span.cell is not None else ""
        place = f"{code.places.path(at)}{cell}:{span.start_line}"
        found[table].append((pruning, Reader(place, None, (), None, reason)))
    return found


def is_declarable(suggestion: PartitionFilterSuggestion) -> bool:
    """It may stand in a config as it is: nothing that is known would break."""
    return suggestion.verdict == "safe"
