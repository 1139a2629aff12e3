"""Frames: where they come from, which columns are used, how large they can be."""

from __future__ import annotations

import pytest

from .analysis import analyse


def columns(body: str, read: str = 'pd.read_parquet("p")') -> tuple[str, ...] | None:
    """The columns used of a frame that a body works with."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    found = analyse(
        f"import pandas as pd\nfrom library import show\n"
        f"def main(other, columns):\n    df = {read}\n{lines}\n"
    )
    return found.frame("df").columns_used


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ("x = df['a'].sum()", ("a",)),
        ("x = df.a + df['b']", ("a", "b")),
        ("x = df[['a', 'b']]\nshow(x)", ("a", "b")),
        ("x = df[df['c'] > 1][['a']]\nshow(x)", ("a", "c")),
        ("x = df.sort_values('d').head(10)\ny = x['a']", ("a", "d")),
        ("x = df.copy()\ny = x\nz = y.drop_duplicates(subset=['a', 'b'])\nw = z.c.mean()", ("a", "b", "c")),
        ("x = df.groupby('k')['v'].sum()", ("k", "v")),
        ("x = df.groupby(['k', 'j'])[['v', 'w']].mean()\nshow(x)", ("j", "k", "v", "w")),
        ("x = df.groupby('k').agg({'v': 'sum', 'w': 'max'})\nshow(x)", ("k", "v", "w")),
        ("x = df.groupby('k').agg(total=('v', 'sum'))\nshow(x)", ("k", "v")),
        ("x = df.groupby('k').size()\nshow(x)", ("k",)),
        ("x = df.groupby('k').sum()['v']", ("k", "v")),
        ("for key, group in df.groupby('k'):\n    show(group['v'])", ("k", "v")),
        ("for i, row in df.iterrows():\n    show(row['a'], row.b)", ("a", "b")),
        ("for row in df.itertuples():\n    show(row.a)", ("a",)),
        ("x = df.apply(lambda row: row.a * row['b'], axis=1)", ("a", "b")),
        ("x = df.query('a > 1 and b == \"z\"')['c'].max()", ("a", "b", "c")),
        ("df['n'] = df['a'] * 2\nshow(df['n'])", ("a",)),
        ("df['a'] = df['a'] * 2\nshow(df['a'])", ("a",)),
        ("if other:\n    df['n'] = 1\nshow(df['n'])", ("n",)),
        ("x = df.assign(n=lambda d: d['a'] + 1)\nshow(x['n'], x['b'])", ("a", "b")),
        ("x = df.rename(columns={'a': 'n'})\nshow(x['n'], x['b'])", ("a", "b")),
        ("x = df.drop(columns=['z'])\nshow(x['a'])", ("a", "z")),
        ("x = df.merge(other, on='k')\nshow(x['v_x'])", ("k", "v", "v_x")),
        ("x = df.loc[df.a > 1, ['b', 'c']]\nshow(x)", ("a", "b", "c")),
        ("x = df.set_index('k').loc[:, 'v']", ("k", "v")),
        ("x = pd.concat([df, df[['z']]])\nshow(x['a'])", ("a", "z")),
        ("show(len(df), df.shape, df['a'])", ("a",)),
        ("x = df.pivot_table(index='i', columns='c', values='v')\nshow(x)", ("c", "i", "v")),
        ("COLS = ['a', 'b']\nshow(df[COLS])", ("a", "b")),
        ("x = df.dropna(subset=['a'])\nfor t in [1, 2]:\n    x = x[x.b > t]\nshow(x.c)", ("a", "b", "c")),
        ("def inner(frame):\n    return frame['a'].sum()\nshow(inner(df))", ("a",)),
        ("if other:\n    x = df\nelse:\n    x = df[df.a > 1]\nshow(x['b'])", ("a", "b")),
    ],
)
def test_columns_used(body: str, used: tuple[str, ...]) -> None:
    assert columns(body) == used


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ("show(df['a'])\nn = df.shape[0]", ("a",)),
        ("show(df['a'])\nn = df.shape[1]", None),
        ("show(df['a'])\nn, m = df.shape", None),
        ("show(df['a'])\nn, _ = df.shape", ("a",)),
    ],
)
def test_the_number_of_columns_is_a_use_of_all(body: str, used: tuple[str, ...] | None) -> None:
    assert columns(body) == used


def test_frames_that_are_merged() -> None:
    found = analyse("""
        import pandas as pd
        a = pd.read_csv("a")
        b = pd.read_csv("b")
        c = pd.read_csv("c")
        left = a[a.k > 1]
        both = left.merge(b, on="k")
        print(both["x"].sum(), c["x"].sum())
    """)
    joined = {frame.name for frame in found.facts.frames if frame.joined}
    assert joined == {"a", "b", "left"}


@pytest.mark.parametrize(
    "body",
    [
        "show(df['a'])\nreturn df",
        "show(df['a'], df)",
        "show(df['a'])\nprint(df)",
        "show(df['a'])\ndf.to_csv('x')",
        "show(df['a'])\nshow(df.columns)",
        "show(df['a'])\nshow(df.values)",
        "show(df['a'])\nshow(df.iloc[:, 1])",
        "show(df['a'])\nshow(df[columns])",
        "show(df['a'])\nframes = []\nframes.append(df)",
        "show(df['a'])\nself.df = df",
        "show(df['a'])\ndf.head()",
        "show(df['a'])\nshow(df.describe())",
        "show(df['a'])\nshow(df.drop_duplicates())",
        "show(df['a'])\nx = df.merge(other)",
        "show(df['a'])\nshow(df.groupby(columns)['v'].sum())",
        "show(df['a'])\nshow(df.groupby('k').sum())",
        "show(df['a'])\nx = df.rename(columns=str.lower)",
        "show(df['a'])\nfor c in df:\n    show(c)",
        "show(df['a'])\nx = {'frame': df}",
        "show(df['a'])\nx = lambda: df",
        "show(df['a'])\nyield df",
        "show(df['a'])\nshow(locals())",
        "show(df['a'])\nx = df if other else 3\nshow(x)",
        "show(df['a'])\nfor i, row in df.iterrows():\n    show(row)",
        "show(df['a'])\nx = df[df.a > 1].reset_index()\nreturn x",
        "pass",
    ],
)
def test_frames_whose_use_cannot_be_followed(body: str) -> None:
    assert columns(body) is None


def test_a_frame_that_goes_round_in_a_loop() -> None:
    found = analyse("""
        import pandas as pd
        def main(steps):
            df = pd.read_csv("x")
            for step in steps:
                late = df["first"].sum()
                df = step(df)
    """)
    assert found.frame("df").columns_used is None


def test_queries_know_what_is_used_of_their_result() -> None:
    found = analyse("""
        from google.cloud import bigquery
        client = bigquery.Client()
        job = client.query("SELECT * FROM d.t")
        for row in job.result():
            print(row["a"], row.b)
        frame = client.query("SELECT * FROM d.u").to_dataframe()
        print(frame["c"].sum())
    """)
    job = found.frame("job")
    assert (job.engine, job.origin, job.origin_text) == ("bigquery", "query", "SELECT * FROM d.t")
    assert job.columns_used == ("a", "b")
    frame = found.frame("frame")
    assert frame.parent is not None
    query = found.facts.frames[frame.parent]
    assert (frame.engine, frame.columns_used) == ("pandas", ("c",))
    assert (query.origin_text, query.columns_used) == ("SELECT * FROM d.u", ("c",))
    calls = {found.written(call): call for call in found.facts.calls}
    assert calls['client.query("SELECT * FROM d.u")'].result == frame.parent


@pytest.mark.parametrize(
    ("expression", "origin", "requested", "bounded"),
    [
        ("pd.read_csv('p', usecols=['b', 'a'])", "file", ("a", "b"), False),
        ("pd.read_parquet('p', columns=names)", "file", (), False),
        ("pd.read_csv('p', nrows=100)", "file", None, True),
        ("pd.read_csv('p', usecols=None)", "file", None, False),
        ("pd.read_gbq('SELECT a FROM d.t LIMIT 10')", "query", None, True),
        ("pd.read_gbq('SELECT a FROM d.t')", "query", None, False),
        ("pd.read_gbq('d.t')", "table", None, False),
        ("pd.DataFrame({'a': [1, 2]})", "literal", None, True),
        ("pd.DataFrame(rows)", "literal", None, False),
        ("pd.read_csv('p').head(5)", "derived", None, True),
        ("pd.read_csv('p').sample(frac=0.5)", "derived", None, False),
        ("pd.read_csv('p')[:20]", "derived", None, True),
        ("pd.read_csv('p').describe()", "derived", None, True),
        ("pd.read_csv('p').nlargest(3, 'a')", "derived", None, True),
        ("pd.concat([pd.DataFrame([1]), pd.DataFrame([2])])", "derived", None, True),
        ("pd.concat([pd.DataFrame([1]), pd.read_csv('p')])", "derived", None, False),
        ("pd.DataFrame([1]).merge(pd.read_csv('p'), on='a')", "derived", None, False),
    ],
)
def test_origin_and_size(
    expression: str, origin: str, requested: tuple[str, ...] | None, bounded: bool
) -> None:
    frame = analyse(f"import pandas as pd\ndf = {expression}\n").frame("df")
    assert (frame.origin, frame.columns_requested, frame.bounded) == (origin, requested, bounded)


def test_frames_that_grow_are_not_small() -> None:
    found = analyse("""
        import pandas as pd
        total = pd.DataFrame()
        for path in paths:
            total = pd.concat([total, pd.DataFrame({"a": [1]})])
        filled = pd.DataFrame(columns=["a"])
        for path in paths:
            filled.loc[len(filled)] = [path]
        wide = pd.DataFrame()
        wide["a"] = load()
        listed = []
        for path in paths:
            listed.append(path)
        late = pd.DataFrame(listed)
    """)
    assert [frame.bounded for frame in found.facts.frames if frame.reader == "pandas.concat"] == [False]
    assert [found.frame(name).bounded for name in ("filled", "wide", "late")] == [False, False, False]


@pytest.mark.parametrize(
    ("expression", "bounded", "aggregated"),
    [
        ("spark.table('t')", False, False),
        ("spark.table('t').limit(10)", True, False),
        ("spark.table('t').limit(10).filter('a > 1')", True, False),
        ("spark.table('t').groupBy('a').count()", False, True),
        ("spark.table('t').groupBy('a').agg(F.sum('b')).orderBy('a')", False, True),
        ("spark.table('t').agg(F.sum('b'))", True, True),
        ("spark.table('t').select('a').distinct()", False, True),
        ("spark.table('t').select(F.max('a'))", True, True),
        ("spark.table('t').select(F.round(F.sum('d') / 2).alias('x'), F.count('*'))", True, True),
        ("spark.table('t').selectExpr('max(a) as m')", True, True),
        ("spark.table('t').select(F.expr('count(DISTINCT a)'))", True, True),
        ("spark.table('t').select([F.count(F.when(F.isnull(c), c)).alias(c) for c in cs])", True, True),
        ("spark.table('t').select(*[F.min(c) for c in cs])", True, True),
        ("spark.table('t').select(F.max('a').over(w))", False, False),
        ("spark.table('t').select('a', F.sum('a').over(w).alias('s'))", False, False),
        ("spark.table('t').selectExpr('a', 'max(a) over (partition by b) as m')", False, False),
        ("spark.table('t').select('max')", False, False),
        ("spark.table('t').select(F.greatest('a', 'b'))", False, False),
        ("spark.table('t').select('count(a)')", False, False),  # a column of that name
        ("spark.table('t').distinct()", False, False),
        ("spark.table('t').describe()", True, False),
        ("spark.table('t').limit(5).join(spark.table('u'), 'a')", False, False),
        ("spark.sql('SELECT a FROM t LIMIT 5')", True, False),
        ("spark.sql('SELECT a FROM t')", False, False),
        ("spark.sql('SHOW TABLES')", True, False),
        ("spark.sql(f'DESCRIBE TABLE {name}')", True, False),
        ("spark.createDataFrame([(1, 2)])", True, False),
        ("spark.createDataFrame(rows)", False, False),
        ("spark.createDataFrame(pd.DataFrame({'a': [1]}))", True, False),
        ("spark.createDataFrame(pd.read_csv('x'))", False, False),
        ("spark.read.parquet('p').cache()", False, False),
    ],
)
def test_size_of_spark_frames(expression: str, bounded: bool, aggregated: bool) -> None:
    found = analyse(f"""
        import pandas as pd
        from pyspark.sql import SparkSession, functions as F
        spark = SparkSession.builder.getOrCreate()
        df = {expression}
        result = df.collect()
    """)
    frame = found.frame("df")
    assert (frame.engine, frame.bounded, frame.aggregated) == ("pyspark", bounded, aggregated)
    receiver = found.call("pyspark.sql.DataFrame.collect").receiver
    assert receiver is not None
    assert found.facts.frames[receiver] == frame


def test_positions() -> None:
    found = analyse("import pandas as pd\nüber = pd.read_csv('ä').head()\n")
    first, second = found.facts.frames
    assert found.written(first) == "pd.read_csv('ä')"
    assert found.written(second) == "pd.read_csv('ä').head()"
    assert (first.name, second.name, second.parent) == ("", "über", 0)


@pytest.mark.parametrize(
    ("code", "bounded"),
    [("df[:n]", True), ("df[:5]", True), ("df.iloc[:n]", True), ("df[n:]", False), ("df[:-1]", False)],
)
def test_first_rows_are_few(code: str, bounded: bool) -> None:
    found = analyse(f"import pandas as pd\ndf = pd.read_csv('x')\nfor _, r in {code}.iterrows():\n    r.a\n")
    call = found.call("pandas.DataFrame.iterrows")
    assert call.receiver is not None
    assert found.facts.frames[call.receiver].bounded is bounded


def test_where_a_frame_comes_from_in_the_end() -> None:
    found = analyse("""
        from pyspark.sql import DataFrame, SparkSession
        def of_parameter(df: DataFrame):
            return df.drop("a").withColumn("b", 1).collect()
        def of_file(spark: SparkSession):
            views = spark.read.parquet("p").filter("a > 1")
            return views.drop("a").toPandas()
    """)
    for function, origin in (("collect", "parameter"), ("toPandas", "file")):
        receiver = found.call(f"pyspark.sql.DataFrame.{function}").receiver
        assert receiver is not None
        frame = found.facts.frames[receiver]
        assert (frame.origin, frame.root_origin) == ("derived", origin)


def test_what_a_function_in_a_function_captures_may_be_used_in_any_way() -> None:
    found = analyse("""
        import pandas as pd
        def inputs_of(frame, labels):
            def inputs():
                return unknown(frame, labels)
            return inputs
        first = pd.read_csv("a.csv")
        inputs_of(first, first.pop("y"))
        second = pd.read_csv("b.csv")
        inputs_of(second, second.pop("y"))
    """)
    used = {frame.origin_text: frame.columns_used for frame in found.facts.frames if frame.origin == "file"}
    assert used == {"a.csv": None, "b.csv": None}


def test_the_text_of_an_origin_is_whole() -> None:
    found = analyse("import pandas as pd\na = pd.read_csv(folder / 'x.csv')\nb = pd.read_csv('y.csv')\n")
    assert [frame.origin_text for frame in found.facts.frames] == ["folder / 'x.csv'", "y.csv"]
