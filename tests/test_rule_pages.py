"""Every shipped page keeps to the rules for rules."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.page import HEADINGS, Rule
from costguard.judge.rulebook import (
    check_against_schema,
    check_query,
    load_rulebook,
    rule_pages,
)

RULES = Path(__file__).resolve().parents[1] / "rules"
BOOK = load_rulebook(RULES)
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 150
"""Lines of a page: what does not fit is two rules."""

pages = pytest.mark.parametrize("rule", BOOK.rules, ids=[rule.id for rule in BOOK.rules])


def test_every_page_was_read() -> None:
    assert len(BOOK.rules) == len(rule_pages(RULES)) >= 25


def test_ids_and_aliases_are_unique() -> None:
    names = Counter(name for rule in BOOK.rules for name in (rule.id, *rule.aliases))
    names.update(list(HOUSEKEEPING))
    assert [name for name, count in names.items() if count > 1] == []


def test_titles_and_messages_tell_rules_apart() -> None:
    for texts in ([rule.title for rule in BOOK.rules], [rule.message for rule in BOOK.rules]):
        assert [text for text, count in Counter(texts).items() if count > 1] == []


@pages
def test_the_id(rule: Rule) -> None:
    assert KEBAB.fullmatch(rule.id)
    assert rule.path.name == f"{rule.id}.md"
    assert rule.path.parent.parent == RULES, "a page lies in the folder of its family"
    assert KEBAB.fullmatch(rule.family)


@pages
def test_the_query(rule: Rule) -> None:
    """One SELECT over fact tables, with all that the message names."""
    check_query(rule)
    check_against_schema(rule)


@pages
def test_the_parts(rule: Rule) -> None:
    headings = re.findall(r"^## (.+)$", rule.text, re.MULTILINE)
    assert headings == list(HEADINGS)
    assert len(rule.why) >= 100, "say why it costs"
    assert rule.fix, "say what to do"
    assert rule.text.endswith("\n")
    assert len(rule.text.splitlines()) <= LONGEST


@pages
def test_the_examples(rule: Rule) -> None:
    kinds = Counter(example.kind for example in rule.examples if not example.todo)
    assert kinds["bad"] >= 2
    assert kinds["good"] >= 2
    assert kinds["not"] >= 1
    texts = Counter(example.text for example in rule.examples)
    assert [text for text, count in texts.items() if count > 1] == []


@pages
def test_the_sources(rule: Rule) -> None:
    if rule.severity == "error":
        assert "https://" in rule.sources or re.search(r"[Mm]easured", rule.sources), (
            "an error needs evidence"
        )
    assert re.search(r"^- \S", rule.sources, re.MULTILINE)


@pages
def test_money_is_told_where_bytes_are_billed(rule: Rule) -> None:
    """A rule whose cost is bytes says how many, so that its findings have dollars and can be ranked."""
    if rule.driver == "bytes-billed":
        assert "wasted_bytes" in rule.sql or "wasted_usd" in rule.sql
