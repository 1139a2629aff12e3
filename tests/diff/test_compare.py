"""Two scans become a diff; texts are read where they are needed."""

from __future__ import annotations

import pytest

from costguard.diff.compare import compare, text_at
from costguard.diff.model import Revision
from costguard.model import Span
from costguard.request import ScanOutcome
from tests.render.results import finding, query, result, texts

BASE, HEAD = Revision("main", "a" * 40), Revision("HEAD", "b" * 40)
TEXT = "one\ntwo three\nfour"


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (Span(1, 1, 1, 4), "one"),
        (Span(2, 5, 2, 10), "three"),
        (Span(1, 2, 3, 3), "ne\ntwo three\nfo"),
        (Span(3, 1, 9, 2), "four"),
        (Span(8, 1, 9, 2), ""),
    ],
)
def test_the_text_at_a_place(span: Span, found: str) -> None:
    assert text_at(TEXT, span) == found


def test_the_first_lines_of_a_text() -> None:
    assert text_at(TEXT, Span(1, 1, 3, 5), 2) == "one\ntwo three"
    assert text_at(None, Span(1, 1, 3, 5)) == ""


def test_a_literal_that_changed_is_an_edit() -> None:
    item = query("q.sql", span=Span(1, 1, 1, 99))
    before = ScanOutcome(result([item], [finding()]), texts(q__sql="SELECT a FROM t WHERE d > 1"))
    after = ScanOutcome(result([item]), texts(q__sql="SELECT a  FROM t WHERE d > 2"))
    diff = compare(BASE, HEAD, before, after, (), ("a remark",))
    assert [(change.state, change.edited) for change in diff.queries] == [("unchanged", True)]
    assert [change.state for change in diff.findings] == ["fixed"]
    assert (diff.base, diff.head, diff.before, diff.remarks) == (BASE, HEAD, before.result, ("a remark",))
    spaced = ScanOutcome(result([item]), texts(q__sql="SELECT  a FROM t   WHERE d > 1"))
    assert not compare(BASE, HEAD, before, spaced).queries[0].edited
