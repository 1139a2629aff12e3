"""Proposals for budgets, for people, for the config, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from costguard.budget_suggestions import (
    FEWEST_WEEKS_JUDGED,
    HEADROOM,
    MONTH_END,
    WEEKS_PER_MONTH,
    Arithmetic,
    LeftOut,
    Spend,
    Suggestion,
    Suggestions,
)
from costguard.budgets.declared import Budget
from costguard.budgets.existing import thresholds_field
from costguard.budgets.scope import BUDGET_ZONE
from costguard.budgets.toml_text import budget_toml
from costguard.money import decimal_string
from costguard.render.amounts import counted, percent_text
from costguard.render.cells import harmless, wrap
from costguard.render.currency import amount_text
from costguard.render.report_json import forecast_document
from costguard.render.tables import table

VERSION: Final = 1
_WIDTH: Final = 110
_UNEVEN: Final = Decimal("1.5")
"""A weekday from there on is named."""
_LATE: Final = Decimal("1.25")
"""So is the end of a month."""
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CREDITS: Final = {"include-all": "after all credits", "exclude-all": "before credits"}


# -- for people ------------------------------------------------------------------------------------------


def suggestions_text(found: Suggestions) -> str:
    """Each proposal with its arithmetic, then what has none and why."""
    return "".join(f"{harmless(line).rstrip()}\n" for line in _lines(found))


def _lines(found: Suggestions) -> Iterator[str]:
    yield from _head(found)
    for suggestion in found.suggestions:
        yield ""
        yield from _suggestion(suggestion)
    if not found.suggestions:
        yield ""
        yield "Nothing can be proposed from this bill."
    if found.left_out:
        yield ""
        yield from _left_out(found)
    yield ""
    for note in _notes(found):
        yield from wrap(note, _WIDTH)


def _head(found: Suggestions) -> Iterator[str]:
    yield (
        f"Budgets by the bill of {found.first} to {found.closed}: amounts of a month in {found.currency}, "
        f"{_CREDITS[found.credits]}, without tax."
    )


def _suggestion(suggestion: Suggestion) -> Iterator[str]:
    budget, arithmetic = suggestion.budget, suggestion.arithmetic
    assert isinstance(budget.amount, Decimal)
    yield f"{budget.name}  {amount_text(budget.amount)} a month: {_what(suggestion)}"
    source, _ = arithmetic.largest
    rows = [
        (f"  {name}", how, amount_text(amount), "<- the largest, rounded up" if name == source else "")
        for name, how, amount in _figures(arithmetic)
    ]
    yield from table(rows, 2)
    for note in _remarks(arithmetic):
        yield f"  {note}"


def _what(suggestion: Suggestion) -> str:
    if suggestion.key is None:
        return "all of the billing account"
    name = f" ({suggestion.name})" if suggestion.name and suggestion.name != suggestion.key else ""
    return f"{suggestion.by.replace(':', ' ')} {suggestion.key}{name}"


def _figures(arithmetic: Arithmetic) -> Iterator[tuple[str, str, Decimal]]:
    """(figure, how it comes about, amount)."""
    if arithmetic.month is not None and arithmetic.by_months is not None:
        months = ", ".join(f"{month.name} {amount_text(month.net)}" for month in arithmetic.months)
        middle = f", median {amount_text(arithmetic.month)}" if len(arithmetic.months) > 1 else ""
        yield "months", f"{months}{middle} x {HEADROOM}", arithmetic.by_months
    usual = len(arithmetic.weeks) - len(arithmetic.unusual)
    extra = f" + {amount_text(arithmetic.monthly)} charged for a month" if arithmetic.monthly else ""
    yield (
        "weeks",
        f"p90 of {usual} weeks {amount_text(arithmetic.p90)} x {WEEKS_PER_MONTH}{extra}",
        arithmetic.by_weeks,
    )
    forecast = arithmetic.forecast
    if forecast is not None:
        span = f"{amount_text(forecast.low)} to {amount_text(forecast.high)}"
        days = f"{forecast.closed_days} of {forecast.closed_days + forecast.days_left} days"
        yield (
            "forecast",
            f"{forecast.period}: {amount_text(forecast.point)} ({span}) after {days}, its upper end",
            forecast.high,
        )


def _remarks(arithmetic: Arithmetic) -> Iterator[str]:
    if not arithmetic.months:
        yield "no complete month in the bill yet"
    if arithmetic.forecast_note is not None:
        yield f"no forecast: {arithmetic.forecast_note}"
    if arithmetic.unusual:
        yield f"unusual and not in the p90: {_spends(arithmetic.unusual)}"
    if arithmetic.growth is not None and arithmetic.growth:
        yield (
            f"growth: {percent_text(float(arithmetic.growth * 100))} a week over {len(arithmetic.weeks)} weeks "
            "(median of all slopes); not in the amount"
        )
    if len(arithmetic.weeks) < FEWEST_WEEKS_JUDGED:
        yield (
            f"{counted(len(arithmetic.weeks), 'complete week')}: too few to call one unusual, or to know weekdays"
        )
    dear = ", ".join(_dear_days(arithmetic.weekdays or ()))
    if dear:
        yield f"dear weekdays: {dear} a mean day"
    if arithmetic.month_end is not None and arithmetic.month_end >= _LATE:
        yield f"month's end: the last {MONTH_END} days cost {arithmetic.month_end:.1f} x another day"


def _spends(spends: Sequence[Spend]) -> str:
    return ", ".join(f"{spend.name} {amount_text(spend.net)}" for spend in spends)


def _dear_days(weekdays: Sequence[Decimal]) -> Iterator[str]:
    for name, factor in zip(_DAYS, weekdays, strict=False):
        if factor >= _UNEVEN:
            yield f"{name} {factor:.1f} x"


def _left_out(found: Suggestions) -> Iterator[str]:
    """Small ones are counted; each of the others is named."""
    small = [item for item in found.left_out if item.small]
    others = [item for item in found.left_out if not item.small]
    rows: list[tuple[str, ...]] = [("No proposal for", "net")]
    rows += [(f"  {_called(item)}", amount_text(item.net), item.reason) for item in others]
    if small:
        net = sum((item.net for item in small), Decimal(0))
        names = ", ".join(_called(item) for item in small)
        rows.append(
            (f"  {counted(len(small), 'small one')}", amount_text(net), f"{small[0].reason}: {names}")
        )
    yield from table(rows)


def _called(item: LeftOut) -> str:
    by = item.by.replace(":", " ")
    if item.key is None:
        return f"charges without a {by}"
    return f"{by} {item.name or item.key}"


def _notes(found: Suggestions) -> Iterator[str]:
    quarter = " Amounts beside what has no proposal are of the latest quarter." if found.left_out else ""
    yield f"Days, weeks and months begin at midnight in {BUDGET_ZONE}, as those of budgets do.{quarter}"
    if found.gross_only:
        yield "There are no credits in some files: their amounts are gross, and the proposals too high."
    if found.tax:
        yield (
            f"Tax of {amount_text(found.tax)} is left out: it comes with the invoice, and a budget follows usage."
        )
    if found.promotions:
        yield (
            f"Promotional credits of {amount_text(found.promotions)} in the latest quarter lower these amounts; when "
            "they end, spend rises. --credits exclude-all proposes budgets of what is used, credits or not."
        )
    yield "A budget takes one label with one value, is up to a day late, and stops nothing."
    yield from _iterations(found)


def _iterations(found: Suggestions) -> Iterator[str]:
    costs = found.iterations
    if costs is None:
        return
    limit = str(costs.gate) if found.currency == "USD" else "(in US dollars)"
    yield (
        f"No budget can hold one iteration: each would need its own. {counted(costs.count, 'iteration')} since "
        f"{costs.since} came to {amount_text(costs.median)} (median), nine of ten to at most {amount_text(costs.p90)}; "
        f"the gate in CI holds them: costguard scan --max-usd-per-iteration {limit}"
    )


# -- for the config --------------------------------------------------------------------------------------


def suggestions_toml(found: Suggestions) -> str:
    """Ready to be pasted; how each amount came about stands above it."""
    lines = [
        *_head(found),
        "In a costguard.toml that has no [tool.costguard], write [[budgets]] instead of [[tool.costguard.budgets]].",
        *(line for note in _notes(found) for line in wrap(note, _WIDTH)),
    ]
    parts = ["".join(f"{_comment(line)}\n" for line in lines)]
    for suggestion in found.suggestions:
        head = "".join(f"{_comment(line)}\n" for line in _suggestion(suggestion))
        parts.append(f"\n{head}{budget_toml(suggestion.budget)}")
    if found.left_out:
        parts.append("\n" + "".join(f"{_comment(line)}\n" for line in _left_out(found)))
    return "".join(parts)


def _comment(line: str) -> str:
    """Names come from the bill: none of them can end the comment."""
    return f"# {harmless(line)}".rstrip()


# -- for programs ----------------------------------------------------------------------------------------


def suggestions_json(found: Suggestions) -> str:
    """The document that `docs/budget-suggestions.md` describes."""
    costs = found.iterations
    document = {
        "version": VERSION,
        "currency": found.currency,
        "credits": found.credits,
        "timezone": BUDGET_ZONE,
        "first_day": found.first.isoformat(),
        "last_closed_day": found.closed.isoformat(),
        "gross_only": found.gross_only,
        "tax": decimal_string(found.tax),
        "promotions": decimal_string(found.promotions),
        "minimum": decimal_string(found.minimum),
        "suggestions": [
            {
                "by": item.by,
                "key": item.key,
                "name": item.name,
                "budget": _budget(item.budget),
                "arithmetic": _arithmetic(item.arithmetic),
            }
            for item in found.suggestions
        ],
        "left_out": [
            {
                "by": item.by,
                "key": item.key,
                "name": item.name,
                "reason": item.reason,
                "net": decimal_string(item.net),
            }
            for item in found.left_out
        ],
        "iterations": {
            "count": costs.count,
            "since": costs.since.isoformat(),
            "median": decimal_string(costs.median),
            "p90": decimal_string(costs.p90),
            "max_usd_per_iteration": str(costs.gate),
        }
        if costs is not None
        else None,
    }
    return json.dumps(document, indent=2) + "\n"


def _budget(budget: Budget) -> dict[str, Any]:
    """The keys of the config."""
    assert isinstance(budget.amount, Decimal)
    return {
        "name": budget.name,
        "billing_account": budget.billing_account,
        "amount": decimal_string(budget.amount),
        "currency": budget.currency,
        "projects": list(budget.projects),
        "services": list(budget.services),
        "label": dict([budget.label]) if budget.label is not None else None,
        "period": budget.period,
        "credits": budget.credits,
        "thresholds": thresholds_field(budget.thresholds),
    }


def _arithmetic(arithmetic: Arithmetic) -> dict[str, Any]:
    source, amount = arithmetic.largest
    forecast = arithmetic.forecast
    return {
        "largest": source,
        "unrounded": decimal_string(amount),
        "months": [_spend(month) for month in arithmetic.months],
        "month_median": _amount(arithmetic.month),
        "headroom": str(HEADROOM),
        "by_months": _amount(arithmetic.by_months),
        "weeks": [_spend(week) for week in arithmetic.weeks],
        "unusual_weeks": [week.name for week in arithmetic.unusual],
        "week_p90": decimal_string(arithmetic.p90),
        "weeks_per_month": str(WEEKS_PER_MONTH),
        "charged_for_a_month": decimal_string(arithmetic.monthly),
        "by_weeks": decimal_string(arithmetic.by_weeks),
        "forecast": forecast_document(forecast) if forecast is not None else None,
        "forecast_note": arithmetic.forecast_note,
        "growth_per_week": _ratio(arithmetic.growth),
        "weekdays": [_ratio(factor) for factor in arithmetic.weekdays] if arithmetic.weekdays else None,
        "month_end": _ratio(arithmetic.month_end),
    }


def _spend(spend: Spend) -> dict[str, str]:
    return {"name": spend.name, "net": decimal_string(spend.net)}


def _amount(amount: Decimal | None) -> str | None:
    return decimal_string(amount) if amount is not None else None


def _ratio(ratio: Decimal | None) -> float | None:
    return float(ratio) if ratio is not None else None
