"""`costguard query`: SQL over the fact tables and findings."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from costguard.cli.options import (
    BillingOption,
    CatalogOption,
    ConfigOption,
    DatasetOption,
    DialectOption,
    JobsOption,
    LocationOption,
    NoCacheOption,
    NowOption,
    OptionalPathsArgument,
    OutputOption,
    PricesOption,
    ProjectOption,
)
from costguard.errors import UsageProblem


class QueryFormat(StrEnum):
    """Output formats of `query`."""

    text = "text"
    json = "json"
    csv = "csv"


def query_command(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="A SELECT over the fact tables (see rules/README.md).")
    ],
    paths: OptionalPathsArgument = None,
    catalog: CatalogOption = None,
    location: LocationOption = None,
    prices: PricesOption = None,
    project: ProjectOption = None,
    dataset: DatasetOption = None,
    now: NowOption = None,
    dialect: DialectOption = None,
    format: Annotated[QueryFormat, typer.Option("--format", help="Output format.")] = QueryFormat.text,
    output: OutputOption = None,
    jobs: JobsOption = None,
    billing: BillingOption = None,
    config: ConfigOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Ask the fact tables a question of your own; with --jobs and --billing also jobs, charges and iterations."""
    from dataclasses import replace

    from costguard.cli.request import Options, build_request, config_for
    from costguard.history.exports import find_export
    from costguard.judge.free_query import asks_for_findings, run_free_query
    from costguard.pipeline import frames_of
    from costguard.write import check_output, write_text

    check_output(output)
    options = Options(
        *(paths or [Path()], catalog or (), location, project, dataset, now, dialect, (), config, no_cache),
        prices=prices,
        jobs=jobs,
    )
    request = build_request(options, config_for(options))
    if billing:
        request = replace(request, bills=tuple(find_export(billing)))
    frame = run_free_query(sql, frames_of(request, judged=asks_for_findings(sql)))
    if format is QueryFormat.csv:
        nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
        if nested:
            raise UsageProblem(f"a list does not fit into CSV: {', '.join(nested)}; use --format json")
        from costguard.render.spreadsheet import without_formulas

        write_text(without_formulas(frame).write_csv(), output)
    elif format is QueryFormat.json:
        write_text(json.dumps({"version": 1, "rows": frame.to_dicts()}, indent=2, default=str) + "\n", output)
    else:
        import polars as pl

        from costguard.render.amounts import counted
        from costguard.render.cells import harmless

        with pl.Config(
            tbl_rows=-1,
            tbl_cols=-1,
            tbl_width_chars=-1,  # a row is a line: what does not fit would be broken within words
            fmt_str_lengths=60,
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
        ):
            table = "\n".join(map(harmless, str(frame).split("\n")))
        write_text(f"{table}\n{counted(frame.height, 'row')}\n", output)
