"""Which pull request a job is about: what the hosts tell their jobs in environment variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from costguard.errors import UsageProblem

_LARGEST_EVENT: Final = 32 * 2**20
"""Bytes; GitHub's own limit for a payload is 25 MiB."""
_GITHUB_REPOSITORY: Final = re.compile(r"(?!\.{1,2}/)[\w.-]+/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_GITLAB_PROJECT: Final = re.compile(r"\d+|[\w.-]+(?:/[\w.-]+)+", re.ASCII)
_GITHUB_REF: Final = re.compile(r"refs/pull/(\d+)/(?:merge|head)")


@dataclass(frozen=True, slots=True)
class Place:
    """A pull or merge request."""

    repository: str
    number: int
    head: str | None = None
    """The commit that its branch is at."""
    valid_at: datetime | None = None
    """When it was. A job that is started again, or is slow, still speaks of that time."""


def github_place(environment: Mapping[str, str], repository: str | None, number: int | None) -> Place:
    """The pull request that was named, else the one that the workflow runs for.

    Raises:
        UsageProblem: there is none, or no such repository can be.
    """
    here = environment.get("GITHUB_REPOSITORY", "")
    wanted = repository or here
    if not _GITHUB_REPOSITORY.fullmatch(wanted):
        raise UsageProblem(
            f"--repo {wanted!r} is not OWNER/NAME" if wanted else "which repository? Give --repo OWNER/NAME"
        )
    event = _event(environment) if wanted == here else {}
    pull = event.get("pull_request")
    pull = pull if isinstance(pull, dict) else {}
    told = _number(pull.get("number"))
    if told is None and wanted == here:
        found = _GITHUB_REF.fullmatch(environment.get("GITHUB_REF", ""))
        told = int(found[1]) if found is not None else None
    if number is None:
        number = told
    if number is None:
        raise UsageProblem("which pull request? This is no job of one: give --pr N")
    if number != _number(pull.get("number")):
        return Place(wanted, number)
    head = pull.get("head")
    sha = head.get("sha") if isinstance(head, dict) else None
    return Place(wanted, number, sha if isinstance(sha, str) else None, _time(pull.get("updated_at")))


def gitlab_place(environment: Mapping[str, str], project: str | None, number: int | None) -> Place:
    """The merge request that was named, else the one that the pipeline runs for.

    Raises:
        UsageProblem: there is none, or no such project can be.
    """
    # A pipeline of a fork belongs to the fork, its merge request to the project that it is for.
    here = environment.get("CI_MERGE_REQUEST_PROJECT_ID") or environment.get("CI_PROJECT_ID", "")
    wanted = project or here
    if not _GITLAB_PROJECT.fullmatch(wanted):
        raise UsageProblem(
            f"--repo {wanted!r} is neither GROUP/NAME nor the number of a project"
            if wanted
            else "which project? Give --repo GROUP/NAME"
        )
    names = (here, environment.get("CI_MERGE_REQUEST_PROJECT_PATH"))
    given = environment.get("CI_MERGE_REQUEST_IID", "") if wanted in names else ""
    told = int(given) if given.isascii() and given.isdigit() else None
    if number is None:
        number = told
    if number is None:
        raise UsageProblem("which merge request? This is no pipeline of one: give --pr N")
    if number != told:
        return Place(wanted, number)
    head = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA")
    return Place(wanted, number, head, _time(environment.get("CI_PIPELINE_CREATED_AT")))


def _event(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the workflow was started by; nothing where that cannot be read, for then `--pr` says it."""
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            event = json.loads(file.read(_LARGEST_EVENT))
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
