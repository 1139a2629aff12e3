"""What counts as SQL: the call it flows into."""

from __future__ import annotations

import pytest

from tests.extract.python_fixture import QUERY, extract, only, with_client

SQL = "SELECT a FROM d.t"
CALLS = [
    ("import pandas as pd\npd.read_gbq('{q}')", "pandas.read_gbq", "bigquery"),
    ("import pandas_gbq\npandas_gbq.read_gbq('{q}')", "pandas_gbq.read_gbq", "bigquery"),
    ("import bigframes.pandas as bpd\nbpd.read_gbq('{q}')", "bigframes.pandas.read_gbq", "bigquery"),
    (
        "import bigframes.pandas as bpd\nbpd.read_gbq_query('{q}')",
        "bigframes.pandas.read_gbq_query",
        "bigquery",
    ),
    (
        "from google.cloud import bigquery\nbigquery.Client().query_and_wait('{q}')",
        "google.cloud.bigquery.Client.query_and_wait",
        "bigquery",
    ),
    (
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nspark.sql('{q}')",
        "pyspark.sql.SparkSession.sql",
        "spark",
    ),
    (
        "spark.read.format('bigquery').option('query', '{q}').load()",
        "pyspark.sql.DataFrameReader.option",
        "bigquery",
    ),
    (
        "from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator\n"
        "BigQueryInsertJobOperator(task_id='x', configuration={{'query': {{'query': '{q}'}}}})",
        "airflow.providers.google.cloud.operators.bigquery.BigQueryInsertJobOperator",
        "bigquery",
    ),
    (
        "import apache_beam as beam\nbeam.io.ReadFromBigQuery(query='{q}')",
        "apache_beam.io.ReadFromBigQuery",
        "bigquery",
    ),
    (
        "import sqlite3\nsqlite3.connect('x').execute('{q}')",
        "sqlite3.Connection.execute",
        "sqlite",
    ),
    ("import duckdb\nduckdb.sql('{q}')", "duckdb.sql", "duckdb"),
]


@pytest.mark.parametrize(("code", "via", "dialect"), CALLS)
def test_library_calls_that_run_sql(code: str, via: str, dialect: str) -> None:
    sql = only(extract(code.format(q=SQL)))
    assert (sql.text, sql.via, sql.dialect) == (SQL, via, dialect)


@pytest.mark.parametrize(
    ("setup", "dialect"),
    [
        ("import psycopg2\ncon = psycopg2.connect('x')", "postgres"),
        ("from sqlalchemy import create_engine\ncon = create_engine('bigquery://p')", "bigquery"),
        ("from sqlalchemy import create_engine\ncon = create_engine('mysql+pymysql://h')", "mysql"),
        ("import cx_Oracle\ncon = cx_Oracle.connect('x')", "oracle"),
    ],
)
def test_a_generic_reader_takes_the_dialect_of_its_connection(setup: str, dialect: str) -> None:
    sql = only(extract(f"import pandas as pd\n{setup}\npd.read_sql('{SQL}', con)"))
    assert (sql.dialect, sql.materialises) == (dialect, True)
    assert sql.bytes_cap is None


def test_a_pandas_filter_is_no_sql() -> None:
    code = "import pandas as pd\ndf = pd.read_csv('x.csv')\ndf.query('select > 1 and from_ < 2')"
    extraction = extract(code)
    assert extraction.sql == ()
    assert extraction.unread == ()


def test_a_table_name_is_no_sql() -> None:
    assert extract("import pandas as pd\npd.read_gbq('d.t')").sql == ()


@pytest.mark.parametrize(
    "code",
    [
        '"""Select an option from the list."""',
        "print('Select a model from the list')",
        "raise ValueError('Update the table with your own settings')",
        "parser.add_argument('--x', help='Select columns from the table')",
        "label = 'select an option from the list'",
        "choose('Delete from cart')",
        "def f():\n    '''SELECT a FROM d.t'''\n    return 1",
    ],
)
def test_sentences_are_no_sql(code: str) -> None:
    extraction = extract(code)
    assert [sql.text for sql in extraction.sql] == []


