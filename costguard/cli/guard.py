"""`costguard guard`: `suggest`, `plan`, `apply`, `export`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costguard.cli.options import (
    CatalogOption,
    ConfigOption,
    Format,
    FormatOption,
    JobsOption,
    LocationOption,
    NoCacheOption,
    NowOption,
    OutputOption,
    PricesOption,
    ProjectOption,
)
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from costguard.cli.request import Options
    from costguard.config import Config
    from costguard.guards.declared import Guards
    from costguard.guards.evidence import Evidence
    from costguard.guards.past_stops import PastStop
    from costguard.guards.plan import State, Subject
    from costguard.guards.suggestions import CodeCheck


class SuggestFormat(StrEnum):
    """How suggestions are written."""

    text = "text"
    json = "json"
    toml = "toml"


guard_app = typer.Typer(
    help="What stops spend before it happens: limits, quotas, filters, expirations, alerts.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CodeArgument = Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="The code to check.")]
ClientProjectOption = Annotated[
    str | None,
    typer.Option(
        "--project", metavar="PROJECT", help="Makes the requests (default: of the config or credentials)."
    ),
]


@guard_app.callback()
def guard() -> None:
    """What stops spend before it happens: limits, quotas, filters, expirations, alerts."""


@guard_app.command("suggest")
def suggest_command(
    paths: CodeArgument = None,
    jobs: JobsOption = None,
    billing: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPORT", help="The bill, for time limits of machines (repeatable)."),
    ] = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    now: NowOption = None,
    format: Annotated[
        SuggestFormat, typer.Option("--format", help="toml: as the config declares it.")
    ] = SuggestFormat.text,
    output: OutputOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Suggest guards from history, code, catalog and bill. Each with its arithmetic, what it stops, and its trap."""
    from costguard.cli.request import Options
    from costguard.cli.terminal import text_width
    from costguard.guards.declared import declared_guards
    from costguard.guards.suggest import suggest
    from costguard.write import check_output, write_text

    check_output(output)
    given = paths or []
    file = config if config is not None else _config_file(given)
    options = Options(
        given,
        catalog=catalog or (),
        location=location,
        project=project,
        now=now,
        config=file,
        no_cache=no_cache,
        prices=prices,
        jobs=jobs,
    )
    settings = _settings(file)
    if not (given or jobs or billing or catalog or settings.catalog):
        raise UsageProblem(
            "nothing to suggest from: give --jobs EXPORT, --billing EXPORT, --catalog FILE or PATH"
        )
    declared = declared_guards(settings)
    found = suggest(_evidence(options, settings, billing), declared)
    if format is SuggestFormat.json:
        from costguard.render.guards_json import suggestions_json

        text = suggestions_json(found)
    elif format is SuggestFormat.toml:
        from costguard.guards.config_text import config_text

        text = config_text(found, _head(file), _folder(settings))
    else:
        from costguard.render.guards import suggestions_text

        text = suggestions_text(found, text_width(output))
    write_text(text, output)


@guard_app.command("plan")
def plan_command(
    paths: CodeArgument = None,
    jobs: JobsOption = None,
    catalog: CatalogOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: partition filters as the catalog has them.")
    ] = False,
    project: ClientProjectOption = None,
    now: NowOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Hold declared guards against what is there. Changes nothing. Exit code 2 when some state is not known."""
    from costguard.cli.guard_changes import client_for, planned
    from costguard.guards.plan import subjects_of
    from costguard.render.guard_plan import plan_text
    from costguard.render.guards_json import plan_json
    from costguard.write import check_output, write_text

    check_output(output)
    file = config if config is not None else _config_file(paths or [])
    settings = _settings(file)
    guards = _declared(settings)
    subjects = subjects_of(guards)
    states: dict[Subject, State]
    if offline:
        states = _catalog_states(catalog, settings, subjects)
    else:
        from costguard.cloud.guards import read_states

        states = read_states(client_for(project, settings, subjects), subjects) if subjects else {}
    items = planned(guards, states, now)
    code = _code_check(paths, guards, catalog, settings, file, now) if paths else None
    past = _past_stops(jobs, guards) if jobs else None
    if format is Format.json:
        text = plan_json(items, code, past)
    else:
        text = plan_text(items, code, past, limited=_limited(guards))
    write_text(text, output)
    if any(item.action == "unreadable" for item in items):
        raise typer.Exit(2)


@guard_app.command("apply")
def apply_command(
    delete_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE",
            help="Also set the expiration that is declared for this table, which DELETES DATA (repeatable).",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    project: ClientProjectOption = None,
    now: NowOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Set declared partition filters and expirations. Nothing else of a table is touched, and nothing where it is no
    longer as it was read. Exit code 1 when something could not be set."""
    from costguard.cli.guard_changes import (
        CONFLICT,
        FAILED,
        ask,
        carried_out,
        check_named,
        client_for,
        planned,
        without_deletions,
    )
    from costguard.guards.plan import changes_of, subjects_of
    from costguard.render.guard_plan import plan_text, results_text
    from costguard.render.guards_json import plan_json
    from costguard.write import check_output, write_text

    check_output(output)
    settings = _settings(config if config is not None else _config_file([]))
    guards = _declared(settings)
    check_named(delete_from or [], guards)
    subjects = subjects_of(guards)
    results: dict[str, str] = {}
    items = planned(guards, {}, now)
    if subjects:
        from costguard.cloud.guards import read_states

        client = client_for(project, settings, subjects)
        states = read_states(client, subjects)
        items = planned(guards, states, now)
        wanted, results = without_deletions(items, frozenset(delete_from or ()))
        changes = changes_of(wanted, states)
        if changes and not dry_run:
            if not yes:
                sys.stderr.write(plan_text(items, None, None, limited=False))
                ask(changes)
            results |= carried_out(client, changes)
        else:
            results |= {str(change.subject): "would be set" for change in changes}
    if format is Format.json:
        text = plan_json(items, None, results=results)
    else:
        plan = plan_text(items, None, None, limited=_limited(guards))
        text = plan + ("\n" if results else "") + results_text(results)
    write_text(text, output)
    bad = any(item.action in ("unreadable", "unfit") for item in items)
    if bad or any(result.startswith((FAILED, CONFLICT)) for result in results.values()):
        raise typer.Exit(1)


