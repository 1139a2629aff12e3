"""A bill is divided among iterations, standing costs and what nobody can tell. The numbers in names are those of the
pitfalls of billing data."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from costguard.config import PhaseRule
from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.history.iterations import BESIDE, NO_PROJECT, Found, IterationSettings, Part, find_iterations
from costguard.history.rollup import week_period, within
from tests.history.bills import at, focus, parquet, without
from tests.history.runs_of_a_project import COMPUTE, DATAPROC, VERTEX, found, labels, ran, used

STORAGE = "Active Logical Storage (US)"
NO_PAUSE = "no label, no pause of 2 h within 24 h"


def nets(result: Found) -> dict[tuple[str, str], Decimal]:
    return {(item.evidence, item.id): item.net for item in result.iterations}


def parts(result: Found) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Standing costs and reasons; all three together are the bill."""
    assert result.to_iterations + result.standing_net + result.unattributed_net == result.net
    counted = [*result.iterations, *result.standing, *result.unattributed]
    assert sum(item.rows for item in counted) == result.rows
    return {part.name: part.net for part in result.standing}, {
        part.name: part.net for part in result.unattributed
    }


# -- labels ----------------------------------------------------------------------------------------------


def test_labels_in_their_order(tmp_path: Path) -> None:
    """A charge with several labels belongs to the first kind; each value of a label is an iteration."""
    rows = [
        used(1, 1, labels=labels(cg_iteration="i", dbt_invocation_id="d")),
        used(2, 1, labels=labels(dbt_invocation_id="d", goog__dataproc__cluster__uuid="u")),
        used(4, 1, labels=labels(goog__dataproc__cluster__uuid="u")),
        used(8, 1, labels=labels(vertex__ai__pipelines__run__billing__id="7", dbt_invocation_id="d")),
        used(16, 1, labels=labels(goog__dataproc__batch__uuid="b")),
        used(32, 1, labels=labels(team="ml", cg_iteration="i")),
    ]
    result = found(tmp_path, rows)
    assert nets(result) == {
        ("label:cg_iteration", "i"): Decimal(33),
        ("label:dbt_invocation_id", "d"): Decimal(2),
        ("label:goog-dataproc-batch-uuid", "b"): Decimal(16),
        ("label:goog-dataproc-cluster-uuid", "u"): Decimal(4),
        ("label:vertex-ai-pipelines-run-billing-id", "7"): Decimal(8),
    }
    assert parts(result) == ({}, {})


def test_labels_of_the_users_own_go_first(tmp_path: Path) -> None:
    settings = IterationSettings(labels=("run_id", "dbt_invocation_id"))
    rows = [
        used(1, 1, labels=labels(cg_iteration="i", run_id="r")),
        used(2, 1, labels=labels(cg_iteration="i", dbt_invocation_id="d")),
        used(4, 1, labels=labels(cg_iteration="i")),
    ]
    assert nets(found(tmp_path, rows, settings=settings)) == {
        ("label:run_id", "r"): Decimal(1),
        ("label:dbt_invocation_id", "d"): Decimal(2),
        ("label:cg_iteration", "i"): Decimal(4),
    }


def test_an_empty_label_tells_nothing(tmp_path: Path) -> None:
    rows = [used(1, 1, labels=labels(cg_iteration="", dbt_invocation_id="d"))]
    assert list(nets(found(tmp_path, rows))) == [("label:dbt_invocation_id", "d")]


def test_an_iteration_of_several_projects_days_and_phases(tmp_path: Path) -> None:
    mine = labels(cg_iteration="i")
    rows = [
        used(1, 1, 22, labels=mine),
        used(2, 2, 3, hours=2, labels=mine, project="train", service=VERTEX, sku="Custom job training"),
        used(4, 1, 23, labels=mine, project=None),
        used(-0.5, 1, 23, labels=mine, cost_type="adjustment"),
    ]
    (one,) = found(tmp_path, rows, jobs=[ran("j", at(2, 6), 30, labels=mine)]).iterations
    assert (one.start, one.end) == (at(1, 22), at(2, 6) + timedelta(minutes=30))
    assert one.projects == ("shop", "train")
    assert (one.rows, one.net) == (4, Decimal("6.5"))
    assert list(one.by_phase.items()) == [("preprocessing", Decimal("4.5")), ("training", Decimal(2))]
    assert (one.jobs, one.bytes_billed, one.unknown_bytes) == (1, 10 * 2**20, 0)


