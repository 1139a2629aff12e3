"""`costguard comment github` and `costguard comment gitlab`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.hosts.model import Host
    from costguard.hosts.place import Place
    from costguard.hosts.post import Action

LARGEST_BODY: Final = 32 * 2**20
"""Bytes of a Markdown file."""

comment_app = typer.Typer(
    help="Keep one comment on a pull or merge request up to date.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class BehaviorChoice(StrEnum):
    """What to do where a comment stands already."""

    update = "update"
    new = "new"
    delete_and_new = "delete-and-new"
    hide_and_new = "hide-and-new"


class When(StrEnum):
    """When to write a comment."""

    changes = "changes"
    always = "always"
    never = "never"


PrOption = Annotated[
    int | None, typer.Option("--pr", metavar="N", min=1, help="The number (default: that of the job).")
]
RepoOption = Annotated[
    str | None, typer.Option("--repo", metavar="OWNER/NAME", help="Where it is (default: as the job says).")
]
DiffOption = Annotated[
    Path | None, typer.Option("--diff", metavar="FILE", help="What `costguard diff --format json` wrote.")
]
BodyOption = Annotated[
    Path | None, typer.Option("--body", metavar="FILE", help="Markdown instead; - is standard input.")
]
TagOption = Annotated[
    str, typer.Option("--tag", metavar="TAG", help="Tells several comments on one pull request apart.")
]
BehaviorOption = Annotated[
    BehaviorChoice, typer.Option("--behavior", help="Where one stands already (hide: GitHub only).")
]
WhenOption = Annotated[
    When,
    typer.Option(
        "--when", help="changes: a first comment only if a query or finding changed, or the gate failed."
    ),
]
HeadOption = Annotated[
    str | None, typer.Option("--head", metavar="SHA", help="The commit it is about (default: of the job).")
]
ValidAtOption = Annotated[
    str | None,
    typer.Option(
        "--valid-at",
        metavar="TIME",
        help="When the code was like that: what was written of a later time stays (default: of the job, else now).",
    ),
]


@dataclass(frozen=True, slots=True)
class _Options:
    """What was given on the command line."""

    pr: int | None
    repo: str | None
    diff: Path | None
    body: Path | None
    tag: str
    behavior: BehaviorChoice
    when: When
    head: str | None
    valid_at: str | None


@comment_app.command("github")
def github_command(
    pr: PrOption = None,
    repo: RepoOption = None,
    diff: DiffOption = None,
    body: BodyOption = None,
    tag: TagOption = "costguard",
    behavior: BehaviorOption = BehaviorChoice.update,
    when: WhenOption = When.changes,
    head: HeadOption = None,
    valid_at: ValidAtOption = None,
) -> None:
    """Write or update the comment on a pull request. The token is that of GITHUB_TOKEN; a failure is a warning only."""
    from costguard.hosts.github import API, GitHub
    from costguard.hosts.place import github_place

    def connect(place: Place, environment: Mapping[str, str]) -> Host | None:
        token = environment.get("GITHUB_TOKEN", "").strip()
        address = environment.get("GITHUB_API_URL") or API
        return GitHub(place.repository, place.number, token, address) if token else None

    given = _Options(pr, repo, diff, body, tag, behavior, when, head, valid_at)
    _comment(given, github_place, connect, _GITHUB_ADVICE)


@comment_app.command("gitlab")
def gitlab_command(
    pr: PrOption = None,
    repo: RepoOption = None,
    diff: DiffOption = None,
    body: BodyOption = None,
    tag: TagOption = "costguard",
    behavior: BehaviorOption = BehaviorChoice.update,
    when: WhenOption = When.changes,
    head: HeadOption = None,
    valid_at: ValidAtOption = None,
) -> None:
    """Write or update the note on a merge request. The token is that of GITLAB_TOKEN, else of CI_JOB_TOKEN; a failure
    is a warning only."""
    from costguard.hosts.gitlab import API, GitLab
    from costguard.hosts.place import gitlab_place

    if behavior is BehaviorChoice.hide_and_new:
        raise UsageProblem("--behavior hide-and-new: GitLab cannot hide a note; delete-and-new removes it")

    def connect(place: Place, environment: Mapping[str, str]) -> Host | None:
        address = environment.get("CI_API_V4_URL") or API
        token = environment.get("GITLAB_TOKEN", "").strip()
        if token:
            return GitLab(place.repository, place.number, token, "private", address)
        token = environment.get("CI_JOB_TOKEN", "").strip()
        return GitLab(place.repository, place.number, token, "job", address) if token else None

    given = _Options(pr, repo, diff, body, tag, behavior, when, head, valid_at)
    _comment(given, gitlab_place, connect, _GITLAB_ADVICE)


_GITHUB_ADVICE: Final = (
    "GITHUB_TOKEN is not set; give it to the step: `env: GITHUB_TOKEN: ${{ github.token }}`",
    "the job needs `permissions: pull-requests: write`; of a pull request from a fork the token may only read",
)
_GITLAB_ADVICE: Final = (
    "GITLAB_TOKEN is not set; make a project access token with the scope api, and a masked variable of it",
    "GITLAB_TOKEN has to be a token with the scope api; the token of a job may not write notes",
)
"""Of a token that is missing, and of one that is refused."""


def _comment(
    given: _Options,
    find: Callable[[Mapping[str, str], str | None, int | None], Place],
    connect: Callable[[Place, Mapping[str, str]], Host | None],
    advice: tuple[str, str],
) -> None:
    """Say it on the host, or else where the job can say it. The gate has decided before: whatever the host does, the
    exit code is 0."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from costguard.cli.request import parse_now
    from costguard.hosts.model import HostProblem
    from costguard.hosts.post import Draft, post
    from costguard.write import write_text

    if given.when is When.never:
        write_text("no comment: --when never\n", None)
        return
    words = _words(given)
    environment = os.environ
    place = find(environment, given.repo, given.pr)
    valid_at = (
        parse_now(given.valid_at, "--valid-at")
        if given.valid_at is not None
        else place.valid_at or datetime.now(UTC)
    )
    head = given.head or place.head or words.head
    worth_it = given.when is When.always or words.worth_a_comment
    draft = Draft(given.tag, valid_at, head, words.text(None), worth_it)
    draft.room(0)  # refuses a tag or a commit that cannot be used
    host = connect(place, environment)
    if host is None:
        _instead(draft.text, advice[0], environment)
        return
    draft = replace(draft, text=words.text(draft.room(host.limit)))
    try:
        outcome = post(host, draft, given.behavior.value)
    except HostProblem as problem:
        hint = f"; {advice[1]}" if problem.trouble in ("refused", "missing") else ""
        _instead(words.text(None), f"{problem}{hint}", environment)
        return
    if outcome.left is not None:
        _warn(f"older comments could not be tidied away: {outcome.left}")
    url = outcome.comment.url if outcome.comment is not None else None
    write_text(f"{_SAID[outcome.action]}{f': {url}' if url else ''}\n", None)


