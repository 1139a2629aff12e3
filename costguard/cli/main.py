"""The command line. Commands import what they need when they run: `--help` loads nothing heavy."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from costguard import __version__
from costguard.cli.commands import Commands
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.crew import Crew

app = typer.Typer(
    name="costguard",
    cls=Commands,
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


def run() -> None:
    """The entry point: what the user must solve is one clear line on stderr and exit code 2."""
    gc.set_threshold(100_000, 20, 50)  # importing makes many objects, of which none is garbage
    _open_closed_streams()
    try:
        with _head_start(sys.argv[1:]) as started:
            app(prog_name="costguard", obj=started)
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


def program() -> None:
    """The installed script: `run`, and then no time is spent on giving back memory that the system takes anyway."""
    try:
        run()
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            raise end from None  # nobody reads any more: Python says so in its own way
        os._exit(end.code or 0)


def _open_closed_streams() -> None:
    """A stream that the caller has closed (`>&-`) leads nowhere. Python has None in its place, and the next file to be
    opened would get its number, with whatever is written to that number in it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _head_start(arguments: list[str]) -> AbstractContextManager[Crew | None]:
    """What a scan of many files can begin with before its options are understood."""
    if arguments[:1] != ["scan"]:
        return nullcontext()
    from costguard.cli.user_cache import user_cache_directory
    from costguard.head_start import head_start

    return head_start(arguments[1:], user_cache_directory()) or nullcontext()


def _interrupted() -> None:
    sys.stderr.write("costguard: interrupted\n")


def _fail(text: str) -> None:
    from costguard.render.cells import harmless

    for line in text.splitlines():
        sys.stderr.write(f"costguard: {harmless(line)}\n")
    sys.exit(2)
