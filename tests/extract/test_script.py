"""Each form of the procedural language, by examples worked out by hand."""

from __future__ import annotations

import pytest

from costguard.extract.script import Leaf, Script, split_script


def brief(script: Script) -> list[tuple[str, str, int, bool]]:
    """(kind, text on one line, loop depth, in a branch) of each leaf."""
    return [
        (leaf.kind, " ".join(leaf.text.split()), leaf.loop_depth, leaf.in_branch) for leaf in script.leaves
    ]


def only(source: str) -> Leaf:
    (leaf,) = split_script(source).leaves
    return leaf


def test_offsets_leave_out_comments_and_space_around_a_statement() -> None:
    source = "-- head ;\n  SELECT 1 -- a;b\n FROM t /* tail */ ; # more\nSELECT 2  -- end\n"
    first, second = split_script(source).leaves
    assert (first.start, first.end, first.text) == (12, 35, "SELECT 1 -- a;b\n FROM t")
    assert (second.start, second.end, second.text) == (56, 64, "SELECT 2")
    assert first.segments == ()


@pytest.mark.parametrize(
    "literal",
    [
        "'a;b'",
        '"a;b"',
        "'''a;'b\n;'''",
        '"""a;"b"";\n"""',
        r"r'a\';b'",
        r'R"a\";b"',
        r"b'a;b'",
        r"rb'a\';'",
        r'br"a;\""',
        "`a;b`",
        r"'a\\'",
        r"'\';'",
        "/* ; ' */ 1",
        "1 -- it's; \n",
        "1 # it's; \n",
    ],
)
def test_a_semicolon_hidden_in_a_token_does_not_end_a_statement(literal: str) -> None:
    script = split_script(f"SELECT {literal} FROM t; SELECT 2")
    assert [leaf.text for leaf in script.leaves] == [f"SELECT {literal} FROM t", "SELECT 2"]


def test_a_lone_quote_does_not_swallow_the_next_statement() -> None:
    script = split_script("SELECT it's FROM t;\nSELECT 2")
    assert [leaf.text for leaf in script.leaves] == ["SELECT it's FROM t", "SELECT 2"]


def test_empty_statements_are_not_leaves() -> None:
    assert split_script(";; -- nothing\n;/* */").leaves == ()
    assert split_script("").is_script is False


def test_one_statement_is_not_a_script_and_temporary_functions_do_not_make_one() -> None:
    alone = split_script("CREATE TEMP FUNCTION f(x INT64) AS (x); SELECT f(1)")
    assert (alone.is_script, [leaf.script for leaf in alone.leaves]) == (False, [None, None])
    script = split_script("CREATE FUNCTION d.f(x INT64) AS (x); SELECT d.f(1)")
    assert (script.is_script, [leaf.script for leaf in script.leaves]) == (True, [0, 0])


def test_the_first_statement_after_begin_is_a_leaf() -> None:
    source = "BEGIN SELECT a FROM d.t; SELECT b FROM d.u; END; SELECT 3"
    assert brief(split_script(source)) == [
        ("statement", "SELECT a FROM d.t", 0, False),
        ("statement", "SELECT b FROM d.u", 0, False),
        ("statement", "SELECT 3", 0, False),
    ]


def test_a_missing_semicolon_before_end() -> None:
    source = "BEGIN SELECT CASE WHEN a THEN 1 ELSE 2 END FROM d.t END; SELECT 2"
    assert brief(split_script(source)) == [
        ("statement", "SELECT CASE WHEN a THEN 1 ELSE 2 END FROM d.t", 0, False),
        ("statement", "SELECT 2", 0, False),
    ]


def test_statements_of_an_error_handler_are_in_a_branch() -> None:
    source = "BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.message; RAISE; END; SELECT 3"
    assert brief(split_script(source)) == [
        ("statement", "SELECT 1", 0, False),
        ("statement", "SELECT @@error.message", 0, True),
        ("statement", "SELECT 3", 0, False),
    ]


@pytest.mark.parametrize("opening", ["BEGIN TRANSACTION;", "BEGIN;", "begin transaction ;"])
def test_a_transaction_is_not_a_block(opening: str) -> None:
    script = split_script(f"{opening} DELETE FROM d.t WHERE a; COMMIT TRANSACTION; SELECT 2")
    assert [leaf.text for leaf in script.leaves] == ["DELETE FROM d.t WHERE a", "SELECT 2"]


