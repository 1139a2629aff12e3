"""Which tables a scan reads, and how it prunes each: views read tables too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from costguard.catalog.model import Catalog
from costguard.catalog.names import NameResolver
from costguard.estimate.views import ExpandView

PRUNED: Final = "pruned"
_DEEPEST: Final = 16
"""BigQuery nests views no deeper."""


@dataclass(frozen=True, slots=True)
class TableRead:
    """One table that a scan reads."""

    table: str
    pruning: str
    """`pruned`, `missing`, `defeated`, `unknown`."""
    reason: str


def breaks(pruning: str | None) -> bool:
    """A query would be refused: BigQuery asks for a filter that can eliminate partitions, and one that is defeated
    cannot."""
    return pruning in ("missing", "defeated")


class TableReads:
    """Looks through views. Each is read once."""

    def __init__(self, catalog: Catalog, expand_view: ExpandView) -> None:
        self._catalog = catalog
        self._expand_view = expand_view
        self._partitioned: dict[str, frozenset[str]] = {}

    def of(self, table: str, kind: str | None, pruning: str, reason: str) -> Iterator[TableRead]:
        """The tables behind a scan. Through a view the conditions are told of one partitioned table; of several nobody
        knows which of them is meant."""
        if kind != "view":
            yield TableRead(table, pruning, reason)
            return
        behind = self._behind(table, 0)
        why = f"through the view {table}" + (f": {reason}" if reason else "")
        for name in sorted(behind):
            unsure = pruning == PRUNED and len(behind) > 1
            yield TableRead(name, "unknown" if unsure else pruning, why)

    def _behind(self, view: str, depth: int) -> frozenset[str]:
        """The partitioned tables that a view reads, be it through others."""
        known = self._partitioned.get(view)
        if known is not None:
            return known
        self._partitioned[view] = frozenset()  # a view that reads itself ends here
        described = self._catalog.table(view)
        plan = self._expand_view(described.view_query) if described and described.view_query else None
        if plan is None or depth > _DEEPEST:
            return frozenset()
        project, dataset, _ = view.rsplit(".", 2)
        resolver = NameResolver(self._catalog, project, dataset)
        found: set[str] = set()
        for scan in plan.scans:
            table = self._catalog.table(resolver.resolve(scan.table_name).name)
            if table is None:
                continue
            if table.kind == "view":
                found |= self._behind(table.name, depth + 1)
            elif table.partitioning is not None:
                found.add(table.name)
        self._partitioned[view] = frozenset(found)
        return self._partitioned[view]
