"""Suggestions as TOML: what is written is what the config reads, and nothing in it deletes data."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from costguard.config import load_config
from costguard.guards.config_text import config_text
from costguard.guards.declared import Guards, declared_guards, read_guards
from costguard.guards.names import table_name
from costguard.guards.suggest import suggest
from costguard.guards.suggestions import Suggestions, TimeLimitSuggestion

from .evidence import GIB, TIB, evidence, moment, ran, table

GOOD = "SELECT note FROM `shop.d.t` WHERE day = '2026-10-01'"
BAD = "SELECT note FROM `shop.d.u`"


@pytest.fixture
def suggestions(tmp_path: Path) -> Suggestions:
    """A table that can have a filter, one that cannot yet, and one that nobody reads."""
    etl = "etl@shop.iam.gserviceaccount.com"
    rows = [ran(f"a{day}", GIB, GOOD, at=moment(day), user_email=etl) for day in range(1, 20)]
    other = {"referenced_tables": [{"project_id": "shop", "dataset_id": "d", "table_id": "u"}]}
    rows.append(ran("b", 3 * GIB, BAD, at=moment(20), user_email="ana@x.com", **other))
    rows.append(ran("c", 2 * TIB, BAD, at=moment(21), user_email="ana@x.com", **other))
    tables = [table("shop.d.t"), table("shop.d.u"), table("shop.d.old")]
    return suggest(evidence(tmp_path, rows, tables, {"a.sql": GOOD}), Guards())


def test_it_is_read_back(suggestions: Suggestions) -> None:
    guards = read_guards(tomllib.loads(config_text(suggestions, "guards", ""))["guards"])
    limits = guards.max_bytes
    assert (limits.default, limits.projects) == (4 * TIB, {"shop": 4 * TIB})
    assert limits.users == {"etl@shop.iam.gserviceaccount.com": 2 * GIB}  # people are left out
    assert list(limits.paths.values()) == [2 * GIB]
    # Of 21 days the p95 is the 20th, 3 GiB; of Ana's two days it is the larger one, so that each user would get more.
    assert [(quota.project, quota.per_day, quota.per_user_per_day) for quota in guards.quota] == [
        ("shop", 6 * GIB, None)
    ]
    assert [guard.table for guard in guards.partition_filter] == [
        table_name("shop.d.old"),
        table_name("shop.d.t"),
    ]
    assert guards.expiration == ()  # it is there, as a comment
    assert [(alert.project, alert.threshold) for alert in guards.alert] == [("shop", 4 * TIB)]


def test_what_is_commented_out(suggestions: Suggestions) -> None:
    text = config_text(suggestions, "guards", "")
    assert (
        '# 1 query to mend or to look at first\n# [[guards.partition_filter]]\n# table = "shop.d.u"' in text
    )
    assert '# [[guards.expiration]]\n# table = "shop.d.old"\n# expires = 2026-12-01T00:00:00Z' in text
    assert text.count("DELETES DATA") == 1
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if not line.startswith("# 1 q")
    )
    start = uncommented.index("[guards.max_bytes]")
    kept = "\n".join(
        line
        for line in uncommented[start:].splitlines()
        if not line.startswith(("DELETES", "none of", "it "))
    )
    guards = read_guards(tomllib.loads(kept)["guards"])
    assert [str(guard.table) for guard in guards.expiration] == ["shop.d.old"]


def test_paths_are_those_of_the_config(suggestions: Suggestions, tmp_path: Path) -> None:
    (path,) = {one.path for one in suggestions.max_bytes if one.path is not None}
    folder = str(Path(path).parent)
    text = config_text(suggestions, "tool.costguard.guards", folder)
    file = tmp_path / "pyproject.toml"
    file.write_text(text)
    guards = declared_guards(load_config(file))
    assert list(guards.max_bytes.paths) == ["a.sql"]
    assert guards.max_bytes.of_path("repo/code/a.sql", None) == 2 * GIB


def test_what_no_config_could_have_is_a_comment(suggestions: Suggestions) -> None:
    """A cluster without a place in the bill, and a project whose name is none."""
    cluster = TimeLimitSuggestion(
        service="dataproc",
        project="shop",
        name="c",
        location=None,
        max_idle=timedelta(minutes=30),
        max_age=None,
        timeout=None,
        stretches=1,
        hours=1,
        typical=timedelta(hours=1),
        longest=timedelta(hours=1),
        net=Decimal(1),
        days=1,
    )
    alert = replace(suggestions.alerts[0], project='No "project"\n[x]')
    text = config_text(replace(suggestions, time_limits=(cluster,), alerts=(alert,)), "guards", "")
    guards = read_guards(tomllib.loads(text)["guards"])
    assert (guards.time_limit, guards.alert) == ((), ())
    assert "# 'guards.time_limit.0: needs the name of the cluster or instance, and its location'" in text
    assert '# project = "No \\"project\\"\\n[x]"' in text
