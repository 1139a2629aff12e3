"""The estimated columns of statements: bytes, what is billed of them, dollars, and runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from costguard.estimate.bytes import NOTHING, Amount
from costguard.estimate.price import PriceBook, UnknownLocationError
from costguard.money import TIB, billed_bytes, worst_basis

ESTIMATED: Final = (
    "loop_turns",
    "runs",
    "runs_basis",
    "location",
    "bytes_low",
    "bytes",
    "bytes_high",
    "bytes_basis",
    "billed_low",
    "billed",
    "billed_high",
    "usd_low",
    "usd",
    "usd_high",
    "usd_per_iteration",
    "usd_per_tib",
    "counted_with",
)

_READING: Final = frozenset({"CREATE TABLE AS", "CREATE MATERIALIZED VIEW", "CREATE MODEL"})
_FREE: Final = frozenset({"DROP", "ALTER", "TRUNCATE TABLE", "LOAD DATA", "GRANT", "REVOKE"})
_ONLY_WRITTEN_DOWN: Final = frozenset({"view", "ephemeral"})
_UNREAD: Final = frozenset({"COMMAND", "CALL", "EXECUTE", "EXECUTEIMMEDIATE"})

_TABLE_FUNCTIONS: Final = frozenset(
    {"APPENDS", "CHANGES", "EXTERNAL_OBJECT_TRANSFORM", "GAP_FILL", "RANGE_SESSIONIZE", "VECTOR_SEARCH"}
)


def reads_elsewhere(table_function: str) -> bool:
    """A function that is called as a table reads what is not in the statement: another database, or the tables
    of a user's function.

    >>> [reads_elsewhere(name) for name in ("EXTERNAL_QUERY", "D.RECENT", "ML.PREDICT", "GAP_FILL")]
    [True, True, False, False]
    """
    return table_function not in _TABLE_FUNCTIONS and table_function.partition(".")[0] not in ("ML", "AI")


def is_free(statement: str, materialized: str | None = None) -> bool:
    """DDL without a query, loads and the like bill no bytes; a view is only written down, and so is a dbt model
    that becomes one.

    >>> is_free("CREATE VIEW"), is_free("CREATE TABLE AS"), is_free("SELECT"), is_free("SELECT", "view")
    (True, False, False, True)
    """
    if materialized in _ONLY_WRITTEN_DOWN:
        return True
    return statement in _FREE or (statement.startswith("CREATE ") and statement not in _READING)


def is_unread(statement: str) -> bool:
    """What it runs is not known: a procedure call, dynamic SQL, something that was not parsed."""
    return statement in _UNREAD


def statement_amount(amount: Amount, statement: str, unknown_parts: int) -> Amount:
    """The bytes of a statement: parts of the text that are unknown may read more columns or tables."""
    if amount.point is None:
        return amount
    if unknown_parts or statement == "CREATE MODEL":
        # BigQuery's own dry run does not compute CREATE MODEL.
        return amount._replace(basis=worst_basis(amount.basis, "modelled"))
    return amount


def priced(
    amount: Amount,
    runs: float,
    location: str,
    statement: str,
    model_type: str | None,
    book: PriceBook,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Billed bytes and dollars of a statement.

    Billed is max(10 MiB, whole MiB) of the bytes processed. The price page also speaks of 10 MiB for each
    table that is referenced; no published job shows it, and it is at most 0.00006 USD a table: it is left
    out.
    """
    found: dict[str, Any] = {"location": location, "bytes_low": amount.low, "bytes_basis": amount.basis}
    if amount.point is None or amount.high is None:
        return found
    found.update(bytes=amount.point, bytes_high=amount.high)
    ends = (amount.low, amount.point, amount.high)
    billed = [0 if dry_run else billed_bytes(end) for end in ends]
    found.update(billed_low=billed[0], billed=billed[1], billed_high=billed[2])
    try:
        price = book.statement_price(location, statement, model_type)
    except UnknownLocationError:
        return found
    usd = [price * count / TIB for count in billed]
    found.update(
        usd_low=float(usd[0]),
        usd=float(usd[1]),
        usd_high=float(usd[2]),
        usd_per_iteration=float(usd[1] * Decimal(str(runs))),
        usd_per_tib=float(price),
    )
    return found


__all__ = ["ESTIMATED", "NOTHING", "is_free", "is_unread", "priced", "reads_elsewhere", "statement_amount"]
