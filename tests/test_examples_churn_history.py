"""The example's history: made anew it is the same, it holds what makes bills hard to read, and it adds up."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costguard.facts.fingerprint import fingerprint, normal_form
from costguard.history.charges import load_charges, summarise
from costguard.history.jobs import load_jobs
from costguard.history.rollup import roll_up, sums, week_period, within

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "churn"
BILLING, JOBS = EXAMPLE / "history" / "billing", EXAMPLE / "history" / "jobs"
ANALYSIS, SLOTS = "3362-E469-6BEF", "1A09-7C35-E2B8"
BIGQUERY, COMPUTE, DATAPROC, VERTEX = "24E6-581D-38E5", "6F81-5844-456A", "363B-8851-170D", "C7E2-9256-1C43"
STORAGE, LOGGING, NETWORKING = "95FF-2EF5-5EA1", "5490-F7B7-8DF6", "E505-1604-58F8"
SUPPORT, MARKETPLACE, INVOICE = "2062-016F-44A2", "A0F1-77C2-41D9", "D97E-AB26-5D95"
N2_CORE = "4D39-B200-66CE"
TIB, MIB = 2**40, 2**20
NANO, CENT = Decimal("0.000000001"), Decimal("0.01")


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """The bill as exported."""
    return pl.read_parquet(BILLING / "*.parquet")


@pytest.fixture(scope="module")
def charges() -> pl.DataFrame:
    """The bill as costguard reads it."""
    return load_charges([str(BILLING)]).frame.collect()


@pytest.fixture(scope="module")
def jobs() -> pl.DataFrame:
    """The jobs as costguard reads them."""
    return load_jobs([str(JOBS)]).frame


def costguard(*arguments: object) -> dict[str, Any]:
    """What a command answers in JSON, run from the root of the repository."""
    done = subprocess.run(
        [sys.executable, "-c", "from costguard.cli.main import run; run()", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def total(frame: pl.DataFrame, *columns: str) -> tuple[Decimal, ...]:
    return frame.select(pl.col(*columns).sum()).row(0)


# -- the generator ---------------------------------------------------------------------------------------


def generator(example: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "make_history.py", *arguments],
        cwd=example,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_generator_reproduces_the_history() -> None:
    done = generator(EXAMPLE, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_check_notices_what_is_old_missing_or_left_over(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(EXAMPLE, tmp_path / "churn"))
    history = copy / "history"
    pl.read_parquet(history / "billing" / "202609.parquet").head(100).write_parquet(
        history / "billing" / "202609.parquet"
    )
    (history / "billing" / "202611.parquet").rename(history / "billing" / "202612.parquet")
    done = generator(copy, "--check")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"history/billing/{month}.parquet is not what make_history.py writes"
        for month in ("202609", "202611", "202612")
    ]
    (history / "billing" / "202612.parquet").unlink()
    assert generator(copy).returncode == 0
    assert generator(copy, "--check").returncode == 0
    written = {path.relative_to(history): path.read_bytes() for path in history.rglob("*.parquet")}
    assert generator(copy).returncode == 0
    assert written == {path.relative_to(history): path.read_bytes() for path in history.rglob("*.parquet")}
    assert generator(copy, "--chekc").returncode == 2


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLE.glob("history/*/*.parquet")) < 500_000


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The generator's module of statements."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    import synthetic.sent  # type: ignore[import-not-found]

    return synthetic.sent


@pytest.fixture(scope="module")
def scanned() -> dict[str, Any]:
    return costguard("scan", "examples/churn", "--now", "2026-11-01", "--no-cache", "--format", "json")


def test_sizes_are_what_the_scan_estimates(sent: Any, scanned: dict[str, Any]) -> None:
    assert {query["path"].split("/")[2] for query in scanned["queries"]} == {"notebooks", "pipeline", "sql"}
    estimated = {query["bytes_processed"]["point"] for query in scanned["queries"]}
    in_code = [
        *(sent.DELETE_DAY, sent.INSERT_DAY, sent.DELETE_INTERNAL, sent.CREATE_FEATURES, sent.MERGE_FEATURES),
        *(sent.CREATE_LABELS, sent.SOURCES, sent.SOURCES_YESTERDAY, sent.READ_TICKETS),
        *(sent.EVENTS_YESTERDAY, sent.SCORE_SHIFT, sent.SAMPLE, sent.READ_INVOICES, sent.OCTOBER),
        *(sent.read_training("2026-10-01"), sent.read_features("trial"), sent.last_seen("trial")),
    ]
    (never_ran,) = estimated - {statement.size for statement in in_code}
    assert len(in_code) + 1 == len(scanned["queries"]) == 18
    (cell,) = (query for query in scanned["queries"] if query["bytes_processed"]["point"] == never_ran)
    assert (cell["path"], cell["cell"]) == ("examples/churn/notebooks/explore.ipynb", 10)


def test_sizes_of_what_is_not_in_the_code_follow_from_the_catalog(sent: Any) -> None:
    tables = {
        table["name"].partition(".")[2]: {column["path"]: column.get("bytes") for column in table["columns"]}
        for table in json.loads((EXAMPLE / "catalog.json").read_text())["tables"]
    }
    for statement, columns in (
        (sent.EVENTS_YESTERDAY_BEFORE, ("event_id", "event_timestamp", "customer_id")),
        (sent.REVENUE_BY_COUNTRY, ("country", "event_date", "revenue")),
        (sent.COMPLAINTS, ("transcript", "topic")),
    ):
        (table,) = statement.tables
        assert statement.size == sum(tables[table][column] for column in columns)


# -- totals ----------------------------------------------------------------------------------------------

WEEKS = {
    "2026-W37": (579, "98.400371756", "-19.197560166", "79.202811590"),
    "2026-W38": (968, "114.612037911", "-15.797194969", "98.814842942"),
    "2026-W39": (634, "103.770477319", "-5.697274168", "98.073203151"),
    "2026-W40": (597, "180.889442460", "-10.649270884", "170.240171576"),
    "2026-W41": (760, "169.146814916", "-4.245959848", "164.900855068"),
    "2026-W42": (699, "153.742052997", "-5.327986078", "148.414066919"),
    "2026-W43": (579, "101.167607272", "-6.278311113", "94.889296159"),
    "2026-W44": (639, "177.440950656", "-5.831940263", "171.609010393"),
}
SERVICES = {
    BIGQUERY: ("BigQuery", 1430, "396.016976216", "-6.259179116", "389.757797100"),
    COMPUTE: ("Compute Engine", 3254, "191.650886", "-33.18363584", "158.46725016"),
    STORAGE: ("Cloud Storage", 337, "140.305950689", "-5.708182533", "134.597768156"),
    VERTEX: ("Gemini Enterprise Agent Platform", 172, "133.13504", "-25", "108.13504"),
    INVOICE: ("Invoice", 5, "71.403752382", "0", "71.403752382"),
    MARKETPLACE: ("Larkfield Weather Feed", 56, "61.6", "0", "61.6"),
    SUPPORT: ("Support", 2, "58", "0", "58"),
    LOGGING: ("Cloud Logging", 58, "28.745", "-2.8745", "25.8705"),
    NETWORKING: ("Networking", 62, "11.33215", "0", "11.33215"),
    DATAPROC: ("Cloud Dataproc", 79, "6.98", "0", "6.98"),
}
CREDITS = {
    "COMMITTED_USAGE_DISCOUNT": "-16.85580288",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE": "-0.87017728",
    "DISCOUNT": "-5.708182533",
    "FEE_UTILIZATION_OFFSET": "-0.89141248",
    "FREE_TIER": "-6.259179116",
    "PROMOTION": "-25",
    "SUBSCRIPTION_BENEFIT": "-2.8745",
    "SUSTAINED_USAGE_DISCOUNT": "-14.5662432",
}


def test_what_the_bill_comes_to() -> None:
    """Every type of credit but RESELLER_MARGIN, which only a reseller's customers have."""
    bill = costguard("charges", BILLING, "--by", "service", "--format", "json")
    assert [(file["export"], file["missing"]) for file in bill["files"]] == [("detailed", [])] * 3
    assert (bill["rows"], bill["days"], bill["currency"]) == (5455, 56, "USD")
    assert (bill["first_usage"], bill["last_usage"]) == ("2026-09-07T00:00:00Z", "2026-11-02T00:00:00Z")
    amounts = [Decimal(bill[name]) for name in ("gross", "credits", "net", "promotions")]
    assert amounts == [Decimal(text) for text in ("1099.169755287", "-73.025497489", "1026.144257798", "-25")]
    assert {item["type"]: Decimal(item["amount"]) for item in bill["credit_types"]} == {
        kind: Decimal(text) for kind, text in CREDITS.items()
    }
    assert {item["type"]: item["rows"] for item in bill["cost_types"]} == {
        "regular": 5449,
        "tax": 2,
        "adjustment": 2,
        "rounding_error": 2,
    }
    assert (bill["adjusted_rows"], bill["rows_without_project"], bill["rows_below_zero"]) == (9, 7, 8)
    found = {
        item["key"]: (
            *(item["name"], item["rows"]),
            *(Decimal(item[part]) for part in ("gross", "credits", "net")),
        )
        for item in bill["by"]["service"]
    }
    assert found == {
        key: (name, count, *map(Decimal, texts)) for key, (name, count, *texts) in SERVICES.items()
    }


