"""Exports are read back by the parsers of their languages, and what deletes data takes no effect unless asked for."""

from __future__ import annotations

import json
import shlex
from io import StringIO
from typing import Any

import hcl2
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.guards.declared import Guards, read_guards
from costguard.guards.export_gcloud import export_gcloud
from costguard.guards.export_sql import export_sql
from costguard.guards.export_terraform import export_terraform

GUARDS = read_guards(
    {
        "max_bytes": {"default": "50 GiB"},
        "quota": [{"project": "my-project", "per_day": "5 TiB", "per_user_per_day": "1 TiB"}],
        "partition_filter": [{"table": "my-project.shop.events"}],
        "expiration": [
            {"table": "my-project.shop.old one", "expires": "2027-01-31"},
            {"table": "my-project.shop.events", "partition_days": 90},
            {"dataset": "my-project.tmp", "table_days": 7, "partition_days": 3},
        ],
        "alert": [
            {
                "project": "my-project",
                "threshold": "2 TiB",
                "window": "90m",
                "channels": ["projects/p/notificationChannels/1"],
            },
            {
                "project": "my-project",
                "threshold": "3 TiB",
                "metric": "statement_scanned_bytes_billed",
            },
        ],
        "time_limit": [
            {
                "service": "dataproc",
                "project": "my-project",
                "name": "c",
                "location": "us-central1",
                "max_idle": "30m",
                "max_age": "8h",
            },
            {"service": "vertex", "project": "my-project", "timeout": "8h"},
            {
                "service": "workbench",
                "project": "my-project",
                "name": "anas",
                "location": "us-central1-a",
                "max_idle": "1h",
            },
        ],
    }
)


def statements(guards: Guards, destructive: bool) -> list[str]:
    text = export_sql(guards, destructive)
    parsed = sqlglot.parse(text, dialect="bigquery")
    return [statement.sql("bigquery", comments=False) for statement in parsed if statement is not None]


def test_sql() -> None:
    safe = [
        "ALTER TABLE `my-project.shop.events` SET OPTIONS (require_partition_filter = TRUE)",
        "ALTER SCHEMA `my-project.tmp` SET OPTIONS (default_table_expiration_days = 7, "
        "default_partition_expiration_days = 3)",
    ]
    lines = [line.removesuffix(";") for line in export_sql(GUARDS, False).splitlines()]
    assert [line for line in lines if line and not line.startswith("--")] == safe
    everything = [line.removesuffix(";") for line in export_sql(GUARDS, True).splitlines()]
    assert [line for line in everything if line and not line.startswith("--")] == [
        safe[0],
        "ALTER TABLE `my-project.shop.old one` SET OPTIONS "
        "(expiration_timestamp = TIMESTAMP '2027-01-31 00:00:00+00')",
        "ALTER TABLE `my-project.shop.events` SET OPTIONS (partition_expiration_days = 90)",
        safe[1],
    ]
    assert len(statements(GUARDS, destructive=True)) == 4
    assert len(statements(GUARDS, destructive=False)) == 2


def test_sql_says_what_is_not_in_it() -> None:
    text = export_sql(GUARDS, False)
    assert "-- Not here: max_bytes; the code sets maximum_bytes_billed" in text
    assert "-- Not here: 1 of quota; --terraform or --gcloud exports them." in text
    assert text.count("-- DELETES DATA") == 2


