"""Arguments and options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """Output for people or for programs."""

    text = "text"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.")]
ExportArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT...", help="Files, directories and patterns: Parquet, NDJSON, JSON, CSV, Avro."
    ),
]
