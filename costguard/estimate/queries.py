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

_MANY_CANDIDATES: Final = "ARIMA_PLUS"
"""Time series: the bytes are billed for each candidate model that is tried, and how many that are is not written
(docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-time-series)."""
_RESERVED: Final = "MATRIX_FACTORIZATION"
"""Trained in a reservation only: there is no price for its bytes (cloud.google.com/bigquery/pricing)."""

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


_WITHOUT_MODEL: Final = frozenset(
    {"ML.DESCRIBE_DATA", "ML.TFDV_DESCRIBE", "ML.TFDV_VALIDATE", "ML.VALIDATE_DATA_DRIFT"}
)


def reads_model(table_function: str) -> bool:
    """A function that is called as a table reads a model, the size of which is billed too and stands in no catalog
    (cloud.google.com/bigquery/pricing#bigquery-ml-pricing).

    >>> [reads_model(name) for name in ("ML.PREDICT", "ML.FEATURE_INFO", "ML.DESCRIBE_DATA", "AI.FORECAST")]
    [True, True, False, False]
    """
    return table_function.startswith("ML.") and table_function not in _WITHOUT_MODEL


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


def statement_amount(
    amount: Amount,
    statement: str,
    unknown_parts: int,
    *,
    model_type: str | None = None,
    models: bool = False,
) -> Amount:
    """The bytes of a statement: parts of the text that are unknown may read more columns or tables.

    `model_type`: of the model that is trained. `models`: it reads models, whose size is not known.
    """
    if amount.point is None:
        return amount
    basis = amount.basis
    if models or (model_type is not None and model_type.startswith(_MANY_CANDIDATES)):
        basis = worst_basis(basis, "lower-bound")
    elif statement == "CREATE MODEL":
        basis = worst_basis(basis, "modelled")  # BigQuery's own dry run does not compute it
    if unknown_parts:
        basis = worst_basis(basis, "modelled")
    return amount._replace(basis=basis)


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
    if model_type == _RESERVED:
        return found
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
