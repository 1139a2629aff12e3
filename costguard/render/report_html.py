"""The weekly report as one HTML file: styles and charts inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

from markupsafe import Markup

from costguard.render.charts import Bar, bar_chart, ranked_chart
from costguard.render.currency import amount_text
from costguard.render.html_page import page_template
from costguard.render.report_view import NONE, View
from costguard.report.model import Report

_RANKED = 8


def report_html(report: Report, view: View) -> str:
    """The document. Every text is escaped; the template is costguard's own."""
    charts = [(title, Markup(chart)) for title, chart in _charts(report)]  # noqa: S704 - escaped texts and numbers
    return page_template("weekly.html.j2").render(view=view, charts=charts)


def _charts(report: Report) -> list[tuple[str, str]]:
    """(title, SVG)."""
    currency = report.currency
    first, last = report.days_of_week()
    days = [
        Bar(f"{day.day.day} {day.day:%b}", day.net, amount_text(day.net, currency), first <= day.day <= last)
        for day in report.days
    ]
    highest = max((day.net for day in report.days), default=report.totals.net)
    week = amount_text(report.totals.net, currency)
    what = f"{len(days)} days until {last.day} {last:%B %Y}; the bars of {report.week} are darker and add up to {week}."
    net = "Gross" if report.gross_only else "Net"
    charts = [(f"{net} by day", bar_chart(f"{net} by day", what, days, amount_text(highest, currency)))]
    services = [change for change in report.by["service"] if change.net][:_RANKED]
    if services:
        bars = [
            Bar(change.name or change.key or NONE, change.net, amount_text(change.net, currency))
            for change in services
        ]
        dearest = f"{bars[0].name} comes first with {bars[0].shown}."
        charts.append((f"{net} by service", ranked_chart(f"{net} by service", dearest, bars)))
    return charts
