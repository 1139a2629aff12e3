"""`costguard guard`: suggestions, plans, what is applied and what is exported."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costguard.cloud.bigquery import EMULATOR
from tests.guards.evidence import GIB, TIB, moment, ran
from tests.guards.evidence import table as catalog_table
from tests.history.bills import array, charge, parquet
from tests.servers.bigquery import Failure, Server, Table, column, serving

from .conftest import Costguard

NOW = ("--now", "2026-11-01")
GOOD = "SELECT note FROM `p.d.t` WHERE day = '2026-10-01'"
BAD = "SELECT note FROM `p.d.t`"
BY_DAY = {"timePartitioning": {"type": "DAY", "field": "day"}}
CONFIG = """
[[guards.quota]]
project = "p"
per_day = "5 TiB"

[[guards.partition_filter]]
table = "p.d.t"

[[guards.expiration]]
table = "p.d.old"
expires = 2027-01-31
[[guards.expiration]]
dataset = "p.tmp"
table_days = 7
"""


def reading(name: str) -> dict[str, Any]:
    return {
        "project_id": "p",
        "referenced_tables": [{"project_id": "p", "dataset_id": "d", "table_id": name}],
        "user_email": "ana@x.com",
    }


@pytest.fixture
def past(tmp_path: Path) -> str:
    """Twenty days of a GiB, and one query without a filter on the last."""
    rows = [ran(f"a{day}", GIB, GOOD, at=moment(day), **reading("t")) for day in range(1, 21)]
    evil = {**reading("t"), "user_email": "eve\x1b[31m@x.com"}
    rows.append(ran("b", 100 * GIB, BAD, at=moment(20), **evil))
    return array(tmp_path / "jobs.json", rows)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.json"
    tables = [catalog_table("p.d.t"), catalog_table("p.d.old", 50 * GIB)]
    path.write_text(json.dumps({"version": 1, "tables": tables}))
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    fields = [column("day", "DATE"), column("n", "INTEGER")]
    tables = {
        "p.d.t": Table(fields, more=dict(BY_DAY)),
        "p.d.old": Table(fields),
        "p.tmp.any": Table(fields),
    }
    with serving(tables) as running:
        monkeypatch.setenv(EMULATOR, running.address)
        yield running


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    path = tmp_path / "costguard.toml"
    path.write_text(CONFIG)
    return path


# -- suggest -------------------------------------------------------------------------------------------


def test_suggestions_as_text(costguard: Costguard, past: str, catalog: Path) -> None:
    done = costguard("guard", "suggest", "--jobs", past, "--catalog", catalog, *NOW)
    assert (done.code, "\x1b" in done.out) == (0, False)
    lines = done.out.splitlines()
    assert lines[:2] == [
        "History    2026-10-01 12:00 UTC to 2026-10-20 12:00 UTC, 20 days, 21 queries charged by bytes",
        "Prices     6.25 USD/TiB, US, list of 2026-07-25",
    ]
    # 21 jobs: the p99 is the largest.
    assert "  p          21  100 GiB  100 GiB  200 GiB    $1.22      no job" in lines
    # Twenty days: the p95 is the 19th, one GiB; the last one had 101.
    assert "  p          20  1 GiB  101 GiB        2 GiB             2048  1 day" in lines
    assert "  p: 2026-10-20 would have been cut: 101 GiB were billed" in lines
    assert (
        "    not yet: read by 21 jobs of 20 days, of which 1 query (1 job) would break: mend them first"
        in lines
    )
    assert "    would break: select note from `p.d.t`" in lines
    assert "      no condition on day, 1 job of eve␛[31m@x.com, last 2026-10-20 12:00 UTC" in lines
    assert any("DELETES DATA: it may expire on 2026-12-01, 50 GiB of data" in line for line in lines)
    assert "Not said   time limits of clusters, training jobs and notebooks: no --billing was given" in lines


def test_suggestions_as_json(costguard: Costguard, past: str, catalog: Path, tmp_path: Path) -> None:
    hours = [
        charge(2.0, labels=[{"key": "goog-dataproc-cluster-name", "value": "c"}]),
    ]
    bill = parquet(tmp_path / "bill.parquet", hours)
    done = costguard(
        *("guard", "suggest", "--jobs", past, "--catalog", catalog, "--billing", bill, *NOW),
        *("--format", "json"),
    )
    found = done.document
    assert (done.code, found["version"], found["jobs"], found["usd_per_tib"]) == (0, 1, 21, "6.25")
    assert found["max_bytes"][0] == {
        "scope": "project",
        "subject": "p",
        "path": None,
        "limit": 200 * GIB,
        "jobs": 21,
        "p99": 100 * GIB,
        "largest": 100 * GIB,
        "stopped": 0,
        "stopped_bytes": 0,
        "estimate": None,
    }
    assert found["quotas"][0]["per_day"]["cut"] == [{"day": "2026-10-20", "bytes": 101 * GIB, "user": None}]
    assert found["partition_filters"][0]["verdict"] == "few"
    assert found["expirations"][0]["usd_high"] == "1.00"
    assert (found["time_limits"][0]["name"], found["time_limits"][0]["max_idle"]) == ("c", "30m")
    assert found["time_limits"][0]["net"] == "2.00"
    assert set(found["about"]) == {
        *("max-bytes", "quota", "partition-filter", "expiration", "alert", "time-limit"),
    }


def test_suggestions_can_be_declared(costguard: Costguard, past: str, catalog: Path, tmp_path: Path) -> None:
    """In a costguard.toml without `[tool.costguard]` the guards stand without it too: the rest would be lost."""
    file = tmp_path / "costguard.toml"
    file.write_text('project = "p"\n')
    arguments = ("guard", "suggest", "--jobs", past, "--catalog", catalog, *NOW, "--format", "toml")
    text = costguard(*arguments).out
    assert "[guards.max_bytes]" in text
    file.write_text('project = "p"\n' + text)
    assert tomllib.loads(file.read_text())["project"] == "p"
    exported = costguard("guard", "export", "--gcloud")
    assert exported.code == 0
    assert "--value=2048" in exported.out
    # What is suggested of the same history once more is the same.
    assert costguard(*arguments).out == text
    file.unlink()
    assert "[tool.costguard.guards.max_bytes]" in costguard(*arguments).out


def test_the_code_alone(costguard: Costguard, shop: Path) -> None:
    (shop / "run.py").write_text(
        "from google.cloud import bigquery\nbigquery.Client().query('SELECT id FROM p.shop.orders')\n"
    )
    done = costguard("guard", "suggest", "shop")
    assert done.code == 0
    # Half a TiB, twice.
    assert "  shop/run.py:2    1 TiB  twice its estimate" in done.out.splitlines()
    assert "QueryJobConfig(maximum_bytes_billed=1099511627776)" in done.out


def test_a_history_of_slots_only(costguard: Costguard, tmp_path: Path) -> None:
    """There is nothing to limit by bytes, and that is said."""
    slots = ran("a", GIB, GOOD, reservation_id="p:US.r", **reading("t"))
    past = array(tmp_path / "slots.json", [slots])
    done = costguard("guard", "suggest", "--jobs", past, *NOW)
    assert done.code == 0
    assert "Left out   jobs in a reservation, which do not pay for bytes: 1" in done.out.splitlines()
    assert "Custom quotas" not in done.out
    toml = costguard("guard", "suggest", "--jobs", past, *NOW, "--format", "toml").out
    assert tomllib.loads(toml) == {}


def test_the_bill_alone(costguard: Costguard, tmp_path: Path) -> None:
    labels = [
        {"key": "goog-dataproc-cluster-name", "value": "c"},
        {"key": "goog-dataproc-location", "value": "us-central1"},
    ]
    bill = parquet(tmp_path / "bill.parquet", [charge(2.0, labels=labels)])
    done = costguard("guard", "suggest", "--billing", bill)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("Prices")
    assert "  dataproc: c in us-central1 (shop)" in lines
    assert (
        "    max-idle 30m, max-age 2h: it ran 1 time on 1 day, p95 1h, longest 1h, and cost 2.00 USD" in lines
    )


def test_nothing_to_go_by(costguard: Costguard) -> None:
    done = costguard("guard", "suggest")
    assert done.code == 2
    assert done.err.startswith("costguard: nothing to suggest from: give --jobs EXPORT")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[guards.max_bite]\n", "unknown key 'guards.max_bite'; did you mean 'max_bytes'?"),
        ('[[guards.alert]]\nproject = "p"\n', "guards.alert.0.threshold: is missing"),
    ],
)
def test_a_config_that_cannot_be(costguard: Costguard, tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / "costguard.toml").write_text(config)
    for arguments in (("plan", "--offline"), ("apply", "--yes"), ("export", "--sql")):
        done = costguard("guard", *arguments)
        assert (done.code, done.out, done.err) == (2, "", f"costguard: {said}\n")


# -- plan ----------------------------------------------------------------------------------------------


def test_a_plan(costguard: Costguard, declared: Path, server: Server) -> None:
    server.datasets["p.tmp"] = {"defaultTableExpirationMs": "86400000"}
    done = costguard("guard", "plan", *NOW)
    assert (done.code, server.patches) == (0, [])
    assert done.out.splitlines()[1:5] == [
        "quota             p        QueryUsagePerDay          ?      5 TiB                   export only",
        "partition-filter  p.d.t    require_partition_filter  no     yes                     to be set",
        "expiration        p.d.old  expires                   never  2027-01-31 00:00:00+00  to be set (deletes data)",
        "expiration        p.tmp    table_days                1 day  7 days                  stricter already, left",
    ]
    assert "4 settings: 2 to be set, 1 stricter already, left, 1 export only" in done.out


def test_a_plan_without_asking_anybody(costguard: Costguard, declared: Path, catalog: Path) -> None:
    done = costguard("guard", "plan", "--offline", "--catalog", catalog, "--format", "json", *NOW)
    assert done.code == 2  # what is not known is no pass
    items = {(item["subject"], item["setting"]): item for item in done.document["items"]}
    assert items["p.d.t", "require_partition_filter"]["action"] == "set"
    assert items["p.d.old", "expires"]["action"] == "unreadable"
    assert items["p.d.old", "expires"]["destructive"]


def test_a_plan_with_code_and_jobs(costguard: Costguard, shop: Path, past: str) -> None:
    (shop / "run.py").write_text(
        "from google.cloud import bigquery\nbigquery.Client().query('SELECT id FROM p.shop.orders')\n"
    )
    (shop / "costguard.toml").write_text('catalog = "catalog.json"\n[guards.max_bytes]\ndefault = "50 GiB"\n')
    done = costguard("guard", "plan", "shop", "--jobs", past)
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            "max-bytes: shop/run.py:2 sets no limit; 50 GiB (declared)",
            "max-bytes: default: 50 GiB would have stopped 1 of 21 past jobs",
        ],
    )
    (shop / "run.py").unlink()
    done = costguard("guard", "plan", "shop")
    assert done.out == "max-bytes: 0 calls of the code, all with a limit\n"
    done = costguard("guard", "plan", "--config", shop / "costguard.toml", "--jobs", past, "--format", "json")
    assert done.document["past"] == [
        {"name": "default", "limit": 50 * GIB, "jobs": 21, "stopped": 1, "stopped_bytes": 100 * GIB}
    ]


def test_a_table_that_is_not_there(costguard: Costguard, declared: Path, server: Server) -> None:
    del server.tables["p.d.t"]
    done = costguard("guard", "plan", *NOW)
    assert done.code == 2
    assert "p.d.t: cannot read the description of p.d.t: it is not there, or may not be seen" in done.out


# -- apply ---------------------------------------------------------------------------------------------


def test_apply_leaves_what_deletes_data(costguard: Costguard, declared: Path, server: Server) -> None:
    done = costguard("guard", "apply", "--yes", *NOW)
    assert done.code == 0
    assert server.patches == [
        ("p.d.t", {"requirePartitionFilter": True}),
        ("p.tmp", {"defaultTableExpirationMs": "604800000"}),
    ]
    assert done.out.splitlines()[-3:] == [
        "p.d.old expires  left out: it deletes data; --delete-from p.d.old sets it",
        "p.d.t            set",
        "p.tmp            set",
    ]
    again = costguard("guard", "apply", "--yes", *NOW)
    assert (again.code, len(server.patches)) == (0, 2)


def test_apply_deletes_what_is_named(costguard: Costguard, declared: Path, server: Server) -> None:
    done = costguard("guard", "apply", "--yes", "--delete-from", "p.d.old", "--format", "json", *NOW)
    assert done.code == 0
    assert done.document["results"] == {"p.d.old": "set", "p.d.t": "set", "p.tmp": "set"}
    assert server.patches[0] == ("p.d.old", {"expirationTime": "1801353600000"})
    wrong = costguard("guard", "apply", "--yes", "--delete-from", "p.d.t", *NOW)
    assert wrong.code == 2
    assert "no expiration of this table is declared; declared: p.d.old" in wrong.err


def test_apply_asks(
    costguard: Costguard, declared: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = costguard("guard", "apply", *NOW)
    assert (done.code, server.patches) == (2, [])
    assert "there is no terminal to ask on: give --yes" in done.err
    answers = iter(["n\n", "y\n"])
    for patches in (0, 2):
        monkeypatch.setattr(sys, "stdin", _Terminal(next(answers)))
        done = costguard("guard", "apply", *NOW)
        assert len(server.patches) == patches
        assert done.code == (0 if patches else 2)
        assert "Set these?" in done.err


class _Terminal:
    """Standard input of a person who answers."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.answer


