"""A diff as an HTML file that needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from costguard.render.diff_html import render_diff_html
from costguard.result import Verdict
from tests.diff.diffs import diff_of, example
from tests.render.results import finding, query

FAILED = Verdict("fail", ("one iteration costs too much (--max-increase-usd)",))


class Outline(HTMLParser):
    """The elements, and whether each is closed in its order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onclick", "style"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] != "style":
            self.words.append(" ".join(data.split()))


def test_everything_is_there() -> None:
    outline = Outline(render_diff_html(example(), FAILED, "1.2.3"))
    assert outline.open == []
    words = " | ".join(outline.words)
    for text in (
        "One iteration costs $15.62 more (+62 %), and 1 query of unknown change",
        "main (0123456) → HEAD (fffffff)",
        "Gate | FAILED | one iteration costs too much (--max-increase-usd)",
        "main went on since",
        "sql/dearer.sql:5 | $6.25 | $18.75 | +$12.50 | p.d.t: also reads wide",
        "sql/added.sql:1 | (added) | – | $6.25 | +$6.25",
        "error | select-star | sql/added.sql:1 | every column is read | to fix: Name the columns.",
        "1 query unchanged.",
        "Changed at the same cost: 1 | sql/edited.sql:1 | its text was edited",
        "Fixed findings: 1 | warning | select-star | sql/dearer.sql:3",
        "Made by costguard 1.2.3.",
    ):
        assert text in words


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = render_diff_html(example(), FAILED, "1.2.3")
    assert "script" not in Outline(text).seen
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    assert not re.search(r"https?://|url\(|@import", text)


def test_texts_are_escaped() -> None:
    evil = "<script>alert(1)</script>\"'&"
    diff = diff_of(
        [], [query(evil, fingerprint="n")], [], [finding(evil, message=evil, help=evil)], remarks=(evil,)
    )
    outline = Outline(render_diff_html(diff, Verdict("fail", (evil,)), "1"))
    assert outline.open == []
    assert "script" not in outline.seen
    assert sum(evil in word for word in outline.words) == 6


def test_a_diff_without_anything() -> None:
    outline = Outline(render_diff_html(diff_of(), Verdict("pass", ()), "1"))
    assert "table" not in outline.seen
    assert "One iteration costs the same" in outline.words
