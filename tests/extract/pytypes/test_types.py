"""Which library a name, an attribute or a call belongs to."""

from __future__ import annotations

import ast

import pytest

from costguard.extract.pytypes.module import ModuleTypes

from .analysis import analyse


@pytest.mark.parametrize(
    ("imports", "call", "resolved"),
    [
        ("import pandas as pd", "pd.read_gbq", "pandas.read_gbq"),
        ("import pandas", "pandas.read_csv", "pandas.read_csv"),
        ("from pandas import read_sql as rs", "rs", "pandas.read_sql"),
        ("from pandas.io import gbq", "gbq.read_gbq", "pandas.read_gbq"),
        ("import pyspark.sql.functions as F", "F.udf", "pyspark.sql.functions.udf"),
        ("from pyspark.sql import functions as F", "F.pandas_udf", "pyspark.sql.functions.pandas_udf"),
        ("from pyspark.sql.functions import *", "udf", "pyspark.sql.functions.udf"),
        ("from google.cloud import bigquery as bq", "bq.Client", "google.cloud.bigquery.Client"),
        ("import google.cloud.bigquery", "google.cloud.bigquery.Client", "google.cloud.bigquery.Client"),
        ("import gc", "gc.collect", "gc.collect"),
        ("import os", "os.path.join", "os.path.join"),
        ("from .tools import run_query", "run_query", None),
        ("", "len", "builtins.len"),
        ("", "nowhere.collect", None),
    ],
)
def test_imports_and_aliases(imports: str, call: str, resolved: str | None) -> None:
    assert analyse(f"{imports}\n{call}()").resolve(call) == resolved


def test_a_chain_of_bigquery_calls() -> None:
    found = analyse("""
        from google.cloud import bigquery as bq
        client = bq.Client(project="p")
        job = client.query("SELECT 1")
        frame = job.result().to_dataframe()
    """)
    assert found.type_of("client") == "google.cloud.bigquery.Client"
    assert found.resolve("client.query") == "google.cloud.bigquery.Client.query"
    assert found.type_of("job") == "google.cloud.bigquery.QueryJob"
    assert found.type_of("job.result()") == "google.cloud.bigquery.RowIterator"
    assert found.resolve("job.result().to_dataframe") == "google.cloud.bigquery.RowIterator.to_dataframe"
    assert found.type_of("job.result().to_dataframe()") == "pandas.DataFrame"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("df['a']", "pandas.Series"),
        ("df.a", "pandas.Series"),
        ("df[['a', 'b']]", "pandas.DataFrame"),
        ("df[COLUMNS]", "pandas.DataFrame"),
        ("df[df.a > 1]", "pandas.DataFrame"),
        ("df[(df.a > 1) & ~df.b.isna()]", "pandas.DataFrame"),
        ("df[:10]", "pandas.DataFrame"),
        ("df.loc[df.a > 1, 'b']", "pandas.Series"),
        ("df.iloc[0:5]", "pandas.DataFrame"),
        ("df.groupby('a')", "pandas.DataFrameGroupBy"),
        ("df.groupby('a')['b']", "pandas.SeriesGroupBy"),
        ("df.groupby('a')['b'].sum()", "pandas.Series"),
        ("df.groupby('a').agg({'b': 'sum'})", "pandas.DataFrame"),
        ("df.merge(other, on='a').sort_values('b').head(3)", "pandas.DataFrame"),
        ("df.values", "numpy.ndarray"),
        ("df['a'].tolist()", "builtins.list"),
        ("df.isnull().sum()", "pandas.Series"),
        ("df + 1", "pandas.DataFrame"),
        ("df[unknown]", None),
        ("unknown.groupby('a')", None),
    ],
)
def test_pandas_expressions(expression: str, expected: str | None) -> None:
    found = analyse(f"""
        import pandas as pd
        COLUMNS = ["a", "b"]
        df = pd.read_csv("x.csv")
        other = pd.read_parquet("y")
        {expression}
    """)
    assert found.types.type_of(found.tree.body[-1].value) == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("spark.read.format('csv').option('header', True).load('p')", "pyspark.sql.DataFrame"),
        ("spark.table('t').withColumn('a', F.lit(1)).filter('a > 0')", "pyspark.sql.DataFrame"),
        ("spark.table('t').groupBy('a')", "pyspark.sql.GroupedData"),
        ("spark.table('t').groupBy('a').agg(F.sum('b'))", "pyspark.sql.DataFrame"),
        ("spark.table('t').toPandas()", "pandas.DataFrame"),
        ("spark.table('t').rdd.map(len)", "pyspark.RDD"),
        ("spark.table('t').price > 3", "pyspark.sql.Column"),
        ("spark.table('t').write.mode('overwrite')", "pyspark.sql.DataFrameWriter"),
    ],
)
def test_spark_expressions(expression: str, expected: str) -> None:
    found = analyse(f"""
        from pyspark.sql import SparkSession, functions as F
        spark = SparkSession.builder.appName("x").config("a", "b").getOrCreate()
        {expression}
    """)
    assert found.types.type_of(found.tree.body[-1].value) == expected  # type: ignore[attr-defined]


