"""What became of a query: states, reasons and order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.diff.model import QueryChange, Revision, ScanDiff
from costguard.diff.queries import query_changes
from costguard.diff.totals import diff_totals, listed_changes, quiet_changes, same_cost_changes
from costguard.model import Span
from costguard.money import Dollars
from costguard.result import Arm, QueryReport
from tests.render.results import query, result, scan_report, usd

TIB = 2**40


def changes(
    before: list[QueryReport], after: list[QueryReport], same_files: tuple[str, ...] = ()
) -> tuple[QueryChange, ...]:
    return query_changes(
        before, after, lambda item: item.fingerprint, lambda item: item.fingerprint, same_files
    )


def change(before: QueryReport, after: QueryReport, same_file: bool = False) -> QueryChange:
    (found,) = changes([before], [after], (before.path,) if same_file else ())
    return found


def test_dearer_and_cheaper() -> None:
    found = change(query(size=TIB), query(size=3 * TIB, fingerprint="e" * 16))
    assert (found.state, found.edited, found.change) == ("dearer", True, usd("12.50"))
    assert found.reasons == ("p.d.t: 1 TiB → 3 TiB",)
    found = change(query(size=TIB), query(size=TIB // 2))
    assert (found.state, found.edited, found.change) == ("cheaper", False, usd("-3.125"))


def test_an_edit_that_changes_no_cost() -> None:
    found = change(query(), query(fingerprint="e" * 16))
    assert (found.state, found.edited, found.reasons) == ("unchanged", True, ("its text was edited",))
    assert change(query(), query()) == QueryChange("unchanged", query(), query())


def test_added_and_removed() -> None:
    found = changes([query("a.sql", fingerprint="a")], [query("b.py", fingerprint="b", via="magic")])
    assert [(item.state, item.query.path, item.change) for item in found] == [
        ("added", "b.py", usd("6.25")),
        ("removed", "a.sql", usd("-6.25")),
    ]


def test_unknown_is_not_nothing() -> None:
    found = change(query(size=None), query(size=TIB))
    assert (found.state, found.change) == ("unknown", None)
    assert found.reasons[0] == "its cost was not known before"
    assert change(query(size=TIB), query(size=None)).reasons[0] == "its cost is not known any more"
    assert change(query(size=None), query(size=None)).state == "unchanged"
    assert change(query(size=None), query(size=None, fingerprint="e" * 16)).state == "unknown"


def test_runs_count() -> None:
    found = change(query(), query(runs=30.0, runs_basis="written", loop_depth=1))
    assert (found.state, found.change, found.reasons) == (
        "dearer",
        usd("181.25"),
        ("runs: 1 → 30 (written)",),
    )
    assert change(query(), query(loop_depth=1, fingerprint="e" * 16)).reasons == ("loops around it: 0 → 1",)


def test_a_model_that_becomes_a_table() -> None:
    view = query(size=0, materialized="view", via="dbt")
    table = query(size=TIB, materialized="table", layout="partitioned by day (day)", via="dbt")
    found = change(view, table, same_file=True)
    assert (found.state, found.edited) == ("dearer", True)
    assert found.reasons == (
        "materialization: view → table",
        "layout: none → partitioned by day (day)",
        "p.d.t: 0 B → 1 TiB",
    )


def test_a_model_whose_partitioning_changes() -> None:
    found = change(query(layout="partitioned by a"), query(layout="partitioned by b"), same_file=True)
    assert (found.state, found.edited, found.reasons) == (
        "unchanged",
        True,
        ("layout: partitioned by a → partitioned by b",),
    )


def test_a_macro_or_a_variable() -> None:
    """The file is the same, and what is run is not."""
    found = change(query(), query(size=2 * TIB, fingerprint="e" * 16), same_file=True)
    assert found.reasons == (
        "its file is the same, its SQL is not: a macro, a variable or a file that it reads changed",
        "p.d.t: 1 TiB → 2 TiB",
    )
    kept = query(scans=(scan_report(pruning="pruned", partitions_kept=3),))
    more = query(scans=(scan_report(pruning="pruned", partitions_kept=10),))
    found = change(kept, more, same_file=True)
    assert (found.state, found.edited) == ("unchanged", True)
    assert found.reasons == ("its file is the same", "p.d.t: 3 → 10 partitions")


def test_the_tables_that_are_read() -> None:
    before = query(scans=(scan_report("p.d.a"), scan_report("p.d.b", columns=("x",))))
    after = query(
        size=2 * TIB,
        fingerprint="e" * 16,
        scans=(
            scan_report("p.d.b", columns=("x", "y"), pruning="defeated", pruning_reason="CAST() of x"),
            scan_report("p.d.c", size=None),
            scan_report("p.d.d", size=2**30),
            scan_report("p.d.e", size=2**31),
            scan_report("p.d.f", size=2**29),
        ),
    )
    assert change(before, after).reasons == (
        "now reads p.d.e (2 GiB), p.d.d (1 GiB), p.d.f (512 MiB) and 1 more",
        "no longer reads p.d.a (1 TiB)",
        "p.d.b: also reads y",
        "p.d.b: partition filter unpartitioned → defeated (CAST() of x)",
    )


def test_how_a_table_is_read() -> None:
    before = query(scans=(scan_report(columns=("a", "b")),))
    star = query(size=2 * TIB, scans=(scan_report(columns=("a", "b", "c"), star=True),))
    assert change(before, star).reasons == ("p.d.t: every column is read",)
    twice = query(size=2 * TIB, scans=(scan_report(columns=("a",)), scan_report(columns=("b",))))
    assert change(before, twice).reasons == ("p.d.t is read 2 times, before once",)
    fewer = query(size=TIB // 2, scans=(scan_report(columns=("a", "e", "f", "g", "h")),))
    assert change(before, fewer).reasons == ("p.d.t: also reads e, f, g and 1 more, no longer reads b",)


def test_other_settings() -> None:
    dear = query(size=TIB, price="7.81 USD/TiB, EU, list", usd_per_iteration=usd("7.81"))
    assert change(query(), dear).reasons == (
        "price: 6.25 USD/TiB, US, list of 2026-07-25 → 7.81 USD/TiB, EU, list",
    )
    other = query(statement="MERGE", dialect="spark", variant="incremental", fingerprint="e" * 16)
    assert change(query(), other).reasons == (
        "rendering: the only one → incremental",
        "statement: SELECT → MERGE",
        "dialect: bigquery → spark",
    )


def test_counted_with_its_file() -> None:
    """The cost of code that reads a file is the file's: it becomes nothing, not unknown."""
    before, after = query("a.py"), query("a.py", counted_with="q.sql:1")
    found = change(before, after)
    assert (found.state, found.change) == ("cheaper", usd("-6.25"))
    assert found.reasons == ("counted with its file",)
    assert change(after, before).reasons == ("no longer counted with another file",)


