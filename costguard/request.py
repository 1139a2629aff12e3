"""What a scan is asked for, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from costguard.config import Config
from costguard.packed_files import PackedFiles
from costguard.project_paths import AS_PRINTED, ProjectPaths
from costguard.result import ScanResult, Severity

if TYPE_CHECKING:
    from costguard.discover import Discovery
    from costguard.estimate.settings import EstimateSettings
    from costguard.judge.policies import Policy


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Everything that decides a scan."""

    files: Discovery
    settings: EstimateSettings
    catalogs: tuple[Path, ...] = ()
    dialect: str = "bigquery"
    rules: tuple[str, ...] | None = None
    """Ids or aliases of the only rules to run; None for all."""
    ignored_rules: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    rule_directories: tuple[Path, ...] = ()
    """Folders with users' own pages."""
    prices: Path | None = None
    """The file that the prices of `settings` are from."""
    cache_directory: Path | None = None
    processes: int | None = None
    jobs: tuple[Path, ...] = ()
    """Files of the job history."""
    bills: tuple[Path, ...] = ()
    """Files of the bill, for the prices of its jobs and for iterations."""
    config: Config = field(default_factory=Config)
    """What tells iterations apart: their labels, pauses, and phases."""
    policies: tuple[Policy, ...] = ()
    require_reason: bool = False
    """An ignore comment without a reason silences nothing."""
    paths: ProjectPaths = AS_PRINTED
    """What fingerprints take for the path of a file."""
    packed: PackedFiles | None = None
    """Where the files are, when they do not lie in folders: those of a commit."""


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan hands back."""

    result: ScanResult
    sources: Callable[[str, int | None], str | None]
    """The text of a file (of a notebook's cell) for the terminal's source lines; None when it is gone."""
    notes: tuple[str, ...] = ()
    """Things to say on stderr: a cache that could not be used, for instance."""
