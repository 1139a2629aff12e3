"""How a week stands beside the one before, in words; and why it cannot be held against it."""

from __future__ import annotations

from datetime import date, timedelta

from costguard.render.amounts import counted
from costguard.render.currency import amount_text, change_text
from costguard.report.model import Report, share_of


def headline(report: Report) -> str:
    """What the week cost, and how much more than the week before; or of which days the bill tells."""
    totals, currency = report.totals, report.currency
    text = f"{amount_text(totals.net, currency)} {'gross' if report.gross_only else 'net'}"
    if report.until is not None:
        end = "the week is not over" if not report.over else f"the export ends on {_short(report.until)}"
        return f"{text} so far: {end}"
    if report.begins is not None:
        if report.begins > report.days_of_week()[0]:
            return f"{text} since {_short(report.begins)}, when the bill begins"
        return f"{text}; nothing to compare with, the bill begins on {_short(report.begins)}"
    if totals.net_before is None:
        return text
    change = totals.net - totals.net_before
    share = share_of(change, totals.net_before)
    if not change:
        return f"{text}, as in the week before"
    return f"{text}, {change_text(change, share, currency)} against the week before"


def comparison_note(report: Report) -> str | None:
    """Why nothing is compared with the week before; None where it is."""
    notes = (_unfinished(report), _lacking(report))
    return "; ".join(note for note in notes if note is not None) or None


def _unfinished(report: Report) -> str | None:
    """What is missing at the end of the week."""
    if report.until is None:
        return None
    _, sunday = report.days_of_week()
    if not report.over:
        return f"the week goes on until {_long(sunday)}"
    missing = counted((sunday - report.until).days, "day")
    return f"the export ends on {_long(report.until)}, {missing} before the end of the week"


def _lacking(report: Report) -> str | None:
    """What the bill lacks at its beginning."""
    if report.begins is None:
        return None
    monday, _ = report.days_of_week()
    begins = report.begins
    if begins <= monday:
        missing = (begins - (monday - timedelta(weeks=1))).days
        days = "" if missing == 7 else f"{counted(missing, 'day')} of "
        lacks = f"{days}the week before"
    else:
        lacks = f"the week before and {counted((begins - monday).days, 'day')} of this one"
    return f"the bill begins on {_long(begins)}, and lacks {lacks}"


def _long(day: date) -> str:
    return f"{day:%A}, {_short(day)}"


def _short(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
