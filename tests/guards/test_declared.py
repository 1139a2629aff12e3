"""`[tool.costguard.guards]`: what is read, and what is refused in words."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from costguard.config import load_config
from costguard.errors import UsageProblem
from costguard.guards.declared import Guards, declared_guards, read_guards
from costguard.guards.names import dataset_name, table_name

ALL = """
[max_bytes]
default = "50 GiB"
[max_bytes.paths]
"sql/*.sql" = "2 GiB"
[max_bytes.users]
"etl@p.iam.gserviceaccount.com" = 10485760
[max_bytes.labels]
"team=ml" = "20 GiB"
[max_bytes.projects]
p = "100 GiB"

[[quota]]
project = "p"
per_day = "5 TiB"
per_user_per_day = "1 TiB"

[[partition_filter]]
table = "p.shop.events"

[[expiration]]
table = "p.shop.old"
expires = 2027-01-31
[[expiration]]
dataset = "p.tmp"
table_days = 7
partition_days = 3

[[alert]]
project = "p"
threshold = "2 TiB"
window = "90m"
metric = "statement_scanned_bytes_billed"
channels = ["projects/p/notificationChannels/1"]

[[time_limit]]
service = "dataproc"
project = "p"
name = "c"
location = "us-central1"
max_idle = "30m"
max_age = "8h"
[[time_limit]]
service = "vertex"
project = "p"
timeout = "8h"
"""


def test_all_of_it() -> None:
    guards = read_guards(tomllib.loads(ALL))
    assert guards.max_bytes.default == 50 * 2**30
    assert guards.max_bytes.users == {"etl@p.iam.gserviceaccount.com": 10 * 2**20}
    assert guards.quota[0].per_day == 5 * 2**40
    assert guards.partition_filter[0].table == table_name("p.shop.events")
    old, tmp = guards.expiration
    assert (old.expires, old.destructive) == (datetime(2027, 1, 31, tzinfo=UTC), True)
    assert (tmp.dataset, tmp.table_days, tmp.destructive) == (dataset_name("p.tmp"), 7, False)
    assert guards.alert[0].window == timedelta(minutes=90)
    assert guards.time_limit[1].timeout == timedelta(hours=8)
    assert not guards.empty
    assert Guards().empty


def test_the_config_has_them(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[[tool.costguard.guards.quota]]\nproject = "p"\nper_day = "1 MiB"\n')
    assert declared_guards(load_config(path)).quota[0].per_day == 2**20


@pytest.mark.parametrize(
    ("path", "project", "limit"),
    [
        ("sql/a.sql", "p", 2),
        ("repo/sql/a.sql", None, 2),
        ("a.py", "p", 100),
        ("a.py", "q", 50),
        ("a.py", None, 50),
    ],
)
def test_the_limit_of_a_path(path: str, project: str | None, limit: int) -> None:
    assert read_guards(tomllib.loads(ALL)).max_bytes.of_path(path, project) == limit * 2**30


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[max_bite]", "unknown key 'guards.max_bite'; did you mean 'max_bytes'?"),
        ("[max_bytes]\ndefalt = 1", "unknown key 'guards.max_bytes.defalt'; did you mean 'default'?"),
        ('[[quota]]\nproject = "p"\nper_week = 1', "unknown key 'guards.quota.0.per_week'; "),
        ('[max_bytes]\ndefault = "1 MiB"', "guards.max_bytes.default: no limit below 10 MiB can be set"),
        ('[max_bytes]\ndefault = "much"', "guards.max_bytes.default: 'much' is no size such as 50 GiB"),
        ("[max_bytes]\ndefault = true", "must be a size such as 50 GiB, or a number of bytes"),
        ('[max_bytes.labels]\nteam = "1 GiB"', "labels: 'team' is no label such as team=ml"),
        ('[[quota]]\nproject = "p"', "has neither per_day nor per_user_per_day"),
        ('[[quota]]\nproject = "p"\nper_day = 1000', "a quota is a whole number of MiB"),
        ('[[quota]]\nproject = "p"\nper_day = "1 GiB"\nper_user_per_day = "2 GiB"', "is above per_day"),
        ("quota = 1", "guards.quota: must be a list of tables ([[...]])"),
        ("[[partition_filter]]\n", "guards.partition_filter.0.table: is missing"),
        ('[[partition_filter]]\ntable = "t"', "'t' is no table such as my-project.shop.orders"),
        ("[[partition_filter]]\ntable = 1", "must be a text"),
        ('[[expiration]]\ntable = "p.d.t"', "has either `expires` or `partition_days`"),
        ('[[expiration]]\ntable = "p.d.t"\ntable_days = 3', "table_days is the default of a dataset"),
        ('[[expiration]]\ndataset = "p.d"', "has neither table_days nor partition_days"),
        ('[[expiration]]\ndataset = "p.d"\nexpires = 2027-01-01', "`expires` is of a table"),
        ("[[expiration]]\ntable_days = 3", "names either a table or a dataset"),
        ('[[expiration]]\ndataset = "p.d"\ntable_days = 0', "must be at least 1"),
        ('[[alert]]\nproject = "p"\nthreshold = "1 GiB"\nwindow = "2d"', "from 1m to 1d"),
        ('[[alert]]\nproject = "p"\nthreshold = "1 GiB"\nwindow = 3600', "must be a time such as 30m"),
        ('[[alert]]\nproject = "p"\nthreshold = "1 GiB"\nchannels = ["c"]', "'c' is no channel such as"),
        ('[[time_limit]]\nservice = "vertex"\nproject = "p"\nmax_idle = "1h"', "vertex has timeout"),
        (
            '[[time_limit]]\nservice = "dataproc"\nproject = "p"\nmax_idle = "1h"',
            "needs the name of the cluster",
        ),
        (
            '[[time_limit]]\nservice = "workbench"\nproject = "p"\nname = "n"\nlocation = "us-central1-a"\n'
            'max_idle = "5m"',
            "max_idle: from 10m to 1d",
        ),
        (
            '[[partition_filter]]\ntable = "p.d.t"\n[[partition_filter]]\ntable = "p.d.t"',
            "partition_filter: p.d.t is declared twice",
        ),
    ],
)
def test_what_cannot_be(toml: str, said: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        read_guards(tomllib.loads(toml))
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


def test_all_problems_at_once() -> None:
    with pytest.raises(UsageProblem) as problem:
        read_guards({"max_bytes": {"default": 1}, "quota": [{"project": "P P", "per_day": "x"}]})
    assert len(str(problem.value).splitlines()) == 3
