"""Arguments and options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FailOn(StrEnum):
    """Severities that fail the gate."""

    error = "error"
    warning = "warning"
    note = "note"
    never = "never"


class Format(StrEnum):
    """Output for people or for programs."""

    text = "text"
    json = "json"


def _file_or_stream(output: Path | None) -> Path | None:
    """`-` is standard output, as elsewhere."""
    return None if output == Path("-") else output


FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", callback=_file_or_stream, help="Write there."),
]
ExportArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT",
        help="Files, directories and patterns (Parquet, NDJSON, JSON, CSV, Avro), or bigquery://.",
    ),
]

PayerOption = Annotated[
    str | None,
    typer.Option(
        "--project", metavar="PROJECT", help="Runs the queries of bigquery:// (default: of the credentials)."
    ),
]
MaxBytesOption = Annotated[
    int | None,
    typer.Option(
        "--max-bytes-billed",
        metavar="BYTES",
        min=1,
        help="What a query of bigquery:// may be charged for (100 GiB).",
    ),
]


def _path(text: str) -> Path:
    """A path of the code. An empty one, of a variable that is not set, would be the working directory."""
    if not text:
        raise typer.BadParameter("a path is empty; `.` is the working directory")
    return Path(text)


PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH", parser=_path, help="Files and directories to scan.")
]
OptionalPathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", parser=_path, help="Files and directories (default: here)."),
]


def usual_week(text: str | None) -> str | None:
    """A week of a year that has weeks around it; whether there is such a week, the calendar says."""
    if text is not None and text[:4].isdecimal():
        from costguard.cli.limits import check_year

        check_year("--week", text, int(text[:4]))
    return text


WeekOption = Annotated[
    str | None,
    typer.Option(
        "--week", metavar="WEEK", callback=usual_week, help="Only usage of this ISO week, such as 2026-W47."
    ),
]
JobsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--jobs", metavar="EXPORT", help="The job history: a file, directory or pattern (repeatable)."
    ),
]
BillingOption = Annotated[
    list[str] | None,
    typer.Option("--billing", metavar="EXPORT", help="The bill, for the prices of jobs (repeatable)."),
]
CatalogOption = Annotated[
    list[Path] | None,
    typer.Option("--catalog", metavar="FILE", help="What the warehouse holds (repeatable)."),
]
LocationOption = Annotated[
    str | None,
    typer.Option("--location", metavar="LOCATION", help="BigQuery location that sets the price, such as US."),
]
PricesOption = Annotated[
    Path | None, typer.Option("--prices", metavar="FILE", help="Prices of `costguard prices refresh`.")
]
ProjectOption = Annotated[
    str | None, typer.Option("--project", metavar="PROJECT", help="Default project of table names.")
]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", metavar="DATASET", help="Default dataset of table names.")
]
NowOption = Annotated[
    str | None, typer.Option("--now", metavar="TIME", help="The clock, such as 2026-11-01T00:00:00Z.")
]
DialectOption = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        metavar="DIALECT",
        help="SQL dialect of .sql files (default: that of the dbt profile, else bigquery).",
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="The baseline: what has been accepted (default: .costguard/baseline.json).",
    ),
]
NoBaselineOption = Annotated[bool, typer.Option("--no-baseline", help="Use no baseline.")]
ExitZeroOption = Annotated[
    bool | None, typer.Option("--exit-zero/--no-exit-zero", help="Exit with 0 although the gate failed.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Config file to use.")]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]
