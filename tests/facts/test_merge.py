"""Keys that counted within a source count overall after the merge."""

from __future__ import annotations

import polars as pl

from costguard.extract.script import split_script
from costguard.facts.merge import columns_of_rows, merge
from costguard.facts.schema import TABLES, columns_of
from tests.facts.sql.statements import analyse


def test_keys_of_the_second_source_move_on() -> None:
    first = analyse("SELECT a FROM d.t JOIN d.u USING (k)")
    second = analyse("SELECT b FROM d.v")
    for number, rows in enumerate((first, second)):
        rows["sources"] = [(0, f"{number}.sql", "sql", 1, 1, False)]
    frames = merge([first, second])
    assert frames["sources"]["source"].to_list() == [0, 1]
    assert frames["queries"].select("query", "source").rows() == [(0, 0), (1, 1)]
    assert frames["scans"].select("scan", "query", "table_name").rows() == [
        (0, 0, "d.t"),
        (1, 0, "d.u"),
        (2, 1, "d.v"),
    ]
    places = frames["locations"].height
    assert frames["locations"]["at"].to_list() == list(range(places))
    plan = frames["read_plans"].filter(path="b").row(0, named=True)
    assert (plan["query"], plan["scans"]) == (1, [2])
    assert frames["queries"]["at"].to_list()[1] >= len(first["locations"])


def test_columns_that_are_yet_to_be_estimated_are_not_written() -> None:
    count, columns = columns_of_rows(analyse("SELECT a FROM d.t"))["scans"]
    assert count == 1
    names = [column.name for column in columns_of("scans")]
    assert names[len(columns) - 1 : len(columns) + 1] == ["on_predicate", "table"]
    frame = merge([analyse("SELECT a FROM d.t")])["scans"]
    assert frame.columns == names
    assert frame["table"].to_list() == [None]
    assert frame.schema["bytes"] == pl.Int64


def test_columns_that_follow_from_the_number_of_rows_are_not_written() -> None:
    rows = analyse("SELECT a FROM d.t JOIN d.u USING (k)")
    count, columns = columns_of_rows(rows)["scans"]
    by_name = dict(zip((column.name for column in columns_of("scans")), columns, strict=False))
    assert count == 2
    assert by_name["scan"] is None  # 0, 1
    assert by_name["star_at"] is None  # there is none
    assert by_name["table_name"] == ("d.t", "d.u")
    _, columns = columns_of_rows(rows)["locations"]
    assert [values is None for values in columns] == [True, True, False, False, False, False, True]


def test_what_is_written_and_what_follows_give_the_rows_again() -> None:
    texts = [
        "SELECT a FROM d.t JOIN d.u USING (k)",
        "SELECT 1",
        "DELETE FROM d.t WHERE x = 1",
        "SELECT * FROM d.v",
    ]
    sources = [analyse(text) for text in texts]
    frames = merge(sources)
    for table in ("queries", "scans", "locations", "joins", "writes"):
        names = [column.name for column in columns_of(table) if not column.estimated]
        keys = {column.name: column.key for column in columns_of(table)}
        offsets = dict.fromkeys(("sources", *TABLES), 0)
        wanted = []
        for rows in sources:
            for row in rows.get(table, ()):
                values = dict(zip(names, row, strict=False))
                wanted.append(
                    tuple(
                        value + offsets[keys[name]] if keys[name] and value is not None else value
                        for name, value in values.items()
                    )
                )
            for other, given in rows.items():
                offsets[other] = offsets.get(other, 0) + len(given)
        assert frames[table].select(names).rows() == wanted


def test_no_sources_give_every_table_empty() -> None:
    frames = merge([])
    assert set(TABLES) <= set(frames)
    assert all(frame.height == 0 for frame in frames.values())
    assert frames["queries"].columns == [column.name for column in columns_of("queries")]


def test_scripts_are_split_before_they_are_analysed() -> None:
    assert [leaf.text for leaf in split_script("SELECT 1; SELECT 2").leaves] == ["SELECT 1", "SELECT 2"]
