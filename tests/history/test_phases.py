"""The phase of a charge: by service ids, SKUs and labels, the first rule that matches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from costguard.config import PhaseRule
from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.history.phases import PHASES, UNCLASSIFIED, phase_rules, shipped_rules, with_phases
from tests.history.bills import Row, parquet
from tests.history.runs_of_a_project import BIGQUERY, COMPUTE, DATAPROC, VERTEX, labels, used

STORAGE = {"id": "95FF-2EF5-5EA1", "description": "Cloud Storage"}


def classified(tmp_path: Path, rows: list[Row], *own: PhaseRule) -> list[tuple[Any, ...]]:
    """(phase, rule, standing, apart) of each row."""
    path = tmp_path / "b.parquet"
    frame = load_charges([parquet(path, rows)]).frame
    chosen = with_phases(frame, phase_rules(own)).select("phase", "phase_rule", "standing", "apart")
    return chosen.collect().rows()


@pytest.mark.parametrize(
    ("row", "phase", "rule"),
    [
        (used(1, 1), "preprocessing", "bigquery-analysis"),
        (used(1, 1, sku="Streaming Insert (US)"), "ingestion", "bigquery-ingestion"),
        (used(1, 1, sku="Active Logical Storage (US)"), "storage", "bigquery-storage"),
        (used(1, 1, sku="Long-Term Physical Storage (europe-west1)"), "storage", "bigquery-storage"),
        (used(1, 1, sku="BigQuery Storage API - Read"), "preprocessing", "bigquery-storage-read"),
        (used(1, 1, sku="BigQuery Storage API - Write"), "ingestion", "bigquery-ingestion"),
        (used(1, 1, sku="BQML CREATE MODEL (US)"), "training", "bigquery-ml"),
        (used(1, 1, service=VERTEX, sku="Vertex AI: Training/Pipelines on N1 core"), "training", "vertex-training"),
        (used(1, 1, service=VERTEX, sku="Vertex AI: Batch Prediction N1 core"), "serving", "vertex-serving"),
        (used(1, 1, service=VERTEX, sku="Vertex AI Pipelines run"), "infrastructure", "vertex-pipelines"),
        (used(1, 1, service=VERTEX, sku="Gen AI Evaluation Service"), "evaluation", "vertex-evaluation"),
        (used(1, 1, service=COMPUTE, sku="N2 Instance Core running"), "infrastructure", "infrastructure"),
        (used(1, 1, service=COMPUTE, sku="Nvidia L4 GPU running"), "training", "accelerators"),
        (used(1, 1, service=COMPUTE, sku="Balanced PD Capacity"), "storage", "disks"),
        (used(1, 1, service=COMPUTE, sku="Commitment v1: Cpu for 1 Year"), "infrastructure", "commitment"),
        (used(1, 1, service=COMPUTE, sku="Network Inter Region Egress"), "infrastructure", "network"),
        (used(1, 1, service=DATAPROC, sku="Licensing Fee"), "preprocessing", "dataproc"),
        (used(1, 1, service=STORAGE, sku="Standard Storage US"), "storage", "cloud-storage"),
        (used(1, 1, service=STORAGE, sku="Class A Request Regional Storage Operations"), "infrastructure",
         "cloud-storage-operations"),
        (used(1, 1, labels=labels(cg_phase="evaluation")), "evaluation", "label-evaluation"),
        (used(1, 1, labels=labels(cg_phase="lunch")), "preprocessing", "bigquery-analysis"),
        (used(1, 1, cost_type="tax", labels=labels(cg_phase="training")), "tax", "tax"),
        (used(1, 1, cost_type="rounding_error", project=None), "tax", "rounding"),
        (used(1, 1, service={"id": "2062-016F-44A2", "description": "Support"}, project=None), "tax", "support"),
        (used(1, 1, service={"id": "X", "description": "BigQuery"}), UNCLASSIFIED, None),
        (used(1, 1, sku="Something new"), UNCLASSIFIED, None),
    ],
)  # fmt: skip
def test_shipped_rules(tmp_path: Path, row: Row, phase: str, rule: str | None) -> None:
    assert [found[:2] for found in classified(tmp_path, [row])] == [(phase, rule)]


def test_what_is_paid_without_iterations(tmp_path: Path) -> None:
    unused = labels(**{"compute.googleapis.com/is_unused_reservation": "true"})
    rows = [
        used(1, 1, service=COMPUTE, sku="N2 Instance Core running", system_labels=unused),
        used(
            1,
            1,
            service=COMPUTE,
            sku="N2 Instance Core running",
            labels=labels(goog__composer__environment="c"),
        ),
        used(1, 1, service=STORAGE, sku="Standard Storage US"),
        used(1, 1, cost_type="tax"),
        used(0, 1, sku="Analysis Slots Attribution"),
        used(1, 1),
    ]
    assert [(standing, apart) for _, _, standing, apart in classified(tmp_path, rows)] == [
        ("idle reservations", False),
        ("Composer environments", False),
        ("storage", False),
        ("tax", True),
        ("attribution of slots", True),
        (None, False),
    ]


def test_18_a_service_goes_by_its_id_whatever_it_is_called(tmp_path: Path) -> None:
    renamed = {"id": VERTEX["id"], "description": "Gemini Enterprise Agent Platform"}
    spark = {"id": DATAPROC["id"], "description": "Managed Service for Apache Spark"}
    rows = [used(1, 1, service=renamed, sku="Custom job training"), used(1, 1, service=spark, sku="vCPU")]
    assert [phase for phase, *_ in classified(tmp_path, rows)] == ["training", "preprocessing"]


def test_26_spot_machines_differ_by_name_only(tmp_path: Path) -> None:
    rows = [
        used(1, 1, service=COMPUTE, sku=f"{kind}{machine} running in Americas")
        for kind in ("", "Spot Preemptible ", "Preemptible ")
        for machine in ("N2 Instance Core", "Nvidia L4 GPU")
    ]
    assert [phase for phase, *_ in classified(tmp_path, rows)] == ["infrastructure", "training"] * 3


def test_own_rules_go_first(tmp_path: Path) -> None:
    own = [
        PhaseRule(phase="training", service=(COMPUTE["id"],), sku="^N2 ", label="team=ml"),
        PhaseRule(phase="serving", project="web", standing="web site"),
        PhaseRule(phase="evaluation", tag="stage", id="ours"),
    ]
    machine = {"service": COMPUTE, "sku": "N2 Instance Core running"}
    rows = [
        used(1, 1, **machine, labels=labels(team="ml")),
        used(1, 1, **machine, labels=labels(team="web")),
        used(1, 1, service=BIGQUERY, sku="N2 x", labels=labels(team="ml")),
        used(1, 1, project="web"),
        used(1, 1, tags=labels(stage="any")),
    ]
    assert classified(tmp_path, rows, *own) == [
        ("training", "phases.rules.0", None, False),
        ("infrastructure", "infrastructure", None, False),
        (UNCLASSIFIED, None, None, False),
        ("serving", "phases.rules.1", "web site", False),
        ("evaluation", "ours", None, False),
    ]


def test_the_first_of_own_rules_counts(tmp_path: Path) -> None:
    own = [PhaseRule(phase=phase, project="shop") for phase in ("serving", "training")]
    assert classified(tmp_path, [used(1, 1)], *own)[0][0] == "serving"


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(
        UsageProblem, match=r"^phases.rules.0: sku '\(' is no regular expression: unclosed group$"
    ):
        phase_rules([PhaseRule(phase="training", sku="(")])


def test_every_shipped_rule_says_why() -> None:
    rules = shipped_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.id, rule
        assert len(rule.reason) > 10, rule.id
        assert rule.source, rule.id
        assert rule.phase in PHASES
        for service in rule.service:
            assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", service), rule.id