def test_if_statement_with_every_branch_and_its_conditions() -> None:
    source = (
        "IF EXISTS(SELECT 1 FROM d.t) THEN SELECT 1; ELSEIF (SELECT COUNT(*) FROM d.u) > 0 THEN SELECT 2;"
        " ELSE SELECT IF(a, b, c) FROM d.v; END IF; SELECT 4"
    )
    assert brief(split_script(source)) == [
        ("condition", "SELECT (EXISTS(SELECT 1 FROM d.t) )", 0, False),
        ("statement", "SELECT 1", 0, True),
        ("condition", "SELECT ((SELECT COUNT(*) FROM d.u) > 0 )", 0, True),
        ("statement", "SELECT 2", 0, True),
        ("statement", "SELECT IF(a, b, c) FROM d.v", 0, True),
        ("statement", "SELECT 4", 0, False),
    ]


def test_a_wrapped_condition_maps_back_to_its_expression() -> None:
    source = "IF EXISTS(SELECT 1 FROM d.t) THEN SELECT 1; END IF"
    leaf = split_script(source).leaves[0]
    (segment,) = leaf.segments
    assert (leaf.start, leaf.end) == (3, 28)
    assert (segment.source_start, segment.source_end, segment.verbatim) == (3, 28, True)
    assert leaf.text[segment.start : segment.end] == source[3:28] == "EXISTS(SELECT 1 FROM d.t)"


def test_a_condition_that_is_one_query_needs_no_wrapping() -> None:
    leaf = split_script("WHILE (SELECT a FROM d.t) DO SELECT 1; END WHILE").leaves[0]
    assert (leaf.kind, leaf.text, leaf.start, leaf.segments) == ("condition", "SELECT a FROM d.t", 7, ())


def test_case_expressions_inside_conditions_do_not_end_them() -> None:
    source = "IF CASE WHEN x THEN TRUE ELSE FALSE END THEN SELECT 1; END IF; SELECT 2"
    assert brief(split_script(source)) == [
        ("statement", "SELECT 1", 0, True),
        ("statement", "SELECT 2", 0, False),
    ]


def test_loops_and_their_depth() -> None:
    source = """
    LOOP
      SELECT 1;
      WHILE (SELECT COUNT(*) FROM d.t) < 3 DO SELECT 2; END WHILE;
      IF x THEN BREAK; END IF;
      REPEAT SELECT 3; UNTIL EXISTS(SELECT 4) END REPEAT;
    END LOOP;
    SELECT 5
    """
    assert brief(split_script(source)) == [
        ("statement", "SELECT 1", 1, False),
        ("condition", "SELECT ((SELECT COUNT(*) FROM d.t) < 3 )", 2, False),
        ("statement", "SELECT 2", 2, False),
        ("statement", "SELECT 3", 2, False),
        ("condition", "SELECT (EXISTS(SELECT 4) )", 2, False),
        ("statement", "SELECT 5", 0, False),
    ]


def test_the_query_of_for_runs_once_outside_the_loop() -> None:
    source = "FOR r IN (SELECT a FROM d.t) DO SELECT r.a; CONTINUE; END FOR; SELECT 2"
    script = split_script(source)
    assert brief(script) == [
        ("statement", "SELECT a FROM d.t", 0, False),
        ("statement", "SELECT r.a", 1, False),
        ("statement", "SELECT 2", 0, False),
    ]
    assert (script.leaves[0].start, script.leaves[0].end) == (10, 27)
    assert [leaf.loop_turns for leaf in script.leaves] == [None, None, None]


@pytest.mark.parametrize(
    ("query", "turns"),
    [
        ("SELECT * FROM UNNEST(['a', 'b,c', 'd'])", 3),
        ("SELECT x FROM UNNEST([STRUCT(1 AS a, 2 AS b), (3, 4)]) AS x WITH OFFSET", 2),
        ("SELECT * FROM UNNEST([])", 0),
        ("SELECT * FROM UNNEST(GENERATE_ARRAY(1, 10, 2)) AS n", 5),
        ("SELECT * FROM UNNEST(GENERATE_ARRAY(1, n))", None),
        ("SELECT * FROM UNNEST(days)", 2),
        ("SELECT * FROM UNNEST(['a', 'b']) AS x WHERE x > 'a'", None),
        ("SELECT COUNT(*) FROM UNNEST(['a', 'b'])", None),
        ("SELECT * FROM UNNEST(['a']), d.t", None),
        ("SELECT * FROM d.t", None),
    ],
)
def test_turns_of_a_for_loop_that_are_written_in_the_code(query: str, turns: int | None) -> None:
    source = f"DECLARE days DEFAULT ['x', 'y']; FOR r IN ({query}) DO INSERT d.t VALUES (1); END FOR"
    assert split_script(source).leaves[-1].loop_turns == turns


