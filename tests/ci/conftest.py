"""What the jobs of code hosts find: a checkout of costguard to install, without a network, and a project to check."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project_setup.projects import git, repository, write

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    *("costguard", "rules", "reports", "pyproject.toml", "README.md", "LICENSE"),
    *("requirements.lock", "action.yml", ".pre-commit-hooks.yaml"),
)
"""What pip, an action and pre-commit take of costguard."""
TIB = 2**40
CATALOG = {
    "version": 1,
    "tables": [
        {
            "name": "kestrel-prod.shop.orders",
            "kind": "table",
            "location": "US",
            "rows": TIB // 16,
            "bytes": TIB,
            "columns": [
                {"path": "id", "type": "INT64", "mode": "REQUIRED", "bytes": TIB // 2},
                {"path": "day", "type": "DATE", "mode": "REQUIRED", "bytes": TIB // 2},
            ],
        }
    ],
}
PROJECT = {
    "costguard.toml": 'catalog = "catalog.json"\n',
    "catalog.json": json.dumps(CATALOG),
    "sql/orders.sql": "SELECT id FROM `kestrel-prod.shop.orders`\n",
}
"""One query, which reads one of two columns of a TiB: 3.125 dollars."""
COSTLY = {"sql/orders.sql": "SELECT id, day FROM `kestrel-prod.shop.orders`\n"}
"""It reads both: 6.25 dollars."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of costguard, in a repository of its own."""
    folder = tmp_path_factory.mktemp("costguard")
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return repository(folder, {})


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which pip needs no index: what costguard depends on is there already.

    Environments that are made during a test see the libraries of this one, but for costguard itself.
    """
    libraries = tmp_path_factory.mktemp("libraries")
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(folder).iterdir():
            if "costguard" not in entry.name and not (libraries / entry.name).exists():
                (libraries / entry.name).symlink_to(entry)
    return {
        "PYTHONPATH": str(libraries),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which means that it is off
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a workflow installs."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True, timeout=120)
    (path,) = target.glob("*.whl")
    return path


@dataclass(frozen=True)
class Job:
    """A job on a machine of a code host: where it works, and its environment variables."""

    work_tree: Path
    variables: dict[str, str]

    def run(self, script: str, shell: tuple[str, ...], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run lines in a shell, as the host does."""
        keep = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        home = {"HOME": str(self.work_tree.parent), "XDG_CACHE_HOME": str(self.work_tree.parent / "cache")}
        return subprocess.run(
            [*shell, script],
            cwd=self.work_tree,
            env={**keep, **home, **self.variables, **variables},
            capture_output=True,
            text=True,
            timeout=300,
        )


def pull_request(folder: Path, base: dict[str, str], change: dict[str, str]) -> Path:
    """The merge of a pull request, as hosts check it out: detached, beside the branch that it is for."""
    repository(folder, base)
    git(folder, "update-ref", "refs/remotes/origin/main", "main")
    git(folder, "switch", "--quiet", "--create", "change")
    write(folder, change)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")
    git(folder, "switch", "--quiet", "--detach", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
    git(folder, "branch", "--quiet", "--delete", "--force", "change")
    return folder
