"""Which dry runs a table takes, and what follows from their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from costguard.catalog.dry_run import EVERY_COLUMN, EVERY_VALUE, Question
from costguard.catalog.measure import Measures, measure
from costguard.catalog.model import Table, build_table

NAME = "p.d.t"


def table(columns: Sequence[tuple[str, str, str]], rows: int, size: int, **more: Any) -> Table:
    """A table of (path, type, mode)."""
    listed = [{"path": path, "type": kind, "mode": mode} for path, kind, mode in columns]
    return build_table(NAME, {"rows": rows, "bytes": size, "columns": listed, **more})


def run(
    subject: Table, answer: Callable[[Question], int | None], partitions: Sequence[str] = ()
) -> tuple[Measures, list[Question]]:
    """Ask until nothing is open; also what was asked, in order."""
    answers: dict[Question, int | None] = {}
    while True:
        found = measure(subject, answers, partitions)
        if not found.open:
            return found, list(answers)
        assert not set(found.open) & set(answers), "asked twice"
        answers |= {question: answer(question) for question in found.open}


def adding(sizes: Mapping[str, int | None]) -> Callable[[Question], int | None]:
    """Dry runs of a table with these sizes of columns."""

    def answer(question: Question) -> int | None:
        parts = [sizes[path] for path in question.columns]
        return None if None in parts else sum(part or 0 for part in parts)

    return answer


def asked_for(questions: Sequence[Question]) -> list[str]:
    """The columns of each question."""
    return [" ".join(question.columns) for question in questions]


def test_required_columns_of_fixed_widths_are_not_asked() -> None:
    subject = table([("a", "INT64", "REQUIRED"), ("b", "NUMERIC(3, 1)", "REQUIRED")], 10, 240)
    assert measure(subject, {}) == Measures({"a": 80, "b": 160}, {}, ())


def test_without_nulls_one_question_tells_all_fixed_widths() -> None:
    subject = table(
        [(name, "INT64", "NULLABLE") for name in "abcdefgh"] + [("s", "STRING", "NULLABLE")], 10, 700
    )
    found, questions = run(subject, adding(dict.fromkeys("abcdefgh", 80) | {"s": 60}))
    assert asked_for(questions) == ["a b c d e f g h", "s"]
    assert found == Measures(dict.fromkeys("abcdefgh", 80) | {"s": 60}, {}, ())


def test_the_half_with_nulls_is_halved_again() -> None:
    subject = table([(name, "INT64", "NULLABLE") for name in "abcd"], 10, 80 * 3 + 8)
    found, questions = run(subject, adding({"a": 80, "b": 80, "c": 8, "d": 80}))
    # 248 of 320; a and b come to 160, so that c and d are left with 88, of which c has 8.
    assert asked_for(questions) == ["a b c d", "a b", "c"]
    assert found.sizes == {"a": 80, "b": 80, "c": 8, "d": 80}


@given(
    st.integers(1, 50),
    st.lists(
        st.tuples(st.sampled_from(["INT64", "BOOL", "NUMERIC", "STRING"]), st.integers(0, 50)), max_size=12
    ),
)
def test_sizes_come_out_as_they_are(rows: int, columns: list[tuple[str, int]]) -> None:
    widths = {"INT64": 8, "BOOL": 1, "NUMERIC": 16, "STRING": 5}
    sizes = {f"c{n}": widths[kind] * min(count, rows) for n, (kind, count) in enumerate(columns)}
    listed = [(f"c{n}", kind, "NULLABLE") for n, (kind, _) in enumerate(columns)]
    found, questions = run(table(listed, rows, sum(sizes.values())), adding(sizes))
    assert found.sizes == sizes
    assert found.remarks == ()
    fixed = sum(kind != "STRING" for kind, _ in columns)
    assert len(questions) <= (len(columns) - fixed) + 2 * fixed


@given(st.sets(st.sampled_from("abcdef"), max_size=3))
def test_columns_that_may_not_be_read(denied: set[str]) -> None:
    sizes = {name: None if name in denied else 8 * number for number, name in enumerate("abcdef", 3)}
    columns = [(name, "INT64", "NULLABLE") for name in "abcdef"]
    found, _ = run(table(columns, 10, 8 * 33), adding(sizes))
    known = {name: size for name, size in sizes.items() if size is not None}
    if len(denied) == 1:  # what the others leave of the table
        name = next(iter(denied))
        assert found.sizes == known | {name: 8 * ("abcdef".index(name) + 3)}
    else:
        assert found.sizes == known
    names = ", ".join(sorted(denied))
    assert found.remarks == ((f"no size can be told of {names}",) if len(denied) > 1 else ())


def test_leaves_in_arrays_are_asked_each() -> None:
    columns = [
        ("items", "RECORD", "REPEATED"),
        ("items.q", "INT64", "REQUIRED"),
        ("tags", "INT64", "REPEATED"),
    ]
    found, questions = run(table(columns, 10, 72), adding({"items.q": 32, "tags": 40}))
    assert asked_for(questions) == ["items.q", "tags"]
    assert found.sizes == {"items.q": 32, "tags": 40}


def test_a_record_that_may_be_null_makes_its_fields_so() -> None:
    found, questions = run(table([("r.a", "INT64", "REQUIRED")], 10, 24), adding({"r.a": 24}))
    assert asked_for(questions) == ["r.a"]
    assert found.sizes == {"r.a": 24}


def test_an_empty_table_is_not_asked() -> None:
    found, questions = run(table([("s", "STRING", "NULLABLE")], 0, 0), adding({}))
    assert (found.sizes, questions) == ({"s": 0}, [])


def test_views_and_external_tables_are_not_asked() -> None:
    for kind in ("view", "external", "materialized_view"):
        subject = table([("s", "STRING", "NULLABLE")], 5, 5, kind=kind)
        assert measure(subject, {}) == Measures({}, {}, ())


def test_a_streaming_buffer_makes_dry_runs_unusable() -> None:
    columns = [("a", "INT64", "REQUIRED"), ("s", "STRING", "NULLABLE")]
    subject = table(columns, 10, 130, streaming_buffer_bytes=9)
    found, questions = run(subject, lambda _: 143)
    assert questions == [Question(NAME, EVERY_COLUMN)]
    assert found.sizes == {"a": 80}
    assert found.remarks[0].startswith("rows are in its streaming buffer")
    # The buffer is said to hold rows, but they are in the table already.
    found, questions = run(subject, lambda question: 130 if question.columns == EVERY_COLUMN else 50)
    assert found == Measures({"a": 80, "s": 50}, {}, ())


def test_row_level_security_is_noticed() -> None:
    columns = [("a", "INT64", "REQUIRED"), ("b", "INT64", "NULLABLE"), ("s", "STRING", "NULLABLE")]
    found, _ = run(table(columns, 10, 200), lambda _: 0)
    assert found.rows_hidden
    assert found.sizes == {"a": 80}
    assert not run(table(columns, 10, 80), lambda _: 0)[0].rows_hidden  # all values are NULL


def test_columns_that_do_not_come_to_the_table() -> None:
    found, _ = run(table([("s", "STRING", "NULLABLE")], 10, 200), lambda _: 1234)
    assert found.sizes == {"s": 1234}
    assert found.remarks == (
        "its columns come to 1,234 bytes, but the table says 200: has it changed meanwhile?",
    )


PARTITIONS = [
    {"id": "20260101", "rows": 6, "bytes": 48 + 30 + 8},
    {"id": "20260102", "rows": 4, "bytes": 32 + 10 + 32},
]
BY_DAY = {"column": "dt", "type": "DAY", "require_filter": True, "partitions": PARTITIONS}
DAYS = [("dt", "DATE", "NULLABLE"), ("s", "STRING", "NULLABLE"), ("k", "INT64", "NULLABLE")]


def by_day(question: Question) -> int:
    """Dry runs of a table of ten rows in two days, where the filter on `dt` reads that column too."""
    sizes = {
        "20260101": {"dt": 48, "s": 30, "k": 8},
        "20260102": {"dt": 32, "s": 10, "k": 32},
        "__NULL__": {"dt": 0, "s": 0, "k": 0},
    }
    parts = list(sizes) if question.part == EVERY_VALUE else [question.part]
    return sum(sizes[part][path] for part in parts for path in {*question.columns, "dt"})


def test_a_required_filter_is_given_and_its_column_taken_off() -> None:
    subject = table(DAYS, 10, 160, partitioning=BY_DAY)
    found, questions = run(subject, by_day)
    assert found == Measures({"dt": 80, "k": 40, "s": 40}, {}, ())
    assert {question.part for question in questions} == {EVERY_VALUE}
    assert Question(NAME, (), EVERY_VALUE) in questions


def test_rows_without_a_partition_value_are_asked_for_too() -> None:
    unlisted = BY_DAY | {"partitions": None}
    found, questions = run(table(DAYS, 10, 160, partitioning=unlisted), by_day)
    assert found.sizes == {"dt": 80, "k": 40, "s": 40}
    assert {question.part for question in questions} == {EVERY_VALUE, "__NULL__"}


def test_columns_of_partitions() -> None:
    subject = table(DAYS, 10, 160, partitioning=BY_DAY)
    found, questions = run(subject, by_day, ("20260101", "20260102", "__UNPARTITIONED__"))
    # `dt` has its width in every row, which the catalog's reader knows by itself.
    assert found.partitions == {"20260101": {"s": 30, "k": 8}, "20260102": {"s": 10, "k": 32}}
    assert sum(question.part == "20260101" for question in questions) == 3  # s, k, and the filter alone
    assert found.remarks == ()


def test_columns_that_do_not_come_to_their_partition() -> None:
    changed = replace_first_bytes(table(DAYS, 10, 160, partitioning=BY_DAY), 87)
    found, _ = run(changed, by_day, ("20260101", "20260102"))
    assert found.remarks == ("in 1 of its partitions the columns do not come to the partition's bytes",)


def replace_first_bytes(subject: Table, size: int) -> Table:
    """The table with other bytes in its first partition."""
    partitioning = subject.partitioning
    assert partitioning is not None
    assert partitioning.partitions is not None
    first, *rest = partitioning.partitions
    return replace(
        subject, partitioning=replace(partitioning, partitions=(replace(first, bytes=size), *rest))
    )


def test_a_column_without_a_value_is_zero_in_every_partition() -> None:
    sizes = {"dt": 80, "s": 80, "k": 0}
    found, questions = run(
        table(DAYS, 10, 160, partitioning=BY_DAY),
        lambda question: sum(sizes[path] for path in {*question.columns, "dt"}),
        ("20260101",),
    )
    assert found.partitions["20260101"]["k"] == 0
    assert Question(NAME, ("k",), "20260101") not in questions
