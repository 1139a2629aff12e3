"""Calls, and what each says about the function or the loop body that it gets."""

from __future__ import annotations

import pytest

from costguard.extract.pytypes.definitions import CHANGING_METHODS
from costguard.model import Argument

from .analysis import analyse

PANDAS = (
    "import pandas as pd\nimport requests, math\nfrom google.cloud import bigquery\ndf = pd.read_csv('x')\n"
)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("total += row.p * row.q", "vectorizable"),
        ("out.append(row['a'] * row['b'])", "vectorizable"),
        ("lookup[row.k] = row.v", "vectorizable"),
        ("out.append('hi' if row.a > 1 else 'lo')", "vectorizable"),
        ("df.at[i, 'c'] = round(math.sqrt(row.a))", "vectorizable"),
        ("if pd.isna(row.a): continue\n    out.append(row.a.strip().lower())", "vectorizable"),
        ("requests.post(url, json=row.to_dict())", "io"),
        ("bigquery.Client().query(f'SELECT {row.a}')", "io"),
        ("cursor.execute('INSERT', (row.a,))", "io"),
        ("print(row.a)", "io"),
        ("open(row.path).read()", "io"),
        ("send(row)", "opaque"),
        ("out.append(service.get(row.id))", "opaque"),
        ("self.service.update(row.id)", "opaque"),
        ("out.append(lookup.get(row.id, 0))", "vectorizable"),
        ("out.append(row.name.find('x'))", "vectorizable"),
        ("out.append(names.get(row.id))", "vectorizable"),
        ("out.append(model.predict([row.a])[0])", "predict"),
        ("for part in row.parts: out.append(part)", "opaque"),
        ("try:\n        out.append(int(row.a))\n    except ValueError: pass", "opaque"),
        ("out.append(previous - row.a)\n    previous = row.a", "opaque"),
        ("if row.a > 3: break", "opaque"),
        ("out.append(double(row.a))", "vectorizable"),
        ("out.append(fetch(row.a))", "io"),
    ],
)
def test_bodies_of_row_loops(body: str, kind: str) -> None:
    found = analyse(
        PANDAS
        + "def double(x):\n    return 2 * x\ndef fetch(x):\n    return requests.get(x)\n"
        + f"previous = 0\nnames = {{}}\nfor i, row in df.iterrows():\n    {body}\n"
    )
    call = found.call("pandas.DataFrame.iterrows")
    assert call.callback == kind
    assert call.loop is None
    assert call.receiver is not None
    assert found.facts.frames[call.receiver].name == "df"


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [("found", "found"), ("box.frame", "box.frame"), ("load()", None), ("found[found.a > 1]", None)],
)
def test_what_a_method_is_called_on(receiver: str, expected: str | None) -> None:
    """`df` is what the function calls the frame."""
    found = analyse(f"""
        import pandas as pd
        def load():
            df = pd.read_csv("x")
            return df
        class Box:
            pass
        box = Box()
        found = box.frame = load()
        x = [row.a for _, row in {receiver}.iterrows()]
    """)
    assert found.call("pandas.DataFrame.iterrows").called_on == expected


def test_row_loops_in_comprehensions_and_wrappers() -> None:
    found = analyse(PANDAS + "x = [row.a * 2 for _, row in df.iterrows()]\n")
    assert found.call("pandas.DataFrame.iterrows").callback == "vectorizable"
    found = analyse(PANDAS + "for n, row in enumerate(df.itertuples()):\n    requests.get(row.a)\n")
    assert found.call("pandas.DataFrame.itertuples").callback == "io"


@pytest.mark.parametrize(
    ("argument", "kind"),
    [
        ("lambda r: r.a / r.b if r.b else 0", "vectorizable"),
        ("price", "vectorizable"),
        ("ask", "io"),
        ("lambda r: model.predict([[r.a]])[0]", "predict"),
        ("lambda r: unknown(r.a)", "opaque"),
        ("imported", None),
    ],
)
def test_functions_applied_to_rows(argument: str, kind: str | None) -> None:
    found = analyse(
        PANDAS
        + "from elsewhere import imported\n"
        + "def price(r):\n    if r.a > 1:\n        return r.a * 2\n    return 0\n"
        + "def ask(r):\n    return requests.get(r.url).json()\n"
        + f"df['x'] = df.apply({argument}, axis=1)\n"
    )
    assert found.call("pandas.DataFrame.apply").callback == kind


