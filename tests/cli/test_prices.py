"""`costguard prices`, and scans with what it wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import jsonschema
import pytest

from costguard.price_file import price_file_text
from tests.listed import analysis, machine, prices
from tests.servers.billing_catalog import Catalog, Refusal, catalog, serving

from .conftest import Costguard, Done

SCHEMA = json.loads((Path(__file__).parents[1] / "price-file.schema.json").read_text())
NOW = ("--now", "2026-11-26T12:00:00Z")
FILE = (
    analysis("A", "US", "6.5", "us"),
    analysis("B", "EU", "6.25", "europe"),
    analysis("C", "mars-east1", "9.5", "mars-east1"),
    analysis("D", "\x1b[31mmoon", "1"),
    machine("E", "N2 Instance Core", "0.04"),
    machine("F", "N2 Instance Ram", "0.005"),
)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    """A catalog on loopback, which the command finds by its environment."""
    served = catalog()
    with serving(served) as address:
        monkeypatch.setenv("COSTGUARD_BILLING_ENDPOINT", address)
        yield served


def refused(done: Done) -> str:
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    return done.err.removeprefix("costguard: ")


# -- refresh -------------------------------------------------------------------------------------------


def test_a_refresh_writes_the_file_and_says_what_is_in_it(
    costguard: Costguard, source: Catalog, tmp_path: Path
) -> None:
    days = {datetime.now(UTC).date()}
    done = costguard("prices", "refresh", "--quiet")
    days.add(datetime.now(UTC).date())
    assert (done.code, done.err) == (0, "")
    document = json.loads((tmp_path / "prices.json").read_text())
    jsonschema.validate(document, SCHEMA)
    day = date.fromisoformat(document["as_of"])
    assert day in days
    assert done.out == (
        f"Written    prices.json: list of {day}\n"
        "Services   BigQuery Reservation API: 1 SKU\n"
        "           BigQuery: 7 SKUs\n"
        "           Compute Engine: 5 SKUs, 3 more left out\n"
        "           Cloud Storage: 0 SKUs\n"
        "Used       on-demand analysis of 4 locations; 27 machine types in us-central1\n"
        "Not read   1 SKU of analysis whose location or price cannot be told: AAAA-0000-0005 'Analysis of moons'\n"
    )
    order = [(sku["service"], sku["id"]) for sku in document["skus"]]
    assert (len(order), order) == (13, sorted(order))
    (first,) = (sku for sku in document["skus"] if sku["id"] == "AAAA-0000-0004")
    assert first["tiers"] == [{"start": "0", "price": "0"}, {"start": "1", "price": "99.000000001"}]


def test_a_second_refresh_writes_the_same_file_and_says_what_changed(
    costguard: Costguard, source: Catalog, tmp_path: Path
) -> None:
    assert costguard("prices", "refresh", "-o", "a.json").code == 0
    before = (tmp_path / "a.json").read_bytes()
    done = costguard("prices", "refresh", "-o", "a.json")
    assert done.out.endswith("Since then 0 prices changed, 0 new, 0 gone, against the file that was there\n")
    assert (tmp_path / "a.json").read_bytes() == before
    source.skus = {
        **source.skus,
        "24E6-581D-38E5": [*source.skus["24E6-581D-38E5"][1:3], *source.skus["16B8-3DDA-9F10"]],
    }
    done = costguard("prices", "refresh", "-o", "a.json")
    assert done.out.endswith("Since then 0 prices changed, 1 new, 5 gone, against the file that was there\n")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.json"]


def test_notes_name_what_is_read_what_is_missing_and_what_to_do_next(
    costguard: Costguard, source: Catalog
) -> None:
    done = costguard("prices", "refresh", "--service", "bigquery", "--service", "storage")
    assert done.err.splitlines() == [
        "costguard: reading the SKUs of BigQuery",
        "costguard: reading the SKUs of Cloud Storage",
        "costguard: the catalog lists no SKU of Cloud Storage",
        'costguard: a scan uses it with --prices prices.json, or with prices = "prices.json" in the config',
    ]
    assert (
        "costguard: the catalog lists no service 'dataproc': it is not in the file\n"
        in costguard("prices", "refresh").err
    )


def test_the_file_of_the_config_is_refreshed(costguard: Costguard, source: Catalog, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text('prices = "list.json"\n')
    done = costguard("prices", "refresh", "--service", "bigquery")
    assert "a scan uses it" not in done.err
    assert json.loads((tmp_path / "list.json").read_text())["version"] == 1


@pytest.mark.parametrize("content", ["{}", '{"version": 7}', "mine"])
def test_another_file_is_not_overwritten(
    costguard: Costguard, source: Catalog, tmp_path: Path, content: str
) -> None:
    (tmp_path / "prices.json").write_text(content)
    assert "move it away, or choose another file with --output" in refused(costguard("prices", "refresh"))
    assert (tmp_path / "prices.json").read_text() == content
    assert source.asked == []


def test_a_refusal_leaves_the_file_as_it_was(costguard: Costguard, source: Catalog, tmp_path: Path) -> None:
    text = price_file_text(prices(*FILE))
    (tmp_path / "prices.json").write_text(text)
    source.always = Refusal(grpc.StatusCode.PERMISSION_DENIED, "no \x1b[31m right")
    said = refused(costguard("prices", "refresh"))
    assert said.startswith(
        "Cloud Billing Catalog, list of services: permission denied (no ␛[31m right). The price list"
    )
    assert (tmp_path / "prices.json").read_text() == text


def test_a_catalog_without_skus_leaves_the_file(
    costguard: Costguard, source: Catalog, tmp_path: Path
) -> None:
    assert costguard("prices", "refresh").code == 0
    before = (tmp_path / "prices.json").read_bytes()
    source.skus = {}
    assert "BigQuery: it lists none, which cannot be" in refused(costguard("prices", "refresh", "--quiet"))
    assert (tmp_path / "prices.json").read_bytes() == before


def test_a_quota_that_is_used_up_ends_in_time(costguard: Costguard, source: Catalog) -> None:
    source.always = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "the quota is used up" in refused(costguard("prices", "refresh", "--timeout", "0.2", "--quiet"))


def test_a_server_that_never_answers(costguard: Costguard, source: Catalog) -> None:
    source.stuck = True
    assert "no answer in time" in refused(costguard("prices", "refresh", "--timeout", "0.2", "--quiet"))


def test_a_server_elsewhere_is_refused(costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSTGUARD_BILLING_ENDPOINT", "10.1.2.3:443")
    assert refused(costguard("prices", "refresh")) == (
        "COSTGUARD_BILLING_ENDPOINT=10.1.2.3:443: only an address of this machine will do, such as 127.0.0.1:8080\n"
    )


def test_a_folder_that_is_not_there(costguard: Costguard, source: Catalog) -> None:
    assert "there is no directory nowhere" in refused(costguard("prices", "refresh", "-o", "nowhere/p.json"))
    assert source.asked == []


# -- scans with the file -------------------------------------------------------------------------------


def scanned(costguard: Costguard, *arguments: object) -> dict[str, Any]:
    done = costguard("scan", "shop", "--format", "json", *arguments)
    assert done.code in (0, 1)
    return done.document


def test_a_scan_with_refreshed_prices(costguard: Costguard, source: Catalog, shop: Path) -> None:
    assert costguard("prices", "refresh", "--quiet").code == 0
    day = json.loads(Path("prices.json").read_text())["as_of"]
    document = scanned(costguard, "--prices", "prices.json")
    # one TiB and half a TiB at 6.50, where the list that ships has 6.25
    assert [query["usd"]["point"] for query in document["queries"]] == ["6.50", "3.25"]
    assert {query["usd"]["price"] for query in document["queries"]} == {f"6.5 USD/TiB, US, list of {day}"}
    assert document["summary"]["usd_per_iteration"]["point"] == "9.75"
    assert document["findings"][0]["wasted"]["usd"]["point"] == "6.50"
    assert document["summary"]["price_remarks"] == [
        f"US: list of {day}",
        f"the list of {day} has 1 more SKU of analysis that cannot be read (costguard prices show)",
    ]
    without = scanned(costguard)
    assert without["summary"]["usd_per_iteration"]["point"] == "9.375"
    assert without["summary"]["price_remarks"] == []


def test_another_file_gives_other_figures_whatever_is_remembered(costguard: Costguard, shop: Path) -> None:
    (shop / "costguard.toml").write_text('catalog = "catalog.json"\nprices = "list.json"\n')
    for usd, total in (("8", "12.00"), ("4", "6.00"), ("8", "12.00")):
        (shop / "list.json").write_text(price_file_text(prices(analysis("A", "US", usd, "us"))))
        for _ in range(2):
            assert scanned(costguard)["summary"]["usd_per_iteration"]["point"] == total


def test_a_location_that_the_file_lacks_has_the_shipped_price_and_that_is_said(
    costguard: Costguard, shop: Path
) -> None:
    (shop / "costguard.toml").write_text('prices = "list.json"\n')
    (shop / "list.json").write_text(price_file_text(prices(analysis("A", "EU", "9", "eu"))))
    document = scanned(costguard, "--catalog", "shop/catalog.json")
    assert document["summary"]["usd_per_iteration"]["point"] == "9.375"
    note = "list of 2026-07-25; not in the list of 2026-11-01"
    assert {query["usd"]["price"] for query in document["queries"]} == {f"6.25 USD/TiB, US, {note}"}
    assert document["summary"]["price_remarks"] == [f"US: {note}"]
    assert f"\nPrices     US: {note}\n" in costguard("scan", "shop", "--catalog", "shop/catalog.json").out


def test_a_location_that_only_the_file_has(costguard: Costguard, shop: Path) -> None:
    (shop / "list.json").write_text(price_file_text(prices(*FILE)))
    assert (
        scanned(costguard, "--prices", "shop/list.json", "--location", "mars-east1")["summary"]["queries"]
        == 2
    )
    assert "there is no price for location 'mars-east1'" in refused(
        costguard("scan", "shop", "--location", "mars-east1")
    )


ROWS = """from google.cloud import bigquery

