"""Jobs and statements for tests of what joins them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costguard.facts.fingerprint import HoleSpan, fingerprint, has_gaps, normal_form, shape
from costguard.history.jobs import Jobs, load_jobs
from costguard.history.match import Statement
from tests.history.bills import Row
from tests.history.test_jobs import array, job

TIB = 2**40
MIB = 2**20


def run(name: str, query: str | None = None, **changes: Any) -> Row:
    """A job that ran a text of its own; BigQuery's hash of the text is not known."""
    return job(name, **{"query": query, "query_info": None, "labels": [], **changes})


def history(folder: Path, *rows: Row) -> Jobs:
    return load_jobs([array(folder / "jobs.json", list(rows))])


def statement(
    key: int, text: str = "SELECT 1", holes: tuple[HoleSpan, ...] = (), **changes: Any
) -> Statement:
    """A statement of the code."""
    form = normal_form(text, holes)
    values: dict[str, Any] = {
        "key": key,
        "id": f"{key:012x}",
        "statement": "SELECT",
        "fingerprint": fingerprint(form),
        "shape": shape(form),
        "pattern": form if has_gaps(form) else None,
    }
    return Statement(**{**values, **changes})


def labels(**pairs: str) -> list[dict[str, str]]:
    return [{"key": key.replace("__", "-"), "value": value} for key, value in pairs.items()]
