"""The baseline as a file: JSON that is checked in, so that a change of it is a change of a few lines.

{"version": 1, "findings": [{"fingerprint": "...", "rule": "select-star-base", "path": "sql/a.sql", "count": 1,
 "reason": "...", "added": "2026-11-26", "expires": "2027-01-01"}], "queries": [{..., "budget":
 {"usd_per_run": "3.00", "until": "2027-01-01"}}]}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from costguard.baseline.model import Baseline, Budget, Entry, in_order
from costguard.bounded_read import read_at_most
from costguard.calendar_day import parse_day
from costguard.errors import UsageProblem
from costguard.field_words import field_words
from costguard.money import decimal_string
from costguard.write import write_text

VERSION: Final = 1
MAXIMUM_BYTES: Final = 32 << 20
"""A larger file is neither written nor read: some hundred thousand entries."""

_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?")


def _day(value: Any) -> Any:
    day = parse_day(value) if isinstance(value, str) else None
    if day is None:
        raise ValueError("must be a day such as 2027-01-01")
    return day


def _amount(value: Any) -> Any:
    if not isinstance(value, str) or _AMOUNT.fullmatch(value) is None:
        raise ValueError('must be an amount of dollars as text, such as "3.00"')
    return Decimal(value)


Day = Annotated[date, BeforeValidator(_day)]
Mark = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=1, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Budget(_Strict):
    usd_per_run: Annotated[Decimal, BeforeValidator(_amount)]
    until: Day | None = None


class _Finding(_Strict):
    fingerprint: Mark
    rule: Mark
    path: str
    count: Count
    reason: str = ""
    added: Day | None = None
    expires: Day | None = None
    budget: _Budget | None = None


class _Query(_Strict):
    fingerprint: Mark
    path: str
    count: Count
    reason: str = ""
    added: Day | None = None
    expires: Day | None = None
    budget: _Budget


class _Document(_Strict):
    version: Literal[1]
    findings: tuple[_Finding, ...] = ()
    queries: tuple[_Query, ...] = ()


def read_baseline(path: Path) -> Baseline:
    """The entries of a file.

    Raises:
        UsageProblem: it cannot be read, is too large, is of another version, or holds what no baseline holds.
    """
    data = read_at_most(path, MAXIMUM_BYTES, "not a baseline")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{path}: not JSON ({str(error) or 'nested too deep'})") from None
    if isinstance(document, dict) and document.get("version") != VERSION and "version" in document:
        shown = json.dumps(document["version"])[:20]
        raise UsageProblem(f"{path}: version {shown} is not known; this costguard reads version {VERSION}")
    try:
        rows = _Document.model_validate(document)
    except ValidationError as error:
        raise UsageProblem(_explain(path, error)) from None
    entries = [*map(_entry, rows.findings), *map(_entry, rows.queries)]
    seen: set[tuple[bool, str]] = set()
    for entry in entries:
        key = (entry.rule is None, entry.fingerprint)
        if key in seen:
            raise UsageProblem(
                f"{path}: two entries have the fingerprint {entry.fingerprint!r} ({entry.path}); keep one of them"
            )
        seen.add(key)
    return Baseline(in_order(entries))


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a file: aside, then renamed. Its folder is made.

    Raises:
        UsageProblem: it cannot be written, or would be too large to be read.
    """
    text = baseline_text(baseline)
    if len(text.encode("utf-8")) > MAXIMUM_BYTES:
        raise UsageProblem(f"{path}: {len(baseline.entries):,} entries are too many for a baseline")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be written ({error.strerror or error})") from None
    write_text(text, path)


def baseline_text(baseline: Baseline) -> str:
    """The document: a field a line, always in the same order."""
    entries = in_order(baseline.entries)
    document = {
        "version": VERSION,
        "findings": [dict(_row(entry)) for entry in entries if entry.rule is not None],
        "queries": [dict(_row(entry)) for entry in entries if entry.rule is None],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode() + "\n"


def _row(entry: Entry) -> Iterator[tuple[str, Any]]:
    yield "fingerprint", entry.fingerprint
    if entry.rule is not None:
        yield "rule", entry.rule
    yield "path", entry.path
    yield "count", entry.count
    yield "reason", entry.reason
    if entry.added is not None:
        yield "added", entry.added.isoformat()
    if entry.expires is not None:
        yield "expires", entry.expires.isoformat()
    if entry.budget is not None:
        until = entry.budget.until
        yield (
            "budget",
            {
                "usd_per_run": decimal_string(entry.budget.usd_per_run),
                **({"until": until.isoformat()} if until is not None else {}),
            },
        )


def _entry(row: _Finding | _Query) -> Entry:
    budget = Budget(row.budget.usd_per_run, row.budget.until) if row.budget is not None else None
    rule = row.rule if isinstance(row, _Finding) else None
    return Entry(row.fingerprint, row.path, rule, row.count, row.reason, row.added, row.expires, budget)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


_OWN_WORDS: Final = {
    "model_type": "must be an object",
    "greater_than_equal": "must be 1 or more",
    "string_too_long": "is too long",
    "extra_forbidden": "is not known",
}


def _explain(path: Path, error: ValidationError) -> str:
    """The first problem, and how many there are."""
    first, *rest = error.errors()
    key = ".".join(str(part) for part in first["loc"])
    said = field_words(first, _OWN_WORDS)
    more = f" (and {len(rest):,} more such)" if rest else ""
    return f"{path}: {key}: {said}{more}" if key else f"{path}: not a baseline (it {said}){more}"
