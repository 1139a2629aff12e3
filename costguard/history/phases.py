"""Which phase of an iteration a charge belongs to: by a table of rules, of which the first that matches counts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, reduce
from importlib.resources import files
from operator import and_
from typing import Final, get_args

import polars as pl

from costguard.config import Phase, PhaseRule
from costguard.errors import UsageProblem
from costguard.history.adding_up import LabelOf, label_of_charge

UNCLASSIFIED: Final = "unclassified"
"""The phase of charges that no rule knows."""
PHASES: Final[tuple[str, ...]] = (*get_args(Phase), UNCLASSIFIED)
"""In the order in which they are shown."""
_LABELS: Final = {
    "label": "labels",
    "system_label": "system_labels",
    "project_label": "project_labels",
    "tag": "tags",
}
"""Condition of a rule -> the column that it looks at."""


@cache
def shipped_rules() -> tuple[PhaseRule, ...]:
    """The table that comes with costguard, `phases.toml`."""
    text = files("costguard.history").joinpath("phases.toml").read_text(encoding="utf-8")
    return tuple(PhaseRule.model_validate(rule) for rule in tomllib.loads(text)["rules"])


def phase_rules(own: Sequence[PhaseRule] = ()) -> tuple[PhaseRule, ...]:
    """The user's own rules, then the shipped ones.

    Raises:
        UsageProblem: a rule's `sku` is no regular expression.
    """
    named = tuple(
        rule if rule.id else rule.model_copy(update={"id": f"phases.rules.{number}"})
        for number, rule in enumerate(own)
    )
    for rule in named:
        if rule.sku is not None:
            try:
                pl.Series([""]).str.contains(rule.sku)
            except pl.exceptions.ComputeError as error:
                raise UsageProblem(
                    f"{rule.id}: sku {rule.sku!r} is no regular expression{_why(error)}"
                ) from None
    return (*named, *shipped_rules())


def _why(error: Exception) -> str:
    """What is wrong with a pattern: the line of polars' message that says so, if one does."""
    lines = str(error).splitlines()
    return next((line.replace("error", "", 1) for line in lines if line.startswith("error: ")), "")


def with_phases(
    frame: pl.LazyFrame, rules: Sequence[PhaseRule], label: LabelOf = label_of_charge
) -> pl.LazyFrame:
    """Charges with `phase`, `phase_rule` (the rule's id, null when unclassified), `standing` (null, or what the rule
    calls a cost that is there without iterations) and `apart`."""
    wanted = dict.fromkeys(condition for rule in rules for condition in label_conditions(rule))
    names = {condition: f"_label_{number}" for number, condition in enumerate(wanted)}
    asked = frame.with_columns(
        _has_label(label(column, key), value).alias(name) for (column, key, value), name in names.items()
    )
    keys = ["service_id", "sku", "cost_type", "project", *names.values()]
    if not any(rule.project for rule in rules):
        keys.remove("project")
    # Bills have millions of rows and a few thousand kinds of them: the rules look at each kind once.
    number = pl.coalesce(
        *(
            pl.when(_condition(rule, names)).then(pl.lit(index, dtype=pl.Int32))
            for index, rule in enumerate(rules)
        ),
        pl.lit(len(rules), dtype=pl.Int32),
    )
    kinds = (
        asked.select(keys)
        .unique()
        .with_columns(number.alias("_rule"))
        .with_columns(
            _chosen([rule.phase for rule in rules], UNCLASSIFIED).alias("phase"),
            _chosen([rule.id for rule in rules], None).alias("phase_rule"),
            _chosen([rule.standing for rule in rules], None).alias("standing"),
            pl.col("_rule").is_in([index for index, rule in enumerate(rules) if rule.apart]).alias("apart"),
        )
        .drop("_rule")
    )
    return asked.join(kinds, on=keys, how="left", nulls_equal=True, maintain_order="left").drop(
        names.values()
    )


def _chosen(values: Sequence[str | None], otherwise: str | None) -> pl.Expr:
    mapping = {index: value for index, value in enumerate([*values, otherwise]) if value is not None}
    return pl.col("_rule").replace_strict(mapping, default=None, return_dtype=pl.String)


_Label = tuple[str, str, str | None]
"""Column, key, value (None for any)."""


def label_conditions(rule: PhaseRule) -> Iterator[_Label]:
    """Each label that a rule asks for."""
    for condition, column in _LABELS.items():
        wanted: str | None = getattr(rule, condition)
        if wanted is not None:
            key, equals, value = wanted.partition("=")
            yield column, key, value if equals else None


def _has_label(found: pl.Expr, value: str | None) -> pl.Expr:
    return found.is_not_null() if value is None else (found == value).fill_null(value=False)


def _condition(rule: PhaseRule, names: Mapping[_Label, str]) -> pl.Expr:
    parts = [pl.col(names[label]) for label in label_conditions(rule)]
    if rule.service:
        parts.append(pl.col("service_id").is_in(list(rule.service)))
    for column, wanted in (("cost_type", rule.cost_type), ("project", rule.project)):
        if wanted is not None:
            parts.append(pl.col(column) == wanted)
    if rule.sku is not None:
        parts.append(pl.col("sku").str.contains(rule.sku))
    return reduce(and_, parts)
