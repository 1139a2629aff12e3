"""A statement that code reads from a scanned file is found twice and paid for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.judge.pages import estimated

LOOP = """from google.cloud import bigquery
client = bigquery.Client()
for shop in ["a", "b", "c"]:
    client.query(open("q.sql").read())
client.query(open("q.sql").read())
"""


def queries_of(folder: Path, **files: str) -> list[dict[str, Any]]:
    frames, _ = estimated({name.replace("_", "."): text for name, text in files.items()}, folder)
    return frames["queries"].to_dicts()


def test_the_file_has_the_runs_of_the_code_that_reads_it(tmp_path: Path) -> None:
    loop, once, file = queries_of(tmp_path, a_py=LOOP, q_sql="SELECT a FROM p.d.t")
    assert (loop["counted_with"], once["counted_with"], file["counted_with"]) == (2, 2, None)
    assert (loop["runs"], once["runs"], file["runs"]) == (3.0, 1.0, 4.0)
    # Half a TiB at 6.25 dollars, four times.
    assert (file["runs_basis"], file["usd"], file["usd_per_iteration"]) == ("assumed", 3.125, 12.5)


def test_where_the_code_alone_knows_the_table_it_is_counted_there(tmp_path: Path) -> None:
    code = """from google.cloud import bigquery
sql = open("q.sql").read().format(table="p.d.t")
bigquery.Client().query(sql)
"""
    ours, file = queries_of(tmp_path, a_py=code, q_sql="SELECT a FROM `{table}`")
    assert (ours["usd"], ours["counted_with"], file["usd"], file["counted_with"]) == (3.125, None, None, 0)


@pytest.mark.parametrize(
    ("name", "counted"), [("q.sql", True), ("./q.sql", True), ("other.sql", False), ("../q.sql", False)]
)
def test_the_file_that_the_code_names(name: str, counted: bool, tmp_path: Path) -> None:
    code = f"from google.cloud import bigquery\nbigquery.Client().query(open('{name}').read())\n"
    (tmp_path / "other.sql").write_text("SELECT b FROM p.d.t")
    found = queries_of(tmp_path, a_py=code, q_sql="SELECT a FROM p.d.t")
    assert [query["counted_with"] is not None for query in found if query["via"] != "file"] in ([counted], [])


def test_statements_of_a_script_are_matched_by_their_place(tmp_path: Path) -> None:
    script = "SELECT a FROM p.d.t;\nSELECT b FROM p.d.t;\n"
    code = "from google.cloud import bigquery\nbigquery.Client().query(open('q.sql').read())\n"
    first, second, one, two = queries_of(tmp_path, a_py=code, q_sql=script)
    assert (first["counted_with"], second["counted_with"]) == (one["query"], two["query"])
