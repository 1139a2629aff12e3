"""A notification of a budget, as Pub/Sub delivers it.

cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications#notification_format describes it: attributes
`billingAccountId`, `budgetId`, `schemaVersion`, and JSON as data. It comes several times a day, whatever the
thresholds. It is a stranger's text: every value is checked, and none is trusted to be short.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from costguard.bounded_read import refuse_larger
from costguard.errors import UsageProblem

MAXIMUM_BYTES: Final = 1 << 20
TOO_LARGE: Final = "no budget notification is that large"
"""A notification has some hundred bytes."""
SCHEMA_VERSION: Final = "1.0"
LONGEST_TEXT: Final = 256
_LARGEST: Final = Decimal(10) ** 15
_DIGITS: Final = 9
_YEARS: Final = (2000, 2200)
"""No budget is older, and none that anybody reads of is later."""
_ENVELOPES: Final = 4
"""A push request around a message in an event: no more than that is opened."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a budget tells."""

    display_name: str
    cost: Decimal
    """Since the start of the period, as far as Google knew."""
    amount: Decimal | None
    currency: str | None
    start: datetime | None
    """Of the period."""
    threshold: Decimal | None
    """The highest threshold that the cost has passed, as a part of the amount; None: none."""
    forecast_threshold: Decimal | None
    """The same of the forecast."""
    last_period: bool
    """The amount is what the period before came to."""
    billing_account: str | None
    budget_id: str | None
    published: datetime | None
    notes: tuple[str, ...]
    """What is unusual about the message."""

    @property
    def share(self) -> Decimal | None:
        """The cost as a part of the amount."""
        return self.cost / self.amount if self.amount else None


def read_notification(data: bytes) -> Notification:
    """The notification in a push request, a pulled message (or the newest of several), an event, or by itself.

    Raises:
        UsageProblem: it is none.
    """
    refuse_larger(data, MAXIMUM_BYTES, "the message", TOO_LARGE)
    document = _parsed(data, "the message")
    notes: list[str] = []
    attributes: dict[str, Any] = {}
    published: Any = None
    for _ in range(_ENVELOPES):
        if isinstance(document, list):
            document = _newest(document, notes)
        if not isinstance(document, dict):
            break
        if isinstance(document.get("message"), dict):
            document = document["message"]
        elif "data" in document and "budgetDisplayName" not in document:
            if isinstance(document.get("attributes"), dict):
                attributes = document["attributes"]
            published = document.get("publishTime", document.get("publish_time", published))
            inner = document["data"]
            document = _decoded(inner) if isinstance(inner, str) else inner
        else:
            break
    if not isinstance(document, dict) or "budgetDisplayName" not in document:
        raise UsageProblem(
            "the message is no notification of a budget: there is no budgetDisplayName in it, nor in its `message.data`"
        )
    return _notification(document, attributes, published, notes)


# -- envelopes -------------------------------------------------------------------------------------------


def _parsed(data: bytes | str, what: str) -> Any:
    try:
        return json.loads(data, parse_float=_number_of, parse_int=_number_of, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation):
        raise UsageProblem(f"{what} is not JSON") from None


def _number_of(text: str) -> Decimal:
    """A number; one that no money has is kept as one that the check refuses."""
    value = Decimal(text)
    return value if value.is_finite() and abs(value.adjusted()) < 10_000 else Decimal("NaN")


def _no_number(text: str) -> Decimal:
    return Decimal("NaN")


def _decoded(text: str) -> Any:
    try:
        return _parsed(base64.b64decode(text, validate=True), "the message's data")
    except binascii.Error:
        raise UsageProblem("the message's data is not base64") from None


def _newest(messages: list[Any], notes: list[str]) -> Any:
    """The message that was published last."""
    if not messages:
        raise UsageProblem("there is no message in the list")
    if len(messages) > 1:
        notes.append(f"{len(messages)} messages were given; this is the newest")
    return max(messages, key=_publish_time)


def _publish_time(message: Any) -> str:
    inner = message.get("message", message) if isinstance(message, dict) else None
    time = inner.get("publishTime", "") if isinstance(inner, dict) else ""
    return time if isinstance(time, str) else ""


# -- values ----------------------------------------------------------------------------------------------


def _notification(
    document: Mapping[str, Any], attributes: Mapping[str, Any], published: Any, notes: list[str]
) -> Notification:
    name = document["budgetDisplayName"]
    if not isinstance(name, str) or not name:
        raise UsageProblem("the notification's budgetDisplayName is no text")
    cost = _number("costAmount", document.get("costAmount"))
    if cost is None:
        raise UsageProblem("the notification has no costAmount")
    amount = _number("budgetAmount", document.get("budgetAmount"))
    if amount is None:
        notes.append("the message does not tell the budget's amount")
    version = attributes.get("schemaVersion")
    if version is not None and version != SCHEMA_VERSION:
        notes.append(
            f"schema version {_text(str(version))} is not known here; it is read as {SCHEMA_VERSION}"
        )
    kind = document.get("budgetAmountType")
    start = _time(document.get("costIntervalStart"))
    if start is None:
        notes.append("the message does not tell when the budget's period began")
    return Notification(
        display_name=_text(name),
        cost=cost,
        amount=amount,
        currency=_optional(document.get("currencyCode")),
        start=start,
        threshold=_number("alertThresholdExceeded", document.get("alertThresholdExceeded")),
        forecast_threshold=_number("forecastThresholdExceeded", document.get("forecastThresholdExceeded")),
        last_period=isinstance(kind, str) and kind.startswith("LAST_"),
        billing_account=_optional(attributes.get("billingAccountId")),
        budget_id=_optional(attributes.get("budgetId")),
        published=_time(published),
        notes=tuple(notes),
    )


def _number(key: str, value: Any) -> Decimal | None:
    """An amount to 10^-9; None where there is none.

    Raises:
        UsageProblem: it is no number, or none that money could be.
    """
    if value is None:
        return None
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > _LARGEST:
        raise UsageProblem(f"the notification's {key} is no amount")
    return round(value, _DIGITS) + 0


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not _YEARS[0] <= time.year <= _YEARS[1]:
        return None
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).astimezone(UTC)


def _optional(value: Any) -> str | None:
    return _text(value) if isinstance(value, str) and value else None


def _text(value: str) -> str:
    return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