def test_apply_along_columns_and_on_series() -> None:
    found = analyse(PANDAS + "df.apply(len)\ndf['a'].apply(lambda x: x * 2)\n")
    assert found.call("pandas.DataFrame.apply").callback is None
    assert found.call("pandas.Series.apply").callback == "vectorizable"


@pytest.mark.parametrize(
    ("statement", "function", "kind"),
    [
        ("out.loc[len(out)] = [item]", "pandas.DataFrame.loc[append]", "row"),
        ("out.loc[out.shape[0]] = [item]", "pandas.DataFrame.loc[append]", "row"),
        ("out.loc[len(out.index) + 1, :] = [item]", "pandas.DataFrame.loc[append]", "row"),
        ("out = out.append({'a': item}, ignore_index=True)", "pandas.DataFrame.append", "row"),
        ("out = out.append(pd.read_csv(item))", "pandas.DataFrame.append", "frame"),
        ("out = pd.concat([out, pd.DataFrame([item])])", "pandas.concat[grow]", "row"),
        ("out = pd.concat([out, pd.DataFrame({'a': [item]})])", "pandas.concat[grow]", "row"),
        ("out = pd.concat((out, pd.read_csv(item)), ignore_index=True)", "pandas.concat[grow]", "frame"),
        ("part = pd.DataFrame([item])\n    out = pd.concat([out, part])", "pandas.concat[grow]", "row"),
        ("if item:\n        out = pd.concat([out, load(item)])", "pandas.concat[grow]", "frame"),
        ("out = pd.concat([out, load(item)]).reset_index(drop=True)", "pandas.concat[grow]", "frame"),
        ("out.loc[item] = [item, 1]", "pandas.DataFrame.loc[append]", "row"),
    ],
)
def test_frames_that_grow(statement: str, function: str, kind: str) -> None:
    found = analyse(f"import pandas as pd\nout = pd.DataFrame()\nfor item in items:\n    {statement}\n")
    call = found.call(function)
    assert (call.callback, call.detail, call.loop, call.loop_depth) == (kind, "out", 0, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "out.loc[item] = 1",
        "names.append(item)",
        "joined = pd.concat([out, pd.read_csv(item)])",
        "out = pd.concat([pd.read_csv(item), pd.read_csv('y')])",
        "out = pd.concat([out, extra(item)], axis=1)",
        "piece = pd.read_csv(item)\n    piece = pd.concat([piece, out])",
    ],
)
def test_frames_that_do_not_grow(statement: str) -> None:
    found = analyse(
        f"import pandas as pd\nnames = []\nout = pd.DataFrame()\nfor item in items:\n    {statement}\n"
    )
    assert not [name for name in found.functions() if "[" in name]


def test_where_a_row_is_appended() -> None:
    found = analyse("""
        import pandas as pd
        class Job:
            def run(self, items):
                out = pd.DataFrame()
                for item in items:
                    if item:
                        out.loc[len(out)] = item
    """)
    call = found.call("pandas.DataFrame.loc[append]")
    assert (call.scope, call.in_branch, found.written(call)) == ("Job.run", True, "out.loc[len(out)] = item")


def test_growth_outside_of_a_loop_is_none() -> None:
    found = analyse("import pandas as pd\nout = pd.DataFrame()\nout = pd.concat([out, pd.DataFrame([1])])\n")
    assert found.call("pandas.concat").callback is None


SPARK = (
    "from pyspark.sql import SparkSession, functions as F\n"
    "from pyspark.sql.functions import udf, pandas_udf\n"
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("f = udf(lambda s: s.upper())", "vectorizable"),
        ("f = F.udf(lambda s: MAP.get(s, 'x') if s else None, 'string')", "vectorizable"),
        ("f = F.udf(lambda s: s.split(',')[0])", "vectorizable"),
        ("f = F.udf(lambda s: parse(s))", "opaque"),
        ("@udf\ndef f(x):\n    return x * 2", "vectorizable"),
        ("@udf(returnType='int')\ndef f(x):\n    return x * 2", "vectorizable"),
        ("@udf('string')\ndef f(x):\n    import json\n    return json.loads(x)['a']", "opaque"),
        ("def g(x):\n    return x + 1\nf = udf(g, 'int')", "vectorizable"),
    ],
)
def test_spark_functions(code: str, kind: str) -> None:
    assert analyse(f"{SPARK}{code}\n").call("pyspark.sql.functions.udf").callback == kind


