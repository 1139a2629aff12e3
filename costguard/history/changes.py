"""What changed from one iteration to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.columns import as_texts
from costguard.history.files import collected
from costguard.history.iterations import (
    CELL,
    TIME_EVIDENCE,
    Found,
    Iteration,
    IterationSettings,
    marked_charges,
)

Kind = Literal["added", "removed", "dearer", "cheaper", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    """An iteration against the one before."""

    since: str
    """The id of the one before."""
    net: Decimal
    percent: float | None
    """None where the one before cost nothing, or less."""
    phase: str | None
    """Which moved most; None when none did."""
    phase_net: Decimal


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing in two iterations."""

    key: str | None
    name: str | None
    before: Decimal | None
    """None where it is not there."""
    after: Decimal | None

    @property
    def change(self) -> Decimal:
        return (self.after or Decimal(0)) - (self.before or Decimal(0))

    @property
    def kind(self) -> Kind:
        return _kind(self.before, self.after)


@dataclass(frozen=True, slots=True)
class QueryMovement:
    """One query, by its hash, in two iterations. Its bytes are known, its dollars only where queries pay by bytes."""

    key: str
    query: str | None
    runs_before: int
    runs_after: int
    bytes_before: int
    bytes_after: int
    slot_ms_before: int
    slot_ms_after: int

    @property
    def kind(self) -> Kind:
        """By bytes billed; where those are the same, by slot time."""
        before = Decimal(self.bytes_before) if self.runs_before else None
        after = Decimal(self.bytes_after) if self.runs_after else None
        if before is not None and before == after:
            return _kind(Decimal(self.slot_ms_before), Decimal(self.slot_ms_after))
        return _kind(before, after)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two iterations side by side. Each list holds what is in either, the largest change first; those of phases and
    SKUs add up to the change of the net. A charge with several labels stands under each of them."""

    before: Iteration
    after: Iteration
    phases: tuple[Movement, ...]
    skus: tuple[Movement, ...]
    labels: tuple[Movement, ...]
    queries: tuple[QueryMovement, ...] | None
    """None without a job history."""
    unhashed: int
    """Charged jobs of both that have no hash."""


def _kind(before: Decimal | None, after: Decimal | None) -> Kind:
    if before is None:
        return "same" if after is None else "added"
    if after is None:
        return "removed"
    return "same" if before == after else "dearer" if after > before else "cheaper"


# -- against the one before ------------------------------------------------------------------------------


def changes(iterations: Sequence[Iteration]) -> list[Change | None]:
    """For each iteration (the newest first) what changed since the one before: the latest earlier one that the bill
    knows of, found by the same evidence, in one of its projects, and of the same DAG. None where there is none."""
    latest: dict[tuple[str, str | None, str | None], int] = {}
    found: list[Change | None] = []
    for number in reversed(range(len(iterations))):
        iteration = iterations[number]
        places = [
            (iteration.evidence, _series(iteration), project) for project in iteration.projects or (None,)
        ]
        # The newest come first: of several, the smallest number is the latest.
        before = min((latest[place] for place in places if place in latest), default=None)
        if not iteration.rows:
            found.append(None)
            continue
        found.append(_change(iterations[before], iteration) if before is not None else None)
        latest.update(dict.fromkeys(places, number))
    return found[::-1]


def _series(iteration: Iteration) -> str | None:
    """What runs again and again: the DAG's name."""
    in_time = iteration.evidence in (TIME_EVIDENCE, "label:airflow-dag")
    return iteration.id.rpartition("@")[0] if in_time else None


def _change(before: Iteration, after: Iteration) -> Change:
    moved = {
        phase: after.by_phase.get(phase, Decimal(0)) - before.by_phase.get(phase, Decimal(0))
        for phase in dict.fromkeys((*before.by_phase, *after.by_phase))
    }
    most = max(moved, key=lambda phase: (abs(moved[phase]), phase), default=None)
    if most is not None and not moved[most]:
        most = None
    net = after.net - before.net
    return Change(
        since=before.id,
        net=net,
        percent=float(net / before.net * 100) if before.net > 0 else None,
        phase=most,
        phase_net=moved[most] if most is not None else Decimal(0),
    )


# -- two of them -----------------------------------------------------------------------------------------


def choose(iterations: Sequence[Iteration], wanted: str) -> int:
    """The index of an iteration by its id, by `KEY=ID`, or by the beginning of its id.

    Raises:
        UsageProblem: there is none, or more than one.
    """
    exact = [number for number, item in enumerate(iterations) if wanted in (item.id, _full(item))]
    found = exact or [number for number, item in enumerate(iterations) if item.id.startswith(wanted)]
    if wanted and len(found) == 1:
        return found[0]
    if wanted and found:
        names = ", ".join(_full(iterations[number]) for number in found[:_SHOWN])
        raise UsageProblem(f"{wanted!r} may be any of {len(found)} iterations: {names}")
    names = ", ".join(item.id for item in iterations[:_SHOWN]) or "none"
    raise UsageProblem(f"there is no iteration {wanted!r} in this bill; the newest are {names}")


