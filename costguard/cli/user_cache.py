"""Where the cache lies when the config does not say."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache_directory() -> Path:
    """The user's cache folder for this program, as XDG has it: a relative one does not count."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "costguard"
