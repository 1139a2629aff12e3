"""What the methods of a pandas frame read of it, and what they give."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final

from costguard.extract.pytypes.constants import keyword
from costguard.extract.pytypes.words import words

_KEEP: Final = words(
    "head tail sample copy reset_index sort_index astype round infer_objects convert_dtypes ffill"
    " bfill fillna replace rename clip where mask shift reindex truncate tz_localize tz_convert"
    " interpolate cumsum cumprod cummax cummin diff pct_change take at_time between_time swaplevel"
    " reorder_levels rename_axis abs asfreq"
)
"""Methods whose result has the columns of the receiver, each made from the same column alone."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a method does to its receiver's columns."""

    columns: tuple[ast.expr, ...] = ()
    """Arguments that name the columns it reads."""
    everything: bool = False
    """It may read any column."""
    relation: str = "same"
    bounded: bool = False
    assigned: tuple[str, ...] = ()
    """Columns that the result has from elsewhere."""
    expression: ast.expr | None = None
    """An argument with an expression over columns, as text."""


ALL: Final = Effect(everything=True)
NOTHING: Final = Effect()


def frame_effect(name: str, call: ast.Call) -> Effect:
    """The effect of `frame.name(...)`; unknown methods may read everything."""
    if name in _KEEP:
        if name in {"head", "tail"}:
            return Effect(bounded=True)
        if name == "sample":
            return Effect(bounded=bool(call.args) or keyword(call, "n") is not None)
        if name == "rename":
            return _rename(call)
        if name in {"astype", "fillna", "replace"}:
            first = keyword(call, "dtype" if name == "astype" else "value", 0)
            return Effect(columns=(first,)) if isinstance(first, ast.Dict) else NOTHING
        return NOTHING
    handler = _COLUMN_ARGUMENTS.get(name)
    if handler is not None:
        keywords, position, required = handler
        found = [node for word in keywords if (node := keyword(call, word)) is not None]
        if position is not None and not found and position < len(call.args):
            found.append(call.args[position])
        if not found:
            return ALL if required else NOTHING
        return Effect(columns=tuple(found), bounded=name in {"nlargest", "nsmallest"})
    if name == "drop":
        axis = keyword(call, "axis", 1)
        labels = keyword(call, "columns")
        if labels is None and isinstance(axis, ast.Constant) and axis.value in (1, "columns"):
            labels = keyword(call, "labels", 0)
        # A dropped column must exist: it has to be read.
        return Effect(columns=(labels,)) if labels is not None else NOTHING
    if name in {"query", "eval"}:
        text = keyword(call, "expr", 0)
        return Effect(expression=text) if text is not None else ALL
    if name == "assign":
        if call.args or any(argument.arg is None for argument in call.keywords):
            return ALL
        return Effect(assigned=tuple(argument.arg for argument in call.keywords if argument.arg))
    if name in {"pivot", "pivot_table", "melt"}:
        words = ("id_vars", "value_vars") if name == "melt" else ("index", "columns", "values")
        found = [node for word in words if (node := keyword(call, word)) is not None]
        complete = keyword(call, words[-1]) is not None and not call.args
        return Effect(columns=tuple(found), relation="cut") if complete else ALL
    if name == "describe":
        return Effect(everything=True, bounded=True)
    return ALL


def _rename(call: ast.Call) -> Effect:
    mapping = keyword(call, "columns")
    if mapping is None:
        return ALL if call.args or keyword(call, "mapper") is not None else NOTHING
    if not isinstance(mapping, ast.Dict):
        return ALL
    names = [
        value.value
        for value in mapping.values
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    ]
    if len(names) != len(mapping.keys):
        return ALL
    return Effect(columns=(mapping,), assigned=tuple(names))


_COLUMN_ARGUMENTS: Final[dict[str, tuple[tuple[str, ...], int | None, bool]]] = {
    "sort_values": (("by",), 0, True),
    "nlargest": (("columns",), 1, True),
    "nsmallest": (("columns",), 1, True),
    "drop_duplicates": (("subset",), 0, True),
    "duplicated": (("subset",), 0, True),
    "dropna": (("subset",), None, True),
    "set_index": (("keys",), 0, True),
    "explode": (("column",), 0, True),
    "groupby": (("by",), 0, True),
    "pop": (("item",), 0, True),
    "value_counts": (("subset",), 0, True),
    "get": (("key",), 0, True),
}
"""Method: keywords and position of the columns, and whether it reads all when none are named."""

_NAME = re.compile(r"`([^`]+)`|(?<![\w@.'\"])([A-Za-z_]\w*)")
_WORDS: Final = words("and or not in is None True False index str contains isin isnull notnull startswith")


def expression_columns(text: str) -> list[str]:
    """Names in the text of a `query` or `eval` expression that can be columns (a superset)."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    return [quoted or name for quoted, name in _NAME.findall(bare) if (quoted or name) not in _WORDS]
