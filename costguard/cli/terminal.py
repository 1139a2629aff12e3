"""What the terminal is like."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final, TextIO

DEFAULT_WIDTH: Final = 100
"""Of files, pipes and logs."""


def colour_wanted(stream: TextIO) -> bool:
    """Whether to write in colour: on a terminal that knows how, unless NO_COLOR is set (see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text_width(output: Path | None) -> int:
    """Cells of a line: what COLUMNS says or the terminal has; a file looks the same wherever it is written."""
    if output is not None:
        return DEFAULT_WIDTH
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
