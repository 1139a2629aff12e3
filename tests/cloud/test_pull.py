"""Catalogs pulled from a server: sizes, caveats, what is asked, and what is kept of an interrupted pull."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from costguard.catalog.load import load_catalog
from costguard.catalog.store import write_catalog
from costguard.cloud.progress_file import ProgressFile
from costguard.cloud.pull import Charge, Pulled, PullRequest, pull
from costguard.errors import UsageProblem
from tests.servers.bigquery import Failure, Server, Table, column

from .conftest import Serve, client

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FAST = PullRequest(per_second=1e6)

ORDERS = Table(
    [
        column("id", "INTEGER", "REQUIRED"),
        column("note"),
        column("paid", "BOOLEAN"),
        column("items", "RECORD", "REPEATED", column("sku"), column("n", "INTEGER", "REQUIRED")),
    ],
    [
        {"id": 1, "note": "abc", "paid": True, "items": [{"sku": "x", "n": 1}, {"sku": "yz", "n": 2}]},
        {"id": 2, "note": None, "paid": None, "items": []},
        {"id": 3, "note": "é", "paid": False, "items": [{"sku": None, "n": 3}]},
    ],
)
ORDERS_SIZES = {"id": 24, "note": 5 + 4, "paid": 2, "items.sku": 3 + 4, "items.n": 24}

DAYS = Table(
    [column("dt", "DATE"), column("name")],
    [{"dt": "2026-01-01", "name": "a"}, {"dt": "2026-01-03", "name": "bb"}, {"dt": None, "name": "c"}],
    more={"timePartitioning": {"type": "DAY", "field": "dt"}},
)


def pulled(tmp_path: Path, request: PullRequest = FAST, patience: float = 0.5) -> Pulled:
    """The catalog of project `p`; a catalog's reader takes it."""
    with ProgressFile(tmp_path / "catalog.json") as kept:
        found = pull(client(patience), request, kept, NOW, lambda *_: None)
    write_catalog(found.document, tmp_path / "pulled.json")
    assert len(load_catalog([tmp_path / "pulled.json"])) == len(found.document["tables"])
    return found


def entry(found: Pulled, name: str) -> dict[str, Any]:
    """A table of the catalog."""
    (table,) = (table for table in found.document["tables"] if table["name"] == name)
    return dict(table)


def sizes(found: Pulled, name: str) -> dict[str, int | None]:
    """Its columns' bytes."""
    return {item["path"]: item["bytes"] for item in entry(found, name)["columns"] if "bytes" in item}


