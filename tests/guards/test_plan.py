"""Declared guards against what is there: what is set, what is left, what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.guards.declared import read_guards
from costguard.guards.names import dataset_name, table_name
from costguard.guards.plan import (
    DAY_MS,
    OFFLINE,
    DatasetState,
    PlanItem,
    State,
    Subject,
    TableState,
    Unreadable,
    catalog_states,
    changes_of,
    plan_guards,
    subjects_of,
)

from .evidence import evidence, table

NOW = datetime(2026, 11, 1, tzinfo=UTC)
T, D = table_name("p.d.t"), dataset_name("p.d")
DAILY = {"type": "DAY", "field": "day"}


def state(**changes: Any) -> TableState:
    values: dict[str, Any] = {
        "require_filter": False,
        "partitioned": True,
        "time_partitioning": DAILY,
        "expires": None,
        "etag": "e",
    }
    return TableState(**{**values, **changes})


def planned(guards: dict[str, Any], states: dict[Subject, State]) -> list[tuple[str, str, str | None, str]]:
    items = plan_guards(read_guards(guards), states, NOW)
    return [(item.setting, item.action, item.have, item.want) for item in items]


def test_partition_filters() -> None:
    guards = {"partition_filter": [{"table": "p.d.t"}]}
    setting = "require_partition_filter"
    assert planned(guards, {T: state()}) == [(setting, "set", "no", "yes")]
    assert planned(guards, {T: state(require_filter=True)}) == [(setting, "unchanged", "yes", "yes")]
    assert planned(guards, {T: state(partitioned=False)}) == [(setting, "unfit", "no", "yes")]
    assert planned(guards, {T: Unreadable("why")}) == [(setting, "unreadable", None, "yes")]
    assert planned(guards, {}) == [(setting, "unreadable", None, "yes")]


def test_the_end_of_a_table() -> None:
    guards = {"expiration": [{"table": "p.d.t", "expires": "2027-01-01"}]}
    want = "2027-01-01 00:00:00+00"
    end = datetime(2027, 1, 1, tzinfo=UTC)
    assert planned(guards, {T: state()}) == [("expires", "set", "never", want)]
    later = end + timedelta(days=1)
    assert planned(guards, {T: state(expires=later)}) == [("expires", "set", "2027-01-02 00:00:00+00", want)]
    assert planned(guards, {T: state(expires=end)}) == [("expires", "unchanged", want, want)]
    sooner = end - timedelta(days=1)
    assert planned(guards, {T: state(expires=sooner)})[0][1] == "stricter"


def test_a_table_is_not_deleted_at_once() -> None:
    guards = {"expiration": [{"table": "p.d.t", "expires": "2026-11-01T00:30:00+00:00"}]}
    (item,) = plan_guards(read_guards(guards), {T: state()}, NOW)
    assert (item.action, item.target) == ("unfit", None)
    assert "would be gone at once" in item.note


def test_the_age_of_partitions() -> None:
    guards = {"expiration": [{"table": "p.d.t", "partition_days": 90}]}
    setting = "partition_days"
    assert planned(guards, {T: state()}) == [(setting, "set", "never", "90 days")]
    kept = state(time_partitioning={**DAILY, "expirationMs": str(100 * DAY_MS)})
    assert planned(guards, {T: kept}) == [(setting, "set", "100 days", "90 days")]
    short = state(time_partitioning={**DAILY, "expirationMs": str(DAY_MS // 2)})
    assert planned(guards, {T: short}) == [(setting, "stricter", "0.50 days", "90 days")]
    assert planned(guards, {T: state(time_partitioning=None)}) == [(setting, "unfit", "never", "90 days")]


def test_the_defaults_of_a_dataset() -> None:
    guards = {"expiration": [{"dataset": "p.d", "table_days": 7, "partition_days": 3}]}
    assert planned(guards, {D: DatasetState(None, DAY_MS, "e")}) == [
        ("partition_days", "stricter", "1 day", "3 days"),
        ("table_days", "set", "never", "7 days"),
    ]


def test_what_is_exported_only() -> None:
    guards = {
        "quota": [{"project": "p", "per_day": "5 TiB", "per_user_per_day": "1 TiB"}],
        "alert": [{"project": "p", "threshold": "2 TiB"}],
        "time_limit": [
            {
                "service": "dataproc",
                "project": "p",
                "name": "c",
                "location": "us-central1",
                "max_idle": "30m",
                "max_age": "8h",
            },
            {"service": "vertex", "project": "p", "timeout": "8h"},
        ],
    }
    assert planned(guards, {}) == [
        ("QueryUsagePerDay", "export", None, "5 TiB"),
        ("QueryUsagePerUserPerDay", "export", None, "1 TiB"),
        ("scanned_bytes_billed", "export", None, "2 TiB in 1h"),
        ("max_idle", "export", None, "30m"),
        ("max_age", "export", None, "8h"),
        ("timeout", "export", None, "8h"),
    ]
    assert changes_of(plan_guards(read_guards(guards), {}, NOW), {}) == []


def test_a_catalog_tells_of_filters_only(tmp_path: Path) -> None:
    guards = read_guards(
        {
            "partition_filter": [{"table": "p.d.t"}, {"table": "p.d.gone"}],
            "expiration": [{"table": "p.d.t", "partition_days": 3}, {"dataset": "p.d", "table_days": 1}],
        }
    )
    catalog = evidence(tmp_path, None, [table("p.d.t")]).catalog
    items = plan_guards(guards, catalog_states(catalog, subjects_of(guards)), NOW)
    assert [(item.subject, item.action) for item in items] == [
        ("p.d.t", "set"),
        ("p.d.gone", "unreadable"),
        ("p.d.t", "unreadable"),
        ("p.d", "unreadable"),
    ]
    assert items[2].note == OFFLINE


@settings(deadline=None)
@given(
    have=st.one_of(st.none(), st.integers(min_value=1, max_value=400)),
    want=st.integers(min_value=1, max_value=400),
    required=st.booleans(),
)
def test_a_plan_is_carried_out_once(have: int | None, want: int, required: bool) -> None:
    """What is set then is what was declared, or was stricter; a second plan has nothing to do."""
    guards = read_guards(
        {
            "partition_filter": [{"table": "p.d.t"}],
            "expiration": [{"table": "p.d.t", "partition_days": want}],
        }
    )
    partitioning = {**DAILY, **({"expirationMs": str(have * DAY_MS)} if have is not None else {})}
    states: dict[Subject, State] = {T: state(require_filter=required, time_partitioning=partitioning)}
    items = plan_guards(guards, states, NOW)
    for change in changes_of(items, states):
        days = change.settings.get("partition_days", partitioning.get("expirationMs"))
        states[T] = state(require_filter=True, time_partitioning={**DAILY, "expirationMs": str(days)})
    after: tuple[PlanItem, ...] = plan_guards(guards, states, NOW)
    assert changes_of(after, states) == []
    left = states[T]
    assert isinstance(left, TableState)
    assert left.require_filter
    assert left.partition_ms == min(want, have if have is not None else want) * DAY_MS