@guard_app.command("export")
def export_command(
    terraform: Annotated[bool, typer.Option("--terraform", help="A .tf file.")] = False,
    gcloud: Annotated[bool, typer.Option("--gcloud", help="A shell script.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="ALTER statements.")] = False,
    include_destructive: Annotated[
        bool,
        typer.Option("--include-destructive", help="What DELETES DATA is no comment, but takes effect."),
    ] = False,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Write declared guards down as Terraform, gcloud or SQL."""
    from costguard.write import check_output, write_text

    if terraform + gcloud + sql != 1:
        raise UsageProblem("give one of --terraform, --gcloud, --sql")
    check_output(output)
    guards = _declared(_settings(config if config is not None else _config_file([])))
    if terraform:
        from costguard.guards.export_terraform import export_terraform

        text = export_terraform(guards, include_destructive)
    elif gcloud:
        from costguard.guards.export_gcloud import export_gcloud

        text = export_gcloud(guards, include_destructive)
    else:
        from costguard.guards.export_sql import export_sql

        text = export_sql(guards, include_destructive)
    write_text(text, output)


# -- the config ----------------------------------------------------------------------------------------


def _config_file(paths: Sequence[Path]) -> Path | None:
    """The config that holds for the first path that is there, or for the directory that this runs in."""
    from costguard.config import find_config

    return find_config(next((path for path in paths if path.exists()), Path()))


def _settings(file: Path | None) -> Config:
    from costguard.config import load_config

    return load_config(file)


def _declared(settings: Config) -> Guards:
    from costguard.guards.declared import declared_guards

    guards = declared_guards(settings)
    if guards.empty:
        raise UsageProblem(
            "no guards are declared in the config; `costguard guard suggest --format toml` writes some down"
        )
    return guards


def _limited(guards: Guards) -> bool:
    from costguard.guards.declared import MaxBytes

    return guards.max_bytes != MaxBytes()


def _head(file: Path | None) -> str:
    """Where guards stand in the config: a costguard.toml may do without `[tool.costguard]`, but not partly."""
    if file is None or file.name == "pyproject.toml":
        return "tool.costguard.guards"
    import tomllib

    return "tool.costguard.guards" if "tool" in tomllib.loads(file.read_text("utf-8")) else "guards"


def _folder(settings: Config) -> str:
    """The config's folder as paths of the code begin with it."""
    folder = os.path.relpath(settings.folder)
    return "" if folder == "." else Path(folder).as_posix()


# -- evidence ------------------------------------------------------------------------------------------


def _evidence(options: Options, settings: Config, billing: Sequence[str] | None) -> Evidence:
    from dataclasses import replace

    from costguard.cli.progress import Reporter
    from costguard.cli.request import build_request
    from costguard.history.exports import find_export
    from costguard.pipeline import guard_evidence

    request = build_request(options, settings)
    if billing:
        request = replace(request, bills=tuple(find_export(billing)))
    with Reporter(quiet=False) as reporter:
        return guard_evidence(request, settings.report_labels, reporter.progress)


def _code_check(
    paths: Sequence[Path],
    guards: Guards,
    catalog: Sequence[Path] | None,
    settings: Config,
    file: Path | None,
    now: str | None,
) -> CodeCheck | None:
    from costguard.cli.request import Options
    from costguard.guards.suggest import suggest

    options = Options(paths, catalog=catalog or (), now=now, config=file)
    return suggest(_evidence(options, settings, None), guards).code


def _past_stops(jobs: Sequence[str], guards: Guards) -> tuple[PastStop, ...]:
    from costguard.guards.evidence import on_demand
    from costguard.guards.past_stops import past_stops
    from costguard.history.jobs import load_jobs

    return past_stops(on_demand(load_jobs(jobs).frame), guards.max_bytes)


def _catalog_states(
    catalog: Sequence[Path] | None, settings: Config, subjects: Sequence[Subject]
) -> dict[Subject, State]:
    from costguard.catalog.load import load_catalog
    from costguard.guards.plan import catalog_states

    files = catalog or [settings.folder / path for path in settings.catalog]
    return catalog_states(load_catalog(files), subjects)
