"""Reads a file that somebody else wrote: as many bytes as such a file may have, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

from costguard.errors import UsageProblem


def read_at_most(path: Path, limit: int, larger: str, missing: str | None = None) -> bytes:
    """All of a file. `larger`: what to say, or to do, of one with more bytes; `missing`: of one that is not there.

    Raises:
        UsageProblem: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        if missing is not None and isinstance(error, FileNotFoundError):
            raise UsageProblem(f"{path}: {missing}") from None
        raise UsageProblem(f"{path}: cannot be read ({error.strerror or error})") from None
    refuse_larger(data, limit, str(path), larger)
    return data


def read_standard_input(limit: int, larger: str) -> bytes:
    """All of standard input.

    Raises:
        UsageProblem: it is larger.
    """
    data = sys.stdin.buffer.read(limit + 1)
    refuse_larger(data, limit, "standard input", larger)
    return data


def refuse_larger(data: bytes | str, limit: int, name: str, larger: str) -> None:
    """The same check of what was read already.

    Raises:
        UsageProblem: it is larger.
    """
    if len(data) > limit:
        most = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit:,} bytes"
        raise UsageProblem(f"{name}: larger than {most}; {larger}")
