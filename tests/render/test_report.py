"""One report in each format: the same figures, and nothing of the bill's own can act in any of them."""

from __future__ import annotations

import csv
import email
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.render.charts import Bar, bar_chart, ranked_chart
from costguard.render.report_csv import report_csv
from costguard.render.report_html import report_html
from costguard.render.report_json import report_json
from costguard.render.report_mail import report_mail
from costguard.render.report_markdown import report_markdown
from costguard.render.report_slack import report_slack
from costguard.render.report_view import Table, View, view_of
from costguard.report.code import CodeCosts
from costguard.report.model import Report
from costguard.report.weekly import build_report, week_of
from tests.history.bills import Row, parquet, without
from tests.render.html_elements import Elements
from tests.report.weeks import MONDAY, daily, from_the_week_before, weeks

NOW = datetime(2026, 9, 18, 6, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>|[x](http://e.vil)\x1b[31m@all\n=1+1"


def built(tmp_path: Path, rows: list[Row]) -> Report:
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    return build_report(charges, week_of("2026-W37", "UTC", NOW), NOW)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    rows = weeks(5)
    rows.append(
        daily(MONDAY + timedelta(days=2), 25.0, (("PROMOTION", -5.0),), sku__id="x", sku__description=HOSTILE)
    )
    rows.append(daily(MONDAY + timedelta(days=9), 1.0))
    return built(tmp_path, rows)


MARKDOWN = """# Cost of 2026-W37 (7 September to 13 September 2026)

**$90.00 net, +$20.00 (+29 %) against the week before**

- Iterations: 7 at $12.86 each (7 at $10.00 in the week before): \
no change from their number, +$20.00 from what each costs, no change outside of them
- Attributed: $90.00 to iterations (100 %), $0.00 standing (0 %), $0.00 to neither (0 %)
- Gross: $95.00 in 8 rows
- Credits: -$5.00
- Before promotions: $95.00: promotional credits of -$5.00 pay, and lower no price
- Usual: $70.00 (the median of the four weeks before); +$20.00 (+29 %) against it
- Invoices: $90.00 on the invoice of 202609
- Forecast 2026-09: $320.00 ($320.00 to $320.00); $150.00 in 13 closed days, 17 days left
- Labelled: 100 % of net has the label team
- Freshness: exported until 2026-09-16 19:00 UTC; half of the rows 6.0 h after their usage, nine of ten 6.0 h

"""


def test_markdown(report: Report) -> None:
    text = report_markdown(view_of(report, "1.2.3"))
    assert text.startswith(MARKDOWN)
    assert "\n> " not in text
    assert "| project Shop " in text
    assert (
        "\\<script\\>alert(1)\\</script\\>\\|\\[x\\](http:\u200b//e.vil)␛\\[31m\\@\u200ball␊=1+1 (new)"
        in text
    )
    assert "| Wed\u00a09\u00a0Sep | $35.00 | $10.00 |" in text
    assert text.endswith("Made by costguard 1.2.3 at 2026-09-18 06:00 UTC.\n")


def test_json(report: Report) -> None:
    document = json.loads(report_json(report))
    assert document["totals"] == {
        "gross": "95.00",
        "credits": "-5.00",
        "promotions": "-5.00",
        "net": "90.00",
        "net_previous_week": "70.00",
        "net_median": "70.00",
        "rows": 8,
    }
    assert (document["version"], document["week"], document["currency"]) == (1, "2026-W37", "USD")
    assert (document["start"], document["end"]) == ("2026-09-07T00:00:00Z", "2026-09-14T00:00:00Z")
    assert document["complete"] is True
    assert document["reconciliation"] == [
        {"invoice_month": "202609", "gross": "95.00", "credits": "-5.00", "net": "90.00"}
    ]
    assert document["by"]["sku"][1] == {
        "id": "x",
        "name": HOSTILE,
        "rows": 1,
        "net": "20.00",
        "net_previous_week": "0.00",
    }
    assert [row["id"] for row in document["by"]["phase"]] == ["preprocessing", "unclassified"]
    assert len(document["iterations"]) == 7
    assert document["iterations"][4] == {
        "id": "shop@2026-09-09T12:00",
        "evidence": "time",
        "start": "2026-09-09T12:00:00Z",
        "end": "2026-09-09T13:00:00Z",
        "rows": 2,
        "net": "30.00",
        "by_phase": {"preprocessing": "10.00", "unclassified": "20.00"},
        "jobs": 0,
        "bytes_billed": 0,
        "commit": None,
        "comment": None,
        "whole": None,
    }
    assert document["volume"] == {
        "iterations": 7,
        "iterations_previous_week": 7,
        "net_per_iteration": "12.857142857",
        "net_per_iteration_previous_week": "10.00",
        "change_by_number": "0.00",
        "change_by_cost": "20.00",
    }
    assert document["attribution"] == {
        "to_iterations": "90.00",
        "to_code": None,
        "standing": "0.00",
        "standing_parts": [],
        "unattributed": "0.00",
        "reasons": [],
    }
    assert document["queries"] == []
    assert document["code"] is None
    assert document["anomalies"][0]["day"] == "2026-09-09"
    assert document["anomalies"][0]["score"] is None  # all Wednesdays cost the same
    assert document["forecast"] == {
        "month": "2026-09",
        "to_date": "150.00",
        "closed_days": 13,
        "days_left": 17,
        "low": "320.00",
        "point": "320.00",
        "high": "320.00",
    }
    assert document["freshness"]["lag_hours_p90"] == 6.0


def test_csv(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(report))))
    assert rows[0] == {
        "week": "2026-W37",
        "dimension": "total",
        "id": "",
        "name": "",
        "rows": "8",
        "net": "90.00",
        "net_previous_week": "70.00",
        "currency": "USD",
        "gross_only": "false",
    }
    services = [row for row in rows if row["dimension"] == "service"]
    assert [(row["id"], row["net"]) for row in services] == [("24E6-581D-38E5", "90.00")]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(tmp_path: Path, name: str) -> None:
    rows = list(
        csv.DictReader(io.StringIO(report_csv(built(tmp_path, [daily(MONDAY, 1.0, sku__description=name)]))))
    )
    assert next(row for row in rows if row["dimension"] == "sku")["name"] == f"'{name}"


