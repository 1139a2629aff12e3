"""`costguard catalog pull` and `costguard catalog show`."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costguard.catalog.load import load_catalog
from costguard.cloud.bigquery import EMULATOR
from tests.servers.bigquery import Failure, Server, Table, column, serving

from .conftest import Costguard

GIB = 2**30
SALES = Table(
    [column("id", "INTEGER", "REQUIRED"), column("day", "DATE"), column("note"), column("paid", "BOOLEAN")],
    [
        {"id": 1, "day": "2026-10-01", "note": "abcdef", "paid": True},
        {"id": 2, "day": "2026-10-02", "note": None, "paid": None},
        {"id": 3, "day": "2026-10-02", "note": "abcdef", "paid": None},
        {"id": 4, "day": "2026-10-03", "note": "abcdefabcdefab", "paid": False},
    ],
    more={"timePartitioning": {"type": "DAY", "field": "day"}},
    copies=GIB,
)
"""Of four rows, a GiB times each: 32 GiB of `id` and of `day`, 32 GiB of `note` (8, 0, 8 and 16), 2 GiB of `paid`."""
VIEW = Table(
    [column("id", "INTEGER")], more={"type": "VIEW", "view": {"query": "SELECT id FROM p.shop.sales"}}
)

PULL = ("catalog", "pull", "--project", "p", "--requests-per-second", "100")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Table]], Server]]:
    """Starts a server with these tables; Google's client finds it."""
    with ExitStack() as stack:

        def start(tables: dict[str, Table]) -> Server:
            server = stack.enter_context(serving(tables))
            monkeypatch.setenv(EMULATOR, server.address)
            return server

        yield start


Serve = Callable[[dict[str, Table]], Server]

QUERIES = {
    # 32 GiB of `note`: 1/32 TiB at 6.25 dollars.
    "SELECT note FROM p.shop.sales": ("0.1953125", "exact"),
    # Two GiB.
    "SELECT paid FROM p.shop.sales": ("0.01220703125", "exact"),
    # `id` (required) and `day` (no NULL) of the two rows of one day: 2 x 16 GiB, though dry runs told the whole only.
    "SELECT id FROM p.shop.sales WHERE day = '2026-10-02'": ("0.1953125", "exact"),
    # `note` of the last day, 16 GiB, and 8 GiB of `day`.
    "SELECT note FROM p.shop.sales WHERE day = '2026-10-03'": ("0.146484375", "exact"),
    # Through the view: 32 GiB.
    "SELECT id FROM p.shop.ids": ("0.1953125", "exact"),
}


def test_from_a_pull_to_dollars(costguard: Costguard, serve: Serve, tmp_path: Path) -> None:
    server = serve({"p.shop.sales": SALES, "p.shop.ids": VIEW})
    done = costguard(*PULL, "shop", "--partition-columns")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Wrote      catalog.json: 2 tables, 4 of 5 columns with exact sizes\n"
        f"Cost       $0.00006 for 1 query of 10 MiB billed; {len(server.dry_runs)} dry runs for nothing\n"
    )
    assert not (tmp_path / ".catalog.json.progress").exists()
    (tmp_path / "sql").mkdir()
    for number, text in enumerate(QUERIES):
        (tmp_path / "sql" / f"{number}.sql").write_text(text)
    scan = costguard("scan", "sql", "--catalog", "catalog.json", "--format", "json", "--fail-on", "never")
    found = {
        query["path"]: (Decimal(query["usd"]["point"]), query["usd"]["basis"])
        for query in scan.document["queries"]
    }
    assert found == {
        f"sql/{number}.sql": (Decimal(usd), basis) for number, (usd, basis) in enumerate(QUERIES.values())
    }


def test_what_was_pulled(costguard: Costguard, serve: Serve, tmp_path: Path) -> None:
    serve({"p.shop.sales": SALES})
    assert (
        costguard(
            *PULL, "-o", tmp_path / "c.json.gz", "--partition-columns", "--partitions", "..20261002"
        ).code
        == 0
    )
    document = json.loads(gzip.decompress((tmp_path / "c.json.gz").read_bytes()))
    assert document["tables"][0]["partitioning"]["partitions"] == [
        {"id": "20261001", "rows": GIB, "bytes": 25 * GIB, "columns": {"note": 8 * GIB, "paid": GIB}},
        {"id": "20261002", "rows": 2 * GIB, "bytes": 40 * GIB, "columns": {"note": 8 * GIB, "paid": 0}},
        {"id": "20261003", "rows": GIB, "bytes": 33 * GIB},
    ]
    assert load_catalog([tmp_path / "c.json.gz"]).as_of == document["as_of"]
    # 8 GiB of `note` and 8 GiB of `day` in the day that was measured; the other one is reckoned by its share.
    for day, expected in (("01", "0.09765625 exact"), ("03", "modelled")):
        (tmp_path / "q.sql").write_text(f"SELECT note FROM p.shop.sales WHERE day = '2026-10-{day}'")
        scan = costguard("scan", "q.sql", "--catalog", "c.json.gz", "--format", "json", "--fail-on", "never")
        usd = scan.document["queries"][0]["usd"]
        assert f"{usd['point']} {usd['basis']}".endswith(expected)


