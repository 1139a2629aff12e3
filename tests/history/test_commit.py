"""The commit that is checked out, read from git's files; git itself says the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from costguard.history.commit import current_commit, work_tree


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "sql" / "deep").mkdir(parents=True)
    git(root, "init")
    git(root, "commit", "--allow-empty", "-m", "one")
    return root


def test_of_a_branch_from_any_folder(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert current_commit(repository) == commit
    assert current_commit(repository / "sql" / "deep") == commit
    assert work_tree(repository / "sql") == repository


def test_packed_detached_and_beside(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "main").exists()
    assert current_commit(repository) == first
    git(repository, "worktree", "add", "-b", "other", str(tmp_path / "beside"))
    git(tmp_path / "beside", "commit", "--allow-empty", "-m", "two")
    second = git(tmp_path / "beside", "rev-parse", "HEAD")
    assert current_commit(tmp_path / "beside") == second != first
    git(repository, "checkout", "--detach", second)
    assert current_commit(repository) == second


def test_where_there_is_none(tmp_path: Path) -> None:
    assert current_commit(tmp_path) is None
    git(tmp_path, "init")
    assert current_commit(tmp_path) is None


@pytest.mark.parametrize(
    "head",
    ["ref: ../../secret", "ref: refs/../../../secret", "ref: refs/heads/a", "x", "", "ref: HEAD", "\udcff"],
)
def test_files_that_lead_astray(tmp_path: Path, head: str) -> None:
    """A reference names no file outside of git's folder, and a circle of them ends."""
    git_files = tmp_path / ".git"
    (git_files / "refs" / "heads").mkdir(parents=True)
    (tmp_path / "secret").write_text("0" * 40)
    (git_files / "HEAD").write_bytes(head.encode("utf-8", "surrogateescape"))
    (git_files / "refs" / "heads" / "a").write_text("ref: refs/heads/b")
    (git_files / "refs" / "heads" / "b").write_text("ref: refs/heads/a")
    assert current_commit(tmp_path) is None


def test_a_work_tree_whose_files_are_gone(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    assert current_commit(tmp_path) is None
