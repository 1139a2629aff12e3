"""The baseline of a scan: read before it, applied after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costguard.cli.request import paths_for
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.baseline.found import Found
    from costguard.baseline.model import Baseline
    from costguard.cli.request import Options
    from costguard.config import Config
    from costguard.request import ScanRequest
    from costguard.result import ScanResult


@dataclass(frozen=True, slots=True)
class Accepted:
    """A baseline and its file."""

    path: Path
    baseline: Baseline

    @property
    def shown(self) -> str:
        """The file as seen from the working directory, if it lies below it."""
        return shown_path(self.path)


def shown_path(path: Path) -> str:
    """A path for people: the same on every machine, where it lies below the working directory."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def open_baseline(
    given: Path | None, none: bool, needed: bool, options: Options, config: Config
) -> Accepted | None:
    """The baseline that holds for a scan; None when there is none.

    Raises:
        UsageProblem: it is not there although it is named or needed, cannot be used, or `none` is wanted all the same.
    """
    if none:
        if given is not None or needed:
            raise UsageProblem("--no-baseline contradicts --baseline and --update-baseline")
        return None
    from costguard.baseline.place import find_baseline, no_baseline, place_of_baseline

    folder = baseline_folder(options, config)
    path = find_baseline(given, config, folder)
    if path is None:
        if needed:
            raise no_baseline(place_of_baseline(given, config, folder))
        return None
    from costguard.baseline.file import read_baseline

    return Accepted(path, read_baseline(path))


def baseline_folder(options: Options, config: Config) -> Path:
    """Where the default baseline is looked for: beside the config file, else at the top of the work tree."""
    if config.found:
        return config.folder
    top = paths_for(options, config).top
    return Path(top) if top is not None else Path()


def found_of(result: ScanResult, request: ScanRequest, options: Options) -> Found:
    """What a scan found, as baselines count it."""
    from costguard.baseline.found import found_in
    from costguard.baseline.scope import scope_of

    return found_in(result, scope_of(options.paths, request.paths, options.rules))


def apply_baseline(
    accepted: Accepted, result: ScanResult, request: ScanRequest, options: Options, update: bool
) -> tuple[ScanResult, str]:
    """The result with the baseline applied, and what became of the file, if it was to be updated.

    Raises:
        UsageProblem: the file cannot be written.
    """
    from costguard.baseline.apply import with_baseline

    baseline, note = accepted.baseline, ""
    found = found_of(result, request, options)
    if update:
        baseline, note = _pruned(accepted, found)
    today = request.settings.now.date()
    return with_baseline(result, baseline, found, today, accepted.shown), note


def _pruned(accepted: Accepted, found: Found) -> tuple[Baseline, str]:
    from costguard.baseline.change import prune
    from costguard.baseline.file import write_baseline
    from costguard.render.amounts import counted

    change = prune(accepted.baseline, found)
    if not change.changed:
        return accepted.baseline, ""
    write_baseline(change.baseline, accepted.path)
    count = counted(len(change.steps), "stale entry", "stale entries")
    return change.baseline, f"{accepted.shown}: {count} removed or lowered"
