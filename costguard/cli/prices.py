"""`costguard prices refresh` and `costguard prices show`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costguard.cli.options import ConfigOption, Format, FormatOption, NowOption, OutputOption
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.config import Config
    from costguard.price_changes import PriceChanges
    from costguard.price_file import ListedSku, PriceFile

DEFAULT_FILE: Final = "prices.json"

prices_app = typer.Typer(
    name="prices",
    help="List prices: get Google's latest, and show which are in use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@prices_app.command("refresh")
def refresh_command(
    service: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE",
            help="Only this service: bigquery, bigquery-reservation, bigquery-storage, compute, dataproc, vertex-ai, "
            "storage, an id or a name (repeatable).",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The price file (default: that of the config, else prices.json).",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.1, max=3600, help="How long to wait for a page, repeats included."
        ),
    ] = 120.0,
    config: ConfigOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")] = False,
) -> None:
    """Write Google's public list prices of today to a file. Needs the network and Google credentials."""
    from datetime import UTC, datetime

    from costguard.cli.progress import Reporter
    from costguard.cloud.billing_calls import Patience
    from costguard.cloud.billing_catalog import catalog_client, fetch_prices
    from costguard.cloud.billing_endpoint import VARIABLE, loopback_endpoint
    from costguard.estimate.price_table import price_table
    from costguard.price_file import price_file_text
    from costguard.render.prices import refresh_text
    from costguard.write import check_output, write_text

    settings = _config(config)
    configured = settings.folder / settings.prices if settings.prices is not None else None
    path = output or configured or Path(DEFAULT_FILE)
    check_output(path)
    before = _before(path)
    given = os.environ.get(VARIABLE)
    endpoint = loopback_endpoint(given) if given else None
    patience = Patience(total=timeout, call=min(timeout, Patience().call))
    today = datetime.now(UTC).date()
    with Reporter(quiet) as reporter, catalog_client(endpoint) as client:
        fetched = fetch_prices(client, service or (), today, patience, reporter.note)
        for name in fetched.missing:
            reporter.note(f"the catalog lists no service {name!r}: it is not in the file")
        text = price_file_text(fetched.prices)
        write_text(text, path)
        if path != configured:
            reporter.note(f'a scan uses it with --prices {path}, or with prices = "{path}" in the config')
    changes = _changes(before, fetched.prices)
    write_text(
        refresh_text(path, fetched.prices, price_table(fetched.prices, None, settings.location), changes),
        None,
    )


@prices_app.command("show")
def show_command(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A price file (default: that of the config).")
    ] = None,
    service: Annotated[
        str | None, typer.Option(metavar="SERVICE", help="List the SKUs of this service of the file.")
    ] = None,
    location: Annotated[
        str | None, typer.Option(metavar="LOCATION", help="Only this location or region.")
    ] = None,
    now: NowOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
) -> None:
    """Say which prices are in use, how old they are, and how a price file differs from the list that ships."""
    from costguard.cli.request import parse_now
    from costguard.estimate.price_table import price_table
    from costguard.price_file import read_price_file
    from costguard.render.prices import PriceView, prices_json, prices_text
    from costguard.write import check_output, write_text

    check_output(output)
    settings = _config(config)
    configured = settings.folder / settings.prices if settings.prices is not None else None
    path = file or configured
    prices = read_price_file(path) if path is not None else None
    view = PriceView(
        table=price_table(prices, location if service is None else None, location or settings.location),
        file=prices,
        path=path,
        today=parse_now(now).date(),
        skus=_skus(prices, service, location) if service is not None else None,
    )
    render = prices_json if format is Format.json else prices_text
    write_text(render(view), output)


def _config(path: Path | None) -> Config:
    from costguard.config import find_config, load_config

    return load_config(path if path is not None else find_config(Path()))


def _before(path: Path) -> PriceFile | None:
    """The price file that a refresh replaces. Nothing else is overwritten.

    Raises:
        UsageProblem: there is another kind of file, or one that cannot be read.
    """
    from costguard.price_file import read_price_file

    if not path.exists():
        return None
    try:
        return read_price_file(path)
    except UsageProblem as problem:
        raise UsageProblem(
            f"{problem}. What is there is not overwritten: move it away, or choose another file with --output"
        ) from None


def _changes(before: PriceFile | None, after: PriceFile) -> PriceChanges | None:
    from costguard.price_changes import price_changes

    return price_changes(before, after) if before is not None else None


def _skus(prices: PriceFile | None, service: str, location: str | None) -> tuple[ListedSku, ...]:
    from costguard.cloud.billing_services import find_service

    if prices is None:
        raise UsageProblem(
            "--service needs a price file: the list that ships has no SKUs; `costguard prices refresh` writes one"
        )
    names = {listed.id: listed.name for listed in prices.services}
    identity = find_service(service, names)
    if identity is None:
        known = ", ".join(f"{name} ({key})" for key, name in sorted(names.items()))
        raise UsageProblem(f"--service {service}: not in the price file; it has {known or 'none'}")
    place = location.strip().lower() if location is not None else None
    return tuple(
        sku
        for sku in prices.of_service(identity)
        if place is None or sku.geography == "global" or place in map(str.lower, sku.regions)
    )
