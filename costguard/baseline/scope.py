"""What of a project a scan looked at: entries about the rest of it are neither used nor out of date."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from costguard.baseline.model import Entry
from costguard.project_paths import ProjectPaths


@dataclass(frozen=True, slots=True)
class Scope:
    """The given files and folders, and the rules that were run."""

    paths: ProjectPaths
    places: tuple[str, ...]
    """Absolute."""
    rules: frozenset[str] | None = None
    """Ids; None for all rules."""

    def holds(self, entry: Entry) -> bool:
        """Whether the scan would have found what an entry is about."""
        if self.rules is not None and entry.rule is not None and entry.rule not in self.rules:
            return False
        place = _absolute(self.paths.top or self.paths.here, entry.path)
        return any(place == given or place.startswith(given.rstrip(os.sep) + os.sep) for given in self.places)


def scope_of(given: Iterable[Path], paths: ProjectPaths, rules: Iterable[str] | None) -> Scope:
    """The scope of a scan of some paths, with only some rules if any are named."""
    places = tuple(_absolute(paths.here, str(path)) for path in given)
    return Scope(paths, places, frozenset(rules) if rules else None)


def _absolute(folder: str, path: str) -> str:
    return os.path.normpath(os.path.join(folder, path))
