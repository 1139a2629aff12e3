"""New, known and fixed findings: by what was found, as often as it was found."""

from __future__ import annotations

from costguard.diff.findings import finding_changes
from costguard.diff.model import QueryChange
from costguard.result import Finding
from tests.render.results import finding, query

States = list[tuple[str, str, int]]


def states(
    before: list[Finding], after: list[Finding], queries: tuple[QueryChange, ...] = (), text: str = ""
) -> States:
    def flagged(item: Finding) -> str:
        return text or item.fingerprint

    return [
        (item.state, item.finding.path, item.finding.span.start_line)
        for item in finding_changes(before, after, queries, flagged, flagged)
    ]


def test_by_fingerprint_not_by_line() -> None:
    before = [finding("a.sql", 1, fingerprint="x"), finding("a.sql", 5, fingerprint="gone")]
    after = [finding("a.sql", 30, fingerprint="x"), finding("a.sql", 2, fingerprint="come")]
    assert states(before, after) == [("new", "a.sql", 2), ("fixed", "a.sql", 5), ("known", "a.sql", 30)]


def test_each_counts_once() -> None:
    """The same twice before and three times now: one is new. The scan tells equal ones apart by their number."""
    before = [finding("a.sql", line, fingerprint=f"x{line}") for line in (1, 2)]
    after = [finding("a.sql", line, fingerprint=f"x{line}") for line in (1, 2, 3)]
    assert states(before, after) == [("new", "a.sql", 3), ("known", "a.sql", 1), ("known", "a.sql", 2)]
    assert states(after, before) == [("fixed", "a.sql", 3), ("known", "a.sql", 1), ("known", "a.sql", 2)]


def test_of_a_query_that_moved() -> None:
    moved = QueryChange("unchanged", query("a.sql"), query("b.sql"), moved=True)
    before = [finding("a.sql", query="a.sql:1", message="t: 3 GiB")]
    after = [finding("b.sql", query="b.sql:1", message="t: all 400 partitions")]
    assert states(before, after, (moved,)) == [("known", "b.sql", 1)]


def test_of_a_query_that_was_edited() -> None:
    """The same rule in the same words, whatever the figures; about another table it is another finding."""
    edited = QueryChange("dearer", query("a.sql"), query("a.sql", 4, fingerprint="e"), edited=True)
    before = [finding("a.sql", 1, query="a.sql:1", message="p.d.t: 3.5 GiB of 1,200 partitions")]
    same = [finding("a.sql", 4, query="a.sql:4", message="p.d.t: 12 TiB of 7 partitions")]
    assert states(before, same, (edited,)) == [("known", "a.sql", 4)]
    other = [finding("a.sql", 4, query="a.sql:4", message="p.d.u: 3.5 GiB of 1,200 partitions")]
    assert states(before, other, (edited,)) == [("new", "a.sql", 4), ("fixed", "a.sql", 1)]


def test_of_a_file_that_was_renamed() -> None:
    """Without a query: by the flagged text."""
    before, after = [finding("a.py", 3, rule="iterrows")], [finding("pkg/a.py", 7, rule="iterrows")]
    assert states(before, after, text="df.iterrows()") == [("known", "pkg/a.py", 7)]
    assert states(before, after) == [("new", "pkg/a.py", 7), ("fixed", "a.py", 3)]
    still = [*after, finding("a.py", 9, rule="other")]
    assert states(before, still, text="df.iterrows()")[0] == ("new", "pkg/a.py", 7)


def test_ignores() -> None:
    """What a comment ignored and does not any more is new; what it ignores now was known."""
    ignored = finding("a.sql", 1, fingerprint="x", suppressed="for now")
    plain = finding("a.sql", 1, fingerprint="x")
    assert states([ignored], [plain]) == [("new", "a.sql", 1)]
    assert states([plain], [ignored]) == [("known", "a.sql", 1)]
    assert states([ignored], [ignored]) == [("known", "a.sql", 1)]


def test_both_sides_of_a_finding_are_kept() -> None:
    before, after = finding("a.sql", 1, fingerprint="x"), finding("a.sql", 3, fingerprint="x")
    (known,) = finding_changes([before], [after], (), lambda _: "", lambda _: "")
    assert (known.finding, known.before) == (after, before)
    (fixed,) = finding_changes([before], [], (), lambda _: "", lambda _: "")
    assert (fixed.finding, fixed.before) == (before, before)
    (new,) = finding_changes([], [after], (), lambda _: "", lambda _: "")
    assert (new.finding, new.before) == (after, None)


def test_a_file_that_is_still_there_was_not_renamed() -> None:
    """What is repaired in it and written elsewhere is fixed, and new."""
    before, after = [finding("a.sql", query="a.sql:1")], [finding("b.sql", query="b.sql:1")]
    renamed = (QueryChange("unchanged", query("a.sql"), query("b.sql")),)
    assert states(before, after, text="t")[0][0] == "known"
    still = (
        QueryChange("unchanged", query("a.sql"), query("a.sql")),
        QueryChange("added", None, query("b.sql")),
    )
    assert states(before, after, still, text="t") == [("new", "b.sql", 1), ("fixed", "a.sql", 1)]
    assert states(before, after, renamed, text="t") == [("known", "b.sql", 1)]