def test_what_each_week_comes_to(charges: pl.DataFrame) -> None:
    for week, (count, *texts) in WEEKS.items():
        mine = within(charges.lazy(), week_period(week)).collect()
        assert (mine.height, *total(mine, "cost", "credit", "net")) == (count, *map(Decimal, texts)), week
    assert sum(count for count, *_ in WEEKS.values()) == charges.height
    assert sum(Decimal(net) for *_, net in WEEKS.values()) == Decimal("1026.144257798")


def test_the_readme_names_these_amounts() -> None:
    told = re.findall(r"^\| (W\d\d) \| ([\d.]+) \|", (EXAMPLE / "README.md").read_text(), re.MULTILINE)
    assert told == [(week[5:], f"{Decimal(net):.2f}") for week, (*_, net) in WEEKS.items()]


def test_an_invoice_is_in_whole_cents_and_taxed(charges: pl.DataFrame) -> None:
    nets = {month.key: month.net for month in summarise(load_charges([str(BILLING)])).months}
    assert nets == {
        "202609": Decimal("392.86"),
        "202610": Decimal("626.88"),
        "202611": Decimal("6.404257798"),  # not closed
    }
    for month, tax in (("202609", "29.44"), ("202610", "46.97")):
        mine = charges.filter(pl.col("invoice_month") == month)
        (found,) = mine.filter(pl.col("cost_type") == "tax")["cost"]
        taxed = total(mine.filter(~pl.col("cost_type").is_in(["tax", "rounding_error"])), "net")[0]
        assert found == Decimal(tax) == (taxed * Decimal("0.081")).quantize(CENT, ROUND_HALF_UP)


