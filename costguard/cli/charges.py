"""`costguard charges`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ChargesFormat(StrEnum):
    """Output formats of `charges`."""

    text = "text"
    json = "json"


def charges_command(
    export: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPORT...", help="Files, directories and patterns: Parquet, NDJSON, JSON, CSV, Avro."
        ),
    ],
    format: Annotated[ChargesFormat, typer.Option("--format", help="Output format.")] = ChargesFormat.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.")
    ] = None,
) -> None:
    """Say what a Cloud Billing export holds: rows, days, and what each invoice month comes to."""
    from costguard.history.charges import load_charges, summarise
    from costguard.render.charges import charges_json, charges_text
    from costguard.write import check_output, write_text

    check_output(output)
    charges = load_charges(export)
    summary = summarise(charges)
    render = charges_json if format is ChargesFormat.json else charges_text
    write_text(render(charges, summary), output)
