"""The bill of the eight weeks: what was used, then what an invoice adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from synthetic import skus
from synthetic.bigquery import analysis, slots, tables
from synthetic.charges import Adjustment, Charge, amount, discount, exported, month_share, nano, usage
from synthetic.machines import idle_cluster, scheduler, sessions, training, unused_reservation
from synthetic.run import PROD, Job
from synthetic.skus import price_on
from synthetic.weeks import DAYS, ITERATIONS, at, grown, pairs, team_labels

FREE_LOGS = Decimal(50)
"""Gibibytes of a month."""
MISTAKEN_DAYS = (date(2026, 9, 22), date(2026, 9, 23), date(2026, 9, 24))
RELABELLED_DAYS = (date(2026, 10, 6), date(2026, 10, 7))
OVERCOUNTED_DAY = date(2026, 10, 9)
TAX_PERCENT = Decimal("8.1")
CLOSED_MONTHS = {"202609": date(2026, 9, 30), "202610": date(2026, 10, 31)}
"""Invoices, and their last days."""


def make_charges(jobs: Sequence[Job]) -> list[Charge]:
    """All rows of the bill, in the order in which they were exported."""
    source = Random(20261102)
    used = [
        *analysis(jobs),
        *slots(jobs),
        *tables(),
        *training(source),
        *(charge for iteration in ITERATIONS if iteration.first_of_week for charge in sessions(iteration, source)),
        *idle_cluster(source),
        *scheduler(),
        *unused_reservation(),
        *_objects(source),
        *_logs(source),
        *_transfer(source),
        *(usage(skus.FEED, at(day, 0), 24, PROD, Decimal(1)) for day in DAYS),
    ]
    charges = [exported(charge, source) for charge in used]
    charges += [exported(charge, source) for charge in (*_corrections(charges), *_refunds())]
    charges += [exported(charge, source) for charge in _invoices(charges)]
    return sorted(charges, key=lambda charge: (charge.export, charge.sku.id, charge.resource[1] or "", charge.cost))


# -- other usage --------------------------------------------------------------------------------------------


def _objects(source: Random) -> Iterator[Charge]:
    """Two buckets. The team's changed hands: for two days both owners are there, under the same key."""
    for day in DAYS:
        for bucket, size, written, read in (
            ("kestrel-ml", 610 * skus.GIB, 9_000, 120_000),
            ("kestrel-raw", 1_900 * skus.GIB, 21_000, 300_000),
        ):
            labels = team_labels(day) if bucket == "kestrel-ml" else pairs({"env": "prod"})
            if bucket == "kestrel-ml" and day in RELABELLED_DAYS:
                labels = [*labels, *pairs({"team": "growth"})]
            how: dict[str, Any] = {"labels": labels, "resource": (bucket, f"//storage.googleapis.com/{bucket}")}
            state = pairs({"storage.googleapis.com/object_state": "live"})
            share = month_share(grown(size, day), day)
            stored = usage(skus.OBJECTS, at(day, 0), 24, PROD, share, system_labels=state, **how)
            yield discount(stored, "DISCOUNT", "Negotiated discount", 5)
            for sku, mean in ((skus.CLASS_A, written), (skus.CLASS_B, read)):
                count = mean * source.randrange(80, 120) // 100
                yield usage(sku, at(day, 0), 24, PROD, Decimal(count), **how)


def _logs(source: Random) -> Iterator[Charge]:
    """The first 50 GiB of a month are a tier at no cost; of the rest a subscription pays a tenth."""
    used: dict[str, Decimal] = {}
    for day in DAYS:
        size = Decimal(source.randrange(2_200, 3_400)) / 1000
        month = f"{day:%Y%m}"
        free = min(size, max(FREE_LOGS - used.get(month, Decimal(0)), Decimal(0)))
        used[month] = used.get(month, Decimal(0)) + size
        if free:
            charge = usage(skus.LOGS, at(day, 0), 24, PROD, free)
            yield replace(charge, price=Decimal(0), cost=nano(Decimal(0)))
        if size > free:
            charge = usage(skus.LOGS, at(day, 0), 24, PROD, size - free, tier=FREE_LOGS)
            yield discount(charge, "SUBSCRIPTION_BENEFIT", "Security subscription", 10)


