"""Templates become SQL that parses, with holes where nobody knows, mapped back to the template."""

from __future__ import annotations

import pytest
import sqlglot

from costguard.extract.dbt import TemplateProject, build_template_project
from costguard.extract.dbt_files import MemoryFiles
from costguard.extract.template import extract_template, is_template
from costguard.model import Extraction, SqlText


def read(text: str, dialect: str = "bigquery", **files: str) -> Extraction:
    project = build_template_project(MemoryFiles({**files, "query.sql": text}))
    return extract_template(text, "query.sql", project, dialect)


def only(text: str, dialect: str = "bigquery", **files: str) -> SqlText:
    found = read(text, dialect, **files)
    assert found.unread == ()
    assert len(found.sql) == 1
    return found.sql[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", False),
        ("SELECT '{' || '}'", False),
        ("SELECT {{ x }}", True),
        ("{%- if x %}SELECT 1{% endif %}", True),
        ("{# comment #} SELECT 1", False),
        ("CREATE FUNCTION f() LANGUAGE js AS '''if (a) {{ return a.b(c); }}'''", False),
        ('SELECT JSON \'{"a": {"b": 1}}\'', False),
    ],
)
def test_is_template(text: str, expected: bool) -> None:
    assert is_template(text) is expected


@pytest.mark.parametrize(
    ("template", "text", "holes"),
    [
        ("SELECT a FROM {{ t }}", "SELECT a FROM t", [("name", "t", "t")]),
        (
            "SELECT a FROM `{{ p }}.d.{{ t }}_v1`",
            "SELECT a FROM `p.d.t_v1`",
            [("name", "p", "p"), ("name", "t", "t")],
        ),
        (
            "SELECT a FROM {{ params.p }}.{{ d }}.t",
            "SELECT a FROM params_p.d.t",
            [("name", "params.p", "params_p"), ("name", "d", "d")],
        ),
        ("SELECT a FROM t WHERE b = {{ v }}", "SELECT a FROM t WHERE b = 'v'", [("literal", "v", "'v'")]),
        ("SELECT a FROM t WHERE {{ c }}", "SELECT a FROM t WHERE TRUE", [("condition", "c", "TRUE")]),
        ("SELECT a FROM t WHERE {{ c }} = 3", "SELECT a FROM t WHERE c = 3", [("name", "c", "c")]),
        (
            "SELECT a FROM t WHERE b BETWEEN {{ x }} AND {{ y }} AND {{ z }}",
            "SELECT a FROM t WHERE b BETWEEN 'x' AND 'y' AND TRUE",
            [("literal", "x", "'x'"), ("literal", "y", "'y'"), ("condition", "z", "TRUE")],
        ),
        ("SELECT a FROM t WHERE b IN ({{ l }})", "SELECT a FROM t WHERE b IN ('l')", [("list", "l", "'l'")]),
        ("SELECT a FROM t WHERE b IN {{ l }}", "SELECT a FROM t WHERE b IN ('l')", [("list", "l", "('l')")]),
        ("SELECT a FROM t LIMIT {{ n }}", "SELECT a FROM t LIMIT 1", [("literal", "n", "1")]),
        ("SELECT '{{ v }}' FROM t", "SELECT 'v' FROM t", [("literal", "v", "v")]),
        (
            "{{ header }}\nSELECT 1 FROM t",
            "/*header*/\nSELECT 1 FROM t",
            [("clause", "header", "/*header*/")],
        ),
        ("SELECT CAST(a AS {{ x }}) FROM t", "SELECT CAST(a AS STRING) FROM t", [("name", "x", "STRING")]),
        ("WITH {{ n }} AS (SELECT 1) SELECT 2", "WITH n AS (SELECT 1) SELECT 2", [("name", "n", "n")]),
        ("SELECT 1 -- {{ why }}\nFROM t", "SELECT 1 -- why\nFROM t", []),
        ("SELECT {{ table }} FROM t", "SELECT table_ FROM t", [("name", "table", "table_")]),
        (
            "SELECT a FROM t WHERE d = '{{ ds }}'",
            "SELECT a FROM t WHERE d = '2024-01-01'",
            [("literal", "ds", "2024-01-01")],
        ),
        (
            "SELECT a FROM t WHERE d = {{ ds }}",
            "SELECT a FROM t WHERE d = '2024-01-01'",
            [("literal", "ds", "'2024-01-01'")],
        ),
        ("SELECT a FROM t_{{ ds_nodash }}", "SELECT a FROM t_20240101", [("name", "ds_nodash", "20240101")]),
        (
            "SELECT a FROM t WHERE d = '{{ execution_date.strftime('%Y') }}'",
            "SELECT a FROM t WHERE d = '2024'",
            [("literal", "execution_date.strftime('%Y')", "2024")],
        ),
        (
            "SELECT a FROM t WHERE d = '{{ macros.ds_add(ds, -7) }}'",
            "SELECT a FROM t WHERE d = '2023-12-25'",
            [("literal", "macros.ds_add(ds, -7)", "2023-12-25")],
        ),
    ],
)
def test_unknown_values_become_holes_that_parse(
    template: str, text: str, holes: list[tuple[str, str, str]]
) -> None:
    sql = only(template)
    assert sql.text == text
    assert [(hole.kind, hole.name, sql.text[hole.start : hole.end]) for hole in sql.holes] == holes
    assert sql.rendering == "render"
    assert sql.via == "template"
    sqlglot.parse_one(sql.text, dialect="bigquery")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% set n = 3 %}SELECT {{ n * 2 }} FROM t", "SELECT 6 FROM t"),
        (
            "SELECT {% for x in ['a', 'b'] %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %} FROM t",
            "SELECT a, b FROM t",
        ),
        ("SELECT a {%- if true -%}  , b {% endif %} FROM t", "SELECT a, b  FROM t"),
        ("{% macro m(x) %}SUM({{ x }}){% endmacro %}SELECT {{ m('a') }} FROM t", "SELECT SUM(a) FROM t"),
        (
            "{% macro m(x) %}{{ return(x ~ '_v') }}{% endmacro %}SELECT {{ m('a') }} FROM t",
            "SELECT a_v FROM t",
        ),
        ("SELECT {% raw %}'{{ kept }}'{% endraw %} FROM t", "SELECT 'kept' FROM t"),
        ("SELECT 1 {# not {{ this }} #}FROM t", "SELECT 1 FROM t"),
        ("SELECT {{ '%s_%s' % ('a', 'b') }} FROM t", "SELECT a_b FROM t"),
        ("{% set l = [] %}{% do l.append('a') %}SELECT {{ l | join(', ') }} FROM t", "SELECT a FROM t"),
        ("SELECT {{ x | default('c') }} FROM t", "SELECT c FROM t"),
        ("{% for k, v in d.items() %}SELECT {{ k }} FROM t{% endfor %}", "SELECT k FROM t"),
        ("SELECT '{{ '_'.join(x.split('_')[:-1]) }}' FROM t", "SELECT 'join_x_split___1' FROM t"),
        ("SELECT a{% if x == 'y' %}, b{% else %}, c{% endif %} FROM t", "SELECT a, b FROM t"),
        ("SELECT a{% if x not in ['y'] %}, b{% endif %} FROM t", "SELECT a, b FROM t"),
    ],
)
def test_template_code_is_run(template: str, text: str) -> None:
    assert only(template).text == text


