"""What machines cost: training on Vertex AI, Spark on Dataproc, and those that are simply on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from synthetic import skus
from synthetic.charges import Charge, Labels, discount, promotion, usage
from synthetic.run import DEV, PROD
from synthetic.weeks import (
    DAYS,
    IDLE_FROM,
    IDLE_UNTIL,
    ITERATIONS,
    NEW_COMMITMENT_MODEL_FROM,
    RESERVATION_DAYS,
    Iteration,
    at,
    pairs,
    team_labels,
)

VOUCHER = Decimal("25")


def training(source: Random) -> list[Charge]:
    """Vertex AI: four hours of a machine with 32 cores and 128 GiB an iteration. A voucher pays for the first."""
    charges = []
    for iteration in ITERATIONS:
        run = str(source.randrange(10**18, 9 * 10**18))
        labels = [
            *pairs({"vertex-ai-pipelines-run-billing-id": run}),
            *team_labels(iteration.day, cg_iteration=iteration.name),
        ]
        path = f"projects/{PROD}/locations/us-central1"
        job = (None, f"//aiplatform.googleapis.com/{path}/customJobs/{source.randrange(10**18, 9 * 10**18)}")
        whole = (None, f"//aiplatform.googleapis.com/{path}/pipelineJobs/churn-{run}")
        start = at(iteration.day, 7)
        charges.append(usage(skus.PIPELINE_RUN, start, 1, PROD, Decimal(1), labels=labels, resource=whole))
        for hour in range(4):
            moment = start + timedelta(hours=hour)
            for sku, size in ((skus.TRAINING_CORE, 32), (skus.TRAINING_RAM, 128)):
                charges.append(usage(sku, moment, 1, PROD, Decimal(size), labels=labels, resource=job))
    return promotion(charges, "Vertex AI trial voucher", VOUCHER)


def _machine(
    name: str, start: datetime, project: str, cores: int, labels: Labels, *, spot: bool = False
) -> Iterator[Charge]:
    """An hour of an n2-standard machine: its cores, and four gibibytes for each."""
    zone = f"projects/{project}/zones/us-central1-a"
    how: dict[str, Any] = {
        "labels": labels,
        "system_labels": pairs(
            {
                "compute.googleapis.com/machine_spec": f"n2-standard-{cores}",
                "compute.googleapis.com/cores": str(cores),
                "compute.googleapis.com/memory": str(cores * 4096),
            }
        ),
        "resource": (name, f"//compute.googleapis.com/{zone}/instances/{name}"),
    }
    core, ram = (skus.SPOT_CORE, skus.SPOT_RAM) if spot else (skus.N2_CORE, skus.N2_RAM)
    yield usage(core, start, 1, project, Decimal(cores), **how)
    yield usage(ram, start, 1, project, Decimal(cores * 4), **how)


def _cluster_labels(name: str, source: Random) -> Labels:
    digits = f"{source.getrandbits(128):032x}"
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return pairs(
        {
            "goog-dataproc-cluster-name": name,
            "goog-dataproc-cluster-uuid": uuid,
            "goog-dataproc-location": "us-central1",
        }
    )


def _licence(name: str, start: datetime, project: str, cores: int, labels: Labels) -> Charge:
    where = f"//dataproc.googleapis.com/projects/{project}/regions/us-central1/clusters/{name}"
    return usage(skus.LICENCE, start, 1, project, Decimal(cores), labels=labels, resource=(name, where))


def sessions(iteration: Iteration, source: Random) -> Iterator[Charge]:
    """pipeline/spark_sessions.py, weekly: two hours of two machines and three spot ones. Committed spend covers part of
    the machines; how it is credited changed."""
    labels = [
        *_cluster_labels("churn-sessions", source),
        *team_labels(iteration.day, cg_iteration=iteration.name),
    ]
    new = iteration.day >= NEW_COMMITMENT_MODEL_FROM
    kind = "FEE_UTILIZATION_OFFSET" if new else "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"
    name = "Committed spend fee offset" if new else "Committed spend, one year"
    for hour in (6, 7):
        start = at(iteration.day, hour)
        yield _licence("churn-sessions", start, PROD, 20, labels)
        for machine in ("churn-sessions-m", "churn-sessions-w-0"):
            for charge in _machine(machine, start, PROD, 4, labels):
                yield discount(charge, kind, name, 28)
        for number in range(3):
            yield from _machine(f"churn-sessions-sw-{number}", start, PROD, 4, labels, spot=True)


def idle_cluster(source: Random) -> Iterator[Charge]:
    """Left on from Friday afternoon to Monday morning; nothing ran there."""
    labels = [*_cluster_labels("nora-scratch", source), *pairs({"owner": "nora"})]
    start = IDLE_FROM
    while start < IDLE_UNTIL:
        yield _licence("nora-scratch", start, DEV, 6, labels)
        for machine in ("nora-scratch-m", "nora-scratch-w-0", "nora-scratch-w-1"):
            yield from _machine(machine, start, DEV, 2, labels)
        start += timedelta(hours=1)


def scheduler() -> Iterator[Charge]:
    """The machine that starts the pipeline, always on. Its memory is committed; its cores get a discount for sustained
    use after a week of each month."""
    for day in DAYS:
        for hour in range(24):
            start = at(day, hour)
            core, ram = _machine("scheduler-1", start, PROD, 2, team_labels(day))
            if day.day > 7:
                core = discount(core, "SUSTAINED_USAGE_DISCOUNT", "Sustained usage discount", 20)
            yield core
            yield discount(ram, "COMMITTED_USAGE_DISCOUNT", "Committed usage discount: RAM", 37)


def unused_reservation() -> Iterator[Charge]:
    labels = pairs(
        {
            "compute.googleapis.com/is_unused_reservation": "true",
            "compute.googleapis.com/reservation_name": "release-week",
        }
    )
    where = f"//compute.googleapis.com/projects/{PROD}/zones/us-central1-a/reservations/release-week"
    for day in RESERVATION_DAYS:
        for sku, size in ((skus.N2_CORE, 2), (skus.N2_RAM, 8)):
            quantity = Decimal(size * 24)
            resource = ("release-week", where)
            yield usage(sku, at(day, 0), 24, PROD, quantity, system_labels=labels, resource=resource)
