"""Tables that are sharded by time (`events_20261101`): the shards that have come since the catalog was made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from costguard.catalog.model import Catalog
from costguard.catalog.names import Resolved
from costguard.estimate.bytes import NOTHING, UNKNOWN, Amount, TableFacts, exactly, modelled
from costguard.estimate.functions import naive_utc
from costguard.estimate.growth import Growth, growth_of
from costguard.estimate.partitions import Runs
from costguard.estimate.periods import UNITS, number_of

_NAME: Final = re.compile(r"(.*\D)((?:19|20|21)\d{2}(?:\d{2}){0,3})")
_FEWEST: Final = 2
"""A single table with a date in its name is a copy that somebody made that day, not a family that grows."""
_MOST: Final = 1_000
"""Shards that are modelled, the newest of them: each is a table of its own, and takes the time of one."""


class ShardFacts(TableFacts):
    """A shard that is in no catalog yet, or was not complete there: what is known of it is modelled on others."""

    __slots__ = ("_growth", "_modelled", "_place", "_shards")

    def __init__(self, name: str, growth: Growth, place: int, shards: Callable[[int], TableFacts]) -> None:
        """`place`: which one of `growth.ids` it is. `shards`: those that the catalog has, by their positions."""
        self._growth, self._place, self._shards = growth, place, shards
        like = shards(growth.recent[1] - 1).table
        super().__init__(replace(like, name=name, partitioning=None, rows=None, bytes=None))
        self._modelled: dict[int, Amount] = {}
        self.table = replace(self.table, rows=self._like(_rows).point, bytes=self._like(_size).point)

    def leaf_in(self, number: int, runs: Runs) -> Amount:
        """Bytes of a leaf column, if the shard is read."""
        if not runs:
            return NOTHING
        found = self._modelled.get(number)
        if found is None:
            path = self.table.leaves[number].path.lower()
            found = self._modelled[number] = self._like(lambda shard: _leaf(shard, path))
        return found

    def bytes_in(self, runs: Runs) -> Amount:
        """Bytes of all columns, if the shard is read."""
        return self._like(_size) if runs else NOTHING

    def _like(self, amount_of: Callable[[TableFacts], Amount]) -> Amount:
        return modelled(
            self._growth, self._place, self._place + 1, lambda place: amount_of(self._shards(place))
        )


def _rows(shard: TableFacts) -> Amount:
    rows = shard.table.rows
    return exactly(rows) if rows is not None else UNKNOWN


def _size(shard: TableFacts) -> Amount:
    return shard.bytes_in(shard.everything)


def _leaf(shard: TableFacts, path: str) -> Amount:
    """A column that a shard lacks takes nothing there."""
    number = shard.by_path.get(path)
    return shard.leaf_in(number, shard.everything) if number is not None else NOTHING


def shards_since(
    wildcard: Resolved, catalog: Catalog, now: datetime, facts: Callable[[str], TableFacts]
) -> Mapping[str, TableFacts]:
    """The shards of a wildcard that have come since its catalog was made, and those that were not complete then, by
    what `_TABLE_SUFFIX` is for them. `now`: UTC without a zone. `facts`: of the tables that the catalog has."""
    prefix = wildcard.name[:-1]
    stems = {
        (match[1], len(match[2])) for match in map(_NAME.fullmatch, wildcard.members) if match is not None
    }
    found: dict[str, TableFacts] = {}
    for stem, length in sorted(stems):
        unit = UNITS[length]
        names = [name for name in catalog.members(stem) if _is_shard(catalog, name, len(stem), unit)]
        if len(names) < _FEWEST:
            continue
        made = catalog.moment(names[-1])
        ids = [name[len(stem) :] for name in names]
        growth = growth_of(ids, unit, naive_utc(made) if made is not None else None, now)
        if growth is None:
            continue
        first = max(0, len(growth.ids) - _MOST)
        for place, identifier in enumerate(growth.ids[first:], first):
            name = stem + identifier
            if name.startswith(prefix):
                found[name[len(prefix) :]] = ShardFacts(name, growth, place, _by_position(names, facts))
    return found


def _by_position(names: Sequence[str], facts: Callable[[str], TableFacts]) -> Callable[[int], TableFacts]:
    return lambda position: facts(names[position])


def _is_shard(catalog: Catalog, name: str, stem: int, unit: str) -> bool:
    """A table whose name ends with the id of a unit."""
    match = _NAME.fullmatch(name)
    if match is None or len(match[1]) != stem or UNITS[len(match[2])] != unit:
        return False
    if (catalog.raw()[name].get("kind") or "table") not in ("table", "external"):
        return False
    try:
        number_of(match[2], unit)
    except ValueError:
        return False
    return True