def test_a_table_that_may_not_be_read_is_said_and_the_exit_code_is_2(
    costguard: Costguard, serve: Serve
) -> None:
    refused = Table(
        [column("x")], [{"x": "a"}], refused="Access Denied: Table p:shop.x\x1b[31m: User may not"
    )
    serve({"p.shop.sales": SALES, "p.shop.x": refused})
    done = costguard(*PULL)
    assert done.code == 2
    assert done.err == (
        "costguard: p.shop.x: its columns are not measured: cannot dry run a query of p.shop.x: permission "
        "bigquery.tables.getData is missing on the dataset or its project, which roles/bigquery.dataViewer has; "
        "an owner of the dataset (roles/bigquery.dataOwner) or of its project can grant it "
        "(Access Denied: Table p:shop.x␛[31m: User may not)\n"
    )
    assert "Not read   1 thing, named on stderr" in done.out
    assert sorted(load_catalog(["catalog.json"])) == ["p.shop.sales", "p.shop.x"]


def test_nothing_that_could_be_read_writes_nothing(
    costguard: Costguard, serve: Serve, tmp_path: Path
) -> None:
    serve({"p.shop.sales": SALES})
    done = costguard(*PULL, "gone")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("costguard: p.gone: cannot list the tables of p.gone: it is not there")
    assert not (tmp_path / "catalog.json").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--table", "Sales"), "--table Sales: no table or view has such a name (of 2 that were listed)"),
        (("--location", "EU"), "--location EU: no table is there; those found are in US"),
        (("--project", "prod-typo"), "project prod-typo: it has no datasets, or none that may be seen"),
        (("--exclude", "s*", "--exclude", "ids"), "--exclude s* --exclude ids: leaves no table"),
    ],
)
def test_a_typo_leaves_the_catalog_that_is_there(
    costguard: Costguard, serve: Serve, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    serve({"p.shop.sales": SALES, "p.shop.ids": VIEW})
    (tmp_path / "catalog.json").write_text("the good one")
    done = costguard(*PULL, *options)
    assert (done.code, done.out, done.err) == (2, "", f"costguard: {said}\n")
    assert (tmp_path / "catalog.json").read_text() == "the good one"


def test_a_pattern_that_fits_nothing_beside_one_that_fits(costguard: Costguard, serve: Serve) -> None:
    serve({"p.shop.sales": SALES, "p.shop.ids": VIEW})
    done = costguard(*PULL, "--table", "sal*", "--table", "Ids")
    assert done.code == 2
    assert done.err == "costguard: --table Ids: no table or view has such a name (of 2 that were listed)\n"
    assert list(load_catalog(["catalog.json"])) == ["p.shop.sales"]


def test_views_that_cannot_be_priced_say_why(costguard: Costguard, serve: Serve, tmp_path: Path) -> None:
    def view(query: str, legacy: bool = False) -> Table:
        return Table(
            [column("id", "INTEGER")], more={"type": "VIEW", "view": {"query": query, "useLegacySql": legacy}}
        )

    views = {
        "p.shop.old": view("SELECT id FROM [p:shop.sales]", legacy=True),
        "p.shop.lost": view("SELECT id FROM `p.other.gone`"),
        "p.shop.above": view("SELECT id FROM `p.shop.lost` JOIN `p.shop.sales` USING (id)"),
        "p.shop.over_old": view("SELECT id FROM `p.shop.old`"),
    }
    serve({"p.shop.sales": SALES, **views})
    done = costguard(*PULL)
    assert done.code == 0
    said = "a view in legacy SQL: its query is left out, and no scan reads through it"
    assert f"\nLess known p.shop.old: {said}\n" in done.out
    assert load_catalog(["catalog.json"]).table("p.shop.old").view_query is None  # type: ignore[union-attr]

    def why(name: str) -> str:
        (tmp_path / "q.sql").write_text(f"SELECT id FROM {name}")
        out = costguard("scan", "q.sql", "--catalog", "catalog.json", "--fail-on", "never").out
        return " ".join(out.split()).partition("no known cost")[2]

    opaque = "a view in legacy SQL, or one of which the catalog has no query that can be read"
    for name in ("p.shop.old", "p.shop.over_old"):
        assert why(name).startswith(f"; it cannot be told what is read through {name}: {opaque}")
    assert why("p.shop.lost").startswith(": p.other.gone is in no catalog (--catalog FILE)")
    assert why("p.shop.above").startswith(": p.other.gone is in no catalog (--catalog FILE)")


def test_an_interrupted_pull_says_what_it_goes_on_with(
    costguard: Costguard, serve: Serve, tmp_path: Path
) -> None:
    server = serve({"p.shop.sales": SALES})
    # The question about partitions is answered, and one dry run.
    stop = Failure("POST", 403, "quotaExceeded", "Quota exceeded", after=2)
    server.failures.append(stop)
    done = costguard(*PULL, "--requests-per-second", "4")
    assert (done.code, done.out) == (2, "")
    assert "a quota is used up (Quota exceeded); wait, or ask for more, and run this again" in done.err
    server.failures.remove(stop)
    assert not (tmp_path / "catalog.json").exists()
    done = costguard(*PULL)
    assert done.code == 0
    assert done.err == "costguard: going on with 1 answer of an earlier pull (.catalog.json.progress)\n"
    assert ", 1 known from an earlier pull\n" in done.out
    assert load_catalog(["catalog.json"]).table("p.shop.sales").leaves[2].bytes == 32 * GIB  # type: ignore[union-attr]
    assert costguard(*PULL, "--quiet").out == ""


def test_a_torn_progress_file_is_written_anew(costguard: Costguard, serve: Serve, tmp_path: Path) -> None:
    serve({"p.shop.sales": SALES})
    (tmp_path / ".catalog.json.progress").write_text('{"costguard": "cata')
    done = costguard(*PULL)
    assert done.code == 0
    assert done.err == "costguard: .catalog.json.progress broke off in its first line: starting anew\n"
    assert not (tmp_path / ".catalog.json.progress").exists()


def test_an_interrupt_keeps_what_is_known(costguard: Costguard, serve: Serve, tmp_path: Path) -> None:
    wide = Table([column(f"c{number}") for number in range(40)], [{"c1": "ab"}])
    serve({"p.shop.wide": wide})
    code = "from costguard.cli.main import run; run()"
    slowly = (*PULL[:-1], "10", "-o", str(tmp_path / "catalog.json"))
    kept = tmp_path / ".catalog.json.progress"
    with subprocess.Popen(
        [sys.executable, "-c", code, *slowly], stderr=subprocess.PIPE, text=True
    ) as running:
        while not kept.exists() or kept.read_text().count("\n") < 3:
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, "costguard: interrupted\n")
    known = kept.read_text().count("\n") - 1
    done = costguard(*PULL)
    assert done.code == 0
    assert f"{40 - known} dry runs for nothing, {known} known from an earlier pull\n" in done.out


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("-o", "c.yaml"), "a catalog is a .json or a .json.gz file"),
        (("-o", "gone/c.json"), "there is no directory gone"),
        (("--max-bytes-billed", "1000"), "no query is charged for less than 10485760; 0 runs none"),
        (("--partition-columns", "--no-dry-runs"), "which --no-dry-runs forbids"),
        (("--partitions", "1..2"), "give both"),
        (("--partition-columns", "--partitions", "2026-01-01"), "is no range such as"),
        (("--partition-columns", "--partitions", ".."), "is no range such as"),
        (("a`b",), "is no dataset such as shop or my-project.shop"),
    ],
)
def test_options_that_are_wrong(
    costguard: Costguard, serve: Serve, options: tuple[str, ...], problem: str
) -> None:
    serve({"p.shop.sales": SALES})
    done = costguard(*PULL, *options)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err