def _transfer(source: Random) -> Iterator[Charge]:
    """Scores are copied to Europe. On three days the price was wrong."""
    for day in DAYS:
        charge = usage(skus.TRANSFER, at(day, 0), 24, PROD, Decimal(source.randrange(3_000, 5_000)) / 1000)
        if day in MISTAKEN_DAYS:
            price = skus.MISTAKEN_TRANSFER_PRICE
            charge = replace(charge, price=price, cost=nano(charge.quantity * price))
        yield charge


# -- what comes afterwards -------------------------------------------------------------------------------


def _corrections(charges: Sequence[Charge]) -> Iterator[Charge]:
    """Rows that repeat everything about another one but for amounts and the moment of their export. They stand on the
    invoice of the month in which they were made."""
    price = Adjustment("PRICE_CORRECTION", "COMPLETE_NEGATION_WITH_REMONETIZATION", "Price of data transfer")
    count = Adjustment("USAGE_CORRECTION", "PARTIAL_CORRECTION", "Operations counted twice")
    for charge in charges:
        day = charge.start.date()
        if charge.sku == skus.TRANSFER and day in MISTAKEN_DAYS:
            made: dict[str, Any] = {"adjustment": price, "export": at(date(2026, 10, 6), 4, 12), "month": "202610"}
            yield replace(charge, quantity=-charge.quantity, cost=-charge.cost, **made)
            right = price_on(skus.TRANSFER, day)
            yield replace(charge, price=right, cost=nano(charge.quantity * right), **made)
        if charge.sku == skus.CLASS_A and day == OVERCOUNTED_DAY and charge.resource[0] == "kestrel-ml":
            made = {"adjustment": count, "export": at(date(2026, 10, 15), 3, 40), "month": "202610"}
            twice = Decimal(int(charge.quantity) // 2)
            yield replace(charge, quantity=-twice, cost=-nano(twice * price_on(charge.sku, day)), **made)


def _refunds() -> Iterator[Charge]:
    outage = Adjustment("SLA_VIOLATION", "MANUAL_ADJUSTMENT", "Training was not available")
    goodwill = Adjustment("GOODWILL", "MANUAL_ADJUSTMENT", "Goodwill")
    sku = replace(skus.TRAINING_CORE, price=None)
    cost_type = "adjustment"
    yield amount(sku, at(date(2026, 10, 13), 7), 1, PROD, Decimal("-3.25"), cost_type=cost_type, adjustment=outage)
    yield amount(
        skus.GOODWILL, at(date(2026, 10, 20), 0), 24, None, Decimal("-5"), cost_type=cost_type, adjustment=goodwill
    )


def _invoices(charges: Sequence[Charge]) -> Iterator[Charge]:
    """Support, tax, and what is missing to whole cents, for each month that is closed. None belongs to a project."""
    for month, last in CLOSED_MONTHS.items():
        made: dict[str, Any] = {"month": month, "export": at(last, 0) + timedelta(days=2, hours=15)}
        start = at(last, 0)
        support = amount(skus.CARE, start, 24, None, Decimal("29"), **made)
        yield support
        net = support.net + sum((charge.net for charge in charges if charge.month == month), Decimal(0))
        tax = (net * TAX_PERCENT / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        yield amount(skus.TAX, start, 24, None, tax, cost_type="tax", **made)
        missing = (net + tax).quantize(Decimal("0.01"), ROUND_HALF_UP) - net - tax
        yield amount(skus.ROUNDING, start, 24, None, nano(missing), cost_type="rounding_error", **made)
