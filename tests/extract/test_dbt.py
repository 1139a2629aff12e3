"""dbt projects: macros, vars, ref and source, settings, the manifest."""

from __future__ import annotations

import json
import pickle

import pytest

from costguard.extract.dbt import TemplateProject, build_template_project
from costguard.extract.dbt_files import MemoryFiles
from costguard.extract.template import extract_template
from costguard.model import DbtModel, Extraction, SqlText

PROJECT = """
name: shop
profile: shop
vars:
  days: 7
  unit: "{{ env_var('UNIT', 'day') }}"
models:
  shop:
    +materialized: view
    marts:
      +materialized: table
      +schema: marts
"""
PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: bigquery, project: acme, dataset: sandbox, keyfile: secret.json}
"""
SOURCES = """
version: 2
sources:
  - name: raw
    database: lake
    schema: raw_v2
    tables:
      - name: orders
        identifier: orders_2024
      - name: users
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "profiles.yml": PROFILES,
    "models/sources.yml": SOURCES,
    "models/orders.sql": "{{ config(alias='all_orders') }}SELECT * FROM {{ source('raw', 'orders') }}",
    "models/marts/daily.sql": "SELECT 1",
    "models/computed.sql": "{% set s = 'x' %}{{ config(schema='a_' ~ s) }}SELECT 1",
    "macros/cents.sql": "{% macro cents(c) %}({{ c }} / 100){% endmacro %}",
    "macros/dispatch.sql": "{% macro now() %}{{ return(adapter.dispatch('now', 'shop')()) }}{% endmacro %}"
    "{% macro default__now() %}NOW(){% endmacro %}"
    "{% macro bigquery__now() %}CURRENT_TIMESTAMP(){% endmacro %}",
    "dbt_packages/kit/dbt_project.yml": "name: kit",
    "dbt_packages/kit/macros/k.sql": "{% macro twice(x) %}{{ x }} + {{ x }}{% endmacro %}",
}


def project(**more: str) -> TemplateProject:
    return build_template_project(MemoryFiles({**FILES, **more}))


def read(text: str, path: str = "models/m.sql", **more: str) -> Extraction:
    return extract_template(text, path, project(**{**more, path: text}), "bigquery")


