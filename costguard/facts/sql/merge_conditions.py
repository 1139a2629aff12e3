"""What a MERGE needs of its target and of its source.

Each WHEN clause needs some rows, and what none of them needs is not read (the union of the search conditions:
docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables, "Pruning partitions when using a MERGE
statement"):

- WHEN MATCHED: rows of either side that meet ON and the clause's own condition;
- WHEN NOT MATCHED [BY TARGET]: rows of the source that meet its condition, and all rows of the target that could match
  them;
- WHEN NOT MATCHED BY SOURCE: the same with the sides changed over. The join then keeps all rows of that side, and
  whether a condition of ON still reaches the table is left open.

`ON FALSE` matches nothing: only the clauses' own conditions are left.
"""

from __future__ import annotations

from typing import Any, Final

from sqlglot import exp

from costguard.facts.sql.condition import Converter, columns_in, flatten, for_scan
from costguard.facts.sql.expression import extent
from costguard.facts.sql.predicates import Conjunct, attach, is_join_key
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import SelectBody, scans_below
from costguard.facts.sql.statement import MergeParts

Json = Any

_OTHER_SIDE: Final = {"target": "BY TARGET", "source": "BY SOURCE"}
"""The clause that needs all rows of a side that could match."""
_OWN_ROWS: Final = {"target": "BY SOURCE", "source": "BY TARGET"}
"""The clause that is about the rows of a side that match nothing."""


def limits_of_target(merge: MergeParts, converter: Converter) -> Json | None:
    """The condition that all rows of the target meet which the MERGE needs; None when there is none."""
    if merge.target is None:
        return None
    needs = _needs(merge, "target", converter)
    if not needs or not all(needs):
        return None
    found = [for_scan(["and", conjuncts], merge.target) for conjuncts in needs]
    return found[0] if len(found) == 1 else ["and", [["or", found, "WHEN"]]]


def limit_source(merge: MergeParts, log: ReadLog, converter: Converter) -> list[Conjunct]:
    """Attach to the tables of the source the conditions that their rows meet."""
    needs = [
        [item for item in conjuncts if not is_join_key(_bare(item))]
        for conjuncts in _needs(merge, "source", converter)
    ]
    if not needs or not all(needs):
        return []
    allowed: set[int] = set().union(*(scans_below(source.relation) for source in merge.body.sources[1:]))
    if len(needs) == 1:
        conditions = needs[0]
    else:
        conditions = [["or", [["and", conjuncts] for conjuncts in needs], "WHEN"]]
    found: list[Conjunct] = []
    for condition in conditions:
        if columns_in(condition):
            place = condition[1] if condition[0] == "at" else extent(merge.on)
            found += attach(
                log, merge.body, _without_place(condition), (place[0], place[1]), "merge", None, allowed
            )
    return found


def _needs(merge: MergeParts, side: str, converter: Converter) -> list[list[Json]]:
    """For each clause the conjuncts that hold for the rows of a side that it needs."""
    matched = _conjuncts(merge.on, merge.body, converter)
    keeps_all_rows = any(kind == _OWN_ROWS[side] for kind, _ in merge.clauses)
    joined = [["maybe", item, "merge"] for item in matched] if keeps_all_rows else matched
    found: list[list[Json]] = []
    for kind, condition in merge.clauses:
        own = _conjuncts(condition, merge.body, converter) if condition is not None else []
        if kind == _OWN_ROWS[side]:
            # Only those of them that match nothing, which is not all that meet its condition.
            found.append(own if merge.never_matches or not own else [*own, ["opaque", "NOT MATCHED", []]])
        elif not merge.never_matches:
            found.append(joined if kind == _OTHER_SIDE[side] else [*joined, *own])
    return found


def _conjuncts(condition: exp.Expr, body: SelectBody, converter: Converter) -> list[Json]:
    return [["at", list(extent(item)), converter.convert(item, body)] for item in flatten(condition, exp.And)]


def _without_place(item: Json) -> Json:
    return item[2] if item[0] == "at" else item


def _bare(item: Json) -> Json:
    return _bare(item[1]) if item[0] == "maybe" else _without_place(item)