def test_html(report: Report) -> None:
    text = report_html(report, view_of(report, "1.2.3"))
    elements = Elements(text)
    assert "script" not in elements.found
    assert "link" not in elements.found
    assert elements.addresses == elements.handlers == elements.open == []
    assert "url(" not in text
    assert "@import" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert elements.found.count("svg") == 2
    assert elements.found.count("rect") == 35 + 1  # a bar a day, one for the service
    assert text.count('role="img"') == 2
    assert 'aria-label="Net by day. 35 days until 13 September 2026;' in text
    assert "$90.00 net, +$20.00 (+29 %) against the week before" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_slack(report: Report) -> None:
    message = json.loads(report_slack(view_of(report, "1.2.3")))
    assert message["text"].endswith("$90.00 net, +$20.00 (+29 %) against the week before")
    assert message["blocks"][0]["type"] == "header"
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3000
    shown = json.dumps(message)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_what_is_said_below_a_row() -> None:
    table = Table(
        "Queries", ("", "net"), (("a.sql:1", "$1.00"), ("b.sql:2", "$2.00")), None, (0,), ("", "<fix> `it`")
    )
    view = View("t", "h", (("a", "b"),), (), (table,), "f")
    assert r"- b.sql:2: \<fix\> \`it\`" in report_markdown(view)
    assert "- a.sql:1:" not in report_markdown(view)
    shown = json.loads(report_slack(view))["blocks"][4]["text"]["text"]
    assert shown.endswith("b.sql:2  $2.00\n  > &lt;fix&gt; 'it'```")


def test_slack_cuts_by_rows_and_blocks() -> None:
    row = ("x" * 100, "$1.00")
    table = Table("Large", ("", "net"), (row,) * 60)
    message = json.loads(report_slack(View("t" * 200, "h", (("a", "b"),), (), (table,) * 40, "f")))
    assert len(message["blocks"]) == 49  # 3 at the head, 22 tables of 2 blocks, how many are left, the foot
    assert message["blocks"][-2]["text"]["text"] == "18 more tables are in the report."
    assert message["blocks"][-1]["type"] == "context"
    assert len(message["blocks"][0]["text"]["text"]) == 150
    cut = message["blocks"][4]["text"]["text"]
    assert len(cut) <= 3000
    assert cut.endswith(" more rows```")
    assert all(line.endswith("$1.00") for line in cut.split("\n")[2:-1])


