"""The command line. Commands import what they need when they run: `--help` loads nothing heavy."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from costguard import __version__
from costguard.cli.catalog import catalog_app
from costguard.cli.charges import charges_command
from costguard.cli.doctor import doctor_command
from costguard.cli.explain import explain_command, rules_command
from costguard.cli.guard import guard_app
from costguard.cli.history import history_app
from costguard.cli.iteration import iteration_app
from costguard.cli.iterations import iterations_command
from costguard.cli.jobs import jobs_command
from costguard.cli.match import calibrate_command, match_command
from costguard.cli.prices import prices_app
from costguard.cli.query import query_command
from costguard.cli.report import report_command
from costguard.cli.scan import scan_command
from costguard.cli.test_rules import check_rules_command
from costguard.errors import UsageProblem

app = typer.Typer(
    name="costguard",
    help="What one iteration of your data or ML project costs, in dollars, line by line, offline.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"costguard {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What one iteration of your data or ML project costs, in dollars, line by line, offline."""


app.command("scan")(scan_command)
app.command("rules")(rules_command)
app.command("explain")(explain_command)
app.command("test-rules")(check_rules_command)
app.command("query")(query_command)
app.command("charges")(charges_command)
app.command("jobs")(jobs_command)
app.command("report")(report_command)
app.command("doctor")(doctor_command)
app.command("iterations")(iterations_command)
app.add_typer(iteration_app)
app.add_typer(catalog_app, name="catalog")
app.add_typer(guard_app, name="guard")
app.add_typer(history_app, name="history")
app.add_typer(prices_app, name="prices")
app.command("match")(match_command)
app.command("calibrate")(calibrate_command)


def run() -> None:
    """The entry point: what the user must solve is one clear line on stderr and exit code 2."""
    gc.set_threshold(100_000, 20, 50)  # importing makes many objects, of which none is garbage
    try:
        app()
    except UsageProblem as problem:
        _fail(str(problem))
    except KeyboardInterrupt:  # before typer has begun, or after it has ended
        _interrupted()
        sys.exit(130)
    except SystemExit as end:
        if end.code == 130:  # what typer makes of an interrupt
            _interrupted()
        raise
    except Exception as error:
        from costguard.cli.problems import explain_error

        text = explain_error(error)
        if text is None:
            if os.environ.get("COSTGUARD_TRACEBACK"):
                raise
            where = f"{type(error).__name__}: {error}".splitlines()[0]
            text = f"internal error ({where}); set COSTGUARD_TRACEBACK=1 for the details and please report it"
        _fail(text)
    finally:
        gc.freeze()  # the process ends: looking through all that a large scan holds would free nothing


def _interrupted() -> None:
    sys.stderr.write("costguard: interrupted\n")


def _fail(text: str) -> None:
    from costguard.render.cells import harmless

    for line in text.splitlines():
        sys.stderr.write(f"costguard: {harmless(line)}\n")
    sys.exit(2)