def only(text: str, path: str = "models/m.sql", **more: str) -> SqlText:
    found = read(text, path, **more)
    assert found.unread == ()
    assert len(found.sql) == 1
    return found.sql[0]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("SELECT 1 FROM {{ ref('orders') }}", "SELECT 1 FROM `acme.sandbox.all_orders`"),
        ("SELECT 1 FROM {{ ref('shop', 'daily') }}", "SELECT 1 FROM `acme.sandbox_marts.daily`"),
        ("SELECT 1 FROM {{ ref('computed') }}", "SELECT 1 FROM `acme.sandbox_a_x.computed`"),
        ("SELECT 1 FROM {{ ref('nowhere') }}", "SELECT 1 FROM `nowhere`"),
        ("SELECT 1 FROM {{ source('raw', 'orders') }}", "SELECT 1 FROM `lake.raw_v2.orders_2024`"),
        ("SELECT 1 FROM {{ source('raw', 'new') }}", "SELECT 1 FROM `lake.raw_v2.new`"),
        ("SELECT 1 FROM {{ source('other', 't') }}", "SELECT 1 FROM `other.t`"),
        ("SELECT MAX(a) FROM {{ this }}", "SELECT MAX(a) FROM `acme.sandbox.m`"),
        ("SELECT '{{ this.schema }}' FROM t", "SELECT 'sandbox' FROM t"),
        ("SELECT {{ cents('a') }} FROM t", "SELECT (a / 100) FROM t"),
        ("SELECT {{ shop.cents('a') }} FROM t", "SELECT (a / 100) FROM t"),
        ("SELECT {{ kit.twice('a') }} FROM t", "SELECT a + a FROM t"),
        ("SELECT {{ now() }} FROM t", "SELECT CURRENT_TIMESTAMP() FROM t"),
        ("SELECT a{% if not_given %}, b{% endif %} FROM t", "SELECT a FROM t"),
        ("SELECT a{% for x in not_given %}, b{% endfor %} FROM t", "SELECT a FROM t"),
        ("SELECT a{% if not not_given and not_given != 1 %}, b{% endif %} FROM t", "SELECT a, b FROM t"),
        ("SELECT a{% if var('not_given') %}, b{% endif %} FROM t", "SELECT a, b FROM t"),
        ("{% macro m(x, y=null) %}a{% if x or y %}, b{% endif %}{% endmacro %}SELECT {{ m() }}", "SELECT a"),
        ("SELECT {{ var('days') }} FROM t", "SELECT 7 FROM t"),
        ("SELECT '{{ var('unit') }}' FROM t", "SELECT 'day' FROM t"),
        ("SELECT {{ var('gone', 5) }} FROM t", "SELECT 5 FROM t"),
        ("SELECT '{{ target.name }}' FROM t", "SELECT 'dev' FROM t"),
        ("SELECT '{{ env_var('A', 'b') }}' FROM t", "SELECT 'b' FROM t"),
        ("SELECT CAST(a AS {{ dbt.type_string() }}) FROM t", "SELECT CAST(a AS STRING) FROM t"),
        (
            "SELECT {{ dbt.date_trunc('month', 'a') }} FROM t",
            "SELECT TIMESTAMP_TRUNC(CAST(a AS TIMESTAMP), month) FROM t",
        ),
        (
            "SELECT {{ dbt.dateadd('day', -3, 'a') }} FROM t",
            "SELECT DATETIME_ADD(CAST(a AS DATETIME), INTERVAL -3 day) FROM t",
        ),
        ("SELECT a, b FROM t {{ dbt_utils.group_by(2) }}", "SELECT a, b FROM t GROUP BY 1, 2"),
        ("SELECT {{ dbt_utils.star(ref('orders'), except=['a']) }} FROM t", "SELECT * EXCEPT (a) FROM t"),
        (
            "SELECT {{ dbt_utils.generate_surrogate_key(['a']) }} FROM t",
            "SELECT TO_HEX(MD5(CAST(COALESCE(CAST(a AS STRING), "
            "'_dbt_utils_surrogate_key_null_') AS STRING)))"
            " FROM t",
        ),
        (
            "{{ dbt_utils.union_relations([ref('orders'), ref('daily')]) }}",
            "(SELECT * FROM `acme.sandbox.all_orders`)\nUNION ALL\n"
            "(SELECT * FROM `acme.sandbox_marts.daily`)",
        ),
    ],
)
def test_names_of_dbt(template: str, text: str) -> None:
    sql = only(template)
    assert sql.text == text
    assert sql.via == "dbt"


def test_secrets_of_a_profile_are_not_visible() -> None:
    assert "secret" not in only("SELECT '{{ target.keyfile }}' FROM t").text


def test_an_incremental_model_gives_both_variants_and_its_settings() -> None:
    found = read(
        "{{ config(materialized='incremental', incremental_strategy='insert_overwrite',"
        " unique_key=['a', 'b'],"
        " partition_by={'field': 'day', 'data_type': 'date', 'granularity': 'month'}, cluster_by='a') }}"
        "SELECT 1 FROM t{% if is_incremental() %} WHERE day > (SELECT MAX(day) FROM {{ this }}){% endif %}"
    )
    assert [(sql.variant, sql.text) for sql in found.sql] == [
        ("full-refresh", "SELECT 1 FROM t"),
        ("incremental", "SELECT 1 FROM t WHERE day > (SELECT MAX(day) FROM `acme.sandbox.m`)"),
    ]
    assert found.dbt == DbtModel(
        name="m",
        relation="`acme.sandbox.m`",
        materialized="incremental",
        incremental_strategy="insert_overwrite",
        partition_by="day",
        partition_granularity="month",
        cluster_by=("a",),
        unique_key=("a", "b"),
    )
    assert {(sql.destination, sql.saved) for sql in found.sql} == {("`acme.sandbox.m`", True)}


def test_a_table_is_never_incremental() -> None:
    text = "SELECT 1 FROM t{% if is_incremental() %} WHERE a > 1{% endif %}"
    found = read(text, "models/marts/m.sql")
    assert [(sql.variant, sql.text) for sql in found.sql] == [(None, "SELECT 1 FROM t")]
    assert found.dbt is not None
    assert found.dbt.materialized == "table"