def test_runs_of_a_dag_are_told_apart_in_time(tmp_path: Path) -> None:
    """Both operators' keys name the DAG, neither its run."""
    rows = [
        used(1, 1, 3, labels=labels(airflow__dag="churn")),
        used(2, 1, 5, labels=labels(airflow__dag__id="churn"), service=DATAPROC, sku="Licence"),
        used(4, 2, 3, labels=labels(airflow__dag="churn")),
        used(8, 2, 3, labels=labels(airflow__dag="other"), project="web"),
    ]
    assert nets(found(tmp_path, rows)) == {
        ("label:airflow-dag", "churn@2026-09-02T03:00"): Decimal(4),
        ("label:airflow-dag", "other@2026-09-02T03:00"): Decimal(8),
        ("label:airflow-dag", "churn@2026-09-01T03:00"): Decimal(3),
    }


def test_a_dag_that_runs_all_the_time_tells_of_no_iteration(tmp_path: Path) -> None:
    rows = [used(1, 1 + hour // 24, hour % 24, labels=labels(airflow__dag="hourly")) for hour in range(25)]
    result = found(tmp_path, rows)
    assert result.iterations == ()
    assert parts(result) == ({}, {"label airflow-dag, no pause of 2 h within 24 h": Decimal(25)})


def test_a_cluster_that_is_kept_for_many_runs_is_no_iteration(tmp_path: Path) -> None:
    mine = labels(goog__dataproc__cluster__uuid="u")
    rows = [
        used(1, 1 + hour // 24, hour % 24, service=DATAPROC, sku="Licence", labels=mine) for hour in range(25)
    ]
    assert len(found(tmp_path, rows[:24]).iterations) == 1
    assert parts(found(tmp_path, rows)) == (
        {},
        {"label goog-dataproc-cluster-uuid, kept for more than 24 h": Decimal(25)},
    )
    longer = IterationSettings(longest=timedelta(hours=25))
    assert len(found(tmp_path, rows, settings=longer).iterations) == 1


def test_what_runs_beside_a_cluster_that_is_kept_is_looked_at_in_time(tmp_path: Path) -> None:
    """A label that tells of no iteration hides none."""
    mine = labels(goog__dataproc__cluster__uuid="u")
    rows = [
        used(1, 1 + hour // 24, hour % 24, service=DATAPROC, sku="Licence", labels=mine) for hour in range(48)
    ]
    assert nets(found(tmp_path, [*rows, used(5, 1, 3)])) == {("time", "shop@2026-09-01T03:00"): Decimal(5)}


# -- in time ---------------------------------------------------------------------------------------------


def test_a_pause_ends_an_iteration(tmp_path: Path) -> None:
    """Use from 3 to 4 and from 6 to 7: a pause of 2 h; then nothing until 9:00 is one too, and until 10:00 is more."""
    rows = [used(1, 1, 3), used(2, 1, 6), used(4, 1, 9), used(8, 1, 13), used(16, 1, 3, project="web")]
    assert nets(found(tmp_path, rows)) == {
        ("time", "shop@2026-09-01T13:00"): Decimal(8),
        ("time", "shop@2026-09-01T03:00"): Decimal(7),
        ("time", "web@2026-09-01T03:00"): Decimal(16),
    }
    shorter = IterationSettings(gap=timedelta(hours=1))
    assert list(nets(found(tmp_path, rows, settings=shorter)).values()) == [8, 4, 2, 1, 16]


def test_jobs_fill_a_pause(tmp_path: Path) -> None:
    rows = [used(1, 1, 3), used(2, 1, 8)]
    assert len(found(tmp_path, rows).iterations) == 2
    jobs = [ran("a", at(1, 5)), ran("b", at(1, 7)), ran("c", at(3, 7)), ran("d", at(1, 5), project_id="web")]
    result = found(tmp_path, rows, jobs)
    assert [(item.id, item.net, item.jobs) for item in result.iterations] == [
        ("shop@2026-09-01T03:00", Decimal(3), 2)
    ]
    assert dict(result.jobs.select("job_id", "iteration").iter_rows()) == {
        "a": 0,
        "b": 0,
        "c": None,
        "d": None,
    }


def test_jobs_give_an_iteration_no_other_name(tmp_path: Path) -> None:
    """A job that began before the first charge: the iteration begins with it, and is called as without it."""
    (one,) = found(tmp_path, [used(1, 1, 3)], [ran("a", at(1, 1))]).iterations
    assert (one.id, one.start) == ("shop@2026-09-01T03:00", at(1, 1))


def test_what_runs_all_day_is_no_iteration_and_ties_none_together(tmp_path: Path) -> None:
    machine = {"service": COMPUTE, "sku": "E2 Instance Core running"}
    rows = [used(0.25, 1 + hour // 24, hour % 24, **machine) for hour in range(48)]
    result = found(tmp_path, [*rows, used(1, 1, 3), used(2, 2, 3)])
    assert list(nets(result).values()) == [2, 1]
    assert parts(result) == ({}, {NO_PAUSE: Decimal(12)})


def test_what_goes_on_for_too_long_together(tmp_path: Path) -> None:
    """No SKU by itself lasts, both together do: nobody can say where one iteration ends."""
    rows = [used(1, 1 + hour // 24, hour % 24, sku=f"Analysis {hour // 13}") for hour in range(26)]
    assert parts(found(tmp_path, rows)) == ({}, {NO_PAUSE: Decimal(26)})
    longer = IterationSettings(longest=timedelta(hours=26))
    assert nets(found(tmp_path, rows, settings=longer)) == {("time", "shop@2026-09-01T00:00"): Decimal(26)}


def test_without_a_project_nothing_is_put_together_in_time(tmp_path: Path) -> None:
    assert parts(found(tmp_path, [used(3, 1, project=None)])) == ({}, {NO_PROJECT: Decimal(3)})


def test_the_largest_reason_comes_first(tmp_path: Path) -> None:
    rows = [
        used(3, 1, project=None),
        used(1, 2, 3, labels=labels(cg_iteration="i")),
        used(-5, 2, 3),
        used(7, 2, 3, sku=STORAGE),
        used(9, 2, 3, cost_type="tax"),
    ]
    result = found(tmp_path, rows)
    assert result.unattributed == (Part(BESIDE, 1, Decimal(-5)), Part(NO_PROJECT, 1, Decimal(3)))
    assert result.standing == (Part("tax", 1, Decimal(9)), Part("storage", 1, Decimal(7)))


# -- pitfalls of billing data ------------------------------------------------------------------------------


def test_8_tax_support_and_rounding_without_a_project_are_apart(tmp_path: Path) -> None:
    support = {"id": "2062-016F-44A2", "description": "Support"}
    rows = [
        used(10, 1),
        used(1.9, 1, project=None, cost_type="tax"),
        used(0.6, 1, cost_type="tax", labels=labels(cg_iteration="i")),
        used(-0.01, 1, project=None, cost_type="rounding_error"),
        used(29, 1, project=None, service=support, sku="Standard Support"),
    ]
    result = found(tmp_path, rows)
    assert nets(result) == {("time", "shop@2026-09-01T00:00"): Decimal(10)}
    assert parts(result) == (
        {"support": Decimal(29), "tax": Decimal("2.5"), "rounding": Decimal("-0.01")},
        {},
    )
    assert result.by_phase == {"preprocessing": Decimal(10), "tax": Decimal("31.49")}


def test_10_labels_count_from_when_they_were_set(tmp_path: Path) -> None:
    """Before the label there is only the time. Where one service has it already and another not yet, the other's
    charges are not taken for an iteration of their own."""
    mine = labels(cg_iteration="third")
    machine = {"service": COMPUTE, "sku": "N2 Instance Core running"}
    rows = [
        used(1, 1, 3),
        used(2, 1, 4, **machine),
        used(4, 2, 3),
        used(8, 3, 3, labels=mine),
        used(16, 3, 4, **machine),
        used(32, 3, 5, **machine, labels=mine),
    ]
    result = found(tmp_path, rows)
    assert nets(result) == {
        ("label:cg_iteration", "third"): Decimal(40),
        ("time", "shop@2026-09-02T03:00"): Decimal(4),
        ("time", "shop@2026-09-01T03:00"): Decimal(3),
    }
    assert parts(result) == ({}, {BESIDE: Decimal(16)})


def test_11_labels_of_projects_tags_and_the_system_are_no_labels_of_runs(tmp_path: Path) -> None:
    project = {"id": "shop", "name": "shop", "labels": labels(cg_iteration="p")}
    rows = [
        used(1, 1, system_labels=labels(cg_iteration="s")),
        used(2, 1, tags=labels(cg_iteration="t")),
        used(4, 1) | {"project": project},
        used(8, 9, labels=labels(cg_iteration="l"), tags=labels(cg_iteration="t")),
    ]
    assert nets(found(tmp_path, rows)) == {
        ("label:cg_iteration", "l"): Decimal(8),
        ("time", "shop@2026-09-01T00:00"): Decimal(7),
    }


def test_14_an_iteration_over_midnight_of_pacific_time_is_one(tmp_path: Path) -> None:
    """Months of invoices begin at 07:00 UTC; weeks begin where the time zone says."""
    mine = labels(cg_iteration="i")
    rows = [
        used(1, 31, 23, month=8, labels=mine, invoice__month="202608"),
        used(2, 1, 6, labels=mine, invoice__month="202608"),
        used(4, 1, 7, labels=mine, invoice__month="202609"),
        used(8, 7, 6, labels=mine, invoice__month="202609"),
    ]
    (one,) = found(tmp_path, rows).iterations
    assert (one.net, one.start, one.end) == (Decimal(15), at(31, 23, month=8), at(7, 7))
    frame = load_charges([parquet(tmp_path / "b.parquet", rows)]).frame
    for zone, net in (("UTC", 7), ("America/Los_Angeles", 15)):
        period = week_period("2026-W36", zone)
        assert find_iterations(within(frame, period)).net == net


def test_11_the_user_may_name_them(tmp_path: Path) -> None:
    """In the user's order, before the known labels."""
    project = {"id": "shop", "name": "shop", "labels": labels(run="p")}
    settings = IterationSettings(labels=("tag:run", "project-label:run", "system-label:run"))
    rows = [
        used(1, 1, tags=labels(run="t"), labels=labels(cg_iteration="l")) | {"project": project},
        used(2, 1) | {"project": project},
        used(4, 1, system_labels=labels(run="s")),
        used(8, 1, labels=labels(run="x", cg_iteration="l")),
    ]
    jobs = [ran("j", at(1), labels=labels(cg_iteration="l"))]
    result = found(tmp_path, rows, jobs, settings=settings)
    assert nets(result) == {
        ("tag:run", "t"): Decimal(1),
        ("project-label:run", "p"): Decimal(2),
        ("system-label:run", "s"): Decimal(4),
        ("label:cg_iteration", "l"): Decimal(8),
    }
    for wrong in ("tags:run", "tag:", "", "label:x"):
        with pytest.raises(
            UsageProblem, match="is no label; write KEY, project-label:KEY, tag:KEY, system-la"
        ):
            found(tmp_path, rows, settings=IterationSettings(labels=(wrong,)))


@pytest.mark.parametrize("form", [parquet, focus])
def test_16_the_free_tier_is_use_too(tmp_path: Path, form: object) -> None:
    """The first TiB costs nothing, or is given back by a credit: the iteration is there either way."""
    rows = [used(0, 1, 3), used(6.25, 2, 3, credits=(("FREE_TIER", -6.25),))]
    path = form(tmp_path / "b.parquet", rows)  # type: ignore[operator]
    result = find_iterations(load_charges([path]).frame)
    assert nets(result) == {
        ("time", "shop@2026-09-02T03:00"): Decimal(0),
        ("time", "shop@2026-09-01T03:00"): Decimal(0),
    }


def test_17_an_unused_reservation_is_in_no_iteration(tmp_path: Path) -> None:
    machine = {"service": COMPUTE, "sku": "A2 Instance Core running"}
    unused = labels(**{"compute.googleapis.com/is_unused_reservation": "true"})
    other = labels(**{"compute.googleapis.com/is_unused_reservation": "false"})
    rows = [
        used(5, 1, 3, **machine, system_labels=unused),
        used(7, 1, 3, **machine, system_labels=other),
        used(1, 1, 4, **machine),
    ]
    result = found(tmp_path, rows)
    assert nets(result) == {("time", "shop@2026-09-01T03:00"): Decimal(8)}
    assert parts(result) == ({"idle reservations": Decimal(5)}, {})


def test_21_marketplace_rows_are_shown_and_can_be_given_a_phase(tmp_path: Path) -> None:
    partner = {"id": "ABCD-0001-0002", "description": "Vector Store by Example"}
    rows = [
        used(1, 1, 3, labels=labels(cg_iteration="i")),
        used(
            40, 1, 3, service=partner, sku="Licence", labels=labels(cg_iteration="i"), seller_name="Example"
        ),
        used(2, 9, 3, service=partner, sku="Licence", project="web"),
    ]
    for row in rows[1:]:
        row["invoice"] = {"month": "202609", "publisher_type": "PARTNER"}
    rows[0]["seller_name"] = None
    rows[2]["seller_name"] = "Example"
    result = found(tmp_path, rows)
    assert result.iterations[1].by_phase == {"preprocessing": Decimal(1), "unclassified": Decimal(40)}
    assert result.unclassified == (Part("Vector Store by Example: Licence", 2, Decimal(42)),)
    own = IterationSettings(phases=(PhaseRule(phase="serving", service=(partner["id"],)),))
    again = found(tmp_path, rows, settings=own)
    assert again.iterations[1].by_phase == {"preprocessing": Decimal(1), "serving": Decimal(40)}
    assert again.unclassified == ()
    assert again.net == result.net == 43


def test_24_slots_attribution_costs_nothing_and_is_no_use(tmp_path: Path) -> None:
    """It comes every hour: taken for use it would tie all iterations of a day together."""
    rows = [used(0, 1, hour, sku="Analysis Slots Attribution") for hour in range(24)]
    rows += [used(0, 1, 3, sku="Analysis Slots Attribution", labels=labels(cg_iteration="i"))]
    result = found(tmp_path, [*rows, used(1, 1, 3), used(2, 1, 12)])
    assert list(nets(result).values()) == [2, 1]
    assert parts(result) == ({"attribution of slots": Decimal(0)}, {})


def test_25_a_cluster_costs_its_licence_and_its_machines(tmp_path: Path) -> None:
    """Most of it stands under Compute Engine, Cloud Storage and networking, with the cluster's label."""
    one, other = (labels(goog__dataproc__cluster__uuid=name, team="ml") for name in ("u1", "u2"))
    network = {"id": "E505-1604-58F8", "description": "Networking"}
    rows = [
        used(1, 1, 3, service=DATAPROC, sku="Licensing Fee", labels=one),
        used(10, 1, 3, service=COMPUTE, sku="N2 Instance Core running", labels=one),
        used(5, 1, 3, service=COMPUTE, sku="N2 Instance Ram running", labels=one),
        used(0.5, 1, 3, service=COMPUTE, sku="Storage PD Capacity", labels=one),
        used(0.25, 1, 3, service=network, sku="Inter Zone Data Transfer", labels=one),
        used(20, 1, 3, service=COMPUTE, sku="N2 Instance Core running", labels=other),
        used(0.5, 1, 3, service=COMPUTE, sku="Storage PD Capacity"),
        used(9, 1, 3, service=COMPUTE, sku="E2 core", labels=labels(goog__composer__environment="c")),
    ]
    result = found(tmp_path, rows)
    assert nets(result) == {
        ("label:goog-dataproc-cluster-uuid", "u1"): Decimal("16.75"),
        ("label:goog-dataproc-cluster-uuid", "u2"): Decimal(20),
    }
    assert result.iterations[0].by_phase == {"preprocessing": Decimal("16.75")}
    assert parts(result) == ({"Composer environments": Decimal(9), "storage": Decimal("0.5")}, {})


def test_26_spot_machines_are_part_of_their_iteration(tmp_path: Path) -> None:
    mine = labels(cg_iteration="i")
    rows = [
        used(3, 1, service=COMPUTE, sku="Nvidia T4 GPU running", labels=mine),
        used(1, 1, service=COMPUTE, sku="Nvidia T4 GPU attached to Spot Preemptible VMs", labels=mine),
    ]
    (one,) = found(tmp_path, rows).iterations
    assert one.by_phase == {"training": Decimal(4)}


def test_27_storage_is_standing_and_what_each_iteration_would_bear_is_a_figure_apart(tmp_path: Path) -> None:
    rows = [used(24, day, hours=24, sku=STORAGE) for day in range(1, 8)]
    runs = [used(10, day, 3, labels=labels(cg_iteration=f"i{day}")) for day in (1, 3, 5, 7)]
    result = found(tmp_path, rows + runs)
    assert parts(result) == ({"storage": Decimal(168)}, {})
    assert set(nets(result).values()) == {Decimal(10)}
    assert (result.billed_iterations, result.standing_per_iteration) == (4, Decimal(42))
    assert found(tmp_path, rows).standing_per_iteration is None


# -- jobs -------------------------------------------------------------------------------------------------


def test_an_iteration_that_the_bill_does_not_know_yet(tmp_path: Path) -> None:
    jobs = [ran("a", at(5, 3), labels=labels(cg_iteration="new"))]
    (new, old) = found(tmp_path, [used(1, 1, labels=labels(cg_iteration="old"))], jobs).iterations
    assert (new.id, new.rows, new.net, new.jobs, new.by_phase) == ("new", 0, Decimal(0), 1, {})
    assert (old.id, old.jobs) == ("old", 0)


def test_jobs_are_counted_once_and_bytes_where_they_are_charged(tmp_path: Path) -> None:
    mine = {"labels": labels(cg_iteration="i")}
    jobs = [
        ran("script", at(1), statement_type="SCRIPT", total_bytes_billed=100 * 2**20, **mine),
        ran("one", at(1), parent_job_id="script", **mine),
        ran("cached", at(1), cache_hit=True, total_bytes_billed=0, **mine),
        ran("hidden", at(1), total_bytes_billed=None, **mine),
    ]
    (one,) = found(tmp_path, [used(1, 1, **mine)], jobs).iterations
    assert (one.jobs, one.bytes_billed, one.unknown_bytes) == (3, 10 * 2**20, 1)


def test_statements_of_a_script_belong_to_its_iteration(tmp_path: Path) -> None:
    mine = labels(cg_iteration="i")
    jobs = [
        ran("script", at(1), statement_type="SCRIPT", labels=mine),
        ran("one", at(1), parent_job_id="script"),
        ran("own", at(1), parent_job_id="script", labels=labels(dbt_invocation_id="d")),
        ran("else", at(1), parent_job_id="script", project_id="web"),
    ]
    result = found(tmp_path, [used(1, 1, labels=mine)], jobs)
    ids = {number: item.id for number, item in enumerate(result.iterations)}
    told = {name: ids.get(number) for name, number in result.jobs.select("job_id", "iteration").iter_rows()}
    assert told == {"script": "i", "one": "i", "own": "d", "else": None}


def test_an_old_bill_without_labels(tmp_path: Path) -> None:
    """Files lack columns that came later."""
    row = without(used(1, 1), "labels", "system_labels", "tags", "resource", "cost_type")
    path = tmp_path / "b.parquet"
    pl.DataFrame([row]).write_parquet(path)
    assert nets(find_iterations(load_charges([str(path)]).frame)) == {
        ("time", "shop@2026-09-01T00:00"): Decimal(1)
    }