def resources(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Terraform's resources by (type, name), as python-hcl2 reads them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for block in hcl2.load(StringIO(text)).get("resource", []):
        for kind, named in block.items():
            for name, body in named.items():
                found[kind.strip('"'), name.strip('"')] = body
    return found


def test_terraform() -> None:
    found = resources(export_terraform(GUARDS, False))
    assert set(found) == {
        ("google_service_usage_consumer_quota_override", "costguard_my_project_QueryUsagePerDay"),
        ("google_service_usage_consumer_quota_override", "costguard_my_project_QueryUsagePerUserPerDay"),
        ("google_monitoring_alert_policy", "costguard_my_project_scanned_bytes_billed_90m"),
        ("google_monitoring_alert_policy", "costguard_my_project_statement_scanned_bytes_billed_1h"),
    }
    text = export_terraform(GUARDS, False)
    # 5 TiB and 1 TiB in MiB.
    assert 'override_value = "5242880"' in text
    assert 'override_value = "1048576"' in text
    assert 'limit          = urlencode("/d/project/user")' in text
    assert "threshold_value = 2199023255552" in text
    assert 'alignment_period     = "5400s"' in text
    assert 'resource.type = \\"bigquery_project\\""' in text
    assert text.count("It has no notification channel yet") == 1
    assert "#   require_partition_filter = true" in text
    assert "#   default_table_expiration_ms = 604800000" in text
    assert '#       idle_delete_ttl = "1800s"' in text
    assert '#       idle-timeout-seconds = "3600"' in text
    assert "CustomJob.run(timeout=28800)" in text


def test_terraform_leaves_out_what_deletes() -> None:
    safe, everything = export_terraform(GUARDS, False), export_terraform(GUARDS, True)
    assert "expiration_time" not in safe
    assert safe.count("# Left out: the expiration of") == 2
    assert "#   expiration_time = 1801353600000" in everything
    assert "#     expiration_ms = 7776000000" in everything
    assert resources(safe).keys() == resources(everything).keys()


def commands(text: str) -> list[list[str]]:
    """The commands of a script, as a shell would split them."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "set -eu"
    return [shlex.split(line) for line in lines[1:]]


def test_gcloud() -> None:
    found = commands(export_gcloud(GUARDS, False))
    assert [command[:4] for command in found] == [
        ["gcloud", "alpha", "services", "quota"],
        ["gcloud", "alpha", "services", "quota"],
        ["gcloud", "monitoring", "policies", "create"],
        ["gcloud", "monitoring", "policies", "create"],
        ["bq", "query", "--project_id=my-project", "--use_legacy_sql=false"],
        ["bq", "query", "--project_id=my-project", "--use_legacy_sql=false"],
        ["gcloud", "workbench", "instances", "update"],
    ]
    assert "--unit=1/d/{project}" in found[0]
    assert "--value=5242880" in found[0]
    assert "--unit=1/d/{project}/{user}" in found[1]
    policy = json.loads(found[2][5].removeprefix("--policy="))
    threshold = policy["conditions"][0]["conditionThreshold"]
    assert (threshold["thresholdValue"], threshold["aggregations"][0]["alignmentPeriod"]) == (
        2 * 2**40,
        "5400s",
    )
    assert threshold["filter"] == (
        'metric.type = "bigquery.googleapis.com/query/scanned_bytes_billed" AND resource.type = "global"'
    )
    assert policy["notificationChannels"] == ["projects/p/notificationChannels/1"]
    assert found[4][-1].startswith("ALTER TABLE `my-project.shop.events` SET OPTIONS (require_")
    assert found[6][-1] == "--metadata=idle-timeout-seconds=3600"


def test_gcloud_with_what_deletes() -> None:
    found = commands(export_gcloud(GUARDS, True))
    assert sum("ALTER" in command[-1] for command in found) == 4
    assert found[-2] == [
        *("gcloud", "dataproc", "clusters", "update", "c", "--project=my-project"),
        *("--region=us-central1", "--max-idle=30m", "--max-age=8h"),
    ]


TABLES = st.builds(
    lambda name: f"p.d.{name}",
    st.text(alphabet=st.characters(categories=["L", "N", "Pd", "Zs"], exclude_characters="\xa0"), min_size=1)
    .map(lambda text: "".join(char for char in text if char.isalnum() or char in "_- ")[:20].strip())
    .filter(bool),
)


@settings(deadline=None)
@given(TABLES, st.integers(min_value=1, max_value=2**40), st.integers(min_value=1, max_value=36500))
def test_whatever_is_declared_is_read_back(name: str, mib: int, days: int) -> None:
    guards = read_guards(
        {
            "quota": [{"project": "p", "per_day": mib << 20}],
            "partition_filter": [{"table": name}],
            "expiration": [{"table": name, "partition_days": days}],
        }
    )
    assert len(statements(guards, destructive=True)) == 2
    assert len(commands(export_gcloud(guards, True))) == 3
    (quota,) = resources(export_terraform(guards, True)).values()
    assert str(mib) in str(quota["override_value"])
