"""Declared guards as a shell script of gcloud and bq commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from costguard.guards.alert_policy import policy_json
from costguard.guards.declared import Guards, TimeLimitGuard
from costguard.guards.exported import DELETES, DELETES_CLUSTER, disabled, elsewhere
from costguard.guards.quantities import span_text
from costguard.guards.quota_limits import METRIC, SERVICE, quota_limits
from costguard.guards.statements import expiration_sql, partition_filter_sql


def export_gcloud(guards: Guards, include_destructive: bool) -> str:
    """The script. Commands that delete data are comments unless they are asked for."""
    return "".join(f"{line}\n" for line in _lines(guards, include_destructive))


def _lines(guards: Guards, include_destructive: bool) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Guards of costguard, as declared."
    for line in elsewhere(guards, "gcloud"):
        yield f"# {line}"
    yield "set -eu"
    for quota in guards.quota:
        for limit in quota_limits(quota):
            yield ""
            yield f"# {limit.name}. The value is in MiB."
            yield shlex.join(
                [
                    *("gcloud", "alpha", "services", "quota", "update"),
                    f"--service={SERVICE}",
                    f"--consumer=projects/{quota.project}",
                    f"--metric={METRIC}",
                    f"--unit={limit.unit}",
                    f"--value={limit.mib}",
                    "--force",
                ]
            )
    for alert in guards.alert:
        yield ""
        yield "# Running this again makes a second policy of the same name."
        policy = json.dumps(policy_json(alert))
        yield shlex.join(
            [
                *("gcloud", "monitoring", "policies", "create"),
                f"--project={alert.project}",
                f"--policy={policy}",
            ]
        )
    for guard in guards.partition_filter:
        yield ""
        yield _query(partition_filter_sql(guard), guard.table.project)
    for expiration in guards.expiration:
        yield ""
        subject = expiration.table or expiration.dataset
        assert subject is not None
        command = _query(expiration_sql(expiration), subject.project)
        if not expiration.destructive:
            yield command
            continue
        yield f"# {DELETES}"
        yield from [command] if include_destructive else disabled([command], "# ")
    for limit_of_time in guards.time_limit:
        yield ""
        yield from _time_limit(limit_of_time, include_destructive)


def _query(statement: str, project: str) -> str:
    return shlex.join(["bq", "query", f"--project_id={project}", "--use_legacy_sql=false", statement])


def _time_limit(guard: TimeLimitGuard, include_destructive: bool) -> Iterator[str]:
    if guard.service == "vertex":
        seconds = int(guard.timeout.total_seconds()) if guard.timeout is not None else 0
        yield f"# Training jobs of {guard.project} are made by code: set scheduling.timeout there to {seconds}s."
    elif guard.service == "workbench":
        seconds = int(guard.max_idle.total_seconds()) if guard.max_idle is not None else 0
        yield shlex.join(
            [
                *("gcloud", "workbench", "instances", "update", str(guard.name)),
                f"--project={guard.project}",
                f"--location={guard.location}",
                f"--metadata=idle-timeout-seconds={seconds}",
            ]
        )
    else:
        spans = [("max-idle", guard.max_idle), ("max-age", guard.max_age)]
        command = shlex.join(
            [
                *("gcloud", "dataproc", "clusters", "update", str(guard.name)),
                f"--project={guard.project}",
                f"--region={guard.location}",
                *(f"--{name}={span_text(span)}" for name, span in spans if span is not None),
            ]
        )
        yield f"# {DELETES_CLUSTER}"
        yield from [command] if include_destructive else disabled([command], "# ")