def test_turns_multiply_and_an_unknown_loop_makes_them_unknown() -> None:
    two = "FOR a IN (SELECT * FROM UNNEST([1, 2])) DO "
    three = "FOR b IN (SELECT * FROM UNNEST([1, 2, 3])) DO "
    known = split_script(f"{two}{three}SELECT 9; END FOR; END FOR").leaves[-1]
    assert (known.loop_depth, known.loop_turns) == (2, 6)
    unknown = split_script(f"{two}LOOP SELECT 9; END LOOP; END FOR").leaves[-1]
    assert (unknown.loop_depth, unknown.loop_turns) == (2, None)


def test_case_statement() -> None:
    source = (
        "CASE (SELECT a FROM d.t) WHEN 1 THEN SELECT 1; SELECT 2; WHEN (SELECT b FROM d.u) THEN"
        " MERGE d.v USING d.w ON FALSE WHEN NOT MATCHED THEN INSERT ROW; ELSE SELECT 3; END CASE; SELECT 4"
    )
    assert brief(split_script(source)) == [
        ("condition", "SELECT a FROM d.t", 0, False),
        ("statement", "SELECT 1", 0, True),
        ("statement", "SELECT 2", 0, True),
        ("condition", "SELECT b FROM d.u", 0, True),
        ("statement", "MERGE d.v USING d.w ON FALSE WHEN NOT MATCHED THEN INSERT ROW", 0, True),
        ("statement", "SELECT 3", 0, True),
        ("statement", "SELECT 4", 0, False),
    ]


def test_labels() -> None:
    source = (
        "outer_loop: LOOP inner: BEGIN SELECT 1; LEAVE outer_loop; END inner; END LOOP outer_loop; SELECT 2"
    )
    assert brief(split_script(source)) == [
        ("statement", "SELECT 1", 1, False),
        ("statement", "SELECT 2", 0, False),
    ]


def test_procedure_body_parameters_and_the_statement_after_it() -> None:
    source = """
    CREATE OR REPLACE PROCEDURE `p.d.load`(
      IN day DATE, OUT total INT64, INOUT names ARRAY<STRUCT<a INT64, b STRING>>)
    OPTIONS (strict_mode = FALSE)
    BEGIN
      BEGIN TRANSACTION;
      SELECT a FROM d.t WHERE b = day;
      IF day IS NULL THEN RETURN; END IF;
    END;
    CALL p.d.load('2024-01-01', x, y);
    SELECT 2;
    """
    script = split_script(source)
    assert [(leaf.text, leaf.in_procedure) for leaf in script.leaves] == [
        ("SELECT a FROM d.t WHERE b = day", True),
        ("SELECT 2", False),
    ]
    assert [(one.name, one.type, one.default) for one in script.variables] == [
        ("day", "DATE", None),
        ("total", "INT64", None),
        ("names", "ARRAY<STRUCT<a INT64, b STRING>>", None),
    ]
    assert script.unread == ()


def test_a_procedure_in_another_language_is_unread() -> None:
    options = "WITH CONNECTION `c` OPTIONS(engine='SPARK') LANGUAGE PYTHON"
    source = f"CREATE PROCEDURE d.p() {options} AS r'''x; y'''; SELECT 1"
    script = split_script(source)
    assert [one.reason for one in script.unread] == ["procedure without a SQL body"]
    assert [leaf.text for leaf in script.leaves] == ["SELECT 1"]


def test_function_with_a_javascript_body_is_one_statement() -> None:
    body = (
        'CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS """\n  if (x) { return "a;"; }\n"""'
    )
    script = split_script(body + ";\nSELECT f(a) FROM d.t")
    assert [leaf.text for leaf in script.leaves] == [body, "SELECT f(a) FROM d.t"]


def test_calls_are_unread_unless_the_procedure_is_here_or_reads_nothing() -> None:
    script = split_script("CALL d.refresh(1); CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('d.t');")
    assert [(one.reason, one.detail, one.start, one.end) for one in script.unread] == [
        ("procedure call", "d.refresh", 0, 17)
    ]


def test_declare_and_set_with_a_query() -> None:
    source = (
        "DECLARE n INT64 DEFAULT (SELECT MAX(a) FROM d.t); SET n = 1 + (SELECT b FROM d.u); SET n = 3;"
        " SELECT n"
    )
    assert brief(split_script(source)) == [
        ("declare", "SELECT MAX(a) FROM d.t", 0, False),
        ("set", "SELECT (1 + (SELECT b FROM d.u) )", 0, False),
        ("statement", "SELECT n", 0, False),
    ]


def test_other_dialects_know_neither_blocks_nor_backslashes_nor_hash_comments() -> None:
    trino = split_script(r"SELECT '\'; SELECT 'it''s;' # 1; BEGIN", dialect="trino")
    assert [leaf.text for leaf in trino.leaves] == [r"SELECT '\'", "SELECT 'it''s;' # 1", "BEGIN"]
    spark = split_script(r"SELECT '\';'; SELECT 2", dialect="spark")
    assert [leaf.text for leaf in spark.leaves] == [r"SELECT '\';'", "SELECT 2"]


