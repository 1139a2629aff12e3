"""The jobs of the eight weeks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from synthetic import sent
from synthetic.run import DEV, STOPPED, History, Job
from synthetic.sent import Statement
from synthetic.weeks import (
    BACKFILL_DAY,
    BACKFILL_FROM,
    CAP_DAY,
    DAYS,
    ITERATIONS,
    WEEKS,
    Iteration,
    at,
    pairs,
    team_labels,
)

SUPPORT_DESK = "support-desk@kestrel-prod.iam.gserviceaccount.com"
ANALYST, SCIENTIST = "ines@kestrel.example", "nora@kestrel.example"


def make_jobs() -> list[Job]:
    """All jobs, in the order in which they were created."""
    history = History(Random(20260907))
    for iteration in ITERATIONS:
        _iteration(history, iteration)
    for day in DAYS:
        _monitor(history, day)
    for week in WEEKS:
        for day in week[:4]:
            parts = [(sent.SOURCES, None), (sent.SOURCES_YESTERDAY, None)]
            history.script(sent.script("sql/web_traffic.sql"), parts, at(day, 6, 30), labels=team_labels(day))
    _backfill(history)
    _people(history)
    _one_by_one(history, date(2026, 10, 8), 45)
    _one_by_one(history, date(2026, 10, 28), 60)
    return sorted(history.jobs, key=lambda job: (job.created, job.job_id))


# -- the pipeline ----------------------------------------------------------------------------------------


def _iteration(history: History, iteration: Iteration) -> None:
    """The steps in their order. Only the files of SQL are sent with labels; the Python code sets none."""
    day, name = iteration.day, iteration.name
    labels = team_labels(day, cg_iteration=name)
    moment = at(day, 5, 10 + history.source.randrange(10))
    turns = [sent.DELETE_DAY, sent.INSERT_DAY] * 7
    moment = history.script(
        sent.INGEST, [(part, None) for part in (*turns, sent.DELETE_INTERNAL)], moment, labels=labels
    )
    features = sent.script("sql/features.sql")
    if name == "churn-2026w39-1":
        failed = [(sent.CREATE_FEATURES, "resourcesExceeded")]
        moment = history.script(features, failed, moment + timedelta(seconds=5), labels=labels)
        moment += timedelta(minutes=5)  # the scheduler tries again
    parts = [(sent.CREATE_FEATURES, None), (sent.MERGE_FEATURES, None)]
    moment = history.script(features, parts, moment, labels=labels)
    moment = history.run(_labels_of(day), moment + timedelta(seconds=4), labels=labels)
    moment = max(moment, at(day, 6, 40))
    training = sent.read_training("2026-10-01" if day >= date(2026, 10, 1) else "2026-09-01")
    moment = history.run(training, moment)
    moment = history.run(sent.READ_TICKETS, moment)
    if name in ("churn-2026w40-2", "churn-2026w41-4"):
        # Training ran out of memory and was started again: the frame came from the cache, the tickets are too large.
        moment = history.run(training, moment + timedelta(minutes=9), cached=True)
        moment = history.run(sent.READ_TICKETS, moment)
    _score(history, name, at(day, 11, 5 + history.source.randrange(20)))


def _labels_of(day: date) -> Statement:
    """sql/labels.sql: until September it named the two months before."""
    now = sent.CREATE_LABELS
    if day >= date(2026, 10, 1):
        return now
    before = now.text.replace("'2026-09-01', '2026-10-01'", "'2026-08-01', '2026-09-01'")
    return Statement(before, now.kind, now.size, now.tables, now.writes)


def _score(history: History, name: str, moment: datetime) -> None:
    for segment in sent.SEGMENTS:
        if name == "churn-2026w41-3" and segment == "family":
            moment = history.run(sent.last_seen(segment), moment, error="backendError")
        moment = history.run(sent.last_seen(segment), moment)
    for segment in sent.SEGMENTS:
        moment = history.run(sent.read_features(segment), moment)
        if name == "churn-2026w43-2" and segment == "premium":
            moment = history.load(sent.SCORES, moment, error="rateLimitExceeded") + timedelta(seconds=20)
        moment = history.load(sent.SCORES, moment + timedelta(seconds=8))


def _monitor(history: History, day: date) -> None:
    """Daily. With its mended query came labels, and a cap on bytes, which had stopped the old one the day before."""
    moment = at(day, 7, 2)
    if day < CAP_DAY:
        moment = history.run(sent.EVENTS_YESTERDAY_BEFORE, moment)
        history.run(sent.SCORE_SHIFT, moment)
        return
    labels = pairs({"team": "churn", "step": "monitor"})
    if day == CAP_DAY:
        history.run(sent.EVENTS_YESTERDAY_BEFORE, moment, labels=labels, error="bytesBilledLimitExceeded")
        return
    moment = history.run(sent.EVENTS_YESTERDAY, moment, labels=labels)
    history.run(sent.SCORE_SHIFT, moment, labels=labels)


# -- people and other services ---------------------------------------------------------------------------


def _backfill(history: History) -> None:
    turns = [sent.DELETE_DAY, sent.INSERT_DAY] * (BACKFILL_DAY - BACKFILL_FROM).days
    parts = [(part, None) for part in (*turns, sent.DELETE_INTERNAL)]
    history.script(sent.ingest_from(f"{BACKFILL_FROM}"), parts, at(BACKFILL_DAY, 13, 20), user=SCIENTIST)


def _people(history: History) -> None:
    """A notebook, of which the last cell was never run, and an analyst's own queries."""
    notebook: dict[str, Any] = {"user": SCIENTIST, "project": DEV}
    for day, part in ((date(2026, 9, 10), 38), (date(2026, 10, 1), 44), (date(2026, 10, 22), 31)):
        # LIMIT ended the scan early: the table is clustered.
        moment = history.run(sent.SAMPLE, at(day, 9, 14), part=part, **notebook)
        history.run(sent.READ_INVOICES, moment + timedelta(minutes=3), **notebook)
        history.run(sent.READ_INVOICES, moment + timedelta(minutes=21), cached=True, **notebook)
    moment = history.run(sent.OCTOBER, at(date(2026, 10, 22), 9, 40), **notebook)
    history.run(sent.OCTOBER, moment + timedelta(minutes=2), cached=True, **notebook)

    analyst: dict[str, Any] = {"user": ANALYST, "project": DEV}
    for week in WEEKS:
        history.run(sent.REVENUE_BY_COUNTRY, at(week[0], 8, 45), **analyst)
    moment = history.run(sent.MISTYPED, at(date(2026, 9, 24), 14, 3), error="invalidQuery", **analyst)
    history.run(sent.COMPLAINTS, moment + timedelta(seconds=40), error=STOPPED, **analyst)


def _one_by_one(history: History, day: date, count: int) -> None:
    """A service asks for one customer after the other."""
    moment = at(day, 15, 31)
    for _ in range(count):
        moment = history.run(sent.churned(history.source.randrange(1_000, 8_200_000)), moment, user=SUPPORT_DESK)
