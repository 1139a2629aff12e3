"""The table that a measurement prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    measure: str
    value: str
    target: str
    kept: bool | None
    """None when there is no target."""


def print_row(row: Row) -> None:
    """One line; a missed target is said in words."""
    verdict = {None: "", True: "kept", False: "MISSED"}[row.kept]
    print(f"{row.measure:<52} {row.value:<62} {row.target:<16} {verdict}".rstrip(), flush=True)
