"""Iterations in the bill and the job history: by labels, else in time. Every charge falls to one iteration, to what is
paid without iterations, or to a reason why nobody knows; the three add up to the bill.

In time (docs/decisions/010-iterations-in-time.md): charges without such a label, of one project, belong together until
nothing goes on for longer than `gap`. What goes on for longer than `longest` without such a pause is no iteration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import polars as pl

from costguard.config import Config, PhaseRule
from costguard.history.adding_up import AddedUp, Label, add_up
from costguard.history.columns import CATEGORY, MONEY, TIME, as_texts
from costguard.history.evidence import Evidence, evidence_in_order, label_of_job, with_evidence
from costguard.history.files import collected
from costguard.history.job_columns import JOBS
from costguard.history.jobs import SCRIPT
from costguard.history.phases import PHASES, label_conditions, phase_rules, with_phases
from costguard.history.rollup import latest
from costguard.history.stretches import lasts, with_stretches

TIME_EVIDENCE: Final = "time"
_PLACES: Final = Decimal("0.000000001")
NO_PROJECT: Final = "no label, no project"
NO_TIME: Final = "no label, no time of use"
BESIDE: Final = "no label, while an iteration with a label ran"


@dataclass(frozen=True, slots=True)
class IterationSettings:
    """How iterations are told apart."""

    labels: tuple[str, ...] = ()
    """Keys of the user's own, which go before the known ones."""
    gap: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=24)
    phases: tuple[PhaseRule, ...] = ()
    """Rules of the user's own."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return evidence_in_order(self.labels)

    @property
    def without_pause(self) -> str:
        """The reason why something that goes on and on is in no iteration."""
        return f"no pause of {_hours(self.gap)} within {_hours(self.longest)}"


def iteration_settings(config: Config) -> IterationSettings:
    """What the config says of iterations."""
    return IterationSettings(
        labels=config.iteration_labels,
        gap=timedelta(hours=config.iteration_gap_hours),
        longest=timedelta(hours=config.iteration_max_hours),
        phases=config.phases.rules,
    )


IterationKey = tuple[str, str]
"""(evidence, id)."""


@dataclass(frozen=True, slots=True)
class Iteration:
    """One pass of a project."""

    id: str
    """The label's value; `DAG@start` or `PROJECT@start` where its runs are told apart in time."""
    evidence: str
    """`label:KEY` (or `tag:KEY` and the like, where the user says so) or `time`."""
    start: datetime
    end: datetime
    """Of usage, which the bill tells by the hour, and of jobs."""
    projects: tuple[str, ...]
    rows: int
    """Charges; none where only the job history tells of it: the bill comes later."""
    net: Decimal
    by_phase: Mapping[str, Decimal]
    """In the order of PHASES, those that have charges."""
    jobs: int
    """Without scripts, whose statements are jobs of their own."""
    bytes_billed: int
    unknown_bytes: int
    """Charged jobs that do not tell their bytes."""

    @property
    def key(self) -> IterationKey:
        """What tells it from every other one: two labels may have the same value."""
        return self.evidence, self.id