def test_registered_and_vectorised_spark_functions() -> None:
    found = analyse(
        SPARK + "spark = SparkSession.builder.getOrCreate()\nspark.udf.register('f', lambda s: s.strip())\n"
    )
    assert found.call("pyspark.sql.UDFRegistration.register").callback == "vectorizable"
    found = analyse(SPARK + "@pandas_udf('double')\ndef f(s):\n    return s * 2\n")
    assert "pyspark.sql.functions.udf" not in found.functions()
    assert found.call("pyspark.sql.functions.pandas_udf").callback == "vectorizable"


def test_spark_actions_in_a_loop() -> None:
    found = analyse(
        SPARK
        + "spark = SparkSession.builder.getOrCreate()\n"
        + "df = spark.read.parquet('p')\n"
        + "for k in keys:\n    n = df.filter(F.col('k') == k).count()\n    df.write.parquet('out')\n"
    )
    count = found.call("pyspark.sql.DataFrame.count")
    assert (count.loop, count.loop_depth, count.invariant) == (0, 1, False)
    assert count.receiver is not None
    filtered = found.facts.frames[count.receiver]
    assert filtered.parent is not None
    assert found.facts.frames[filtered.parent].name == "df"
    assert count.detail == "df"
    write = found.call("pyspark.sql.DataFrameWriter.parquet")
    assert (write.loop, write.invariant) == (0, True)
    assert write.receiver == filtered.parent


def test_spark_frames_that_are_new_in_every_turn() -> None:
    found = analyse(
        SPARK
        + "spark = SparkSession.builder.getOrCreate()\n"
        + "for path in paths:\n    df = spark.read.parquet(path)\n    n = df.filter('a > 1').count()\n"
    )
    assert found.call("pyspark.sql.DataFrame.count").detail is None


def test_spark_frames_around_foreign_objects_are_no_receiver() -> None:
    found = analyse("from pyspark.sql import DataFrame\nDataFrame(java, context).toPandas()\n")
    assert found.call("pyspark.sql.DataFrame.toPandas").receiver is None


def test_spark_rows_that_come_to_the_driver() -> None:
    found = analyse(
        SPARK
        + "def f(df):\n    df.withColumn('a', F.lit(1)).collect()\n    return df.rdd.map(str).collect()\n"
    )
    frames = [call.receiver for call in found.facts.calls if call.function.endswith(".collect")]
    assert None not in frames
    assert {found.facts.frames[frame].engine for frame in frames if frame is not None} == {"pyspark"}


@pytest.mark.parametrize(
    ("code", "function", "detail"),
    [
        ("LGBMClassifier().fit(x, y)", "lightgbm.LGBMClassifier.fit", "lightgbm.LGBMClassifier threaded"),
        ("lgb.train(p, d)", "lightgbm.train", "lightgbm.train threaded"),
        (
            "model = LogisticRegression()\n    model.fit(x, y)",
            "sklearn.linear_model.LogisticRegression.fit",
            "sklearn.linear_model.LogisticRegression single",
        ),
        (
            "RandomForestClassifier(n_jobs=-1).fit(x, y)",
            "sklearn.ensemble.RandomForestClassifier.fit",
            "sklearn.ensemble.RandomForestClassifier threaded",
        ),
        (
            "StandardScaler().fit(x)",
            "sklearn.preprocessing.StandardScaler.fit",
            "sklearn.preprocessing.StandardScaler transformer",
        ),
    ],
)
def test_training_in_a_loop(code: str, function: str, detail: str) -> None:
    found = analyse(f"""
import lightgbm as lgb
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
models = {{}}
for k in targets:
    {code}
    models[k] = 1
""")
    call = found.call(function)
    assert (call.detail, call.loop) == (detail, 0)
    assert not found.facts.loops[0].carries_state
    assert not found.facts.loops[0].parallel


