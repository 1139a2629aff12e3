"""Colour for terminals that want it: a few ANSI sequences, or none."""

from __future__ import annotations

from typing import Final, Literal

Look = Literal["error", "warning", "note", "bold", "dim", "frame", "good"]

_SEQUENCES: Final[dict[Look, str]] = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "note": "\x1b[1;36m",
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "frame": "\x1b[94m",
    "good": "\x1b[1;32m",
}
_END: Final = "\x1b[0m"


class Paint:
    """Puts a look on a text; plain paint leaves it as it is."""

    def __init__(self, plain: bool) -> None:
        self._plain = plain

    def __call__(self, text: str, look: Look) -> str:
        return text if self._plain or not text else f"{_SEQUENCES[look]}{text}{_END}"