@dataclass(frozen=True, slots=True)
class Part:
    """Charges that are in no iteration."""

    name: str
    """What they are, or why."""
    rows: int
    net: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A bill, divided."""

    iterations: tuple[Iteration, ...]
    """The newest first."""
    standing: tuple[Part, ...]
    """Paid whether iterations run or not, the largest first."""
    unattributed: tuple[Part, ...]
    """The largest first."""
    rows: int
    net: Decimal
    by_phase: Mapping[str, Decimal]
    unclassified: tuple[Part, ...]
    """SKUs that no rule knows, by `service: SKU`, the largest first."""
    cells: pl.DataFrame
    """As `charges`, with texts as CATEGORY."""
    names: pl.DataFrame
    """`service_id`, `sku_id`, `service`, `sku`: their latest names."""
    jobs: pl.DataFrame
    """The columns of JOBS, `billable`, and `iteration`."""

    @property
    def charges(self) -> pl.DataFrame:
        """Sums of charges: the columns of CELL, `rows`, `net`, and `iteration`, its index in `iterations`, or null."""
        return as_texts(self.cells)

    @property
    def to_iterations(self) -> Decimal:
        return sum((item.net for item in self.iterations), Decimal(0))

    @property
    def standing_net(self) -> Decimal:
        return sum((item.net for item in self.standing), Decimal(0))

    @property
    def unattributed_net(self) -> Decimal:
        return sum((item.net for item in self.unattributed), Decimal(0))

    @property
    def billed_iterations(self) -> int:
        """Iterations that the bill knows of."""
        return sum(item.rows > 0 for item in self.iterations)

    @property
    def standing_per_iteration(self) -> Decimal | None:
        """What each iteration would bear of the standing cost, to nine places; None without iterations."""
        count = self.billed_iterations
        return (self.standing_net / count).quantize(_PLACES) if count else None


def find_iterations(
    charges: pl.LazyFrame, jobs: pl.DataFrame | None = None, settings: IterationSettings | None = None
) -> Found:
    """Divide charges (the columns of CHARGES, and `net`) among iterations. Jobs (the columns of JOBS, and `billable`)
    say when something went on, and are counted.

    Raises:
        UsageProblem: the bill cannot be read, or a rule cannot be used.
    """
    settings = settings or IterationSettings()
    added = add_up(
        charges,
        ("project", "service_id", "service", "sku_id", "sku", "cost_type"),
        iteration_labels(settings),
        {"start": _START, "end": _END},
        [pl.col("rows").sum(), pl.col("net").sum().fill_null(0).cast(MONEY), pl.col("usage_start").max()],
    )
    return divide(with_marks(added, settings), jobs, settings)


def iteration_labels(settings: IterationSettings) -> tuple[Label, ...]:
    """The labels that tell of iterations and phases."""
    found: dict[Label, None] = {}
    for item in settings.evidence:
        found.update(dict.fromkeys(item.places()))
    for rule in phase_rules(settings.phases):
        found.update(dict.fromkeys((column, key) for column, key, _ in label_conditions(rule)))
    return tuple(found)


def with_marks(added: AddedUp, settings: IterationSettings) -> pl.DataFrame:
    """Charges that were added up, with what `with_phases` and `with_evidence` say of them, as categories."""
    rules = phase_rules(settings.phases)
    names = (added.labels[label] for label in iteration_labels(settings) if label in added.labels)
    keys = ["service_id", "sku", "cost_type", *names]
    if any(rule.project for rule in rules):
        keys.append("project")
    # There are far fewer kinds of charges than charges.
    kinds = added.frame.lazy().select(keys).unique()
    phased = with_phases(as_texts(kinds), rules, added.label)
    (marked,) = collected(
        with_evidence(phased, settings.evidence, added.label).with_columns(pl.col(pl.String).cast(CATEGORY))
    )
    marks = added.frame.select(keys).join(
        marked, on=keys, how="left", nulls_equal=True, maintain_order="left"
    )
    return added.frame.hstack(marks.drop(keys))


def divide(
    marked: pl.DataFrame, jobs: pl.DataFrame | None = None, settings: IterationSettings | None = None
) -> Found:
    """`find_iterations` of charges that were added up: the columns of CELL (texts as CATEGORY), `service`, `sku`,
    `usage_start`, `rows`, `net`."""
    settings = settings or IterationSettings()
    summed = marked.select(*CELL, "rows", "net")
    names = _names(marked)
    jobs = _no_jobs() if jobs is None else jobs
    told = _told(jobs, settings)
    divided = _divided(_rows(summed, told), settings)
    iterations, numbers = _iterations(divided)
    mine = divided.select(_RUN).join(numbers, on=_RUN, how="left", nulls_equal=True, maintain_order="left")
    numbered = divided.with_columns(mine["iteration"])
    of_charges, of_jobs = numbered.head(summed.height), numbered.slice(summed.height)
    return Found(
        iterations=iterations,
        standing=_parts(numbered, "standing_part"),
        unattributed=_parts(numbered, "reason"),
        rows=int(summed["rows"].sum()),
        net=_money(summed["net"].sum()),
        by_phase=_by_phase(summed),
        unclassified=_unclassified(summed, names),
        cells=of_charges.select(*CELL, "rows", "net", "iteration"),
        names=names,
        jobs=jobs.with_columns(of_jobs["iteration"]),
    )


CELL: Final = (
    *("project", "service_id", "sku_id", "evidence", "value", "kind"),
    *("phase", "standing", "apart", "start", "end"),
)
"""What charges are summed by: nothing below tells two charges of one cell apart."""
_START: Final = pl.col("usage_start")
_END: Final = pl.max_horizontal("usage_start", "usage_end")
_RUN: Final = ("found_by", "found_value", "found_start")
_JOB_SERIES: Final = "jobs"
"""Stands for the SKU of jobs."""


def marked_charges(charges: pl.LazyFrame, settings: IterationSettings) -> pl.LazyFrame:
    """Charges with the columns of CELL."""
    phased = with_phases(charges, phase_rules(settings.phases))
    return with_evidence(phased, settings.evidence).with_columns(_START.alias("start"), _END.alias("end"))


def _names(marked: pl.DataFrame) -> pl.DataFrame:
    """The latest name of each service and SKU."""
    ids = ("service_id", "sku_id")
    each = marked.group_by(*ids, "service", "sku").agg(pl.col("usage_start").max())
    return as_texts(each.group_by(ids).agg(latest("service"), latest("sku")))


def _told(jobs: pl.DataFrame, settings: IterationSettings) -> pl.DataFrame:
    """What jobs tell of iterations, in their order. A script's statements that tell nothing belong to that of the
    script."""
    marks = ("evidence", "value", "kind")
    mine = with_evidence(jobs.lazy(), settings.evidence, label_of_job).select(*_OF_JOBS, *marks).collect()
    parents = (
        mine.filter(pl.col("evidence").is_not_null())
        .select(
            "project",
            pl.col("job_id").alias("parent"),
            *(pl.col(name).alias(f"{name}_of_parent") for name in marks),
        )
        .unique(["project", "parent"])
    )
    return (
        mine.join(parents, on=["project", "parent"], how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("evidence").is_null()).then(f"{name}_of_parent").otherwise(name).alias(name)
            for name in marks
        )
        .drop(f"{name}_of_parent" for name in marks)
    )


_OF_JOBS: Final = (
    *("project", "job_id", "parent", "created", "started", "ended"),
    *("statement", "billable", "bytes_billed"),
)


def _rows(summed: pl.DataFrame, jobs: pl.DataFrame) -> pl.DataFrame:
    """Sums of charges, and behind them jobs as rows that cost nothing, both in their order."""
    begin = pl.coalesce("started", "created")
    as_rows = jobs.select(
        pl.col("project").cast(CATEGORY),
        pl.lit(None, dtype=CATEGORY).alias("service_id"),
        pl.lit(_JOB_SERIES, dtype=CATEGORY).alias("sku_id"),
        *(pl.col(name).cast(CATEGORY) for name in ("evidence", "value", "kind")),
        pl.lit(None, dtype=CATEGORY).alias("phase"),
        pl.lit(None, dtype=CATEGORY).alias("standing"),
        pl.lit(value=False).alias("apart"),
        begin.alias("start"),
        pl.max_horizontal(begin, "ended").alias("end"),
        pl.lit(0, dtype=pl.Int64).alias("rows"),
        pl.lit(Decimal(0), dtype=MONEY).alias("net"),
        (pl.col("statement").fill_null("") != SCRIPT).alias("counts"),
        pl.when("billable").then("bytes_billed").alias("bytes_billed"),
        (pl.col("billable") & pl.col("bytes_billed").is_null()).alias("unknown_bytes"),
    )
    return pl.concat([summed, as_rows], how="diagonal")


_FALLS: Final[Mapping[str, pl.DataType]] = {
    "found_by": CATEGORY,
    "found_value": CATEGORY,
    "found_start": TIME,
    "standing_part": CATEGORY,
    "reason": CATEGORY,
}
"""Where a row falls: to an iteration (the first three, its name), to a standing cost, or to neither, for a reason."""


def _divided(rows: pl.DataFrame, settings: IterationSettings) -> pl.DataFrame:
    """Each row with the columns of _FALLS."""
    # Only what decides is sorted and parted, and not the amounts.
    slim = rows.with_row_index("row").select(
        *("row", "project", "sku_id", "evidence", "value", "kind"),
        *("phase", "standing", "apart", "start", "end"),
        (pl.col("rows") > 0).alias("charged"),
    )
    timeless = pl.col("start").is_null()
    unlabelled = pl.col("evidence").is_null()
    is_standing = pl.col("apart") | (unlabelled & pl.col("standing").is_not_null())
    labelled = ~is_standing & ~unlabelled & ~timeless
    runs = _by_value(slim.filter(labelled & (pl.col("kind") != "series")), settings)
    again = _by_pauses(slim.filter(labelled & (pl.col("kind") == "series")), settings)
    standing = slim.filter(is_standing).with_columns(pl.coalesce("standing", "phase").alias("standing_part"))
    rest = slim.filter(~is_standing & ~labelled)
    nowhere = rest.filter(pl.col("project").is_null() | timeless).with_columns(
        pl.when(timeless).then(_category(NO_TIME)).otherwise(_category(NO_PROJECT)).alias("reason")
    )
    left = rest.filter(pl.col("project").is_not_null() & ~timeless)
    in_time = _in_time(left, pl.concat([runs, again], how="diagonal"), settings)
    nothing = pl.DataFrame(schema={"row": pl.UInt32, **_FALLS})
    parts = [
        part.select("row", *(name for name in _FALLS if name in part.columns))
        for part in (runs, again, standing, nowhere, in_time)
    ]
    falls = pl.concat([nothing, *parts], how="diagonal").sort("row")
    return rows.hstack(falls.drop("row"))


def _category(text: str) -> pl.Expr:
    return pl.lit(text, dtype=CATEGORY)


def _why(ends: str) -> pl.Expr:
    """The reason that a label's charges are in no iteration."""
    return pl.concat_str(pl.lit("label "), pl.col("evidence").cast(pl.String), pl.lit(ends)).cast(CATEGORY)


