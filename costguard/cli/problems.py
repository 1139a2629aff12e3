"""Errors of the stages that are the user's to solve, as text for stderr."""

from __future__ import annotations

import errno
from typing import Final

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def explain_error(error: Exception) -> str | None:
    """What to print; None when the error is a defect of ours."""
    from costguard.catalog.model import CatalogError
    from costguard.crew import CrewError
    from costguard.estimate.price import UnknownLocationError
    from costguard.judge.rulebook import RulebookError

    if isinstance(error, (CatalogError, CrewError, RulebookError, UnknownLocationError)):
        return str(error)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:  # the disk's, wherever it was met
        return f"{error.filename or 'the output'}: cannot be written ({error.strerror})"
    return None