def test_what_the_jobs_come_to(jobs: pl.DataFrame) -> None:
    found = costguard("jobs", JOBS, "--format", "json")
    assert [(file["source"], file["missing"], file["skipped"]) for file in found["files"]] == [
        ("information-schema", [], 0)
    ] * 2
    names = ("jobs", "charged", "bytes_billed", "slot_ms", "cached", "failed", "scripts", "repeated")
    assert [found[name] for name in names] == [1223, 1026, 57_924_007_231_488, 1_936_298_872, 6, 7, 72, 0]
    assert (found["unknown_bytes"], found["without_text"], found["reserved"]) == (0, 0, 0)
    by_week = [
        within(jobs.rename({"created": "usage_start"}).lazy(), week_period(week)).collect().height
        for week in WEEKS
    ]
    assert by_week == [110, 107, 111, 112, 275, 229, 112, 167]
    assert sum(by_week) == 1223


# -- the bill and the jobs -------------------------------------------------------------------------------


def test_analysis_is_what_the_jobs_were_billed_for(charges: pl.DataFrame, jobs: pl.DataFrame) -> None:
    analysis = charges.filter(pl.col("sku_id") == ANALYSIS)
    by_job = analysis.with_columns(pl.col("resource").str.split("/").list.last().alias("job_id"))
    both = by_job.join(jobs.filter("billable"), on=["project", "job_id"], how="full", suffix="_of_job")
    assert both.height == 1026
    assert both.select(pl.col("cost", "bytes_billed").is_null().sum()).row(0) == (0, 0)
    billed = 0
    for row in both.iter_rows(named=True):
        exact = Decimal(row["bytes_billed"]) * Decimal("6.25") / TIB
        assert abs(row["cost"] - exact) < NANO, row["job_id"]
        assert row["usage_amount"] == row["bytes_billed"]
        assert row["usage_start"] <= row["ended"] < row["usage_end"]
        assert row["labels"] == row["labels_of_job"]
        billed += row["bytes_billed"]
    exact = (Decimal(billed) * Decimal("6.25") / TIB).quantize(NANO, ROUND_HALF_EVEN)
    assert total(analysis, "cost", "net") == (exact, Decimal("323.0006814"))
    assert exact == Decimal("329.259860516")


