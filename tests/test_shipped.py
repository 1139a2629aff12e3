"""The data that ships with the program is found, in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard import shipped as module
from costguard.shipped import shipped

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["rules", "reports"])
def test_in_a_checkout_it_lies_beside_the_package(name: str) -> None:
    assert shipped(name) == ROOT / name


def package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of its own, in an empty folder."""
    home = folder / "site" / "costguard"
    home.mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(home / "shipped.py"))
    return home


def test_in_a_wheel_it_lies_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = package(tmp_path, monkeypatch)
    (home / "rules").mkdir()
    (home.parent / "rules").mkdir()
    assert shipped("rules") == home / "rules"


def test_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = package(tmp_path, monkeypatch)
    (home / "rules").write_text("")
    (home.parent / "rules").mkdir()
    assert shipped("rules") == home.parent / "rules"


def test_a_broken_installation_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = package(tmp_path, monkeypatch)
    with pytest.raises(FileNotFoundError) as caught:
        shipped("rules")
    assert (
        str(caught.value) == f"costguard is not installed whole: the folder 'rules' is missing beside {home}"
    )