def test_a_model_out_of_several_kinds() -> None:
    found = analyse("""
        from sklearn.linear_model import LogisticRegression, Ridge
        for name, model in {"a": LogisticRegression(), "b": Ridge()}.items():
            model.fit(x, y)
    """)
    assert found.call("sklearn.base.BaseEstimator.fit").loop == 0


def test_shap_values() -> None:
    found = analyse(
        "import shap\nexplainer = shap.TreeExplainer(m)\nfor x in xs:\n    explainer.shap_values(x)\n"
    )
    assert found.call("shap.TreeExplainer.shap_values").loop == 0


def test_bigquery_calls_and_their_arguments() -> None:
    found = analyse("""
        from google.cloud import bigquery
        def run(day, rows, flag):
            client = bigquery.Client()
            if flag:
                client.insert_rows_json("d.t", rows)
            return client.query_and_wait("SELECT 1", job_config=None, timeout=-1)
    """)
    insert = found.call("google.cloud.bigquery.Client.insert_rows_json")
    assert (insert.scope, insert.in_branch, insert.loop) == ("run", True, None)
    query = found.call("google.cloud.bigquery.Client.query_and_wait")
    assert not query.in_branch
    assert query.arguments == (
        Argument(0, None, "string", "SELECT 1"),
        Argument(None, "job_config", "none", "None"),
        Argument(None, "timeout", "number", "-1"),
    )


@pytest.mark.parametrize(
    ("call", "invariant"),
    [
        ("pd.read_csv('same')", True),
        ("pd.read_csv(PATH)", True),
        ("pd.read_csv(path)", False),
        ("pd.read_csv(f'{folder}/{path}')", False),
        ("pd.read_csv(changed)", False),
        ("pd.read_csv(next_path())", False),
        ("pd.read_csv(os.path.join(folder, 'x'))", True),
    ],
)
def test_invariant_calls(call: str, invariant: bool) -> None:
    found = analyse(f"""
        import os
        import pandas as pd
        PATH = "x"
        for path in paths:
            changed = path + "x"
            x = {call}
    """)
    assert found.call("pandas.read_csv").invariant is invariant


@pytest.mark.parametrize("method", sorted(CHANGING_METHODS))
def test_a_list_that_is_changed_is_another_in_the_next_turn(method: str) -> None:
    found = analyse(f"""
        import pandas as pd
        def load(columns):
            for path in paths:
                x = pd.read_csv("same", usecols=columns)
                columns.{method}(path)
    """)
    assert not found.call("pandas.read_csv").invariant


@pytest.mark.parametrize(
    "loop",
    [
        "for name in tables:\n    n = tables[name].count()",
        "for name in tables:\n    t = tables[name]\n    n = t.filter('a > 1').count()",
        "for name, table in tables.items():\n    n = table.count()",
        "for table in [spark.table('a'), spark.table('b')]:\n    n = table.count()",
    ],
)
def test_spark_frames_out_of_a_container_differ_from_turn_to_turn(loop: str) -> None:
    found = analyse(
        SPARK
        + "spark = SparkSession.builder.getOrCreate()\n"
        + "tables = {'a': spark.table('a'), 'b': spark.table('b')}\n"
        + loop
        + "\n"
    )
    assert [call.detail for call in found.facts.calls if call.function.endswith(".count")] in ([None], [])


def test_helpers_with_a_memory_are_no_columns() -> None:
    found = analyse(
        PANDAS
        + "def is_new(row, seen):\n    if row.k in seen:\n        return False\n    seen.add(row.k)\n    return True\n"
        + "seen = set()\nout = []\nfor _, row in df.iterrows():\n    out.append(is_new(row, seen))\n"
    )
    assert found.call("pandas.DataFrame.iterrows").callback == "opaque"


def test_clustering_by_means_uses_all_cores() -> None:
    found = analyse("from sklearn.cluster import KMeans\nfor k in ks:\n    KMeans(k).fit(x)\n")
    assert found.call("sklearn.cluster.KMeans.fit").detail == "sklearn.cluster.KMeans threaded"
