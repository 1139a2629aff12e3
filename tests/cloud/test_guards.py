"""Settings of tables and datasets: read, changed with their etag, and never over somebody else's change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from costguard.cloud.guards import carry_out, read_states, table_state
from costguard.cloud.problems import ChangedUnderneath, NotReadable
from costguard.guards.declared import Guards, read_guards
from costguard.guards.names import TableName, dataset_name, table_name
from costguard.guards.plan import (
    DAY_MS,
    Change,
    DatasetState,
    TableState,
    Unreadable,
    changes_of,
    plan_guards,
    subjects_of,
)
from tests.servers.bigquery import Failure, Server, Table, column

from .conftest import Serve, client

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BY_DAY = {"timePartitioning": {"type": "DAY", "field": "day"}}
EVENTS, OLD, TMP = table_name("p.shop.events"), table_name("p.shop.old"), dataset_name("p.tmp")
GUARDS = read_guards(
    {
        "partition_filter": [{"table": "p.shop.events"}],
        "expiration": [
            {"table": "p.shop.events", "partition_days": 90},
            {"table": "p.shop.old", "expires": datetime(2027, 1, 1, tzinfo=UTC)},
            {"dataset": "p.tmp", "table_days": 7, "partition_days": 3},
        ],
    }
)


def shop(**events: object) -> dict[str, Table]:
    fields = [column("day", "DATE"), column("n", "INTEGER")]
    return {
        "p.shop.events": Table(fields, more={**BY_DAY, **events}),
        "p.shop.old": Table(fields),
        "p.tmp.any": Table(fields),
    }


def applied(guards: Guards) -> list[tuple[str, bool]]:
    """Plan and carry out everything, as `guard apply` does."""
    bigquery = client()
    states = read_states(bigquery, subjects_of(guards))
    changes = changes_of(plan_guards(guards, states, NOW), states)
    return [(str(change.subject), carry_out(bigquery, change)) for change in changes]


def test_all_settings_are_sent_once(serve: Serve) -> None:
    server = serve(shop())
    assert applied(GUARDS) == [("p.shop.events", True), ("p.shop.old", True), ("p.tmp", True)]
    assert server.patches == [
        (
            "p.shop.events",
            {
                "requirePartitionFilter": True,
                "timePartitioning": {"type": "DAY", "field": "day", "expirationMs": str(90 * DAY_MS)},
            },
        ),
        ("p.shop.old", {"expirationTime": "1798761600000"}),
        (
            "p.tmp",
            {
                "defaultPartitionExpirationMs": str(3 * DAY_MS),
                "defaultTableExpirationMs": str(7 * DAY_MS),
            },
        ),
    ]
    # Nothing is left to do, and nothing is done.
    assert applied(GUARDS) == []
    states = read_states(client(), subjects_of(GUARDS))
    assert {item.action for item in plan_guards(GUARDS, states, NOW)} == {"unchanged"}
    assert len(server.patches) == 3


def test_what_else_is_set_stays(serve: Serve) -> None:
    partitioning = {"type": "HOUR", "field": "day", "expirationMs": "999999999999"}
    server = serve(shop(timePartitioning=partitioning, labels={"team": "ml"}, description="mine"))
    applied(GUARDS)
    more = server.tables["p.shop.events"].more
    assert more["timePartitioning"] == {**partitioning, "expirationMs": str(90 * DAY_MS)}
    assert (more["labels"], more["description"]) == ({"team": "ml"}, "mine")
    assert all("labels" not in body for _, body in server.patches)


def test_a_change_underneath_is_a_conflict(serve: Serve) -> None:
    server = serve(shop())

    def somebody(name: str) -> None:
        if name in server.tables:
            server.tables[name].version += 1
        else:
            server.datasets[name] = {"version": 5, "description": "new"}

    server.before_patch = somebody
    bigquery = client()
    states = read_states(bigquery, subjects_of(GUARDS))
    changes = changes_of(plan_guards(GUARDS, states, NOW), states)
    assert len(changes) == 3
    for change in changes:
        with pytest.raises(ChangedUnderneath, match=f"cannot change {change.subject}: somebody changed it"):
            carry_out(bigquery, change)
    assert server.patches == []


def test_what_is_set_just_so_meanwhile_is_no_conflict(serve: Serve) -> None:
    """By somebody else, or by a first try whose answer got lost."""
    server = serve(shop())

    def somebody(name: str) -> None:
        server.tables[name].more["requirePartitionFilter"] = True
        server.tables[name].version += 1

    server.before_patch = somebody
    guards = read_guards({"partition_filter": [{"table": "p.shop.events"}]})
    assert applied(guards) == [("p.shop.events", False)]
    assert server.patches == []


def test_servers_trouble_is_waited_for(serve: Serve) -> None:
    server = serve(shop())
    server.failures.append(Failure("PATCH ", 503, "backendError", "later", times=2))
    assert applied(read_guards({"partition_filter": [{"table": "p.shop.events"}]})) == [
        ("p.shop.events", True)
    ]


def test_who_may_not_change(serve: Serve) -> None:
    server = serve(shop())
    server.failures.append(Failure("PATCH ", 403, "accessDenied", "Access Denied: no"))
    with pytest.raises(NotReadable, match=r"bigquery\.tables\.update .*roles/bigquery\.dataEditor"):
        applied(read_guards({"partition_filter": [{"table": "p.shop.events"}]}))
    with pytest.raises(NotReadable, match=r"bigquery\.datasets\.update .*roles/bigquery\.dataOwner"):
        applied(read_guards({"expiration": [{"dataset": "p.tmp", "table_days": 7}]}))


def test_what_is_not_there_is_not_known(serve: Serve) -> None:
    serve({})
    states = read_states(client(), [EVENTS, TMP])
    found = {str(subject): state for subject, state in states.items()}
    assert all(isinstance(state, Unreadable) for state in found.values())
    assert "it is not there, or may not be seen" in getattr(found["p.shop.events"], "reason", "")
    assert [item.action for item in plan_guards(GUARDS, states, NOW)] == ["unreadable"] * 5


def test_states(serve: Serve) -> None:
    serve(shop(requirePartitionFilter=True, expirationTime="1798761600000"))
    states = read_states(client(), [EVENTS, OLD, TMP])
    assert states[EVENTS] == TableState(
        True, True, BY_DAY["timePartitioning"], datetime(2027, 1, 1, tzinfo=UTC), "v1"
    )
    assert states[OLD] == TableState(False, False, None, None, "v1")
    assert states[TMP] == DatasetState(None, None, "v1")


def test_the_older_place_of_the_filter() -> None:
    """Once it stood in timePartitioning; a table partitioned by a range has it beside."""
    old = table_state({"timePartitioning": {"type": "DAY", "requirePartitionFilter": True}})
    assert (old.require_filter, old.partitioned) == (True, True)
    by_range = table_state({"rangePartitioning": {"field": "n"}, "requirePartitionFilter": False})
    assert (by_range.require_filter, by_range.partitioned, by_range.partition_ms) == (False, True, None)


def test_a_change_of_one_table_is_one_request(serve: Serve) -> None:
    server: Server = serve(shop())
    state = read_states(client(), [EVENTS])[EVENTS]
    assert isinstance(state, TableState)
    change = Change(
        TableName("p", "shop", "events"),
        state,
        {"require_partition_filter": True, "expires": datetime(2027, 1, 1, tzinfo=UTC)},
    )
    assert carry_out(client(), change)
    assert [request for request in server.requests if request.startswith("PATCH")] == [
        "PATCH /bigquery/v2/projects/p/datasets/shop/tables/events"
    ]
