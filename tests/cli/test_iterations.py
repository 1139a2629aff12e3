"""`costguard iterations`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.history import test_jobs
from tests.history.bills import Row, at, parquet, without
from tests.history.runs_of_a_project import COMPUTE, VERTEX, labels, ran, used

from .conftest import Costguard

SCHEMA = Path(__file__).parents[1] / "render" / "iterations.schema.json"
TRAINING = {"service": VERTEX, "sku": "Custom job training"}


def bill() -> list[Row]:
    """Two iterations with a label, one without; storage, tax, a machine that nobody labelled, a SKU nobody knows."""
    first, second = labels(cg_iteration="20260902-a", team="ml"), labels(cg_iteration="20260903-b", team="ml")
    return [
        used(3, 1, 3),
        used(4, 2, 3, labels=first),
        used(6, 2, 4, labels=first, **TRAINING),
        used(3, 3, 3, labels=second),
        used(9.004, 3, 4, labels=second, **TRAINING),
        used(0.5, 3, 4, service=COMPUTE, sku="N2 Instance Core running"),
        used(24, 1, hours=24, sku="Active Logical Storage (US)"),
        used(2.4, 3, project=None, cost_type="tax"),
        used(1.25, 2, 3, labels=first, service={"id": "X", "description": "New Service"}, sku="Unit"),
    ]


def history() -> list[Row]:
    mine = {"labels": labels(cg_iteration="20260902-a")}
    return [
        ran("1", at(2, 3), query="SELECT a\n FROM t", **mine),
        ran("2", at(2, 3), query="SELECT a\n FROM t", **mine),
        ran("3", at(3, 3), query="SELECT a\n FROM t", labels=labels(cg_iteration="20260903-b")),
        ran("4", at(5, 3), labels=labels(cg_iteration="20260905-c"), query_info=None),
        ran("5", at(3, 3), cache_hit=True, labels=labels(cg_iteration="20260903-b")),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    parquet(tmp_path / "bill.parquet", bill())
    test_jobs.parquet(tmp_path / "jobs.parquet", history())
    (tmp_path / ".costguard").mkdir()
    lines: list[dict[str, Any]] = [
        {"event": "start", "id": "20260903-b", "time": "2026-09-03T03:00:00Z", "commit": "2844c7c" + "0" * 33,
         "comment": "wider features"},
        {"event": "start", "id": "lost", "time": "2026-09-02T00:00:00Z", "commit": None, "comment": None},
        {"event": "start", "id": "night", "time": "2026-09-01T03:20:00Z", "commit": None, "comment": "by hand"},
        {"event": "end", "id": "night", "time": "2026-09-01T04:00:00Z", "comment": None},
        {"event": "start", "id": "to-come", "time": "2026-12-24T00:00:00Z", "commit": None, "comment": None},
    ]  # fmt: skip
    text = "".join(json.dumps({"version": 1, **line}) + "\n" for line in lines)
    (tmp_path / ".costguard" / "iterations.jsonl").write_text(text)
    return tmp_path


TEXT = """\
Usage         2026-09-01 00:00 UTC to 2026-09-03 05:00 UTC, 9 charges
Net           53.15 USD
Iterations    3 for 26.25, median 11.25, from 3.00 to 12.00; 1 not billed yet
              2 iterations by label:cg_iteration: 23.25
              1 iteration by time: 3.00
Standing      26.40 with or without iterations: storage 24.00, tax 2.40; 8.80 for each of 3
Unattributed  0.50
              0.50  no label, while an iteration with a label ran
Unclassified  1.25 of all that is in no phase
              1.25  New Service: Unit
Ledger        no charge has the label of lost

iteration              began (UTC)       lasts         net USD  change
20260905-c             2026-09-05 03:00  5 min  not billed yet
    label:cg_iteration, shop, 1 job, 10 MiB billed
20260903-b             2026-09-03 03:00    2 h           12.00   +0.75  +7 %  training +3.00
    preprocessing 3.00, training 9.00
    label:cg_iteration, shop, 2 charges, 2 jobs, 10 MiB billed
    commit 2844c7c: wider features
20260902-a             2026-09-02 03:00    2 h           11.25
    preprocessing 4.00, training 6.00, unclassified 1.25
    label:cg_iteration, shop, 3 charges, 2 jobs, 20 MiB billed
