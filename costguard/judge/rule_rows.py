"""The rows that the queries of rules give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from costguard.judge.page import Rule
from costguard.judge.rulebook import RulebookError, execute

if TYPE_CHECKING:
    import polars as pl


def rule_rows(frames: Mapping[str, pl.DataFrame], rules: Sequence[Rule]) -> list[pl.DataFrame]:
    """The rows of each rule. All queries are one piece of work for polars: it does them side by side, and other Python
    code runs meanwhile, if there is any.

    Raises:
        RulebookError: a query does not run.
    """
    import polars as pl

    try:
        with pl.SQLContext(dict(frames), eager=False) as context:
            return pl.collect_all([context.execute(rule.sql) for rule in rules])
    except (Exception, pl.exceptions.PanicException):  # of which it does not say which query it is about
        return _one_by_one(frames, rules)


def _one_by_one(frames: Mapping[str, pl.DataFrame], rules: Sequence[Rule]) -> list[pl.DataFrame]:
    import polars as pl

    found: list[pl.DataFrame] = []
    with pl.SQLContext(dict(frames), eager=True) as context:
        for rule in rules:
            try:
                found.append(execute(context, rule.sql))
            except Exception as error:  # polars has no common base class for what its SQL refuses
                first = str(error).strip().splitlines()[0]
                raise RulebookError([f"{rule.path}:{rule.sql_line}: {first}"]) from None
    return found
