"""How often a statement runs in one iteration of the project."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from functools import cache

from costguard.estimate.settings import EstimateSettings


class RunCounter:
    """Runs per iteration, and where the number comes from."""

    def __init__(
        self, settings: EstimateSettings, paths: Sequence[str], incremental: Collection[int]
    ) -> None:
        """`paths` by source; `incremental`: sources that have an incremental rendering."""
        self._paths = paths
        self._incremental = incremental
        self._declared = cache(lambda path: _declared(settings.runs, path))

    def runs(
        self, source: int, variant: str | None, turns: int | None, *, never: bool = False
    ) -> tuple[float, str]:
        """(runs, basis): declared runs of the file, times the turns of loops around the statement.

        `never`: it stands behind a condition that is FALSE.

        A full refresh does not happen in an iteration where there is an incremental rendering of the same
        source.
        """
        if variant == "full-refresh" and source in self._incremental:
            return 0.0, "assumed"
        if never:
            return 0.0, "written"
        declared = self._declared(self._paths[source])
        times = float(turns) if turns is not None else 1.0
        if declared is not None:
            return declared * times, "declared"
        return (times, "written") if turns is not None else (1.0, "assumed")


def _declared(runs: Sequence[tuple[str, float]], path: str) -> float | None:
    for pattern, count in runs:
        if fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}"):
            return count
    return None