def test_a_statement_that_reaches_no_known_call_is_a_string() -> None:
    code = """
    CREATE = '''
    SELECT a, b
    FROM `p.d.t`
    '''
    from house import run_query
    run_query("SELECT c FROM d.u WHERE x = 1")
    """
    found = extract(code).sql
    assert [(sql.via, sql.call_start is None) for sql in found] == [("string", True), ("string", False)]


def test_a_string_counts_once() -> None:
    code = "q = 'SELECT a FROM d.t'\nprint(q)\nlogging.info(q)\nclient.query(q)"
    assert [sql.via for sql in with_client(code).sql] == [QUERY]


JOBS = [
    ("client.query('{q}')", False, False),
    ("client.query('{q}', job_config=bigquery.QueryJobConfig(maximum_bytes_billed=1))", True, False),
    ("client.query('{q}', bigquery.QueryJobConfig(labels={{'a': 'b'}}))", False, True),
    ("client.query('{q}', job_config=bigquery.QueryJobConfig(maximum_bytes_billed=None))", False, False),
    (
        "c = bigquery.QueryJobConfig()\nc.maximum_bytes_billed = 1\nclient.query('{q}', job_config=c)",
        True,
        False,
    ),
    ("from house import config\nclient.query('{q}', job_config=config)", None, None),
    ("client.query('{q}', **options)", None, None),
    (
        "capped = bigquery.Client(default_query_job_config=bigquery.QueryJobConfig(maximum_bytes_billed=1))\n"
        "capped.query('{q}')",
        True,
        False,
    ),
]


@pytest.mark.parametrize(("code", "capped", "labelled"), JOBS)
def test_limit_and_labels(code: str, capped: bool | None, labelled: bool | None) -> None:
    sql = only(with_client(code.format(q=SQL)))
    assert (sql.bytes_cap, sql.labelled) == (capped, labelled)


def test_parameters_with_constant_values() -> None:
    code = """
    config = bigquery.QueryJobConfig(dry_run=True, query_parameters=[
        bigquery.ScalarQueryParameter("day", "DATE", "2026-01-01"),
        bigquery.ScalarQueryParameter("n", "INT64", 5),
        bigquery.ScalarQueryParameter("name", "STRING", "O'Hara"),
        bigquery.ScalarQueryParameter("later", "STRING", unknown),
        bigquery.ArrayQueryParameter("ids", "INT64", [1, 2]),
    ])
    client.query("SELECT a FROM d.t WHERE day = @day", job_config=config)
    """
    sql = only(with_client(code))
    assert sql.dry_run
    assert sql.parameters == (
        ("day", "DATE '2026-01-01'"),
        ("n", "5"),
        ("name", "'O\\'Hara'"),
        ("ids", "[1, 2]"),
    )


DESTINATIONS = [
    ("j = client.query('{q}')", "j", False),
    ("j = client.query('{q}', bigquery.QueryJobConfig(destination='p.d.t'))", "p.d.t", True),
    ("c = bigquery.QueryJobConfig()\nc.destination = 'p.d.t'\nj = client.query('{q}', c)", "p.d.t", True),
    ("c = bigquery.QueryJobConfig(destination=self.at)\nj = client.query('{q}', c)", "self.at", True),
    (
        "at = bigquery.Table('p.d.t') if new else None\n"
        "j = client.query('{q}', bigquery.QueryJobConfig(destination=at))",
        "p.d.t",
        True,
    ),
    ("j = client.query('{q}', bigquery.QueryJobConfig(destination=None))", "j", False),
]


@pytest.mark.parametrize(("code", "destination", "saved"), DESTINATIONS)
def test_where_the_result_goes(code: str, destination: str, saved: bool) -> None:
    sql = only(with_client(code.format(q=SQL)))
    assert (sql.destination, sql.saved) == (destination, saved)


