"""Templates that run as they are parsed give what Jinja's compiler gives."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import TemplateError, nodes
from jinja2.loaders import DictLoader
from jinja2.parser import Parser
from jinja2.utils import Namespace

from costguard.extract.dbt import build_template_project
from costguard.extract.dbt_files import MemoryFiles
from costguard.extract.template_direct import DirectTemplate, NotDirectError, direct_value
from costguard.extract.template_limits import Budget, TemplateLimit
from costguard.extract.template_map import plain
from costguard.extract.template_render import TemplateRenderer
from costguard.extract.template_sandbox import TemplateEnvironment


class Names:
    """What the templates below find, each time anew."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.values: dict[str, Any] = {
            "one": 1,
            "word": "churn",
            "numbers": [3, 1, 2],
            "pairs": [("a", 1), ("b", 2)],
            "model": {"name": "users", "columns": ["id", "day"]},
            "empty": [],
            "space": Namespace(total=0),
            "note": self.note,
        }

    def note(self, *positional: Any, **keywords: Any) -> str:
        self.calls.append((positional, keywords))
        return f"{len(positional)}+{sorted(keywords)}"


def environment(names: Names) -> TemplateEnvironment:
    """An environment with the functions that a renderer gives its templates."""
    renderer = TemplateRenderer(build_template_project(MemoryFiles({})), "bigquery")
    own = {
        name: renderer._lookup(name) for name in ("__turns__", "__join__", "__sized__", "__not__", "__in__")
    }
    known = {**own, **names.values}
    found = TemplateEnvironment(lambda name: known.get(name, renderer._lookup(name)), DictLoader({}))
    found.budget = Budget()
    # The functions of the renderer count with its own environment.
    renderer._environment.budget = found.budget
    return found


def outcome(text: str, direct: bool) -> tuple[str, list[Any]]:
    """(output or kind of error, calls of `note`)."""
    names = Names()
    known = environment(names)
    known.chunks = ["first", "second", "third"]
    try:
        if direct:
            pieces = DirectTemplate(known, nodes.Template(Parser(known, text, "t.sql").subparse())).pieces(
                "t.sql"
            )
        else:
            pieces = list(known.read_compiled(text, "t.sql")("t.sql"))
        return plain(known.concat(pieces)), names.calls
    except (TemplateError, ValueError, TypeError) as error:
        return type(error).__name__, names.calls


SAME = [
    "\0000\0{{ word }}\0001\0",
    "{{ one + 2 * 3 - 4 / 2 // 1 % 5 }}{{ 2 ** 3 }}{{ -one }}{{ +one }}",
    "{{ word ~ '_' ~ one }}",
    "{{ word.upper() }}{{ model.name }}{{ model['name'] }}{{ model.columns[0] }}{{ numbers[1:] }}{{ numbers[::2] }}",
    "{{ numbers[:2] }}{{ word[-1] }}",
    "{{ nothing.at.all }}|{{ nothing['x'] }}|{{ nothing(1) }}",
    "{{ 'yes' if one else 'no' }}{{ 'yes' if not one }}",
    "{{ one and word }}{{ empty or word }}{{ not empty }}",
    "{{ 1 < 2 < 3 }}{{ 1 < 2 > 5 }}{{ one == 1 }}{{ one != 1 }}{{ one >= 1 }}{{ one <= 0 }}",
    "{{ 1 in numbers }}{{ 7 not in numbers }}{{ 1 < 3 in numbers }}{{ 1 < 3 not in numbers }}",
    "{{ [one, 2] }}{{ (one, 2) }}{{ {'a': one} }}{{ [1, 2] }}{{ () }}",
    "{{ numbers | sort | join(', ') }}{{ numbers | join(d='-') }}{{ word | default('x') }}{{ empty | length }}",
    "{{ nothing | default('x', true) }}{{ numbers | map('string') | list }}{{ pairs | map(attribute=0) | list }}",
    "{{ one is defined }}{{ nothing is defined }}{{ numbers is iterable }}{{ 4 is divisibleby 2 }}",
    "{{ one is not none }}{{ one is none }}",
    "{{ note(1, *numbers, a=2, **model) }}{{ note(*numbers) }}{{ note(a=one) }}",
    "{{ note(**model) }}",
    "{% if one %}\0000\0{% elif word %}\0001\0{% else %}\0002\0{% endif %}",
    "{% if empty %}\0000\0{% elif word %}\0001\0{% else %}\0002\0{% endif %}",
    "{% if empty %}\0000\0{% elif empty %}\0001\0{% else %}\0002\0{% endif %}",
    "{% if empty %}\0000\0{% endif %}",
    "{% for n in numbers %}{{ n }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for a, b in pairs %}{{ loop.index }}{{ a }}{{ b }}{{ loop.length }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for n in empty %}{{ n }}{% else %}\0000\0{% endfor %}",
    "{% for n in numbers if n > 1 %}{{ n }}{{ loop.length }}{% else %}\0000\0{% endfor %}",
    "{% for n in numbers if n > 9 %}{{ n }}{% else %}\0000\0{{ one }}{% endfor %}",
    "{% for n in numbers %}{% for m in numbers %}{{ loop.index0 }}{% endfor %}{{ loop.revindex }}{% endfor %}",
    "{% for n in numbers %}{% if n == 1 %}{% continue %}{% endif %}{{ n }}{% endfor %}",
    "{% for n in numbers %}{{ n }}{% if n == 1 %}{% break %}{% endif %}{% endfor %}",
    "{% for n in nothing %}{{ n }}{% endfor %}{% for a, b in nothing %}{{ a }}{{ b }}{% endfor %}",
    "{% for a, b in numbers %}{{ a }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for n in one %}{{ n }}{% endfor %}",
    "{% set x = 1 %}{% for n in numbers %}{% set x = x + n %}{{ x }}{% endfor %}{{ x }}",
    "{% set x, y = 1, 2 %}{{ x }}{{ y }}{% if one %}{% set x = 5 %}{% endif %}{{ x }}",
    "{% set x, y = numbers %}{{ x }}",
    "{{ x }}{% set x = 1 %}{{ x }}",
    "{% set x %}\0000\0{{ one }}{% endset %}{{ x }}{{ x }}",
    "{% for n in numbers %}{% set x %}{{ n }}{% if n == 1 %}{% break %}{% endif %}{% endset %}{{ x }}{% endfor %}",
    "{% for n in numbers %}{% set space.total = space.total + n %}{% endfor %}{{ space.total }}",
    "{% set word.total = 1 %}",
    "{% set list = [] %}{% for n in numbers %}{% do list.append(n) %}{% endfor %}{{ list }}",
    "{% do note('x') %}{% if empty and note('never') %}{% endif %}{{ one or note('never') }}",
    "{% snapshot s %}\0000\0{{ one }}{% endsnapshot %}",
    "{{ word.__class__ }}",
    "{{ one / 0 if empty else 1 }}",
    "{{ 'a' + 1 }}",
]


