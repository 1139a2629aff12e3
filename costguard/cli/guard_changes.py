"""The tables and datasets of declared guards: what they are like, and what is set of them, with a person's consent."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import typer

from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.cloud.bigquery import BigQuery
    from costguard.config import Config
    from costguard.guards.declared import Guards
    from costguard.guards.plan import Change, PlanItem, State, Subject

FAILED: Final = "failed: "
CONFLICT: Final = "conflict: "
NOT_TRIED: Final = "not tried"


def client_for(project: str | None, settings: Config, subjects: Sequence[Subject]) -> BigQuery:
    """The client, in the project that is given, else that of the config, else that of the first table."""
    from costguard.cli.progress import note
    from costguard.cloud.bigquery import Access, BigQuery

    return BigQuery(Access(project or settings.project or subjects[0].project, label="guard"), note)


def planned(guards: Guards, states: dict[Subject, State], now: str | None) -> tuple[PlanItem, ...]:
    """The plan, as of the time that is given."""
    from costguard.cli.request import parse_now
    from costguard.guards.plan import plan_guards

    return plan_guards(guards, states, parse_now(now))


def check_named(names: Sequence[str], guards: Guards) -> None:
    """Refuse what is named for deletion and is not declared.

    Raises:
        UsageProblem: there is such a name.
    """
    declared = {str(guard.table) for guard in guards.expiration if guard.table is not None}
    for name in names:
        if name not in declared:
            raise UsageProblem(
                f"--delete-from {name}: no expiration of this table is declared; "
                f"declared: {', '.join(sorted(declared)) or 'none'}"
            )


def without_deletions(
    items: tuple[PlanItem, ...], named: frozenset[str]
) -> tuple[tuple[PlanItem, ...], dict[str, str]]:
    """What is sent, and what is left since it deletes data of a table that was not named."""
    left = {
        f"{item.subject} {item.setting}": f"left out: it deletes data; --delete-from {item.subject} sets it"
        for item in items
        if item.action == "set" and item.destructive and item.subject not in named
    }
    return tuple(item for item in items if not item.destructive or item.subject in named), left


def ask(changes: Sequence[Change]) -> None:
    """Ask a person.

    Raises:
        UsageProblem: there is none, or no is the answer.
    """
    if not sys.stdin.isatty():
        raise UsageProblem(
            "there is no terminal to ask on: give --yes, or --dry-run to see what would be sent"
        )
    from costguard.render.cells import harmless

    for change in changes:
        sys.stderr.write(harmless(f"  {change.subject}: {', '.join(change.settings)}") + "\n")
    if not typer.confirm("Set these?", default=False, err=True):
        raise UsageProblem("nothing was set")


def carried_out(client: BigQuery, changes: Sequence[Change]) -> dict[str, str]:
    """What came of each change. One that fails does not keep the others from being made, unless none can be (no
    network, no credentials): what was set before is told all the same."""
    from costguard.cloud.guards import carry_out
    from costguard.cloud.problems import ChangedUnderneath, NotReadable

    results = {str(change.subject): NOT_TRIED for change in changes}
    for change in changes:
        try:
            made = carry_out(client, change)
            results[str(change.subject)] = "set" if made else "was set already"
        except ChangedUnderneath as problem:
            results[str(change.subject)] = f"{CONFLICT}{problem}"
        except UsageProblem as problem:
            results[str(change.subject)] = f"{FAILED}{problem}"
            if not isinstance(problem, NotReadable):
                break
    return results