RESULTS = [
    ("df = client.query('{q}').to_dataframe()", True, "df"),
    ("df = client.query('{q}').result().to_arrow()", True, "df"),
    ("job = client.query('{q}')\njob.result()", False, "job"),
    ("job = client.query('{q}')\nframe = job.to_dataframe()", True, "job"),
    ("job = client.query('{q}')\nframe = job.result().to_dataframe()", True, "job"),
    ("for row in client.query('{q}'):\n    print(row)", False, None),
]


@pytest.mark.parametrize(("code", "materialises", "destination"), RESULTS)
def test_whether_the_result_comes_to_the_client(
    code: str, materialises: bool, destination: str | None
) -> None:
    sql = only(with_client(code.format(q=SQL)))
    assert (sql.materialises, sql.destination) == (materialises, destination)


def test_the_frame_is_linked() -> None:
    extraction = with_client("df = client.query('SELECT a FROM d.t').to_dataframe()\ndf['a'].sum()")
    sql = only(extraction)
    assert sql.frame is not None
    assert extraction.python.frames[sql.frame].engine == "pandas"


def test_loops_and_their_iterables() -> None:
    code = """
    for day in days:
        client.query('SELECT a FROM d.t')
    for row in client.query('SELECT b FROM d.t'):
        pass
    for i in range(3):
        for j in range(4):
            client.query('SELECT c FROM d.t')
    """
    found = {sql.text[7]: (sql.loop_depth, sql.loop_turns) for sql in with_client(code).sql}
    assert found == {"a": (1, None), "b": (0, None), "c": (2, 12)}


def test_a_loop_over_written_queries_runs_each_once() -> None:
    code = "for q in ['SELECT a FROM d.t', 'SELECT b FROM d.t']:\n    client.query(q)"
    found = with_client(code).sql
    assert [(sql.text, sql.loop, sql.variant) for sql in found] == [
        ("SELECT a FROM d.t", None, None),
        ("SELECT b FROM d.t", None, None),
    ]


def test_files_without_anything_of_interest_are_not_parsed() -> None:
    assert extract("import os\nprint 'python 2'").unread == ()
    assert extract("import pandas\nprint 'python 2'").unread[0].reason == "Python syntax error"


@pytest.mark.parametrize("written", ["sql/q.sql", "{% include 'sql/q.sql' %}"])
def test_airflow_reads_the_file_it_is_given(written: str) -> None:
    code = f"""
    from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
    configuration = dict(query=dict(query="{written}", maximumBytesBilled=1))
    BigQueryInsertJobOperator(task_id="x", configuration=configuration)
    """
    sql = only(extract(code, {"jobs/sql/q.sql": "SELECT a FROM d.t"}))
    assert (sql.text, sql.read_from, sql.bytes_cap) == ("SELECT a FROM d.t", "jobs/sql/q.sql", True)


@pytest.mark.parametrize(
    ("code", "dialect"),
    [
        ("PostgresOperator(task_id='x', sql='{q}')", "postgres"),
        ("mysql_hook.run_statement('{q}')", "mysql"),
        ("MySqlToBigQueryOperator(sql='{q}')", "bigquery"),
        ("house.run_statement('{q}')", "bigquery"),
    ],
)
def test_the_name_of_an_unknown_call_may_tell_the_database(code: str, dialect: str) -> None:
    sql = only(extract(f"import airflow\n{code}".format(q=SQL)))
    assert (sql.via, sql.dialect, sql.destination) == ("string", dialect, None)


def test_the_parser_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    extract("import airflow\nhouse.run('CREATE PROCEDURE d.p() BEGIN END; SELECT a FROM d.t')")
    assert capfd.readouterr().err == ""


def test_a_client_of_unknown_type_is_counted_where_it_cannot_be_read() -> None:
    code = """
    from google.cloud import bigquery

    def run(client, path):
        return client.query(open(path).read())
    def run2(sql):
        return get_client().query(sql)
    class Service:
        def go(self, settings, name):
            self.client.query(settings["sql"])
            self.client.query(f"{name}.{settings}")
            self.client.query_and_wait(build(name))
    """
    found = extract(code)
    assert [item.detail for item in found.unread] == [
        "open(path).read()",
        "sql",
        'settings["sql"]',
        "name.settings",
        "build(name)",
    ]
    assert {item.reason for item in found.unread} == {"SQL built at run time"}


