"""List prices over a real gRPC connection: paging, repeats, refusals, and every figure to its last digit."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import grpc
import pytest
from google.cloud.billing_v1 import Sku

from costguard.cloud import billing_catalog
from costguard.cloud.billing_calls import Patience
from costguard.cloud.billing_catalog import Fetched, catalog_client, fetch_prices
from costguard.errors import UsageProblem
from costguard.price_file import ListedService, ListedSku, Tier
from tests.servers.billing_catalog import SERVICES, Catalog, Refusal, catalog, machine, serving, sku

DAY = date(2026, 11, 26)
QUICK = Patience(total=2, call=1, first_pause=0.01)


def fetched(source: Catalog, *wanted: str, patience: Patience = QUICK) -> Fetched:
    """What the official client gets from a server."""
    with serving(source) as address, catalog_client(address) as client:
        return fetch_prices(client, wanted, DAY, patience)


def refused(source: Catalog, *wanted: str, patience: Patience = QUICK) -> str:
    """The line that says why it got nothing."""
    with pytest.raises(UsageProblem) as problem:
        fetched(source, *wanted, patience=patience)
    text = str(problem.value)
    assert "\n" not in text
    return text


def test_prices_of_the_usual_services() -> None:
    found = fetched(catalog())
    prices = found.prices
    assert (prices.as_of, prices.currency) == (DAY, "USD")
    assert prices.services == (
        ListedService("16B8-3DDA-9F10", "BigQuery Reservation API", 0),
        ListedService("24E6-581D-38E5", "BigQuery", 0),
        # left out: a custom machine, a commitment, a disk
        ListedService("6F81-5844-456A", "Compute Engine", 3),
        ListedService("95FF-2EF5-5EA1", "Cloud Storage", 0),
    )
    assert [len(list(prices.of_service(service.id))) for service in prices.services] == [1, 7, 5, 0]
    assert found.missing == ("bigquery-storage", "dataproc", "vertex-ai")


def test_a_sku_with_all_its_fields() -> None:
    prices = fetched(catalog(), "bigquery").prices
    (found,) = (item for item in prices.skus if item.id == "AAAA-0000-0004")
    assert found == ListedSku(
        service="24E6-581D-38E5",
        id="AAAA-0000-0004",
        description="Analysis (mars-east1)",
        family="ApplicationServices",
        group="OnDemandAnalysis",
        usage_type="OnDemand",
        regions=("mars-east1",),
        geography="regional",
        unit="TiBy",
        effective=datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
        tiers=(Tier(Decimal(0), Decimal(0)), Tier(Decimal(1), Decimal("99.000000001"))),
    )


@pytest.mark.parametrize(
    ("units", "nanos", "price"),
    [
        (0, 31_611_000, "0.031611"),
        (0, 1, "0.000000001"),
        (9_223_372_036_854_775_807, 999_999_999, "9223372036854775807.999999999"),
        (-1, -750_000_000, "-1.75"),
        (0, 0, "0"),
    ],
)
def test_money_is_exact(units: int, nanos: int, price: str) -> None:
    item = sku("AAAA", "x", {0: "0"}, "h", "us")
    rate = item.pricing_info[0].pricing_expression.tiered_rates[0]
    rate.unit_price.units, rate.unit_price.nanos = units, nanos
    found = fetched(Catalog(SERVICES, {"24E6-581D-38E5": [item]}), "bigquery").prices
    assert found.skus[0].tiers == (Tier(Decimal(0), Decimal(price)),)


def test_a_sku_without_a_price_stays_without() -> None:
    bare = Sku(sku_id="AAAA", description="free", geo_taxonomy={"type_": 1})
    (found,) = fetched(Catalog(SERVICES, {"24E6-581D-38E5": [bare]}), "bigquery").prices.skus
    assert (found.tiers, found.unit, found.effective, found.geography) == ((), "", None, "global")


def test_each_page_is_asked_for_once() -> None:
    source = catalog(largest_page=3)
    assert len(fetched(source, "bigquery").prices.skus) == 7
    assert source.asked == [
        *(("ListServices", "", token) for token in ("", "3")),
        *(("ListSkus", "services/24E6-581D-38E5", token) for token in ("", "3", "6")),
    ]
    assert {request.page_size for request in source.requests} == {5000}
    assert source.requests[-1].currency_code == "USD"


def test_a_list_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing_catalog, "MAXIMUM_PAGES", 4)
    source = catalog(endless=True)
    assert refused(source, "bigquery") == "Cloud Billing Catalog: a list does not end after 4 pages"
    assert len(source.asked) == 5


def test_a_sku_on_two_pages_is_taken_once() -> None:
    twice = [machine("BBBB", "N2 Instance Core", "0.04", "us-central1")] * 2
    prices = fetched(Catalog(SERVICES, {"6F81-5844-456A": twice}, largest_page=1), "compute").prices
    assert (len(prices.skus), prices.services[0].left_out) == (1, 0)


@pytest.mark.parametrize(
    ("wanted", "identity"),
    [
        ("bigquery", "24E6-581D-38E5"),
        ("BigQuery", "24E6-581D-38E5"),
        ("24e6-581d-38e5", "24E6-581D-38E5"),
        ("bigquery-reservation", "16B8-3DDA-9F10"),
        ("somebody's marketplace", "0000-AAAA-0001"),
    ],
)
def test_a_service_by_any_of_its_names(wanted: str, identity: str) -> None:
    assert [service.id for service in fetched(catalog(), wanted).prices.services] == [identity]


def test_a_renamed_service_is_found_by_its_id() -> None:
    renamed = catalog()
    renamed.services = [type(item)(item, display_name="Warehouse") for item in SERVICES]
    found = fetched(renamed, "bigquery").prices
    assert found.services == (ListedService("24E6-581D-38E5", "Warehouse", 0),)


def test_an_unknown_service() -> None:
    assert refused(catalog(), "bigtable").startswith(
        "--service bigtable: the catalog has no such service; one of bigquery, bigquery-reservation, "
    )


def test_a_catalog_without_any_of_the_usual_services() -> None:
    assert "none of the services" in refused(Catalog(SERVICES[:1], {}))


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_service_that_comes_back_is_asked_again(code: grpc.StatusCode) -> None:
    source = catalog(refusals=[Refusal(code), Refusal(code)])
    said: list[str] = []
    with serving(source) as address, catalog_client(address) as client:
        found = fetch_prices(client, ["bigquery"], DAY, QUICK, said.append)
    assert len(found.prices.skus) == 7
    assert said == [*["no answer yet (no): asking again"] * 2, "reading the SKUs of BigQuery"]
    assert [method for method, *_ in source.asked] == ["ListServices"] * 3 + ["ListSkus"]


def test_a_service_that_stays_away() -> None:
    source = catalog(always=Refusal(grpc.StatusCode.UNAVAILABLE, "connection reset"))
    text = refused(source, patience=Patience(total=0.3, call=0.2, first_pause=0.01))
    assert text.startswith("Cloud Billing Catalog, list of services: the service cannot be reached (")
    assert "connection reset" in text
    assert len(source.asked) > 2


def test_a_quota_that_stays_used_up() -> None:
    refusal = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded for 'Requests per minute'")
    text = refused(catalog(always=refusal), patience=Patience(total=0.3, call=0.2, first_pause=0.01))
    assert "the quota is used up (Quota exceeded for 'Requests per minute'): wait a minute" in text


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        Refusal(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2"),
    ],
)
def test_a_call_that_was_cut_is_made_again(refusal: Refusal) -> None:
    source = catalog(refusals=[refusal])
    assert len(fetched(source, "bigquery").prices.skus) == 7
    assert [method for method, *_ in source.asked] == ["ListServices"] * 2 + ["ListSkus"]


def test_a_try_that_takes_too_long_is_not_the_last() -> None:
    source = catalog(stuck=True)
    text = refused(source, patience=Patience(total=0.5, call=0.1, first_pause=0.01))
    assert text.endswith("no answer in time: try again, or allow more with --timeout")
    assert len(source.asked) >= 2


@pytest.mark.parametrize(("wanted", "name"), [("bigquery", "BigQuery"), ("compute", "Compute Engine")])
def test_a_list_without_skus_is_none(wanted: str, name: str) -> None:
    text = refused(Catalog(SERVICES, {}), wanted)
    assert text == (
        f"Cloud Billing Catalog, SKUs of {name}: it lists none, which cannot be; nothing was written, try again later"
    )


def test_a_service_that_is_not_priced_by_may_have_no_skus() -> None:
    said: list[str] = []
    with serving(catalog()) as address, catalog_client(address) as client:
        found = fetch_prices(client, ["storage"], DAY, QUICK, said.append)
    assert found.prices.skus == ()
    assert said[-1] == "the catalog lists no SKU of Cloud Storage"


def test_a_service_that_never_answers() -> None:
    began = time.monotonic()
    text = refused(catalog(stuck=True), patience=Patience(total=0.4, call=0.2, first_pause=0.01))
    assert text == (
        "Cloud Billing Catalog, list of services: no answer in time: try again, or allow more with --timeout"
    )
    assert time.monotonic() - began < 5


def test_no_server_at_all() -> None:
    with serving(catalog()) as address:
        pass
    with (
        catalog_client(address) as client,
        pytest.raises(UsageProblem, match="the service cannot be reached"),
    ):
        fetch_prices(client, (), DAY, Patience(total=0.3, call=0.2, first_pause=0.01))


DENIED = grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Refusal(
                DENIED,
                "Cloud Billing API has not been used in project 123456789012 before or it is disabled.",
                "SERVICE_DISABLED",
                {"consumer": "projects/123456789012", "service": "cloudbilling.googleapis.com"},
            ),
            "`gcloud services enable cloudbilling.googleapis.com --project 123456789012`, which needs "
            "serviceusage.services.enable there (roles/serviceusage.serviceUsageAdmin)",
        ),
        (
            Refusal(
                DENIED,
                "Your application is authenticating by using local Application Default Credentials. The "
                "cloudbilling.googleapis.com API requires a quota project, which is not set by default.",
                "SERVICE_DISABLED",
                {"consumer": "projects/764086051850"},
            ),
            "run `gcloud auth application-default set-quota-project PROJECT`, or set GOOGLE_CLOUD_QUOTA_PROJECT",
        ),
        (
            Refusal(
                DENIED,
                "Cloud Billing API is disabled",
                "SERVICE_DISABLED",
                {"consumer": "projects/764086051850"},
            ),
            "run `gcloud auth application-default set-quota-project PROJECT`",
        ),
        (
            Refusal(
                DENIED,
                "Caller does not have required permission to use project shop-prod.",
                "USER_PROJECT_DENIED",
                {"consumer": "projects/shop-prod"},
            ),
            "serviceusage.services.use on the quota project (roles/serviceusage.serviceUsageConsumer), which an owner "
            "of project shop-prod can grant: `gcloud projects add-iam-policy-binding shop-prod --member=user:YOU "
            "--role=roles/serviceusage.serviceUsageConsumer`",
        ),
        (
            Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "Getting metadata from plugin failed with error: Reauthentication is needed.",
            ),
            "the Google credentials do not work (Reauthentication is needed.); run `gcloud auth",
        ),
        (Refusal(DENIED, "Denied on project shop-prod."), "an owner of project shop-prod can grant"),
        (Refusal(DENIED, "Denied by your project settings"), "an owner of project PROJECT can grant"),
        (
            Refusal(DENIED, "The caller does not have permission"),
            "which an owner of project PROJECT can grant",
        ),
        (
            Refusal(DENIED, "Request had insufficient scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            "run `gcloud auth application-default login`",
        ),
        (
            Refusal(grpc.StatusCode.UNAUTHENTICATED, "token expired"),
            "the Google credentials are not accepted (token expired); run `gcloud auth application-default login`",
        ),
        (Refusal(grpc.StatusCode.INTERNAL, "oh\nno"), "InternalServerError: oh no"),
        (Refusal(grpc.StatusCode.NOT_FOUND, "Unknown service"), "there is no such service (Unknown service)"),
    ],
)
def test_a_refusal_says_what_to_do(refusal: Refusal, said: str) -> None:
    source = catalog(always=refusal)
    text = refused(source)
    assert text.startswith("Cloud Billing Catalog, list of services: ")
    assert said in text
    assert len(source.asked) == 1  # what will be refused again is not asked again


def test_a_refusal_names_the_service_whose_skus_were_read() -> None:
    source = catalog()
    source.skus = {}
    with serving(source) as address, catalog_client(address) as client:

        def deny(sentence: str) -> None:
            source.always = Refusal(DENIED)

        with pytest.raises(
            UsageProblem, match=r"^Cloud Billing Catalog, SKUs of BigQuery: permission denied"
        ):
            fetch_prices(client, ["bigquery"], DAY, QUICK, deny)


def test_another_currency_is_refused() -> None:
    source = Catalog(SERVICES, {"24E6-581D-38E5": [sku("AAAA", "x", {0: "1"}, "h", "us", currency="EUR")]})
    assert refused(source, "bigquery") == "Cloud Billing Catalog: SKU AAAA is priced in 'EUR', not in USD"


@pytest.mark.parametrize(
    ("start", "said"), [(float("inf"), "Infinity"), (float("nan"), "NaN"), (1e22, "1E+22")]
)
def test_a_tier_from_nowhere_is_refused(start: float, said: str) -> None:
    source = Catalog(SERVICES, {"24E6-581D-38E5": [sku("AAAA", "x", {start: "1"}, "h", "us")]})
    text = refused(source, "bigquery")
    assert text == f"Cloud Billing Catalog: SKU AAAA has a price from {said} units on: no amount"


def test_a_tier_starts_at_the_shortest_text_of_its_double() -> None:
    source = Catalog(SERVICES, {"24E6-581D-38E5": [sku("AAAA", "x", {0.1: "1", 5e9: "2"}, "h", "us")]})
    (found,) = fetched(source, "bigquery").prices.skus
    assert [str(tier.start) for tier in found.tiers] == ["0.1", "5000000000.0"]


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.billing_v1", None)
    with (
        pytest.raises(UsageProblem, match=r"pip install 'costguard-gcp\[gcp\]'"),
        catalog_client("127.0.0.1:1"),
    ):
        pass


def test_without_credentials_the_way_to_get_some_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    missing = tmp_path_factory.mktemp("empty") / "key.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(missing))
    with pytest.raises(UsageProblem) as problem, catalog_client(None):
        pass
    assert str(problem.value).startswith(
        f"Cloud Billing Catalog: there are no Google credentials (File {missing} was not found.); "
        f"GOOGLE_APPLICATION_CREDENTIALS names {missing}: let it name another file, or unset it and run `gcloud auth "
    )


@pytest.mark.parametrize("content", ["[1]", "{", '{"type": "service_account"}', '{"type": 5}', None])
def test_a_key_file_that_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(UsageProblem) as problem, catalog_client(None):
        pass
    assert str(problem.value).startswith("Cloud Billing Catalog: the Google credentials cannot be used (")
    assert f"GOOGLE_APPLICATION_CREDENTIALS names {path}: let it name another file" in str(problem.value)