def _by_value(rows: pl.DataFrame, settings: IterationSettings) -> pl.DataFrame:
    """Runs that have a label of their own; a cluster that is kept for longer than an iteration lasts is none."""
    by = ("evidence", "value")
    kept = (pl.col("kind") == "cluster") & (
        pl.col("end").max().over(by) - pl.col("start").min().over(by) > settings.longest
    )
    return rows.with_columns(
        pl.when(~kept).then("evidence").alias("found_by"),
        pl.when(~kept).then("value").alias("found_value"),
        pl.when(kept).then(_why(f", kept for more than {_hours(settings.longest)}")).alias("reason"),
    )


def _by_pauses(rows: pl.DataFrame, settings: IterationSettings) -> pl.DataFrame:
    """Runs of what a label names and does not tell apart."""
    stretched = _with_stretches(rows, ("evidence", "value"), settings.gap)
    short = lasts() <= settings.longest
    return stretched.with_columns(
        pl.when(short).then("evidence").alias("found_by"),
        pl.when(short).then("value").alias("found_value"),
        pl.when(short).then(_named_start()).alias("found_start"),
        pl.when(~short).then(_why(f", {settings.without_pause}")).alias("reason"),
    )


def _in_time(rows: pl.DataFrame, labelled: pl.DataFrame, settings: IterationSettings) -> pl.DataFrame:
    """Iterations of what has no label."""
    endless = _category(f"no label, {settings.without_pause}")
    # What runs all day (a machine, a log, jobs that come all the time) would tie everything together.
    series = _with_stretches(rows, ("project", "sku_id"), settings.gap)
    always = series.filter(lasts() > settings.longest).with_columns(endless.alias("reason"))
    rest = series.filter(lasts() <= settings.longest).select("row", "project", "start", "end", "charged")
    # With the labels' own, to see what went on while an iteration ran that is known already.
    of_iterations = pl.col("found_by").is_not_null() & pl.col("project").is_not_null()
    spans = labelled.filter(of_iterations).select("project", "start", "end").unique()
    together = pl.concat(
        [
            rest.with_columns(pl.lit(value=False).alias("known")),
            spans.with_columns(pl.lit(value=True).alias("known")),
        ],
        how="diagonal",
    )
    stretched = _with_stretches(together, ("project",), settings.gap)
    known = pl.col("known").any().over("run")
    charged = pl.col("charged").fill_null(value=False).any().over("run")
    short = ~known & (lasts() <= settings.longest)
    found = short & charged
    apart = stretched.with_columns(
        pl.when(found).then(_category(TIME_EVIDENCE)).alias("found_by"),
        pl.when(found).then("project").alias("found_value"),
        pl.when(found).then(_named_start()).alias("found_start"),
        pl.when(known).then(_category(BESIDE)).when(~short).then(endless).alias("reason"),
    ).filter(~pl.col("known"))
    return pl.concat([always, apart], how="diagonal")