def test_both_answers_of_is_init_are_read() -> None:
    found = read("{% if is_init() %}SELECT 1 FROM a{% else %}SELECT 2 FROM b{% endif %}")
    assert [(sql.variant, sql.text) for sql in found.sql] == [
        ("full-refresh", "SELECT 1 FROM a"),
        ("incremental", "SELECT 2 FROM b"),
    ]


def test_two_equal_variants_are_one() -> None:
    assert only("SELECT 1 FROM t{% if is_incremental() %}{% endif %}").variant is None


def test_a_template_of_a_template_is_rendered_twice_and_still_mapped() -> None:
    text = "{% raw %}{% if is_init() %}{% endraw %}SELECT {{ 'a' }} FROM t{% raw %}{% endif %}{% endraw %}"
    sql = read(text).sql[0]
    assert sql.text == "SELECT a FROM t"
    first = sql.segments[0]
    assert first.verbatim
    assert text[first.source_start : first.source_end] == "SELECT "


def test_included_and_imported_files_are_those_of_the_project() -> None:
    sql = only(
        "{% from 'lib.jinja' import cols %}{% include 'head.jinja' %}SELECT {{ cols('a') }} FROM t",
        **{"lib.jinja": "{% macro cols(x) %}{{ x }}, b{% endmacro %}", "head.jinja": "-- head\n"},
    )
    assert sql.text == "-- head\nSELECT a, b FROM t"


