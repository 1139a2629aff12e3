"""The wheel holds what the program needs at run time: the rule pages, the report templates, the command."""

from __future__ import annotations

import configparser
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built offline with the build backend of this environment."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (path,) = target.glob("*.whl")
    return zipfile.ZipFile(path)


def files_under(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", ["rules", "reports"])
def test_data_folders_are_shipped_whole(wheel: zipfile.ZipFile, folder: str) -> None:
    prefix = f"costguard/{folder}/"
    shipped = {name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)}
    assert shipped
    assert shipped == files_under(ROOT / folder)


def test_every_module_is_shipped_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    modules = {
        f"costguard/{path.relative_to(ROOT / 'costguard')}" for path in (ROOT / "costguard").rglob("*.py")
    }
    shipped = set(wheel.namelist())
    assert modules <= shipped
    assert "costguard/py.typed" in shipped
    assert {name.split("/")[0] for name in shipped} == {"costguard", "costguard_gcp-0.1.0.dist-info"}


def test_the_command_is_declared(wheel: zipfile.ZipFile) -> None:
    entry_points = configparser.ConfigParser()
    entry_points.read_string(wheel.read("costguard_gcp-0.1.0.dist-info/entry_points.txt").decode())
    assert entry_points["console_scripts"]["costguard"] == "costguard.cli.main:program"


def test_metadata_names_the_distribution_and_its_runtime_needs_only(wheel: zipfile.ZipFile) -> None:
    metadata = Parser().parsestr(wheel.read("costguard_gcp-0.1.0.dist-info/METADATA").decode())
    assert metadata["Name"] == "costguard-gcp"
    assert metadata["License-Expression"] == "Apache-2.0"
    needs = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(needs) == len(declared)
    assert not [need for need in needs if need.startswith(("pytest", "hatchling", "mypy"))]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_pin_with_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    entries = text.replace("\\\n", " ").splitlines()
    pins = [entry for entry in entries if entry and not entry.startswith((" ", "#"))]
    assert len(pins) > 20
    for pin in pins:
        assert "==" in pin.split(" ")[0], pin
        assert "--hash=sha256:" in pin, pin


def test_both_lock_files_agree() -> None:
    """The second file only adds to the first, so that one environment can hold both."""

    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if line and line[0] not in " #"}

    assert pins("requirements.lock") < pins("requirements-dev.lock")
