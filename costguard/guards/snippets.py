"""How `maximum_bytes_billed` is written down where queries are run from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from costguard.guards.suggestions import Snippet

DBT: Final = "dbt"
CLIENT: Final = "client"
PANDAS: Final = "pandas"
MAGIC: Final = "magic"
AIRFLOW: Final = "airflow"
OLD_AIRFLOW: Final = "old-airflow"
KUBEFLOW: Final = "kubeflow"
COMMAND: Final = "bq"


def kind_of_call(via: str) -> str | None:
    """Which snippet is for a call, by `queries.via`; None when a limit cannot be set there."""
    last = via.rpartition(".")[2]
    if via == "dbt":
        return DBT
    if via == "magic":
        return MAGIC
    if via == "file":
        return COMMAND
    if last.startswith("BigQueryInsertJob"):
        return AIRFLOW
    if last in ("BigQueryExecuteQueryOperator", "BigQueryOperator"):
        return OLD_AIRFLOW
    if last.startswith("Bigquery") and last.endswith("Op"):
        return KUBEFLOW
    if last.startswith("read_gbq"):
        return PANDAS
    if last in ("query", "query_and_wait", "QueryJob", "execute"):
        return CLIENT
    return None


def snippets(kinds: Iterable[str], limit: int) -> tuple[Snippet, ...]:
    """The snippets for these kinds of calls, in a fixed order."""
    wanted = set(kinds)
    return tuple(
        Snippet(name, text.replace("LIMIT", str(limit))) for kind, name, text in _SNIPPETS if kind in wanted
    )


_SNIPPETS: Final = (
    (
        CLIENT,
        "google-cloud-bigquery, once for all queries of a client",
        "client = bigquery.Client(\n"
        "    default_query_job_config=bigquery.QueryJobConfig(maximum_bytes_billed=LIMIT)\n"
        ")",
    ),
    (
        PANDAS,
        "pandas-gbq, pandas, bigframes",
        'read_gbq(sql, configuration={"query": {"maximumBytesBilled": "LIMIT"}})',
    ),
    (MAGIC, "notebook magic", "%%bigquery df --maximum_bytes_billed LIMIT"),
    (
        AIRFLOW,
        "Airflow, BigQueryInsertJobOperator",
        'configuration={"query": {"query": sql, "useLegacySql": False, "maximumBytesBilled": "LIMIT"}}',
    ),
    (OLD_AIRFLOW, "Airflow, BigQueryExecuteQueryOperator", "maximum_bytes_billed=LIMIT"),
    (
        KUBEFLOW,
        "Google Cloud pipeline components",
        'job_configuration_query={"maximumBytesBilled": "LIMIT"}',
    ),
    (
        DBT,
        "dbt, profiles.yml (a target of type bigquery)",
        "maximum_bytes_billed: LIMIT",
    ),
    (COMMAND, "bq", "bq query --use_legacy_sql=false --maximum_bytes_billed=LIMIT"),
)
