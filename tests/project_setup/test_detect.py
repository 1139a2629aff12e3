"""What a project is like."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.project_setup.detect import SAMPLE, Guess, detect
from costguard.project_setup.files import LARGEST, read_small

from .projects import DBT, PROFILES, git, repository, write

CATALOG = json.dumps({"version": 1, "tables": []})


def test_an_empty_folder(tmp_path: Path) -> None:
    found = detect(tmp_path)
    assert dict(found.files) == {}
    assert (found.config, found.dbt, found.catalogs, found.ci) == (None, (), (), None)
    assert (found.dialect, found.project, found.dataset, found.location) == (None, None, None, None)
    assert found.repository.top is None


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is no directory"):
        detect(tmp_path / "missing")
    (tmp_path / "file.sql").touch()
    with pytest.raises(UsageProblem, match="is no directory"):
        detect(tmp_path / "file.sql")


def test_the_profile_of_dbt_says_all(tmp_path: Path) -> None:
    found = detect(write(tmp_path, DBT))
    assert found.dbt == (".",)
    assert found.dialect == Guess("bigquery", "profiles.yml")
    assert found.project == Guess("kestrel-prod", "profiles.yml")
    assert found.dataset == Guess("marts", "profiles.yml")
    assert found.location == Guess("EU", "profiles.yml")


def test_projects_of_dbt_that_disagree_say_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a", DBT)
    other = PROFILES.replace("kestrel-prod", "kestrel-test").replace("location: EU", "location: US")
    write(tmp_path / "b", DBT | {"profiles.yml": other})
    found = detect(tmp_path)
    assert found.dbt == ("a", "b")
    assert (found.project, found.location) == (None, None)
    assert found.dataset == Guess("marts", "a/profiles.yml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project", "{{ env_var('PROJECT') }}"),
        ("project", "Not A Project"),
        ("project", "5"),
        ("dataset", "my-dataset"),
        ("dataset", '"x\\ny"'),
        ("location", "mars-east1"),
        ("type", "oracle"),
        ("type", "[bigquery]"),
    ],
)
def test_what_cannot_be_is_no_guess(tmp_path: Path, key: str, value: str) -> None:
    profiles = f"shop:\n  target: prod\n  outputs:\n    prod:\n      {key}: {json.dumps(value)}\n"
    found = detect(write(tmp_path, DBT | {"profiles.yml": profiles}))
    guesses = {"project": found.project, "dataset": found.dataset, "location": found.location}
    assert {**guesses, "type": found.dialect}[key] is None


@pytest.mark.parametrize("text", ["{", "- a\n- b\n", "shop: 1\n", "a: &a [*a]\n", "\xff", ""])
def test_settings_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    found = detect(write(tmp_path, DBT | {"profiles.yml": text, "other/dbt_project.yml": text}))
    assert found.project is None


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("from google.cloud import bigquery\n", "bigquery"),
        ("import google.cloud.bigquery as bq\n", "bigquery"),
        ("frame = pd.read_gbq('SELECT 1')\n", "bigquery"),
        ("import snowflake.connector\n", "snowflake"),
        ("from databricks import sql\n", "databricks"),
        ("import duckdb\n", "duckdb"),
        ("import psycopg2\n", "postgres"),
        ("import redshift_connector\n", "redshift"),
        ("from trino.dbapi import connect\n", "trino"),
        ("# import duckdb, some day\n", None),
        ("import duckdb\nimport psycopg2\n", None),
    ],
)
def test_the_client_that_the_code_uses(tmp_path: Path, text: str, dialect: str | None) -> None:
    found = detect(write(tmp_path, {"load.py": text}))
    assert (found.dialect.value if found.dialect is not None else None) == dialect


def test_most_files_decide(tmp_path: Path) -> None:
    bigquery = {f"load_{number}.py": "from google.cloud import bigquery\n" for number in range(2)}
    found = detect(write(tmp_path, {**bigquery, "test.py": "import duckdb\n"}))
    assert found.dialect == Guess("bigquery", "2 files use its client")


def test_the_project_of_most_tables(tmp_path: Path) -> None:
    files = {
        "a.sql": "SELECT 1 FROM `kestrel-prod.shop.orders` JOIN `kestrel-prod`.`shop`.`items` USING (id)\n",
        "b.sql": "SELECT 1 FROM kestrel-prod.shop.events, `other-project.x.y`, `bigquery-public-data.a.b`\n",
        "c.py": 'from google.cloud.bigquery import Client\nq = "SELECT 1 FROM `kestrel-prod.shop.events_*`"\n',
    }
    found = detect(write(tmp_path, files))
    assert found.project == Guess("kestrel-prod", "4 of 5 full table names")


def test_no_project_has_most_tables(tmp_path: Path) -> None:
    text = "SELECT 1 FROM `project-one.a.b`, `project-two.a.b`, `bigquery-public-data.a.b`\n"
    assert detect(write(tmp_path, {"a.sql": text})).project is None


def test_of_many_files_some_are_read_from_all_over(tmp_path: Path) -> None:
    files = {f"{number:04}.sql": "SELECT 1\n" for number in range(2 * SAMPLE)}
    files[f"{2 * SAMPLE - 2:04}.sql"] = "SELECT 1 FROM `kestrel-prod.a.b`\n"
    found = detect(write(tmp_path, files))
    assert found.files["sql"] == 2 * SAMPLE
    assert found.project == Guess("kestrel-prod", "1 of 1 full table names")


def test_kinds_of_files(tmp_path: Path) -> None:
    names = ("a.sql", "b.sql", "c.py", "d.ipynb", "e.sql.j2", "f.txt")
    found = detect(write(tmp_path, dict.fromkeys(names, "")))
    assert dict(found.files) == {"sql": 2, "python": 1, "notebook": 1, "template": 1}


def test_a_catalog_is_ours_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert detect(write(tmp_path / "ours", {"catalog.json": CATALOG})).catalogs == ("catalog.json",)
    of_dbt = json.dumps({"metadata": {}, "nodes": {}})
    assert detect(write(tmp_path / "dbt", {"catalog.json": of_dbt})).catalogs == ()
    monkeypatch.setattr("costguard.project_setup.detect.LARGEST_CATALOG", len(CATALOG) - 1)
    assert detect(tmp_path / "ours").catalogs == ()
    (tmp_path / "link").mkdir()
    monkeypatch.undo()
    (tmp_path / "link" / "catalog.json").symlink_to(tmp_path / "ours" / "catalog.json")
    assert detect(tmp_path / "link").catalogs == ()


def test_a_config_that_holds_already(tmp_path: Path) -> None:
    repository(tmp_path, {"costguard.toml": "", "sub/a.sql": ""})
    assert detect(tmp_path / "sub").config == tmp_path.resolve() / "costguard.toml"


def test_outside_of_a_repository_a_config_further_up_is_another_project(tmp_path: Path) -> None:
    write(tmp_path, {"costguard.toml": "", "sub/a.sql": "", "own/costguard.toml": ""})
    assert detect(tmp_path / "sub").config is None
    assert detect(tmp_path / "own").config == tmp_path.resolve() / "own" / "costguard.toml"


@pytest.mark.parametrize(
    ("origin", "files", "ci"),
    [
        ("https://github.com/o/r.git", {}, "github"),
        ("git@github.com:o/r.git", {".gitlab-ci.yml": ""}, "github"),
        ("ssh://git@gitlab.example.com:22/g/p.git", {}, "gitlab"),
        ("https://oauth2:s3cret@gitlab.com/g/p.git", {".github/x": ""}, "gitlab"),
        ("https://code.example/o/r.git", {".github/workflows/ci.yml": ""}, "github"),
        ("https://code.example/github/r.git", {}, None),
        ("/srv/git/github.git", {".gitlab-ci.yml": ""}, "gitlab"),
        (None, {".gitlab-ci.yml": "", ".github/x": ""}, None),
        (None, {}, None),
    ],
)
def test_where_it_is_checked(
    tmp_path: Path, origin: str | None, files: dict[str, str], ci: str | None
) -> None:
    repository(tmp_path, files, origin)
    found = detect(tmp_path)
    assert found.ci == ci
    assert "s3cret" not in str(found)


def test_the_default_branch(tmp_path: Path) -> None:
    upstream = repository(tmp_path / "upstream", {"a.sql": ""})
    git(upstream, "branch", "--move", "trunk")
    git(tmp_path, "clone", "--quiet", str(upstream), "clone")
    assert detect(tmp_path / "clone").repository.branch == "trunk"
    assert detect(upstream).repository.branch is None
    git(upstream, "branch", "master")
    assert detect(upstream).repository.branch == "master"


def test_within_a_hook_of_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path / "other", {"a.sql": ""})
    repository(tmp_path / "mine", {"a.sql": ""})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert detect(tmp_path / "mine").repository.top == (tmp_path / "mine").resolve()


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, {"a.sql": ""})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert detect(tmp_path).repository.top is None


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    write(tmp_path / "outside", DBT)
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in ("dbt_project.yml", "profiles.yml"):
        (inside / name).symlink_to(tmp_path / "outside" / name)
    (inside / "models").symlink_to(tmp_path / "outside" / "models")
    found = detect(inside)
    assert (found.dbt, found.project) == ((), None)


def test_what_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * (LARGEST + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("pipe", "large", "binary", "missing"):
        assert read_small(tmp_path / name) is None
    assert read_small(tmp_path / "large", whole=False) == "x" * LARGEST
    assert read_small(tmp_path / "binary", whole=False) == "��"
    assert read_small(tmp_path / "pipe", whole=False) is None