def test_moved() -> None:
    one = [query("a.py", line, fingerprint=f"{line}") for line in (1, 5, 9)]
    shifted = [
        replace(item, id=f"n{item.id}", span=Span(line, 1, line, 9))
        for item, line in zip(one, (4, 8, 2), strict=True)
    ]
    found = {item.before.id: item.moved for item in changes(one, shifted) if item.before is not None}
    assert found == {"a.py:1": False, "a.py:5": False, "a.py:9": True}
    (away,) = changes([query("a.sql")], [query("b/a.sql")])
    assert (away.state, away.moved, away.reasons) == ("unchanged", True, ("moved from a.sql",))


def test_the_dearest_first_the_unknown_between_and_the_unchanged_last() -> None:
    before = [query(f"{name}.sql", fingerprint=name) for name in "abcde"]
    after = [
        query("a.sql", size=TIB // 2, fingerprint="a"),
        query("b.sql", size=2 * TIB, fingerprint="b"),
        query("c.sql", size=None, fingerprint="c"),
        query("d.sql", fingerprint="d"),
        query("e.sql", size=4 * TIB, fingerprint="e"),
    ]
    assert [item.query.path[0] for item in changes(before, after)] == ["e", "b", "c", "a", "d"]


# -- sums ----------------------------------------------------------------------------------------------


def diff_of(before: list[QueryReport], after: list[QueryReport], min_usd: str = "0") -> ScanDiff:
    return ScanDiff(
        Revision("main", "a" * 40),
        Revision("HEAD", "b" * 40),
        result(before),
        result(after),
        changes(before, after),
        (),
        min_usd=Decimal(min_usd),
    )


def test_the_change_leaves_out_what_is_not_known() -> None:
    """One query becomes 6.25 dearer; another cost 6.25 and is not known any more: that is no saving."""
    before = [query("a.sql", fingerprint="a"), query("b.sql", fingerprint="b")]
    after = [query("a.sql", size=2 * TIB, fingerprint="a"), query("b.sql", size=None, fingerprint="b")]
    totals = diff_totals(diff_of(before, after))
    assert (totals.before, totals.after) == (usd("12.50"), usd("12.50"))
    assert (totals.change, totals.compared, totals.percent, totals.unknown) == (
        usd("6.25"),
        Decimal("6.25"),
        Decimal(100),
        1,
    )


def test_bounds_of_a_change() -> None:
    """What did not change has none; of the rest both ends are taken together."""
    steady = query("a.sql", fingerprint="a", usd_per_iteration=usd("1", "5", "9", "upper-bound"))
    before = query("b.sql", fingerprint="b", usd_per_iteration=usd("1", "2", "3", "modelled"))
    after = query("b.sql", fingerprint="b", usd_per_iteration=usd("4", "5", "7", "upper-bound"))
    totals = diff_totals(diff_of([steady, before], [steady, after]))
    assert totals.change == Dollars(Decimal(1), Decimal(3), Decimal(6), "modelled")


def test_of_nothing_there_is_no_percentage() -> None:
    totals = diff_totals(diff_of([], [query()]))
    assert (totals.percent, totals.before, totals.change) == (None, usd("0"), usd("6.25"))
    unknown = diff_totals(diff_of([query(size=None)], [query(size=None)]))
    assert (unknown.before, unknown.after, unknown.unknown) == (None, None, 0)


def test_what_is_listed() -> None:
    before = [query(f"{name}.sql", fingerprint=name) for name in "abc"]
    after = [
        query("a.sql", size=2 * TIB, fingerprint="a"),
        query("b.sql", size=TIB + 2**34, fingerprint="b"),
        query("c.sql", size=TIB, fingerprint="d"),
        query("view.sql", size=0, fingerprint="e"),
    ]
    diff = diff_of(before, after, min_usd="0.5")
    assert [item.query.path for item in listed_changes(diff)] == ["a.sql"]
    assert [item.query.path for item in quiet_changes(diff)] == ["b.sql"]
    assert [item.query.path for item in same_cost_changes(diff)] == ["view.sql", "c.sql"]
    assert [item.query.path for item in listed_changes(diff_of(before, after))] == ["a.sql", "b.sql"]


SIZES = st.one_of(st.integers(0, 5 * TIB))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), SIZES, st.integers(1, 9)), max_size=6),
    st.lists(st.tuples(st.sampled_from("abcd"), SIZES, st.integers(1, 9)), max_size=6),
)
def test_the_changes_add_up_to_the_change_of_the_sums(
    before: list[tuple[str, int, int]], after: list[tuple[str, int, int]]
) -> None:
    old, new = (
        [
            query(f"{name}.sql", number, size=size, runs=float(runs), fingerprint=name)
            for number, (name, size, runs) in enumerate(side)
        ]
        for side in (before, after)
    )
    totals = diff_totals(diff_of(old, new))
    assert totals.before is not None
    assert totals.after is not None
    assert totals.change.point == totals.after.point - totals.before.point
    assert totals.compared == totals.before.point


