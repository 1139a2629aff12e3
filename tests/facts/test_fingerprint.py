"""A statement keeps its fingerprint however it is laid out and whatever its literals are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.facts.fingerprint import NAME_GAP, OPEN_GAP, fingerprint, has_gaps, normal_form, shape


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("select a from `my-p-1.d.t` ; ", "SELECT A FROM MY_P_1.D.T"),
        ("SELECT a FROM my-p-1.d.t", "SELECT A FROM MY_P_1.D.T"),
        ("SELECT 1.5e3, .5, 0x1F, -2, a - 1", "SELECT?,A-?"),
        ("x IN (1, -2, 'c') AND y IN UNNEST([1, 2])", "X IN?AND Y IN UNNEST(?)"),
        ("x IN (@many) AND y = @one AND @@error.x = %s", "X IN?AND Y=?AND@@ERROR.X=?"),
        ("INSERT INTO t (a) VALUES (1, 'x'), (2, \"y\")", "INSERT INTO T(A)VALUES?"),
        ("d BETWEEN DATE '2026-01-01' AND DATE '2026-02-01'", "D BETWEEN DATE?AND DATE?"),
        ("x IS TRUE AND y = FALSE", "X IS?AND Y=?"),
        ("a /* ' */ b -- it's\n# \"\nc", "A B C"),
        ("SELECT t1.a2 FROM t_20260101", "SELECT T1.A2 FROM T_20260101"),
        ("SELECT '''it's''', r'\\d', \"\"\"a \"b\" c\"\"\"", "SELECT?"),
    ],
)
def test_normal_forms(text: str, form: str) -> None:
    assert normal_form(text) == form


def test_words_are_told_apart() -> None:
    assert normal_form("SELECT a b") != normal_form("SELECT ab")


@pytest.mark.parametrize(
    ("text", "hole", "kind", "form"),
    [
        ("SELECT a FROM hole.d.t", "hole", "name", f"SELECT A FROM {NAME_GAP}.D.T"),
        ("SELECT a FROM d.t_hole WHERE x", "hole", "name", f"SELECT A FROM D.T_{NAME_GAP} WHERE X"),
        ("SELECT a FROM t WHERE b = 'hole'", "hole", "literal", "SELECT A FROM T WHERE B=?"),
        ("SELECT a FROM t WHERE b > 99", "99", "literal", "SELECT A FROM T WHERE B>?"),
        ("SELECT a FROM t_2024 WHERE x", "24", "literal", f"SELECT A FROM T_20{NAME_GAP} WHERE X"),
        ("SELECT a FROM t WHERE b IN (1)", "(1)", "list", "SELECT A FROM T WHERE B IN?"),
        ("SELECT hole FROM t", "hole", "name", f"SELECT{OPEN_GAP}FROM T"),
        ("SELECT a FROM t WHERE TRUE AND b", "TRUE", "condition", f"SELECT A FROM T WHERE{OPEN_GAP}AND B"),
        ("SELECT a FROM t /* more */", "/* more */", "clause", f"SELECT A FROM T{OPEN_GAP}"),
        ("SELECT a -- hole\nFROM t", "hole", "clause", "SELECT A FROM T"),
    ],
)
def test_what_stands_for_a_hole(text: str, hole: str, kind: str, form: str) -> None:
    start = text.index(hole)
    assert normal_form(text, [(start, start + len(hole), kind)]) == form  # type: ignore[list-item]


def test_a_value_that_code_fills_in_is_a_literal() -> None:
    written = "SELECT a FROM t WHERE b = 'hole' AND c IN (1)"
    holes = [
        (written.index("hole"), written.index("hole") + 4, "literal"),
        (len(written) - 2, len(written) - 1, "list"),
    ]
    form = normal_form(written, holes)  # type: ignore[arg-type]
    assert not has_gaps(form)
    assert fingerprint(form) == fingerprint(normal_form("select a from t where b = 'CH' and c in (7, 8, 9)"))


def test_the_shape_forgets_where_a_table_is() -> None:
    dev = normal_form("SELECT a FROM dev.orders_20260101 JOIN dev.b USING (k)")
    production = normal_form("SELECT a FROM `p.prod.orders_20260102` JOIN p.prod.b USING (k)")
    other = normal_form("SELECT a FROM dev.returns_20260101 JOIN dev.b USING (k)")
    assert shape(dev) == shape(production) != shape(other)
    text = "SELECT hole FROM d.t"
    assert shape(normal_form(text, [(7, 11, "name")])) is None
    assert shape(normal_form("SELECT a FROM hole.t", [(14, 18, "name")])) == shape(
        normal_form("SELECT a FROM x.y.t")
    )


# -- any layout, any literals --------------------------------------------------------------------------

SPACE = st.sampled_from([" ", "\n", "\t ", " -- don't\n", " /* 'x */ ", '\n# 1 "\n'])
LITERAL = st.one_of(
    st.integers(-999, 999).map(str),
    st.sampled_from(
        [
            "1.5",
            ".5",
            "2e3",
            "@p",
            "TRUE",
            "false",
            r"'it\'s'",
            "r'\\d'",
            "b'x'",
            '"a -- b"',
            "'/* '",
            "'''it's'''",
        ]
    ),
)
NAME = st.sampled_from(["a", "b1", "t_2", "o.total", "c_", "user_id"])
TABLE = st.sampled_from(["d.t", "`p-1.d.t`", "p-1.d.t", "`d`.`t_20260101`"])

Token = tuple[str, str]
"""(kind, text): kinds are `word`, `name`, `mark`, `literal`, `list`."""


def words(*texts: str) -> list[Token]:
    return [("word" if text.isalpha() else "mark", text) for text in texts]


@st.composite
def conditions(draw: st.DrawFn) -> list[Token]:
    column = ("name", draw(NAME))
    kind = draw(st.sampled_from(["compare", "in", "between", "null"]))
    if kind == "compare":
        return [column, ("mark", draw(st.sampled_from(["=", "<", ">=", "!="]))), ("literal", "")]
    if kind == "in":
        return [column, *words("IN", "("), ("list", ""), *words(")")]
    if kind == "between":
        return [column, *words("BETWEEN"), ("literal", ""), *words("AND"), ("literal", "")]
    return [column, *words("IS", "NOT", "NULL")]


@st.composite
def statements(draw: st.DrawFn) -> list[Token]:
    found = words("SELECT")
    for number in range(draw(st.integers(1, 3))):
        found += [*(words(",") if number else []), ("name", draw(NAME))]
    found += [*words("FROM"), ("name", draw(TABLE))]
    for number in range(draw(st.integers(0, 3))):
        found += [*words(draw(st.sampled_from(["AND", "OR"])) if number else "WHERE"), *draw(conditions())]
    if draw(st.booleans()):
        found += [*words("LIMIT"), ("literal", "")]
    return found


def written(draw: st.DrawFn, tokens: list[Token]) -> str:
    """The statement in some layout, letter case and quotes, with some literals."""
    parts: list[str] = []
    for kind, text in tokens:
        if kind == "literal":
            text = draw(LITERAL)
        elif kind == "list":
            text = ",".join(draw(st.lists(LITERAL, min_size=1, max_size=4)))
        elif kind == "word" and draw(st.booleans()):
            text = text.lower()
        elif kind == "name" and "`" not in text and draw(st.booleans()):
            text = f"`{text}`"
        parts.append(text)
        parts.append(draw(SPACE))
    return "".join(parts) + draw(st.sampled_from(["", ";", " ;\n"]))


@settings(deadline=None)
@given(st.data())
def test_layout_and_literals_change_nothing(data: st.DataObject) -> None:
    tokens = data.draw(statements())
    first, second = (data.draw(st.composite(written)(tokens)) for _ in range(2))
    assert normal_form(first) == normal_form(second)
    assert "2026" not in normal_form(first).replace("T_20260101", "")


@settings(deadline=None)
@given(st.data())
def test_other_names_change_it(data: st.DataObject) -> None:
    tokens = data.draw(statements())
    other = [("name", "quite_another") if token[0] == "name" else token for token in tokens]
    assert normal_form(data.draw(st.composite(written)(tokens))) != normal_form(
        data.draw(st.composite(written)(other))
    )
