"""An alert policy of Cloud Monitoring: the parts that Terraform and the API's JSON share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from costguard.guards.declared import AlertGuard, Metric
from costguard.guards.quantities import size_text, span_text

RESOURCES: Final[Mapping[Metric, str]] = {
    "scanned_bytes_billed": "global",
    "statement_scanned_bytes_billed": "bigquery_project",
}
"""The monitored resource that each metric is written against; with the other one the API refuses the policy."""
DOCUMENTATION: Final = (
    "More bytes were billed for queries on demand than costguard found usual. "
    "`costguard jobs` on a new history says which queries it was. Nothing is stopped by this alert."
)


def display_name(guard: AlertGuard) -> str:
    """What the policy is called: it tells costguard's policies from others'."""
    return f"costguard: {guard.project} bills more than {size_text(guard.threshold)} in {span_text(guard.window)}"


def metric_filter(guard: AlertGuard) -> str:
    """Which series are watched."""
    return (
        f'metric.type = "bigquery.googleapis.com/query/{guard.metric}" AND '
        f'resource.type = "{RESOURCES[guard.metric]}"'
    )


def seconds(guard: AlertGuard) -> str:
    """The window as the API writes it."""
    return f"{int(guard.window.total_seconds())}s"


def policy_json(guard: AlertGuard) -> dict[str, Any]:
    """The policy as `projects.alertPolicies` of the Monitoring API has it."""
    return {
        "displayName": display_name(guard),
        "combiner": "OR",
        "conditions": [
            {
                "displayName": f"billed bytes in {span_text(guard.window)}",
                "conditionThreshold": {
                    "filter": metric_filter(guard),
                    "comparison": "COMPARISON_GT",
                    "thresholdValue": guard.threshold,
                    "duration": "0s",
                    "aggregations": [
                        {
                            "alignmentPeriod": seconds(guard),
                            "perSeriesAligner": "ALIGN_SUM",
                            "crossSeriesReducer": "REDUCE_SUM",
                        }
                    ],
                },
            }
        ],
        "documentation": {"content": DOCUMENTATION, "mimeType": "text/markdown"},
        "notificationChannels": list(guard.channels),
        "userLabels": {"costguard": "guard"},
    }
