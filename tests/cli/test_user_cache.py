"""Where the cache lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.cli.user_cache import user_cache_directory


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("/var/cache/me", "/var/cache/me/costguard"),
        ("", "/home/me/.cache/costguard"),
        ("here", "/home/me/.cache/costguard"),
    ],
)
def test_as_xdg_has_it(monkeypatch: pytest.MonkeyPatch, given: str, folder: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert user_cache_directory() == Path(folder)
