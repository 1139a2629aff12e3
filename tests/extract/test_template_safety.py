"""Templates of strangers: nothing escapes the sandbox, nothing hangs, nothing crashes."""

from __future__ import annotations

import pytest

from costguard.extract.dbt import TemplateProject, build_template_project
from costguard.extract.dbt_files import DirectoryFiles, MemoryFiles
from costguard.extract.template import extract_template
from costguard.model import Extraction


def read(text: str, path: str = "query.sql", project: TemplateProject | None = None) -> Extraction:
    return extract_template(text, path, project, "bigquery")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("{% for i in range(10**9) %}x{% endfor %}", "template runs too long"),
        (
            "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}"
            "{% endfor %}{% endfor %}{% endfor %}",
            "template runs too long",
        ),
        ("{{ 'a' * 10**9 }}", "template too large"),
        ("{{ [1] * 10**9 }}", "template too large"),
        ("{{ 9 ** 9 ** 9 }}", "template too large"),
        (
            "{% set ns = namespace(n=3) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
            "template too large",
        ),
        ("{{ '%1000000000d' | format(1) }}", "template too large"),
        ("{{ '%1000000000d' % 1 }}", "template too large"),
        ("{{ '%*d' % (10**9, 1) }}", "template too large"),
        ("{{ '{:1000000000}'.format(1) }}", "template too large"),
        ("{{ 'a'.center(10**9) }}", "template too large"),
        ("{{ 'a' | center(10**9) }}", "template too large"),
        ("{{ 'a' | indent(10**9, true) }}", "template too large"),
        ("{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}", "template too large"),
        ("{% set x = 'ab' %}" + "{% set x = x + x %}" * 40 + "{{ x }}", "template too large"),
        (
            "{% set x = 'ab' %}" + "{% set x = x | replace('a', 'aaab') %}" * 40 + "{{ x }}",
            "template too large",
        ),
        (
            "{% set x = 'ab' %}" + "{% set x = x.replace('a', 'aaab') %}" * 40 + "{{ x }}",
            "template too large",
        ),
        ("{% set l = [1, 2] %}" + "{% set l = [l, l] %}" * 60 + "{{ l }}", "template too large"),
        ("{% set l = [1, 2] %}" + "{% set l = l + l %}" * 60 + "{{ l }}", "template too large"),
        ("{% set l = [1, 2] %}" + "{% do l.extend(l) %}" * 60 + "{{ l }}", "template too large"),
        ("{% set l = [1] %}{% do l.append(l) %}{% do l.append(l) %}{{ l }}", "template too large"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "template recursion"),
        (
            "{% macro f(n) %}{{ g(n) }}{% endmacro %}{% macro g(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
            "template recursion",
        ),
        (
            "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
            "template runs too long",
        ),
        ("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", "template recursion"),
    ],
)
def test_a_bomb_ends_in_one_unread_entry(expression: str, reason: str) -> None:
    found = read(f"SELECT 1 {expression}")
    assert found.sql == ()
    assert [entry.reason for entry in found.unread] == [reason]


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__.__mro__",
        "''.__class__.__base__.__subclasses__()",
        "ref.__globals__",
        "ref.__func__.__globals__['os']",
        "config._values",
        "self.__init__.__globals__",
        "lipsum.__globals__",
        "cycler.__init__.__globals__",
        "('x' | attr('__class__'))",
        "namespace.__init__.__globals__",
        "adapter._dispatch",
        "this.__class__",
        "'{0.__class__}'.format(1)",
    ],
)
def test_no_way_to_python_internals(expression: str) -> None:
    for sql in read(f"SELECT '{{{{ {expression} }}}}' AS x FROM t").sql:
        for trace in ("<class", "<function", "<bound", "<module", "object at 0x", "site-packages"):
            assert trace not in sql.text


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../../../etc/passwd", "file:///etc/passwd", "../outside.sql"]
)
def test_nothing_outside_of_the_project_is_included(name: str, tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.sql").write_text("SELECT secret")
    (tmp_path / "inside" / "link.sql").symlink_to(tmp_path / "outside.sql")
    project = build_template_project(DirectoryFiles(str(tmp_path / "inside")))
    found = read(f"SELECT 1 {{% include '{name}' %}}", project=project)
    assert [sql.text for sql in found.sql] == ["SELECT 1 "]
    assert [(entry.reason, entry.detail) for entry in found.unread] == [("template include not found", name)]
    assert project.files.read("link.sql") is None
    assert project.files.read("../outside.sql") is None


@pytest.mark.parametrize("path", ["/folder/model.sql", "//host/model.sql", "../model.sql", "./model.sql"])
def test_the_search_for_an_included_file_ends_above_the_project(path: str) -> None:
    found = read("SELECT 1 {% include 'no.sql' %}", path=path)
    assert [entry.detail for entry in found.unread] == ["no.sql"]


def test_files_that_include_each_other_end_in_one_unread_entry() -> None:
    project = build_template_project(
        MemoryFiles({"a.sql": "{% include 'b.sql' %}", "b.sql": "{% include 'a.sql' %}"})
    )
    found = read("SELECT 1 {% include 'a.sql' %}", project=project)
    assert found.sql == ()
    assert len(found.unread) == 1
    assert found.unread[0].reason in {"template recursion", "template runs too long"}


def test_files_that_import_each_other_are_read_or_reported() -> None:
    project = build_template_project(
        MemoryFiles({"a.sql": "{% from 'b.sql' import x %}", "b.sql": "{% from 'a.sql' import y %}"})
    )
    found = read("{% from 'a.sql' import z %}SELECT {{ z() }} FROM t", project=project)
    assert len(found.sql) + len(found.unread) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{% if",
        "{#",
        "{% raw %}",
        "{{ }}",
        "{% endif %}",
        "{% if x %}SELECT 1",
        "{{ (((( }}",
        "{{ 1 / 0 }}SELECT 1",
        "{{ {}['x']['y'] }}",
        "{% set %}",
        "{{ 'a' + 1 }} SELECT 1",
        "{% unknown_tag %}SELECT 1 FROM t",
        "{{ x | no_such_filter }} SELECT 1 FROM t",
        "{% extends 'nowhere.sql' %}SELECT 1 FROM t",
        "{% import 'nowhere.sql' as n %}SELECT {{ n.x() }} FROM t",
        "{{ exceptions.raise_compiler_error('no') }}SELECT 1 FROM t",
        "{% do return(1) %}SELECT 1",
        "\x00{{ a }}\x00SELECT 1",
        "\U000f0041\U00100000{{ a }}",
        "{{ '" + "(" * 3000 + "' }}",
        "{{ " + "(" * 3000 + ")" * 3000 + " }}",
        "{% if a %}" * 120 + "{% endif %}" * 120,
    ],
)
def test_broken_templates_never_raise(text: str) -> None:
    found = read(text)
    for sql in found.sql:
        assert sum(segment.end - segment.start for segment in sql.segments) == len(sql.text)


def test_a_render_leaves_nothing_behind_for_the_next() -> None:
    project = TemplateProject(MemoryFiles({}))
    extract_template("{% set secret = 'left' %}{% do config(x=[1]) %}SELECT 1", "a.sql", project, "bigquery")
    after = extract_template(
        "SELECT {{ config.get('x', 'gone') }}, '{{ secret }}' FROM t", "b.sql", project, "bigquery"
    )
    assert [sql.text for sql in after.sql] == ["SELECT gone, 'secret' FROM t"]
