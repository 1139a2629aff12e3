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


def test_a_statement_begins_where_its_first_word_stands(tmp_path: Path) -> None:
    """The names are written above the statements, in lines 3 and 2."""
    code = (
        "from google.cloud import bigquery\nclient = bigquery.Client()\nname = context['name']\n"
        'client.query("SELECT a FROM `" + name + "` LIMIT 10")\n'
    )
    template = "{%- set columns -%}\nc\n{%- endset -%}\nSELECT\n  {{ columns }}\nFROM p.d.t\n"
    frames, _ = estimated({"a.py": code, "b.sql": template}, tmp_path)
    places = Places(frames)
    assert [places.span(at) for at in frames["queries"]["at"].to_list()] == [
        Span(4, 15, 4, 52),
        Span(4, 1, 6, 11),
    ]
