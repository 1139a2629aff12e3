"""What a bill holds, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from costguard.history.charges import PROMOTION, Charges, Summary
from costguard.history.rollup import Sum
from costguard.history.rollup_tables import Combination, RollUp
from costguard.money import decimal_string, format_bytes, format_usd
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.currency import amount_text
from costguard.render.times import moment, stamp

if TYPE_CHECKING:
    from costguard.cloud.bill import PushedDown

VERSION: Final = 1
_SHAPES: Final = {"standard": "standard usage cost", "detailed": "detailed usage cost", "focus": "FOCUS"}
_FORMATS: Final = {"parquet": "Parquet", "ndjson": "NDJSON", "json": "JSON", "csv": "CSV", "avro": "Avro"}
_GROSS_ONLY: Final = "there are no credits in some files: their amounts are gross, and the net is too high"


Rolled = Sequence[RollUp]
"""The tables of `--by`."""


def charges_text(charges: Charges, summary: Summary, rolled: Rolled) -> str:
    """The summary, a fact a line; amounts to the cent."""
    lines = (*_lines(charges, summary), *_rolled(rolled, summary.currency))
    return "".join(harmless(line).rstrip() + "\n" for line in lines)


def pushed_text(pushed: PushedDown, rolled: Rolled) -> str:
    """What BigQuery added up, and what that took."""
    lines = [
        f"Table      {pushed.table.name} ({_SHAPES[pushed.table.shape]})",
        f"Partition  {pushed.table.partition or 'none: all of it is read, whatever the time'}",
        f"Added up   by BigQuery: {_billed(pushed)}",
        *_rolled(rolled, pushed.currency),
    ]
    return "".join(harmless(line).rstrip() + "\n" for line in lines)


def _billed(pushed: PushedDown) -> str:
    if pushed.billed is None:
        return "it did not tell what it charged for"
    price = f", {format_usd(pushed.usd)} at list price" if pushed.usd is not None else ""
    return f"{format_bytes(pushed.billed)} billed{price}"


def pushed_json(pushed: PushedDown, rolled: Rolled) -> str:
    """The document that `docs/history.md` describes."""
    document = {
        "version": VERSION,
        "table": str(pushed.table.name),
        "export": pushed.table.shape,
        "partition": pushed.table.partition,
        "bytes_estimated": pushed.estimated,
        "bytes_billed": pushed.billed,
        "usd": decimal_string(pushed.usd) if pushed.usd is not None else None,
        "currency": pushed.currency,
        "by": _by(rolled),
    }
    return json.dumps(document, indent=2) + "\n"


def _by(rolled: Rolled) -> dict[str, list[dict[str, Any]]]:
    return {
        table.title: [
            {
                **_keys(table.dimensions, item),
                "rows": item.rows,
                **_amounts(item.gross, item.credits, item.net),
            }
            for item in table.rows
        ]
        for table in rolled
    }


def _keys(dimensions: Sequence[str], item: Combination) -> dict[str, Any]:
    """`key` and `name`; of several dimensions `keys` and `names`, by dimension."""
    if len(dimensions) == 1:
        return {"key": item.keys[0], "name": item.names[0]}
    return {
        "keys": dict(zip(dimensions, item.keys, strict=True)),
        "names": dict(zip(dimensions, item.names, strict=True)),
    }


def _lines(charges: Charges, summary: Summary) -> Iterator[str]:
    files = charges.files
    kinds = Counter((_FORMATS[file.format], _SHAPES[file.shape]) for file in files)
    shown = ", ".join(f"{count} {form} ({shape})" for (form, shape), count in sorted(kinds.items()))
    yield f"Files      {shown}"
    yield f"Rows       {summary.rows:,}"
    if summary.first_usage is not None and summary.last_usage is not None:
        days = counted(summary.days, "day")
        yield f"Usage      {moment(summary.first_usage)} to {moment(summary.last_usage)}, {days} with usage"
    if summary.exported is not None:
        late = f"; nine of ten rows within {_hours(summary.late)} of their usage" if summary.late else ""
        yield f"Exported   until {moment(summary.exported)}{late}"
    for count, names in _missing(charges):
        where = "" if count == len(files) else f" (in {count} of {len(files)} files)"
        yield f"Missing    {', '.join(names)}{where}"
    if any("credits" in file.missing for file in files):
        yield f"           {_GROSS_ONLY}"
    apart = [
        *(f"{count:,} {kind}" for kind, count in summary.cost_types.items() if kind not in ("regular", None)),
        *([f"{summary.adjusted:,} with an adjustment"] if summary.adjusted else ()),
        *(
            [f"{summary.without_cost:,} without a cost, which count as nothing"]
            if summary.without_cost
            else ()
        ),
        *([f"{summary.without_project:,} without a project"] if summary.without_project else ()),
        *([f"{summary.refunds:,} below zero"] if summary.refunds else ()),
    ]
    if apart:
        yield f"Rows that  {', '.join(apart)}"
    yield ""
    yield from _table(summary)


def _table(summary: Summary) -> Iterator[str]:
    rows = [
        *(((month.key, month.name), month) for month in summary.months),
        (("total", None), Sum("total", None, summary.rows, summary.gross, summary.credits, summary.net)),
    ]
    yield from _columns(("invoice",), summary.currency, (((_shown(*key),), item) for key, item in rows))
    if summary.credit_types:
        yield ""
        width = max(len(kind or "(none)") for kind in summary.credit_types)
        for kind, amount in summary.credit_types.items():
            note = "  paid, no lower price" if kind == PROMOTION else ""
            yield f"credits of {(kind or '(none)').ljust(width)}  {amount_text(amount)}{note}"


def _rolled(rolled: Rolled, currency: str | None) -> Iterator[str]:
    for table in rolled:
        yield ""
        rows = ((tuple(map(_shown, item.keys, item.names)), item) for item in table.rows)
        yield from _columns(table.dimensions, currency, rows)


def _shown(key: str | None, name: str | None) -> str:
    if key is None:
        return "(none)"
    return name if name is not None else key or '""'


def _columns(
    heads: Sequence[str], currency: str | None, rows: Iterable[tuple[Sequence[str], Sum | Combination]]
) -> Iterator[str]:
    """A table of amounts, numbers to the right."""
    lines = [(*heads, "rows", "gross", "credits", f"net {currency or ''}".strip())]
    for keys, item in rows:
        gross, credits, net = map(amount_text, (item.gross, item.credits, item.net))
        lines.append((*keys, f"{item.rows:,}", gross, credits, net))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.ljust(width) if number < len(heads) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells)


def charges_json(charges: Charges, summary: Summary, rolled: Rolled) -> str:
    """The document that `docs/history.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "files": [
            {
                "path": str(file.path),
                "format": file.format,
                "export": file.shape,
                "missing": list(file.missing),
            }
            for file in charges.files
        ],
        "rows": summary.rows,
        "days": summary.days,
        "first_usage": stamp(summary.first_usage),
        "last_usage": stamp(summary.last_usage),
        "exported": stamp(summary.exported),
        "late_hours": round(summary.late.total_seconds() / 3600, 2) if summary.late is not None else None,
        "currency": summary.currency,
        **_amounts(summary.gross, summary.credits, summary.net),
        "promotions": decimal_string(summary.promotions),
        "gross_only": any("credits" in file.missing for file in charges.files),
        "invoice_months": [
            {
                "invoice_month": month.key,
                "rows": month.rows,
                **_amounts(month.gross, month.credits, month.net),
            }
            for month in summary.months
        ],
        "credit_types": _pairs("type", summary.credit_types),
        "cost_types": [{"type": kind, "rows": count} for kind, count in summary.cost_types.items()],
        "adjusted_rows": summary.adjusted,
        "rows_without_cost": summary.without_cost,
        "rows_without_project": summary.without_project,
        "rows_below_zero": summary.refunds,
        "by": _by(rolled),
    }
    return json.dumps(document, indent=2) + "\n"


def _amounts(gross: Decimal, credits: Decimal, net: Decimal) -> dict[str, str]:
    return {
        "gross": decimal_string(gross),
        "credits": decimal_string(credits),
        "net": decimal_string(net),
    }


def _pairs(name: str, amounts: Mapping[str | None, Decimal]) -> list[dict[str, str | None]]:
    return [{name: kind, "amount": decimal_string(amount)} for kind, amount in amounts.items()]


def _missing(charges: Charges) -> list[tuple[int, list[str]]]:
    """(in how many files, the columns that are missing there), the most common first."""
    counts = Counter(name for file in charges.files for name in file.missing)
    return [
        (number, sorted(name for name, count in counts.items() if count == number))
        for number in sorted(set(counts.values()), reverse=True)
    ]


def _hours(time: timedelta | None) -> str:
    hours = time.total_seconds() / 3600 if time is not None else 0
    return f"{hours:,.0f} h" if hours >= 1 else f"{hours * 60:,.0f} min"