def _with_stretches(rows: pl.DataFrame, by: Sequence[str], gap: timedelta) -> pl.DataFrame:
    """`with_stretches` by one or two categories, with `run`, a number that no other stretch of the rows has."""
    # By one number instead of texts: sorted five times as fast.
    series = _together(*(pl.col(name).to_physical() for name in by))
    return (
        with_stretches(rows.with_columns(series.alias("series")), ["series"], gap)
        .with_columns(
            (
                (pl.col("series") != pl.col("series").shift(1))
                | (pl.col("stretch") != pl.col("stretch").shift(1))
            )
            .cum_sum()
            .fill_null(0)
            .alias("run")
        )
        .drop("series", "stretch")
    )


def _together(*numbers: pl.Expr) -> pl.Expr:
    """One or two numbers of 32 bits, which may be null, as one."""
    first, *rest = (number.cast(pl.UInt64).fill_null(_NULL) for number in numbers)
    return reduce(lambda one, other: one * (_NULL + 1) + other, rest, first)


_NULL: Final = 2**32 - 1
"""No category has it as its number."""


def _named_start() -> pl.Expr:
    """When the first charge of a stretch began: a name that jobs, which are told more exactly, do not change."""
    charged = pl.when("charged").then("start").min().over("run")
    return charged.fill_null(pl.col("stretch_start"))


