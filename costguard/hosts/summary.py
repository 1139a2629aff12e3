"""The summary page of a job on GitHub: where a comment goes that may not be written."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from costguard.hosts.body import fit

LIMIT: Final = 2**20
"""Bytes of a step's summary; GitHub shows nothing of a longer one."""


def add_to_summary(text: str, path: Path) -> bool:
    """Add a text below what the step has written there; False where it has no room or cannot be written."""
    try:
        with path.open("a+b") as file:
            taken = file.tell()
            room = LIMIT - taken - 1
            said = fit(text, room, lambda part: len(part.encode()))
            data = ("\n" if taken else "").encode() + said.encode()
            if len(data) > LIMIT - taken:
                return False
            file.write(data)
    except OSError:
        return False
    return True
