"""EXECUTE IMMEDIATE: what text it runs, and where that text is written."""

from __future__ import annotations

import pytest

from costguard.extract.script import Leaf, split_script


def dynamic(source: str) -> Leaf:
    (leaf,) = [leaf for leaf in split_script(source).leaves if leaf.kind == "dynamic"]
    return leaf


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'SELECT a FROM d.t'", "SELECT a FROM d.t"),
        ('"""SELECT a\nFROM d.t;"""', "SELECT a\nFROM d.t"),
        (r"r'SELECT \d FROM t'", r"SELECT \d FROM t"),
        (r"'SELECT \'x\' AS a,\n\x41\101\u00e9'", "SELECT 'x' AS a,\nAA\u00e9"),
        ("'SELECT a ' || \"FROM d.t\"", "SELECT a FROM d.t"),
        ("CONCAT('SELECT ', ('a'), ' FROM ' || 'd.t')", "SELECT a FROM d.t"),
        ("'SELECT a ' 'FROM d.t'", "SELECT a FROM d.t"),
        ("FORMAT('SELECT %d%% FROM %s', 5, 'd.t')", "SELECT hole_1% FROM d.t"),
    ],
)
def test_text_of_literals(expression: str, text: str) -> None:
    assert dynamic(f"EXECUTE IMMEDIATE {expression}").text == text


def test_into_and_using_are_not_part_of_the_text() -> None:
    leaf = dynamic("EXECUTE IMMEDIATE 'SELECT a FROM d.t WHERE b = ?' INTO total USING 1 AS x; SELECT 2")
    assert (leaf.text, leaf.start, leaf.end) == ("SELECT a FROM d.t WHERE b = ?", 18, 49)


def test_segments_lead_to_the_characters_inside_the_literals() -> None:
    source = r"EXECUTE IMMEDIATE 'SELECT \'é\', a' || ' FROM d.t'"
    leaf = dynamic(source)
    assert leaf.text == "SELECT 'é', a FROM d.t"
    assert [(s.start, s.end, s.source_start, s.source_end, s.verbatim) for s in leaf.segments] == [
        (0, 7, 19, 26, True),
        (7, 8, 26, 28, False),
        (8, 9, 28, 29, True),
        (9, 10, 29, 31, False),
        (10, 13, 31, 34, True),
        (13, 22, 40, 49, True),
    ]
    for segment in leaf.segments:
        if segment.verbatim:
            written = source[segment.source_start : segment.source_end]
            assert leaf.text[segment.start : segment.end] == written


def test_comments_and_semicolons_around_the_text_are_left_out() -> None:
    source = 'EXECUTE IMMEDIATE """\n-- first\nSELECT a FROM d.t ;\n"""'
    leaf = dynamic(source)
    assert leaf.text == "SELECT a FROM d.t"
    assert source[leaf.segments[0].source_start : leaf.segments[0].source_end] == "SELECT a FROM d.t"


def test_unknown_parts_become_holes_that_lead_to_their_expression() -> None:
    source = (
        "EXECUTE IMMEDIATE 'SELECT a FROM d.' || name || ' WHERE b = \"' || UPPER(v) || '\" AND c > ' || w"
    )
    leaf = dynamic(source)
    assert leaf.text == 'SELECT a FROM d.hole_1 WHERE b = "hole_2" AND c > hole_3'
    assert [(leaf.text[hole.start : hole.end], hole.kind, hole.name) for hole in leaf.holes] == [
        ("hole_1", "name", "name"),
        ("hole_2", "literal", "UPPER(v)"),
        ("hole_3", "unknown", "w"),
    ]
    parts = [source[s.source_start : s.source_end] for s in leaf.segments if not s.verbatim]
    assert parts == ["name", "UPPER(v)", "w"]


def test_text_in_a_variable_is_followed() -> None:
    declared = "DECLARE q STRING DEFAULT 'SELECT a FROM d.t';"
    source = f"{declared} SET q = CONCAT('SELECT b FROM ', 'd.u'); EXECUTE IMMEDIATE q"
    leaf = dynamic(source)
    assert leaf.text == "SELECT b FROM d.u"
    assert source[leaf.start : leaf.end] == "q"
    assert source[leaf.segments[0].source_start : leaf.segments[0].source_end] == "SELECT b FROM "


def test_a_variable_run_twice_gives_two_leaves_that_do_not_overlap() -> None:
    leaves = split_script("DECLARE q DEFAULT 'SELECT 1'; EXECUTE IMMEDIATE q; EXECUTE IMMEDIATE q").leaves
    assert [(leaf.text, leaf.start) for leaf in leaves] == [("SELECT 1", 48), ("SELECT 1", 69)]


@pytest.mark.parametrize(
    "script",
    [
        "EXECUTE IMMEDIATE q",
        "EXECUTE IMMEDIATE CONCAT(verb, ' a FROM d.t')",
        "EXECUTE IMMEDIATE (SELECT text FROM d.queries LIMIT 1)",
        "EXECUTE IMMEDIATE b'SELECT 1'",
        "DECLARE q STRING DEFAULT 'SELECT 1'; EXECUTE IMMEDIATE 'SELECT 2' INTO q; EXECUTE IMMEDIATE q",
        "DECLARE q STRING DEFAULT 'SELECT 1'; LOOP SET q = q || ','; EXECUTE IMMEDIATE q; END LOOP",
    ],
)
def test_text_that_cannot_be_known_is_unread(script: str) -> None:
    assert [one.reason for one in split_script(script).unread] == ["dynamic SQL"]


def test_a_text_that_doubles_itself_stays_small() -> None:
    source = "DECLARE q STRING DEFAULT 'SELECT 1 '; " + "SET q = q || q; " * 60 + "EXECUTE IMMEDIATE q"
    assert [one.reason for one in split_script(source).unread] == ["dynamic SQL"]