def _iterations(rows: pl.DataFrame) -> tuple[tuple[Iteration, ...], pl.DataFrame]:
    """The iterations, and for each of their names its index."""
    amounts = ("rows", "net", "counts", "bytes_billed", "unknown_bytes")
    of_one = rows.select(*_RUN, "project", "phase", "start", "end", *amounts).filter(
        pl.col("found_by").is_not_null()
    )
    sums = of_one.group_by(_RUN).agg(
        pl.col("start").min(),
        pl.col("end").max(),
        pl.col("project").drop_nulls().unique().alias("projects"),
        pl.col("rows").sum(),
        pl.col("net").sum(),
        pl.col("counts").fill_null(value=False).sum().alias("jobs"),
        pl.col("bytes_billed").sum(),
        pl.col("unknown_bytes").fill_null(value=False).sum(),
    )
    name = (pl.col("found_by").cast(pl.String), pl.col("found_value").cast(pl.String), "found_start")
    sums = sums.sort("start", *name, descending=[True, False, False, False], nulls_last=True)
    phases: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    nets = of_one.filter(pl.col("rows") > 0).group_by(*_RUN, "phase").agg(pl.col("net").sum())
    for *run, phase, net in nets.iter_rows():
        phases.setdefault(tuple(run), {})[phase] = _money(net)
    found = tuple(
        Iteration(
            id=_id(row),
            evidence=_evidence(row["found_by"]),
            start=row["start"],
            end=row["end"],
            projects=tuple(sorted(row["projects"])),
            rows=row["rows"],
            net=_money(row["net"]),
            by_phase=_ordered(phases.get(tuple(row[name] for name in _RUN), {})),
            jobs=row["jobs"],
            bytes_billed=row["bytes_billed"],
            unknown_bytes=row["unknown_bytes"],
        )
        for row in sums.iter_rows(named=True)
    )
    return found, sums.select(_RUN).with_row_index("iteration")


def _evidence(name: str) -> str:
    return name if name == TIME_EVIDENCE or ":" in name else f"label:{name}"


def _id(row: Mapping[str, Any]) -> str:
    start: datetime | None = row["found_start"]
    value: str = row["found_value"]
    return value if start is None else f"{value}@{start:%Y-%m-%dT%H:%M}"


def _parts(rows: pl.DataFrame, column: str) -> tuple[Part, ...]:
    sums = (
        rows.select(column, "rows", "net")
        .filter(pl.col(column).is_not_null() & (pl.col("rows") > 0))
        .group_by(column)
        .agg(pl.col("rows").sum(), pl.col("net").sum())
        .with_columns(pl.col(column).cast(pl.String))
        .sort(pl.col("net").abs(), column, descending=[True, False])
    )
    return tuple(Part(name, count, _money(net)) for name, count, net in sums.iter_rows())


def _unclassified(summed: pl.DataFrame, names: pl.DataFrame) -> tuple[Part, ...]:
    unknown = (
        summed.filter(pl.col("phase") == PHASES[-1])
        .group_by("service_id", "sku_id")
        .agg(pl.col("rows").sum(), pl.col("net").sum())
        .with_columns(pl.col("service_id", "sku_id").cast(pl.String))
        .join(names, on=["service_id", "sku_id"], how="left", nulls_equal=True)
        .with_columns(
            pl.concat_str(
                pl.coalesce("service", "service_id", pl.lit("(no service)")),
                pl.lit(": "),
                pl.coalesce("sku", "sku_id", pl.lit("(no SKU)")),
            ).alias("name")
        )
        .sort(pl.col("net").abs(), "name", "sku_id", descending=[True, False, False])
    )
    return tuple(
        Part(name, rows, _money(net)) for name, rows, net in unknown["name", "rows", "net"].iter_rows()
    )


def _by_phase(summed: pl.DataFrame) -> dict[str, Decimal]:
    sums = summed.group_by("phase").agg(pl.col("net").sum())
    return _ordered({phase: _money(net) for phase, net in sums.iter_rows()})


def _ordered(nets: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {phase: nets[phase] for phase in PHASES if phase in nets}


def _money(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def _no_jobs() -> pl.DataFrame:
    return pl.DataFrame(schema={**JOBS, "billable": pl.Boolean()})


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g} h"
