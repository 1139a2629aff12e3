"""`costguard init`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.project_setup.projects import DBT, repository, write

from .conftest import CATALOG, Costguard

FOUND = """\
Found     1 SQL file
          dbt here
          dialect bigquery (profiles.yml)
          project kestrel-prod (profiles.yml)
          dataset marts (profiles.yml)
          location EU (profiles.yml)
          default branch main
          checks on GitHub
"""
NEXT = """\

Next
  costguard catalog pull     the sizes of your tables, at no cost; then name the file in the config
  costguard scan .           what an iteration costs, and what of it is waste
  costguard baseline write   accept what is there today: only what is new fails from then on
  costguard diff main        what your changes cost
"""
WROTE = """\
Wrote       costguard.toml
Wrote       .github/workflows/costguard.yml
"""


def test_a_project_of_dbt_on_github(costguard: Costguard, tmp_path: Path) -> None:
    repository(tmp_path, DBT, "https://token@github.com/o/r.git")
    done = costguard("init")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        FOUND + WROTE + NEXT + "  then commit the files; the workflow checks the next change\n"
    )
    scanned = costguard("scan", ".", "--format", "json", "--no-cache")
    assert scanned.code == 0
    assert scanned.document["summary"]["queries"] == 1
    again = costguard("init")
    assert again.out == (
        FOUND
        + "Kept        costguard.toml: is there already; --print shows what would have been written\n"
        + "Kept        .github/workflows/costguard.yml: is there already; --print shows what would have been written\n"
        + NEXT
    )


def test_dry(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path / "p", {"a.sql": "SELECT 1\n"})
    before = set(tmp_path.rglob("*"))
    done = costguard("init", "p", "--dry-run", "--ci", "gitlab")
    assert done.code == 0
    assert done.out == (
        "Found     1 SQL file\n"
        "          checks on GitLab\n"
        "Would write p/costguard.toml\n"
        "Would write p/.gitlab/costguard.yml\n"
        "Would write p/.gitlab-ci.yml\n"
        "\n"
        "Next\n"
        "  costguard catalog pull     the sizes of your tables, at no cost; then name the file in the config\n"
        "  costguard scan .           what an iteration costs, and what of it is waste\n"
        "  then commit the files; the workflow checks the next change\n"
    )
    assert set(tmp_path.rglob("*")) == before


def test_printed(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path, {"costguard.toml": 'location = "EU"\n', "a.sql": "SELECT 1\n"})
    before = set(tmp_path.rglob("*"))
    done = costguard("init", "--print", "--ci", "github", "--package", "./costguard.whl")
    assert done.code == 0
    assert done.out.startswith("# ---- costguard.toml\n# What costguard has to know of this project.")
    assert "\n# ---- .github/workflows/costguard.yml\n" in done.out
    assert 'COSTGUARD_PACKAGE: "./costguard.whl"\n' in done.out
    assert set(tmp_path.rglob("*")) == before


def test_a_catalog_is_named_in_the_config(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path, {"catalog.json": json.dumps(CATALOG), "a.sql": "SELECT id FROM p.shop.orders\n"})
    done = costguard("init")
    assert "catalog pull" not in done.out
    assert "no GitHub and no GitLab (--ci github, --ci gitlab)\n" in done.out
    assert done.out.endswith("  then commit the file\n")
    scanned = costguard("scan", ".", "--format", "json", "--no-cache")
    assert scanned.document["summary"]["usd_per_iteration"]["point"] == "3.125"


def test_pyproject(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "x"\n', "a.sql": "SELECT 1\n"})
    done = costguard("init", "--pyproject", "--ci", "none")
    assert "Added       [tool.costguard] to pyproject.toml\n" in done.out
    assert costguard("scan", ".", "--no-cache").code == 0
    assert "Kept        pyproject.toml: is there already" in costguard("init", "--ci", "none").out


def test_a_pipeline_that_is_there(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path, {".gitlab-ci.yml": "stages: [test]\n"})
    done = costguard("init")
    assert "            add to its `include:` the line `- local: .gitlab/costguard.yml`\n" in done.out


def test_an_empty_folder(costguard: Costguard) -> None:
    done = costguard("init", "--ci", "none")
    assert done.code == 0
    assert done.out.startswith("Found     nothing that is read yet: no SQL, no Python, no notebook\n")


def test_many_projects_of_dbt(costguard: Costguard, tmp_path: Path) -> None:
    for name in "abcde":
        write(tmp_path / name, DBT)
    assert "dbt in a/, in b/, in c/ and 2 more\n" in costguard("init", "--ci", "none").out


def test_what_cannot_be_used(costguard: Costguard, tmp_path: Path) -> None:
    for arguments, text in (
        (("missing",), "missing: is no directory"),
        (("--dry-run", "--print"), "give one of them"),
        (("--pyproject",), "leave --pyproject out"),
        (("--ci", "github", "--package", "${{ x }}"), "cannot stand in a workflow"),
        (("--ci", "jenkins"), "--ci"),
    ):
        done = costguard("init", *arguments)
        assert done.code == 2
        assert text in done.err
    assert not list(tmp_path.glob("*.toml"))


def test_what_a_stranger_named_steers_no_terminal(costguard: Costguard, tmp_path: Path) -> None:
    write(tmp_path, {"evil\x1b[31m/dbt_project.yml": "name: x\n", "evil\x1b[31m/models/a.sql": "SELECT 1\n"})
    done = costguard("init", "--ci", "none")
    assert "\x1b" not in done.out
    assert "dbt in evil␛[31m/" in done.out
