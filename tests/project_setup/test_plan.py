"""Which files are written, and that none is written over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.project_setup.detect import detect
from costguard.project_setup.plan import carry_out, plan

from .projects import repository, write


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_config_and_a_workflow(tmp_path: Path) -> None:
    files = plan(detect(tmp_path), "github")
    assert names(tmp_path) == set()
    carry_out(files)
    assert names(tmp_path) == {"costguard.toml", ".github/workflows/costguard.yml"}
    for file in files:
        assert file.path.read_text() == file.text
        assert stat.S_IMODE(file.path.stat().st_mode) & 0o444 == 0o444
    assert [file.action for file in plan(detect(tmp_path), "github")] == ["keep", "keep"]


def test_gitlab_includes_a_file_of_its_own(tmp_path: Path) -> None:
    carry_out(plan(detect(tmp_path), "gitlab"))
    assert names(tmp_path) == {"costguard.toml", ".gitlab/costguard.yml", ".gitlab-ci.yml"}
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "include:\n  - local: .gitlab/costguard.yml\n"
    again = plan(detect(tmp_path), "gitlab")
    assert [(file.path.name, file.action) for file in again] == [
        ("costguard.toml", "keep"),
        ("costguard.yml", "keep"),
    ]


def test_gitlab_has_a_pipeline_already(tmp_path: Path) -> None:
    write(tmp_path, {".gitlab-ci.yml": "stages: [test]\n"})
    files = plan(detect(tmp_path), "gitlab")
    carry_out(files)
    assert (files[-1].action, files[-1].remark) == (
        "keep",
        "add to its `include:` the line `- local: .gitlab/costguard.yml`",
    )
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "stages: [test]\n"


def test_no_workflow(tmp_path: Path) -> None:
    carry_out(plan(detect(tmp_path), None))
    assert names(tmp_path) == {"costguard.toml"}


def test_the_workflow_lies_at_the_top_of_the_repository(tmp_path: Path) -> None:
    repository(tmp_path, {"jobs/churn model/a.sql": ""})
    config, workflow = plan(detect(tmp_path / "jobs" / "churn model"), "github")
    assert config.path == tmp_path / "jobs" / "churn model" / "costguard.toml"
    assert workflow.path.resolve() == tmp_path.resolve() / ".github" / "workflows" / "costguard.yml"
    assert 'working-directory: "jobs/churn model"\n' in workflow.text


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_whatever_stands_there_is_kept(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "costguard.toml"
    if kind == "file":
        path.write_text("")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere.toml")
    files = plan(detect(tmp_path), None)
    assert [file.action for file in files] == ["keep"]
    carry_out(files)
    assert not (tmp_path / "elsewhere.toml").exists()


def test_somebody_is_faster(tmp_path: Path) -> None:
    files = plan(detect(tmp_path), None)
    (tmp_path / "costguard.toml").write_text("theirs = 1\n")
    with pytest.raises(UsageProblem, match="written by somebody else meanwhile"):
        carry_out(files)
    assert (tmp_path / "costguard.toml").read_text() == "theirs = 1\n"


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / ".github").symlink_to(outside)
    with pytest.raises(UsageProblem, match=r"\.github: is a link"):
        plan(detect(inside), "github")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    write(tmp_path, {".github": "a file"})
    with pytest.raises(UsageProblem, match="cannot be written"):
        carry_out(plan(detect(tmp_path), "github"))


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, output: Path) -> None:
        raise UsageProblem(f"{output}: cannot be written (No space left on device)")

    monkeypatch.setattr("costguard.project_setup.plan.write_bytes", full)
    with pytest.raises(UsageProblem, match="No space left"):
        carry_out(plan(detect(tmp_path), None))
    assert names(tmp_path) == set()


def test_pyproject_only_if_asked(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nname = "x"\n'})
    assert [file.path.name for file in plan(detect(tmp_path), None)] == ["costguard.toml"]
    (file,) = plan(detect(tmp_path), None, pyproject=True)
    assert (file.path.name, file.action) == ("pyproject.toml", "append")
    carry_out([file])
    assert (tmp_path / "pyproject.toml").read_text().startswith('[project]\nname = "x"\n\n[tool.costguard]\n')
    assert [again.action for again in plan(detect(tmp_path), None, pyproject=True)] == ["keep"]


def test_pyproject_changes_meanwhile(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": ""})
    files = plan(detect(tmp_path), None, pyproject=True)
    write(tmp_path, {"pyproject.toml": "a = 1\n"})
    with pytest.raises(UsageProblem, match="changed meanwhile"):
        carry_out(files)
    assert (tmp_path / "pyproject.toml").read_text() == "a = 1\n"


def test_no_pyproject(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="leave --pyproject out"):
        plan(detect(tmp_path), None, pyproject=True)
