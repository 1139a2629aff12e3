"""The config that is written: it loads, and says what was found out."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.config import load_config
from costguard.errors import UsageProblem
from costguard.project_setup.config_file import config_text, pyproject_text
from costguard.project_setup.detect import Detected, Guess, detect

from .projects import DBT, write

GUESSES = st.none() | st.builds(Guess, st.text(), st.text())


def found(**guesses: Guess | None) -> Detected:
    from dataclasses import replace

    empty = detect(Path(__file__).parent)
    return replace(empty, **{"dialect": None, "project": None, "dataset": None, "location": None} | guesses)  # type: ignore[arg-type]


NOTHING = found()


def test_nothing_known(tmp_path: Path) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text(config_text(NOTHING))
    config = load_config(path)
    assert config.model_fields_set == {"fail_on", "folder", "file_name"}
    assert config.fail_on == "error"


def test_what_was_found(tmp_path: Path) -> None:
    write(tmp_path, DBT | {"catalog.json": '{"version": 1, "tables": []}'})
    path = tmp_path / "costguard.toml"
    path.write_text(config_text(detect(tmp_path)))
    config = load_config(path)
    assert (config.project, config.dataset, config.location) == ("kestrel-prod", "marts", "EU")
    assert config.catalog == (Path("catalog.json"),)
    assert "dialect" not in config.model_fields_set
    assert 'project = "kestrel-prod"  # from profiles.yml\n' in path.read_text()


def test_another_dialect(tmp_path: Path) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text(config_text(found(dialect=Guess("snowflake", "2 files use its client"))))
    assert load_config(path).dialect == "snowflake"


def test_what_is_offered_as_a_comment_is_valid_too(tmp_path: Path) -> None:
    """A user takes away the mark before a line; the lines with a value begin with a key."""
    lines = config_text(NOTHING).splitlines()
    offered = [
        line[2:] if line.startswith("# ") and (" = " in line or line.startswith("# [")) else line
        for line in lines
    ]
    path = tmp_path / "costguard.toml"
    path.write_text("\n".join(offered))
    config = load_config(path)
    assert config.runs == {"sql/hourly/*.sql": 24.0}
    assert str(config.max_usd_per_query) == "5.00"
    assert (config.project, config.dataset, config.location) == ("my-project", "my_dataset", "US")


@settings(deadline=None)
@given(GUESSES, GUESSES, GUESSES, GUESSES)
def test_whatever_is_found_it_is_toml(
    dialect: Guess | None, project: Guess | None, dataset: Guess | None, location: Guess | None
) -> None:
    given_ = {"dialect": dialect, "project": project, "dataset": dataset, "location": location}
    document = tomllib.loads(config_text(found(**given_)))
    for key, guess in given_.items():
        if guess is not None and (key != "dialect" or guess.value != "bigquery"):
            assert document[key] == guess.value


@pytest.mark.parametrize(
    "before",
    [
        "",
        '[project]\nname = "x"\n',
        '[project]\nname = "x"',
        "[tool.ruff]\nline-length = 100\n\n",
        "# \u00fc\n",
    ],
)
def test_added_to_pyproject(tmp_path: Path, before: str) -> None:
    text = pyproject_text(before, found(project=Guess("kestrel-prod", "profiles.yml")))
    assert text.startswith(before)
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    assert load_config(path).project == "kestrel-prod"
    document = tomllib.loads(text)
    del document["tool"]["costguard"]
    assert document == tomllib.loads(before) | {"tool": tomllib.loads(before).get("tool", {})}


def test_its_line_ends_are_kept() -> None:
    text = pyproject_text('[project]\r\nname = "x"\r\n', NOTHING)
    assert text.count("\n") == text.count("\r\n") > 5


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        ("[tool", "not TOML"),
        ("[tool.costguard]\n", "has \\[tool.costguard\\] already"),
        ('tool = {costguard = {location = "EU"}}\n', "has \\[tool.costguard\\] already"),
        ("tool = {ruff = {}}\n", "takes no further table"),
        ("tool = 1\n", "takes no further table"),
    ],
)
def test_what_cannot_be_added_to(before: str, problem: str) -> None:
    with pytest.raises(UsageProblem, match=problem):
        pyproject_text(before, NOTHING)
