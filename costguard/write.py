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
        raise UsageProblem(f"{output}: is a directory, and a file is needed")
    if not output.parent.is_dir():
        raise UsageProblem(f"{output}: cannot be written (there is no directory {output.parent})")
    if not os.access(output if _is_special(output) else output.parent, os.W_OK):
        raise UsageProblem(f"{output}: cannot be written (no permission)")


def write_text(text: str, output: Path | None) -> None:
    """Write to a file (aside, then renamed) or, without one, to standard output.

    Raises:
        UsageProblem: the file cannot be written.
    """
    if output is None:
        _print(text)
        return
    write_bytes(text.encode("utf-8"), output)


def append_text(text: str, output: Path) -> None:
    """Add to the end of a file, which need not be there.

    Raises:
        UsageProblem: the file cannot be written.
    """
    try:
        with output.open("ab") as stream:
            stream.write(text.encode("utf-8"))
    except OSError as error:
        raise UsageProblem(f"{output}: cannot be written ({error.strerror or error})") from None


def _is_special(output: Path) -> bool:
    """A pipe or a device, such as /dev/stdout: nothing may be put in its place."""
    return output.exists() and not output.is_file()


def write_bytes(data: bytes, output: Path) -> None:
    """Write to a file: aside, then renamed. What is no regular file is written to as it is.

    Raises:
        UsageProblem: the file cannot be written.
    """
    if _is_special(output):
        _write_through(data, output)
        return
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


def _write_through(data: bytes, output: Path) -> None:
    try:
        with output.open("wb") as stream:
            stream.write(data)
    except OSError as error:
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
        # The reader has seen enough (`| head`): the exit code still says how the scan ended.
        _leave_nothing_to_flush()
    except OSError as error:
        _leave_nothing_to_flush()
        raise UsageProblem(f"standard output: cannot be written ({error.strerror or error})") from None


def _leave_nothing_to_flush() -> None:
    """What is still in the buffer would fail again when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
