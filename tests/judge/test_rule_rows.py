"""Rules are run together; one that does not run is named all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.judge.rule_rows import rule_rows
from costguard.judge.rulebook import RulebookError
from tests.judge.pages import QUERY, estimated, rule

FILES = {"q.sql": "SELECT * FROM p.d.t;\nSELECT a FROM p.d.t\n"}


def test_each_rule_has_its_own_rows(tmp_path: Path) -> None:
    frames, _ = estimated(FILES, tmp_path)
    stars, queries, none = rule_rows(
        frames,
        [rule(sql=QUERY), rule("all", "SELECT query FROM queries"), rule("none", f"{QUERY} AND query > 9")],
    )
    assert stars["query"].to_list() == [0]
    assert sorted(queries["query"].to_list()) == [0, 1]
    assert (none.height, none.columns) == (0, ["at", "query", "table"])
    assert rule_rows(frames, []) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT at, query, nothing FROM queries",
        "SELECT at, query FROM nowhere",
        "SELECT at, query, CAST(statement AS BIGINT) AS n FROM queries",
    ],
)
def test_the_rule_that_does_not_run_is_named(sql: str, tmp_path: Path) -> None:
    frames, _ = estimated(FILES, tmp_path)
    wrong = rule("wrong", sql)
    with pytest.raises(RulebookError, match=f"{wrong.path}:{wrong.sql_line}: "):
        rule_rows(frames, [rule(sql=QUERY), wrong])
