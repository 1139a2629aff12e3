"""Declared guards as Terraform: resources where costguard's are resources of their own, else what to add to yours."""

from __future__ import annotations

from collections.abc import Iterator

from costguard.guards.alert_policy import DOCUMENTATION, display_name, metric_filter, seconds
from costguard.guards.declared import AlertGuard, ExpirationGuard, Guards, QuotaGuard, TimeLimitGuard
from costguard.guards.exported import DELETES, DELETES_CLUSTER, elsewhere
from costguard.guards.quantities import size_text, span_text
from costguard.guards.quota_limits import METRIC, SERVICE, quota_limits
from costguard.hcl import Block, Expression, identifier, render

_DAY_MS = 24 * 60 * 60 * 1000


def export_terraform(guards: Guards, include_destructive: bool) -> str:
    """The text of a `.tf` file. Settings of tables, datasets, clusters and instances belong to the resources that you
    have: they are comments, to be added there. Those that delete data are left out unless they are asked for."""
    head = ["# Guards of costguard, as declared."]
    head += [f"# {line}" for line in elsewhere(guards, "terraform")]
    resources = render([*_quotas(guards), *_alerts(guards)])
    parts = ["\n".join(head) + "\n", resources, *_additions(guards, include_destructive)]
    return "\n".join(part for part in parts if part)


def _quotas(guards: Guards) -> Iterator[Block]:
    for guard in guards.quota:
        yield from _quota(guard)


def _quota(guard: QuotaGuard) -> Iterator[Block]:
    for limit in quota_limits(guard):
        yield Block(
            "resource",
            (
                "google_service_usage_consumer_quota_override",
                identifier(f"costguard_{guard.project}_{limit.name}"),
            ),
            (
                ("provider", Expression("google-beta")),
                ("project", guard.project),
                ("service", SERVICE),
                ("metric", Expression(f'urlencode("{METRIC}")')),
                ("limit", Expression(f'urlencode("{limit.limit}")')),
                ("override_value", str(limit.mib)),
                ("force", True),
            ),
            (f"{limit.name} of {guard.project}: {size_text(limit.mib << 20)}. The value is in MiB.",),
        )


def _alerts(guards: Guards) -> Iterator[Block]:
    for guard in guards.alert:
        yield _alert(guard)


def _alert(guard: AlertGuard) -> Block:
    aggregations = Block(
        "aggregations",
        (),
        (
            ("alignment_period", seconds(guard)),
            ("per_series_aligner", "ALIGN_SUM"),
            ("cross_series_reducer", "REDUCE_SUM"),
        ),
    )
    threshold = Block(
        "condition_threshold",
        (),
        (
            ("filter", metric_filter(guard)),
            ("comparison", "COMPARISON_GT"),
            ("threshold_value", guard.threshold),
            ("duration", "0s"),
            aggregations,
        ),
    )
    name = f"billed bytes in {span_text(guard.window)}"
    comments = () if guard.channels else ("It has no notification channel yet, so that it tells nobody.",)
    return Block(
        "resource",
        (
            "google_monitoring_alert_policy",
            identifier(f"costguard_{guard.project}_{guard.metric}_{span_text(guard.window)}"),
        ),
        (
            ("project", guard.project),
            ("display_name", display_name(guard)),
            ("combiner", "OR"),
            ("notification_channels", list(guard.channels)),
            ("user_labels", {"costguard": "guard"}),
            Block("conditions", (), (("display_name", name), threshold)),
            Block("documentation", (), (("content", DOCUMENTATION), ("mime_type", "text/markdown"))),
        ),
        comments,
    )


def _additions(guards: Guards, include_destructive: bool) -> Iterator[str]:
    for guard in guards.partition_filter:
        yield _addition(f"google_bigquery_table of {guard.table}", ["require_partition_filter = true"])
    for expiration in guards.expiration:
        yield from _expiration(expiration, include_destructive)
    for limit in guards.time_limit:
        yield _time_limit(limit)


def _addition(where: str, lines: list[str]) -> str:
    return "".join(f"# {line}\n" for line in (f"Add to your {where}:", *(f"  {line}" for line in lines)))


def _expiration(guard: ExpirationGuard, include_destructive: bool) -> Iterator[str]:
    if guard.table is None:
        lines = []
        if guard.table_days is not None:
            lines.append(f"default_table_expiration_ms = {guard.table_days * _DAY_MS}")
        if guard.partition_days is not None:
            lines.append(f"default_partition_expiration_ms = {guard.partition_days * _DAY_MS}")
        yield _addition(f"google_bigquery_dataset of {guard.dataset}", lines)
        return
    if not include_destructive:
        yield f"# Left out: the expiration of {guard.table}. {DELETES}\n# --include-destructive shows it.\n"
    elif guard.expires is not None:
        line = f"expiration_time = {int(guard.expires.timestamp() * 1000)}"
        yield f"# {DELETES}\n" + _addition(f"google_bigquery_table of {guard.table}", [line])
    else:
        lines = ["time_partitioning {", f"  expiration_ms = {(guard.partition_days or 0) * _DAY_MS}", "}"]
        yield f"# {DELETES}\n" + _addition(f"google_bigquery_table of {guard.table}", lines)


def _time_limit(guard: TimeLimitGuard) -> str:
    if guard.service == "vertex":
        span = int(guard.timeout.total_seconds()) if guard.timeout is not None else 0
        return (
            f"# Training jobs of {guard.project} are made by code: set scheduling.timeout there,\n"
            f"# for instance CustomJob.run(timeout={span}).\n"
        )
    idle = int(guard.max_idle.total_seconds()) if guard.max_idle is not None else None
    if guard.service == "workbench":
        lines = ["gce_setup {", "  metadata = {", f'    idle-timeout-seconds = "{idle}"', "  }", "}"]
        return _addition(f"google_workbench_instance {guard.name} ({guard.location})", lines)
    lines = []
    if idle is not None:
        lines = [
            "cluster_config {",
            "  lifecycle_config {",
            f'    idle_delete_ttl = "{idle}s"',
            "  }",
            "}",
        ]
    if guard.max_age is not None:
        lines.append(f"(a greatest age of {span_text(guard.max_age)}: --max-age of gcloud, see --gcloud)")
    return f"# {DELETES_CLUSTER}\n" + _addition(
        f"google_dataproc_cluster {guard.name} ({guard.location})", lines
    )
