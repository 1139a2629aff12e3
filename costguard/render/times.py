"""Points in time, for people and for programs."""

from __future__ import annotations

from datetime import datetime


def moment(time: datetime) -> str:
    """To the minute, for people."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def stamp(time: datetime | None) -> str | None:
    """To the second, in ISO 8601."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time is not None else None
