"""Declared guards against what is there: what would change, what is stricter already, what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from costguard.catalog.model import Catalog
from costguard.guards.about import Guard
from costguard.guards.declared import ExpirationGuard, Guards
from costguard.guards.names import DatasetName, TableName
from costguard.guards.quantities import size_text, span_text
from costguard.guards.quota_limits import quota_limits
from costguard.guards.statements import moment_sql

Action = Literal["set", "unchanged", "stricter", "unfit", "unreadable", "export"]
"""set: would be changed. stricter: what is there allows less already, and is left. unfit: cannot be set there.
unreadable: what is there is not known. export: costguard does not set it; `guard export` writes it down."""
Subject = TableName | DatasetName
Setting = Literal["require_partition_filter", "expires", "partition_days", "table_days"]
OFFLINE: Final = "not asked for: --offline"
DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class TableState:
    """The settings of a table that guards are about."""

    require_filter: bool
    partitioned: bool
    time_partitioning: Mapping[str, Any] | None
    """As the API has it; None when it is not partitioned by time."""
    expires: datetime | None
    etag: str | None
    """What BigQuery calls this state."""

    @property
    def partition_ms(self) -> int | None:
        """How long partitions are kept, in milliseconds; None: for ever."""
        found = (self.time_partitioning or {}).get("expirationMs")
        return int(found) if found is not None else None


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The defaults of a dataset, in milliseconds; None: for ever."""

    table_ms: int | None
    partition_ms: int | None
    etag: str | None


@dataclass(frozen=True, slots=True)
class CatalogState:
    """What a catalog tells of a table: it knows of no expirations."""

    require_filter: bool
    partitioned: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why the state of something is not known."""

    reason: str


State = TableState | DatasetState | CatalogState | Unreadable
States = Mapping[Subject, State]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One setting of one thing."""

    guard: Guard
    subject: str
    setting: str
    have: str | None
    """None: not known, or not asked for."""
    want: str
    action: Action
    destructive: bool = False
    note: str = ""
    target: Subject | None = None
    """What would be changed, by BigQuery's client."""
    value: bool | int | datetime | None = None
    """What it would be: True, a moment, or milliseconds."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is sent for one table or dataset, at once: it holds for the state that was planned on."""

    subject: Subject
    state: TableState | DatasetState
    settings: Mapping[Setting, bool | int | datetime] = field(default_factory=dict)


def subjects_of(guards: Guards) -> list[Subject]:
    """Tables and datasets whose state the plan needs, sorted."""
    found: set[Subject] = {guard.table for guard in guards.partition_filter}
    found |= {guard.table for guard in guards.expiration if guard.table is not None}
    found |= {guard.dataset for guard in guards.expiration if guard.dataset is not None}
    return sorted(found, key=str)


def plan_guards(guards: Guards, states: States, now: datetime) -> tuple[PlanItem, ...]:
    """Every declared guard but `max_bytes`, of which the check of the code tells; what is not in `states` is not
    known."""
    return (
        *_quotas(guards),
        *_partition_filters(guards, states),
        *(item for guard in guards.expiration for item in _expiration(guard, states, now)),
        *_alerts(guards),
        *_time_limits(guards),
    )


def changes_of(items: tuple[PlanItem, ...], states: States) -> list[Change]:
    """What would be sent, one change for each table or dataset, sorted."""
    settings: dict[Subject, dict[Setting, bool | int | datetime]] = {}
    for item in items:
        if item.action == "set" and item.target is not None and item.value is not None:
            settings.setdefault(item.target, {})[item.setting] = item.value  # type: ignore[index]
    found = []
    for subject, wanted in sorted(settings.items(), key=lambda pair: str(pair[0])):
        state = states[subject]
        assert isinstance(state, (TableState, DatasetState))
        found.append(Change(subject, state, wanted))
    return found


def catalog_states(catalog: Catalog, subjects: Iterable[Subject]) -> dict[Subject, State]:
    """What a catalog tells of the tables that it has."""
    found: dict[Subject, State] = {}
    for subject in subjects:
        table = catalog.table(str(subject))
        if isinstance(subject, TableName) and table is not None:
            by = table.partitioning
            found[subject] = CatalogState(by is not None and by.require_filter, by is not None)
    return found


def _quotas(guards: Guards) -> Iterator[PlanItem]:
    for guard in guards.quota:
        for limit in quota_limits(guard):
            yield PlanItem(
                "quota", guard.project, limit.name, None, size_text(limit.mib << 20), action="export"
            )


