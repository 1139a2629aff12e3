"""Which WHILE loops of a script can be counted from what is written."""

from __future__ import annotations

import pytest

from costguard.extract.script import Leaf, split_script
from costguard.extract.script_counters import CountedLoop


def last_leaf(source: str) -> Leaf:
    return split_script(source).leaves[-1]


def test_start_condition_and_step_are_taken_as_written() -> None:
    leaf = last_leaf(
        "DECLARE d DATE DEFAULT CURRENT_DATE() - 7; DECLARE last DATE DEFAULT CURRENT_DATE();\n"
        "WHILE d <= last DO SELECT a FROM t WHERE b = d; SET d = DATE_ADD(d, INTERVAL 1 DAY); END WHILE"
    )
    assert leaf.counted_loops == (
        CountedLoop("d", "DATE", "CURRENT_DATE() - 7", "d <= last", "DATE_ADD(d, INTERVAL 1 DAY)"),
    )
    assert (leaf.loop_depth, leaf.loop_turns, leaf.counted_times) == (1, None, 1)


@pytest.mark.parametrize(
    "source",
    [
        "DECLARE i INT64 DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE I INT64 DEFAULT 0; WHILE i < 10 DO SET `i` = i + 1; SELECT 1; END WHILE",
        "DECLARE i INT64; SET i = 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE i DEFAULT 0; IF x THEN WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE; END IF",
        "DECLARE i DEFAULT 0; here: WHILE (i < 10) DO IF y THEN SELECT 1; END IF; SET i = i + 1; END WHILE here",
        "DECLARE i INT64; IF y THEN SET i = 3; END IF; SET i = 0; WHILE i < 9 DO SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE i, j DEFAULT 0; WHILE i < 10 DO SELECT 1; SET j = j + 1; SET i = i + 1; END WHILE",
    ],
)
def test_loops_that_can_be_counted(source: str) -> None:
    (loop,) = last_leaf(source).counted_loops
    assert (loop.variable, loop.start, loop.step) == ("i", "0", "i + 1")


@pytest.mark.parametrize(
    "source",
    [
        # no step, or more than one
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; SET i = i + 1; END WHILE",
        # some turns only
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; IF x THEN SET i = i + 1; END IF; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; IF x THEN SET i = 9; END IF; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO LOOP SET i = i + 1; END LOOP; SELECT 1; END WHILE",
        # another way out
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; IF x THEN BREAK; END IF; SET i = i + 1; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO IF x THEN LEAVE; END IF; SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; IF x THEN CONTINUE; END IF; SELECT 2; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO IF x THEN RETURN; END IF; SELECT 1; SET i = i + 1; END WHILE",
        # other assignments
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; SET (i, j) = (1, 2); END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 10 DO SELECT 1; SET i = i + 1; CALL d.p(i); END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 9 DO SELECT 1; SET i = i + 1; EXECUTE IMMEDIATE 'SELECT 1' INTO i; END WHILE",
        "DECLARE i DEFAULT 0; WHILE i < 9 DO SELECT 1; SET i = i + 1; BEGIN DECLARE i DEFAULT 3; END; END WHILE",
        # the start is not known
        "DECLARE i INT64; WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE i DEFAULT 0; IF x THEN SET i = 5; END IF; WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE",
        "DECLARE i DEFAULT 0; CALL d.p(i); WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE",
        "CREATE PROCEDURE d.p(i INT64) BEGIN WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE; END",
        # in the second turn of the outer loop it starts where it ended
        "DECLARE i DEFAULT 0; FOR r IN (SELECT 1) DO WHILE i < 9 DO SELECT 1; SET i = i + 1; END WHILE; END FOR",
        # no comparison
        "DECLARE i DEFAULT TRUE; WHILE i DO SELECT 1; SET i = FALSE; END WHILE",
        # not a loop over it at all
        "DECLARE i DEFAULT 0; WHILE j < 10 DO SELECT 1; SET i = i + 1; END WHILE",
    ],
)
def test_loops_that_stay_uncounted(source: str) -> None:
    assert last_leaf(source).counted_loops == ()


def test_a_second_loop_over_the_same_variable_needs_a_start_of_its_own() -> None:
    loop = "WHILE i < 10 DO SELECT 1; SET i = i + 1; END WHILE; "
    assert last_leaf(f"DECLARE i DEFAULT 0; {loop}{loop}").counted_loops == ()
    assert last_leaf(f"DECLARE i DEFAULT 0; {loop} SET i = 4; {loop}").counted_loops[0].start == "4"


def test_nested_loops_each_keep_their_own_start() -> None:
    leaf = last_leaf(
        "DECLARE i DEFAULT 0; DECLARE j INT64; WHILE i < 3 DO SET j = 0; "
        "FOR r IN (SELECT * FROM UNNEST(['x', 'y'])) DO SET j = 0; "
        "WHILE j < 5 DO SELECT 1; SET j = j + 1; END WHILE; END FOR; SET i = i + 1; END WHILE"
    )
    assert [(loop.variable, loop.start) for loop in leaf.counted_loops] == [("i", "0"), ("j", "0")]
    assert (leaf.loop_depth, leaf.counted_times) == (3, 2)


def test_an_endless_loop_around_it_leaves_the_product_unknown() -> None:
    leaf = last_leaf(
        "DECLARE i INT64; LOOP SET i = 0; WHILE i < 3 DO SELECT 1; SET i = i + 1; END WHILE; END LOOP"
    )
    assert (leaf.loop_depth, leaf.counted_loops) == (2, ())


def test_statements_outside_of_the_loop_are_not_in_it() -> None:
    script = split_script(
        "DECLARE i DEFAULT 0; SELECT 1; WHILE i < 3 DO SELECT 2; SET i = i + 1; END WHILE; SELECT 3"
    )
    assert [len(leaf.counted_loops) for leaf in script.leaves] == [0, 1, 0]
