"""Policies: SQL over facts and findings, of which each row that comes back is a violation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from costguard.config import Config
from costguard.facts.schema import JUDGED_TABLES, TABLES
from costguard.judge.message import fill, misspelt
from costguard.judge.rulebook import RulebookError, check_select, execute, schema_of
from costguard.result import PolicyReport, PolicyViolation, ScanResult, Severity

if TYPE_CHECKING:
    import polars as pl

    from costguard.facts.places import Places

Frames = Mapping[str, "pl.DataFrame"]

QUERIED_TABLES: Final = {**TABLES, **JUDGED_TABLES}
KEPT: Final = 1000
"""Violations of one policy that a result holds; all are counted."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project wants to hold, as its config says."""

    name: str
    query: str
    message: str
    level: Severity


def declared_policies(config: Config) -> tuple[Policy, ...]:
    """Those of a config, not checked yet."""
    return tuple(Policy(item.name, item.query, item.message, item.level) for item in config.policy)


def check_policies(policies: Sequence[Policy]) -> None:
    """The queries can be run and give what the messages name.

    Raises:
        RulebookError: with the problems of every policy.
    """
    problems: list[str] = []
    for policy in policies:
        try:
            _check(policy)
        except RulebookError as error:
            problems.extend(error.problems)
    if problems:
        raise RulebookError(problems)


def _check(policy: Policy) -> None:
    from costguard.judge.columns import message_problems, place_problems

    where = _where(policy)
    for text in misspelt(policy.message):
        raise RulebookError(
            [
                f"{where}: {text} is no placeholder; these are: {{name}}, {{name:bytes}}, {{name:usd}}, {{name:,}}"
            ]
        )
    check_select(policy.query, where, QUERIED_TABLES)
    schema = schema_of(policy.query, where, QUERIED_TABLES)
    problems = [*place_problems(schema), *message_problems(policy.message, schema)]
    if problems:
        raise RulebookError([f"{where}: {problem}" for problem in problems])


def _where(policy: Policy) -> str:
    return f"policy {policy.name}"


def hold_policies(
    policies: Sequence[Policy], frames: Frames, result: ScanResult, query_ids: Sequence[str]
) -> tuple[PolicyReport, ...]:
    """What a scan violates, for each policy. They have been checked.

    Raises:
        RulebookError: a query does not run.
    """
    import polars as pl

    from costguard.facts.places import Places
    from costguard.judge.findings_table import judged_frames

    places = Places(frames)
    reports = []
    with pl.SQLContext(judged_frames(frames, result, query_ids), eager=True) as context:
        for policy in policies:
            selection = check_select(policy.query, _where(policy), QUERIED_TABLES)
            try:
                rows = execute(context, policy.query)
            except Exception as error:  # polars has no common base class for what its SQL refuses
                first = str(error).strip().splitlines()[0]
                raise RulebookError([f"{_where(policy)}: {first}"]) from None
            reports.append(_report(policy, rows if selection.ordered else _in_order(rows), places))
    return tuple(reports)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Joins promise no order: by place, then by every other value."""
    plain = [name for name, dtype in rows.schema.items() if not dtype.is_nested() and name != "at"]
    by = [*(["at"] if "at" in rows.columns else []), *plain]
    return rows.sort(by, nulls_last=True) if by else rows


def _report(policy: Policy, rows: pl.DataFrame, places: Places) -> PolicyReport:
    violations = []
    for row in rows.head(KEPT).iter_rows(named=True):
        at = row.get("at")
        if at is not None and not 0 <= at < len(places):
            raise RulebookError(
                [f"{_where(policy)}: the column `at` gives {at}, which is no key of its table"]
            )
        violations.append(
            PolicyViolation(fill(policy.message, row))
            if at is None
            else PolicyViolation(fill(policy.message, row), places.path(at), places.span(at))
        )
    return PolicyReport(policy.name, policy.level, rows.height, tuple(violations))