def test_the_free_tebibyte_of_a_month_is_credited(charges: pl.DataFrame) -> None:
    """Months are Pacific. In November, until these weeks end, two queries ran, of 87 and 1453 MiB."""
    free = charges.filter((pl.col("sku_id") == ANALYSIS) & (pl.col("credit") < 0))
    months = pl.col("usage_start").dt.convert_time_zone("America/Los_Angeles").dt.strftime("%Y%m")
    found = dict(free.group_by(months.alias("month")).agg(pl.col("credit").sum()).iter_rows())
    november = (Decimal(87 + 1453) * MIB * Decimal("6.25") / TIB).quantize(NANO)
    assert november == Decimal("0.009179115")
    assert found["202610"] == Decimal("-6.25")
    assert abs(found["202611"] + november) <= NANO
    assert set(found) == {"202610", "202611"}


def test_a_script_is_charged_for_by_its_statements(jobs: pl.DataFrame) -> None:
    scripts = jobs.filter(pl.col("statement") == "SCRIPT")
    sums_of_children = jobs.group_by("parent").agg(pl.col("bytes_billed").sum().alias("children"))
    joined = scripts.join(sums_of_children, left_on="job_id", right_on="parent")
    assert joined.height == 72
    assert (joined["bytes_billed"] == joined["children"]).all()
    assert not scripts["billable"].any()


def test_billed_is_whole_mebibytes_and_ten_for_each_table(jobs: pl.DataFrame) -> None:
    charged = jobs.filter("billable")
    assert (charged["bytes_billed"] % MIB == 0).all()
    assert charged.filter(
        (pl.col("bytes_billed") < pl.col("tables").list.len() * 10 * MIB)
        | (pl.col("bytes_billed") < pl.col("bytes_processed"))
        | (pl.col("bytes_billed") >= pl.col("bytes_processed") + 20 * MIB)
    ).is_empty()


# -- what makes a bill hard to read ----------------------------------------------------------------------


def test_late_rows(rows: pl.DataFrame) -> None:
    """One of twenty comes more than a day after its usage, none after two days; some miss their month's invoice."""
    usage = rows.filter(
        (pl.col("cost_type") == "regular")
        & pl.col("adjustment_info").is_null()
        & (pl.col("service").struct.field("id") != SUPPORT)
    )
    lag = usage["export_time"] - usage["usage_end_time"]
    assert lag.min() == timedelta(hours=2, seconds=9)
    assert lag.max() == timedelta(days=1, hours=23, minutes=56, seconds=39)
    assert (lag > timedelta(hours=24)).sum() == 250
    month = pl.col("usage_start_time").dt.convert_time_zone("America/Los_Angeles").dt.strftime("%Y%m")
    rolled = usage.filter(month != pl.col("invoice").struct.field("month"))
    assert Counter(rolled["invoice"].struct.field("month")) == {"202610": 17, "202611": 14}