_SAID: Final[Mapping[Action, str]] = {
    "created": "comment created",
    "updated": "comment updated",
    "identical": "comment left as it is: it says the same",
    "older": "comment left as it is: it speaks of a later state of the code",
    "nothing-changed": "no comment: nothing changed, and none stands there",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """What is to be said."""

    text: Callable[[int | None], str]
    """Markdown of at most so many characters, where that can be chosen."""
    worth_a_comment: bool
    head: str | None
    """The commit that it is about, where that is known."""


def _words(given: _Options) -> _Words:
    """What a diff says, or a file.

    Raises:
        UsageProblem: neither or both are given, or what is given cannot be used.
    """
    if (given.diff is None) == (given.body is None):
        raise UsageProblem("what to say? Give either --diff FILE or --body FILE")
    if given.body is not None:
        text = _text(given.body)
        return _Words(lambda limit: text, True, None)
    assert given.diff is not None
    from costguard.diff.document import read_diff
    from costguard.diff.totals import listed_changes, same_cost_changes
    from costguard.render.diff_markdown import render_diff_markdown

    diff, verdict = read_diff(given.diff)
    findings = [item for item in diff.findings if item.state != "known"]
    violations = any(change.fresh for change in diff.policies)
    queries = listed_changes(diff) or same_cost_changes(diff)
    changed = queries or findings or violations or verdict.verdict != "pass"
    return _Words(lambda limit: render_diff_markdown(diff, verdict, limit), bool(changed), diff.head.commit)


def _text(path: Path) -> str:
    """The Markdown that is to be written.

    Raises:
        UsageProblem: it cannot be read, is too large, or says nothing.
    """
    from costguard.bounded_read import read_at_most, read_standard_input

    larger = "no comment is that large"
    if path == Path("-"):
        data = read_standard_input(LARGEST_BODY, larger)
    else:
        data = read_at_most(path, LARGEST_BODY, larger)
    text = data.decode("utf-8", "replace")
    if not text.strip():
        raise UsageProblem(f"{path}: is empty: there is nothing to say")
    return text


def _instead(text: str, why: str, environment: Mapping[str, str]) -> None:
    """Say it in the summary of the job, or else on standard output."""
    from costguard.hosts.body import clean
    from costguard.hosts.summary import add_to_summary
    from costguard.write import write_text

    summary = environment.get("GITHUB_STEP_SUMMARY")
    if summary and add_to_summary(clean(text), Path(summary)):
        _warn(f"no comment: {why}. What it says is in the summary of the job")
    else:
        _warn(f"no comment: {why}. What it says:")
        write_text(clean(text), None)


def _warn(text: str) -> None:
    from costguard.render.cells import harmless

    sys.stderr.write(f"costguard: warning: {harmless(text)}\n")
