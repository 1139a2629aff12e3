"""The tables that `costguard charges --by` asks for: sums by one thing, or by several together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.files import collected
from costguard.history.rollup import DIMENSIONS, PLAIN_COLUMNS, Sum, roll_up, roll_up_together, sums

SEPARATOR: Final = ","
"""No key of a label or a tag has one."""


@dataclass(frozen=True, slots=True)
class Combination:
    """What several keys together come to."""

    keys: tuple[str | None, ...]
    names: tuple[str | None, ...]
    """What each key is called by its latest usage in all charges, not only in those of the other keys."""
    rows: int
    gross: Decimal
    credits: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class RollUp:
    """A table of sums, the dearest first. It adds up to the total."""

    dimensions: tuple[str, ...]
    rows: tuple[Combination, ...]

    @property
    def title(self) -> str:
        return SEPARATOR.join(self.dimensions)


def asked_dimensions(by: Sequence[str]) -> list[tuple[str, ...]]:
    """The dimensions of each table, for example of `("service", "week,sku")`; what is asked for twice comes once.

    Raises:
        UsageProblem: one of them is empty.
    """
    asked = [tuple(dict.fromkeys(part.strip() for part in text.split(SEPARATOR))) for text in by]
    if any("" in dimensions for dimensions in asked):
        raise UsageProblem(f"--by needs one of {', '.join(DIMENSIONS)}, or several with commas between them")
    return list(dict.fromkeys(asked))


def single_dimensions(asked: Sequence[tuple[str, ...]]) -> list[str]:
    """Those of tables with one, and those that give the keys of other tables their names."""
    named = {name for name, (_, column) in PLAIN_COLUMNS.items() if column is not None}
    wanted = (name for dimensions in asked for name in dimensions if len(dimensions) == 1 or name in named)
    return list(dict.fromkeys(wanted))


def local_tables(frame: pl.LazyFrame, asked: Sequence[tuple[str, ...]], zone: str) -> list[RollUp]:
    """The tables, from charges that are here.

    Raises:
        UsageProblem: there is no such dimension or zone, or the charges cannot be read.
    """
    single = single_dimensions(asked)
    rolled = collected(*(roll_up(frame, dimension, zone) for dimension in single))
    combined = {
        dimensions: roll_up_together(frame, dimensions, zone) for dimensions in asked if len(dimensions) > 1
    }
    return tables(asked, dict(zip(single, map(sums, rolled), strict=True)), combined)


def tables(
    asked: Sequence[tuple[str, ...]],
    single: Mapping[str, Sequence[Sum]],
    combined: Mapping[tuple[str, ...], pl.DataFrame],
) -> list[RollUp]:
    """The tables from roll-ups by one dimension and from those of `roll_up_together`."""
    names = {dimension: {item.key: item.name for item in found} for dimension, found in single.items()}
    return [
        RollUp(
            dimensions,
            tuple(
                _of_one(single[dimensions[0]])
                if len(dimensions) == 1
                else _of_several(combined[dimensions], [names.get(name, {}) for name in dimensions])
            ),
        )
        for dimensions in asked
    ]


def _of_one(found: Sequence[Sum]) -> Iterator[Combination]:
    for item in found:
        yield Combination((item.key,), (item.name,), item.rows, item.gross, item.credits, item.net)


def _of_several(
    found: pl.DataFrame, names: Sequence[Mapping[str | None, str | None]]
) -> Iterator[Combination]:
    """`names` by key, for each dimension."""
    for *keys, rows, gross, credits, net in found.iter_rows():
        called = tuple(known.get(key) for known, key in zip(names, keys, strict=True))
        yield Combination(tuple(keys), called, rows, gross, credits, net)
