"""Which table owns a column, and why it is read."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.catalog.model import build_table
from costguard.estimate.bytes import TableFacts
from costguard.estimate.columns import (
    Mark,
    Reading,
    TableTarget,
    Target,
    Use,
    choose,
    choose_position,
    is_hole,
)
from costguard.estimate.prune import Pruned
from tests.estimate.statements import estimated
from tests.estimate.warehouse import column, plain_table, table

PLAIN = plain_table()
NAMED = Mark(5, False, True)
STARRED = Mark(9, True, False)


def target(*raws: dict[str, Any]) -> TableTarget:
    whole = Pruned("unpartitioned", ((0, 1),), 1)
    return TableTarget([Reading(TableFacts(build_table(raw["name"], raw)), whole) for raw in raws])


def ask(found: TableTarget, path: str, kind: str = "path", mark: Mark = NAMED, **more: Any) -> None:
    found.request(kind, path, more.get("excepted", frozenset()), mark, more.get("used"))


def test_a_name_that_comes_after_a_star_is_the_place_of_the_column() -> None:
    (reading,) = target(PLAIN).readings
    reading.use(0, STARRED)
    assert reading.uses[0] == Use(9, through_star=True, wanted=False)
    reading.use(0, NAMED)
    assert reading.uses[0] == Use(5, through_star=False, wanted=True)
    reading.use(0, STARRED)
    assert reading.uses[0] == Use(5, through_star=False, wanted=True)


def test_the_first_place_stays() -> None:
    (reading,) = target(PLAIN).readings
    reading.use(0, Mark(None, False, True))
    reading.use(0, Mark(3, False, True))
    reading.use(0, Mark(8, False, True))
    assert reading.uses[0].at == 3


def test_a_star_reads_all_but_what_it_excepts() -> None:
    nested = table("n", [column("a", "INT64", 8), column("r", "RECORD"), column("r.x", "INT64", 8)], 1, 16)
    found = target(nested)
    ask(found, "", "star", excepted=frozenset({"r"}))
    assert set(found.readings[0].uses) == {0}
    ask(found, "", "row")
    assert set(found.readings[0].uses) == {0, 1}


def test_what_the_result_does_not_use_is_read_but_not_wanted() -> None:
    found = target(PLAIN)
    ask(found, "", "star", used=frozenset({"a"}))
    assert {number: use.wanted for number, use in found.readings[0].uses.items()} == {
        0: True,
        1: False,
        2: False,
    }


def test_a_column_that_is_missing_and_one_that_is_unknown() -> None:
    found = target(PLAIN)
    ask(found, "nothing")
    assert (found.readings[0].missing, found.readings[0].hole) == (True, False)
    found = target(PLAIN)
    ask(found, "hole_1")
    assert (found.readings[0].missing, found.readings[0].hole) == (False, True)
    bare = target({"name": "p.d.bare", "rows": 1, "bytes": 8})
    ask(bare, "a")
    assert (bare.readings[0].missing, bare.readings[0].hole) == (False, True)


def test_members_of_a_wildcard_may_lack_a_column() -> None:
    other = table("other", [column("a", "INT64", 8)], 1, 8)
    found = target(PLAIN, other)
    ask(found, "c")
    assert [len(reading.uses) for reading in found.readings] == [1, 0]
    assert not any(reading.missing for reading in found.readings)


@pytest.mark.parametrize("path", ["_table_suffix", "_partitiontime", "_partitiondate", "_file_name"])
def test_pseudo_columns_cost_nothing(path: str) -> None:
    found = target(PLAIN)
    ask(found, path)
    assert (found.readings[0].uses, found.readings[0].missing) == ({}, False)


def test_the_owner_of_a_column_is_the_first_that_has_it() -> None:
    one, other = target(PLAIN), target(table("other", [column("z", "INT64", 8)], 1, 8))
    bare = target({"name": "p.d.bare"})
    assert choose([one, other], ["a", "a"]) == (one, "a")
    assert choose([one, other], ["Z", "Z"]) == (other, "z")
    assert choose([one, other], ["y", "y"]) == (one, "y")  # nobody has it
    # one that is not known may; one that is known does
    candidates: list[Target | None] = [bare, one]
    assert choose_position(candidates, ["a", "a"]) == 1
    assert choose_position(candidates, ["y", "y"]) == 0
    assert choose_position([one, None], ["y", "y"]) == 1
    assert choose_position([None], ["y"]) == 0
    # a path that is spelled otherwise for each
    assert choose([one, other], ["nothing", "z"]) == (other, "z")


def test_holes() -> None:
    assert is_hole("hole_3")
    assert is_hole("device.hole_3")
    assert not is_hole("loophole")


@pytest.mark.parametrize(
    ("sql", "owner"),
    [
        ("SELECT a FROM p.d.plain, p.d.other", "p.d.plain"),
        ("SELECT z FROM p.d.plain, p.d.other", "p.d.other"),
        ("SELECT z FROM p.d.plain JOIN p.d.unknown ON TRUE", "p.d.unknown"),
        ("SELECT a FROM p.d.unknown, p.d.plain", "p.d.plain"),
        ("SELECT (SELECT MAX(z) FROM p.d.other WHERE z = a) FROM p.d.plain", "p.d.other"),
    ],
)
def test_columns_without_a_table_s_name(sql: str, owner: str) -> None:
    frames = estimated(sql, PLAIN, table("other", [column("z", "INT64", 8)], 1, 8))
    wanted = "a" if " a " in sql[:10] else "z"
    rows = frames["columns_read"].select("column", "table").rows()
    assert [own for name, own in rows if name == wanted] == [owner]


def test_where_a_column_is_named() -> None:
    sql = "SELECT * FROM p.d.plain WHERE a = 1"
    frames = estimated(sql, PLAIN)
    found = {row["column"]: row for row in frames["columns_read"].iter_rows(named=True)}
    place = frames["locations"].row(found["a"]["at"], named=True)
    assert place["start_column"] == sql.index("a = 1") + 1
    assert found["a"]["through_star"] is False
    assert (found["b"]["through_star"], found["b"]["required"], found["b"]["type"]) == (True, True, "NUMERIC")
    assert found["c"]["required"] is False


def test_a_primary_key_is_required() -> None:
    frames = estimated("SELECT c FROM p.d.plain", {**PLAIN, "primary_key": ["c"]})
    assert frames["columns_read"]["required"].to_list() == [True]