def test_the_session_that_a_notebook_brings() -> None:
    assert analyse("df = spark.sql('SELECT 1')").resolve("spark.sql") == "pyspark.sql.SparkSession.sql"
    assert analyse("import spark\nspark.sql('SELECT 1')").resolve("spark.sql") == "spark.sql"
    assert analyse("spark = connect()\nspark.sql('SELECT 1')").resolve("spark.sql") is None


def test_flow_of_assignments() -> None:
    found = analyse("""
        import pandas as pd
        x = pd.read_csv("a")
        first = x.merge
        x = [1, 2]
        second = x.append
        x = pd.DataFrame() if flag else None
        third = x.merge
    """)
    assert found.types.resolve(found.tree.body[2].value) == "pandas.DataFrame.merge"  # type: ignore[attr-defined]
    assert found.types.resolve(found.tree.body[4].value) == "builtins.list.append"  # type: ignore[attr-defined]
    assert found.types.resolve(found.tree.body[6].value) == "pandas.DataFrame.merge"  # type: ignore[attr-defined]


def test_paths_that_disagree_leave_the_type_unknown() -> None:
    found = analyse("""
        import pandas as pd
        if flag:
            x = pd.read_csv("a")
        else:
            x = load()
        x.iterrows
    """)
    # `load` may give anything, but only a frame has `iterrows`, as pandas is the one library here.
    assert found.resolve("x.iterrows") == "pandas.DataFrame.iterrows"
    assert (
        analyse("import pandas as pd\nx = pd.read_csv('a') if c else [1]\nx.append(2)").type_of("x") is None
    )


def test_tuples_loops_with_and_walrus() -> None:
    found = analyse("""
        import pandas as pd
        from sklearn.model_selection import train_test_split
        df = pd.read_csv("a")
        train, test = train_test_split(df, test_size=0.2)
        for key, group in df.groupby("k"):
            group.size
        for number, (index, row) in enumerate(df.iterrows()):
            row.get
        with pd.ExcelFile("b") as book:
            sheet = book.parse("s")
        if (late := pd.read_json("c")) is not None:
            late.head
        for part in pd.read_csv("big", chunksize=1000):
            part.head
    """)
    assert found.type_of("train") == "pandas.DataFrame"
    assert found.resolve("test") is None
    assert found.type_of("group") == "pandas.DataFrame"
    assert found.type_of("row") == "pandas.Series"
    assert found.type_of("book.parse('s')") == "pandas.DataFrame"
    assert found.resolve("late.head") == "pandas.DataFrame.head"
    assert found.resolve("part.head") == "pandas.DataFrame.head"


@pytest.mark.parametrize(
    "annotation",
    [
        "pd.DataFrame",
        "'pd.DataFrame'",
        "Optional[pd.DataFrame]",
        "pd.DataFrame | None",
        "'pd.DataFrame | None'",
        "Union[None, pd.DataFrame]",
        "Annotated[pd.DataFrame, 1]",
    ],
)
def test_parameters_with_an_annotation(annotation: str) -> None:
    found = analyse(f"""
        import pandas as pd
        from typing import Annotated, Optional, Union
        def clean(frame: {annotation} = None):
            return frame.dropna
    """)
    assert found.resolve("frame.dropna") == "pandas.DataFrame.dropna"


def test_parameters_take_the_types_of_the_calls_in_the_module() -> None:
    found = analyse("""
        import pandas as pd
        def summary(frame, scale):
            return frame.describe()
        def main():
            return summary(pd.read_csv("a"), 2)
    """)
    assert found.resolve("frame.describe") == "pandas.DataFrame.describe"
    assert found.type_of("summary(pd.read_csv('a'), 2)") == "pandas.DataFrame"


