"""Errors of the stages that are the user's to solve, as text for stderr."""

from __future__ import annotations

import errno
from typing import Final

_OF_THE_SYSTEM: Final = {
    errno.ENOSPC: "cannot be written",
    errno.EDQUOT: "cannot be written",
    errno.EROFS: "cannot be written",
    errno.EACCES: "cannot be used",
    errno.EPERM: "cannot be used",
}
"""What no program can help, wherever it is met: no room, no right."""


def explain_error(error: Exception) -> str | None:
    """What to print; None when the error is a defect of ours."""
    from costguard.catalog.model import CatalogError
    from costguard.crew import CrewError
    from costguard.estimate.price import UnknownLocationError
    from costguard.judge.rulebook import RulebookError

    if isinstance(error, (CatalogError, CrewError, RulebookError, UnknownLocationError)):
        return str(error)
    if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
        return f"{error.filename or 'the output'}: {_OF_THE_SYSTEM[error.errno]} ({error.strerror})"
    return None
