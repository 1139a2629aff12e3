"""Hands the estimate stage what a view reads: the facts of its text in that stage's own terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from costguard.estimate.views import KeyColumn, KeyJoin, ViewOutput, ViewPlan, ViewRead, ViewScan

if TYPE_CHECKING:
    from costguard.facts.sql.reads import Read
    from costguard.facts.sql.relation import Target


def expand_view(text: str) -> ViewPlan | None:
    """The plan of a view's query; None when it cannot be read."""
    from costguard.facts.sql.view import view_facts  # loads sqlglot, which few catalogs need

    facts = view_facts(text)
    if facts is None:
        return None
    return ViewPlan(
        scans=tuple(
            ViewScan(scan.table_name, scan.predicate, scan.sample_percent, scan.system_time)
            for scan in facts.scans
        ),
        outputs={
            name: ViewOutput(_reads(reads), facts.values.get(name, {}), facts.columns.get(name, {}))
            for name, reads in facts.outputs.items()
        },
        always=_reads(facts.always),
        rest=_reads(facts.rest),
        hidden=facts.hidden,
        joins=tuple(
            KeyJoin(
                join.outer,
                join.stated,
                join.whole,
                tuple((_column(one), _column(other)) for one, other in join.keys),
            )
            for join in facts.joins
        ),
        part_of=facts.part_of,
        filtered=facts.filtered,
    )


def _column(targets: tuple[Target, ...]) -> KeyColumn:
    return KeyColumn(tuple(target.scan for target in targets), tuple(target.path for target in targets))


def _reads(reads: Iterable[Read]) -> tuple[ViewRead, ...]:
    found = []
    for read in reads:
        paths = tuple(path for _, path in read.targets)
        found.append(
            ViewRead(
                scans=tuple(scan for scan, _ in read.targets),
                path=paths[0],
                kind=read.kind,
                excepted=read.excepted,
                paths=paths if len(set(paths)) > 1 else None,
                join=read.why.join,
            )
        )
    return tuple(found)
