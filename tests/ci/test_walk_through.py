"""From a project without costguard to the comment on a costly change, on either host, without a network.

`costguard init` writes a config and a workflow; what it wrote is committed; a change comes; the shell of the workflow
runs as the host would run it, against a server that speaks the host's API.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costguard import strict_yaml
from tests.project_setup.projects import DBT
from tests.servers.code_hosts import Server, github, gitlab

from .actions import Runner
from .conftest import COSTLY, PROJECT, Job, pull_request

pytestmark = pytest.mark.xdist_group("ci")

HEAD = "c" * 40
BARE = {name: text for name, text in PROJECT.items() if name != "costguard.toml"}
"""Nobody has heard of costguard; the catalog was pulled."""


def init(folder: Path, *arguments: str) -> str:
    """`costguard init`, in a process of its own."""
    command = "from costguard.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", command, "init", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path, wheel: Path, request: pytest.FixtureRequest) -> Path:
    """What `costguard init` writes for a host is committed, and a costly change is merged with it."""
    written = tmp_path / "written"
    written.mkdir()
    for name, text in BARE.items():
        path = written / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    init(written, "--ci", request.param, "--package", str(wheel))
    base = {
        path.relative_to(written).as_posix(): path.read_text()
        for path in written.rglob("*")
        if path.is_file()
    }
    return pull_request(tmp_path / "work", base, COSTLY)


@pytest.mark.parametrize("project", ["github"], indirect=True)
def test_github(project: Path, offline: dict[str, str], tmp_path: Path) -> None:
    workflow: dict[Any, Any] = strict_yaml.load((project / ".github/workflows/costguard.yml").read_text())
    assert set(workflow[True]) == {"pull_request"}, "`on` is true in YAML"
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    job = workflow["jobs"]["costguard"]
    folder = job["defaults"]["run"]["working-directory"]
    server = Server("t0ken")
    event = tmp_path / "event.json"
    pull = {"number": 7, "updated_at": "2026-11-26T12:00:00Z", "head": {"sha": HEAD}}
    event.write_text(json.dumps({"pull_request": pull}))
    with github(server) as address:
        variables = {
            **offline,
            **job["env"],
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_BASE_REF": "main",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": address,
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        contexts = {"github.token": "t0ken", "github.ref": "refs/pull/7/merge"}
        runner = Runner(Job(project / folder, variables), contexts)
        runner.run(job["steps"])
    assert runner.code == 0, runner.log
    (body,) = server.bodies
    assert body.splitlines()[2].startswith("## ✅ One iteration costs $3.1")
    assert "| `sql/orders.sql:1` | $3.12 | $6.25 | **+$3.12** |" in body.replace("$3.13", "$3.12")
    log = "".join(runner.log)
    assert re.search(
        r"::notice file=(?:[\w/]+/)?sql/orders\.sql,line=1,col=1,endColumn=\d+,title=costs-more::this query",
        log,
    )
    assert "the gate passed." in log
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("## ✅ One iteration costs $3.1")
    assert summary.count("## ✅") == 1


@pytest.mark.parametrize("project", ["gitlab"], indirect=True)
def test_gitlab(project: Path, offline: dict[str, str], tmp_path: Path) -> None:
    assert strict_yaml.load((project / ".gitlab-ci.yml").read_text()) == {
        "include": [{"local": ".gitlab/costguard.yml"}]
    }
    job = strict_yaml.load((project / ".gitlab/costguard.yml").read_text())["costguard"]
    assert job["rules"] == [
        {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'},
        {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"},
    ]
    server = Server("t0ken")
    with gitlab(server) as address:
        variables = {
            **offline,
            **{name: str(value) for name, value in job["variables"].items()},
            "COSTGUARD_ENVIRONMENT": str(tmp_path / "environment"),
            "CI_PROJECT_DIR": str(project),
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_COMMIT_SHA": HEAD,
            "CI_PIPELINE_CREATED_AT": "2026-11-26T12:00:00Z",
            "CI_API_V4_URL": address,
            "GITLAB_TOKEN": "t0ken",
        }
        shell = ("bash", "-e", "-o", "pipefail", "-c")
        done = Job(project, variables).run("\n".join(job["script"]), shell)
        assert done.returncode == 0, done.stdout + done.stderr
        after = Job(project, variables).run("\n".join(job["after_script"]), shell)
    assert (after.returncode, after.stdout, after.stderr) == (0, "comment created\n", "")
    assert "Gate       passed" in done.stdout
    assert "One iteration costs $3.1" in server.bodies[0]
    assert [(project / path).exists() for path in job["artifacts"]["paths"]] == [True]
    reports = {name: (project / path).read_text() for name, path in job["artifacts"]["reports"].items()}
    assert reports["codequality"].startswith("[")
    assert 'name="costs-more (line 1)"' in reports["junit"]


def test_a_dbt_project_is_scanned_with_what_was_written(tmp_path: Path) -> None:
    for name, text in DBT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    init(tmp_path, "--ci", "none")
    command = "from costguard.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", command, "scan", ".", "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "in 1 file" in done.stdout