shop@2026-09-01T03:00  2026-09-01 03:00    1 h            3.00
    preprocessing 3.00
    time, shop, 1 charge
    no commit: by hand (night, by its time)

Runs per iteration, the most bytes first
query            iterations  runs  median  p90  billed
SELECT a FROM t           2     3     1.5    2  30 MiB
1 charged job without a hash: nobody can tell which query it is
"""


def test_a_list(costguard: Costguard, project: Path) -> None:
    done = costguard("iterations", "--billing", project / "bill.parquet", "--jobs", project / "jobs.parquet")
    assert (done.code, done.err) == (0, "")
    assert done.out == TEXT


def test_the_same_for_programs(costguard: Costguard, project: Path) -> None:
    arguments = (
        "--billing",
        project / "bill.parquet",
        "--jobs",
        project / "jobs.parquet",
        "--format",
        "json",
    )
    found = costguard("iterations", *arguments).document
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    assert (found["net"], found["currency"], found["rows"]) == ("53.154", "USD", 9)
    assert found["by_phase"] == {
        "preprocessing": "10.00",
        "training": "15.004",
        "infrastructure": "0.50",
        "storage": "24.00",
        "tax": "2.40",
        "unclassified": "1.25",
    }
    assert [(item["id"], item["net"]) for item in found["iterations"]] == [
        ("20260905-c", None),
        ("20260903-b", "12.004"),
        ("20260902-a", "11.25"),
        ("shop@2026-09-01T03:00", "3.00"),
    ]
    assert found["iterations"][1] == {
        "id": "20260903-b",
        "evidence": "label:cg_iteration",
        "start": "2026-09-03T03:00:00Z",
        "end": "2026-09-03T05:00:00Z",
        "projects": ["shop"],
        "rows": 2,
        "net": "12.004",
        "by_phase": {"preprocessing": "3.00", "training": "9.004"},
        "jobs": 2,
        "bytes_billed": 10 * 2**20,
        "unknown_bytes": 0,
        "ledger": {
            "id": "20260903-b",
            "found_by": "id",
            "commit": "2844c7c" + "0" * 33,
            "comment": "wider features",
            "start": "2026-09-03T03:00:00Z",
            "end": None,
        },
        "change": {
            "since": "20260902-a",
            "net": "0.754",
            "percent": 6.7,
            "phase": "training",
            "phase_net": "3.004",
        },
    }
    assert found["standing"] == {
        "net": "26.40",
        "iterations": 3,
        "per_iteration": "8.80",
        "parts": [{"name": "storage", "rows": 1, "net": "24.00"}, {"name": "tax", "rows": 1, "net": "2.40"}],
    }
    assert found["unattributed"] == {
        "net": "0.50",
        "reasons": [{"reason": "no label, while an iteration with a label ran", "rows": 1, "net": "0.50"}],
    }
    assert found["ledger"]["without_charges"] == ["lost"]
    assert found["queries"]["without_hash"] == 1
    assert [(run["key"], run["median"], run["p90"]) for run in found["queries"]["runs"]] == [("h1", 1.5, 2.0)]


COMPARED = """\
Before  20260902-a, 2026-09-02 03:00 UTC, 11.25 USD
After   20260903-b, 2026-09-03 03:00 UTC, 12.00 USD
        commit 2844c7c: wider features
Change  +0.75 USD (+7 %)

phase          before  after  change
training         6.00   9.00   +3.00  dearer
unclassified     1.25      -   -1.25  removed
preprocessing    4.00   3.00   -1.00  cheaper

service: SKU                    before  after  change
Vertex AI: Custom job training    6.00   9.00   +3.00  dearer
New Service: Unit                 1.25      -   -1.25  removed
BigQuery: Analysis (US)           4.00   3.00   -1.00  cheaper

label    before  after  change
team=ml   11.25  12.00   +0.75  dearer

