"""Which queries of history and code a partition filter would break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costguard.guards.partition_filter import candidates, partition_filter_suggestions
from costguard.guards.suggestions import PartitionFilterSuggestion

from .evidence import GIB, MIB, evidence, moment, ran, table

GOOD = "SELECT note FROM `shop.d.t` WHERE day = '2026-10-01'"
NONE = "SELECT note FROM `shop.d.t` WHERE note = 'x'"
WRAPPED = "SELECT note FROM `shop.d.t` WHERE FORMAT_DATE('%Y', day) = '2026'"
REFERENCES = [{"project_id": "shop", "dataset_id": "d", "table_id": "t"}]


def the(folder: Path, *arguments: Any) -> PartitionFilterSuggestion:
    (found,) = partition_filter_suggestions(evidence(folder, *arguments))
    return found


def test_none_would_break(tmp_path: Path) -> None:
    rows = [ran(f"j{day}", query=GOOD.replace("-01'", f"-{day:02}'")) for day in range(1, 5)]
    found = the(tmp_path, rows, [table("shop.d.t")], {"a.sql": GOOD})
    assert (found.verdict, found.jobs, found.queries) == ("safe", 4, 1)
    assert (found.column, found.partitions, found.bytes) == ("day", 31, 100 * GIB)
    assert found.breaking == found.unsure == ()


def test_those_that_would_are_listed(tmp_path: Path) -> None:
    rows = [
        ran("a", query=GOOD),
        ran("b", query=NONE, user_email="ana@x.com", at=moment(3)),
        ran("c", query=NONE.replace("'x'", "'y'"), user_email="bob@x.com", at=moment(4)),
        ran("d", query=WRAPPED),
    ]
    found = the(tmp_path, rows, [table("shop.d.t")])
    assert (found.verdict, found.jobs, found.queries) == ("few", 4, None)
    one, two = found.breaking
    assert (one.what, one.jobs, one.users, one.last) == (
        "select note from `shop.d.t` where note = ?",
        2,
        ("ana@x.com", "bob@x.com"),
        moment(4),
    )
    assert one.reason == "no condition on day"
    assert "FORMAT_DATE()" in two.reason


def test_too_many(tmp_path: Path) -> None:
    rows = [ran(f"j{number}", query=f"{NONE} AND a{number}") for number in range(4)]
    assert the(tmp_path, rows, [table("shop.d.t")]).verdict == "breaks"


def test_jobs_of_the_code_are_named_by_their_place(tmp_path: Path) -> None:
    """The code is judged as it is now: a query that was mended since breaks no more."""
    code = {"bad.sql": f"\n{NONE}", "good.sql": GOOD}
    rows = [ran("a", query=NONE), ran("b", query=NONE), ran("c", query=GOOD)]
    found = the(tmp_path, rows, [table("shop.d.t")], code)
    (reader,) = found.breaking
    assert reader.what.endswith("code/bad.sql:2")
    assert (reader.jobs, found.jobs, found.queries, found.verdict) == (2, 3, 2, "few")


def test_changing_rows_needs_a_filter_and_adding_none_does_not(tmp_path: Path) -> None:
    rows = [
        ran("a", query="DELETE FROM shop.d.t WHERE note = 'x'", statement_type="DELETE"),
        ran("b", query="INSERT INTO shop.d.t (note) SELECT 'x'", statement_type="INSERT"),
    ]
    found = the(tmp_path, rows, [table("shop.d.t")])
    assert [reader.what for reader in found.breaking] == ["delete from shop.d.t where note = ?"]


def test_what_cannot_be_judged(tmp_path: Path) -> None:
    """A text that is not told or cannot be read, a view that the catalog lacks, the variable of a script."""
    rows = [
        ran("a", query=None, referenced_tables=REFERENCES),
        ran("b", query="SELECT * FROM shop.d.view", referenced_tables=REFERENCES),
        ran("c", query="SELECT ((( FROM shop.d.t", referenced_tables=REFERENCES),
        ran("d", query="SELECT note FROM shop.d.t WHERE day = wanted", parent_job_id="x"),
    ]
    found = the(tmp_path, rows, [table("shop.d.t")])
    assert (found.verdict, found.jobs, found.breaking) == ("unsure", 4, ())
    assert sorted(reader.reason for reader in found.unsure) == [
        "its condition names what may be a variable of its script, which would do",
        "its text cannot be read, or it reads the table through something that is not in the catalog",
        "its text cannot be read, or it reads the table through something that is not in the catalog",
        "the history does not hold its text",
    ]


def test_a_view_of_the_catalog_is_looked_into(tmp_path: Path) -> None:
    views = [
        {"name": "shop.d.plain", "kind": "view", "view_query": "SELECT note, day FROM `shop.d.t`"},
        {"name": "shop.d.whole", "kind": "view", "view_query": "SELECT note, day FROM d.plain"},
    ]
    rows = [
        ran("a", query="SELECT note FROM shop.d.whole", referenced_tables=REFERENCES),
        ran(
            "b", query="SELECT note FROM shop.d.plain WHERE day > '2026-10-01'", referenced_tables=REFERENCES
        ),
    ]
    found = the(tmp_path, rows, [table("shop.d.t"), *views], {"c.sql": "SELECT * FROM shop.d.plain"})
    assert (found.verdict, found.jobs, found.queries, found.unsure) == ("few", 2, 1, ())
    assert [(Path(reader.what).name, reader.reason) for reader in found.breaking] == [
        ("c.sql:1", "through the view shop.d.plain: no condition on day"),
        ("select note from shop.d.whole", "through the view shop.d.whole: no condition on day"),
    ]


def test_of_a_view_over_two_partitioned_tables_nobody_knows_which(tmp_path: Path) -> None:
    view = {
        "name": "shop.d.both",
        "kind": "view",
        "view_query": "SELECT a.note, a.day FROM shop.d.t AS a JOIN shop.d.u AS b ON a.note = b.note",
    }
    query = "SELECT note FROM shop.d.both WHERE day = '2026-10-01'"
    found = partition_filter_suggestions(
        evidence(tmp_path, [ran("a", query=query)], [table("shop.d.t"), table("shop.d.u"), view])
    )
    assert {(str(one.table), one.verdict) for one in found} == {
        ("shop.d.t", "unsure"),
        ("shop.d.u", "unsure"),
    }


def test_what_defines_a_view_reads_nothing(tmp_path: Path) -> None:
    """In the history it is left out; in the code it is said that its readers need the filter."""
    text = f"CREATE VIEW shop.d.v AS {NONE}"
    rows = [ran("a", query=text, statement_type="CREATE_VIEW")]
    found = the(tmp_path, rows, [table("shop.d.t")], {"v.sql": text})
    assert (found.verdict, found.jobs, found.breaking) == ("unsure", 0, ())
    assert [reader.reason for reader in found.unsure] == [
        "it defines a view: whoever reads that needs the filter"
    ]


def test_names_are_those_of_the_jobs_project(tmp_path: Path) -> None:
    rows = [ran("a", query="SELECT note FROM d.t", project_id="lab", referenced_tables=[])]
    tables = [table("shop.d.t"), table("lab.d.t", 50 * GIB)]
    shop, lab = partition_filter_suggestions(evidence(tmp_path, rows, tables))
    assert (shop.jobs, lab.jobs, lab.verdict) == (0, 1, "few")


def test_without_a_history_nobody_knows(tmp_path: Path) -> None:
    found = the(tmp_path, None, [table("shop.d.t")], {"a.sql": GOOD})
    assert (found.verdict, found.jobs, found.queries, found.unsure) == ("unsure", None, 1, ())


def test_candidates(tmp_path: Path) -> None:
    partitioning = {"column": "day", "type": "DAY", "require_filter": True}
    tables = [
        table("shop.d.t"),
        table("shop.d.small", 100 * MIB),
        table("shop.d.set", partitioning=partitioning),
        table("shop.d.whole", partitioning=None),
        {"name": "shop.d.v", "kind": "view", "view_query": "SELECT 1"},
        table("Shop.d.t"),  # no project has such a name, so that none may stand in SQL
    ]
    found, small = candidates(evidence(tmp_path, None, tables).catalog)
    assert (list(found), small) == (["shop.d.t"], 1)