def test_a_macro_that_only_one_file_defines_needs_no_import() -> None:
    sql = only(
        "#fail\n{{ not_null(['a']) }}",
        **{
            "checks/not_null.jinja": "{% macro not_null(c) %}SELECT COUNTIF({{ c[0] }} IS NULL) "
            "FROM `{{ p }}.t`{% endmacro %}"
        },
    )
    assert sql.text == "#fail\nSELECT COUNTIF(a IS NULL) FROM `p.t`"


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m() %}SELECT 1{% endmacro %}",
        "{% macro m() %}SELECT 1{% endmacro %}{% ### %}",
        "{% set a = 1 %}",
        "-- {{ x }}\n",
        "{# {{ a }} #}",
    ],
)
def test_definitions_only_are_nothing_to_read(text: str) -> None:
    found = read(text)
    assert (found.sql, found.unread) == ((), ())


def test_a_call_of_an_unknown_macro_alone_is_unread() -> None:
    found = read("{{ unknown_package.model(1, 2) }}")
    assert found.sql == ()
    assert [entry.reason for entry in found.unread] == ["template not rendered"]


def test_what_does_not_render_is_stripped() -> None:
    found = read(
        "{% unknown_tag %}SELECT {{ a }}, {{ b | nope }} FROM {{ ref('m') }}"
        "{% if x %} WHERE c{% else %} WHERE d{% endif %}"
    )
    assert [(sql.text, sql.rendering) for sql in found.sql] == [
        ("SELECT a, b_nope FROM `m` WHERE c", "strip")
    ]
    assert found.unread == ()


def test_strip_keeps_both_answers_of_is_incremental() -> None:
    found = read("{% unknown_tag %}SELECT a FROM t{% if is_incremental() %} WHERE b > 1{% endif %}")
    assert [(sql.variant, sql.text) for sql in found.sql] == [
        ("full-refresh", "SELECT a FROM t"),
        ("incremental", "SELECT a FROM t WHERE b > 1"),
    ]


def test_no_project_is_needed() -> None:
    found = extract_template("SELECT {{ 1 }} FROM t", "query.sql", None, "bigquery")
    assert [sql.text for sql in found.sql] == ["SELECT 1 FROM t"]


def test_a_project_without_dbt_has_no_model() -> None:
    assert read("SELECT {{ 1 }}").dbt is None
    assert isinstance(build_template_project(MemoryFiles({})), TemplateProject)


def test_templates_with_the_same_tags_keep_their_own_text() -> None:
    project = build_template_project(MemoryFiles({}))
    found = [
        extract_template(
            f"SELECT {name} FROM {{{{ name }}}} LIMIT 1", f"{name}.sql", project, "bigquery"
        ).sql[0]
        for name in ("a", "b")
    ]
    assert [text.text for text in found] == ["SELECT a FROM name LIMIT 1", "SELECT b FROM name LIMIT 1"]
