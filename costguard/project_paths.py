"""Paths as they are from the top of the project, wherever costguard was started: what fingerprints are made of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class ProjectPaths:
    """The project, and the directory that paths on the command line count from."""

    top: str | None
    """Absolute; None when nothing tells where the project begins: paths are then taken as they are printed."""
    here: str
    """Absolute."""

    def name(self, path: str) -> str:
        """A printed path, counted from the top of the project; one outside it stays as it is.

        >>> ProjectPaths("/work/shop", "/work/shop/sql").name("a.sql")
        'sql/a.sql'
        """
        if self.top is None or (self._is_here and not os.path.isabs(path) and not path.startswith("..")):
            return path
        whole = os.path.normpath(os.path.join(self.here, path))
        start = self.top.rstrip(os.sep) + os.sep
        return whole[len(start) :].replace(os.sep, "/") if whole.startswith(start) else path

    @cached_property
    def _is_here(self) -> bool:
        return self.top == self.here

    def mark(self) -> str:
        """What names depend on, beside relative paths."""
        return "" if self.top is None else os.path.relpath(self.here, self.top)


AS_PRINTED: Final = ProjectPaths(None, "")


def project_paths(start: Path, config_folder: Path | None, here: Path) -> ProjectPaths:
    """The paths of the project that a scanned path lies in: its git work tree, else the folder of its config file."""
    folder = (start if start.is_dir() else start.parent).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return ProjectPaths(str(candidate), str(here))
    top = str(config_folder.resolve()) if config_folder is not None else None
    return ProjectPaths(top, str(here))
