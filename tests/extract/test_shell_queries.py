"""`bq query` commands: in shell text, in cells of a notebook, and started by Python."""

from __future__ import annotations

import pytest

from costguard.extract.shell_queries import shell_queries
from tests.extract.python_fixture import extract


def found(text: str) -> list[str | None]:
    """The SQL of each command, None where it does not stand there."""
    return [text[q.sql_start : q.sql_end] or None for q in shell_queries(text)]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("bq query 'SELECT a FROM d.t'", ["SELECT a FROM d.t"]),
        ('bq --project_id=p query --use_legacy_sql=false "SELECT a"', ["SELECT a"]),
        ("cd x && bq query --format=json 'SELECT a' > out.json 2>&1; ls", ["SELECT a"]),
        ("bq query \\\n  --nouse_legacy_sql \\\n  'SELECT a\nFROM d.t'\nls", ["SELECT a\nFROM d.t"]),
        ("bq query 'SELECT a'\nbq query $SQL", ["SELECT a", "$SQL"]),
        ("bq query <<EOF\nSELECT a\nEOF\nls", ["SELECT a\n"]),
        ("bq query < q.sql", [None]),
        ("cat q.sql | bq query", [None]),
        ("bq ls\nbq load d.t query.csv", []),
        ("echo query", []),
    ],
)
def test_commands(text: str, sql: list[str | None]) -> None:
    assert found(text) == sql


def test_commands_that_python_starts() -> None:
    code = r"""
    import os, subprocess
    t = "d.t"
    os.system("bq query 'SELECT a FROM `d.t`'")
    subprocess.run(f"bq query \"SELECT b FROM \`{t}\`\"", shell=True)
    subprocess.run(["bq", "query", "--format=csv", "SELECT c FROM d.t"])
    subprocess.run(["bq", "query", sql])
    os.system("bq query < q.sql")
    print("usage: bq query 'SELECT 1 FROM d.t'")
    """
    extraction = extract(code)
    assert [(sql.text, sql.via) for sql in extraction.sql] == [
        ("SELECT a FROM `d.t`", "bq query"),
        ("SELECT b FROM `d.t`", "bq query"),
        ("SELECT c FROM d.t", "bq query"),
    ]
    assert [item.detail for item in extraction.unread] == ["sql", 'os.system("bq query < q.sql")']
