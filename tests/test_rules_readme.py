"""rules/README.md says what is so: the fact reference is up to date, the sample page is one, no part is left out."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from costguard.facts.schema import HISTORY_TABLES, INTERNAL_TABLES, JUDGED_TABLES, TABLES, columns_of
from costguard.judge.columns import KEYS, NUMBERS, TEXTS
from costguard.judge.page import HEADINGS, FrontMatter
from costguard.judge.rulebook import check_against_schema, check_query, load_rulebook
from costguard.rule_examples import run_examples

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "rules" / "README.md"
TEXT = README.read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(ROOT / "docs" / "render_fact_reference.py"))


def test_the_generated_parts_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make readme` writes them anew."""
    assert SCRIPT["rendered"](TEXT) == TEXT
    monkeypatch.setattr(sys, "argv", ["render_fact_reference.py", "--check"])
    assert SCRIPT["main"]() == 0


def test_what_is_out_of_date_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "README.md"
    copy.write_text(TEXT.replace("| `path` | text |", "| `path` | number |"), encoding="utf-8")
    monkeypatch.setitem(SCRIPT["main"].__globals__, "README", copy)
    monkeypatch.setattr(sys, "argv", ["render_fact_reference.py", "--check"])
    assert SCRIPT["main"]() == 1
    monkeypatch.setattr(sys, "argv", ["render_fact_reference.py"])
    assert SCRIPT["main"]() == 0
    assert copy.read_text(encoding="utf-8") == TEXT


def test_markers_are_needed() -> None:
    with pytest.raises(SystemExit, match="one pair of facts markers, found 0"):
        SCRIPT["rendered"](TEXT.replace("<!-- facts -->", ""))


@pytest.mark.parametrize("table", [*TABLES, *JUDGED_TABLES, *HISTORY_TABLES])
def test_every_column_of_every_table_is_there(table: str) -> None:
    section = TEXT.partition(f"\n### {table}\n")[2].partition("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
        column.name for column in columns_of(table)
    ]


def test_what_rules_do_not_see_is_not_there() -> None:
    assert not [table for table in INTERNAL_TABLES if f"### {table}" in TEXT]


@pytest.mark.parametrize(
    "row",
    [
        "| `star_at` | integer? | that \\* → `locations` |",
        "| `query` | integer | key of this table |",
        "| `clustering_columns` | texts?* | its clustering columns |",
        "| `bytes_basis` | text* | exact, upper-bound, lower-bound, modelled, unknown |",
        "| [`scans`](#scans) | a physical table that a statement reads or changes |",
        "| `web.clicks_*` | 30 tables of 2,000,000 rows, 232,000,000 bytes |",
        "| `shop.events` | 300,000,000 rows, 76,200,000,000 bytes; 30 partitions by DAY of `day`; "
        "clustered by `user_id` |",
    ],
)
def test_rows_of_the_reference(row: str) -> None:
    assert f"\n{row}\n" in TEXT


def test_the_parts_of_a_page_are_all_described() -> None:
    for key in FrontMatter.model_fields:
        assert re.search(rf"^{key}: .*#", TEXT, re.MULTILINE) or key == "message", key
    for heading in HEADINGS:
        assert f"\n## {heading}\n" in TEXT
    for column in (*KEYS, *NUMBERS, *TEXTS):
        assert f"`{column}`" in TEXT


def test_the_sample_page_is_one(tmp_path: Path) -> None:
    (sample,) = re.findall(r"^````markdown\n(.*?)^````$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "limit-without-filter.md").write_text(sample, encoding="utf-8")
    rulebook = load_rulebook(tmp_path)
    (rule,) = rulebook.rules
    check_query(rule)
    check_against_schema(rule)
    assert run_examples(rulebook, ROOT / "rules" / "warehouse.json") == []
