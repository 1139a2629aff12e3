"""Texts that a spreadsheet does not take for formulas: names in a bill or in code may be anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_FORMULA: Final = "=+-@\t\r"


def cell_text(value: str | None) -> str:
    """A text for a cell; what would be a formula begins with an apostrophe.

    >>> cell_text("=cmd()"), cell_text("a=b"), cell_text(None)
    ("'=cmd()", 'a=b', '')
    """
    if value is None:
        return ""
    return f"'{value}" if value[:1] and value[0] in _FORMULA else value


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each text as `cell_text` writes it."""
    import polars as pl

    names = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.slice(0, 1).is_in(list(_FORMULA)))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
    )