frame = bigquery.Client().query("SELECT id FROM p.shop.orders").to_dataframe()
frame.apply(lambda row: row["id"] + 1, axis=1)
"""


def test_machine_time_is_priced_by_the_file(costguard: Costguard, shop: Path) -> None:
    (shop / "rows.py").write_text(ROWS)
    (shop / "list.json").write_text(price_file_text(prices(*FILE)))
    found = {}
    for options in ((), ("--prices", "shop/list.json")):
        document = scanned(costguard, "--rule", "pandas-apply-rows", *options)
        (finding,) = document["findings"]
        found[finding["wasted"]["machine"]] = Decimal(finding["wasted"]["usd"]["point"])
    shipped, listed = "n2-standard-4, 0.194236 USD/hour, assumed", "n2-standard-4, 0.24 USD/hour"
    assert list(found) == [shipped, f"{listed}, us-central1, list of 2026-11-01, assumed"]
    usd, usd_of_file = found.values()
    assert usd_of_file / usd == Decimal("0.24") / Decimal("0.194236")
    assert document["summary"]["price_remarks"][-1] == list(found)[-1]


def test_a_machine_that_only_the_file_prices(costguard: Costguard, shop: Path) -> None:
    (shop / "costguard.toml").write_text('machine = "n2-highcpu-2"\n')
    assert "there is no price for machine 'n2-highcpu-2'" in refused(costguard("scan", "shop"))
    (shop / "list.json").write_text(price_file_text(prices(*FILE)))
    assert costguard("scan", "shop", "--prices", "shop/list.json", "--fail-on", "never").code == 0


@pytest.mark.parametrize("command", [("scan", "shop"), ("query", "SELECT 1", "shop")])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ('{"version": 2}', "version 2 of the price file is not known here, 1 is"),
        ('{"version": 1, "as_of": 5}', "as_of: "),
    ],
)
def test_a_broken_price_file_is_one_clear_error(
    costguard: Costguard, shop: Path, command: tuple[str, ...], content: str, said: str
) -> None:
    Path("broken.json").write_text(content)
    assert refused(costguard(*command, "--prices", "broken.json")).startswith(f"broken.json: {said}")


def test_a_price_file_of_the_config_that_is_not_there(costguard: Costguard, shop: Path) -> None:
    (shop / "costguard.toml").write_text('prices = "gone.json"\n')
    assert refused(costguard("scan", "shop")).endswith(
        "gone.json: no such price file; `costguard prices refresh` writes one\n"
    )


def test_facts_have_the_file_s_prices(costguard: Costguard, shop: Path) -> None:
    (shop / "list.json").write_text(price_file_text(prices(*FILE)))
    sql = "SELECT usd_per_tib, SUM(usd) AS usd FROM queries GROUP BY usd_per_tib"
    done = costguard("query", sql, "shop", "--prices", "shop/list.json", "--format", "json")
    assert done.document["rows"] == [{"usd_per_tib": 6.5, "usd": 9.75}]


# -- show ----------------------------------------------------------------------------------------------

SHOWN = """\
Prices     list of 2026-11-01, 25 days old (list.json)
           a test