def test_every_leaf_to_the_byte(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.orders": ORDERS})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == ORDERS_SIZES
    assert (entry(found, "p.d.orders")["rows"], entry(found, "p.d.orders")["bytes"]) == (3, 66)
    assert found.document["as_of"] == "2026-11-01T00:00:00Z"
    assert found.charges == ()
    assert (found.unread, found.remarks, found.dry_runs) == ((), (), 4)
    assert server.dry_runs == [
        "SELECT t.`note` AS c0 FROM `p.d.orders` AS t",
        "SELECT t.`paid` AS c0 FROM `p.d.orders` AS t",
        "SELECT t1.`n` AS c0 FROM `p.d.orders` AS t, UNNEST(t.`items`) AS t1",
        "SELECT t1.`sku` AS c0 FROM `p.d.orders` AS t, UNNEST(t.`items`) AS t1",
    ]


def test_partitions_are_listed_with_one_query_a_dataset(serve: Serve, tmp_path: Path) -> None:
    by_range = {"rangePartitioning": {"field": "n", "range": {"start": "0", "end": "100", "interval": "10"}}}
    numbers = Table([column("n", "INTEGER")], [{"n": 95}, {"n": 5}, {"n": 9}], more=by_range)
    server = serve({"p.d.days": DAYS, "p.d.numbers": numbers, "p.d.orders": ORDERS, "p.e.days": DAYS})
    found = pulled(tmp_path)
    assert entry(found, "p.d.days")["partitioning"]["partitions"] == [
        {"id": "20260101", "rows": 1, "bytes": 11},
        {"id": "20260103", "rows": 1, "bytes": 12},
        {"id": "__NULL__", "rows": 1, "bytes": 3},
    ]
    assert entry(found, "p.d.numbers")["partitioning"]["partitions"] == [
        {"id": "0", "rows": 2, "bytes": 16},
        {"id": "90", "rows": 1, "bytes": 8},
    ]
    asked = [job["query"]["queryParameters"][0]["parameterValue"]["arrayValues"] for job in server.queries]
    assert asked == [[{"value": "days"}, {"value": "numbers"}], [{"value": "days"}]]
    assert {job["query"]["maximumBytesBilled"] for job in server.queries} == {"1073741824"}
    assert found.charges == (Charge("US", 10485760), Charge("US", 10485760))


def test_no_query_that_is_charged_for(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.days": DAYS})
    found = pulled(tmp_path, replace(FAST, maximum_bytes_billed=0))
    assert (server.queries, found.charges) == ([], ())
    assert entry(found, "p.d.days")["partitioning"]["partitions"] is None
    assert found.remarks == (
        (
            "p.d.days",
            "its partitions are not listed: that takes a query, which --max-bytes-billed 0 forbids",
        ),
    )


def test_columns_of_partitions(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.days": DAYS})
    found = pulled(tmp_path, replace(FAST, partition_columns=True))
    assert sizes(found, "p.d.days") == {"dt": 16, "name": 10}
    assert [item["columns"] for item in entry(found, "p.d.days")["partitioning"]["partitions"]] == [
        {"dt": 8, "name": 3},
        {"dt": 8, "name": 4},
        {"dt": 0, "name": 3},
    ]
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("first", "last", "measured"),
    [
        ("20260102", None, ["20260103"]),
        (None, "20260101", ["20260101"]),
        ("20260101", "20260103", ["20260101", "20260103"]),
        ("2026", None, []),
    ],
)
def test_columns_of_some_partitions(
    serve: Serve, tmp_path: Path, first: str | None, last: str | None, measured: list[str]
) -> None:
    serve({"p.d.days": DAYS})
    request = replace(FAST, partition_columns=True, first_partition=first, last_partition=last)
    partitions = entry(pulled(tmp_path, request), "p.d.days")["partitioning"]["partitions"]
    assert [item["id"] for item in partitions if "columns" in item] == measured


@pytest.mark.parametrize("key", ["dt", None])
def test_tables_that_require_a_filter(serve: Serve, tmp_path: Path, key: str | None) -> None:
    field = {"field": key} if key else {}
    rows = [{**row, "_PARTITIONTIME": "2026-01-01 00:00:00"} for row in DAYS.rows]
    more = {"timePartitioning": {"type": "DAY", **field}, "requirePartitionFilter": True}
    server = serve({"p.d.days": replace(DAYS, rows=rows, more=more)})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.days") == {"dt": 16, "name": 10}
    assert all(" WHERE " in text for text in server.dry_runs)
    assert (found.unread, found.remarks) == ((), ())


def test_clustered_tables_say_an_upper_bound_that_is_the_whole_column(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, more={"clustering": {"fields": ["id"]}})})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == ORDERS_SIZES
    assert entry(found, "p.d.orders")["clustering"] == ["id"]


def test_a_streaming_buffer_leaves_sizes_unknown(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, buffered=[{"id": 4, "note": "new"}])})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    assert entry(found, "p.d.orders")["streaming_buffer_bytes"] == 99
    assert found.remarks[0][1].startswith("rows are in its streaming buffer")


def test_a_streaming_buffer_and_a_forbidden_column(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, buffered=[{"id": 4}], denied=["note"])})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    assert "and how much is not told" in found.remarks[0][1]


def test_row_level_security_is_told(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, row_security=True)})
    found = pulled(tmp_path)
    assert entry(found, "p.d.orders")["row_access_policies"] is True
    assert sizes(found, "p.d.orders") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}


def test_a_forbidden_column_is_what_the_others_leave(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, denied=["note"])})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == ORDERS_SIZES
    assert found.unread == ()


