"""The file: written and read again, and refused with one line when it is none."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.baseline import file as module
from costguard.baseline.file import baseline_text, read_baseline, write_baseline
from costguard.baseline.model import Baseline, Budget, Entry, in_order
from costguard.errors import UsageProblem
from tests.baseline.scans import LATER, TODAY, cost, entry

FINDING = {"fingerprint": "aa", "rule": "select-star", "path": "a.sql", "count": 1}
QUERY = {"fingerprint": "ff", "path": "a.sql", "count": 1, "budget": {"usd_per_run": "3.00"}}

TEXT = """{
  "version": 1,
  "findings": [
    {
      "fingerprint": "aa",
      "rule": "select-star",
      "path": "a.sql",
      "count": 2,
      "reason": "für später",
      "added": "2026-11-01",
      "expires": "2027-01-01"
    }
  ],
  "queries": [
    {
      "fingerprint": "ff",
      "path": "a.sql",
      "count": 1,
      "reason": "legacy",
      "budget": {
        "usd_per_run": "3.00",
        "until": "2027-01-01"
      }
    }
  ]
}
"""
BASELINE = Baseline(
    (entry("aa", 2, reason="für später", added=TODAY, expires=LATER), cost("3.00", "ff", LATER))
)


def test_the_text() -> None:
    assert baseline_text(BASELINE) == TEXT
    assert baseline_text(Baseline()) == '{\n  "version": 1,\n  "findings": [],\n  "queries": []\n}\n'


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "baseline.json"
    write_baseline(BASELINE, path)
    assert path.read_text(encoding="utf-8") == TEXT
    assert read_baseline(path) == BASELINE
    assert [item.name for item in path.parent.iterdir()] == ["baseline.json"]


DAYS = st.none() | st.dates()
AMOUNTS = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False)
BUDGETS = st.builds(Budget, AMOUNTS, DAYS)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COMMON = {
    "path": TEXTS,
    "count": st.integers(1, 10**6),
    "reason": TEXTS,
    "added": DAYS,
    "expires": DAYS,
}
MARKS = st.text("0123456789abcdef", min_size=1, max_size=16)
ENTRIES = st.builds(
    Entry, fingerprint=MARKS, rule=st.text(min_size=1, max_size=9), budget=st.none() | BUDGETS, **COMMON
) | st.builds(Entry, fingerprint=MARKS, rule=st.none(), budget=BUDGETS, **COMMON)


@given(st.lists(ENTRIES, max_size=6, unique_by=lambda item: (item.rule is None, item.fingerprint)))
def test_whatever_is_written_is_read(entries: list[Entry]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.json"
        write_baseline(Baseline(tuple(entries)), path)
        assert read_baseline(path) == Baseline(in_order(entries))
        again = path.read_bytes()
        write_baseline(read_baseline(path), path)
        assert path.read_bytes() == again


def test_half_a_character_does_not_stop_it(tmp_path: Path) -> None:
    """`--reason` may hold bytes that are no text."""
    write_baseline(Baseline((entry(reason="\udcff"),)), tmp_path / "b.json")
    assert read_baseline(tmp_path / "b.json").entries[0].reason == "?"


def refusal(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "b.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageProblem) as caught:
        read_baseline(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def document(findings: Any = (), queries: Any = (), **rest: Any) -> str:
    return json.dumps({"version": 1, "findings": findings, "queries": queries, **rest})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(version=2), "version 2 is not known; this costguard reads version 1"),
        (document(version="1"), 'version "1" is not known; this costguard reads version 1'),
        ("{}", "version: is missing"),
        ("[]", "not a baseline (it must be an object)"),
        (document(entries=[]), "entries: is not known"),
        (document({}), "findings: must be a list"),
        (document([1]), "findings.0: must be an object"),
        (document([{**FINDING, "line": 3}]), "findings.0.line: is not known"),
        (document([{**FINDING, "count": 0}]), "findings.0.count: must be 1 or more"),
        (document([{**FINDING, "count": "2"}]), "findings.0.count: must be a whole number"),
        (document([{**FINDING, "count": True}]), "findings.0.count: must be a whole number"),
        (document([{**FINDING, "rule": ""}]), "findings.0.rule: must not be empty"),
        (document([{**FINDING, "reason": 1}]), "findings.0.reason: must be a text"),
        (document([{**FINDING, "fingerprint": "a" * 201}]), "findings.0.fingerprint: is too long"),
        (
            document([{**FINDING, "expires": "2026-02-30"}]),
            "findings.0.expires: must be a day such as 2027-01-01",
        ),
        (
            document([{**FINDING, "expires": 20270101}]),
            "findings.0.expires: must be a day such as 2027-01-01",
        ),
        (document(queries=[{**QUERY, "rule": "x"}]), "queries.0.rule: is not known"),
        (document(queries=[{"fingerprint": "f", "path": "a", "count": 1}]), "queries.0.budget: is missing"),
        (
            document(queries=[{**QUERY, "budget": {"usd_per_run": 3}}]),
            'queries.0.budget.usd_per_run: must be an amount of dollars as text, such as "3.00"',
        ),
        (
            document(queries=[{**QUERY, "budget": {"usd_per_run": "-3"}}]),
            'queries.0.budget.usd_per_run: must be an amount of dollars as text, such as "3.00"',
        ),
        (
            document([{**FINDING, "line": 3, "count": 0}, {}]),
            "findings.0.count: must be 1 or more (and 5 more such)",
        ),
        (document([FINDING, FINDING]), "two entries have the fingerprint 'aa' (a.sql); keep one of them"),
        ('{"version": 1, "version": 1}', "not JSON (a key stands twice in one object)"),
    ],
)
def test_what_is_no_baseline(tmp_path: Path, content: str, said: str) -> None:
    assert refusal(tmp_path, content) == said


def test_what_is_no_json(tmp_path: Path) -> None:
    assert refusal(tmp_path, "<<<<<<< HEAD").startswith("not JSON (Expecting value")
    assert refusal(tmp_path, b"\xff").startswith("not JSON ('utf-8' codec")
    assert refusal(tmp_path, "[" * 100_000).startswith("not JSON (")


def test_too_large_to_read_or_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_BYTES", 100)
    assert refusal(tmp_path, " " * 101) == "larger than 100 bytes; not a baseline"
    with pytest.raises(UsageProblem, match="1 entries are too many for a baseline"):
        write_baseline(Baseline((entry(),)), tmp_path / "c.json")
    assert not (tmp_path / "c.json").exists()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_baseline(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="cannot be written"):
        write_baseline(Baseline(), tmp_path / "file" / "b.json")


def test_an_amount_keeps_its_digits(tmp_path: Path) -> None:
    write_baseline(Baseline((cost("0.000001"),)), tmp_path / "b.json")
    budget = read_baseline(tmp_path / "b.json").entries[0].budget
    assert budget == Budget(Decimal("0.000001"))