query            runs        billed before   after
SELECT a FROM t     2  -> 1         20 MiB  10 MiB  cheaper
"""


def test_two_side_by_side(costguard: Costguard, project: Path) -> None:
    arguments = ("--billing", project / "bill.parquet", "--jobs", project / "jobs.parquet")
    done = costguard("iterations", *arguments, "--compare", "20260902", "cg_iteration=20260903-b")
    assert (done.code, done.err) == (0, "")
    assert done.out == COMPARED


def test_two_for_programs(costguard: Costguard, project: Path) -> None:
    arguments = (
        "--billing",
        project / "bill.parquet",
        "--compare",
        "20260902-a",
        "20260903-b",
        "--format",
        "json",
    )
    found = costguard("iterations", *arguments).document
    jsonschema.validate(found, json.loads(SCHEMA.with_name("comparison.schema.json").read_text()))
    assert (found["before"]["id"], found["after"]["id"], found["change"]) == (
        "20260902-a",
        "20260903-b",
        "0.754",
    )
    assert found["phases"][1] == {
        "key": "unclassified",
        "name": None,
        "before": "1.25",
        "after": None,
        "change": "-1.25",
        "kind": "removed",
    }
    assert found["queries"] is None


def test_nothing_changed(costguard: Costguard, tmp_path: Path) -> None:
    rows = [used(1, day, labels=labels(cg_iteration=f"i{day}")) for day in (1, 2)]
    test_jobs.parquet(
        tmp_path / "j.parquet",
        [ran(f"{day}", at(day), labels=labels(cg_iteration=f"i{day}")) for day in (1, 2)],
    )
    arguments = ("--billing", parquet(tmp_path / "b.parquet", rows), "--jobs", tmp_path / "j.parquet")
    out = costguard("iterations", *arguments, "--compare", "i1", "i2").out
    assert out.splitlines()[2:] == [
        "Change  0.00 USD (0 %)",
        "",
        "phase: no change",
        "",
        "service: SKU: no change",
        "",
        "query: no change",
    ]


def test_a_week(costguard: Costguard, project: Path) -> None:
    """Of the bill, and of the history."""
    parquet(project / "late.parquet", [used(5, 8, 3)])
    arguments = ("--billing", project / "*.parquet", "--week", "2026-W37", "--format", "json")
    (project / "jobs.parquet").rename(project / "jobs.p")
    found = costguard("iterations", *arguments, "--jobs", project / "jobs.p").document
    assert [(item["id"], item["net"], item["jobs"]) for item in found["iterations"]] == [
        ("shop@2026-09-08T03:00", "5.00", 0)
    ]
    assert (found["week"], found["net"], found["queries"]) == (
        "2026-W37",
        "5.00",
        {"without_hash": 0, "runs": []},
    )


def test_a_week_without_usage(costguard: Costguard, project: Path) -> None:
    arguments = (
        "--billing",
        project / "bill.parquet",
        "--jobs",
        project / "jobs.parquet",
        "--week",
        "2031-W01",
    )
    assert costguard("iterations", *arguments).out == (
        "Net           0.00\nIterations    none in this bill\nStanding      0.00\nUnattributed  0.00\n"
    )
    found = costguard("iterations", *arguments, "--format", "json").document
    assert (found["rows"], found["net"], found["currency"], found["iterations"]) == (0, "0.00", None, [])


def test_the_config_holds(costguard: Costguard, project: Path) -> None:
    (project / "costguard.toml").write_text(
        'iteration_labels = ["team"]\n[[phases.rules]]\nphase = "serving"\nservice = "X"\n'
    )
    found = costguard("iterations", "--billing", project / "bill.parquet", "--format", "json").document
    assert [(item["evidence"], item["id"]) for item in found["iterations"]] == [
        ("label:team", "ml"),
        ("time", "shop@2026-09-01T03:00"),
    ]
    assert found["by_phase"]["serving"] == "1.25"
    assert found["rule"]["labels"][:2] == ["team", "cg_iteration"]
    (project / "own.toml").write_text("iteration_gap_hours = 100\n")
    again = costguard(
        "iterations",
        "--billing",
        project / "bill.parquet",
        "--config",
        project / "own.toml",
        "--format",
        "json",
    ).document
    assert again["rule"]["gap_hours"] == 100.0
    assert [item["id"] for item in again["iterations"]] == ["20260903-b", "20260902-a"]


def test_a_week_is_that_of_the_configs_time_zone(costguard: Costguard, tmp_path: Path) -> None:
    """As in the report. Sunday evening in UTC is Monday in Tokyo; an option goes before the config."""
    rows = [used(1, 6, 20, labels=labels(cg_iteration="sunday-evening"))]
    bill = parquet(tmp_path / "bill.parquet", rows)
    (tmp_path / "costguard.toml").write_text('timezone = "Asia/Tokyo"\n')
    week = ("--billing", bill, "--week", "2026-W37", "--format", "json")
    found = costguard("iterations", *week).document
    assert (found["timezone"], found["net"], len(found["iterations"])) == ("Asia/Tokyo", "1.00", 1)
    assert costguard("iterations", *week, "--timezone", "UTC").document["iterations"] == []


def test_a_bill_without_iterations_or_credits(costguard: Costguard, tmp_path: Path) -> None:
    rows = [without(used(2, 1, project=None), "credits")]
    done = costguard("iterations", "--billing", parquet(tmp_path / "b.parquet", rows))
    assert done.out == (
        "Usage         2026-09-01 00:00 UTC to 2026-09-01 01:00 UTC, 1 charge\n"
        "Net           2.00 USD\n"
        "              there are no credits in some files: their amounts are gross, and the net is too high\n"
        "Iterations    none in this bill\n"
        "Standing      0.00\n"
        "Unattributed  2.00\n"
        "              2.00  no label, no project\n"
    )


def test_more_than_fit(costguard: Costguard, tmp_path: Path) -> None:
    rows = [used(1, 1 + number // 24, number % 24, project=f"p{number:02}") for number in range(45)]
    rows += [used(1, 1, service={"id": f"X{number}", "description": f"S{number}"}) for number in range(7)]
    rows[0] = used(0.0042, 1, project="p00")
    lines = costguard("iterations", "--billing", parquet(tmp_path / "b.parquet", rows)).out.splitlines()
    assert sum(line.startswith("p") for line in lines) == 40
    assert lines[-1] == "6 older ones left out; --format json has all"
    assert "              2 more for 2.00" in lines
    assert "from 0.0042 to 7.00" in lines[2]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--week", "2026-47"), "is no ISO week"),
        (
            ("--compare", "x", "20260903-b"),
            "there is no iteration 'x' in this bill; the newest are 20260903-b",
        ),
        (("--compare", "2026090", "20260903-b"), "'2026090' may be any of 2 iterations"),
        (("--compare", "20260903", "20260903-b"), "both are the same iteration"),
        (("--ledger", "gone.jsonl"), "gone.jsonl: no such file"),
        (("--timezone", "Mars"), "'Mars' is no time zone such as Europe/Zurich"),
        (("--jobs", "bill.parquet"), "no job history"),
        (("--config", "gone.toml"), "gone.toml: cannot be read"),
    ],
)
def test_options_that_are_wrong(
    costguard: Costguard, project: Path, options: tuple[str, ...], problem: str
) -> None:
    done = costguard("iterations", "--billing", "bill.parquet", *options)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert done.err.count("\n") == 1


def test_two_currencies_are_refused(costguard: Costguard, tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", [used(1, 1), used(1, 1, currency="EUR")])
    done = costguard("iterations", "--billing", path)
    assert (done.code, done.out) == (2, "")
    assert "EUR and USD cannot be added up" in done.err


def test_without_a_bill(costguard: Costguard) -> None:
    assert costguard("iterations").code == 2


def test_names_that_steer_the_terminal(costguard: Costguard, tmp_path: Path) -> None:
    mean = "a\x1b[31m\u202e"
    rows = [
        used(1, 1, labels=labels(cg_iteration=mean, team=mean), service={"id": mean, "description": mean}),
        used(2, 2, labels=labels(cg_iteration="b"), project=mean),
    ]
    path = parquet(tmp_path / "b.parquet", rows)
    for options in ((), ("--compare", "a", "b")):
        out = costguard("iterations", "--billing", path, *options).out
        assert "a␛[31m�" in out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_into_a_file(costguard: Costguard, project: Path, tmp_path: Path) -> None:
    done = costguard("iterations", "--billing", project / "bill.parquet", "-o", tmp_path / "out.txt")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out.txt").read_text().startswith("Usage         2026-09-01")
    assert costguard("iterations", "--billing", "bill.parquet", "-o", tmp_path).code == 2
