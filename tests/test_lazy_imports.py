"""Heavy libraries are imported when they are needed, not before: start-up time is what a person waits for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.history.past import history, run

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"polars", "sqlglot", "google", "jinja2", "pyarrow"}
PROBE = """
import atexit, sys
packages = lambda: sorted({name.partition(".")[0] for name in sys.modules})
atexit.register(lambda: print("loaded:", *packages(), file=sys.stderr))
sys.argv = ["costguard", *sys.argv[1:]]
from costguard.cli.main import run
run()
"""


def loaded_packages(code: str, *arguments: str, directory: Path = ROOT) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded when the code is done."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_CACHE_HOME": str(directory.with_name("cache"))}
        if directory != ROOT
        else None,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("loaded:")]
    assert done.returncode == 0, done.stderr
    assert lines, done.stderr
    return set(lines[-1].split()[1:])


def test_import_of_the_package_is_light() -> None:
    code = 'import sys, costguard; print("loaded:", *sys.modules, file=sys.stderr)'
    assert not loaded_packages(code) & (HEAVY | {"rich", "typer", "pydantic"})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["scan", "--help"],
        ["diff", "--help"],
        ["--version"],
        ["catalog", "pull", "--help"],
        ["guard", "suggest", "--help"],
        ["prices", "refresh", "--help"],
        ["comment", "github", "--help"],
        ["init", "--help"],
        ["init", "examples/churn", "--print"],
        ["prices", "show"],
        ["budget", "apply", "--help"],
        ["budget", "explain", "--help"],
    ],
)
def test_help_is_light(arguments: list[str]) -> None:
    assert not loaded_packages(PROBE, *arguments) & HEAVY


def test_to_look_at_a_catalog_is_light() -> None:
    assert not loaded_packages(PROBE, "catalog", "show", "examples/churn/catalog.json") & HEAVY


def test_stamping_an_iteration_is_light(tmp_path: Path) -> None:
    """It stands at the head of every pipeline."""
    ledger = str(tmp_path / "ledger.jsonl")
    for arguments in (["start", "--export"], ["status"], ["end", "--id", "i"]):
        if arguments[0] == "start":
            arguments += ["--id", "i"]
        assert not loaded_packages(PROBE, "iteration", *arguments, "--ledger", ledger) & HEAVY


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, so that its cache starts empty and stays out of the work tree."""
    return Path(shutil.copytree(ROOT / "examples" / "churn", tmp_path / "churn"))


def test_a_rescan_parses_nothing(project: Path) -> None:
    arguments = ("scan", ".", "--fail-on", "never", "--now", "2026-11-01T00:00:00Z", "--format", "json")
    first = loaded_packages(PROBE, *arguments, directory=project)
    assert "sqlglot" in first
    second = loaded_packages(PROBE, *arguments, directory=project)
    assert "sqlglot" not in second


def test_a_rescan_with_a_history_loads_nothing_heavy(project: Path) -> None:
    """Whether the files of the history changed can be seen without reading them."""
    history(project, run("j", "SELECT 1"))
    arguments = ("scan", ".", "--jobs", "jobs.json", "--fail-on", "never", "--now", "2026-11-01T00:00:00Z")
    assert "polars" in loaded_packages(PROBE, *arguments, directory=project)
    assert not loaded_packages(PROBE, *arguments, directory=project) & {"polars", "sqlglot"}


def test_a_rescan_with_a_baseline_and_policies_loads_nothing_heavy(project: Path) -> None:
    config = project / "costguard.toml"
    policy = 'name = "p"\nlevel = "warning"\nquery = "SELECT at FROM findings"\nmessage = "found"\n'
    config.write_text(f"{config.read_text()}\n[[policy]]\n{policy}")
    now = ("--now", "2026-11-01T00:00:00Z")
    loaded_packages(PROBE, "baseline", "write", *now, directory=project)
    for arguments in (("scan", ".", "--update-baseline"), ("baseline", "show"), ("baseline", "prune")):
        assert not loaded_packages(PROBE, *arguments, *now, directory=project) & {"polars", "sqlglot"}


def test_without_a_baseline_nothing_of_it_is_loaded(project: Path) -> None:
    code = PROBE.replace('name.partition(".")[0] for name', "name for name")
    loaded = loaded_packages(code, "scan", ".", "--fail-on", "never", directory=project)
    ours = {name for name in loaded if name.startswith(("costguard.baseline.", "costguard.judge.policies"))}
    assert ours == {"costguard.baseline.place"}


def test_a_rescan_loads_what_its_formats_need(project: Path) -> None:
    """HTML takes Jinja, SARIF reads rule pages; nothing takes what the scan itself does."""
    arguments = ("scan", ".", "--fail-on", "never", "--now", "2026-11-01T00:00:00Z", "--format")
    pages = {"markdown_it", "yaml"}
    loaded_packages(PROBE, *arguments, "json", directory=project)
    light = [f"--also={format}=out.{format}" for format in ("github", "gitlab", "junit", "markdown")]
    assert not loaded_packages(PROBE, *arguments, "text", *light, directory=project) & (HEAVY | pages)
    assert loaded_packages(PROBE, *arguments, "sarif", directory=project) & (HEAVY | pages) == pages
    assert loaded_packages(PROBE, *arguments, "html", directory=project) & (HEAVY | pages) == {"jinja2"}
