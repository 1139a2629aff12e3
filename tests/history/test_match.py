"""Which statement a job ran, by each kind of evidence."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from costguard.history.match import Found, Matched, Statement, match_jobs
from tests.history.bills import Row
from tests.history.past import history, labels, run, statement

ORDERS = "SELECT a FROM `p.d.orders` WHERE day = '2026-01-01'"
GAP = "SELECT a, b FROM hole.d.orders"
DBT = '/* {"app": "dbt", "dbt_version": "1.9", "node_id": "model.shop.stg_orders"} */\n'


def match(folder: Path, statements: list[Statement], *rows: Row) -> tuple[dict[str, Found | None], Matched]:
    matched = match_jobs(history(folder, *rows).frame, statements)
    found = {
        name: matched.found[number] if number is not None else None
        for name, number in matched.frame.select("job_id", "found").iter_rows()
    }
    return found, matched


def one(folder: Path, statements: list[Statement], row: Row) -> Found | None:
    (found,) = match(folder, statements, row)[0].values()
    return found


def test_by_the_text(tmp_path: Path) -> None:
    found, matched = match(
        tmp_path,
        [statement(3, ORDERS), statement(5, "SELECT b FROM d.u")],
        run("same", "select a from p.d.orders -- x\n where day = '2026-02-02';"),
        run("other day", "select a from p.d.orders where day = '2026-03-03'"),
        run("made", f"CREATE TABLE d.x AS ({ORDERS})"),
        run("dev", "SELECT a FROM dev.orders WHERE day = '2026-01-01'"),
        run("stranger", "SELECT c FROM `p.d.orders`"),
        run("untold"),
        run("script", ORDERS, statement_type="SCRIPT"),
        run("load", job_type="LOAD"),
    )
    high, medium = Found((3,), "fingerprint", "high"), Found((3,), "fingerprint", "medium")
    assert found == {
        "same": high,
        "other day": high,
        "made": medium,
        "dev": medium,
        "stranger": None,
        "untold": None,
    }
    assert matched.texts == 5


def test_texts_that_differ_in_a_date_or_a_number_are_looked_at_once(tmp_path: Path) -> None:
    rows = [
        run(f"j{n}", f"SELECT a FROM d.t WHERE day = '2026-01-{n:02}' AND x > {n} LIMIT {n}")
        for n in range(10, 30)
    ]
    found, matched = match(
        tmp_path, [statement(0, "SELECT a FROM d.t WHERE day = '' AND x > 1 LIMIT 1")], *rows
    )
    assert matched.texts == 1
    assert set(found.values()) == {Found((0,), "fingerprint", "high")}


def test_numbers_of_names_tell_texts_apart(tmp_path: Path) -> None:
    found, _ = match(
        tmp_path,
        [statement(0, "SELECT a FROM `p-1.d.t_1`"), statement(1, "SELECT a FROM `p-2.d.t_2`")],
        run("one", "SELECT a FROM `p-1.d.t_1`"),
        run("two", "SELECT a FROM `p-2.d.t_2`"),
    )
    assert [item.statements for item in found.values() if item] == [(0,), (1,)]


def test_jobs_of_one_hash_are_looked_at_once(tmp_path: Path) -> None:
    info = {"query_hashes": {"normalized_literals": "h"}}
    _, matched = match(
        tmp_path,
        [statement(0, ORDERS)],
        run("a", ORDERS, query_info=info),
        run("b", ORDERS.replace("orders", "orders /* again */"), query_info=info),
    )
    assert matched.texts == 1
    assert matched.frame["found"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("SELECT a, b FROM `my-p.d.orders`", "medium"), ("SELECT a, c FROM x.d.orders", None)],
)
def test_by_a_text_with_gaps(tmp_path: Path, text: str, confidence: str | None) -> None:
    start = GAP.index("hole")
    code = statement(0, GAP, ((start, start + 4, "name"),), shape=None)
    found = one(tmp_path, [code], run("j", text))
    assert (found and found.confidence) == confidence


def test_a_gap_for_anything_is_unsure(tmp_path: Path) -> None:
    text = "SELECT a, b FROM d.orders WHERE TRUE"
    code = statement(0, text, ((32, 36, "condition"),))
    found = one(tmp_path, [code], run("j", "SELECT a, b FROM d.orders WHERE c = 1 OR d IN (2, 3)"))
    assert found == Found((0,), "fingerprint", "low")


def test_the_same_text_twice_is_split(tmp_path: Path) -> None:
    found = one(tmp_path, [statement(1, ORDERS), statement(2, ORDERS)], run("j", ORDERS))
    assert found == Found((1, 2), "fingerprint", "high")


def test_by_a_label(tmp_path: Path) -> None:
    """A label goes before the text, and a label of something else is no evidence."""
    code = [statement(1, ORDERS), statement(2, "SELECT 2 FROM d.t")]
    found, _ = match(
        tmp_path,
        code,
        run("id", ORDERS, labels=labels(cg_query=code[1].id)),
        run("mark", ORDERS, labels=labels(cg_query=code[1].fingerprint)),
        run("unknown", ORDERS, labels=labels(cg_query="nothing", airflow__task="x", node_id="model_shop_x")),
    )
    assert found == {
        "id": Found((2,), "label", "high"),
        "mark": Found((2,), "label", "high"),
        "unknown": Found((1,), "fingerprint", "high"),
    }


def test_by_a_marker_in_a_comment(tmp_path: Path) -> None:
    code = [statement(1, ORDERS), statement(2, "SELECT 2 FROM d.t")]
    found = one(tmp_path, code, run("j", f"/* costguard: {code[1].id} */ SELECT x FROM d.y"))
    assert found == Found((2,), "comment", "high")
    found = one(tmp_path, code, run("j", f"-- costguard: ignore[select-star]\n{ORDERS}"))
    assert found == Found((1,), "fingerprint", "high")


def test_by_the_node_of_dbt(tmp_path: Path) -> None:
    """The text tells between the two renderings of a model, else the kind of job."""
    code = [
        statement(1, "SELECT a FROM d.t WHERE b > 1", model="stg_orders", variant="incremental"),
        statement(2, "SELECT a FROM d.t", model="stg_orders", variant="full-refresh"),
        statement(3, "SELECT c FROM d.t", model="orders"),
    ]
    found, _ = match(
        tmp_path,
        code,
        run("text", f"{DBT}CREATE TABLE x AS (SELECT a FROM d.t WHERE b > 7)"),
        run("merge", f"{DBT}MERGE INTO x USING y ON FALSE", statement_type="MERGE"),
        run("full", f"{DBT}CREATE TABLE x AS (SELECT 1)", statement_type="CREATE_TABLE_AS_SELECT"),
        run("label", "SELECT 1", labels=labels(node_id="model_shop_stg_orders"), statement_type="MERGE"),
        run("short", "SELECT 1", labels=labels(node_id="model_shop_orders")),
        run("test", '/* {"node_id": "test.shop.stg_orders"} */ SELECT COUNT(*) FROM d.t'),
    )
    assert found == {
        "text": Found((1,), "comment", "high"),
        "merge": Found((1,), "comment", "high"),
        "full": Found((2,), "comment", "high"),
        "label": Found((1,), "label", "high"),
        "short": Found((3,), "label", "high"),
        "test": None,
    }


def test_a_statement_of_a_script_has_the_comment_of_its_script(tmp_path: Path) -> None:
    code = [statement(1, "SELECT a FROM d.t", model="stg_orders"), statement(2, "SELECT b FROM d.u")]
    found, _ = match(
        tmp_path,
        code,
        run("script", f"{DBT}CREATE TEMP TABLE x AS SELECT 1; MERGE x ...", statement_type="SCRIPT"),
        run("child", "MERGE x USING y ON FALSE", parent_job_id="script", statement_type="MERGE"),
        run("own", "SELECT b FROM d.u", parent_job_id="gone"),
    )
    assert found == {"child": Found((1,), "comment", "high"), "own": Found((2,), "fingerprint", "high")}


def test_by_the_task_of_airflow(tmp_path: Path) -> None:
    """Of two DAGs with a task of one name the one whose name stands in the file."""
    code = [
        statement(1, task="load.orders", dags=frozenset({"shop.daily"})),
        statement(2, task="load.orders", dags=frozenset({"shop_weekly"})),
        statement(3, task="other"),
    ]
    found, _ = match(
        tmp_path,
        code,
        run("daily", "SELECT 7", labels=labels(airflow__task="load-orders", airflow__dag="shop-daily")),
        run("nobody", "SELECT 7", labels=labels(airflow__task="load-orders", airflow__dag="shop-yearly")),
    )
    assert found == {"daily": Found((1,), "label", "high"), "nobody": Found((1, 2), "label", "high")}


def test_by_the_id_of_the_job(tmp_path: Path) -> None:
    code = [
        statement(1, "SELECT a", job_id="churn"),
        statement(2, "SELECT b", job_id="churn_score"),
        statement(3),
    ]
    found, _ = match(
        tmp_path, code, run("churn_score_17", "SELECT 7"), run("churn_1", "SELECT 7"), run("x", "SELECT 7")
    )
    assert found["churn_score_17"] == Found((2,), "label", "high")
    assert found["churn_1"] == Found((1,), "label", "high")
    assert found["x"] == Found((3,), "fingerprint", "high")


def test_by_the_tables_only_where_the_text_is_not_known(tmp_path: Path) -> None:
    tables = frozenset({"d.t"})
    row = run("j", "SELECT whatever FROM d.t")
    rendered = statement(1, "SELECT a FROM d.t", rendered=True, tables=tables)
    assert one(tmp_path, [rendered], row) == Found((1,), "tables", "low")
    plain = statement(1, "SELECT a FROM d.t", tables=tables)
    assert one(tmp_path, [plain], row) is None
    other = statement(1, "SELECT a FROM d.t", rendered=True, tables=frozenset({"d.t", "d.u"}))
    assert one(tmp_path, [other], row) is None
    assert one(tmp_path, [rendered], {**row, "statement_type": "MERGE"}) is None


def test_no_jobs_and_no_code(tmp_path: Path) -> None:
    jobs = history(tmp_path, run("j", ORDERS)).frame
    assert match_jobs(jobs, []).frame["found"].to_list() == [None]
    empty = match_jobs(jobs.filter(pl.lit(value=False)), [statement(0, ORDERS)])
    assert (empty.frame.height, empty.found) == (0, ())