def test_mail(report: Report) -> None:
    view = view_of(report, "1.2.3")
    text, html = report_markdown(view), report_html(report, view)
    mail = report_mail(
        view.title,
        view.headline,
        text,
        html,
        NOW,
        "Bills <bills@example.com>",
        "a@example.com, b@example.com",
    )
    assert mail == report_mail(
        view.title,
        view.headline,
        text,
        html,
        NOW,
        "Bills <bills@example.com>",
        "a@example.com, b@example.com",
    )
    message = email.message_from_string(mail, policy=default)
    assert message["Subject"].startswith("Cost of 2026-W37")
    assert message["To"] == "a@example.com, b@example.com"
    assert message["Date"] == "Fri, 18 Sep 2026 06:00:00 +0000"
    plain, rich = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == text
    assert rich.get_content().replace("\r\n", "\n") == html
    assert rich.get_content_type() == "text/html"


@pytest.mark.parametrize("address", ["", "nobody", "a@b.ch\nBcc: c@d.ch", "a@b.ch, nobody", "ü@b.ch"])
def test_no_mail_address(address: str) -> None:
    with pytest.raises(UsageProblem, match="is no mail address"):
        report_mail("t", "h", "x", "<p>", NOW, "a@example.com", address)


def test_another_currency(tmp_path: Path) -> None:
    before = MONDAY - timedelta(weeks=1)
    report = built(tmp_path, [daily(before, 0.0, currency="CHF"), daily(MONDAY, 12.5, currency="CHF")])
    view = view_of(report, "1")
    assert view.headline == "CHF 12.50 net, +CHF 12.50 against the week before"
    assert "$" not in report_markdown(view)


def test_a_bill_without_credits_says_so_in_every_format(tmp_path: Path) -> None:
    rows = [without(row, "credits") for row in weeks(2)]
    report = built(tmp_path, rows)
    view = view_of(report, "1")
    assert view.headline == "$70.00 gross, as in the week before"
    assert dict(view.facts)["Credits"] == "unknown: the bill has none"
    warning = "Gross only: some files of the bill have no credits, so what is called net is before them, and too high."
    assert warning in view.warnings
    assert "before credits, which the bill lacks" in view.footer
    for text in (report_markdown(view), report_html(report, view), report_slack(view)):
        assert warning in text
    assert "Gross by day" in report_html(report, view)
    assert json.loads(report_json(report))["gross_only"] is True
    assert {row["gross_only"] for row in csv.DictReader(io.StringIO(report_csv(report)))} == {"true"}


def test_a_bill_with_credits_is_not_gross(report: Report) -> None:
    assert json.loads(report_json(report))["gross_only"] is False
    assert "Gross only" not in report_markdown(view_of(report, "1"))


def code_of(**changes: Any) -> CodeCosts:
    """Four jobs for 20, of which three for 15 are in the code."""
    costs = CodeCosts(
        *((), 4, 3, 4, 0, Decimal(20), Decimal(15), Decimal(0), 0),
    )
    return replace(costs, **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "$15.00 of the $20.00 (75 %) that 4 jobs cost on demand, by the bill, come from the code"),
        (
            {"by_bill": False, "never_run": 1, "unpriced_jobs": 2},
            "$15.00 of the $20.00 (75 %) that 4 jobs cost on demand, at list prices, before discounts, come from the "
            "code; 2 jobs more of unknown cost; 1 query of the code did not run",
        ),
        (
            {"priced_jobs": 0, "unpriced_jobs": 7, "usd": Decimal(0), "to_code": Decimal(0)},
            "no job has a known cost on demand; 7 jobs of unknown cost",
        ),
    ],
)
def test_how_much_of_what_queries_cost_is_in_the_code(
    report: Report, changes: dict[str, Any], text: str
) -> None:
    found = replace(report, code=code_of(**changes), prices="6.25 USD/TiB, of the bill")
    assert dict(view_of(found, "1").facts)["Queries"] == text
    document = json.loads(report_json(found))
    assert document["prices"] == "6.25 USD/TiB, of the bill"
    assert document["code"]["net"] == (None if "usd" in changes else "20.00")
    assert "Jobs are priced at 6.25 USD/TiB, of the bill. Made by" in view_of(found, "1").footer


