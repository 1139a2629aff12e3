"""A bill that stays in BigQuery: it does the adding up, and only sums come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from costguard.cloud.bigquery import MINIMUM_BYTES_BILLED, BigQuery
from costguard.errors import UsageProblem
from costguard.estimate.price import UnknownLocationError, price_book
from costguard.history.cells import CellRequest, cells_schema, cells_sql, charges_of_cells
from costguard.history.charge_sql import (
    INGESTION_TIME,
    BillTable,
    Statement,
    TableName,
    bill_table,
    table_name,
)
from costguard.history.exports import SCHEME
from costguard.history.rollup import Period
from costguard.history.rollup_sql import one_currency, roll_ups_sql, rolled_up, rolled_up_together
from costguard.money import TIB, format_bytes

if TYPE_CHECKING:
    import polars as pl

    from costguard.history.charges import Charges

DEFAULT_LIMIT: Final = 100 << 30
"""Bytes that one report may be charged for unless the user says otherwise: 0.61 US dollars at 6.25 a TiB."""


MOST_CELLS: Final = 2_000_000
"""Sums that come back for a report or for iterations: some 100 bytes each, as JSON some 500."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query took."""

    about: str
    estimated: int | None
    """Bytes by the dry run; None when BigQuery could not tell."""
    billed: int | None
    usd: Decimal | None
    """At the list price of the location, before any free tier; None when bytes or price are not known."""
    rows: int
    """Of the answer."""


@dataclass(frozen=True, slots=True)
class PushedDown:
    """Sums of a bill, and what it took to get them."""

    table: BillTable
    rolled: Mapping[str, pl.DataFrame]
    """By dimension, the columns of `roll_up`."""
    together: Mapping[tuple[str, ...], pl.DataFrame]
    """By dimensions, the columns of `roll_up_together`."""
    currency: str | None
    estimated: int | None
    """Bytes by the dry run; None when BigQuery could not tell."""
    billed: int | None
    usd: Decimal | None
    """At the list price of the location, before any free tier; None when bytes or price are not known."""


def source_table(given: Sequence[str]) -> TableName | None:
    """The table that `bigquery://project.dataset.table` names; None when files are given.

    Raises:
        UsageProblem: it names none, or other sources stand beside it.
    """
    found = [item for item in given if item.startswith(SCHEME)]
    if not found:
        return None
    if len(given) > 1:
        raise UsageProblem(
            f"{found[0]}: a table of BigQuery is read alone; its sums are not those of other files"
        )
    return table_name(found[0].removeprefix(SCHEME))


def roll_ups(
    client: BigQuery,
    name: TableName,
    dimensions: Sequence[str],
    period: Period,
    zone: str,
    limit: int,
    together: Sequence[tuple[str, ...]] = (),
) -> PushedDown:
    """The sums of a period by each dimension, and by those that are given `together`.

    Raises:
        UsageProblem: the table cannot be read or is no billing export, the query would read more than `limit` bytes, or
            what is added up has more than one currency.
    """
    table, location = described(client, name)
    statement = roll_ups_sql(table, dimensions, period, zone, together)
    estimated = affordable(client, statement, location, str(name), limit)
    answer = client.rows(
        statement.sql, location, max(limit, MINIMUM_BYTES_BILLED), statement.parameters, str(name)
    )
    return PushedDown(
        table=table,
        rolled=rolled_up(answer.rows, dimensions),
        together=rolled_up_together(answer.rows, dimensions, together),
        currency=one_currency(answer.rows),
        estimated=estimated,
        billed=answer.bytes_billed,
        usd=list_usd(answer.bytes_billed, location),
    )


def cells(
    client: BigQuery, name: TableName, request: CellRequest, limit: int, most: int = MOST_CELLS
) -> tuple[Charges, Asked]:
    """Charges, added up by BigQuery as far as a report or a list of iterations can take it.

    Raises:
        UsageProblem: the table cannot be read or is no billing export, the query would read more than `limit` bytes, or
            its answer has more than `most` rows.
    """
    table, location = described(client, name)
    statement = cells_sql(table, request)
    estimated = affordable(client, statement, location, str(name), limit)
    answer = client.frame(
        *(statement.sql, location, max(limit, MINIMUM_BYTES_BILLED), statement.parameters, str(name)),
        cells_schema(request),
        most,
    )
    billed = answer.bytes_billed
    asked = Asked(str(name), estimated, billed, list_usd(billed, location), answer.frame.height)
    return charges_of_cells(answer.frame, table, request), asked


def described(client: BigQuery, name: TableName) -> tuple[BillTable, str | None]:
    """A billing export, and where it is.

    Raises:
        UsageProblem: it cannot be read, or is none.
    """
    description = client.table(name.project, name.dataset, name.table)
    return bill_of(name, description), description.get("location")


def bill_of(name: TableName, description: Mapping[str, Any]) -> BillTable:
    """A billing export, as `tables.get` tells of it.

    Raises:
        UsageProblem: it is none.
    """
    unit = (description.get("timePartitioning") or {}).get("type", "DAY")
    return bill_table(name, column_types(description), _partition(description), unit)


def affordable(
    client: BigQuery, statement: Statement, location: str | None, about: str, limit: int
) -> int | None:
    """The bytes that a query would read, by a dry run; None when BigQuery cannot tell.

    Raises:
        UsageProblem: more than `limit`.
    """
    estimated = client.dry_run(statement.sql, location, about, statement.parameters).bytes
    if estimated is not None and estimated > limit:
        raise UsageProblem(
            f"{about}: the query would read {format_bytes(estimated)}, more than {format_bytes(limit)}; choose a "
            "--week, or allow more with --max-bytes-billed"
        )
    return estimated


def list_usd(billed: int | None, location: str | None) -> Decimal | None:
    """What bytes cost in a location by the list, before any free tier; None when either is not known."""
    if billed is None or location is None:
        return None
    try:
        return price_book().price(location) * billed / TIB
    except UnknownLocationError:
        return None


def column_types(description: Mapping[str, Any]) -> dict[str, str]:
    """The type of each column and of each field of a struct, by its dotted path, as `tables.get` tells them."""
    return dict(_columns(description["schema"]["fields"]))


def _columns(fields: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[tuple[str, str]]:
    """(dotted path, type) of each column and each field of a struct. Those below a list have no path."""
    for field in fields:
        path = f"{above}{field['name']}"
        yield path, field["type"]
        if field["type"] in ("RECORD", "STRUCT") and field.get("mode") != "REPEATED":
            yield from _columns(field.get("fields", ()), f"{path}.")


def _partition(description: Mapping[str, Any]) -> str | None:
    """What the table is partitioned by, where that is a time that cannot lie before a charge's usage."""
    found = description.get("timePartitioning")
    if found is None:
        return None
    field = found.get("field")
    if field is None:
        return INGESTION_TIME
    return field if field.lower() in _NOT_BEFORE_USAGE else None


_NOT_BEFORE_USAGE: Final = frozenset(
    {"usage_start_time", "usage_end_time", "export_time", "chargeperiodstart", "x_exporttime"}
)
