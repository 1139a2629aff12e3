"""Notifications as Pub/Sub delivers them, and what is none."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.budgets.notification import MAXIMUM_BYTES, Notification, read_notification
from costguard.errors import UsageProblem

BARE: dict[str, Any] = {
    "budgetDisplayName": "costguard/churn-team",
    "alertThresholdExceeded": 0.8,
    "costAmount": 412.5,
    "costIntervalStart": "2026-10-01T07:00:00Z",
    "budgetAmount": 500.0,
    "budgetAmountType": "SPECIFIED_AMOUNT",
    "currencyCode": "USD",
}
ATTRIBUTES = {"billingAccountId": "000000-AAAAAA-BBBBBB", "budgetId": "de72", "schemaVersion": "1.0"}
FOUND = Notification(
    display_name="costguard/churn-team",
    cost=Decimal("412.5"),
    amount=Decimal(500),
    currency="USD",
    start=datetime(2026, 10, 1, 7, tzinfo=UTC),
    threshold=Decimal("0.8"),
    forecast_threshold=None,
    last_period=False,
    billing_account="000000-AAAAAA-BBBBBB",
    budget_id="de72",
    published=datetime(2026, 10, 20, 12, 0, 0, 123000, tzinfo=UTC),
    notes=(),
)


def message(data: Any = None, time: str = "2026-10-20T12:00:00.123Z", **attributes: str) -> dict[str, Any]:
    text = json.dumps(BARE if data is None else data)
    return {
        "data": base64.b64encode(text.encode()).decode(),
        "attributes": {**ATTRIBUTES, **attributes},
        "messageId": "1",
        "publishTime": time,
    }


def read(document: Any) -> Notification:
    return read_notification(json.dumps(document).encode())


@pytest.mark.parametrize(
    "document",
    [
        {"message": message(), "subscription": "projects/p/subscriptions/s"},  # a push request
        message(),  # an event of a function
        [{"ackId": "a", "message": message()}],  # gcloud pubsub subscriptions pull --format=json
        {"specversion": "1.0", "type": "messagePublished", "data": {"message": message()}},  # a CloudEvent
    ],
)
def test_envelopes(document: Any) -> None:
    assert read(document) == FOUND
    assert FOUND.share == Decimal("0.825")


def test_the_notification_by_itself() -> None:
    found = read({**BARE, "forecastThresholdExceeded": 1.2, "budgetAmountType": "LAST_PERIOD"})
    assert (found.billing_account, found.budget_id, found.published) == (None, None, None)
    assert (found.threshold, found.forecast_threshold) == (Decimal("0.8"), Decimal("1.2"))
    assert found.last_period


def test_without_a_threshold() -> None:
    found = read({key: value for key, value in BARE.items() if key != "alertThresholdExceeded"})
    assert (found.threshold, found.forecast_threshold, found.notes) == (None, None, ())


def test_the_newest_of_several_messages() -> None:
    older = {"message": message({**BARE, "costAmount": 1}, "2026-10-19T12:00:00Z")}
    found = read([older, {"message": message()}, older])
    assert found.cost == Decimal("412.5")
    assert found.notes == ("3 messages were given; this is the newest",)


def test_an_unknown_schema_version() -> None:
    found = read({"message": message(schemaVersion="2.0")})
    assert found.notes == ("schema version 2.0 is not known here; it is read as 1.0",)


def test_what_the_message_does_not_tell() -> None:
    found = read({"budgetDisplayName": "b", "costAmount": 3})
    assert (found.amount, found.currency, found.start, found.share) == (None, None, None, None)
    assert found.notes == (
        "the message does not tell the budget's amount",
        "the message does not tell when the budget's period began",
    )
    assert read({**BARE, "budgetAmount": 0}).share is None


def test_amounts_are_exact() -> None:
    text = json.dumps(BARE).replace("412.5", "0.1000000000000000055").replace("500.0", "1e2")
    found = read_notification(text.encode())
    assert (found.cost, found.amount) == (Decimal("0.1"), Decimal(100))


def test_long_texts_are_cut() -> None:
    found = read({**BARE, "budgetDisplayName": "x" * 1000, "currencyCode": "y" * 1000})
    assert (len(found.display_name), found.display_name[-2:]) == (256, "x…")
    assert found.currency is not None
    assert len(found.currency) == 256


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the message is not JSON"),
        (b"\xff\xfe", "the message is not JSON"),
        (b"[" * 100_000, "the message is not JSON"),
        (b" " * (MAXIMUM_BYTES + 1), "the message: larger than 1 MiB; no budget notification is that large"),
        (b"[]", "there is no message in the list"),
        (b"3", "the message is no notification of a budget"),
        (b'{"costAmount": 3}', "the message is no notification of a budget"),
        (b'{"message": {"data": "%%%"}}', "the message's data is not base64"),
        (b'{"message": {"data": "aGFsbG8="}}', "the message's data is not JSON"),
        (b'{"message": {"data": 5}}', "the message is no notification of a budget"),
        (b'{"message": {"message": {"message": {"message": {"message": {}}}}}}', "the message is no notific"),
        (b'{"budgetDisplayName": "", "costAmount": 3}', "the notification's budgetDisplayName is no text"),
        (b'{"budgetDisplayName": 5, "costAmount": 3}', "the notification's budgetDisplayName is no text"),
        (b'{"budgetDisplayName": "b"}', "the notification has no costAmount"),
        (b'{"budgetDisplayName": "b", "costAmount": "3"}', "the notification's costAmount is no amount"),
        (b'{"budgetDisplayName": "b", "costAmount": true}', "the notification's costAmount is no amount"),
        (b'{"budgetDisplayName": "b", "costAmount": NaN}', "the notification's costAmount is no amount"),
        (
            b'{"budgetDisplayName": "b", "costAmount": -Infinity}',
            "the notification's costAmount is no amount",
        ),
        (b'{"budgetDisplayName": "b", "costAmount": 1e999999}', "the notification's costAmount is no amount"),
        (b'{"budgetDisplayName": "b", "costAmount": 1e16}', "the notification's costAmount is no amount"),
        (b'{"budgetDisplayName": "b", "costAmount": 1' + b"0" * 9000 + b"}", "the notification's costAmount"),
        (
            b'{"budgetDisplayName": "b", "costAmount": 1, "budgetAmount": []}',
            "the notification's budgetAmount",
        ),
    ],
)
def test_what_is_no_notification(data: bytes, why: str) -> None:
    with pytest.raises(UsageProblem, match=why) as problem:
        read_notification(data)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-13-01", 5, None, "0001-01-01T00:00:00+14:00", "9999-12-31", "x" * 999]
)
def test_times_that_are_none(time: Any) -> None:
    found = read({"message": message({**BARE, "costIntervalStart": time}, time)})
    assert (found.start, found.published) == (None, None)


KEYS = st.sampled_from([*BARE, "message", "data", "attributes", "publishTime", "forecastThresholdExceeded"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.just("2026-10-01T07:00:00Z"),
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=7),
        inner.map(lambda item: base64.b64encode(json.dumps(item).encode()).decode()),
    ),
    max_leaves=12,
)
NOTIFICATIONS = st.fixed_dictionaries({key: st.one_of(st.just(BARE[key]), DOCUMENTS) for key in BARE})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(DOCUMENTS, NOTIFICATIONS, NOTIFICATIONS.map(message)))
def test_any_json_is_a_notification_or_refused(document: Any) -> None:
    try:
        found = read(document)
    except UsageProblem:
        return
    assert found.cost.is_finite()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UsageProblem):
        read_notification(data)
