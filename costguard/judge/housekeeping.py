"""Findings about ignore comments themselves: no page, for no query over facts makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costguard.result import Severity


@dataclass(frozen=True, slots=True)
class HousekeepingRule:
    """What such a finding says."""

    severity: Severity
    title: str
    text: str
    """For `costguard explain`."""


HOUSEKEEPING: Final[dict[str, HousekeepingRule]] = {
    "blanket-ignore": HousekeepingRule(
        "warning",
        "An ignore comment that names no rule",
        "`costguard: ignore` without a rule in brackets silences nothing: it would hide what is found there next "
        "year as well.\n\nName the rules, and say why: `-- costguard: ignore[select-star-base] the export needs "
        "every column`.",
    ),
    "unknown-ignore": HousekeepingRule(
        "warning",
        "An ignore comment for a rule that there is not",
        "The name in the brackets belongs to no rule, so the comment silences nothing.\n\n`costguard rules` lists "
        "the names.",
    ),
    "unused-ignore": HousekeepingRule(
        "note",
        "An ignore comment that silences nothing",
        "Its rules find nothing at this place any more. A comment that stays would silence whatever comes there "
        "later.\n\nDelete it.",
    ),
    "expired-ignore": HousekeepingRule(
        "warning",
        "An ignore comment whose last day has passed",
        "`until=` gives the last day of an ignore. After it the comment silences nothing, and what it silenced counts "
        "again.\n\nRepair what is found there and delete the comment, or give it a new day and say why.",
    ),
    "misdated-ignore": HousekeepingRule(
        "warning",
        "An ignore comment with a day that cannot be read",
        "An ignore that is to end some day, and nobody can tell when, silences nothing.\n\nWrite the day as in "
        "`-- costguard: ignore[select-star-base] the export needs every column until=2026-12-31`.",
    ),
    "unexplained-ignore": HousekeepingRule(
        "warning",
        "An ignore comment without a reason, where one is required",
        "With `require_reason = true` in the config an ignore without a reason silences nothing: the next reader "
        "could not tell whether it is still right.\n\nSay why: `-- costguard: ignore[select-star-base] the export "
        "needs every column`.",
    ),
}
"""By id. They can be switched off and given another severity in the config like rules."""
