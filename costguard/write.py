"""Writes a result whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from costguard.errors import UsageProblem


def check_output(output: Path | None) -> None:
    """Refuse a file that surely cannot be written, before the work is done that it is for.

    Raises:
        UsageProblem: its folder does not exist, or it is a folder itself.
    """
    if output is None:
        return
    if output.is_dir():
        raise UsageProblem(f"{output}: is a directory; --output needs a file")
    if not output.parent.is_dir():
        raise UsageProblem(f"{output}: cannot be written (there is no directory {output.parent})")


def write_text(text: str, output: Path | None) -> None:
    """Write to a file (aside, then renamed) or, without one, to standard output.

    Raises:
        UsageProblem: the file cannot be written.
    """
    if output is None:
        _print(text)
        return
    write_bytes(text.encode("utf-8"), output)


def write_bytes(data: bytes, output: Path) -> None:
    """Write to a file: aside, then renamed.

    Raises:
        UsageProblem: the file cannot be written.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, output)
    except OSError as error:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        raise UsageProblem(f"{output}: cannot be written ({error.strerror or error})") from None


def _print(text: str) -> None:
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            # A terminal without Unicode: what it cannot show becomes a question mark. (JSON is ASCII.)
            encoding = sys.stdout.encoding
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`): the exit code still says how the scan ended, and nothing is left to
        # flush at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
