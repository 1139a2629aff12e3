"""Which query is which: by fingerprint first, then by likeness, and each exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.diff.pairs import likeness, pairs
from costguard.model import Span
from costguard.result import QueryReport
from tests.render.results import query

Found = tuple[list[tuple[str, str]], list[str], list[str]]


def sql(path: str, text: str, line: int = 1, mark: str | None = None, **changes: object) -> QueryReport:
    """A query; its text stands for its fingerprint unless there is another, and is kept in `price`."""
    return query(path, line, fingerprint=mark or text, price=text, **changes)


def match(before: list[QueryReport], after: list[QueryReport]) -> Found:
    both, removed, added = pairs(before, after, lambda item: item.price or "", lambda item: item.price or "")
    return (
        [(one.id, other.id) for one, other in both],
        [item.id for item in removed],
        [item.id for item in added],
    )


def test_the_same_wherever_its_line() -> None:
    assert match([sql("a.sql", "one", 1)], [sql("a.sql", "one", 40)]) == ([("a.sql:1", "a.sql:40")], [], [])


def test_moved_to_another_file() -> None:
    before = [sql("a.sql", "one"), sql("b.sql", "two")]
    after = [sql("b.sql", "two"), sql("x/a.sql", "one")]
    assert match(before, after) == ([("b.sql:1", "b.sql:1"), ("a.sql:1", "x/a.sql:1")], [], [])


def test_of_several_copies_the_one_with_the_name_and_the_text_is_it() -> None:
    before = [sql("a/load.sql", "since 1", mark="m"), sql("b/save.sql", "since 2", mark="m")]
    after = [sql("c/save.sql", "since 1", mark="m"), sql("d/load.sql", "since 2", mark="m")]
    assert match(before, after)[0] == [("b/save.sql:1", "c/save.sql:1"), ("a/load.sql:1", "d/load.sql:1")]
    renamed = [sql("x/p.sql", "since 2", mark="m"), sql("x/q.sql", "since 1", mark="m")]
    assert match(before, renamed)[0] == [("b/save.sql:1", "x/p.sql:1"), ("a/load.sql:1", "x/q.sql:1")]


def test_copies_in_one_file_are_told_apart_by_their_literals() -> None:
    before = [sql("a.py", "day 1", 1, "m"), sql("a.py", "day 2", 5, "m"), sql("a.py", "day 3", 9, "m")]
    after = [sql("a.py", "day 3", 1, "m"), sql("a.py", "day 1", 5, "m")]
    assert match(before, after) == ([("a.py:9", "a.py:1"), ("a.py:1", "a.py:5")], ["a.py:5"], [])


def test_copies_are_told_apart_by_their_loops() -> None:
    before = [sql("a.py", "t", 1, "m", loop_depth=1), sql("a.py", "t", 5, "m")]
    after = [sql("a.py", "t", 2, "m"), sql("a.py", "t", 6, "m", loop_depth=1)]
    assert match(before, after)[0] == [("a.py:5", "a.py:2"), ("a.py:1", "a.py:6")]


def test_equal_copies_are_taken_in_their_order() -> None:
    before = [sql("a.py", "t", line) for line in (1, 2, 3)]
    after = [sql("a.py", "t", line) for line in (10, 20, 30, 40)]
    found, removed, added = match(before, after)
    assert found == [("a.py:1", "a.py:10"), ("a.py:2", "a.py:20"), ("a.py:3", "a.py:30")]
    assert (removed, added) == ([], ["a.py:40"])


def test_a_model_is_that_model_however_it_was_rewritten() -> None:
    before, after = [sql("m.sql", "select a from t")], [sql("m.sql", "with x as (y) table z")]
    assert match(before, after) == ([("m.sql:1", "m.sql:1")], [], [])


def test_a_script_of_which_one_statement_went_and_another_came() -> None:
    before = [sql("m.sql", "kept"), sql("m.sql", "insert into log values now", 2)]
    after = [sql("m.sql", "kept"), sql("m.sql", "select price from shop where country is null", 2)]
    assert match(before, after) == ([("m.sql:1", "m.sql:1")], ["m.sql:2"], ["m.sql:2"])


def test_edited_ones_by_their_likeness() -> None:
    before = [
        sql("a.py", "select a, b from orders where day > 1", 1),
        sql("a.py", "select c from customers", 9),
    ]
    after = [
        sql("a.py", "select c, d from customers", 4),
        sql("a.py", "select a, b, x from orders where day > 1", 8),
        sql("a.py", "delete from visits where true", 30),
    ]
    assert match(before, after) == (
        [("a.py:9", "a.py:4"), ("a.py:1", "a.py:8")],
        [],
        ["a.py:30"],
    )


def test_a_renamed_file_with_an_edited_query() -> None:
    text = "select a, b, c from orders join customers using (id) where day"
    assert match([sql("old.sql", text)], [sql("new.sql", f"{text} > 5")]) == (
        [("old.sql:1", "new.sql:1")],
        [],
        [],
    )
    other = "select visits from web group by country order by visits limit ten"
    assert match([sql("old.sql", text)], [sql("new.sql", other)]) == ([], ["old.sql:1"], ["new.sql:1"])


def test_no_partner_in_a_file_that_is_still_there() -> None:
    """It was not renamed: something like it was written as well, and something was taken out."""
    text = "select a, b, c from orders join customers using (id) where day"
    before = [sql("old.py", text, 1), sql("old.py", "kept", 2)]
    after = [sql("old.py", "kept", 1), sql("new.py", f"{text} > 5")]
    assert match(before, after) == ([("old.py:2", "old.py:1")], ["old.py:1"], ["new.py:1"])


def test_renderings_of_a_template_go_together_first() -> None:
    before = [
        replace(sql("m.sql", "f", mark="m"), id="full", variant="full-refresh"),
        replace(sql("m.sql", "i", mark="n"), id="incremental", variant="incremental"),
    ]
    after = [
        replace(sql("m.sql", "i", mark="n"), id="incremental", variant="incremental"),
        replace(sql("m.sql", "f", mark="m"), id="full", variant="full-refresh"),
    ]
    assert sorted(match(before, after)[0]) == [("full", "full"), ("incremental", "incremental")]
    single = [replace(sql("m.sql", "f", mark="m"), id="only")]
    assert match(before, single) == ([("full", "only")], ["incremental"], [])


def test_files_that_are_the_same_are_not_read() -> None:
    def text(item: QueryReport) -> str:
        raise AssertionError(f"{item.path} is read")

    items = [sql("a.py", "t", line) for line in range(1, 9)]
    both, removed, added = pairs(items, list(items), text, text, {"a.py"})
    assert [(one.id, other.id) for one, other in both] == [(item.id, item.id) for item in items]
    assert (removed, added) == ([], [])


def test_very_many_edited_queries_of_one_file() -> None:
    before = [sql("a.py", f"select {number} from old_{number}", number) for number in range(1, 301)]
    after = [sql("a.py", f"select {number} from new_{number}", number) for number in range(1, 301)]
    found, removed, added = match(before, after)
    assert len(found) == 300
    assert (removed, added) == ([], [])


def test_very_many_renamed_files_keep_their_names() -> None:
    text = "select a, b, c from orders join customers using (id) where day > {} limit {}"
    before = [sql(f"old/{number}.sql", text.format(number, number)) for number in range(120)]
    after = [sql(f"new/{number}.sql", text.format(number, -number)) for number in range(120)]
    found, removed, added = match(before, after)
    assert {(one.replace("old", "new"), other) for one, other in found} == {
        (item.id, item.id) for item in after
    }
    assert (removed, added) == ([], [])


def test_likeness() -> None:
    assert likeness(Counter("ab"), Counter("cd")) == 0
    assert likeness(Counter(), Counter()) == 1


TEXTS = st.sampled_from(
    ["select a from t", "select b from t where c", "x", "merge into y using z", "delete w"]
)
PATHS = st.sampled_from(["a.sql", "b.sql", "c/a.sql", "d.py", "e.py"])


@st.composite
def projects(draw: st.DrawFn) -> list[QueryReport]:
    rows = draw(st.lists(st.tuples(PATHS, TEXTS, st.sampled_from([None, "incremental"])), max_size=12))
    return [
        replace(
            sql(path, text, number + 1),
            id=f"{number}",
            variant=variant,
            via="file" if path.endswith("sql") else "pandas.read_gbq",
        )
        for number, (path, text, variant) in enumerate(rows)
    ]


@settings(deadline=None)
@given(projects(), projects())
def test_every_query_of_both_sides_is_there_exactly_once(
    before: list[QueryReport], after: list[QueryReport]
) -> None:
    both, removed, added = match(before, after)
    assert sorted([one for one, _ in both] + removed) == sorted(item.id for item in before)
    assert sorted([other for _, other in both] + added) == sorted(item.id for item in after)


@settings(deadline=None)
@given(projects(), st.randoms(use_true_random=False))
def test_lines_may_move_and_files_may_be_renamed(items: list[QueryReport], random: object) -> None:
    """A project in which every file has another name and every query another line has no changes."""
    names = {path: f"moved/{number}/{path}" for number, path in enumerate({item.path for item in items})}
    moved = [
        replace(item, path=names[item.path], span=Span(99 - index, 1, 99 - index, 2))
        for index, item in enumerate(items)
    ]
    random.shuffle(moved)  # type: ignore[attr-defined]
    both, removed, added = pairs(items, moved, lambda item: item.price or "", lambda item: item.price or "")
    assert (removed, added) == ([], [])
    assert all(one.fingerprint == other.fingerprint for one, other in both)
