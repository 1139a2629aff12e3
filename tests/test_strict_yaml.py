"""YAML of strangers."""

from __future__ import annotations

import pytest

from costguard.strict_yaml import YamlProblem, load


def test_plain_data() -> None:
    assert load("a: [1, two, null]\nb: {c: 2.5}\nd: &x {e: yes}\nf: *x") == {
        "a": [1, "two", None],
        "b": {"c": 2.5},
        "d": {"e": True},
        "f": {"e": True},
    }


def test_merged_keys() -> None:
    assert load("base: &b {x: 1}\nmore: {<<: *b, y: 2}")["more"] == {"x": 1, "y": 2}
    assert load("base: &b {x: 1, y: 1}\nmore:\n  <<: *b\n  x: 2")["more"] == {"x": 2, "y": 1}


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("a: 1\nb: 2\na: 3", "the key 'a' occurs twice", 2),
        ("x:\n  ? [1]\n  : 2", "a key that is no scalar", 1),
        ("a: [", "did not find expected node content", 1),
        ("a: 2026-13-01", "month must be in 1..12", None),
        ("!!python/object:os.system x", "could not determine a constructor for the tag", 0),
    ],
)
def test_what_is_refused(text: str, problem: str, line: int | None) -> None:
    with pytest.raises(YamlProblem) as caught:
        load(text)
    assert problem in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text", ["[" * 200_000 + "]" * 200_000, "- " * 200_000, "[{a: " * 51], ids=["flow", "block", "mixed"]
)
def test_yaml_that_is_nested_too_deep(text: str) -> None:
    """The C loader would run out of stack, and the process with it."""
    with pytest.raises(YamlProblem, match="nested more than 100 levels deep"):
        load(text)


def test_yaml_that_is_nested_as_deep_as_is_allowed() -> None:
    value = load("[" * 100 + "]" * 100)
    for _ in range(99):
        (value,) = value
    assert value == []


@pytest.mark.parametrize(
    "text",
    ["a: !!bool foo", "!!timestamp foo", '!!int ""', '!!float ""', "!!map [a]", "a: " + "1:" * 200 + "1.0"],
)
def test_tags_that_do_not_fit(text: str) -> None:
    with pytest.raises(YamlProblem):
        load(text)
