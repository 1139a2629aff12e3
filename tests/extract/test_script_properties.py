"""What holds for every text: no error, no overlap, offsets that lead back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.extract.script import split_script

WORDS = (
    "BEGIN END ; IF THEN ELSE ELSEIF LOOP WHILE DO REPEAT UNTIL ( ) CASE WHEN DECLARE x INT64 DEFAULT SET ="
    ' CONCAT( INTO USING CALL p( OUT /* */ \' """ ` # , BREAK RETURN TRANSACTION @x'
    " [ ] FORMAT( %s \\ r' é😀 FROM SELECT || 'a'"
)
PHRASES = [
    "FOR x IN (",
    "SELECT a FROM t",
    "EXECUTE IMMEDIATE",
    "CREATE PROCEDURE p(",
    "EXCEPTION WHEN ERROR THEN",
]
MARKS = ['"b\\n"', "--c\n", "\n", "l: ", "UNNEST([1,2])", "END IF", "END FOR", "END CASE", "\0"]
FRAGMENTS = st.sampled_from([*WORDS.split(), *PHRASES, *MARKS])
STATEMENTS = st.sampled_from(
    [
        "SELECT 1",
        "SELECT ';' AS a",
        'SELECT """;""" -- ;\nFROM t',
        "SELECT CASE WHEN a THEN ';' END /* ; */ FROM t",
        r"SELECT r'\';' FROM `a;b`",
        "INSERT INTO d.t (a) VALUES (';')",
        "MERGE d.t USING d.u ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
        "SELECT IF(a, b, c), '''\n;\n''' FROM t",
        "CREATE TABLE d.t AS SELECT 1",
    ]
)
unhurried = settings(deadline=None, max_examples=100, derandomize=True)


@unhurried
@given(st.text(max_size=200) | st.lists(FRAGMENTS, max_size=40).map(" ".join))
def test_any_text_splits_into_leaves_that_do_not_overlap_and_map_back(source: str) -> None:
    script = split_script(source)
    reached = 0
    for leaf in sorted(script.leaves, key=lambda one: one.start):
        assert reached <= leaf.start < leaf.end <= len(source)
        reached = leaf.end
        if not leaf.segments:
            assert leaf.text == source[leaf.start : leaf.end]
        for segment in leaf.segments:
            assert 0 <= segment.start < segment.end <= len(leaf.text)
            assert 0 <= segment.source_start <= segment.source_end <= len(source)
            if segment.verbatim:
                written = source[segment.source_start : segment.source_end]
                assert leaf.text[segment.start : segment.end] == written
        for earlier, later in zip(leaf.segments, leaf.segments[1:], strict=False):
            assert earlier.end <= later.start
    assert all(0 <= one.start <= one.end <= len(source) for one in script.unread)


@unhurried
@given(st.lists(STATEMENTS, min_size=1, max_size=8), st.sampled_from([";", " ;\n", ";-- x;\n", "; /* ; */ "]))
def test_joined_statements_come_apart_again(statements: list[str], separator: str) -> None:
    assert [leaf.text for leaf in split_script(separator.join(statements)).leaves] == statements


@unhurried
@given(st.lists(STATEMENTS, min_size=1, max_size=5), st.integers(min_value=0, max_value=6))
def test_nested_loops_count(statements: list[str], depth: int) -> None:
    body = " ".join(f"{statement}\n;" for statement in statements)
    script = split_script("LOOP " * depth + body + "END LOOP; " * depth + "SELECT 0")
    expected = [(statement, depth) for statement in statements] + [("SELECT 0", 0)]
    assert [(leaf.text, leaf.loop_depth) for leaf in script.leaves] == expected


@unhurried
@given(st.text(max_size=100), st.sampled_from(["spark", "trino", "bigquery"]))
def test_every_dialect_reads_any_text(source: str, dialect: str) -> None:
    leaves = split_script(source, dialect).leaves
    assert all(source[leaf.start : leaf.end].strip() for leaf in leaves)