@pytest.mark.parametrize(
    ("location", "cost"),
    [
        ("europe-west2", "$0.000075 for 1 query of 10 MiB billed"),  # 7.8125 dollars a TiB
        ("mars-1", "1 query for an amount that is not known"),
    ],
)
def test_what_the_pull_cost_where_the_tables_are(
    costguard: Costguard, serve: Serve, location: str, cost: str
) -> None:
    serve({"p.shop.sales": replace(SALES, more=SALES.more | {"location": location}), "p.shop.ids": VIEW})
    assert f"\nCost       {cost}; " in costguard(*PULL).out
    assert "\nCost       $0.00; 0 dry runs for nothing\n" in costguard(*PULL, "--location", "US").out
    assert "\nLeft out   1 table of other locations\n" in costguard(*PULL, "--location", "US").out


def test_an_api_that_is_off(costguard: Costguard, serve: Serve) -> None:
    serve({}).failures.append(Failure(".*", 403, "accessNotConfigured", "BigQuery API is disabled"))
    done = costguard(*PULL)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "costguard: cannot list the datasets of p: the BigQuery API is not enabled in project p; run "
        "`gcloud services enable bigquery.googleapis.com --project p`\n"
    )


# -- show --------------------------------------------------------------------------------------------

CATALOG: dict[str, Any] = {
    "version": 1,
    "as_of": "2026-11-01T00:00:00Z",
    "tables": [
        {
            "name": "p.shop.orders",
            "kind": "table",
            "location": "US",
            "rows": 4,
            "bytes": 2048,
            "columns": [
                {"path": "id", "type": "INT64", "mode": "REQUIRED", "bytes": 32},
                {"path": "items", "type": "RECORD", "mode": "REPEATED"},
                {"path": "items.sku", "type": "STRING", "mode": "NULLABLE", "bytes": 512},
                {"path": "note", "type": "STRING", "mode": "NULLABLE", "bytes": None},
            ],
            "partitioning": {
                "column": "day",
                "type": "DAY",
                "require_filter": True,
                "partitions": [
                    {"id": "20260101", "rows": 1, "bytes": 512, "columns": {"items.sku": 8}},
                    {"id": "20260102", "rows": 3, "bytes": 1536},
                ],
            },
            "clustering": ["id"],
            "primary_key": ["id"],
            "foreign_keys": [{"columns": ["cid"], "table": "p.shop.c", "references": ["id"]}],
            "streaming_buffer_bytes": 100,
        },
        {"name": "p.shop.raw", "kind": "external", "columns": []},
        {
            "name": "p.shop.v",
            "kind": "view",
            "columns": [{"path": "x", "type": "STRING"}],
            "view_query": "SELECT 1\nAS x\x1b[31m",
        },
    ],
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(CATALOG))
    return path


