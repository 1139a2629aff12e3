"""A page is read whole, and what is wrong with it is said with file and line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.judge.page import Example, RulebookError, parse_page
from costguard.judge.rulebook import rule_pages
from costguard.shipped import shipped
from tests.judge.pages import PAGE, page

PATH = Path("own/every-column.md")


def problems(text: str) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        parse_page(PATH, text)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_every_part() -> None:
    rule = parse_page(PATH, page(fix="Name the columns.", aliases="[star]"))
    assert (rule.id, rule.aliases, rule.severity, rule.confidence) == (
        "every-column",
        ("star",),
        "warning",
        "high",
    )
    assert (rule.driver, rule.family, rule.title) == ("bytes-billed", "own", "A star")
    assert rule.message == "{table}: every column is read"
    assert rule.fix == "Name the columns."
    assert rule.why == "It reads every column."
    assert rule.sql == 'SELECT at, query, "table" FROM scans WHERE star\n'
    assert rule.sql_line == 16
    assert rule.sources == "- An invention of these tests."
    assert [(example.kind, example.line) for example in rule.examples] == [
        ("bad", 21),
        ("good", 26),
        ("not", 32),
    ]


def test_lines_of_code_are_those_of_the_page() -> None:
    rule = parse_page(PATH, PAGE)
    lines = PAGE.split("\n")
    for example in rule.examples:
        assert lines[example.line - 1] == example.text.split("\n")[0]
    assert lines[rule.sql_line - 1] == rule.sql.split("\n")[0]


def test_without_the_optional_parts() -> None:
    rule = parse_page(PATH, PAGE)
    assert (rule.fix, rule.aliases) == (None, ())


def test_a_message_over_several_lines_is_one_line() -> None:
    rule = parse_page(PATH, page(message=">\n  {table}: every\n  column is read"))
    assert rule.message == "{table}: every column is read"


def test_several_blocks_and_both_languages() -> None:
    more = "```python\nimport pandas\n```\nThe next is not done yet.\n```sql todo\nSELECT 1\n```\n"
    rule = parse_page(PATH, PAGE.replace("## Good\n", f"{more}\n## Good\n"))
    bad = [example for example in rule.examples if example.kind == "bad"]
    assert [(example.language, example.todo) for example in bad] == [
        ("sql", False),
        ("python", False),
        ("sql", True),
    ]
    assert bad[1].text == "import pandas\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: a page starts with '---' and its front matter"),
        ("# A star\n", "1: a page starts with '---' and its front matter"),
        ("---\nid: every-column\n", "1: the front matter is not closed by '---'"),
        (
            PAGE.replace("severity: warning", "severity: [warning"),
            "4: the front matter is not YAML (did not find expected ',' or ']')",
        ),
        (
            PAGE.replace("severity: warning", "severity: warning\nseverity: note"),
            "4: the front matter is not YAML (the key 'severity' occurs twice)",
        ),
        (
            PAGE.replace("severity: warning", "severity: 2026-13-01"),
            "2: the front matter is not YAML (month must be in 1..12)",
        ),
        (
            PAGE.replace("severity: warning", "severity: " + "[" * 2000),
            "2: the front matter is not YAML (nested more than 100 levels deep)",
        ),
        ("---\nonly a text\n---\n# A star\n", "2: the front matter must be `key: value` lines"),
    ],
)
def test_front_matter_that_is_none(text: str, expected: str) -> None:
    assert problems(text) == [f"{PATH}:{expected}"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ({"severity": "fatal"}, "3: severity: must be 'error', 'warning' or 'note'"),
        ({"confidence": "sure"}, "4: confidence: must be 'high', 'medium' or 'low'"),
        (
            {"driver": "bytes"},
            "5: driver: must be 'bytes-billed', 'slot-time', 'compute-time', 'storage', 'egress', 'tokens' "
            "or 'guardrail'",
        ),
        ({"message": "short"}, "6: message: String should have at least 10 characters"),
        (
            {"message": '"{table} reads {bytes:byte}"'},
            "6: message: {bytes:byte} is no placeholder; these are: {name}, {name:bytes}, {name:usd}, {name:,}",
        ),
        (
            {"fix": '"Name the {} columns."'},
            "3: fix: {} is no placeholder; these are: {name}, {name:bytes}, {name:usd}, {name:,}",
        ),
        ({"aliases": "[Star]"}, "3: aliases.0: must be lower-case words joined by '-', such as select-star"),
        ({"aliases": "star"}, "3: aliases: must be a list"),
        ({"severty": "note"}, "3: severty: unknown key; did you mean 'severity'?"),
        (
            {"xyzzy": "1"},
            "3: xyzzy: unknown key; known: id, severity, confidence, driver, message, fix, aliases",
        ),
    ],
)
def test_a_key_that_is_wrong(head: dict[str, str], expected: str) -> None:
    assert problems(page(**head)) == [f"{PATH}:{expected}"]


def test_a_key_that_is_missing() -> None:
    assert problems(PAGE.replace("driver: bytes-billed\n", "")) == [f"{PATH}:2: driver: is missing"]


def test_code_in_braces_is_no_placeholder() -> None:
    rule = parse_page(PATH, page(fix='"Use {{ this }} of {table}."'))
    assert rule.fix == "Use {{ this }} of {table}."


def test_the_id_is_the_name_of_the_file() -> None:
    assert problems(page("star")) == [f"{PATH}:2: id 'star' must be the name of the file ('every-column')"]
    assert problems(page("Every_Column")) == [
        f"{PATH}:2: id: must be lower-case words joined by '-', such as select-star"
    ]


@pytest.mark.parametrize("heading", ["Finds", "Bad", "Good", "Not this", "Sources"])
def test_a_heading_that_is_missing(heading: str) -> None:
    assert f"{PATH}:1: the heading '## {heading}' is missing" in problems(
        PAGE.replace(f"## {heading}\n", f"## {heading}s\n")
    )


def test_no_title() -> None:
    assert problems(PAGE.replace("# A star\n", "A star\n")) == [
        f"{PATH}:8: a page starts with a title ('# ...')"
    ]


def test_finds_is_one_query() -> None:
    none = PAGE.replace("## Finds\n```sql", "## Finds\n```")
    assert problems(none) == [f"{PATH}:12: '## Finds' must hold one ```sql block, not 0"]
    two = PAGE.replace("## Bad\n", "```sql\nSELECT 1\n```\n## Bad\n")
    assert problems(two) == [f"{PATH}:12: '## Finds' must hold one ```sql block, not 2"]


def test_an_example_in_no_language_of_ours() -> None:
    assert problems(PAGE.replace("## Good\n```sql", "## Good\n```r")) == [
        f"{PATH}:24: an example is ```sql or ```python, not ```r"
    ]
    assert problems(PAGE.replace("## Good\n```sql", "## Good\n```")) == [
        f"{PATH}:24: an example is ```sql or ```python, not ```"
    ]


def test_all_problems_at_once() -> None:
    text = page(severity="fatal", confidence="sure").replace("## Sources\n", "## Source\n")
    assert [line.partition(": ")[0] for line in problems(text)] == [f"{PATH}:3", f"{PATH}:4", f"{PATH}:1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", None),
        ("-- wastes 464 MB\nSELECT 1", (463_500_000, 464_500_000)),
        ("-- wastes 5.2 GB", (5_150_000_000, 5_250_000_000)),
        ("# wastes 40 MiB", (40 * 2**20 - 2**19, 40 * 2**20 + 2**19)),
        ("-- wastes 1,000 B", (1000, 1000)),
        ("-- wastes a lot", None),
        ("-- wastes 5 XB", None),
    ],
)
def test_a_comment_asserts_wasted_bytes(text: str, expected: tuple[int, int] | None) -> None:
    assert Example("bad", "sql", text, 1).wastes() == expected


@pytest.mark.parametrize("page", rule_pages(shipped("rules")), ids=lambda page: page.stem)
def test_shipped_pages_are_plain(page: Path) -> None:
    """They are read without a Markdown parser: it would find the same."""
    text = page.read_text(encoding="utf-8")
    assert parse_page(page, text, plain=True) == parse_page(page, text)
