"""The prices in use, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from costguard.estimate.price_table import PriceRow, PriceTable
from costguard.money import plain_decimal
from costguard.price_changes import PriceChanges
from costguard.price_file import ListedSku, PriceFile
from costguard.render.amounts import counted
from costguard.render.cells import harmless, text_width

VERSION: Final = 1
NAMED: Final = 3
"""SKUs that are named of those that were not recognised."""


@dataclass(frozen=True, slots=True)
class PriceView:
    """What `costguard prices show` shows."""

    table: PriceTable
    file: PriceFile | None
    path: Path | None
    today: date
    skus: tuple[ListedSku, ...] | None
    """Those of the service that was asked for; None when none was."""


def prices_text(view: PriceView) -> str:
    """The lists, a fact a line, and a table of what is in use."""
    lines = _sku_lines(view.skus) if view.skus is not None else _tables(view)
    return _harmless((*_head(view), "", *lines))


def refresh_text(path: Path, prices: PriceFile, table: PriceTable, changes: PriceChanges | None) -> str:
    """What a refresh wrote."""
    return _harmless(_refreshed(path, prices, table, changes))


def _harmless(lines: Iterable[str]) -> str:
    return "".join(f"{harmless(line).rstrip()}\n" for line in lines)


def _refreshed(
    path: Path, prices: PriceFile, table: PriceTable, changes: PriceChanges | None
) -> Iterator[str]:
    yield f"Written    {path}: list of {prices.as_of}"
    yield from _services(prices)
    yield from _recognised(table)
    if changes is not None:
        parts = (
            f"{counted(len(changes.changed), 'price')} changed",
            f"{len(changes.new):,} new",
            f"{len(changes.gone):,} gone",
        )
        yield f"Since then {', '.join(parts)}, against the file that was there"


def _head(view: PriceView) -> Iterator[str]:
    shipped = view.table.book.otherwise or view.table.book
    if view.file is not None:
        yield f"Prices     list of {view.file.as_of}, {_age(view.file.as_of, view.today)} ({view.path})"
        yield f"           {view.file.source}"
        yield from _services(view.file)
        yield from _recognised(view.table)
        yield f"Otherwise  list of {shipped.as_of}, {_age(_day(shipped.as_of), view.today)} (ships with costguard)"
    else:
        yield f"Prices     list of {shipped.as_of}, {_age(_day(shipped.as_of), view.today)} (ships with costguard)"
        yield f"           {shipped.source}"
        yield f"Machines   {view.table.machine_list.source}"


def _services(prices: PriceFile) -> Iterator[str]:
    counts = {service.id: 0 for service in prices.services}
    for sku in prices.skus:
        counts[sku.service] += 1
    label = "Services"
    for service in prices.services:
        left_out = f", {service.left_out:,} more left out" if service.left_out else ""
        yield f"{label:<10} {service.name or service.id}: {counted(counts[service.id], 'SKU')}{left_out}"
        label = ""


def _recognised(table: PriceTable) -> Iterator[str]:
    assert table.analysis is not None
    locations = counted(len(table.analysis.usd_per_tib), "location")
    machines = counted(len(table.machine_list.listed), "machine type")
    yield f"Used       on-demand analysis of {locations}; {machines} in {table.machine_list.region}"
    doubtful = table.analysis.not_recognised
    if doubtful:
        names = ", ".join(f"{sku.id} {sku.description!r}" for sku in doubtful[:NAMED])
        rest = f" and {counted(len(doubtful) - NAMED, 'more SKU')}" if len(doubtful) > NAMED else ""
        what = "of analysis whose location or price cannot be told"
        yield f"Not read   {counted(len(doubtful), 'SKU')} {what}: {names}{rest}"


def _tables(view: PriceView) -> Iterator[str]:
    table = view.table
    if view.file is not None:
        for what, rows in (("location", table.locations), ("machine type", table.machines)):
            compared = [row for row in rows if row.from_file and row.shipped is not None]
            differ = sum(row.differs for row in compared)
            verb = "differs" if differ == 1 else "differ"
            if compared:
                yield f"{differ:,} of {counted(len(compared), what)} in both lists {verb}"
        yield ""
    yield from _table("location", "USD/TiB", table.locations, view)
    yield ""
    known = [row for row in table.machines if row.shipped is not None]
    yield from _table(f"machine, {table.machine_list.region}", "USD/hour", known, view)
    more = len(table.machines) - len(known)
    if more:
        yield f"and {counted(more, 'more machine type')}: --format json lists them"


def _table(name: str, unit: str, rows: Sequence[PriceRow], view: PriceView) -> Iterator[str]:
    """Name, price in use, price that ships and how they differ; the last two only where there is a file."""
    lines = [(name, unit, "shipped", "")]
    for row in rows:
        shipped = plain_decimal(row.shipped) if row.shipped is not None else "-"
        lines.append((row.name, plain_decimal(row.usd), shipped, _remark(row)))
    if view.file is None:
        lines = [(first, second, "", "") for first, second, *_ in lines]
    widths = [max(text_width(line[column]) for line in lines) for column in range(3)]
    for first, second, third, remark in lines:
        yield f"{first.ljust(widths[0])}  {second.rjust(widths[1])}  {third.rjust(widths[2])}  {remark}"


def _remark(row: PriceRow) -> str:
    if not row.from_file:
        return "not in the file"
    if row.shipped is None or not row.differs:
        return ""
    return f"{(row.usd / row.shipped - 1) * 100:+.1f} %"


def _sku_lines(skus: Sequence[ListedSku]) -> Iterator[str]:
    yield counted(len(skus), "SKU")
    for sku in skus:
        usage = f", {sku.usage_type}" if sku.usage_type else ""
        regions = ", ".join(sku.regions) or sku.geography
        yield f"{sku.id}  {sku.description} ({regions}{usage}): {_tiers(sku)}"


def _tiers(sku: ListedSku) -> str:
    if not sku.tiers:
        return "no price"
    parts = [
        f"{plain_decimal(tier.price)}{f' from {plain_decimal(tier.start)}' if tier.start else ''}"
        for tier in sku.tiers
    ]
    return f"{', '.join(parts)} USD/{sku.unit}"


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _age(day: date, today: date) -> str:
    days = (today - day).days
    if days < 0:
        return f"dated {counted(-days, 'day')} ahead"
    return f"{counted(days, 'day')} old" if days else "of today"


def prices_json(view: PriceView) -> str:
    """The document that `docs/prices.md` describes."""
    table = view.table
    shipped = table.book.otherwise or table.book
    document: dict[str, Any] = {
        "version": VERSION,
        "file": _file(view),
        "shipped": _list(_day(shipped.as_of), shipped.source, view.today),
        "analysis": [
            {"location": row.name, "usd_per_tib": plain_decimal(row.usd), **_origin(row)}
            for row in table.locations
        ],
        "machines": [
            {"machine": row.name, "usd_per_hour": plain_decimal(row.usd), **_origin(row)}
            for row in table.machines
        ],
        "region": table.machine_list.region,
        "not_recognised": [_sku(sku) for sku in table.analysis.not_recognised]
        if table.analysis is not None
        else [],
        "skus": [_sku(sku) for sku in view.skus] if view.skus is not None else None,
    }
    return json.dumps(document, indent=2) + "\n"


def _file(view: PriceView) -> dict[str, Any] | None:
    if view.file is None:
        return None
    return {
        "path": str(view.path),
        **_list(view.file.as_of, view.file.source, view.today),
        "services": [
            {
                "id": service.id,
                "name": service.name,
                "skus": sum(1 for _ in view.file.of_service(service.id)),
                "left_out": service.left_out,
            }
            for service in view.file.services
        ],
    }


def _list(day: date, source: str, today: date) -> dict[str, Any]:
    return {"as_of": day.isoformat(), "age_days": (today - day).days, "source": source}


def _origin(row: PriceRow) -> dict[str, Any]:
    return {
        "from": "file" if row.from_file else "shipped",
        "shipped": _text(row.shipped),
        "differs": row.differs,
    }


def _text(amount: Decimal | None) -> str | None:
    return plain_decimal(amount) if amount is not None else None


def _sku(sku: ListedSku) -> dict[str, Any]:
    return {
        "id": sku.id,
        "description": sku.description,
        "usage_type": sku.usage_type,
        "regions": list(sku.regions),
        "unit": sku.unit,
        "tiers": [
            {"start": plain_decimal(tier.start), "price": plain_decimal(tier.price)} for tier in sku.tiers
        ],
    }
