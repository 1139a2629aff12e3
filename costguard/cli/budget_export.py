"""`costguard budget export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costguard.cli.options import ConfigOption, OutputOption
from costguard.errors import UsageProblem


def export_command(
    terraform: Annotated[
        bool, typer.Option("--terraform", help="As `google_billing_budget` resources.")
    ] = False,
    gcloud: Annotated[
        bool, typer.Option("--gcloud", help="As a script of `gcloud billing budgets create`.")
    ] = False,
    output: OutputOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the declared budgets for somebody else who may create them. Nothing is asked of Google."""
    from costguard.budgets.declared import declared_budgets
    from costguard.budgets.export_gcloud import gcloud as as_script
    from costguard.budgets.export_terraform import terraform as as_terraform
    from costguard.config import find_config, load_config
    from costguard.write import check_output, write_text

    if terraform == gcloud:
        raise UsageProblem("say what to write: either --terraform or --gcloud")
    check_output(output)
    budgets = declared_budgets(load_config(config if config is not None else find_config(Path())))
    if not budgets:
        raise UsageProblem(
            "the config declares no budgets ([[tool.costguard.budgets]]); `costguard budget suggest --format toml` "
            "proposes some"
        )
    write_text((as_terraform if terraform else as_script)(budgets), output)
