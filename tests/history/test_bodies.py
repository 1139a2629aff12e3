"""The query inside what a tool wrapped around it."""

from __future__ import annotations

import pytest

from costguard.facts.fingerprint import normal_form
from costguard.history.bodies import bodies

QUERY = "WITH x AS (SELECT a FROM d.t) SELECT a FROM x WHERE b IN (1)"


@pytest.mark.parametrize(
    "text",
    [
        f"CREATE OR REPLACE TABLE `p.d.m` AS {QUERY}",
        f"create or replace table `p.d.m`\n partition by day cluster by a, b OPTIONS(a='x') as (\n{QUERY}\n);",
        f"CREATE TEMP TABLE m (a INT64, b STRING) AS ({QUERY})",
        f"CREATE VIEW IF NOT EXISTS d.m AS {QUERY}",
        f"INSERT INTO d.m (a, b) {QUERY}",
        f"INSERT d.m ({QUERY})",
        f"MERGE INTO d.m AS t USING ({QUERY}) AS s ON t.a = s.a WHEN NOT MATCHED THEN INSERT ROW",
    ],
)
def test_the_query_is_found(text: str) -> None:
    whole, body = bodies(normal_form(text))
    assert whole == normal_form(text)
    assert body == normal_form(QUERY)


@pytest.mark.parametrize(
    "text",
    [
        QUERY,
        "CREATE TABLE d.t (a INT64)",
        "CREATE TABLE d.t AS (SELECT 1) UNION ALL (SELECT 2)",
        "INSERT INTO d.t (a) VALUES (1)",
        "MERGE INTO d.t USING d.s ON t.a = s.a WHEN MATCHED THEN DELETE",
        "CREATE OR REPLACE TABLE d.t AS (SELECT 1",
        "UPDATE d.t SET a = 1 WHERE b",
    ],
)
def test_there_is_none(text: str) -> None:
    assert list(bodies(normal_form(text))) == [normal_form(text)]