BROKEN = (
    *(
        "END",
        "END IF;",
        "ELSE SELECT 1",
        "IF x SELECT 1",
        "WHILE",
        "FOR x",
        "CASE",
        "EXECUTE IMMEDIATE",
        "DECLARE",
    ),
    *(
        "SET",
        "CALL",
        "BEGIN",
        "LOOP",
        "UNTIL x",
        "EXCEPTION WHEN",
        "CREATE PROCEDURE",
        "REPEAT UNTIL UNTIL END",
    ),
    *("SELECT (1; SELECT 2", "DECLARE ,", "SET = 1", "FOR x IN () DO", '"""open', "`open", "'open"),
)


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_scripts_do_not_lose_what_follows(broken: str) -> None:
    assert split_script(f"{broken};\nSELECT 99").leaves[-1].text == "SELECT 99"


def test_a_comment_without_an_end_hides_the_rest() -> None:
    assert [leaf.text for leaf in split_script("SELECT 1; /* open; SELECT 2").leaves] == ["SELECT 1"]


def test_blocks_nested_without_measure_are_still_read() -> None:
    script = split_script("LOOP " * 5_000 + "SELECT 1; " + "END LOOP; " * 5_000)
    assert [(leaf.text, leaf.loop_depth) for leaf in script.leaves] == [("SELECT 1", 100)]


def arms(source: str) -> list[tuple[str, list[str]]]:
    """What each leaf reads, and its arms."""
    return [
        (leaf.text, [f"{number} {arm}" for number, arm in leaf.branch])
        for leaf in split_script(source).leaves
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "IF x THEN SELECT 1; ELSE SELECT 2; END IF; SELECT 3",
            [("SELECT 1", ["1 then"]), ("SELECT 2", ["1 else"]), ("SELECT 3", [])],
        ),
        (  # each further condition stands in what is left
            "IF x THEN SELECT 1; ELSEIF y THEN SELECT 2; ELSE SELECT 3; END IF",
            [
                ("SELECT 1", ["1 then"]),
                ("SELECT 2", ["1 else", "2 then"]),
                ("SELECT 3", ["1 else", "2 else"]),
            ],
        ),
        (
            "IF x THEN SELECT 0; ELSEIF (SELECT a FROM t) THEN SELECT 1; END IF",
            [("SELECT 0", ["1 then"]), ("SELECT a FROM t", ["1 else"]), ("SELECT 1", ["1 else", "2 then"])],
        ),
        (
            "CASE WHEN x THEN SELECT 1; WHEN y THEN SELECT 2; ELSE SELECT 3; END CASE",
            [
                ("SELECT 1", ["1 then"]),
                ("SELECT 2", ["1 else", "2 then"]),
                ("SELECT 3", ["1 else", "2 else"]),
            ],
        ),
        (  # compared with x, and no condition
            "CASE x WHEN FALSE THEN SELECT 1; ELSE SELECT 2; END CASE",
            [("SELECT 1", ["1 then"]), ("SELECT 2", ["1 else"])],
        ),
        ("IF FALSE THEN SELECT 1; ELSE SELECT 2; END IF", [("SELECT 1", ["1 never"]), ("SELECT 2", [])]),
        ("IF TRUE THEN SELECT 1; ELSE SELECT 2; END IF", [("SELECT 1", []), ("SELECT 2", ["1 never"])]),
        (
            "BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2; END; SELECT 3",
            [("SELECT 1", []), ("SELECT 2", ["1 handler"]), ("SELECT 3", [])],
        ),
        (
            "SELECT 0; IF x THEN SELECT 1; RETURN; END IF; SELECT 2",
            [("SELECT 0", []), ("SELECT 1", ["1 then"]), ("SELECT 2", ["2 then"])],
        ),
        (  # it ends the procedure
            "CREATE PROCEDURE p() BEGIN IF x THEN RETURN; END IF; SELECT 1; END; SELECT 2",
            [("SELECT 1", ["2 then"]), ("SELECT 2", [])],
        ),
    ],
)
def test_arms(source: str, expected: list[tuple[str, list[str]]]) -> None:
    assert arms(source) == expected


def test_a_loop_that_may_end_early_is_marked() -> None:
    rows = "FOR r IN (SELECT * FROM UNNEST([1, 2])) DO "
    assert split_script(rows + "SELECT 1; IF x THEN BREAK; END IF; END FOR").leaves[-1].loop_left
    assert split_script(rows + "IF x THEN CONTINUE; END IF; SELECT 1; END FOR").leaves[-1].loop_left
    assert not split_script(rows + "SELECT 1; END FOR").leaves[-1].loop_left
