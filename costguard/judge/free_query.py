"""A user's own question to the fact tables, held to the same limits as a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from costguard.facts.schema import HISTORY_TABLES, JUDGED_TABLES, TABLES
from costguard.judge.rulebook import RulebookError, check_select

if TYPE_CHECKING:
    import polars as pl


_KNOWN: Final = {**TABLES, **JUDGED_TABLES, **HISTORY_TABLES}


def asks_for_findings(sql: str) -> bool:
    """Whether the rules have to be run for the answer.

    Raises:
        RulebookError: the query is not one SELECT over fact tables.
    """
    return not check_select(sql, "query", _KNOWN).tables.isdisjoint(JUDGED_TABLES)


def run_free_query(sql: str, frames: Mapping[str, pl.DataFrame | pl.LazyFrame]) -> pl.DataFrame:
    """The answer. Of a lazy frame only the columns that are asked for are read, piece by piece.

    Raises:
        RulebookError: the query is not one SELECT over fact tables, or does not run.
    """
    import polars as pl

    known = [name for name in frames if name in _KNOWN]
    check_select(sql, "query", known, HISTORY_TABLES)
    try:
        with pl.SQLContext({name: frames[name] for name in known}, eager=False) as context:
            return context.execute(sql).collect(engine="streaming")
    except (
        Exception,
        pl.exceptions.PanicException,
    ) as error:  # polars has no common base class for what its SQL refuses
        raise RulebookError([f"query: {str(error).strip().splitlines()[0]}"]) from None