@pytest.mark.parametrize(
    ("imports", "body", "expected"),
    [
        ("import pyspark", "df.withColumn('a', 1).count()", "pyspark.sql.DataFrame"),
        ("import pandas", "df['a'].sum(); df.fillna(0)", "pandas.DataFrame"),
        ("import pandas", "df.iterrows()", "pandas.DataFrame"),
        ("import pandas, cudf", "df['a'].sum(); df.fillna(0)", None),
        ("import numpy", "df['a'].sum(); df.fillna(0)", None),
        ("import pandas", "df['a']; df.append(1)", None),
        ("import pyspark", "df.count(); df.collect()", None),
    ],
)
def test_parameters_by_the_way_they_are_used(imports: str, body: str, expected: str | None) -> None:
    found = analyse(f"{imports}\ndef f(df):\n    {body}\n    return df\n")
    assert found.type_of("df") == expected


def test_attributes_of_self_and_globals_in_functions() -> None:
    found = analyse("""
        from google.cloud import bigquery
        CLIENT = bigquery.Client()
        class Loader:
            def __init__(self):
                self.client = bigquery.Client()
            def load(self):
                self.client.query("SELECT 1")
                return CLIENT.query("SELECT 2")
        Loader().load().to_dataframe()
    """)
    assert found.resolve("self.client.query") == "google.cloud.bigquery.Client.query"
    assert found.resolve("CLIENT.query") == "google.cloud.bigquery.Client.query"
    assert found.resolve("Loader().load().to_dataframe") == "google.cloud.bigquery.QueryJob.to_dataframe"
    assert found.type_of("Loader()") is None


def test_attributes_that_a_later_method_sets() -> None:
    found = analyse("""
        import pandas as pd
        class Job:
            def run(self):
                self.load()
                self.frame.iterrows()
            def report(self):
                return self.extra.drop_duplicates()
            def load(self):
                self.frame = pd.read_csv("x")
                self.extra = pd.read_csv("y")
    """)
    assert found.resolve("self.frame.iterrows") == "pandas.DataFrame.iterrows"
    assert found.resolve("self.extra.drop_duplicates") == "pandas.DataFrame.drop_duplicates"


def test_known_names_of_a_notebook() -> None:
    found = analyse("df[['a']].iterrows()", {"df": "pandas.DataFrame"})
    assert found.resolve("df[['a']].iterrows") == "pandas.DataFrame.iterrows"
    frame = found.frame("df")
    assert (frame.engine, frame.origin, frame.reader, frame.columns_used) == (
        "pandas",
        "query",
        "magic",
        ("a",),
    )


def test_private_and_extended_names() -> None:
    found = analyse("""
        import geopandas as gpd
        from pyspark.sql.dataframe import DataFrame
        def f(frame: DataFrame):
            frame.collect()
        gpd.read_file("x").iterrows()
    """)
    assert found.resolve("frame.collect") == "pyspark.sql.DataFrame.collect"
    assert found.resolve("gpd.read_file('x').iterrows") == "pandas.DataFrame.iterrows"
    assert found.type_of("gpd.read_file('x')") == "geopandas.GeoDataFrame"


@pytest.mark.parametrize(
    "code",
    [
        "import gc\ngc.collect()",
        "items = []\nitems.append(1)\nitems.count(1)",
        "import os\nos.path.join('a', 'b')",
        "', '.join(names)",
        "session.query(User).filter(User.id == 1).count()",
        "def f(session):\n    return session.query('x')",
        "collector.collect()\nlayer.apply(f, axis=1)",
        "for i, row in table.iterrows():\n    print(row)",
        "def f(model, x):\n    for epoch in range(3):\n        model.fit(x)",
    ],
)
def test_other_objects_with_the_same_method_names_stay_silent(code: str) -> None:
    assert analyse(code).facts.calls == ()


def test_cudf_frames_are_not_pandas_frames() -> None:
    found = analyse("""
        import cudf
        import pandas as pd
        df = cudf.read_csv("a")
        df.apply(lambda row: row.a, axis=1)
        load().iterrows()
    """)
    assert not [name for name in found.functions() if name.startswith("pandas.")]


def test_udf_of_another_library() -> None:
    found = analyse("""
        from bigframes.pandas import udf
        @udf()
        def f(x: int) -> int:
            return x + 1
    """)
    assert "pyspark.sql.functions.udf" not in found.functions()


def test_deep_nesting_is_no_error() -> None:
    deep = ast.parse("x")
    expression = deep.body[0].value  # type: ignore[attr-defined]
    for _ in range(100_000):
        expression = ast.UnaryOp(
            ast.Not(), expression, lineno=1, col_offset=0, end_lineno=1, end_col_offset=1
        )
    deep.body[0].value = expression  # type: ignore[attr-defined]
    types = ModuleTypes(deep)
    assert not types.complete
    assert types.type_of(expression) is None