def test_a_dry_run_sends_nothing(costguard: Costguard, declared: Path, server: Server) -> None:
    done = costguard("guard", "apply", "--dry-run", *NOW)
    assert (done.code, server.patches) == (0, [])
    assert done.out.splitlines()[-2:] == ["p.d.t            would be set", "p.tmp            would be set"]


def test_a_conflict_does_not_keep_the_others_from_being_set(
    costguard: Costguard, declared: Path, server: Server
) -> None:
    def somebody(name: str) -> None:
        if name == "p.d.t":
            server.tables[name].version += 1

    server.before_patch = somebody
    done = costguard("guard", "apply", "--yes", *NOW)
    assert done.code == 1
    assert [name for name, _ in server.patches] == ["p.tmp"]
    assert "conflict: cannot change p.d.t: somebody changed it since it was read; run this again" in done.out


def test_who_may_not(costguard: Costguard, declared: Path, server: Server) -> None:
    server.failures.append(Failure("PATCH .*/tables/", 403, "accessDenied", "Access Denied"))
    done = costguard("guard", "apply", "--yes", *NOW)
    assert done.code == 1
    assert "failed: cannot change p.d.t: permission bigquery.tables.update is missing" in done.out
    assert [name for name, _ in server.patches] == ["p.tmp"]