def test_corrections_repeat_what_they_correct(charges: pl.DataFrame) -> None:
    """On three days data transfer cost 0.15 instead of 0.05: the rows are negated and charged anew."""
    days = [datetime(2026, 9, day, tzinfo=UTC) for day in (22, 23, 24)]
    mine = charges.filter((pl.col("service_id") == NETWORKING) & pl.col("usage_start").is_in(days))
    wrong = mine.filter(pl.col("adjustment").is_null()).sort("usage_start")["cost"].to_list()
    corrected = mine.filter(pl.col("adjustment") == "PRICE_CORRECTION").sort("usage_start", "cost")["cost"]
    assert wrong == [Decimal("0.4503"), Decimal("0.6531"), Decimal("0.5073")]
    assert corrected.to_list() == [part for cost in wrong for part in (-cost, cost / 3)]
    assert mine["invoice_month"].to_list().count("202610") == 6
    same = ["service_id", "sku_id", "usage_start", "usage_end", "project", "region", "labels", "cost_type"]
    assert mine.select(same).unique().height == 3
    (partial,) = charges.filter(pl.col("adjustment") == "USAGE_CORRECTION")["cost"]
    assert partial == Decimal("-0.0441")  # 4,410 operations at 10 dollars a million


def test_refunds_tax_support_and_rounding(charges: pl.DataFrame) -> None:
    refunds = charges.filter(pl.col("cost_type") == "adjustment").sort("cost")
    assert refunds.select("adjustment", "cost", "project").rows() == [
        ("GOODWILL", Decimal(-5), None),
        ("SLA_VIOLATION", Decimal("-3.25"), "kestrel-prod"),
    ]
    without_project = charges.filter(pl.col("project").is_null())
    assert Counter(without_project["sku"]) == {
        "Tax": 2,
        "Rounding error": 2,
        "Standard Support": 2,
        "Goodwill credit": 1,
    }
    assert total(without_project.filter(pl.col("cost_type") == "tax"), "net") == (Decimal("76.41"),)
    assert total(charges.filter(pl.col("service_id") == SUPPORT), "net") == (Decimal(58),)
    rounding = charges.filter(pl.col("cost_type") == "rounding_error")["cost"]
    assert sorted(rounding) == [Decimal("-0.004534025"), Decimal("-0.001713593")]


def test_a_service_gets_another_name_and_keeps_its_id(charges: pl.DataFrame) -> None:
    names = (
        charges.filter(pl.col("service_id") == VERTEX)
        .group_by("service")
        .agg(pl.len(), pl.col("usage_start").min().alias("first"), pl.col("usage_start").max().alias("last"))
    )
    assert names.sort("service").rows() == [
        (
            "Gemini Enterprise Agent Platform",
            100,
            datetime(2026, 10, 5, 7, tzinfo=UTC),
            datetime(2026, 10, 30, 10, tzinfo=UTC),
        ),
        ("Vertex AI", 72, datetime(2026, 9, 8, 7, tzinfo=UTC), datetime(2026, 10, 2, 10, tzinfo=UTC)),
    ]


def test_the_price_of_a_sku_changes(charges: pl.DataFrame) -> None:
    prices = (
        charges.filter(pl.col("sku_id") == N2_CORE)
        .group_by("effective_price")
        .agg(pl.col("usage_start").min().alias("first"), pl.col("usage_start").max().alias("last"))
    )
    assert prices.sort("effective_price").rows() == [
        (
            Decimal("0.031611"),
            datetime(2026, 9, 7, tzinfo=UTC),
            datetime(2026, 10, 11, 23, tzinfo=UTC),
        ),
        (Decimal("0.033191"), datetime(2026, 10, 12, tzinfo=UTC), datetime(2026, 11, 1, 23, tzinfo=UTC)),
    ]


def test_labels_tell_of_usage_from_the_day_they_were_set(rows: pl.DataFrame) -> None:
    first: dict[str, datetime] = {}
    for start, labels in rows.select("usage_start_time", "labels").iter_rows():
        for label in labels:
            first[label["key"]] = min(start, first.get(label["key"], start))
    own = {key: first[key].date().isoformat() for key in ("team", "env", "cg_iteration", "step", "owner")}
    assert own == {
        "team": "2026-09-16",
        "env": "2026-09-07",  # a bucket had it from the start
        "cg_iteration": "2026-09-25",  # the first iteration after 2026-09-23
        "step": "2026-10-20",
        "owner": "2026-09-18",
    }


