"""Every verbatim character of a rendered text is the character of the template it is said to be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.extract.template import extract_template
from costguard.extract.template_align import align
from costguard.extract.template_map import compose
from costguard.model import Segment

_DATA = st.text(alphabet="ab ,\n\r\t.'\"-#}é\U0001f600\ue000", max_size=12).map(
    lambda text: text.replace("}}", "}")
)
_TAGS = st.sampled_from(
    [
        "{{ x }}",
        "{{- x -}}",
        "{{ 'lit' }}",
        "{{ a ~ 'b' }}",
        "{# note #}",
        "{#- note -#}",
        "{% raw %}{{ r }}{% endraw %}",
    ]
)


def _wrap(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=4).map("".join)
    return st.one_of(
        several.map(lambda text: f"{{% for i in [1, 2] -%}}{text}{{%- endfor %}}"),
        several.map(lambda text: f"{{% if x %}}{text}{{% else %}}other{{% endif %}}"),
        several.map(lambda text: f"{{% set q %}}{text}{{% endset %}}{{{{ q }}}}"),
        several.map(lambda text: f"{{% macro m(y) %}}{text}{{% endmacro %}}<{{{{ m(1) }}}}>"),
    )


_TEMPLATES = st.lists(st.recursive(st.one_of(_DATA, _TAGS), _wrap, max_leaves=8), max_size=6).map("".join)


def check(template: str, text: str, segments: tuple[Segment, ...]) -> None:
    position = 0
    for segment in segments:
        assert segment.start == position
        assert segment.end > segment.start
        assert 0 <= segment.source_start <= segment.source_end <= len(template)
        if segment.verbatim:
            assert text[segment.start : segment.end] == template[segment.source_start : segment.source_end]
        position = segment.end
    assert position == len(text)


@settings(max_examples=100, deadline=None)
@given(_TEMPLATES)
def test_segments_cover_the_text_and_are_exact(body: str) -> None:
    template = f"SELECT {body} FROM t {{{{ z }}}}"
    found = extract_template(template, "query.sql", None, "bigquery")
    for sql in found.sql:
        check(template, sql.text, sql.segments)
        for hole in sql.holes:
            assert 0 <= hole.start < hole.end <= len(sql.text)


@settings(max_examples=100, deadline=None)
@given(_TEMPLATES)
def test_data_outside_of_tags_is_found_back(body: str) -> None:
    template = f"SELECT alpha {body}{{{{ 1 }}}} FROM omega"
    for sql in extract_template(template, "query.sql", None, "bigquery").sql:
        sources = {template[s.source_start : s.source_end] for s in sql.segments if s.verbatim}
        assert any(source.startswith("SELECT alpha") for source in sources)
        assert any(source.endswith("FROM omega") for source in sources)


def test_a_loop_maps_every_turn_to_the_same_source() -> None:
    template = "SELECT {% for c in ['x', 'y'] %}f({{ c }}), {% endfor %}1"
    sql = extract_template(template, "query.sql", None, "bigquery").sql[0]
    assert sql.text == "SELECT f(x), f(y), 1"
    sources = [(sql.text[s.start : s.end], s.source_start, s.source_end, s.verbatim) for s in sql.segments]
    assert sources == [
        ("SELECT ", 0, 7, True),
        ("f(", 32, 34, True),
        ("x", 34, 41, False),
        ("), ", 41, 44, True),
        ("f(", 32, 34, True),
        ("y", 34, 41, False),
        ("), ", 41, 44, True),
        ("1", 56, 57, True),
    ]


def test_output_of_a_local_macro_maps_to_the_macro() -> None:
    template = "{% macro m() %}SUM(a){% endmacro %}SELECT {{ m() }}"
    sql = extract_template(template, "query.sql", None, "bigquery").sql[0]
    assert [(sql.text[s.start : s.end], s.source_start, s.verbatim) for s in sql.segments] == [
        ("SELECT ", 35, True),
        ("SUM(a)", 15, True),
    ]


def test_text_that_template_code_changed_maps_to_its_tag() -> None:
    template = "{% set q %} abc {% endset %}SELECT {{ q | trim | upper }}"
    sql = extract_template(template, "query.sql", None, "bigquery").sql[0]
    assert sql.text == "SELECT ABC"
    last = sql.segments[-1]
    assert (last.start, last.end, last.source_start, last.source_end, last.verbatim) == (7, 10, 35, 57, False)


def test_composed_maps_reach_the_outer_source() -> None:
    # text "xbc!" <- middle "abc" (b, c verbatim; ! from all of it) <- source "__abc"
    outer = (Segment(0, 1, 0, 1, False), Segment(1, 3, 1, 3), Segment(3, 4, 0, 3, False))
    inner = (Segment(0, 2, 2, 4), Segment(2, 3, 4, 5))
    assert compose(outer, inner) == (
        Segment(0, 1, 2, 3, False),
        Segment(1, 2, 3, 4),
        Segment(2, 3, 4, 5),
        Segment(3, 4, 2, 5, False),
    )


def test_compiled_lines_are_found_in_the_template() -> None:
    template = "{{ config(x=1) }}\nSELECT\n  alpha,\n  {{ m() }}\nFROM {{ ref('t') }}\nWHERE beta > 1\n"
    compiled = "SELECT\n  alpha,\n  SUM(gamma)\nFROM `p.d.t`\nWHERE beta > 1"
    segments = align(template, compiled)
    check(template, compiled, segments)
    exact = [compiled[s.start : s.end] for s in segments if s.verbatim]
    assert exact == ["SELECT", "alpha,", "WHERE beta > 1"]
    gap = next(s for s in segments if "SUM(gamma)" in compiled[s.start : s.end])
    assert "{{ m() }}" in template[gap.source_start : gap.source_end]
