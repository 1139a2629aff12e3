"""Which labels tell of an iteration, the best first (their producers document them; see docs/iterations.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.adding_up import LabelOf, label_of_charge
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


def with_evidence(
    frame: pl.LazyFrame, order: Sequence[Evidence], label: LabelOf = label_of_charge
) -> pl.LazyFrame:
    """Rows with `evidence` (a name, null where no label tells of an iteration), `value`, and `kind`. An empty value
    tells nothing."""
    places = [(item, place) for item in order for place in item.places()]
    columns = {place: f"_evidence_{number}" for number, (_, place) in enumerate(places)}
    found = [(item, pl.col(columns[place]).replace("", None)) for item, place in places]
    return (
        frame.with_columns(label(*place).alias(name) for place, name in columns.items())
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


def label_of_job(column: str, key: str) -> pl.Expr:
    """The value of a label of jobs, which have labels of their own only."""
    return label_of_charge(column, key) if column == "labels" else pl.lit(None, dtype=pl.String)
