"""Whatever the bill: its order, its files and their form change no figure, and every format shows the same ones."""

from __future__ import annotations

import csv
import html
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from costguard.history.charges import load_charges
from costguard.render.currency import amount_text
from costguard.render.report_csv import report_csv
from costguard.render.report_html import report_html
from costguard.render.report_json import report_document
from costguard.render.report_markdown import report_markdown
from costguard.render.report_slack import report_slack
from costguard.render.report_view import NONE, ROWS, View, view_of
from costguard.report.model import Report
from costguard.report.weekly import ReportSettings, build_report, week_of
from tests.history.bills import Row, array, charge, flat, focus, lines, parquet

NOW = datetime(2026, 9, 15, 6, tzinfo=UTC)
START = datetime(2026, 8, 24, tzinfo=UTC)
EXAMPLES = 6
WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
"""A bill of forty rows takes minutes to become smaller."""


@st.composite
def bills(draw: st.DrawFn) -> list[Row]:
    """Up to three weeks until the week of the report, in all orders, with all that reports tell apart. Amounts are
    eighths, so that a sum of binary numbers (FOCUS bills after credits) is exact."""
    rows = []
    for number in range(draw(st.integers(1, 40))):
        begin = START + timedelta(hours=draw(st.integers(0, 24 * 21 - 1)))
        sku = draw(st.sampled_from("abcdefghijklmn"))
        team = draw(st.sampled_from([None, "ml", "<b>|x", "=1+1"]))
        labels = [{"key": "team", "value": team}] if team is not None else []
        if draw(st.booleans()):
            labels.append({"key": "cg_iteration", "value": draw(st.sampled_from("uvw"))})
        rows.append(
            charge(
                draw(st.integers(-8, 400)) / 8,
                draw(
                    st.sampled_from([(), (("DISCOUNT", -0.5),), (("PROMOTION", -1.25), ("DISCOUNT", -0.125))])
                ),
                usage_start_time=begin,
                usage_end_time=begin + timedelta(hours=draw(st.sampled_from([1, 1, 1, 24 * 28]))),
                # No two rows alike: a file of rows that stand in another one was left by an older export.
                export_time=begin + timedelta(hours=draw(st.integers(1, 60)), seconds=number),
                invoice__month=f"{begin:%Y%m}",
                sku__id=sku,
                sku__description=f"{draw(st.sampled_from(['Long Term Storage', 'Core', 'Egress']))} {sku}",
                service__id=draw(st.sampled_from(["24E6-581D-38E5", "6F81-5844-456A"])),
                service__description=draw(st.sampled_from(["BigQuery", "Compute Engine"])),
                project=draw(st.sampled_from([None, {"id": "p", "name": None, "labels": []}])),
                labels=labels,
                cost_type=draw(st.sampled_from(["regular", "regular", "tax"])),
            )
        )
    return rows


def built(*paths: str) -> Report:
    week = week_of("2026-W37", "UTC", NOW)
    return build_report(load_charges(paths), week, NOW, ReportSettings(("team",)))


def is_reported(rows: list[Row]) -> bool:
    """Some charge is of the week or of the one before, and some was exported when the week had begun."""
    return any(row["usage_start_time"] >= START + timedelta(days=7) for row in rows) and any(
        row["export_time"] > START + timedelta(days=14) for row in rows
    )


def split(folder: Path, rows: list[Row]) -> list[str]:
    half = len(rows) // 2
    parts = [part for part in (rows[half:], rows[:half]) if part]
    return [parquet(folder / f"part{number}.parquet", part) for number, part in enumerate(parts)]


def shuffled(folder: Path, rows: list[Row]) -> list[str]:
    return [parquet(folder / "shuffled.parquet", random.Random(len(rows)).sample(rows, len(rows)))]


def written(write: Callable[[Path, list[Row]], str], name: str) -> Callable[[Path, list[Row]], list[str]]:
    return lambda folder, rows: [write(folder / name, rows)]


FORMS: dict[str, Callable[[Path, list[Row]], list[str]]] = {
    "shuffled": shuffled,
    "split": split,
    "lines": written(lines, "bill.ndjson"),
    "packed": written(lines, "bill.ndjson.gz"),
    "array": written(array, "bill.json"),
    "csv": written(flat, "bill.csv"),
    "focus": written(focus, "focus.parquet"),
}


@pytest.mark.parametrize("form", FORMS)
def test_another_form_of_the_bill_gives_the_same_report(
    form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=WITHOUT_SHRINKING)
    @given(rows=bills().filter(is_reported))
    def check(rows: list[Row]) -> None:
        folder = tmp_path_factory.mktemp("bill")
        expected = report_document(built(parquet(folder / "bill.parquet", rows)))
        assert report_document(built(*FORMS[form](folder, rows))) == expected

    check()