def test_the_name_of_a_client_tells_where_the_module_does_not_import_it() -> None:
    code = """
    from lib import gcp
    def run(sql, bq_client):
        gcp.bigquery_client().query(sql)
        bq_client.query(sql)
    """
    assert len(extract(code).unread) == 2


def test_other_methods_of_that_name_are_not_counted() -> None:
    code = """
    from google.cloud import bigquery
    def run(frame, session, condition, User, LastPoints, client):
        frame.query(condition)
        frame.query("a > 1")
        session.query(User)
        LastPoints.query(condition)
        client.query(kind="Task")
        client.query(None)
        client.query(["a", "b"])
        clientele.query("a > 1")
    """
    found = extract(code)
    assert (found.sql, found.unread) == ((), ())


def test_texts_that_are_only_shown_are_no_queries() -> None:
    code = """
    sql = "SELECT b FROM d.t"
    print("SELECT b FROM d.t WHERE b > 1")
    logging.warning("SELECT b FROM d.t WHERE b > 2")
    parser.add_argument("--q", help="SELECT b FROM d.t WHERE b > 3")
    Field(description="SELECT b FROM d.t WHERE b > 4")
    EXAMPLE_OUTPUT = "SELECT b FROM d.t WHERE b > 5"
    raise ValueError("SELECT b FROM d.t WHERE b > 6")
    client.query(sql)
    """
    assert only(with_client(code)).text == "SELECT b FROM d.t"


def test_what_runs_within_what_is_shown_is_a_query() -> None:
    code = """
    print(client.query("SELECT a FROM d.t").to_dataframe())
    print(fetch("SELECT b FROM d.t"))
    EXAMPLE_QUERY = "SELECT c FROM d.t"
    queries.append("SELECT e FROM d.t")
    parser.add_argument("--sql", default="SELECT f FROM d.t", help="SELECT g FROM d.t")
    """
    assert [sql.text[7] for sql in with_client(code).sql] == ["a", "b", "c", "e", "f"]


def test_queries_in_the_defaults_of_parameters() -> None:
    code = """
    from lib import go
    def a(q=client.query("SELECT a FROM d.t")): ...
    def b(sql="SELECT b FROM d.t"):
        return go(sql)
    def c(sql="SELECT c FROM d.t"):
        return client.query(sql)
    """
    assert [(sql.text[7], sql.via) for sql in with_client(code).sql] == [
        ("a", QUERY),
        ("b", "string"),
        ("c", QUERY),
    ]


def test_operators_that_take_their_arguments_from_a_dict() -> None:
    code = """
    known = dict(task_id="y", configuration={"query": {"query": "SELECT a FROM d.t"}})
    BigQueryInsertJobOperator(**known)
    unknown = {"task_id": "x", "configuration": {"query": {"query": get_sql()}}}
    BigQueryInsertJobOperator(**unknown)
    BigQueryInsertJobOperator(task_id="z", **settings)
    BigQueryInsertJobOperator(**{"task_id": "load", "configuration": {"load": {}}})
    """
    found = extract(code)
    assert [sql.text for sql in found.sql] == ["SELECT a FROM d.t"]
    assert [item.detail for item in found.unread] == ["get_sql()", "settings"]


def test_operators_that_make_their_sql_up_are_unread() -> None:
    code = """
    BigQueryColumnCheckOperator(task_id="f", table="p.d.t", column_mapping={"a": {"null_check": {"equal_to": 0}}})
    BigQueryIntervalCheckOperator(task_id="e", table="p.d.t", metrics_thresholds={"COUNT(*)": 1.5})
    BigQueryToGCSOperator(task_id="g", source_project_dataset_table="p.d.t")
    """
    assert len(extract(code).unread) == 2