def test_trouble_for_all_ends_it_and_tells_what_was_set(
    costguard: Costguard, declared: Path, server: Server
) -> None:
    arguments = ("guard", "apply", "--yes", "--delete-from", "p.d.old", *NOW)
    server.failures.append(Failure("PATCH .*/tables/t", 403, "quotaExceeded", "Quota exceeded"))
    done = costguard(*arguments)
    assert done.code == 1
    lines = done.out.splitlines()[-3:]
    assert lines[0] == "p.d.old  set"
    assert lines[1].startswith("p.d.t    failed: cannot change p.d.t: a quota is used up")
    assert lines[2] == "p.tmp    not tried"
    server.failures.clear()
    assert costguard(*arguments).code == 0
    assert [name for name, _ in server.patches] == ["p.d.old", "p.d.t", "p.tmp"]


def test_nothing_that_a_client_could_set(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text('[[guards.quota]]\nproject = "p"\nper_day = "1 TiB"\n')
    done = costguard("guard", "apply", "--yes")
    assert done.code == 0
    assert "1 setting: 1 export only" in done.out


# -- export --------------------------------------------------------------------------------------------


def test_exports(costguard: Costguard, declared: Path, tmp_path: Path) -> None:
    sql = costguard("guard", "export", "--sql").out
    assert "-- ALTER TABLE `p.d.old` SET OPTIONS (expiration_timestamp" in sql
    loud = costguard("guard", "export", "--sql", "--include-destructive").out
    assert "\nALTER TABLE `p.d.old` SET OPTIONS (expiration_timestamp" in loud
    done = costguard("guard", "export", "--terraform", "--output", tmp_path / "guards.tf")
    assert (done.code, done.out) == (0, "")
    assert f'override_value = "{5 * TIB // 2**20}"' in (tmp_path / "guards.tf").read_text()
    assert costguard("guard", "export", "--gcloud").out.startswith("#!/bin/sh\n")


def test_one_kind_of_export(costguard: Costguard, declared: Path) -> None:
    for arguments in ((), ("--sql", "--gcloud")):
        done = costguard("guard", "export", *arguments)
        assert (done.code, done.err) == (2, "costguard: give one of --terraform, --gcloud, --sql\n")


def test_nothing_is_declared(costguard: Costguard) -> None:
    for arguments in (("plan",), ("apply", "--yes"), ("export", "--sql")):
        done = costguard("guard", *arguments)
        assert done.code == 2
        assert "no guards are declared in the config" in done.err
