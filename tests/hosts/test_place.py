"""Which pull request a job is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from costguard.errors import UsageProblem
from costguard.hosts.place import Place, github_place, gitlab_place

HEAD = "c" * 40
NOON = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
PULL = {"number": 7, "updated_at": "2026-11-26T12:00:00Z", "head": {"sha": HEAD}}


def workflow(tmp_path: Path, event: Any = None, **more: str) -> dict[str, str]:
    """The environment of a job."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": PULL} if event is None else event))
    return {"GITHUB_REPOSITORY": "o/r", "GITHUB_EVENT_PATH": str(path), **more}


def test_the_pull_request_of_the_workflow(tmp_path: Path) -> None:
    assert github_place(workflow(tmp_path), None, None) == Place("o/r", 7, HEAD, NOON)
    assert github_place(workflow(tmp_path), "o/r", 7) == Place("o/r", 7, HEAD, NOON)


def test_another_one_has_another_head(tmp_path: Path) -> None:
    assert github_place(workflow(tmp_path), None, 8) == Place("o/r", 8)
    assert github_place(workflow(tmp_path), "o/other", 7) == Place("o/other", 7)


def test_the_ref_says_it_too() -> None:
    environment = {"GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/pull/12/merge"}
    assert github_place(environment, None, None) == Place("o/r", 12)
    with pytest.raises(UsageProblem, match="give --pr N"):
        github_place(environment, "o/other", None)


@pytest.mark.parametrize(
    "event",
    [
        [],
        "x",
        {},
        {"pull_request": "x"},
        {"pull_request": {"number": True}},
        {"pull_request": {"number": -7}},
    ],
)
def test_an_event_that_is_none(tmp_path: Path, event: Any) -> None:
    with pytest.raises(UsageProblem, match="which pull request"):
        github_place(workflow(tmp_path, event), None, None)
    assert github_place(workflow(tmp_path, event), None, 7) == Place("o/r", 7)


def test_an_event_that_says_less(tmp_path: Path) -> None:
    event = {"pull_request": {"number": 7, "head": "x", "updated_at": 5}}
    assert github_place(workflow(tmp_path, event), None, None) == Place("o/r", 7)


def test_an_event_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    for path in (tmp_path / "bad.json", tmp_path / "missing.json"):
        environment = {"GITHUB_REPOSITORY": "o/r", "GITHUB_EVENT_PATH": str(path)}
        assert github_place(environment, None, 7) == Place("o/r", 7)


@pytest.mark.parametrize(
    "name", ["", "o", "o/", "/r", "o/r/x", "../r", "o/..", "o/r?x=1", "o/r#", "ö/r", "o r/x"]
)
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(UsageProblem, match="--repo"):
        github_place({}, name, 7)


def pipeline(**more: str) -> dict[str, str]:
    """The environment of a job of a merge request from a fork."""
    return {
        "CI_PROJECT_ID": "44",
        "CI_MERGE_REQUEST_PROJECT_ID": "9",
        "CI_MERGE_REQUEST_PROJECT_PATH": "g/s/p",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_COMMIT_SHA": HEAD,
        "CI_PIPELINE_CREATED_AT": "2026-11-26T12:00:00Z",
        **more,
    }


def test_the_merge_request_of_the_pipeline_is_in_the_project_that_it_is_for() -> None:
    assert gitlab_place(pipeline(), None, None) == Place("9", 7, HEAD, NOON)
    assert gitlab_place(pipeline(), "g/s/p", None) == Place("g/s/p", 7, HEAD, NOON)


def test_the_head_is_not_the_result_of_the_merge() -> None:
    environment = pipeline(CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="d" * 40)
    assert gitlab_place(environment, None, None).head == "d" * 40


def test_another_merge_request_has_another_head() -> None:
    assert gitlab_place(pipeline(), None, 8) == Place("9", 8)
    assert gitlab_place(pipeline(), "g/other", 7) == Place("g/other", 7)


def test_a_pipeline_of_a_branch() -> None:
    with pytest.raises(UsageProblem, match="give --pr N"):
        gitlab_place({"CI_PROJECT_ID": "9"}, None, None)
    assert gitlab_place({"CI_PROJECT_ID": "9"}, None, 7) == Place("9", 7)


@pytest.mark.parametrize("name", ["", "p", "g/", "/p", "g/p?x", "g//p", "g p/x", "9/"])
def test_what_is_no_project(name: str) -> None:
    with pytest.raises(UsageProblem, match="--repo"):
        gitlab_place({}, name, 7)
