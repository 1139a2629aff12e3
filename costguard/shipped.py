"""Finds the data that ships with costguard: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """The folder `rules` or `reports`.

    Raises:
        FileNotFoundError: the installation is broken.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"costguard is not installed whole: the folder {name!r} is missing beside {package}"
    )