def _alerts(guards: Guards) -> Iterator[PlanItem]:
    for guard in guards.alert:
        note = "" if guard.channels else "no notification channel: it tells nobody"
        window = f"{size_text(guard.threshold)} in {span_text(guard.window)}"
        yield PlanItem("alert", guard.project, guard.metric, None, window, action="export", note=note)


def _time_limits(guards: Guards) -> Iterator[PlanItem]:
    for guard in guards.time_limit:
        subject = f"{guard.service} {guard.name or guard.project}"
        spans = (("max_idle", guard.max_idle), ("max_age", guard.max_age), ("timeout", guard.timeout))
        for name, span in spans:
            if span is not None:
                yield PlanItem("time-limit", subject, name, None, span_text(span), action="export")


def _partition_filters(guards: Guards, states: States) -> Iterator[PlanItem]:
    for guard in guards.partition_filter:
        state = states.get(guard.table)
        setting: Setting = "require_partition_filter"
        have, note = None, ""
        action: Action = "unreadable"
        if state is None or isinstance(state, Unreadable):
            note = _why_not(state)
        elif isinstance(state, (TableState, CatalogState)):
            have = _yes(state.require_filter)
            if not state.partitioned:
                action, note = "unfit", "the table is not partitioned"
            else:
                action = "unchanged" if state.require_filter else "set"
        yield PlanItem(
            "partition-filter",
            str(guard.table),
            setting,
            have,
            "yes",
            action,
            note=note,
            target=guard.table,
            value=True,
        )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _expiration(guard: ExpirationGuard, states: States, now: datetime) -> Iterator[PlanItem]:
    subject = guard.table or guard.dataset
    assert subject is not None
    state = states.get(subject)
    if guard.expires is not None:
        yield _moment(guard, subject, state, guard.expires, now)
    if guard.partition_days is not None:
        have = state.partition_ms if isinstance(state, (TableState, DatasetState)) else None
        item = _age(guard, subject, state, "partition_days", guard.partition_days, have)
        if isinstance(state, TableState) and state.time_partitioning is None:
            item = _unfit(item, "the table is not partitioned by time")
        yield item
    if guard.table_days is not None:
        have = state.table_ms if isinstance(state, DatasetState) else None
        yield _age(guard, subject, state, "table_days", guard.table_days, have)


def _moment(
    guard: ExpirationGuard, subject: Subject, state: State | None, wanted: datetime, now: datetime
) -> PlanItem:
    have = state.expires if isinstance(state, TableState) else None
    item = PlanItem(
        "expiration",
        str(subject),
        "expires",
        _shown(state, moment_sql(have) if have is not None else "never"),
        moment_sql(wanted),
        _compared(state, have, wanted),
        guard.destructive,
        _why_not(state),
        subject,
        wanted,
    )
    if item.action == "set" and wanted <= now + timedelta(hours=1):
        return _unfit(item, "is over, or within the hour: the table would be gone at once")
    return item


def _age(
    guard: ExpirationGuard,
    subject: Subject,
    state: State | None,
    setting: Setting,
    days: int,
    have: int | None,
) -> PlanItem:
    return PlanItem(
        "expiration",
        str(subject),
        setting,
        _shown(state, _days(have)),
        _days(days * DAY_MS),
        _compared(state, have, days * DAY_MS),
        guard.destructive,
        _why_not(state),
        subject,
        days * DAY_MS,
    )


def _shown(state: State | None, have: str) -> str | None:
    return have if isinstance(state, (TableState, DatasetState)) else None


def _why_not(state: State | None) -> str:
    """Why the state of something is not known; nothing when it is."""
    if isinstance(state, Unreadable):
        return state.reason
    return "" if isinstance(state, (TableState, DatasetState)) else OFFLINE


def _days(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "never"
    whole, rest = divmod(milliseconds, DAY_MS)
    return f"{milliseconds / DAY_MS:.2f} days" if rest else f"{whole} day{'' if whole == 1 else 's'}"


def _compared(state: State | None, have: Any, want: Any) -> Action:
    """What expires earlier already is left as it is."""
    if not isinstance(state, (TableState, DatasetState)):
        return "unreadable"
    if have is None or have > want:
        return "set"
    return "unchanged" if have == want else "stricter"


def _unfit(item: PlanItem, note: str) -> PlanItem:
    return PlanItem(
        item.guard, item.subject, item.setting, item.have, item.want, "unfit", item.destructive, note
    )