# -- formats -------------------------------------------------------------------------------------------

Cells = list[list[str]]


def amounts_of(document: dict[str, Any], view: View) -> Iterator[tuple[str, str]]:
    """(what the view says, what the document's figure reads as)."""

    def text(amount: str) -> str:
        return amount_text(Decimal(amount), document["currency"])

    totals, facts = document["totals"], dict(view.facts)
    held = totals["net_previous_week"] is not None
    yield view.headline.partition(" net")[0], text(totals["net"])
    yield facts["Gross"].partition(" in ")[0], text(totals["gross"])
    yield facts["Credits"], text(totals["credits"])
    months = (
        f"{text(month['net'])} on the invoice of {month['invoice_month']}"
        for month in document["reconciliation"]
    )
    yield facts["Invoices"], " + ".join(months) or NONE
    tables = {table.title: table.rows for table in view.tables}
    titles = {
        "phase": "By phase",
        "service": "By service",
        "project": "By project",
        "sku": "By SKU",
        "day": "By day",
    }
    for dimension, rows in document["by"].items():
        shown = tables[titles.get(dimension, "By " + dimension.replace(":", " "))]
        for row, cells in zip(rows, shown, strict=False):
            if cells[0].endswith(" others"):
                break
            if held:
                yield cells[1], text(row["net_previous_week"])
            yield cells[1 + held], text(row["net"])
        if len(shown) < len(rows):
            rest = rows[ROWS:]
            yield shown[-1][0], f"{len(rest)} others"
            yield shown[-1][1 + held], text(str(sum(Decimal(row["net"]) for row in rest)))
    for iteration, cells in zip(document["iterations"][:ROWS], tables.get("Iterations", ()), strict=False):
        yield cells[0], iteration["id"]
        yield cells[2], text(iteration["net"])
    apart = [*document["attribution"]["standing_parts"], *document["attribution"]["reasons"]]
    there = [cells for cells in tables.get("In no iteration", ()) if cells[1] != "0"]
    for one, cells in zip(apart, there, strict=True):  # what only the week before had is in the table, too
        yield cells[2], text(one["net"])
    for one, cells in zip(document["waste"][:ROWS], tables.get("Waste", ()), strict=False):
        yield cells[3], text(one["net"])


def markdown_tables(text: str) -> list[Cells]:
    tables: list[Cells] = []
    for line in text.splitlines():
        if not line.startswith("| "):
            continue
        cells = [re.sub(r"\\(.)", r"\1", cell).strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if all(re.fullmatch(r"-+:?", cell) for cell in cells):
            tables.append([])  # what came before is its head
        elif tables and "---" not in line:
            tables[-1].append(cells)
    # The head of each next table was taken for a row of the one before.
    return [table[:-1] if number < len(tables) - 1 else table for number, table in enumerate(tables)]


class Tables(HTMLParser):
    """The cells of the tables, rows of remarks left out."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Cells] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tbody":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])  # of a next table's head, without cells: it goes at the end
        elif tag == "td" and "colspan" not in dict(attrs):
            self.inside = True
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.inside = False
        elif tag == "html":
            self.tables = [[row for row in table if row] for table in self.tables]

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data


@settings(max_examples=EXAMPLES * 2, deadline=None, derandomize=True, phases=WITHOUT_SHRINKING)
@given(rows=bills().filter(is_reported))
def test_every_format_shows_the_same_figures(
    rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> None:
    report = built(parquet(tmp_path_factory.mktemp("bill") / "bill.parquet", rows))
    document, view = report_document(report), view_of(report, "0")
    for shown, figure in amounts_of(document, view):
        assert shown == figure

    told = [[[cell.strip() for cell in row] for row in table.rows] for table in view.tables]
    parted = report_markdown(view).replace("\u200b", "")  # so that nothing becomes a mention
    assert markdown_tables(parted) == told
    parser = Tables()
    parser.feed(report_html(report, view))
    for shown, wanted in zip(parser.tables, told, strict=True):
        assert [[cell.strip() for cell in row] for row in shown] == wanted
    blocks = json.loads(report_slack(view))["blocks"]
    slack = [html.unescape(block["text"]["text"]) for block in blocks if block["type"] == "section"]
    for table in view.tables:
        (text,) = [text for text in slack if text.startswith(f"*{table.title}*\n")]
        if "more rows" not in text:
            assert all(cell in text for row in table.rows for cell in row)

    lines_of = list(csv.DictReader(io.StringIO(report_csv(report))))
    assert [(row["net"], row["net_previous_week"], row["rows"]) for row in lines_of] == [
        (str(one["net"]), one["net_previous_week"] or "", str(one["rows"]))
        for one in (document["totals"], *(row for rows in document["by"].values() for row in rows))
    ]
