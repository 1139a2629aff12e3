"""The workflow of GitHub and the job of GitLab. That they work is tested in tests/ci."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from costguard import __version__, strict_yaml
from costguard.errors import UsageProblem
from costguard.project_setup.plan import PACKAGE
from costguard.project_setup.workflows import GITLAB_INCLUDE, github_workflow, gitlab_job

ROOT = Path(__file__).resolve().parents[2]
ODD = 'a "b" \\c: #d {e}'


def test_the_package_is_pinned() -> None:
    assert f"costguard-gcp=={__version__}" == PACKAGE


def test_github() -> None:
    text = github_workflow(ODD, ODD)
    workflow: dict[Any, Any] = strict_yaml.load(text)
    job = workflow["jobs"]["costguard"]
    assert job["env"]["COSTGUARD_PACKAGE"] == ODD
    assert job["defaults"]["run"]["working-directory"] == ODD
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert set(re.findall(r"\$\{\{ (.*?) \}\}", text)) == {"github.ref", "!cancelled()", "github.token"}
    assert [step["name"] for step in job["steps"] if "github.token" in str(step)] == ["Comment"]
    for used in re.findall(r"uses: (.*)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")


def test_gitlab() -> None:
    variables = strict_yaml.load(gitlab_job("x$y", ODD))["costguard"]["variables"]
    assert variables["COSTGUARD_PACKAGE"] == "x$$y", "GitLab takes two for one"
    assert variables["COSTGUARD_FOLDER"] == ODD
    assert strict_yaml.load(GITLAB_INCLUDE)


def test_the_template_is_what_init_writes() -> None:
    assert (ROOT / "templates" / "gitlab" / "costguard.yml").read_text() == gitlab_job(PACKAGE)


@pytest.mark.parametrize("text", ["", " ", "a\nb", "a\tb", "${{ secrets.X }}", "a\u202eb"])
def test_what_cannot_stand_in_a_workflow(text: str) -> None:
    for write in (github_workflow, gitlab_job):
        with pytest.raises(UsageProblem, match="cannot stand in a workflow"):
            write(text)
        with pytest.raises(UsageProblem, match="cannot stand in a workflow"):
            write("costguard-gcp", text)