def test_what_a_catalog_holds(costguard: Costguard, catalog: Path) -> None:
    done = costguard("catalog", "show", catalog, "--now", "2026-11-08T12:00:00Z")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "As of      2026-11-01 00:00 UTC, 7 days old\n"
        "Tables     3: 1 external table, 1 table, 1 view\n"
        "Bytes      2 KiB in 1 table, 1 table of unknown size\n"
        "Partitions 2 of 1 table, 1 with exact sizes of columns\n"
        "Columns    4: 2 with exact sizes, 1 without, 1 of views\n"
        "\n"
        "table          kind      rows  bytes  partitions  columns sized\n"
        "p.shop.orders  table        4  2 KiB           2         2 of 3\n"
        "p.shop.raw     external     ?      ?                     0 of 0\n"
        "p.shop.v       view         ?      ?\n"
    )


def test_a_table_of_it(costguard: Costguard, catalog: Path) -> None:
    for name in ("p.shop.orders", "shop.orders", "orders"):
        done = costguard("catalog", "show", catalog, name)
        assert (done.code, done.err) == (0, "")
    assert done.out == (
        "p.shop.orders: table in US\n"
        "Rows       4\n"
        "Bytes      2 KiB (2,048 bytes)\n"
        "Partitions by day (DAY), 2 partitions, a filter is required\n"
        "Clustered  by id\n"
        "Key        id\n"
        "Refers     cid to p.shop.c (id)\n"
        "Streaming  100 B in the buffer, which are not counted above\n"
        "Columns    3, 2 with exact sizes\n"
        "\n"
        "column     type    mode                bytes   share\n"
        "id         INT64   required             32 B   1.6 %\n"
        "items.sku  STRING  nullable, in array  512 B  25.0 %\n"
        "note       STRING  nullable                ?\n"
        "\n"
        "partition  rows    bytes  columns sized\n"
        "20260101      1    512 B              1\n"
        "20260102      3  1.5 KiB              0\n"
    )
    assert costguard("catalog", "show", catalog, "v").out.endswith("\n\nSELECT 1\nAS x␛[31m\n")


def test_many_partitions_are_cut(costguard: Costguard, catalog: Path) -> None:
    document = json.loads(json.dumps(CATALOG))
    listed = [{"id": f"202601{day:02}", "rows": 1, "bytes": 1} for day in range(1, 21)]
    document["tables"][0]["partitioning"]["partitions"] = listed
    catalog.write_text(json.dumps(document))
    out = costguard("catalog", "show", catalog, "orders").out
    assert "\nthe last 12 partitions; --format json has the 8 before them too\n" in out
    assert "20260108" not in out
    assert "20260109" in out


