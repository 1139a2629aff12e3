"""What each guard stops, its trap, and where it is applied: said wherever the guard is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Guard = Literal["max-bytes", "quota", "partition-filter", "expiration", "alert", "time-limit"]


@dataclass(frozen=True, slots=True)
class About:
    """A guard in words."""

    title: str
    stops: str
    trap: str
    where: str
    source: str


ABOUT: Final[Mapping[Guard, About]] = {
    "max-bytes": About(
        "maximum_bytes_billed: what one query may be billed",
        stops="a query whose estimate is above the limit fails before it runs, and costs nothing",
        trap="the limit is held against the estimate: of a clustered table that is an upper bound, so that a query may "
        "be refused that would have been billed less; in a reservation bytes are not what is paid",
        where="in the code that runs the query: job config, dbt profile, magic, bq flag",
        source="docs.cloud.google.com/bigquery/docs/best-practices-costs",
    ),
    "quota": About(
        "Custom quotas: what a project, and each person in it, may query a day",
        stops="queries beyond it fail until midnight Pacific time: usageQuotaExceeded, Custom quota exceeded",
        trap="a quota of the project stops production too; it holds for queries on demand only, is approximate, counts "
        "MiB (a number of bytes would be a million times too much, and stop nothing), and cannot be set for one "
        "person alone; without one a project may query 200 TiB a day",
        where="exported only: Terraform, gcloud, or the console's page of quotas (roles/servicemanagement.quotaAdmin)",
        source="docs.cloud.google.com/bigquery/docs/custom-quotas",
    ),
    "partition-filter": About(
        "require_partition_filter: no query without a filter on the partition column",
        stops="a query that would read all partitions fails before it runs, and costs nothing",
        trap="queries that worked fail from that moment on, also those of people and tools that are not in this "
        "history; any filter on the partition column will do, however wide",
        where="applied with BigQuery's client (`guard apply`), or exported: SQL, gcloud, Terraform",
        source="docs.cloud.google.com/bigquery/docs/querying-partitioned-tables",
    ),
    "expiration": About(
        "Expirations: what is deleted by itself",
        stops="storage that nobody reads is paid for month by month",
        trap="IT DELETES DATA: an expired table or partition is gone after the time travel window (7 days at most), "
        "and readers that are no jobs of this history (other projects, Spark through the storage API, exports) are not "
        "seen; a default of a dataset holds for tables that are made later, not for those that are there",
        where="applied with BigQuery's client (`guard apply`; what deletes existing data only for tables that are "
        "named), or exported: SQL, gcloud, Terraform",
        source="docs.cloud.google.com/bigquery/docs/managing-tables",
    ),
    "alert": About(
        "Cloud Monitoring alerts on billed bytes",
        stops="nothing: it tells somebody within minutes to hours, where a budget takes up to a day",
        trap="the metric comes late (minutes, at times hours), and an alert without a notification channel "
        "tells nobody",
        where="exported only: Terraform, gcloud",
        source="docs.cloud.google.com/monitoring/api/metrics_gcp_a_b",
    ),
    "time-limit": About(
        "Time limits of clusters, training jobs and notebooks",
        stops="machines that nobody uses go on being paid for: idle ones are deleted or shut down, jobs that hang end",
        trap="a cluster that is deleted takes its disks (HDFS) with it; a training job that runs into its timeout "
        "loses what it did not save; the bill says how long machines ran, not how long they were of use",
        where="exported only: gcloud, Terraform, or the code that makes the cluster or job",
        source="docs.cloud.google.com/dataproc/docs/concepts/configuring-clusters/scheduled-deletion",
    ),
}
"""In the order in which guards are shown: what stops a single query first."""