def test_iterations_that_are_labelled(charges: pl.DataFrame, jobs: pl.DataFrame) -> None:
    """14 of 19 iterations; the first five came before the label. Only SQL files, training and Spark carry it."""
    found = sums(roll_up(charges.lazy(), "label:cg_iteration").collect())
    names = sorted(item.key for item in found if item.key is not None)
    weeks = {"39": [2], "40": [1, 2], "41": [1, 2, 3, 4, 5], "42": [1, 2], "43": [1, 2], "44": [1, 2]}
    assert names == [f"churn-2026w{week}-{number}" for week, numbers in weeks.items() for number in numbers]
    assert jobs.filter(pl.col("query").str.contains("SELECT MAX(snapshot_date)", literal=True))[
        "labels"
    ].list.len().unique().to_list() == [0]
    runs = charges.filter(pl.col("service_id") == VERTEX).select(
        pl.col("labels").list.first().struct.field("key").alias("key"),
        pl.col("labels").list.first().struct.field("value").alias("run"),
        "cost_type",
    )
    pipelines = runs.filter(pl.col("key") == "vertex-ai-pipelines-run-billing-id")
    assert (pipelines.height, pipelines["run"].n_unique()) == (171, 19)


def test_a_label_may_stand_twice(rows: pl.DataFrame, charges: pl.DataFrame) -> None:
    """Its first value counts."""
    twice = rows.filter(
        pl.col("labels").list.eval(pl.element().struct.field("key")).list.n_unique()
        < pl.col("labels").list.len()
    )
    assert twice.height == 6
    assert {row[0]["value"] for row in twice["labels"]} == {"churn"}
    assert {row[-1]["value"] for row in twice["labels"]} == {"growth"}
    assert [item.key for item in sums(roll_up(charges.lazy(), "label:team").collect())] == [None, "churn"]


def test_slots_are_a_key_to_share_by_and_cost_nothing(charges: pl.DataFrame) -> None:
    slots = charges.filter(pl.col("sku_id") == SLOTS)
    assert (slots.height, *total(slots, "cost", "net")) == (68, Decimal(0), Decimal(0))
    assert slots["usage_amount"].sum() > 0


def test_a_cluster_that_is_left_on_costs_most_under_compute_engine(charges: pl.DataFrame) -> None:
    """63 hours of six cores and 24 GiB, from Friday to Monday; its licence is the smaller part."""
    uuid = pl.col("labels").list.filter(pl.element().struct.field("key") == "goog-dataproc-cluster-uuid")
    clusters = charges.with_columns(uuid.list.first().struct.field("value").alias("uuid")).drop_nulls("uuid")
    assert clusters["uuid"].n_unique() == 9
    idle = clusters.filter(pl.col("project") == "kestrel-dev")
    assert (idle["usage_start"].min(), idle["usage_end"].max()) == (
        datetime(2026, 9, 18, 16, tzinfo=UTC),
        datetime(2026, 9, 21, 7, tzinfo=UTC),
    )
    costs = dict(idle.group_by("service_id").agg(pl.col("net").sum()).iter_rows())
    assert costs == {
        DATAPROC: 63 * 6 * Decimal("0.01"),
        COMPUTE: 63 * (6 * Decimal("0.031611") + 24 * Decimal("0.004237")),
    }


def test_a_reservation_that_nobody_uses(charges: pl.DataFrame) -> None:
    unused = {"key": "compute.googleapis.com/is_unused_reservation", "value": "true"}
    mine = charges.filter(pl.col("system_labels").list.contains(unused))
    assert mine.height == 28
    cost = 14 * 24 * (2 * Decimal("0.031611") + 8 * Decimal("0.004237"))
    assert total(mine, "net") == (cost,) == (Decimal("32.631648"),)


def test_rows_of_the_marketplace(charges: pl.DataFrame) -> None:
    partner = charges.filter(pl.col("publisher") == "PARTNER")
    assert (partner.height, *total(partner, "net")) == (56, Decimal("61.6"))  # 56 days of 1.10
    assert partner["seller"].unique().to_list() == ["Larkfield Data GmbH"]


