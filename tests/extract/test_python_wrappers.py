"""A parameter that reaches a query makes each call of the function a site."""

from __future__ import annotations

from tests.extract.python_fixture import QUERY, only, with_client


def sites(code: str) -> list[tuple[str, str]]:
    """(SQL, source of the call) in order."""
    extraction = with_client(code)
    source = extraction.texts[0]
    return [(sql.text, source[sql.call_start : sql.call_end]) for sql in extraction.sql if sql.via == QUERY]


def test_each_call_of_a_wrapper_is_a_site() -> None:
    code = """
    def run(sql, n=1):
        return client.query(sql).to_dataframe()
    a = run('SELECT a FROM d.t')
    b = run(n=2, sql='SELECT b FROM d.t')
    """
    assert sites(code) == [
        ("SELECT a FROM d.t", "run('SELECT a FROM d.t')"),
        ("SELECT b FROM d.t", "run(n=2, sql='SELECT b FROM d.t')"),
    ]


def test_methods_and_wrappers_of_wrappers() -> None:
    code = """
    class Base:
        def execute(self, sql):
            return client.query(sql)
    class Warehouse(Base):
        def frame(self, sql):
            return self.execute(sql).to_dataframe()
    warehouse = Warehouse()
    warehouse.frame('SELECT a FROM d.t')
    """
    assert sites(code) == [("SELECT a FROM d.t", "warehouse.frame('SELECT a FROM d.t')")]


def test_the_wrapper_decides_over_limit_and_download() -> None:
    code = """
    def run(sql):
        config = bigquery.QueryJobConfig(maximum_bytes_billed=10**9)
        return client.query(sql, job_config=config)
    frame = run('SELECT a FROM d.t').to_dataframe()
    """
    sql = only(with_client(code))
    assert (sql.bytes_cap, sql.materialises, sql.destination) == (True, True, "frame")


def test_loops_of_caller_and_wrapper_multiply() -> None:
    code = """
    def run(sql):
        for attempt in range(2):
            client.query(sql)
    for day in range(5):
        run('SELECT a FROM d.t')
    """
    sql = only(with_client(code))
    assert (sql.loop_depth, sql.loop_turns) == (2, 10)


def test_a_function_that_is_called_once_runs_as_often_as_that_call() -> None:
    code = """
    def one(k):
        return client.query(f'SELECT a FROM d.t WHERE k = {k}')
    def two(k):
        return one(k)
    for k in [1, 2]:
        for n in range(3):
            two(k)
    """
    sql = only(with_client(code))
    assert (sql.loop_depth, sql.loop_turns) == (2, 6)


def test_a_function_that_is_called_in_several_places() -> None:
    code = """
    def one(k):
        return client.query(f'SELECT a FROM d.t WHERE k = {k}')
    one(0)
    for k in [1, 2]:
        one(k)
    """
    sql = only(with_client(code))
    assert (sql.loop, sql.loop_depth) == (None, 0)


def test_a_value_parameter_is_no_site_of_its_own() -> None:
    code = """
    def count(table):
        return client.query(f'SELECT COUNT(*) FROM {table}')
    count('d.t')
    """
    sql = only(with_client(code))
    assert (sql.text, sql.holes) == ("SELECT COUNT(*) FROM d.t", ())


def test_a_name_that_differs_is_a_query_for_each() -> None:
    code = """
    def count(table):
        return client.query(f'SELECT COUNT(*) FROM {table}')
    count('d.t')
    count('d.u')
    """
    found = with_client(code).sql
    assert [(sql.text, sql.variant, sql.holes) for sql in found] == [
        ("SELECT COUNT(*) FROM d.t", None, ()),
        ("SELECT COUNT(*) FROM d.u", None, ()),
    ]


def test_a_value_that_differs_stays_a_hole() -> None:
    code = """
    def count(key):
        return client.query(f'SELECT COUNT(*) FROM d.t WHERE key = {key}')
    count(1)
    count(2)
    """
    sql = only(with_client(code))
    assert sql.text == "SELECT COUNT(*) FROM d.t WHERE key = 1"
    assert [hole.name for hole in sql.holes] == ["key"]


def test_a_prefix_joined_to_a_parameter() -> None:
    code = """
    def run(where):
        client.query('SELECT a FROM d.t WHERE ' + where)
    run("x = 1")
    """
    assert sites(code)[0][0] == "SELECT a FROM d.t WHERE x = 1"


def test_threads_and_pools_call_too() -> None:
    code = """
    def run(sql):
        client.query(sql)
    pool.submit(run, 'SELECT a FROM d.t')
    pool.map(run, ['SELECT b FROM d.t', 'SELECT c FROM d.t'])
    """
    assert [text for text, _ in sites(code)] == [
        "SELECT a FROM d.t",
        "SELECT b FROM d.t",
        "SELECT c FROM d.t",
    ]


def test_a_default_is_used_where_nothing_is_passed() -> None:
    code = """
    def run(sql='SELECT a FROM d.t'):
        client.query(sql)
    run()
    """
    assert [text for text, _ in sites(code)] == ["SELECT a FROM d.t"]


def test_a_wrapper_that_this_module_never_calls_is_unread() -> None:
    extraction = with_client("def run(sql):\n    return client.query(sql)")
    assert extraction.sql == ()
    assert [(unread.reason, unread.detail) for unread in extraction.unread] == [
        ("SQL built at run time", "sql")
    ]


def test_wrappers_that_call_each_other_end() -> None:
    code = """
    def one(sql):
        two(sql)
    def two(sql):
        one(sql)
        client.query(sql)
    one('SELECT a FROM d.t')
    """
    assert {text for text, _ in sites(code)} == {"SELECT a FROM d.t"}


def test_a_lambda_is_a_wrapper_too() -> None:
    code = """
    run = lambda sql: client.query(sql).to_dataframe()
    run('SELECT a FROM d.t')
    """
    assert sites(code) == [("SELECT a FROM d.t", "run('SELECT a FROM d.t')")]
