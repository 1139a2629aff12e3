"""The weekly report as a table for a spreadsheet: one row for each key of each dimension."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Final

from costguard.money import decimal_string
from costguard.render.spreadsheet import cell_text
from costguard.report.model import Report

_HEADS: Final = (
    "week",
    "dimension",
    "id",
    "name",
    "rows",
    "net",
    "net_previous_week",
    "currency",
    "gross_only",
)


def report_csv(report: Report) -> str:
    """RFC 4180, with a head. A name that a spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(_HEADS)
    totals = report.totals
    told = (report.currency, "true" if report.gross_only else "false")
    writer.writerow(
        (
            *(report.week, "total", "", "", totals.rows),
            *(decimal_string(totals.net), _amount(totals.net_before), *told),
        )
    )
    for dimension, found in report.by.items():
        for change in found:
            names = (cell_text(change.key), cell_text(change.name), change.rows)
            amounts = (decimal_string(change.net), _amount(change.net_before), *told)
            writer.writerow((report.week, dimension, *names, *amounts))
    return stream.getvalue()


def _amount(amount: Decimal | None) -> str:
    """Empty when it is not known."""
    return decimal_string(amount) if amount is not None else ""
