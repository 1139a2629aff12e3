"""What BigQuery costs: jobs, and stored tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from synthetic import skus
from synthetic.charges import Charge, Credit, invoice_month, month_share, nano, usage
from synthetic.run import PROD, Job
from synthetic.sent import PROJECT
from synthetic.weeks import DAYS, at, grown, team_labels

FREE_ANALYSIS = {"202610": Decimal("6.25"), "202611": Decimal("6.25")}
"""Dollars of the first TiB of a month; September's was used up before these weeks."""


def analysis(jobs: Sequence[Job]) -> Iterator[Charge]:
    """A row for each job that is charged for: its billed bytes, at the list price. What rounding leaves over goes into
    the next row, so that they add up to the nano-dollar."""
    free = dict(FREE_ANALYSIS)
    billed = 0
    for job in sorted(jobs, key=lambda job: (job.ended, job.job_id)):
        if not job.charged:
            continue
        hour = job.ended.replace(minute=0, second=0, microsecond=0)
        charge = usage(
            skus.ANALYSIS,
            hour,
            1,
            job.project,
            Decimal(job.billed) / skus.TIB,
            labels=job.labels,
            resource=(
                f"{job.project}:US.{job.job_id}",
                f"//bigquery.googleapis.com/projects/{job.project}/jobs/{job.job_id}",
            ),
        )
        before, billed = billed, billed + job.billed
        charge = replace(charge, cost=analysis_cost(billed) - analysis_cost(before))
        month = invoice_month(hour)
        share = min(free.get(month, Decimal(0)), charge.cost)
        if share:
            free[month] -= share
            charge = replace(charge, credits=(Credit("FREE_TIER", "BigQuery analysis free tier", -share),))
        yield charge


def analysis_cost(billed: int) -> Decimal:
    """What so many bytes cost on demand, to the nano-dollar."""
    assert skus.ANALYSIS.price is not None
    return nano(Decimal(billed) * skus.ANALYSIS.price / skus.TIB)


def slots(jobs: Sequence[Job]) -> Iterator[Charge]:
    """Slot-hours of each project and day, at no cost: a key to share costs by, not a cost."""
    taken: dict[tuple[date, str], int] = {}
    for job in jobs:
        if job.charged:
            key = (job.ended.date(), job.project)
            taken[key] = taken.get(key, 0) + job.slot_ms
    for (day, project), slot_ms in sorted(taken.items()):
        yield usage(skus.SLOTS, at(day, 0), 24, project, Decimal(slot_ms // 1000) / skus.HOUR)


def tables() -> Iterator[Charge]:
    """Storage of each dataset, by the day. A quarter was written within the last 90 days."""
    sizes: dict[str, int] = {}
    for table in json.loads((PROJECT / "catalog.json").read_text(encoding="utf-8"))["tables"]:
        dataset = table["name"].split(".")[1]
        sizes[dataset] = sizes.get(dataset, 0) + table["bytes"]
    for day in DAYS:
        for dataset, today in sorted(sizes.items()):
            size = grown(today, day)
            labels = team_labels(day) if dataset == "ml" else []
            resource = (dataset, f"//bigquery.googleapis.com/projects/{PROD}/datasets/{dataset}")
            for sku, part in ((skus.ACTIVE, size // 4), (skus.LONG_TERM, size - size // 4)):
                yield usage(sku, at(day, 0), 24, PROD, month_share(part, day), labels=labels, resource=resource)
