"""What is sold, and for how much. Of the ids only those of the services and of Analysis (US) are Google's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from synthetic.weeks import PRICE_CHANGE, RENAMED_FROM

HOUR, GIB, TIB = 3600, 2**30, 2**40


@dataclass(frozen=True)
class Sku:
    """An article of the price list."""

    service: str
    """Its id."""
    id: str
    name: str
    price: Decimal | None
    """US dollars for a pricing unit; None where an amount is charged as such."""
    unit: str = "requests"
    pricing_unit: str = "count"
    units: int = 1
    """Units in a pricing unit."""
    place: tuple[str, str | None] = ("us", None)
    """Location and zone."""


BIGQUERY, COMPUTE, DATAPROC, VERTEX = "24E6-581D-38E5", "6F81-5844-456A", "363B-8851-170D", "C7E2-9256-1C43"
STORAGE, LOGGING, NETWORKING, SUPPORT = "95FF-2EF5-5EA1", "5490-F7B7-8DF6", "E505-1604-58F8", "2062-016F-44A2"
MARKETPLACE, INVOICE = "A0F1-77C2-41D9", "D97E-AB26-5D95"
_NAMES = {
    BIGQUERY: "BigQuery",
    COMPUTE: "Compute Engine",
    DATAPROC: "Cloud Dataproc",
    VERTEX: "Vertex AI",
    STORAGE: "Cloud Storage",
    LOGGING: "Cloud Logging",
    NETWORKING: "Networking",
    SUPPORT: "Support",
    MARKETPLACE: "Larkfield Weather Feed",
    INVOICE: "Invoice",
}
SELLER = "Larkfield Data GmbH"

_IOWA = ("us-central1", "us-central1-a")
_REGION = ("us-central1", None)
_CORES = ("seconds", "hour", HOUR)
_RAM = ("byte-seconds", "gibibyte hour", HOUR * GIB)
_MONTH = ("byte-seconds", "gibibyte month", 86_400 * GIB)
"""Days of gibibytes: the price of a day depends on the month's length."""

ANALYSIS = Sku(BIGQUERY, "3362-E469-6BEF", "Analysis (US)", Decimal("6.25"), "bytes", "tebibyte", TIB)
SLOTS = Sku(BIGQUERY, "1A09-7C35-E2B8", "Analysis Slots Attribution", Decimal(0), *_CORES)
ACTIVE = Sku(BIGQUERY, "2B17-90DE-44AC", "Active Logical Storage (US)", Decimal("0.02"), *_MONTH)
LONG_TERM = Sku(BIGQUERY, "3C28-A1EF-55BD", "Long Term Logical Storage (US)", Decimal("0.01"), *_MONTH)
N2_CORE = Sku(COMPUTE, "4D39-B200-66CE", "N2 Instance Core running in Americas", Decimal("0.031611"), *_CORES, _IOWA)
N2_RAM = Sku(COMPUTE, "5E4A-C311-77DF", "N2 Instance Ram running in Americas", Decimal("0.004237"), *_RAM, _IOWA)
SPOT_CORE = Sku(
    COMPUTE,
    "6F5B-D422-88E0",
    "Spot Preemptible N2 Instance Core running in Americas",
    Decimal("0.00764"),
    *_CORES,
    _IOWA,
)
SPOT_RAM = Sku(
    COMPUTE,
    "706C-E533-99F1",
    "Spot Preemptible N2 Instance Ram running in Americas",
    Decimal("0.001024"),
    *_RAM,
    _IOWA,
)
LICENCE = Sku(
    DATAPROC,
    "817D-F644-AA02",
    "Licensing Fee for Google Cloud Dataproc (CPU cost)",
    Decimal("0.01"),
    *_CORES,
    _REGION,
)
TRAINING_CORE = Sku(
    VERTEX,
    "928E-0755-BB13",
    "Training/Pipelines on N2 Instance Core running in Iowa",
    Decimal("0.036353"),
    *_CORES,
    _REGION,
)
TRAINING_RAM = Sku(
    VERTEX,
    "A39F-1866-CC24",
    "Training/Pipelines on N2 Instance Ram running in Iowa",
    Decimal("0.004873"),
    *_RAM,
    _REGION,
)
PIPELINE_RUN = Sku(VERTEX, "B4A0-2977-DD35", "Pipelines run execution", Decimal("0.03"), place=_REGION)
OBJECTS = Sku(STORAGE, "C5B1-3A88-EE46", "Standard Storage US Multi-region", Decimal("0.026"), *_MONTH)
CLASS_A = Sku(STORAGE, "D6C2-4B99-FF57", "Standard Storage Class A Operations", Decimal("0.00001"))
CLASS_B = Sku(STORAGE, "E7D3-5CAA-0068", "Standard Storage Class B Operations", Decimal("0.0000004"))
LOGS = Sku(LOGGING, "F8E4-6DBB-1179", "Log Storage cost", Decimal("0.5"), "bytes", "gibibyte", GIB, ("global", None))
TRANSFER = Sku(
    NETWORKING,
    "09F5-7ECC-228A",
    "Network Inter Region Data Transfer Out from Americas to EMEA",
    Decimal("0.05"),
    "bytes",
    "gibibyte",
    GIB,
    _REGION,
)
CARE = Sku(SUPPORT, "2A17-90EE-44AD", "Standard Support", None, place=("global", None))
FEED = Sku(MARKETPLACE, "3B28-A1FF-55BE", "Daily feed", Decimal("1.1"), "count", place=("global", None))
TAX = Sku(INVOICE, "4C39-B210-66CF", "Tax", None, place=("global", None))
ROUNDING = Sku(INVOICE, "5D4A-C321-77D0", "Rounding error", None, place=("global", None))
GOODWILL = Sku(INVOICE, "6E5B-D432-88E1", "Goodwill credit", None, place=("global", None))

N2_CORE_NEW_PRICE = Decimal("0.033191")
MISTAKEN_TRANSFER_PRICE = Decimal("0.15")
"""What TRANSFER was charged at by mistake."""


def price_on(sku: Sku, day: date) -> Decimal:
    """US dollars for a pricing unit on a day."""
    assert sku.price is not None
    return N2_CORE_NEW_PRICE if sku == N2_CORE and day >= PRICE_CHANGE else sku.price


def service_name(service: str, day: date) -> str:
    """What a service was called on a day."""
    if service == VERTEX and day >= RENAMED_FROM:
        return "Gemini Enterprise Agent Platform"
    return _NAMES[service]