_SHOWN: Final = 5


def _full(iteration: Iteration) -> str:
    return f"{iteration.evidence.removeprefix('label:')}={iteration.id}"


def compare(
    charges: pl.LazyFrame, found: Found, before: int, after: int, settings: IterationSettings
) -> Comparison:
    """Two iterations by their indices. `charges` and `settings` are those that `found` was made of."""
    pair = (before, after)
    one, other = found.iterations[before], found.iterations[after]
    mine = as_texts(found.cells.filter(pl.col("iteration").is_in(pair)))
    skus = mine.join(found.names, on=["service_id", "sku_id"], how="left", nulls_equal=True).select(
        pl.concat_str(
            pl.col("service_id").fill_null("?"), pl.lit("/"), pl.col("sku_id").fill_null("?")
        ).alias("key"),
        pl.concat_str(
            pl.coalesce("service", "service_id", pl.lit("(no service)")),
            pl.lit(": "),
            pl.coalesce("sku", "sku_id", pl.lit("(no SKU)")),
        ).alias("name"),
        *("iteration", "net"),
    )
    hashed = found.jobs.filter(pl.col("billable") & pl.col("iteration").is_in(pair))
    return Comparison(
        before=one,
        after=other,
        phases=_movements(mine.select(pl.col("phase").alias("key"), _NAMELESS, "iteration", "net"), pair),
        skus=_movements(skus, pair),
        labels=_movements(_labelled(charges, found, pair, settings), pair),
        queries=_queries(hashed, pair) if found.jobs.height else None,
        unhashed=hashed["query_hash"].null_count(),
    )


_NAMELESS: Final = pl.lit(None, dtype=pl.String).alias("name")


def _movements(rows: pl.DataFrame, pair: tuple[int, int]) -> tuple[Movement, ...]:
    sides: list[Mapping[str | None, tuple[str | None, Decimal]]] = []
    for number in pair:
        sums = (
            rows.filter(pl.col("iteration") == number)
            .group_by("key")
            .agg(pl.col("name").first(), pl.col("net").sum())
        )
        sides.append({key: (name, net) for key, name, net in sums.iter_rows()})
    old, new = sides
    movements = [
        Movement(
            key,
            (new.get(key) or old[key])[0],
            old[key][1] if key in old else None,
            new[key][1] if key in new else None,
        )
        for key in {**old, **new}
    ]
    return tuple(sorted(movements, key=lambda item: (-abs(item.change), item.key or "")))


def _labelled(
    charges: pl.LazyFrame, found: Found, pair: tuple[int, int], settings: IterationSettings
) -> pl.DataFrame:
    """A row for each label of each charge of two iterations, but the labels that tell of iterations."""
    cells = found.cells.filter(pl.col("iteration").is_in(pair))
    chosen = as_texts(cells.select(*CELL, "iteration").unique())
    keys = [key for item in settings.evidence for key in item.keys]
    first, last = chosen["start"].min(), chosen["start"].max()
    rows = (
        marked_charges(charges.filter(pl.col("usage_start").is_between(first, last)), settings)
        .join(chosen.lazy(), on=CELL, how="inner", nulls_equal=True)
        .select("labels", "net", "iteration")
        .with_row_index("row")
        .explode("labels")
        .filter(pl.col("labels").is_not_null())
        .with_columns(
            pl.col("labels").struct.field("key").alias("label"),
            pl.col("labels").struct.field("value").alias("value"),
        )
        .filter(~pl.col("label").is_in(keys))
        .unique(["row", "label"], keep="first", maintain_order=True)
        .select(
            pl.concat_str("label", pl.lit("="), pl.col("value").fill_null("")).alias("key"),
            _NAMELESS,
            *("iteration", "net"),
        )
    )
    return collected(rows)[0]


def _queries(jobs: pl.DataFrame, pair: tuple[int, int]) -> tuple[QueryMovement, ...]:
    sums = (
        jobs.filter(pl.col("query_hash").is_not_null())
        .sort("created")
        .group_by("query_hash", "iteration")
        .agg(
            pl.len(),
            pl.col("bytes_billed").sum(),
            pl.col("slot_ms").sum(),
            pl.col("query").last(),
        )
    )
    sides: dict[str, dict[int, tuple[Any, ...]]] = {}
    for key, iteration, *values in sums.iter_rows():
        sides.setdefault(key, {})[iteration] = tuple(values)
    nothing = (0, 0, 0, None)
    found = []
    for key, side in sides.items():
        old, new = (side.get(number, nothing) for number in pair)
        query = new[3] or old[3]
        found.append(QueryMovement(key, query, old[0], new[0], old[1], new[1], old[2], new[2]))
    return tuple(
        sorted(
            found,
            key=lambda item: (
                -abs(item.bytes_after - item.bytes_before),
                -abs(item.slot_ms_after - item.slot_ms_before),
                item.key,
            ),
        )
    )