def test_members_of_a_wildcard_stand_in_one_line(costguard: Costguard, catalog: Path) -> None:
    columns = [{"path": "x", "type": "STRING", "bytes": 5}]
    sizes = {
        "p.d.e_20260101": 7,
        "p.d.e_20260102": 8,
        "p.d.e_20260103": 9,
        "p.d.f_20260101": None,
        "p.d.e_x": 1,
    }
    tables = [{"name": name, "rows": size, "bytes": size, "columns": columns} for name, size in sizes.items()]
    catalog.write_text(json.dumps({"version": 1, "tables": tables}))
    assert costguard("catalog", "show", catalog).out.partition("\n\n")[2] == (
        "table           kind       rows  bytes  partitions  columns sized\n"
        "p.d.e_*         3 members    24   24 B                     3 of 3\n"
        "p.d.e_x         table         1    1 B                     1 of 1\n"
        "p.d.f_20260101  table         ?      ?                     1 of 1\n"
    )


def test_the_same_for_programs(costguard: Costguard, catalog: Path) -> None:
    found = costguard(
        "catalog", "show", catalog, "--now", "2026-11-01T00:01:00Z", "--format", "json"
    ).document
    orders = found["tables"][0]
    assert (found["version"], found["as_of"], found["age_seconds"]) == (1, "2026-11-01T00:00:00Z", 60)
    assert orders == {
        "name": "p.shop.orders",
        "kind": "table",
        "location": "US",
        "rows": 4,
        "bytes": 2048,
        "columns": 3,
        "columns_sized": 2,
        "partition_column": "day",
        "partitions": 2,
        "partitions_sized": 1,
        "clustering": ["id"],
        "row_access_policies": False,
        "streaming_buffer_bytes": 100,
    }
    table = costguard("catalog", "show", catalog, "orders", "--format", "json").document
    assert table == {
        "version": 1,
        **orders,
        "column_sizes": [
            {"path": "id", "type": "INT64", "mode": "REQUIRED", "bytes": 32},
            {"path": "items.sku", "type": "STRING", "mode": "NULLABLE", "bytes": 512},
            {"path": "note", "type": "STRING", "mode": "NULLABLE", "bytes": None},
        ],
        "partition_sizes": [
            {"id": "20260101", "rows": 1, "bytes": 512, "columns": {"items.sku": 8}},
            {"id": "20260102", "rows": 3, "bytes": 1536, "columns": {}},
        ],
    }


def test_a_time_that_cannot_be_read_has_no_age(costguard: Costguard, catalog: Path) -> None:
    catalog.write_text(json.dumps(CATALOG | {"as_of": "yesterday"}))
    assert costguard("catalog", "show", catalog).out.startswith("As of      yesterday\n")
    catalog.write_text(json.dumps({"version": 1, "tables": []}))
    out = costguard("catalog", "show", catalog).out
    assert out.splitlines()[:2] == ["As of      not said", "Tables     0"]


@pytest.mark.parametrize(
    ("age", "said"),
    [
        ("2026-11-01T00:59:00Z", "less than an hour old"),
        ("2026-11-01T01:00:00Z", "1 hour old"),
        ("2026-11-02T23:00:00Z", "1 day old"),
        ("2026-10-31T00:00:00Z", "which is yet to come"),
    ],
)
def test_ages(costguard: Costguard, catalog: Path, age: str, said: str) -> None:
    out = costguard("catalog", "show", catalog, "--now", age).out
    assert out.splitlines()[0] == f"As of      2026-11-01 00:00 UTC, {said}"


def test_several_files_and_names_that_fit_twice_or_not(
    costguard: Costguard, catalog: Path, tmp_path: Path
) -> None:
    other = {"version": 1, "tables": [{"name": "q.shop.orders"}, {"name": "q.lab.orders"}]}
    (tmp_path / "d.json").write_text(json.dumps(other))
    assert "\nTables     5: " in costguard("catalog", "show", catalog, "d.json").out
    done = costguard("catalog", "show", catalog, "d.json", "orders")
    assert done.code == 2
    assert done.err == "costguard: orders: may be p.shop.orders or q.lab.orders or q.shop.orders\n"
    done = costguard("catalog", "show", catalog, "p.shop.order")
    assert (done.code, done.out) == (2, "")
    assert "there is no such table in the catalog; did you mean p.shop.orders" in done.err
    done = costguard("catalog", "show", catalog, "gone.json")
    assert "gone.json: no such file" in done.err
