"""Does each job of the code set a limit, and which one should it be?"""

from __future__ import annotations

from pathlib import Path

from costguard.guards.declared import Guards, read_guards
from costguard.guards.snippets import kind_of_call, snippets
from costguard.guards.suggest import suggest
from costguard.guards.suggestions import CodeCheck

from .evidence import GIB, MIB, evidence, ran, table

CODE = """\
from google.cloud import bigquery
import pandas_gbq
from settings import config

client = bigquery.Client()


def run(name, day):
    client.query("SELECT note FROM shop.d.t WHERE day = '2026-10-01'")
    client.query(f"SELECT note FROM shop.d.t WHERE day = '{day}'")
    client.query(
        "SELECT note FROM shop.d.t", job_config=bigquery.QueryJobConfig(maximum_bytes_billed=10**9)
    )
    client.query("SELECT note FROM shop.d.u", job_config=config())
    client.query("SELECT note FROM shop.d.u", job_config=bigquery.QueryJobConfig(dry_run=True))
    client.query("CREATE VIEW shop.d.v AS SELECT 1 AS x")
    client.query("SELECT table_name FROM shop.d.INFORMATION_SCHEMA.TABLES")
    pandas_gbq.read_gbq("SELECT note FROM shop.d.u")
"""


def checked(folder: Path, guards: Guards | None = None, jobs: bool = False) -> CodeCheck:
    rows = None
    if jobs:
        rows = [
            ran("a", 30 * MIB, "SELECT note FROM shop.d.t WHERE day = '2026-10-01'"),
            ran("b", GIB, "SELECT note FROM shop.d.u"),
        ]
    found = evidence(
        folder,
        rows,
        [table("shop.d.t", 31 * GIB), table("shop.d.u", 31 * GIB, partitioning=None)],
        {"run.py": CODE, "test_run.py": CODE, "q.sql": "SELECT note FROM shop.d.t"},
    )
    check = suggest(found, guards or Guards()).code
    assert check is not None
    return check


def limits(check: CodeCheck) -> dict[int, tuple[int | None, str, bool]]:
    return {call.line: (call.limit, call.basis, call.open_ended) for call in check.unguarded}


def test_calls_by_their_estimate(tmp_path: Path) -> None:
    """A day of the table has 1 GiB and a few bytes, twice of which is 3 whole GiB; the other one is read whole."""
    check = checked(tmp_path)
    assert (check.guarded, check.unknown, check.other) == (1, 1, 1)
    assert limits(check) == {
        9: (3 * GIB, "twice its estimate", False),
        10: (2 * GIB, "twice its estimate", True),
        18: (62 * GIB, "twice its estimate", False),
    }
    assert [snippet.name.partition(",")[0] for snippet in check.snippets] == [
        "google-cloud-bigquery",
        "pandas-gbq",
        "bq",
    ]


def test_calls_by_their_jobs(tmp_path: Path) -> None:
    check = checked(tmp_path, jobs=True)
    found = limits(check)
    assert found[9][:2] == (60 * MIB, "its own jobs")
    assert found[18][:2] == (2 * GIB, "its own jobs")
    # The limit of the whole project stands in what is to be pasted: twice a GiB.
    assert f"maximum_bytes_billed={2 * GIB})" in check.snippets[0].text


def test_calls_by_what_is_declared(tmp_path: Path) -> None:
    guards = read_guards({"max_bytes": {"default": "5 GiB", "paths": {"code/run.py": "7 GiB"}}})
    check = checked(tmp_path, guards)
    assert {limit for limit, _, _ in limits(check).values()} == {7 * GIB}
    assert {basis for _, basis, _ in limits(check).values()} == {"declared"}
    assert f"maximum_bytes_billed={5 * GIB})" in check.snippets[0].text


def test_a_call_of_several_statements(tmp_path: Path) -> None:
    """A script needs what all its statements need; of several texts that a call may run only one is run."""
    code = """\
from google.cloud import bigquery

client = bigquery.Client()
client.query("CREATE TEMP TABLE x AS SELECT note FROM shop.d.u; SELECT note FROM shop.d.u")
sql = "SELECT note FROM shop.d.u" if client else "SELECT note FROM shop.d.half"
client.query(sql)
"""
    tables = [
        table("shop.d.u", 31 * GIB, partitioning=None),
        table("shop.d.half", 15 * GIB, partitioning=None),
    ]
    check = suggest(evidence(tmp_path, None, tables, {"run.py": code}), Guards()).code
    assert check is not None
    assert [(call.line, call.statements, call.limit) for call in check.unguarded] == [
        (4, 2, 124 * GIB),
        (6, 2, 62 * GIB),
    ]


def test_the_kind_of_a_call() -> None:
    assert kind_of_call("google.cloud.bigquery.Client.query_and_wait") == "client"
    assert kind_of_call("bigframes.pandas.read_gbq_query") == "pandas"
    assert kind_of_call("airflow.providers.google.BigQueryInsertJobOperator") == "airflow"
    assert kind_of_call("BigQueryExecuteQueryOperator") == "old-airflow"
    assert kind_of_call("BigqueryQueryJobOp") == "kubeflow"
    assert kind_of_call("dbt") == "dbt"
    assert kind_of_call("apache_beam.io.ReadFromBigQuery") is None
    kinds = ("client", "pandas", "magic", "airflow", "old-airflow", "kubeflow", "dbt", "bq")
    texts = [snippet.text for snippet in snippets(kinds, 12345)]
    assert len(texts) == 8
    assert all("12345" in text and "LIMIT" not in text for text in texts)
