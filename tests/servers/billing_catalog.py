"""A Cloud Billing Catalog on loopback: a real gRPC server in this process, which the official client talks to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud.billing_v1 import (
    ListServicesRequest,
    ListServicesResponse,
    ListSkusRequest,
    ListSkusResponse,
    Service,
    Sku,
)
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

NAME = "google.cloud.billing.v1.CloudCatalog"
EFFECTIVE = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Refusal:
    """How a call fails. `reason` and `metadata` travel as Google's ErrorInfo."""

    code: grpc.StatusCode
    text: str = "no"
    reason: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Catalog:
    """What the server knows, how it behaves, and what it was asked."""

    services: Sequence[Service]
    skus: Mapping[str, Sequence[Sku]]
    """By service id."""
    largest_page: int = 5000
    refusals: list[Refusal] = field(default_factory=list)
    """One for each of the next calls; then it answers."""
    always: Refusal | None = None
    """For every call."""
    stuck: bool = False
    """It never answers."""
    endless: bool = False
    """Each page names a next one."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, parent, page token) of each call."""
    requests: list[Any] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def list_services(
        self, request: ListServicesRequest, context: grpc.ServicerContext
    ) -> ListServicesResponse:
        self.asked.append(("ListServices", "", request.page_token))
        self._behave(request, context)
        found, token = self._page(self.services, request)
        return ListServicesResponse(services=found, next_page_token=token)

    def list_skus(self, request: ListSkusRequest, context: grpc.ServicerContext) -> ListSkusResponse:
        self.asked.append(("ListSkus", request.parent, request.page_token))
        self._behave(request, context)
        found, token = self._page(self.skus.get(request.parent.removeprefix("services/"), ()), request)
        return ListSkusResponse(skus=found, next_page_token=token)

    def _page(self, items: Sequence[Any], request: Any) -> tuple[Sequence[Any], str]:
        start = int(request.page_token or 0)
        end = start + min(request.page_size, self.largest_page)
        return items[start:end], str(end) if end < len(items) or self.endless else ""

    def _behave(self, request: Any, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        if self.stuck:
            self.ended.wait(30)
        refusal = self.refusals.pop(0) if self.refusals else self.always
        if refusal is None:
            return
        refuse(refusal, context)


def refuse(refusal: Refusal, context: grpc.ServicerContext) -> None:
    """End a call."""
    if refusal.reason is not None:
        info = error_details_pb2.ErrorInfo(
            reason=refusal.reason, domain="googleapis.com", metadata=refusal.metadata
        )
        packed = any_pb2.Any()
        packed.Pack(info)
        status = status_pb2.Status(code=refusal.code.value[0], message=refusal.text, details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(refusal.code, refusal.text)


@contextmanager
def serving(catalog: Catalog) -> Iterator[str]:
    """The address of a server with this catalog."""
    handlers = {
        "ListServices": grpc.unary_unary_rpc_method_handler(
            catalog.list_services,
            request_deserializer=ListServicesRequest.deserialize,
            response_serializer=ListServicesResponse.serialize,
        ),
        "ListSkus": grpc.unary_unary_rpc_method_handler(
            catalog.list_skus,
            request_deserializer=ListSkusRequest.deserialize,
            response_serializer=ListSkusResponse.serialize,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        catalog.ended.set()
        server.stop(grace=1).wait()


def money(text: str, currency: str = "USD") -> dict[str, Any]:
    """An amount as the service sends it: whole units, and 10^-9 parts of the same sign."""
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return {"currency_code": currency, "units": sign * int(whole), "nanos": sign * int(part.ljust(9, "0"))}


def sku(
    identity: str,
    description: str,
    prices: Mapping[float, str],
    unit: str,
    *regions: str,
    family: str = "ApplicationServices",
    group: str = "",
    usage: str = "OnDemand",
    geography: int = 2,
    currency: str = "USD",
) -> Sku:
    """A SKU; `prices` are by the amount of usage from which they hold."""
    return Sku(
        sku_id=identity,
        description=description,
        category={"resource_family": family, "resource_group": group, "usage_type": usage},
        service_regions=regions,
        pricing_info=[
            {
                "effective_time": EFFECTIVE,
                "pricing_expression": {
                    "usage_unit": unit,
                    "tiered_rates": [
                        {"start_usage_amount": start, "unit_price": money(price, currency)}
                        for start, price in prices.items()
                    ],
                },
            }
        ],
        geo_taxonomy={"type_": geography, "regions": regions},
    )


def analysis(identity: str, place: str, region: str, price: str) -> Sku:
    """On-demand analysis, the first TiB of a month free."""
    return sku(identity, f"Analysis ({place})", {0: "0", 1: price}, "TiBy", region, group="OnDemandAnalysis")


def machine(
    identity: str, what: str, price: str, region: str, place: str = "Americas", **changes: Any
) -> Sku:
    """Processors or memory of a machine family."""
    group, unit = ("RAM", "GiBy.h") if what.endswith("Ram") else ("CPU", "h")
    given = {"family": "Compute", "group": group, **changes}
    return sku(identity, f"{what} running in {place}", {0: price}, unit, region, **given)


SERVICES = [
    Service(name=f"services/{identity}", service_id=identity, display_name=name)
    for identity, name in (
        ("0000-AAAA-0001", "Somebody's Marketplace"),
        ("16B8-3DDA-9F10", "BigQuery Reservation API"),
        ("24E6-581D-38E5", "BigQuery"),
        ("6F81-5844-456A", "Compute Engine"),
        ("95FF-2EF5-5EA1", "Cloud Storage"),
    )
]
SKUS = {
    "24E6-581D-38E5": [
        analysis("AAAA-0000-0002", "US", "us", "6.5"),
        analysis("AAAA-0000-0001", "EU", "europe", "6.25"),
        analysis("AAAA-0000-0003", "Frankfurt", "europe-west3", "8.125"),
        analysis("AAAA-0000-0004", "mars-east1", "mars-east1", "99.000000001"),
        sku("AAAA-0000-0005", "Analysis of moons", {0: "1"}, "TiBy", "us"),
        sku("AAAA-0000-0006", "Analysis Slots Attribution", {0: "0"}, "h", "us"),
        sku("AAAA-0000-0007", "Active Logical Storage (us)", {0: "0", 10: "0.02"}, "GiBy.mo", "us"),
    ],
    "6F81-5844-456A": [
        machine("BBBB-0000-0001", "N2 Instance Core", "0.04", "us-central1"),
        machine("BBBB-0000-0002", "N2 Instance Ram", "0.005", "us-central1"),
        machine("BBBB-0000-0003", "N2 Instance Core", "0.05", "europe-west3", "Frankfurt"),
        machine("BBBB-0000-0004", "N2 Instance Ram", "0.006", "europe-west3", "Frankfurt"),
        machine(
            "BBBB-0000-0005", "Spot Preemptible N2 Instance Core", "0.01", "us-central1", usage="Preemptible"
        ),
        machine("BBBB-0000-0006", "N2 Custom Instance Core", "0.07", "us-central1"),
        machine("BBBB-0000-0007", "N2 Instance Core", "0.03", "us-central1", usage="Commit1Yr"),
        sku("BBBB-0000-0008", "Storage PD Capacity", {0: "0.04"}, "GiBy.mo", "us-central1", family="Storage"),
    ],
    "16B8-3DDA-9F10": [sku("CCCC-0000-0001", "BigQuery Standard Edition for US", {0: "0.04"}, "h", "us")],
    "95FF-2EF5-5EA1": [],
}


def catalog(**behaviour: Any) -> Catalog:
    """A small catalog: two of the usual services are missing, BigQuery Storage API among them."""
    return Catalog(SERVICES, SKUS, **behaviour)