def test_tiers_of_a_price(rows: pl.DataFrame) -> None:
    """Logs are free up to 50 GiB a month: rows at price 0, then rows of the next tier."""
    logs = rows.filter(pl.col("service").struct.field("id") == LOGGING).unnest("price")
    free, paid = (logs.filter(pl.col("effective_price") == price) for price in (Decimal(0), Decimal("0.5")))
    assert (free.height + paid.height, free["cost"].sum()) == (58, 0.0)
    assert paid["tier_start_amount"].unique().to_list() == [Decimal(50)]
    gibibytes = free["usage"].struct.field("amount_in_pricing_units").to_list()
    months = free["usage_start_time"].dt.strftime("%Y%m").to_list()
    for month in ("202609", "202610"):
        amounts = (Decimal(str(size)) for size, of in zip(gibibytes, months, strict=True) if of == month)
        assert sum(amounts) == 50


def test_committed_spend_is_credited_in_another_way_from_october(charges: pl.DataFrame) -> None:
    credits = charges.select("usage_start", pl.col("credits").list.first().struct.field("type").alias("type"))
    first, last = pl.col("usage_start").min().alias("first"), pl.col("usage_start").max().alias("last")
    found = {kind: (start, end) for kind, start, end in credits.group_by("type").agg(first, last).iter_rows()}
    assert found["COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"][1] < datetime(2026, 10, 1, tzinfo=UTC)
    assert found["FEE_UTILIZATION_OFFSET"][0] > datetime(2026, 10, 1, tzinfo=UTC)


def test_a_voucher_pays_for_training_until_it_is_spent(charges: pl.DataFrame) -> None:
    paid = charges.filter(pl.col("promotion") < 0)
    assert paid["service_id"].unique().to_list() == [VERTEX]
    assert total(paid, "promotion") == (Decimal(-25),)
    assert paid["usage_start"].dt.date().max() == date(2026, 9, 18)
    assert (paid["net"] >= 0).all()


def test_a_young_project_has_no_name_yet(charges: pl.DataFrame) -> None:
    dev = charges.filter(pl.col("project") == "kestrel-dev")
    unnamed = dev.filter(pl.col("project_name").is_null())
    assert unnamed["usage_start"].dt.date().unique().to_list() == [date(2026, 9, 7)]
    assert (unnamed.height, dev["project_name"].n_unique()) == (2, 2)


# -- what happened ---------------------------------------------------------------------------------------


def test_the_dearest_day_is_a_backfill(charges: pl.DataFrame, jobs: pl.DataFrame) -> None:
    """60 days, of which each reads five columns of the whole table of events."""
    analysis = charges.filter(pl.col("sku_id") == ANALYSIS)
    days = {item.key: item.net for item in sums(roll_up(analysis.lazy(), "day").collect())}
    dearest, second, *_ = sorted(days.items(), key=lambda item: -item[1])
    assert dearest[0] == "2026-10-14"
    assert dearest[1] > 3 * second[1]
    (script,) = jobs.filter(pl.col("query").str.contains("DEFAULT DATE '2026-08-15'", literal=True))["job_id"]
    turns = jobs.filter((pl.col("parent") == script) & (pl.col("statement") == "INSERT"))
    grown = 179_170_806_362 * (550 + 37) // 605  # on the 38th of 56 days
    assert turns["bytes_processed"].to_list() == [grown] * 60


def test_more_iterations_make_a_week_dearer(jobs: pl.DataFrame) -> None:
    weeks = [week_period(week) for week in WEEKS]
    merges = jobs.filter(pl.col("statement") == "MERGE")["created"].to_list()
    counts = [sum(week.start <= moment < week.end for moment in merges) for week in weeks]  # type: ignore[operator]
    assert counts == [2, 2, 2, 2, 5, 2, 2, 2]


