"""What a view reads, in the terms of the estimate stage."""

from __future__ import annotations

import pytest

from costguard.estimate.views import ViewPlan, ViewRead
from costguard.view_plan import expand_view


def plan(text: str) -> ViewPlan:
    found = expand_view(text)
    assert found is not None
    return found


def reads(found: tuple[ViewRead, ...]) -> set[tuple[tuple[int, ...], str, str]]:
    return {(read.scans, read.path, read.kind) for read in found}


def test_scans() -> None:
    found = plan(
        """SELECT o.a FROM p.d.orders AS o JOIN d.users AS u TABLESAMPLE SYSTEM (10 PERCENT) USING (id)
        WHERE o.day > 7"""
    )
    assert [scan.table_name for scan in found.scans] == ["p.d.orders", "d.users"]
    assert [scan.sample_percent for scan in found.scans] == [None, 10.0]
    assert [scan.system_time for scan in found.scans] == [False, False]
    assert [scan.predicate for scan in found.scans] == [
        ["and", [["cmp", ">", ["col", "day"], ["num", "7"]]]],
        None,
    ]
    (old,) = plan("SELECT a FROM d.t FOR SYSTEM_TIME AS OF '2026-10-01'").scans
    assert old.system_time


def test_outputs_and_what_is_read_whatever_is_asked_for() -> None:
    found = plan("SELECT a, b + c AS total FROM d.t WHERE day > '2026-01-01'")
    assert list(found.outputs) == ["a", "total"]
    assert reads(found.outputs["a"].reads) == {((0,), "a", "path")}
    assert reads(found.outputs["total"].reads) == {((0,), "b", "path"), ((0,), "c", "path")}
    assert reads(found.always) == {((0,), "day", "path")}


def test_a_star_is_the_rest() -> None:
    found = plan("SELECT * EXCEPT (secret) FROM d.t")
    assert found.outputs == {}
    ((read),) = found.rest
    assert (read.scans, read.kind, read.excepted) == ((0,), "star", ("secret",))


def test_a_column_that_two_tables_could_own() -> None:
    found = plan("SELECT a FROM d.t, d.u")
    ((read),) = found.outputs["a"].reads
    assert (set(read.scans), read.path, read.paths) == ({0, 1}, "a", None)


@pytest.mark.parametrize("text", ["", "not SQL at all", "SELECT a FORM d.t WHERE", "DROP TABLE d.t"])
def test_what_is_no_view(text: str) -> None:
    assert expand_view(text) is None
