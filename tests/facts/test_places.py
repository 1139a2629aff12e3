"""Location keys lead back to the files."""

from __future__ import annotations

from pathlib import Path

from costguard.facts.places import Places
from costguard.model import Span
from tests.judge.pages import estimated


def test_places(tmp_path: Path) -> None:
    files = {"a.sql": "SELECT 1", "b.sql": "SELECT a\nFROM p.d.t", "c.sql": "SELECT 1 FROM ("}
    frames, _ = estimated(files, tmp_path)
    places = Places(frames)
    (table,) = frames["scans"]["at"].to_list()
    assert (places.source(table), places.path(table), places.span(table)) == (1, "b.sql", Span(2, 6, 2, 11))
    first, second = frames["queries"]["at"].to_list()
    assert (places.path(first), places.span(first)) == ("a.sql", Span(1, 1, 1, 9))
    assert (places.path(second), places.span(second)) == ("b.sql", Span(1, 1, 2, 11))
    (broken,) = frames["unread"]["at"].to_list()
    assert places.path(broken) == "c.sql"
    assert len(places) == frames["locations"].height
