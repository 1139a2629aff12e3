"""Imports go down only: the contracts of pyproject.toml hold, and each of them can be broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINT_IMPORTS = (
    "from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True, cache_dir=None))"
)


def run_contracts(directory: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of the pyproject.toml in a directory, checked against the costguard package beside it."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(directory)!r}); {LINT_IMPORTS}"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_contracts_hold() -> None:
    checked = run_contracts(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Imports go down only KEPT" in checked.stdout


@pytest.fixture
def small_package(tmp_path: Path) -> Path:
    """A package with costguard's outermost modules, all empty, under costguard's own contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "costguard"
    for name in ("cli", "render", "judge", "estimate", "catalog", "facts", "extract"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    for name in ("__init__", "result", "model", "money"):
        (package / f"{name}.py").touch()
    return tmp_path


def test_an_empty_package_keeps_every_contract(small_package: Path) -> None:
    checked = run_contracts(small_package)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("extract/script.py", "from costguard import facts", "Imports go down only"),
        ("facts/rows.py", "import costguard.catalog", "Imports go down only"),
        ("judge/run.py", "def run() -> None:\n    import costguard.render", "Imports go down only"),
        ("helpers.py", "import os", "Imports go down only"),
        ("judge/run.py", "import sqlglot.expressions", "sqlglot stays where its API can be wrapped"),
        ("extract/python.py", "import jinja2", "jinja2 only renders output and reads templates"),
        ("judge/run.py", "from rich import print", "rich only where a person reads"),
        ("catalog/pull.py", "from google.cloud import bigquery", "Google's clients only in cloud"),
        ("result.py", "import polars", "The nouns need no third-party library"),
        ("judge/run.py", "import http.client", "The network only in cloud and hosts"),
        ("catalog/pull.py", "import socket", "The network only in cloud and hosts"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    small_package: Path, module: str, line: str, contract: str
) -> None:
    (small_package / "costguard" / module).write_text(line + "\n")
    checked = run_contracts(small_package)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert f"{contract} BROKEN" in checked.stdout
