"""The services whose prices costguard uses or shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

COMPUTE_ENGINE: Final = "6F81-5844-456A"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A service of the catalog."""

    id: str | None
    """None where it is found by its name."""
    names: tuple[str, ...]
    """What it is called on the bill; Google renames services now and then."""
    priced_by: bool = False
    """Estimates take prices from its SKUs: a list without any is no list."""


WANTED: Final[Mapping[str, Wanted]] = {
    "bigquery": Wanted("24E6-581D-38E5", ("BigQuery",), priced_by=True),
    "bigquery-reservation": Wanted(None, ("BigQuery Reservation API",)),
    "bigquery-storage": Wanted(None, ("BigQuery Storage API",)),
    "compute": Wanted(COMPUTE_ENGINE, ("Compute Engine",), priced_by=True),
    "dataproc": Wanted(None, ("Cloud Dataproc", "Dataproc", "Managed Service for Apache Spark")),
    "vertex-ai": Wanted(None, ("Vertex AI", "Gemini Enterprise Agent Platform")),
    "storage": Wanted(None, ("Cloud Storage",)),
}
"""By the short names of `--service`."""


PRICED_BY: Final = frozenset(wanted.id for wanted in WANTED.values() if wanted.priced_by)
"""Ids of services without whose SKUs nothing can be priced."""


def find_service(text: str, names: Mapping[str, str]) -> str | None:
    """The id of a service given by short name, id or display name; `names` are display names by id. Google renames
    services, so that an id that is known goes before names."""
    given = text.strip()
    known = WANTED.get(given.lower(), Wanted(None, (given,)))
    for identity in (known.id, given.upper()):
        if identity is not None and identity in names:
            return identity
    by_name = {name.lower(): identity for identity, name in sorted(names.items(), reverse=True)}
    return next((by_name[name.lower()] for name in known.names if name.lower() in by_name), None)