Services   BigQuery: 4 SKUs
           Compute Engine: 2 SKUs, 12 more left out
Used       on-demand analysis of 3 locations; 27 machine types in us-central1
Not read   1 SKU of analysis whose location or price cannot be told: D 'Analysis (\\x1b[31mmoon)'
Otherwise  list of 2026-07-25, 124 days old (ships with costguard)

1 of 1 location in both lists differs
7 of 7 machine types in both lists differ

location  USD/TiB  shipped
us            6.5     6.25  +4.0 %

machine, us-central1  USD/hour   shipped
e2-standard-16        0.536048  0.536048  not in the file
e2-standard-2         0.067006  0.067006  not in the file
"""


@pytest.fixture
def listed_file(tmp_path: Path) -> Path:
    (tmp_path / "list.json").write_text(price_file_text(prices(*FILE)))
    return Path("list.json")


def test_what_a_file_says_and_how_it_differs(costguard: Costguard, listed_file: Path) -> None:
    done = costguard("prices", "show", listed_file, "--location", "US", *NOW)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(SHOWN)
    # 2 * 0.04 + 8 * 0.005 = 0.12, and 0.12 / 0.097118 = 1.2356
    assert "\nn2-standard-2             0.12  0.097118  +23.6 %\n" in done.out
    assert done.out.endswith("\nand 20 more machine types: --format json lists them\n")


def test_every_location_of_both_lists(costguard: Costguard, listed_file: Path) -> None:
    lines = costguard("prices", "show", listed_file, *NOW).out.splitlines()
    assert "1 of 2 locations in both lists differs" in lines
    assert "eu                          6.25     6.25" in lines
    assert "mars-east1                   9.5        -" in lines
    assert "europe-west6                8.75     8.75  not in the file" in lines


def test_the_same_for_programs(costguard: Costguard, listed_file: Path) -> None:
    document = costguard("prices", "show", listed_file, "--location", "us", "--format", "json", *NOW).document
    machines = {row.pop("machine"): row for row in document.pop("machines")}
    assert len(machines) == 27 + 7  # seven of the shipped list are E2 and N1
    assert machines["n2-standard-4"] == {
        "usd_per_hour": "0.24",
        "from": "file",
        "shipped": "0.194236",
        "differs": True,
    }
    assert machines["n1-standard-4"]["from"] == "shipped"
    assert [item.pop("id") for item in document["not_recognised"]] == ["D"]
    del document["not_recognised"]
    source = document["shipped"].pop("source")
    assert source.startswith("On-demand list prices")
    assert document == {
        "version": 1,
        "file": {
            "path": "list.json",
            "as_of": "2026-11-01",
            "age_days": 25,
            "source": "a test",
            "services": [
                {"id": "24E6-581D-38E5", "name": "BigQuery", "skus": 4, "left_out": 0},
                {"id": "6F81-5844-456A", "name": "Compute Engine", "skus": 2, "left_out": 12},
            ],
        },
        "shipped": {"as_of": "2026-07-25", "age_days": 124},
        "analysis": [
            {"location": "us", "usd_per_tib": "6.5", "from": "file", "shipped": "6.25", "differs": True}
        ],
        "region": "us-central1",
        "skus": None,
    }


def test_the_list_that_ships(costguard: Costguard) -> None:
    done = costguard("prices", "show", *NOW)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "Prices     list of 2026-07-25, 124 days old (ships with costguard)"
    assert "europe-west6                8.75" in lines
    assert "n2-standard-4         0.194236" in lines
    document = costguard("prices", "show", "--format", "json", *NOW).document
    assert (document["file"], document["not_recognised"], document["skus"]) == (None, [], None)
    assert len(document["analysis"]) == 48
    assert {row["from"] for row in (*document["analysis"], *document["machines"])} == {"shipped"}


def test_the_file_of_the_config_is_shown(costguard: Costguard, listed_file: Path, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text('prices = "list.json"\nlocation = "EU"\n')
    assert costguard("prices", "show", *NOW).out.startswith("Prices     list of 2026-11-01, 25 days old (")


@pytest.mark.parametrize(
    ("now", "age"),
    [("2026-11-01T23:00:00Z", "of today"), ("2026-11-02", "1 day old"), ("2026-10-30", "dated 2 days ahead")],
)
def test_how_old_a_list_is(costguard: Costguard, listed_file: Path, now: str, age: str) -> None:
    first = costguard("prices", "show", listed_file, "--now", now).out.splitlines()[0]
    assert first == f"Prices     list of 2026-11-01, {age} (list.json)"


def test_the_skus_of_a_service(costguard: Costguard, listed_file: Path) -> None:
    done = costguard("prices", "show", listed_file, "--service", "bigquery", *NOW)
    assert done.out.partition("\n\n")[2] == (
        "4 SKUs\n"
        "A  Analysis (US) (us, OnDemand): 0, 6.5 from 1 USD/TiBy\n"
        "B  Analysis (EU) (europe, OnDemand): 0, 6.25 from 1 USD/TiBy\n"
        "C  Analysis (mars-east1) (mars-east1, OnDemand): 0, 9.5 from 1 USD/TiBy\n"
        "D  Analysis (␛[31mmoon) (regional, OnDemand): 0, 1 from 1 USD/TiBy\n"
    )
    found = costguard(
        "prices", "show", listed_file, "--service", "compute", "--location", "US-Central1", "--format", "json"
    )
    assert [(sku["id"], sku["tiers"]) for sku in found.document["skus"]] == [
        ("E", [{"start": "0", "price": "0.04"}]),
        ("F", [{"start": "0", "price": "0.005"}]),
    ]


def test_a_service_that_is_not_there(costguard: Costguard, listed_file: Path) -> None:
    assert refused(costguard("prices", "show", "--service", "bigquery")).startswith(
        "--service needs a price file: the list that ships has no SKUs"
    )
    assert refused(costguard("prices", "show", listed_file, "--service", "storage")) == (
        "--service storage: not in the price file; it has BigQuery (24E6-581D-38E5), "
        "Compute Engine (6F81-5844-456A)\n"
    )


def test_a_location_that_no_list_has(costguard: Costguard) -> None:
    assert "no price for location 'mars'" in refused(costguard("prices", "show", "--location", "mars"))
