"""Git is only asked, in surroundings that run nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from costguard.diff import git
from costguard.diff.git import GitError, Repository, open_repository
from costguard.errors import UsageProblem
from tests.diff.repository import Work, new_repository, settings


def test_the_top_of_the_work_tree(work: Work) -> None:
    work.put("a/b/q.sql", "SELECT 1")
    assert open_repository(work.top / "a" / "b", work.environment).top == work.top


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"not in a git repository; `costguard diff` compares"):
        open_repository(tmp_path, {**settings(tmp_path), "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})


def test_a_bare_repository(work: Work, tmp_path: Path) -> None:
    work.commit()
    work.git("clone", "-q", "--bare", str(work.top), str(tmp_path / "bare"))
    with pytest.raises(UsageProblem, match="has no work tree"):
        open_repository(tmp_path / "bare", work.environment)


def test_no_git(work: Work) -> None:
    with pytest.raises(UsageProblem, match="git is not installed, or not on the PATH"):
        open_repository(work.top, {**work.environment, "PATH": str(work.top)})


def failing_git(folder: Path, message: str) -> Path:
    """A folder with a `git` that says something and fails."""
    tool = folder / "git"
    tool.write_text(f"#!/bin/sh\necho '{message}' >&2\nexit 128\n")
    tool.chmod(0o755)
    return folder


def test_a_repository_of_somebody_else(work: Work, tmp_path: Path) -> None:
    path = failing_git(tmp_path, f"fatal: detected dubious ownership in repository at {work.top}")
    with pytest.raises(UsageProblem, match=r'belongs to another user .* --add safe\.directory "'):
        open_repository(work.top, {**work.environment, "PATH": str(path)})


def test_anything_else_is_passed_on(work: Work, tmp_path: Path) -> None:
    path = failing_git(tmp_path, "fatal: bad config line 1 in file .git/config")
    with pytest.raises(UsageProblem, match=r"git cannot read the repository \(bad config line 1 in file"):
        open_repository(work.top, {**work.environment, "PATH": str(path)})


def test_a_git_that_is_no_program(work: Work, tmp_path: Path) -> None:
    (failing_git(tmp_path, "") / "git").write_text("not a program")
    with pytest.raises(UsageProblem, match=r"git cannot be run \(Exec format error\)"):
        open_repository(work.top, {**work.environment, "PATH": str(tmp_path)})


def test_the_environment_runs_nothing(work: Work) -> None:
    """Whatever the variables of git would start or write is left out; where the repository is, is kept."""
    marker = work.top.parent / "ran"
    work.put("run", f"#!/bin/sh\ntouch {marker}\ncat\n")
    os.chmod(work.top / "run", 0o755)
    command = str(work.top / "run")
    work.put(".gitattributes", "*.sql diff=ours filter=ours\n")
    work.put("q.sql", "SELECT 1\n")
    commit = work.commit()
    for key in ("diff.ours.textconv", "diff.external", "core.fsmonitor", "core.pager", "filter.ours.smudge"):
        work.git("config", key, command)
    work.put(".git/hooks/post-checkout", f"#!/bin/sh\ntouch {marker}\n")
    marker.unlink(missing_ok=True)
    hostile = {
        **work.environment,
        "GIT_EXTERNAL_DIFF": command,
        "GIT_PAGER": command,
        "GIT_SSH_COMMAND": command,
        "GIT_TRACE": str(marker),
        "GIT_ASKPASS": command,
    }
    repository = open_repository(work.top, hostile)
    repository.bytes("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    repository.bytes("ls-files", "-co", "--exclude-standard", "-z")
    with repository.blobs() as blobs:
        found = io.BytesIO()
        list(blobs.copy([(repository.text("rev-parse", f"{commit}:q.sql"), found)]))
    assert found.getvalue() == b"SELECT 1\n"
    assert not marker.exists()
    kept = set(repository.environment) - set(work.environment)
    assert {name for name in kept if name.startswith("GIT_")} == {
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_NO_LAZY_FETCH",
        "GIT_ALLOW_PROTOCOL",
        "GIT_OPTIONAL_LOCKS",
        "GIT_TERMINAL_PROMPT",
        "GIT_PAGER",
    }
    assert repository.environment["GIT_PAGER"] == "cat"


def test_replaced_objects_are_not_read(work: Work) -> None:
    work.put("q.sql", "SELECT 1\n")
    work.commit()
    one = work.git("rev-parse", "HEAD:q.sql")
    other = work.git("hash-object", "-w", "--stdin", data=b"SELECT 2\n")
    work.git("replace", one, other)
    assert work.git("cat-file", "blob", one) == "SELECT 2"
    repository = open_repository(work.top, work.environment)
    assert repository.text("cat-file", "blob", one) == "SELECT 1"


def test_many_blobs_by_one_process(work: Work, repository: Repository) -> None:
    """More than are asked for at once, one of them large."""
    texts = [b"x" * number for number in range(git.AHEAD + 5)] + [b"y" * 3_000_000]
    for number, text in enumerate(texts):
        work.put(f"{number:04}.txt", text)
    work.commit()
    names = [line.split()[2] for line in repository.text("ls-tree", "HEAD").splitlines()]
    streams = [io.BytesIO() for _ in names]
    with repository.blobs() as blobs:
        for _ in blobs.copy(zip(names, streams, strict=True)):
            pass
    assert [stream.getvalue() for stream in streams] == texts


def test_an_object_that_is_missing(work: Work, repository: Repository) -> None:
    work.commit()
    with (
        repository.blobs() as blobs,
        pytest.raises(GitError, match=r"object 1{40} is missing"),
    ):
        list(blobs.copy([("1" * 40, io.BytesIO())]))


def test_what_git_refuses(repository: Repository) -> None:
    with pytest.raises(GitError, match=r"unknown revision|bad revision|ambiguous argument"):
        repository.text("rev-list", "nothing")


def test_partial_and_shallow(work: Work, repository: Repository, tmp_path: Path) -> None:
    work.commit()
    work.commit()
    assert not repository.is_shallow
    assert not repository.is_partial
    work.git("config", "remote.origin.promisor", "true")
    assert repository.is_partial
    other = new_repository(tmp_path, "other")
    other.git("fetch", "-q", "--depth", "1", f"file://{work.top}", "main")
    assert open_repository(other.top, other.environment).is_shallow


def test_a_process_that_ends_early(work: Work, repository: Repository) -> None:
    work.put("q.sql", "SELECT 1")
    work.commit()
    name = repository.text("rev-parse", "HEAD:q.sql")
    with repository.blobs() as blobs:
        blobs._process.kill()
        blobs._process.wait()
        with pytest.raises(GitError, match=rf"git cat-file ended early|object {name} is missing"):
            list(blobs.copy([(name, io.BytesIO())]))


def test_git_that_never_answers(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (failing_git(tmp_path, "") / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(git, "PATIENCE", 0.2)
    path = f"{tmp_path}{os.pathsep}{work.environment['PATH']}"
    with pytest.raises(UsageProblem, match=r"git rev-parse took more than 0 s in .*; is its disk there\?"):
        open_repository(work.top, {**work.environment, "PATH": path})
