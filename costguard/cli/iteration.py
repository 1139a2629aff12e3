"""`costguard iteration start | end | status`: stamps iterations, and keeps the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costguard.errors import UsageProblem

iteration_app = typer.Typer(
    name="iteration",
    help="Begin and end an iteration: a label for its jobs, and a line in the ledger.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

VARIABLE = "COSTGUARD_ITERATION"
"""The environment variable that holds the label's value."""

LedgerOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The ledger (default: .costguard/iterations.jsonl of the project)."),
]
CommentOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What this iteration is about, or how it went.")
]
ExportOption = Annotated[
    bool, typer.Option("--export", help='Print only a line for the shell: eval "$(costguard iteration ...)".')
]
NowOption = Annotated[str | None, typer.Option(metavar="TIME", help="The clock (default: the real one).")]


def ledger_path(given: Path | None) -> Path:
    """The ledger that was named, or the one of the project: beside its config, else at the top of its work tree."""
    if given is not None:
        return given
    from costguard.config import find_config
    from costguard.history.commit import work_tree
    from costguard.history.ledger import LEDGER

    config = find_config(Path())
    folder = config.parent if config is not None else work_tree(Path()) or Path()
    return folder / LEDGER


def ledger_to_read(given: Path | None) -> Path:
    """The same for a command that begins none: the project need not have a ledger, but one that is named is there.

    Raises:
        UsageProblem: it is not.
    """
    if given is not None and not given.exists():
        raise UsageProblem(
            f"{given}: no such file; `costguard iteration start --ledger FILE` begins a ledger"
        )
    return ledger_path(given)


@iteration_app.command("start")
def start_command(
    comment: CommentOption = None,
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id (default: from the time and the commit).")
    ] = None,
    ledger: LedgerOption = None,
    export: ExportOption = False,
    now: NowOption = None,
) -> None:
    """Begin an iteration, and say which label its jobs must have."""
    from costguard.cli.request import parse_now
    from costguard.history.commit import current_commit
    from costguard.history.ledger import start
    from costguard.render.iteration import started_text
    from costguard.write import write_text

    path = ledger_path(ledger)
    entry = start(path, parse_now(now), current_commit(Path()), comment, id)
    write_text(f"export {VARIABLE}={entry.id}\n" if export else started_text(entry, path, VARIABLE), None)


@iteration_app.command("end")
def end_command(
    comment: CommentOption = None,
    id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", envvar=VARIABLE, help="Which one (default: the only one that is open)."
        ),
    ] = None,
    ledger: LedgerOption = None,
    export: ExportOption = False,
    now: NowOption = None,
) -> None:
    """End an iteration."""
    from costguard.cli.request import parse_now
    from costguard.history.ledger import end
    from costguard.render.iteration import ended_text
    from costguard.write import write_text

    path = ledger_path(ledger)
    entry = end(path, parse_now(now), id or None, comment)
    write_text(f"unset {VARIABLE}\n" if export else ended_text(entry), None)


@iteration_app.command("status")
def status_command(ledger: LedgerOption = None, now: NowOption = None) -> None:
    """Say which iterations are open, and which one ended last."""
    from costguard.cli.request import parse_now
    from costguard.history.ledger import read_ledger
    from costguard.render.iteration import status_text
    from costguard.write import write_text

    write_text(status_text(read_ledger(ledger_to_read(ledger)), parse_now(now)), None)