def test_what_makes_the_report_again_is_in_every_format_that_people_read(report: Report) -> None:
    view = view_of(report, "1", "costguard report --billing 'a <b>'")
    assert report_markdown(view).endswith("\n\nAgain: `costguard report --billing 'a <b>'`\n")
    assert "<p>Again: <code>costguard report --billing &#39;a &lt;b&gt;&#39;</code></p>" in report_html(
        report, view
    )
    assert "Again: costguard report --billing 'a &lt;b&gt;'" in report_slack(view)


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        (-5.0, 75.97, "$75.97 net, +$80.97 against the week before"),  # a refund is nothing to take a part of
        (-10.0, -25.0, "-$25.00 net, -$15.00 against the week before"),
        (0.001, 50.0, "$50.00 net, +$50.00 against the week before"),
        (0.01, 50.0, "$50.00 net, +$49.99 (more than +1,000 %) against the week before"),
        (10.0, 110.0, "$110.00 net, +$100.00 (+1,000 %) against the week before"),
    ],
)
def test_shares_of_refunds_and_of_next_to_nothing(
    tmp_path: Path, before: float, now: float, text: str
) -> None:
    view = view_of(built(tmp_path, [daily(MONDAY - timedelta(weeks=1), before), daily(MONDAY, now)]), "1")
    assert view.headline == text
    (table,) = [table for table in view.tables if table.title == "By service"]
    assert table.rows[0][3] in text


def test_a_week_of_two_years_names_both(report: Report) -> None:
    assert view_of(replace(report, week="2026-W53"), "1").title == (
        "Cost of 2026-W53 (28 December 2026 to 3 January 2027)"
    )


def test_shares_add_up_to_a_hundred(tmp_path: Path) -> None:
    """Of 3.00 each third is 33.33 %: they were 33, 33 and 33."""
    rows = [
        daily(MONDAY, 1.0),
        daily(MONDAY, 1.0, cost_type="tax", project=None),
        daily(MONDAY, 1.0, project=None, labels=[]),
    ]
    assert dict(view_of(built(tmp_path, rows), "1").facts)["Attributed"] == (
        "$1.00 to iterations (34 %), $1.00 standing (33 %), $1.00 to neither (33 %)"
    )


def test_what_is_used_all_day_is_said_in_words_beside_the_week_before(tmp_path: Path) -> None:
    """A machine of 0.50 an hour runs all of both weeks, 84.00 each; tax of 3.00 was paid in the week before."""
    before = datetime(2026, 8, 31, tzinfo=UTC)
    rows = [
        daily(
            MONDAY,
            0.5,
            usage_start_time=before + timedelta(hours=hour),
            usage_end_time=before + timedelta(hours=hour + 1),
            export_time=before + timedelta(hours=hour + 6),
            labels=[],
        )
        for hour in range(14 * 24)
    ]
    rows.append(daily(MONDAY - timedelta(days=3), 3.0, cost_type="tax", project=None))
    view = view_of(built(tmp_path, rows), "1")
    (apart,) = [table for table in view.tables if table.title == "In no iteration"]
    assert apart.heads == ("", "rows", "net", "week before")
    assert apart.rows == (
        ("standing: tax", "0", "$0.00", "$3.00"),
        (
            "not attributed: no label, and in use for more than 24 h without a pause of 2 h",
            *("168", "$84.00", "$84.00"),
        ),
    )


def test_a_long_table_still_adds_up(tmp_path: Path) -> None:
    rows = [
        daily(MONDAY, float(20 - number), sku__id=f"sku-{number}", sku__description=None)
        for number in range(15)
    ]
    table = next(
        table
        for table in view_of(built(tmp_path, from_the_week_before(*rows)), "1").tables
        if table.title == "By SKU"
    )
    assert len(table.rows) == 11
    assert table.rows[0][:3] == ("sku-0", "$0.00", "$20.00")
    assert table.rows[-1][:3] == ("6 others", "$0.00", "$40.00")  # 10 + 9 + 8 + 7 + 6 + 0