def test_a_mended_query_reads_less(jobs: pl.DataFrame, sent: Any) -> None:
    """Before, the monitor read 127 GiB of all days; now it reads a day. Its new cap had stopped it the day before."""
    before = jobs.filter(pl.col("query") == sent.EVENTS_YESTERDAY_BEFORE.text)
    after = jobs.filter(pl.col("query") == sent.EVENTS_YESTERDAY.text)
    assert (before.height, after.height) == (43, 13)
    assert before.filter(~pl.col("billable"))["error"].to_list() == ["bytesBilledLimitExceeded"]
    assert before["bytes_billed"].max() > 1000 * after["bytes_billed"].max()  # type: ignore[operator]
    assert before["created"].max() < after["created"].min()  # type: ignore[operator]


def test_jobs_that_cost_nothing_and_one_that_was_stopped(jobs: pl.DataFrame, sent: Any) -> None:
    assert Counter(jobs["error"].drop_nulls()) == {
        "resourcesExceeded": 2,  # a statement, and its script
        "backendError": 1,
        "bytesBilledLimitExceeded": 1,
        "rateLimitExceeded": 1,
        "invalidQuery": 1,
        "stopped": 1,
    }
    assert jobs.filter(~pl.col("billable") & (pl.col("statement") != "SCRIPT"))["bytes_billed"].sum() == 0
    (stopped,) = jobs.filter(pl.col("error") == "stopped")["bytes_billed"]
    assert stopped >= sent.COMPLAINTS.size * (550 + 17) // 605
    cached = jobs.filter("cache_hit")
    assert Counter(cached["query"]) == {
        sent.READ_INVOICES.text: 3,
        sent.OCTOBER.text: 1,
        sent.read_training("2026-10-01").text: 2,
    }
    for text, created in cached.select("query", "created").iter_rows():
        same = jobs.filter((pl.col("query") == text) & "billable")["created"]
        assert ((same < created) & (same > created - timedelta(days=1))).any()


def test_one_by_one(jobs: pl.DataFrame) -> None:
    """A service asks for one customer after the other: two series of one query with other numbers in it."""
    mine = jobs.filter(pl.col("user").str.starts_with("support-desk"))
    assert Counter(mine["created"].dt.date().dt.to_string()) == {"2026-10-08": 45, "2026-10-28": 60}
    assert mine["query"].n_unique() == 105
    assert mine["query_hash"].n_unique() == 1


RUNS = {
    "notebooks/explore.ipynb:3": 3,
    "notebooks/explore.ipynb:5": 6,
    "notebooks/explore.ipynb:8": 2,
    "pipeline/monitor.py:8": 13,
    "pipeline/monitor.py:16": 55,
    "pipeline/preprocess.py:14": 21,
    "pipeline/preprocess.py:44": 21,
    "pipeline/score.py:16": 114,
    "pipeline/score.py:29": 115,
    "sql/features.sql:2": 20,
    "sql/features.sql:76": 19,
    "sql/ingest_events.sql:7": 193,
    "sql/ingest_events.sql:9": 193,
    "sql/ingest_events.sql:26": 20,
    "sql/labels.sql:2": 19,
    "sql/web_traffic.sql:2": 32,
    "sql/web_traffic.sql:15": 32,
}
"""Jobs of each query of the code, by its file and line (or cell): all but the notebook's last one ran."""


def test_jobs_are_told_by_the_fingerprints_of_the_code(scanned: dict[str, Any], jobs: pl.DataFrame) -> None:
    places = {
        query["fingerprint"]: f"{query['path'].partition('churn/')[2]}:{query['cell'] or query['start_line']}"
        for query in scanned["queries"]
    }
    told: Counter[str] = Counter()
    others: Counter[str] = Counter()
    billed = 0
    for text, user, kind, size in (
        jobs.drop_nulls("query").select("query", "user", "statement", "bytes_billed").iter_rows()
    ):
        place = places.get(fingerprint(normal_form(text)))
        if place is not None:
            told[place] += 1
            billed += size
        elif kind != "SCRIPT":
            others[user.partition("@")[0]] += 1
    assert told == RUNS
    assert set(places.values()) - set(told) == {"notebooks/explore.ipynb:10"}
    # The monitor before it was mended, the service that asks one by one, and the analyst.
    assert others == {"churn-pipeline": 43, "support-desk": 105, "ines": 10}
    assert billed == 52_027_092_631_552
