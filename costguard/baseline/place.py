"""Where the baseline of a project lies. Every scan asks, so nothing is imported here that only a baseline needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from costguard.config import Config
from costguard.errors import UsageProblem

DEFAULT: Final = Path(".costguard") / "baseline.json"
"""Beside the config file."""


def place_of_baseline(given: Path | None, config: Config, folder: Path) -> Path:
    """Where the baseline is, or is to be: the given file, else that of the config, else the default one of a folder."""
    if given is not None:
        return given
    return config.folder / config.baseline if config.baseline is not None else folder / DEFAULT


def find_baseline(given: Path | None, config: Config, folder: Path) -> Path | None:
    """The same, if it is there; None when there is none and none is named.

    Raises:
        UsageProblem: one that is named is not there.
    """
    path = place_of_baseline(given, config, folder)
    if path.exists():
        return path
    if given is None and config.baseline is None:
        return None
    raise no_baseline(path)


def no_baseline(path: Path) -> UsageProblem:
    """What to say of a file that is not there."""
    return UsageProblem(f"{path}: there is no baseline; `costguard baseline write` makes one")
