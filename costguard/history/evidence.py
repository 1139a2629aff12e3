"""Which labels tell of an iteration, the best first (their producers document them; see docs/iterations.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.columns import value_of
from costguard.history.ledger import OWN_LABEL

Kind = Literal["run", "series", "cluster"]
"""What a value of a label names: one run; what runs again and again, so that its runs are told apart in time; or a
cluster, which is one run unless it is kept for many."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A label that tells of an iteration."""

    name: str
    keys: tuple[str, ...]
    """Keys under which producers write it."""
    kind: Kind = "run"

    def places(self) -> Iterator[tuple[str, str]]:
        """(column of charges, key) of each."""
        for key in self.keys:
            kind, _, name = key.rpartition(":")
            yield _ELSEWHERE[kind] if kind else "labels", name


KNOWN: Final = (
    Evidence(OWN_LABEL, (OWN_LABEL,)),
    Evidence("vertex-ai-pipelines-run-billing-id", ("vertex-ai-pipelines-run-billing-id",)),
    Evidence("dbt_invocation_id", ("dbt_invocation_id",)),
    # Operators for BigQuery write the one key, those for Dataproc the other; neither tells of the run.
    Evidence("airflow-dag", ("airflow-dag", "airflow-dag-id"), "series"),
    Evidence("goog-dataproc-cluster-uuid", ("goog-dataproc-cluster-uuid",), "cluster"),
    Evidence("goog-dataproc-batch-uuid", ("goog-dataproc-batch-uuid",)),
)


_ELSEWHERE: Final = {"project-label": "project_labels", "tag": "tags", "system-label": "system_labels"}
"""Labels of other kinds, and the columns of charges that hold them. They tell of an iteration only if the user says so:
a project's label stands on all that runs in it."""


def evidence_in_order(own: Sequence[str] = ()) -> tuple[Evidence, ...]:
    """The user's own keys (`KEY`, `project-label:KEY`, `tag:KEY`, `system-label:KEY`), then the known ones.

    Raises:
        UsageProblem: a key that is none.
    """
    for key in own:
        kind, colon, name = key.rpartition(":")
        if not name or (colon and kind not in _ELSEWHERE):
            kinds = ", ".join(f"{kind}:KEY" for kind in _ELSEWHERE)
            raise UsageProblem(f"iteration_labels: {key!r} is no label; write KEY, {kinds}")
    named = tuple(Evidence(key, (key,)) for key in dict.fromkeys(own))
    return (*named, *(item for item in KNOWN if item.name not in own))


def with_evidence(frame: pl.LazyFrame, order: Sequence[Evidence]) -> pl.LazyFrame:
    """Rows with `evidence` (a name, null where no label tells of an iteration), `value`, and `kind`. An empty value
    tells nothing."""
    keys = [(item, key) for item in order for key in item.keys]
    columns = {key: f"_evidence_{number}" for number, (_, key) in enumerate(keys)}
    found = [(item, pl.col(columns[key]).replace("", None)) for item, key in keys]
    there = frame.collect_schema().names()
    return (
        frame.with_columns(_value(key, there).alias(name) for key, name in columns.items())
        .with_columns(
            pl.coalesce(pl.when(value.is_not_null()).then(pl.lit(item.name)) for item, value in found).alias(
                "evidence"
            ),
            pl.coalesce(value for _, value in found).alias("value"),
            pl.coalesce(pl.when(value.is_not_null()).then(pl.lit(item.kind)) for item, value in found).alias(
                "kind"
            ),
        )
        .drop(columns.values())
    )


def _value(key: str, there: Sequence[str]) -> pl.Expr:
    kind, _, name = key.rpartition(":")
    column = _ELSEWHERE[kind] if kind else "labels"
    # Jobs have labels of their own only.
    return value_of(pl.col(column), name) if column in there else pl.lit(None, dtype=pl.String)