def test_readings_of_a_table_are_not_added_up() -> None:
    """A table of 400 partitions that is read twice has no 580."""

    def reads(*kept: int) -> QueryReport:
        scans = tuple(
            scan_report(size=number * 2**30, pruning="pruned", partitions_kept=number) for number in kept
        )
        return query(size=sum(kept) * 2**30, scans=scans)

    assert change(reads(400, 90), reads(180, 400)).reasons == (
        "p.d.t: 400 + 90 → 400 + 180 partitions (it is read more than once)",
    )
    assert change(reads(1, 2, 3, 4), reads(1, 2, 3, 5)).reasons == (
        "p.d.t: 10 → 11 partitions, all readings of it together",
    )


def test_arms_that_exclude_each_other_do_not_add_up_in_a_diff() -> None:
    then = query(line=1, fingerprint="then", size=2 * TIB, branch=(Arm("0:0:1", "then"),))  # 12.50 dollars
    other = query(line=2, fingerprint="else", branch=(Arm("0:0:1", "else"),))  # 6.25
    dearer = replace(
        other, **{name: getattr(query(size=3 * TIB), name) for name in ("usd", "usd_per_iteration")}
    )
    # A cheaper ELSE comes: no run costs more.
    totals = diff_totals(diff_of([then], [then, other]))
    assert (totals.change.point, totals.compared) == (Decimal(0), Decimal("12.5"))
    # ELSE becomes dearer than THEN: from 12.50 to 18.75, not from 6.25.
    totals = diff_totals(diff_of([then, other], [then, dearer]))
    assert totals.before is not None
    assert totals.after is not None
    assert (totals.before.point, totals.after.point) == (Decimal("12.5"), Decimal("18.75"))
    assert (totals.change.point, totals.compared) == (Decimal("6.25"), Decimal("12.5"))
    assert totals.change.low <= totals.change.point <= totals.change.high
