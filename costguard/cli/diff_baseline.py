"""The baseline of a diff: that of the head, for both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from costguard.baseline.apply import with_baseline
from costguard.baseline.file import read_baseline
from costguard.baseline.found import found_in
from costguard.baseline.place import DEFAULT, no_baseline
from costguard.baseline.scope import scope_of
from costguard.cli.accepted import Accepted, shown_path
from costguard.cli.diff_sides import Side, config_place
from costguard.diff.git import Repository
from costguard.errors import UsageProblem
from costguard.project_paths import ProjectPaths
from costguard.request import ScanOutcome

_TOP: Final = "/"
"""Stands for the top of the repository, from which all paths of a diff count."""


def head_baseline(repository: Repository, head: Side, given: Path | None, none: bool) -> Accepted | None:
    """The baseline that holds for a diff; None when there is none.

    It is the given file, else that of the head's config (of the work tree, if it is not checked in), else the one that
    the head has beside its config.

    Raises:
        UsageProblem: one that is named is not there, cannot be used, or `none` is wanted all the same.
    """
    if none:
        if given is not None:
            raise UsageProblem("--no-baseline contradicts --baseline")
        return None
    named = given is not None or head.config.baseline is not None
    if given is not None:
        path = given
    elif head.config.baseline is not None:
        place = config_place(repository, head, head.config.baseline)
        assert place is not None
        path = place
    else:
        path = (head.config.folder if head.config.found else head.folder) / DEFAULT
    with head.named():
        if not path.exists():
            if named:
                raise no_baseline(path)
            return None
        return Accepted(path, read_baseline(path))


def with_accepted(
    outcome: ScanOutcome,
    accepted: Accepted | None,
    head: Side,
    paths: Sequence[str],
    rules: Sequence[str],
    today: date,
) -> ScanOutcome:
    """The outcome of a side with the baseline applied. `paths`: what was scanned, from the top; `rules`: the only ones
    that were run, all if there are none."""
    if accepted is None:
        return outcome
    scope = scope_of([Path(_TOP, path) for path in paths], ProjectPaths(None, _TOP), rules)
    inside = accepted.path.is_relative_to(head.folder)
    shown = accepted.path.relative_to(head.folder).as_posix() if inside else shown_path(accepted.path)
    result = with_baseline(outcome.result, accepted.baseline, found_in(outcome.result, scope), today, shown)
    return replace(outcome, result=result)