@pytest.mark.parametrize("text", SAME)
def test_as_the_compiler_does(text: str) -> None:
    assert outcome(text, direct=True) == outcome(text, direct=False)


def test_figures_by_hand() -> None:
    filtered = (
        "{% for n in numbers if n > 1 %}{{ loop.index }}{{ loop.length }}{{ n }}{% else %}none{% endfor %}"
    )
    assert outcome(filtered, direct=True)[0] == "123" + "222"
    inner = "{% set x = 1 %}{% for n in numbers %}{% set x = x + n %}{{ x }}{% endfor %}{{ x }}"
    assert outcome(inner, direct=True)[0] == "4" + "2" + "3" + "1"
    assert outcome("{{ 1 < 3 in numbers }}{{ 5 < 3 in numbers }}", direct=True)[0] == "TrueFalse"


@pytest.mark.parametrize(
    "text",
    [
        "{% macro m(x) %}{{ x }}{% endmacro %}",
        "{% call note() %}x{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set x | upper %}x{% endset %}",
        "{% include 'other.sql' %}",
        "{% import 'other.sql' as other %}",
        "{% block b %}{% endblock %}",
        "{% for n in numbers recursive %}{{ loop(n) }}{% endfor %}",
        "{{ one | no_such_filter }}",
        "{{ one is no_such_test }}",
        "{% with a = 1 %}{{ a }}{% endwith %}",
    ],
)
def test_what_is_left_to_the_compiler(text: str) -> None:
    known = environment(Names())
    with pytest.raises(NotDirectError):
        DirectTemplate(known, nodes.Template(Parser(known, text, "t.sql").subparse()))


@pytest.mark.parametrize("text", ["{{ one }}{{ word }}", "x{{ one }}", "{% if one %}{% endif %}", ""])
def test_more_than_one_expression(text: str) -> None:
    known = environment(Names())
    with pytest.raises(NotDirectError):
        direct_value(known, Parser(known, text, "t.sql").subparse())


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set __turns__ = none %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set x = [1] * 20000 %}{% for a in x %}{% set y = [x, x, x] %}{% endfor %}",
        "{% set __sized__ = none %}{% set x = [1] * 20000 %}{% for a in x %}{% set y = [x, x, x] %}{% endfor %}",
    ],
)
def test_loops_and_collections_are_bounded(text: str) -> None:
    """Also when the template takes the names of the functions that bound them."""
    project = build_template_project(MemoryFiles({"t.sql": text}))
    with pytest.raises(TemplateLimit):
        TemplateRenderer(project, "bigquery").render(text, "t.sql")


def test_two_files_with_the_same_tags() -> None:
    """What is read once for all templates is rendered with the data and the place of each."""
    project = build_template_project(MemoryFiles({}))
    renderer = TemplateRenderer(project, "bigquery")
    one = renderer.render("SELECT a FROM {{ t }} {% if x %}WHERE b{% endif %}", "one.sql").text
    two = renderer.render("SELECT a, b FROM c.{{ t }}{% if x %} LIMIT 1{% endif %}", "two.sql").text
    assert one.startswith("SELECT a FROM ")
    assert two.startswith("SELECT a, b FROM c.")
