"""Suggested and planned guards for programs: the documents that `docs/guards.md` describes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from costguard.guards.about import ABOUT
from costguard.guards.names import DatasetName, TableName
from costguard.guards.past_stops import PastStop
from costguard.guards.plan import PlanItem
from costguard.guards.quantities import span_text
from costguard.guards.suggestions import CodeCheck, Suggestions
from costguard.money import decimal_string, plain_decimal
from costguard.render.times import stamp

VERSION: Final = 1


def suggestions_json(found: Suggestions) -> str:
    """All suggestions with their figures, and what each guard stops."""
    document: dict[str, Any] = {
        "version": VERSION,
        "about": {
            guard: {"stops": about.stops, "trap": about.trap, "where": about.where, "source": about.source}
            for guard, about in ABOUT.items()
        },
        **_plain(found),
        "usd_per_tib": plain_decimal(found.usd_per_tib),
    }
    return json.dumps(document, indent=2) + "\n"


def plan_json(
    items: tuple[PlanItem, ...],
    code: CodeCheck | None,
    past: Sequence[PastStop] | None = None,
    results: Mapping[str, str] | None = None,
) -> str:
    """A plan. `past`: what declared limits would have stopped. `results`: what came of the changes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "items": [
            {
                "guard": item.guard,
                "subject": item.subject,
                "setting": item.setting,
                "have": item.have,
                "want": item.want,
                "action": item.action,
                "destructive": item.destructive,
                "note": item.note or None,
            }
            for item in items
        ],
        "code": _plain(code) if code is not None else None,
        "past": _plain(past) if past is not None else None,
    }
    if results is not None:
        document["results"] = dict(results)
    return json.dumps(document, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, (TableName, DatasetName)):
        return str(value)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return decimal_string(value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return span_text(value)
    return value
