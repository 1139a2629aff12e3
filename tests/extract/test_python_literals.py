"""String literals: every character of the value leads back to the characters it was written with."""

from __future__ import annotations

import ast
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.extract.python_literals import LiteralField, LiteralText, scan_string
from costguard.extract.python_source import SourceMap, parse_python
from costguard.model import Unread


def texts(source: str) -> list[tuple[str, bool]]:
    parts = scan_string(source, 0, len(source))
    assert parts is not None
    return [(part.text, part.verbatim) for part in parts if isinstance(part, LiteralText)]


def test_plain_text_is_verbatim() -> None:
    assert scan_string("'abc'", 0, 5) == [LiteralText("abc", 1, 4, True)]


def test_an_escape_is_a_part_of_its_own() -> None:
    assert texts(r'"a\tb"') == [("a", True), ("\t", False), ("b", True)]


def test_implicit_concatenation_with_comment_and_line_breaks() -> None:
    source = "'SELECT 1'  # why\n  \" FROM t\"\\\n r'\\d'"
    assert "".join(text for text, _ in texts(source)) == "SELECT 1 FROM t\\d"


def test_fields_of_an_f_string_keep_their_expression_and_range() -> None:
    source = "f'a{x[\"k\"]:>{width}}b{{c}}{y!r}'"
    parts = scan_string(source, 0, len(source))
    assert parts is not None
    fields = [part for part in parts if isinstance(part, LiteralField)]
    assert [field.expression for field in fields] == ['x["k"]', "y"]
    assert source[fields[0].start : fields[0].end] == '{x["k"]:>{width}}'
    assert "".join(part.text for part in parts if isinstance(part, LiteralText)) == "ab{c}"


def test_a_field_that_shows_its_expression() -> None:
    parts = scan_string("f'{x=}'", 0, 7)
    assert parts == [LiteralField("x", 2, 6, True)]


def test_windows_line_ends_become_line_feeds() -> None:
    assert texts("'''a\r\nb'''") == [("a", True), ("\n", False), ("b", True)]


def test_no_string_is_no_answer() -> None:
    assert scan_string("name", 0, 4) is None
    assert scan_string("'open", 0, 5) is None


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
@settings(deadline=None, max_examples=100)
def test_the_parts_spell_the_value(values: list[str]) -> None:
    source = " ".join(repr(value) for value in values)
    parts = scan_string(source, 0, len(source))
    assert parts is not None
    assert "".join(part.text for part in parts if isinstance(part, LiteralText)) == "".join(values)
    for part in parts:
        assert isinstance(part, LiteralText)
        if part.verbatim:
            assert source[part.start : part.end] == part.text


@given(st.text(alphabet="rfbu'\"{}\\nN xyz0:!=\n#", max_size=30))
@settings(deadline=None, max_examples=100)
def test_agrees_with_python_wherever_python_reads_a_string(source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(source)
        except (SyntaxError, ValueError):
            scan_string(source, 0, len(source))
            return
    if isinstance(value, str) and source[:1] in "rfbuRFBU'\"":
        parts = scan_string(source, 0, len(source))
        assert parts is not None
        assert "".join(part.text for part in parts if isinstance(part, LiteralText)) == value


def test_offsets_count_characters_not_bytes() -> None:
    source = SourceMap("é = 'ü'; x = 'SQL'")
    tree = ast.parse(source.text)
    statement = tree.body[1]
    assert isinstance(statement, ast.Assign)
    assert source.segment(statement.value) == "'SQL'"


def test_a_byte_order_mark_and_carriage_returns_shift_nothing() -> None:
    text = "\ufeffx = 1\ry = 'a'\r\nz = 'b'"
    tree = parse_python(text)
    assert isinstance(tree, ast.Module)
    source = SourceMap(text)
    assert [source.segment(statement) for statement in tree.body] == ["x = 1", "y = 'a'", "z = 'b'"]


def test_what_does_not_parse_says_why_and_where() -> None:
    problem = parse_python("x = 1\nprint 'a'\n")
    assert isinstance(problem, Unread)
    assert problem.reason == "Python syntax error"
    assert problem.detail.startswith("looks like Python 2")
    assert problem.start == 6
    nul = parse_python("x = '\0'")
    assert isinstance(nul, Unread)
    assert nul.reason == "Python syntax error"
    deep = parse_python("(" * 5000 + ")" * 5000)
    assert isinstance(deep, Unread)
