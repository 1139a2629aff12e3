"""What differs between two price files."""

from __future__ import annotations

from dataclasses import dataclass

from costguard.price_file import PriceFile


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """SKUs by (service, id)."""

    new: tuple[tuple[str, str], ...]
    gone: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    """Another unit or other tiers."""


def price_changes(before: PriceFile, after: PriceFile) -> PriceChanges:
    """What a refresh brought: only services that both files hold are compared."""
    both = {service.id for service in before.services} & {service.id for service in after.services}
    old, new = (
        {(sku.service, sku.id): (sku.unit, sku.tiers) for sku in prices.skus if sku.service in both}
        for prices in (before, after)
    )
    return PriceChanges(
        new=tuple(sorted(new.keys() - old.keys())),
        gone=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(key for key in old.keys() & new.keys() if old[key] != new[key])),
    )
