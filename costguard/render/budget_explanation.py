"""An explained budget notification, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from costguard.budget_explanation import Explanation, FromBill, Question
from costguard.budgets.declared import PREFIX
from costguard.budgets.notification import Notification
from costguard.budgets.period import Days
from costguard.money import decimal_string, plain_decimal
from costguard.render.amounts import counted
from costguard.render.currency import amount_text, change_text
from costguard.render.report_json import (
    anomaly_document,
    budget_document,
    change_document,
    iteration_document,
    query_document,
)
from costguard.render.report_view import (
    Table,
    View,
    anomalies_table,
    harmless_view,
    iteration_rows,
    movers_table,
    queries_table,
)
from costguard.render.times import moment, stamp
from costguard.report.model import share_of

VERSION: Final = 1
_QUERIES: Final = 5
_DAYS: Final = 5
_CREDITS: Final = {"include-all": "after all credits", "exclude-all": "before credits"}

# -- for people ------------------------------------------------------------------------------------------


def explanation_view(explanation: Explanation, version: str) -> View:
    """The explanation in words: what, what grew, which iterations, which lines, and what to do."""
    question = explanation.question
    notification = question.notification
    tables = [table for table in _tables(explanation) if table.rows]
    return harmless_view(
        View(
            title=f"Budget {notification.display_name}",
            headline=_headline(notification),
            facts=tuple(_facts(explanation)),
            warnings=tuple(_warnings(explanation)),
            tables=tuple(tables),
            footer=f"Made by costguard {version} at {moment(explanation.now)}.",
        )
    )


def _headline(notification: Notification) -> str:
    currency = notification.currency or ""
    text = f"{amount_text(notification.cost, currency)} spent"
    if notification.amount is not None:
        share = f" ({notification.share * 100:,.0f} %)" if notification.share is not None else ""
        text += f" of {amount_text(notification.amount, currency)}{share}"
    crossed = []
    if notification.threshold is not None:
        crossed.append(f"the threshold of {_percent(notification.threshold)} is passed")
    if notification.forecast_threshold is not None:
        crossed.append(f"the forecast passes {_percent(notification.forecast_threshold)}")
    return f"{text}; {' and '.join(crossed) if crossed else 'no threshold was crossed'}"


def _percent(part: Decimal) -> str:
    return f"{plain_decimal(part * 100)} %"


def _facts(explanation: Explanation) -> Iterator[tuple[str, str]]:
    question, bill = explanation.question, explanation.bill
    notification = question.notification
    if notification.threshold is None and notification.forecast_threshold is None:
        yield "Message", "one of the updates that come several times a day, whatever the thresholds"
    if notification.last_period:
        yield "Amount", "what the period before came to"
    yield "Period", _period(question)
    yield "Covers", _covers(question, bill)
    if bill is not None:
        yield from _bill_facts(explanation, bill)
    if notification.published is not None:
        yield "Published", f"{moment(notification.published)}; Google's figure is up to a day late"


def _period(question: Question) -> str:
    days = question.days
    until = f" to {days.last}" if days.last is not None else " on"
    guess = "; the message does not tell how long it is" if question.guessed else ""
    return f"{days.first}{until} (days of Pacific time){guess}"


def _covers(question: Question, bill: FromBill | None) -> str:
    scope, source = question.scope, question.scope_source
    parts = [*scope.projects, *scope.services]
    if scope.label is not None:
        parts.append(f"label {'='.join(scope.label)}")
    what = ", ".join(parts) or "all of the billing account"
    kinds = scope.credits
    credits = _CREDITS[kinds] if isinstance(kinds, str) else f"after credits of type {', '.join(kinds)}"
    if source == "declared":
        return f"{what}, {credits} (as the config declares it)"
    if source == "given":
        return f"{what}, {credits} (as the options say)"
    note = "the config declares no budget of this name"
    if bill is None:
        return f"not known: {note}"
    return f"taken for {what}: {note}; --project, --service and --label narrow it"


def _bill_facts(explanation: Explanation, bill: FromBill) -> Iterator[tuple[str, str]]:
    span, currency = explanation.span, bill.currency
    if bill.last < span.now.first:
        return
    yield "Bill", f"{amount_text(bill.net, currency)} from {span.now.name}"
    if span.before is not None:
        change = bill.net_compared - bill.net_before
        share = share_of(change, bill.net_before)
        yield (
            "Change",
            f"{change_text(change, share, currency)}: {amount_text(bill.net_compared, currency)} from "
            f"{span.compared.name}, {amount_text(bill.net_before, currency)} from {span.before.name}",
        )
    state = bill.state
    if state is not None and state.forecast is not None:
        forecast = state.forecast
        low, high = amount_text(forecast.low, currency), amount_text(forecast.high, currency)
        yield (
            f"Forecast {forecast.period}",
            f"{amount_text(forecast.point, currency)} ({low} to {high}), {counted(forecast.days_left, 'day')} left: "
            f"{state.state}",
        )
    elif state is not None and state.note is not None:
        yield "Forecast", f"none: {state.note}"
    if bill.iterations_found:
        whole = amount_text(bill.to_iterations, currency)
        yield "Iterations", f"{whole} in {counted(bill.iterations_found, 'iteration')} of the period"
    if bill.exported is not None:
        yield "Freshness", f"the bill was exported until {moment(bill.exported)}"


def _steps(explanation: Explanation) -> Iterator[str]:
    """What to do, the most useful first."""
    bill, code = explanation.bill, explanation.code
    found = [query for query in code.queries if query.findings and query.usd > 0] if code is not None else []
    if found:
        first = found[0]
        yield (
            f"fix {first.path}:{first.start_line} first: {first.findings[0]}, {amount_text(first.usd, 'USD')} "
            "in the period"
        )
    if bill is None:
        yield "--billing EXPORT says what grew, and which iterations cost most"
    if code is None:
        yield "--jobs EXPORT --code PATH say which lines of code cost most"
    yield "a budget stops nothing: costguard guard suggest proposes limits that do"
    yield "hold each iteration in CI: costguard scan --max-usd-per-iteration, costguard diff --max-increase-usd"


def _warnings(explanation: Explanation) -> Iterator[str]:
    question, bill = explanation.question, explanation.bill
    notification = question.notification
    for note in notification.notes:
        yield f"{note[0].upper()}{note[1:]}."
    declared = question.declared
    if (
        declared is not None
        and isinstance(declared.amount, Decimal)
        and notification.amount is not None
        and declared.amount != notification.amount
    ):
        currency = notification.currency or ""
        yield (
            f"The config declares {amount_text(declared.amount, currency)}, and the budget has "
            f"{amount_text(notification.amount, currency)}: `costguard budget plan` shows the difference."
        )
    if bill is None:
        return
    if bill.last < explanation.span.now.first:
        yield f"The bill ends on {bill.last}, before the period began on {question.days.first}."
    elif explanation.span.before is None:
        yield "The bill does not reach back to the period before: what grew cannot be told."
    if notification.currency is not None and bill.currency and notification.currency != bill.currency:
        yield f"The budget is in {notification.currency}, the bill in {bill.currency}."
    if bill.state is not None and not bill.state.known and bill.state.note is not None:
        yield f"The bill does not tell what is spent of this budget: {bill.state.note}."


def _tables(explanation: Explanation) -> Iterator[Table]:
    bill, code = explanation.bill, explanation.code
    if bill is not None:
        heads = ("", "days before", "these days", "change")
        yield replace(movers_table("What grew", bill.dearer, bill.currency), heads=heads)
        yield _unusual_days(bill)
        yield iteration_rows("Dearest iterations", bill.iterations, bill.stamped, bill.currency)
        yield replace(movers_table("What became cheaper", bill.cheaper, bill.currency), heads=heads)
    if code is not None:
        yield queries_table(code, _QUERIES, "in the period")
    yield Table("What to do", ("",), tuple((step,) for step in _steps(explanation)))


def _unusual_days(bill: FromBill) -> Table:
    """The days that stand out most, each with what most of it came from."""
    largest = sorted(bill.anomalies, key=lambda anomaly: (anomaly.usual - anomaly.net, anomaly.day))[:_DAYS]
    table = anomalies_table(sorted(largest, key=lambda anomaly: anomaly.day), bill.currency)
    return replace(
        table,
        heads=table.heads[:-1],
        rows=tuple(row[:-1] for row in table.rows),
        texts=(0,),
        below=tuple(row[-1] for row in table.rows),
    )


# -- for programs ----------------------------------------------------------------------------------------


def explanation_json(explanation: Explanation) -> str:
    """The document that `docs/budget-suggestions.md` describes."""
    question, span = explanation.question, explanation.span
    notification, scope = question.notification, question.scope
    document = {
        "version": VERSION,
        "generated_at": stamp(explanation.now),
        "budget": {
            "display_name": notification.display_name,
            "declared": question.declared.name if question.declared is not None else None,
            "owned": notification.display_name.startswith(PREFIX),
            "id": notification.budget_id,
            "billing_account": notification.billing_account,
        },
        "cost": decimal_string(notification.cost),
        "amount": _amount(notification.amount),
        "currency": notification.currency,
        "threshold": _plain(notification.threshold),
        "forecast_threshold": _plain(notification.forecast_threshold),
        "published": stamp(notification.published),
        "notes": list(notification.notes),
        "period": {
            **_days(question.days),
            "guessed": question.guessed,
        },
        "scope": {
            "from": question.scope_source,
            "projects": list(scope.projects),
            "services": list(scope.services),
            "label": dict([scope.label]) if scope.label is not None else None,
            "credits": scope.credits if isinstance(scope.credits, str) else list(scope.credits),
        },
        "days": _days(span.now),
        "compared": _days(span.compared),
        "compared_with": _days(span.before) if span.before is not None else None,
        "bill": _bill(explanation.bill) if explanation.bill is not None else None,
        "queries": [query_document(query) for query in explanation.code.queries]
        if explanation.code is not None
        else None,
        "next_steps": list(_steps(explanation)),
    }
    return json.dumps(document, indent=2) + "\n"


def _bill(bill: FromBill) -> dict[str, Any]:
    return {
        "currency": bill.currency,
        "net": decimal_string(bill.net),
        "net_compared": decimal_string(bill.net_compared),
        "net_before": decimal_string(bill.net_before),
        "exported": stamp(bill.exported),
        "state": budget_document(bill.state) if bill.state is not None else None,
        "movers": [
            {"dimension": dimension, **change_document(change), "new": change.is_new, "gone": change.is_gone}
            for dimension, change in (*bill.dearer, *bill.cheaper)
        ],
        "anomalies": [anomaly_document(anomaly) for anomaly in bill.anomalies],
        "iterations": [iteration_document(item, bill.stamped.get(item.key)) for item in bill.iterations],
        "iterations_found": bill.iterations_found,
        "to_iterations": decimal_string(bill.to_iterations),
    }


def _days(days: Days) -> dict[str, str | None]:
    return {
        "first": days.first.isoformat(),
        "last": days.last.isoformat() if days.last is not None else None,
    }


def _amount(amount: Decimal | None) -> str | None:
    return decimal_string(amount) if amount is not None else None


def _plain(part: Decimal | None) -> str | None:
    return plain_decimal(part) if part is not None else None
