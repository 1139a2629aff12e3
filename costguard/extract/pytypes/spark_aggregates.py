"""Whether a `select` of Spark gives one row: what it selects is aggregated over the whole frame."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

from costguard.extract.pytypes.words import words

_MODULE: Final = "pyspark.sql.functions."
_AGGREGATES: Final = words(
    "any_value approx_count_distinct approxCountDistinct avg bit_and bit_or bit_xor bool_and bool_or collect_list "
    "collect_set corr count count_distinct countDistinct count_if count_min_sketch covar_pop covar_samp every first "
    "first_value grouping histogram_numeric kurtosis last last_value listagg max max_by mean median min min_by mode "
    "percentile percentile_approx product regr_avgx regr_avgy regr_count regr_slope skewness some std stddev "
    "stddev_pop stddev_samp string_agg sum sum_distinct sumDistinct try_avg try_sum var_pop var_samp variance"
)
"""pyspark.sql.functions that make one value of all rows."""
_IN_TEXT: Final = re.compile(rf"\b(?:{'|'.join(sorted(_AGGREGATES))})\s*\(", re.IGNORECASE)
_WINDOW: Final = re.compile(r"\bover\s*[(\w]", re.IGNORECASE)


def gives_one_row(node: ast.Call, symbol_of: Callable[[ast.Call], str | None], *, texts: bool) -> bool:
    """Whether a call of `select`, or of `selectExpr` with its `texts`, aggregates: Spark then refuses any column beside
    it that is not aggregated.

    `symbol_of`: the full name of the function that a call in it is of.
    """
    for part in _not_over_windows(node.args):
        if isinstance(part, ast.Call):
            symbol = symbol_of(part) or ""
            name = symbol.removeprefix(_MODULE)
            if symbol.startswith(_MODULE) and name in _AGGREGATES:
                return True
            if name == "expr" and part.args and _is_aggregate(part.args[0]):
                return True
        elif texts and _is_aggregate(part):
            return True
    return False


def _not_over_windows(nodes: list[ast.expr]) -> Iterator[ast.expr]:
    """The expressions in these, without those that stand before `.over(window)`: these give a value for each row."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "over":
            continue
        if isinstance(node, ast.Lambda):
            continue
        stack.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def _is_aggregate(node: ast.expr) -> bool:
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return _IN_TEXT.search(text) is not None and _WINDOW.search(text) is None