def test_compiled_sql_of_the_manifest_is_taken_while_it_is_fresh() -> None:
    text = "SELECT {{ cents('a') }} FROM {{ ref('orders') }}"
    node = {
        "name": "m",
        "resource_type": "model",
        "original_file_path": "models/m.sql",
        "raw_code": text,
        "compiled_code": "SELECT (a / 100) FROM `real.place.orders`",
        "database": "real",
        "schema": "place",
        "alias": "m",
    }
    manifest = json.dumps({"nodes": {"model.shop.m": node}, "sources": {}})
    fresh = only(text, **{"target/manifest.json": manifest})
    assert (fresh.rendering, fresh.text) == ("manifest", "SELECT (a / 100) FROM `real.place.orders`")
    stale = only(text + " WHERE TRUE", **{"target/manifest.json": manifest})
    assert stale.rendering == "render"
    assert only(
        "SELECT 1 FROM {{ ref('m') }}", "models/n.sql", **{"target/manifest.json": manifest}
    ).text == ("SELECT 1 FROM `real.place.m`")


def test_snapshots_and_tests_are_read() -> None:
    snapshot = read(
        "{% snapshot s %}{{ config(strategy='check') }}SELECT * FROM t{% endsnapshot %}", "snapshots/s.sql"
    )
    assert [sql.text for sql in snapshot.sql] == ["SELECT * FROM t"]
    assert snapshot.dbt is not None
    assert snapshot.dbt.materialized == "snapshot"
    text = (
        "{% test positive(model, column_name, least=0) %}"
        "SELECT * FROM {{ model }} WHERE {{ column_name }} < {{ least }}{% endtest %}"
    )
    assert only(text, "tests/generic/p.sql").text == "SELECT * FROM model_ WHERE column_name < 0"


def test_sql_that_a_template_runs_itself_is_read_too() -> None:
    found = read("{% set r = run_query('SELECT DISTINCT a FROM t') %}SELECT {{ r.columns[0] }} FROM t")
    assert [sql.text for sql in found.sql] == ["SELECT r_columns_0 FROM t", "SELECT DISTINCT a FROM t"]


def test_macro_files_are_nothing_to_read() -> None:
    found = read(FILES["macros/cents.sql"], "macros/cents.sql")
    assert (found.sql, found.unread, found.dbt) == ((), (), None)


def test_a_macro_file_with_junk_between_macros_still_serves() -> None:
    macros = "{% macro a() %}1{% endmacro %}{% ### %}{% macro b() %}2{% endmacro %}"
    assert (
        only("SELECT {{ a() }}, {{ b() }} FROM t", **{"macros/junk.sql": macros}).text == "SELECT 1, 2 FROM t"
    )


def test_a_project_survives_pickling_without_its_renderers() -> None:
    built = project()
    extract_template("SELECT {{ cents('a') }}", "models/m.sql", built, "bigquery")
    assert built.renderers
    copy = pickle.loads(pickle.dumps(built))
    assert copy == built
    assert copy.renderers == {}


def test_an_unreadable_project_file_is_a_problem_not_a_crash() -> None:
    built = project(**{"dbt_project.yml": "name: a\nname: b\n"})
    assert built.projects == ()
    assert [path for path, _, _ in built.problems] == ["dbt_project.yml"]


def test_paths_outside_of_the_tree_are_not_searched() -> None:
    built = build_template_project(
        MemoryFiles({"dbt_project.yml": "name: a\nmacro-paths: ['../../etc', 'macros']"})
    )
    assert built.projects[0].macros == {}


def test_the_profile_says_which_dialect_a_project_speaks() -> None:
    profile = PROFILES.replace("type: bigquery", "type: trino")
    text = only("SELECT FROM_HEX(a) FROM t CROSS JOIN UNNEST(b) AS u (c)", **{"profiles.yml": profile})
    assert text.dialect == "trino"
    assert only("SELECT 1").dialect == "bigquery"


def test_hooks_of_a_model_are_queries_with_their_place() -> None:
    template = (
        """{{ config(pre_hook="DELETE FROM {{ this }} WHERE ds = '2020-01-01'", """
        """post_hook=["INSERT INTO p.d.log SELECT a FROM {{ this }}", {"sql": unheard_of()}]) }}SELECT 1 AS a"""
    )
    extraction = read(template)
    assert [sql.text for sql in extraction.sql] == [
        "SELECT 1 AS a",
        "DELETE FROM `acme.sandbox.m` WHERE ds = '2020-01-01'",
        "INSERT INTO p.d.log SELECT a FROM `acme.sandbox.m`",
    ]
    delete = extraction.sql[1].segments[0]
    assert template[delete.source_start : delete.source_end] == "DELETE FROM "
    assert [(item.reason, item.detail) for item in extraction.unread] == [
        ("SQL built at run time", "post_hook")
    ]