def test_two_forbidden_columns_are_unknown(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": replace(ORDERS, denied=["note", "paid"])})
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == ORDERS_SIZES | {"note": None, "paid": None}
    reason = "Access Denied: User has no permission for the policy tag on p.d.orders"
    said = f"no size can be told of paid, note (cannot dry run a query of p.d.orders: {reason})"
    assert found.remarks == (("p.d.orders", said),)


def test_a_column_whose_query_fails_does_not_end_its_table(serve: Serve, tmp_path: Path) -> None:
    # The server's tables have no such type: what it says is about this query only.
    odd = [*ORDERS.schema, column("g", "GEOGRAPHY"), column("h", "GEOGRAPHY")]
    serve({"p.d.orders": replace(ORDERS, schema=odd, more={"numBytes": "66"})})
    found = pulled(tmp_path, FAST)
    assert sizes(found, "p.d.orders") == ORDERS_SIZES | {"g": None, "h": None}
    assert found.remarks[0][1].startswith(
        "no size can be told of g, h (cannot dry run a query of p.d.orders: "
    )


def test_kinds_without_sizes_of_their_own(serve: Serve, tmp_path: Path) -> None:
    view = Table([column("x")], more={"type": "VIEW", "view": {"query": "SELECT 1 AS x"}})
    external = Table([column("x")], more={"type": "EXTERNAL"})
    kept = Table(
        [column("x")],
        [{"x": "a"}],
        more={"type": "MATERIALIZED_VIEW", "materializedView": {"query": "SELECT 2 AS x"}},
    )
    server = serve({"p.d.v": view, "p.d.e": external, "p.d.m": kept})
    found = pulled(tmp_path)
    assert server.dry_runs == []
    kinds = [(item["kind"], item["rows"], item["bytes"]) for item in found.document["tables"]]
    assert kinds == [("external", None, None), ("materialized_view", 1, 3), ("view", None, None)]
    assert entry(found, "p.d.v")["view_query"] == "SELECT 1 AS x"


def test_without_dry_runs_only_what_follows_from_rows(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.orders": ORDERS})
    found = pulled(tmp_path, replace(FAST, dry_runs=False))
    assert sizes(found, "p.d.orders") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    assert (server.dry_runs, found.dry_runs) == ([], 0)


def test_which_tables(serve: Serve, tmp_path: Path) -> None:
    european = replace(ORDERS, more={"location": "EU"})
    tables = {"p.d.orders_1": ORDERS, "p.d.orders_2": ORDERS, "p.d.users": ORDERS, "p.e.orders_3": european}
    serve(tables | {"q.x.orders_4": ORDERS})

    def names(**wanted: Any) -> list[str]:
        found = pulled(tmp_path, replace(FAST, **wanted))
        assert found.unread == ()
        return [item["name"] for item in found.document["tables"]]

    assert names() == ["p.d.orders_1", "p.d.orders_2", "p.d.users", "p.e.orders_3"]
    assert names(datasets=("e", "q.x", "p:e")) == ["p.e.orders_3", "q.x.orders_4"]
    assert names(tables=("orders_*",), exclude=("*_1",)) == ["p.d.orders_2", "p.e.orders_3"]
    assert names(location="eu") == ["p.e.orders_3"]
    assert pulled(tmp_path, replace(FAST, location="EU")).elsewhere == 3


def test_what_cannot_be_read_is_named_and_the_rest_is_there(serve: Serve, tmp_path: Path) -> None:
    secret = replace(ORDERS, refused="Access Denied: Table p:d.secret: User may not")
    server = serve(
        {"p.d.orders": ORDERS, "p.d.odd": replace(ORDERS, more={"type": "MODEL"}), "p.d.secret": secret}
    )
    server.failures.append(Failure("GET .*/gone/tables", 404, "notFound", "Not found: Dataset p:gone"))
    found = pulled(tmp_path, replace(FAST, datasets=("d", "gone")))
    assert [item["name"] for item in found.document["tables"]] == ["p.d.orders", "p.d.secret"]
    assert sizes(found, "p.d.orders") == ORDERS_SIZES
    assert sizes(found, "p.d.secret") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    named = dict(found.unread)
    assert list(named) == ["p.d.odd", "p.d.secret", "p.gone"]
    assert "is a MODEL" in named["p.d.odd"]
    assert "permission bigquery.tables.getData is missing" in named["p.d.secret"]
    assert "it is not there, or may not be seen" in named["p.gone"]


def test_one_table_that_bigquery_fails_at(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.a": ORDERS, "p.d.b": ORDERS, "p.e.c": ORDERS})
    server.failures.append(Failure("GET .*/tables/b$", 500, "internalError", "An internal error occurred"))
    found = pulled(tmp_path, patience=0.05)
    assert [item["name"] for item in found.document["tables"]] == ["p.d.a", "p.e.c"]
    ((name, why),) = found.unread
    assert name == "p.d.b"
    assert why.startswith(
        "cannot read the description of p.d.b: BigQuery answers with an error of its own, even after"
    )


def test_one_dataset_behind_a_perimeter(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.a": ORDERS, "p.lab.b": ORDERS})
    said = "VPC Service Controls: Request is prohibited by organization's policy."
    server.failures.append(Failure("GET .*/lab/tables$", 403, "forbidden", said))
    found = pulled(tmp_path)
    assert [item["name"] for item in found.document["tables"]] == ["p.d.a"]
    assert [name for name, _ in found.unread] == ["p.lab"]


def test_a_table_whose_dry_runs_bigquery_fails_at(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.a": ORDERS})
    server.failures.append(Failure("POST", 503, "backendError", "oops"))
    found = pulled(tmp_path, patience=0.05)
    assert sizes(found, "p.d.a") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    ((_, why),) = found.unread
    assert why.startswith(
        "its columns are not measured: cannot dry run a query of p.d.a: BigQuery answers with an error"
    )


def test_a_bigquery_that_is_down_is_not_asked_for_each_table(serve: Serve, tmp_path: Path) -> None:
    server = serve({f"p.d.t{number:03}": ORDERS for number in range(200)})
    server.page = 1000
    server.failures.append(Failure("GET .*/tables/t", 503, "backendError", "oops"))
    with pytest.raises(
        UsageProblem, match=r"^cannot read the description of p\.d\.t\d{3}: BigQuery answers with"
    ):
        pulled(tmp_path, patience=0.05)
    asked = {request for request in server.requests if "/tables/t" in request}
    assert 8 <= len(asked) < 200  # eight at once, and those that were begun meanwhile


def test_a_bigquery_that_goes_down_is_not_asked_for_each_table(serve: Serve, tmp_path: Path) -> None:
    server = serve({f"p.d.t{number:02}": ORDERS for number in range(40)})
    server.failures.append(Failure("POST", 503, "backendError", "oops"))
    with pytest.raises(UsageProblem, match=r"^cannot dry run a query of p\.d\.t\d\d: BigQuery answers with"):
        pulled(tmp_path, patience=0.05)


def test_who_may_run_no_jobs_has_the_descriptions(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.days": DAYS, "p.d.orders": ORDERS, "p.e.days": DAYS})
    denied = "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p."
    server.failures.append(Failure("POST", 403, "accessDenied", denied))
    found = pulled(tmp_path)
    assert sizes(found, "p.d.orders") == dict.fromkeys(ORDERS_SIZES) | {"id": 24}
    assert entry(found, "p.d.days")["partitioning"]["partitions"] is None
    ((name, why),) = found.unread
    assert name == "p"
    assert why.startswith(
        "partitions are not listed and columns not measured: cannot query the partitions of p.d: permission "
        "bigquery.jobs.create is missing on project p"
    )
    assert why.endswith("; or leave them out with --no-dry-runs --max-bytes-billed 0")
    assert len(server.inserts) == 1
    assert pulled(tmp_path, replace(FAST, dry_runs=False, maximum_bytes_billed=0)).unread == ()


def test_partitions_that_may_not_be_listed(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.days": DAYS})
    server.failures.append(Failure("POST", 400, "bytesBilledLimitExceeded", "too much", times=1))
    found = pulled(tmp_path)
    assert sizes(found, "p.d.days") == {"dt": 16, "name": 10}
    assert found.unread[0][0] == "p.d.days"
    assert "its partitions are not listed: cannot query the partitions of p.d" in found.unread[0][1]


def test_partitions_of_many_tables_that_may_not_be_listed_are_one_thing(serve: Serve, tmp_path: Path) -> None:
    server = serve({f"p.{dataset}.days{number}": DAYS for dataset in "de" for number in range(5)})
    server.failures.append(Failure("POST", 400, "bytesBilledLimitExceeded", "too much", times=2))
    found = pulled(tmp_path)
    assert [name for name, _ in found.unread] == ["p.d", "p.e"]
    assert found.unread[0][1].startswith(
        "partitions of 5 tables are not listed (p.d.days0, p.d.days1, p.d.days2 and 2 more): cannot query the "
        "partitions of p.d: it would be charged for more than --max-bytes-billed"
    )


def test_a_dataset_whose_partitions_bigquery_fails_to_list(serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.d.days": DAYS, "p.e.days": DAYS})
    server.failures.append(Failure("GET .*/queries/", 503, "backendError", "oops"))
    found = pulled(tmp_path, patience=0.05)
    assert [name for name, _ in found.unread] == ["p.d.days", "p.e.days"]
    assert sizes(found, "p.d.days") == {"dt": 16, "name": 10}


def test_an_answer_about_another_table(serve: Serve, tmp_path: Path) -> None:
    other = {"tableReference": {"projectId": "p", "datasetId": "d", "tableId": "x`; DROP"}}
    serve({"p.d.orders": replace(ORDERS, more=other), "p.d.users": ORDERS})
    assert pulled(tmp_path).unread == (("p.d.orders", "the answer describes p.d.x`; DROP instead"),)


WIDE = {f"p.d.t{number}": Table([column("a"), column("b")], [{"a": "x", "b": "yy"}]) for number in range(10)}


def interrupted(server: Server, tmp_path: Path) -> None:
    """A pull that a quota ends after eight of twenty dry runs."""
    stop = Failure("POST", 403, "quotaExceeded", "Quota exceeded", after=8)
    server.failures.append(stop)
    with pytest.raises(UsageProblem, match=r"a quota is used up .* run this again"):
        pulled(tmp_path, replace(FAST, per_second=100))
    for thread in threading.enumerate():
        if thread.name == "costguard":  # requests that were under way
            thread.join()
    server.failures.remove(stop)
    server.asked.clear()


def test_an_interrupted_pull_goes_on(serve: Serve, tmp_path: Path) -> None:
    server = serve(WIDE)
    (tmp_path / "other").mkdir()
    whole = pulled(tmp_path / "other")
    server.asked.clear()
    interrupted(server, tmp_path)
    known = len(ProgressFile(tmp_path / "catalog.json"))
    assert 1 <= known <= 8
    found = pulled(tmp_path)
    assert (found.remembered, found.dry_runs) == (known, 20 - known)
    assert len(server.dry_runs) == 20 - known
    assert found.document == whole.document


def test_what_is_kept_of_a_table_that_has_changed_is_not_used(serve: Serve, tmp_path: Path) -> None:
    server = serve(dict(WIDE))
    interrupted(server, tmp_path)
    changed = {name: replace(table, modified="1793500000001") for name, table in WIDE.items()}
    server.tables.update(changed)
    found = pulled(tmp_path)
    assert (found.remembered, found.dry_runs) == (0, 20)


def test_the_same_each_time(serve: Serve, tmp_path: Path) -> None:
    serve({"p.d.orders": ORDERS, "p.d.days": DAYS, **WIDE})
    request = replace(FAST, partition_columns=True)
    first = pulled(tmp_path, request)
    (tmp_path / ".catalog.json.progress").unlink()
    assert pulled(tmp_path, request).document == first.document