def test_what_is_provisional_is_said(tmp_path: Path) -> None:
    view = view_of(built(tmp_path, weeks(5)), "1")
    assert view.warnings == (
        "Provisional: rows of usage from 2026-09-11 on are still expected, so the week may become dearer.",
    )


def test_what_is_in_no_iteration(tmp_path: Path) -> None:
    rows = [
        daily(MONDAY, 10.0),
        daily(MONDAY, 3.0, cost_type="tax", project=None),
        daily(MONDAY, 2.0, project=None, labels=[]),
        daily(MONDAY - timedelta(weeks=1), 0.0, cost_type="tax", project=None),
    ]
    view = view_of(built(tmp_path, rows), "1")
    apart = next(table for table in view.tables if table.title == "In no iteration")
    assert apart.rows == (
        ("standing: tax", "1", "$3.00", "$0.00"),
        ("not attributed: no label, and of no project", "1", "$2.00", "$0.00"),
    )
    facts = dict(view.facts)
    assert facts["Iterations"] == "1 at $10.00 each; none in the week before"
    assert facts["Attributed"] == (
        "$10.00 to iterations (67 %), $3.00 standing (20 %), $2.00 to neither (13 %)"
    )


def test_what_changed_outside_of_iterations_closes_the_sum(tmp_path: Path) -> None:
    """From 11.00 to 28.50: one iteration more (10.00), both dearer by 2.00, and 3.50 more of tax."""
    before = MONDAY - timedelta(days=7)
    rows = [
        daily(before, 10.0),
        daily(before, 1.0, cost_type="tax", project=None),
        daily(MONDAY, 12.0),
        daily(MONDAY + timedelta(days=2), 12.0),
        daily(MONDAY, 4.5, cost_type="tax", project=None),
    ]
    view = view_of(built(tmp_path, rows), "1")
    assert view.headline == "$28.50 net, +$17.50 (+159 %) against the week before"
    assert dict(view.facts)["Iterations"] == (
        "2 at $12.00 each (1 at $10.00 in the week before): +$10.00 from their number, +$4.00 from what each costs, "
        "+$3.50 outside of them"
    )


def test_a_part_below_zero_has_no_shares(tmp_path: Path) -> None:
    rows = [daily(MONDAY, 10.0), daily(MONDAY, -2.0, project=None, labels=[])]
    view = view_of(built(tmp_path, rows), "1")
    assert dict(view.facts)["Attributed"] == "$10.00 to iterations, $0.00 standing, -$2.00 to neither"


def test_more_iterations_than_are_shown(tmp_path: Path) -> None:
    rows = [
        daily(
            MONDAY + timedelta(hours=0),
            float(number),
            labels=[{"key": "cg_iteration", "value": f"run-{number:02}"}],
        )
        for number in range(1, 14)
    ]
    table = next(table for table in view_of(built(tmp_path, rows), "1").tables if table.title == "Iterations")
    assert len(table.rows) == 11
    assert table.rows[-1][:3] == ("3 earlier", "", "$36.00")  # 11, 12 and 13 come last by their names


def test_bars_below_zero_hang_from_the_axis() -> None:
    chart = bar_chart("t", "d", [Bar("a", Decimal(3), "3"), Bar("b", Decimal(-1), "-1", current=False)], "3")
    assert '<rect class="bar now" x="96.8" y="10" width="262.4" height="111">' in chart  # 3/4 of 148
    assert '<rect class="bar" x="424.8" y="121" width="262.4" height="37">' in chart
    assert "<title>b: -1</title>" in chart


def test_charts_of_nothing_and_of_markup() -> None:
    assert "<svg" in bar_chart("t", "d", [], "0")
    assert "<svg" in ranked_chart("t", "d", [])
    assert "<b>" not in ranked_chart("<b>", "<b>", [Bar("<b>", Decimal(0), "<b>")])
