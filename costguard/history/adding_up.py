"""A bill of files, added up here as far as a figure can take it, as BigQuery adds up one that stays there (`cells`).

Files are read once. Charges that no figure tells apart become one row; its texts are categories, and of its labels only
those that some figure asks for are left: that is small enough to be held, and fast to be added up again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from costguard.history.columns import CATEGORY, value_of
from costguard.history.files import collected

Label = tuple[str, str]
"""A column of CHARGES, and the key of a label in it."""
LabelOf = Callable[[str, str], pl.Expr]
"""The value of a label by its column and key, as text; null without it."""


@dataclass(frozen=True, slots=True)
class AddedUp:
    """Charges, added up."""

    frame: pl.DataFrame
    """Texts are of the type CATEGORY."""
    labels: Mapping[Label, str]
    """The column of each label that some charge has."""

    def label(self, column: str, key: str) -> pl.Expr:
        """The value of a label that was asked for: a LabelOf."""
        name = self.labels.get((column, key))
        return pl.lit(None, dtype=pl.String) if name is None else pl.col(name).cast(pl.String)


def label_of_charge(column: str, key: str) -> pl.Expr:
    """The value of a label of charges that were not added up: a LabelOf."""
    return value_of(pl.col(column), key)


def add_up(
    charges: pl.LazyFrame,
    texts: Sequence[str],
    labels: Sequence[Label],
    others: Mapping[str, pl.Expr],
    sums: Sequence[pl.Expr],
) -> AddedUp:
    """Charges (the columns of CHARGES and more) by texts, labels, and `others`; `sums` are of each group.

    Raises:
        UsageProblem: the bill cannot be read.
    """
    there = labels_there(charges, labels)
    names = {label: f"label_{number}" for number, label in enumerate(there)}
    keys = [
        *(pl.col(name).cast(CATEGORY) for name in texts),
        *(label_of_charge(*label).cast(CATEGORY).alias(name) for label, name in names.items()),
        *(other.alias(name) for name, other in others.items()),
    ]
    (frame,) = collected(charges.group_by(keys).agg(*sums))
    return AddedUp(frame, names)


def labels_there(charges: pl.LazyFrame, labels: Sequence[Label]) -> list[Label]:
    """Those that some charge has. Most bills have few of the labels that tell of iterations and phases: what no charge
    has need not be looked for in each.

    Raises:
        UsageProblem: the bill cannot be read.
    """
    columns = list(dict.fromkeys(column for column, _ in labels))
    if not columns:
        return []
    keys = collected(
        *(
            charges.select(pl.col(column).explode().struct.field("key").alias("key")).unique()
            for column in columns
        )
    )
    found = {(column, key) for column, frame in zip(columns, keys, strict=True) for key in frame["key"]}
    return [label for label in labels if label in found]
