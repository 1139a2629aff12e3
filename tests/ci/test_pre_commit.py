"""The hooks, installed and run by pre-commit itself from a repository of costguard, without a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costguard import strict_yaml
from costguard.discover import KINDS
from tests.project_setup.projects import git, repository

from .conftest import PROJECT, ROOT, Job

pytestmark = pytest.mark.xdist_group("ci")

HOOKS: list[dict[str, Any]] = strict_yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text())
ARGUMENTS = {"costguard": ["--max-usd-per-query", "5.00"]}
STAR = {"sql/star.sql": "SELECT * FROM `kestrel-prod.shop.orders`\n"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps what it has installed."""
    return tmp_path_factory.mktemp("pre-commit")


def run(folder: Path, checkout: Path, offline: dict[str, str], home: Path, *arguments: str) -> Any:
    config = {
        "repos": [
            {
                "repo": str(checkout),
                "rev": git(checkout, "rev-parse", "HEAD"),
                "hooks": [{"id": hook["id"], "args": ARGUMENTS.get(hook["id"], [])} for hook in HOOKS],
            }
        ]
    }
    (folder / ".pre-commit-config.yaml").write_text(json.dumps(config))
    git(folder, "add", "--all")
    job = Job(folder, {**offline, "PRE_COMMIT_HOME": str(home), "COLUMNS": "100"})
    command = " ".join(("pre_commit", "run", "--verbose", *arguments))
    return job.run(f"{sys.executable} -m {command}", ("bash", "-c"))


def test_changed_files_and_whole_project(
    checkout: Path, offline: dict[str, str], home: Path, tmp_path: Path
) -> None:
    folder = repository(tmp_path / "work", {**PROJECT, "docs/note.txt": ""})
    (folder / "docs" / "note.txt").write_text("Words.\n")
    nothing = run(folder, checkout, offline, home)
    assert nothing.returncode == 0, nothing.stdout + nothing.stderr
    assert nothing.stdout.count("(no files to check)Skipped") == 2

    (folder / "sql" / "star.sql").write_text(STAR["sql/star.sql"])
    done = run(folder, checkout, offline, home)
    assert done.returncode == 1, done.stdout + done.stderr
    changed, whole = done.stdout.split("costguard (whole project)")
    assert re.search(r"costguard \(changed files\)\.+Failed", changed)
    assert "sql/star.sql:1: one run costs $6.25, more than $5.00 (--max-usd-per-query)" in changed
    assert "1 query in 1 file" in changed
    assert re.match(r"\.+Passed", whole)
    assert "2 queries in 2 files" in whole


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_they_look_at_what_a_scan_reads(hook: dict[str, Any]) -> None:
    wanted = re.compile(hook["files"])
    for ending in KINDS:
        assert wanted.search(f"a/b{ending}"), ending
    for name in ("a.txt", "a.sql.bak", "py", "a.pyc", "a.j2", "a.yml"):
        assert not wanted.search(name), name


def test_pre_commit_takes_the_manifest() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
