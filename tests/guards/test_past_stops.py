"""Declared limits, held against jobs that ran: each job falls under the first that fits."""

from __future__ import annotations

from pathlib import Path

from costguard.guards.declared import MaxBytes, read_guards
from costguard.guards.past_stops import PastStop, past_stops

from .evidence import GIB, charged, ran

LIMITS = {
    "default": "1 GiB",
    "users": {"ana@x.com": "2 GiB"},
    "labels": {"team=ml": "3 GiB"},
    "projects": {"lab": "4 GiB"},
}


def test_the_first_that_fits(tmp_path: Path) -> None:
    team = [{"key": "team", "value": "ml"}]
    jobs = charged(
        tmp_path,
        ran("a", 3 * GIB, labels=team),  # Ana's, whatever its label
        ran("b", 3 * GIB, user_email="bob@x.com", labels=team),
        ran("c", 5 * GIB, user_email="bob@x.com", labels=team),
        ran("d", 4 * GIB, user_email="bob@x.com", project_id="lab"),
        ran("e", 7 * GIB, user_email=None),
        ran("f", GIB, user_email=None),
    )
    jobs = jobs.with_columns(user=jobs["user"].replace("ana@example.com", "ana@x.com"))
    assert past_stops(jobs, read_guards({"max_bytes": LIMITS}).max_bytes) == (
        PastStop("user ana@x.com", 2 * GIB, 1, 1, 3 * GIB),
        PastStop("label team=ml", 3 * GIB, 2, 1, 5 * GIB),
        PastStop("project lab", 4 * GIB, 1, 0, 0),
        PastStop("default", GIB, 2, 1, 7 * GIB),
    )


def test_nothing_declared(tmp_path: Path) -> None:
    assert past_stops(charged(tmp_path, ran("a")), MaxBytes()) == ()
