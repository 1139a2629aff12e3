"""The job history in `costguard scan`, `costguard match` and `costguard calibrate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.history.bills import charge, parquet
from tests.history.past import history, run
from tests.history.test_jobs import at

from .conftest import TIB, Costguard

SCHEMA = Path(__file__).parents[1] / "render" / "scan-result.schema.json"
HALF = {"total_bytes_processed": TIB // 2, "total_bytes_billed": TIB // 2}


@pytest.fixture
def past(shop: Path, tmp_path: Path) -> Path:
    """Two jobs of `all.sql`, one of `one.sql`, one of nobody, one of nobody in a reservation; `never.sql` never ran."""
    (shop / "sql" / "never.sql").write_text("SELECT day FROM p.shop.orders\n")
    history(
        tmp_path,
        run("a", "select * from `p.shop.orders`", **HALF),
        run("b", "SELECT * FROM p.shop.orders -- again", creation_time=at(5), **HALF),
        run("c", "SELECT id FROM p.shop.orders", **{**HALF, "total_bytes_billed": TIB // 4}),
        run("d", "SELECT name FROM p.shop.people", **HALF),
        run("e", "SELECT name\x1b[31m FROM p.shop.staff", reservation_id="p:US.r", **HALF),
    )
    return tmp_path / "jobs.json"


@pytest.fixture
def bill(tmp_path: Path) -> str:
    """Three dollars net for a TiB, and three dollars for slots."""
    credits = (("DISCOUNT", -1.0), ("PROMOTION", -2.0), ("FREE_TIER", -1.0))
    rows = [
        charge(5.0, credits, location__region="US", usage__amount_in_pricing_units=1.0),
        charge(3.0, sku__description="BigQuery Enterprise Edition for US", service__id="16B8-3DDA-9F10"),
    ]
    return parquet(tmp_path / "bill.parquet", rows)


MATCH = """\
History    2026-09-01 12:00 UTC to 2026-09-01 12:05 UTC, 1 day
Charged    5 jobs, 2.2 TiB billed, $5.25, and $3.00 of slots, shared out by slot time
Prices     3 USD/TiB, of the bill
           $1.00 of the free tier lower the prices of the bill
Matched    3 jobs, 1.2 TiB billed, $3.75 (3 by fingerprint)
Left over  2 jobs, 1 TiB billed, $1.50, and $3.00 of slots, shared out by slot time

In the code and in the history                   jobs      billed            $   a day  by
shop/sql/all.sql:1                                  2       1 TiB        $3.00       2  fingerprint
shop/sql/one.sql:1                                  1     256 GiB        $0.75       1  fingerprint

In the history, not in the code                  jobs      billed            $
SELECT name␛[? FROM p.shop.staff                    1     512 GiB       $3.00*
SELECT name FROM p.shop.people                      1     512 GiB        $1.50

In the code, never run                        estimated $
shop/sql/never.sql:1                            $1.50

* slots are in it, shared out by slot time: no part of what is paid by bytes
"""


def test_both_sides(costguard: Costguard, past: Path, bill: str) -> None:
    done = costguard("match", "shop", "--jobs", past, "--billing", bill)
    assert (done.code, done.err) == (0, "")
    assert done.out == MATCH


def test_both_sides_for_programs(costguard: Costguard, past: Path) -> None:
    found = costguard("match", "shop", "--jobs", past, "--format", "json").document
    total = found["total"]
    assert (total["jobs"], total["usd"], total["allocated_usd"], total["unpriced"]) == (
        5,
        "10.9375",
        "0.00",
        1,
    )
    assert (found["matched"]["usd"], found["not_in_code"]["usd"]) == ("7.8125", "3.125")
    assert found["prices"] == "6.25 USD/TiB, US, list of 2026-07-25"
    assert [(item["path"], item["jobs"], item["usd"], item["by"]) for item in found["queries"]] == [
        ("shop/sql/all.sql", 2, "6.25", {"fingerprint": 2}),
        ("shop/sql/one.sql", 1, "1.5625", {"fingerprint": 1}),
    ]
    assert [(item["example"], item["usd"]) for item in found["texts_not_in_code"]] == [
        ("d", "3.125"),
        ("e", "0.00"),
    ]
    assert [(item["path"], item["usd_per_iteration"]) for item in found["never_run"]] == [
        ("shop/sql/never.sql", "3.125")
    ]


def test_lists_are_cut_unless_all_is_asked_for(costguard: Costguard, past: Path, shop: Path) -> None:
    for number in range(25):
        (shop / "sql" / f"more{number}.sql").write_text(f"SELECT id AS x{number} FROM p.shop.orders")
    short = costguard("match", "shop", "--jobs", past).out
    assert short.endswith("  and 6 more queries; --all shows every one\n")
    assert costguard("match", "shop", "--jobs", past, "--all").out.count("more") == 25


def test_a_scan_shows_what_was_measured(costguard: Costguard, past: Path, bill: str) -> None:
    out = costguard("scan", "shop", "--jobs", past, "--billing", bill).out
    assert "wastes $3.00 an iteration, 512 GiB a run" in out
    assert "ran    2 jobs in 1 day cost $3.00 (matched by fingerprint)" in out
    dear = out[out.index("Dearest") : out.index("Iteration ")].splitlines()
    assert [" ".join(line.split()) for line in dear if line] == [
        "Dearest queries bytes billed $ a run runs $ an iteration estimated",
        "shop/sql/all.sql:1 512 GiB $1.50 2 $3.00 $6.25",
        "shop/sql/never.sql:1 512 GiB $1.50 1 assumed $1.50 as shown",
        "shop/sql/one.sql:1 256 GiB $0.75 1 $0.75 $3.12",
    ]
    assert "Iteration  $5.25 for 3 queries" in out
    assert "3 of 5 charged jobs in 1 day ran this code: $3.75 of $5.25 (3 USD/TiB, of the bill)" in out
    assert "2 queries have the figures of the history, an iteration being a day; 1 never ran" in out
    assert "$0.00 of $3.00 for slots are shared out by slot time" in out


def by_path(document: dict[str, Any]) -> dict[str, Any]:
    return {item["path"]: item for item in document["queries"]}


def test_a_scan_for_programs(costguard: Costguard, past: Path) -> None:
    document = costguard("scan", "shop", "--jobs", past, "--format", "json").document
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["summary"]["history"] == {
        "days": 1,
        "jobs": 5,
        "matched_jobs": 3,
        "split_jobs": 0,
        "unpriced_jobs": 1,
        "usd": "10.9375",
        "matched_usd": "7.8125",
        "allocated_usd": "0.00",
        "matched_allocated_usd": "0.00",
        "prices": "6.25 USD/TiB, US, list of 2026-07-25",
        "measured_queries": 2,
        "never_run": 1,
    }
    queries = by_path(document)
    one = queries["shop/sql/one.sql"]
    assert one["usd"] == {
        "low": "1.5625",
        "point": "1.5625",
        "high": "1.5625",
        "basis": "job",
        "price": "6.25 USD/TiB, US, list of 2026-07-25",
    }
    assert one["runs_per_iteration"] == {"value": 1, "basis": "measured", "p90": 1}
    assert one["measured"]["estimate"]["usd"]["point"] == "3.125"
    assert queries["shop/sql/never.sql"]["measured"] is None
    (finding,) = document["findings"]
    assert finding["wasted"]["usd"]["point"] == "6.25"


def test_without_a_history_nothing_changes(costguard: Costguard, past: Path) -> None:
    plain = costguard("scan", "shop", "--format", "json").out
    measured = costguard("scan", "shop", "--jobs", past, "--format", "json").out
    assert "measured" not in plain
    assert "history" not in plain
    assert costguard("scan", "shop", "--format", "json").out == plain != measured


def test_the_cache_knows_the_history(costguard: Costguard, past: Path, bill: str, tmp_path: Path) -> None:
    def usd(*options: object) -> str:
        document = costguard("scan", "shop", "--jobs", past, "--format", "json", *options).document
        return str(by_path(document)["shop/sql/one.sql"]["usd"]["point"])

    assert [usd(), usd()] == ["1.5625", "1.5625"]
    assert usd("--billing", bill) == "0.75"
    history(tmp_path, run("c", "SELECT id FROM p.shop.orders", **HALF), run("d", "SELECT 1", **HALF))
    assert usd() == "3.125"
    assert usd("--no-cache") == "3.125"


CALIBRATION = """\
History    1 day, 5 charged jobs
Compared   2 queries: estimated by actual bytes of a run

basis  queries  p10  median  p90  within 5 %  within 20 %  within 2x
exact        2    1       1    2         50%          50%       100%
all          2    1       1    2         50%          50%       100%

worst               estimated   actual  ratio  basis
shop/sql/all.sql:1      1 TiB  512 GiB      2  exact
"""


def test_calibrate(costguard: Costguard, past: Path) -> None:
    done = costguard("calibrate", "shop", "--jobs", past)
    assert (done.code, done.out, done.err) == (0, CALIBRATION, "")


def test_calibrate_for_programs(costguard: Costguard, past: Path) -> None:
    found = costguard("calibrate", "shop", "--jobs", past, "--format", "json").document
    worst, right = found.pop("queries")
    assert (worst["path"], worst["start_line"], worst["ratio"]) == ("shop/sql/all.sql", 1, 2.0)
    assert (right["path"], right["ratio"], right["basis"]) == ("shop/sql/one.sql", 1.0, "exact")
    whole = {
        "queries": 2,
        "p10": 1.0,
        "median": 1.0,
        "p90": 2.0,
        "within_5_percent": 1,
        "within_20_percent": 1,
        "within_factor_2": 2,
    }
    assert found == {
        "version": 1,
        "days": 1,
        "jobs": 5,
        "all": whole,
        "by_basis": {"exact": whole},
        "without_estimate": 0,
        "unsure": 0,
        "of_nothing": 0,
    }


def test_nothing_to_calibrate(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    history(tmp_path, run("a", "SELECT 1"))
    done = costguard("calibrate", "shop", "--jobs", tmp_path / "jobs.json")
    assert "Compared   no query" in done.out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("match", "shop"), "no job history is given: --jobs EXPORT"),
        (("calibrate", "shop"), "no job history is given: --jobs EXPORT"),
        (("scan", "shop", "--billing", "bill"), "so that --jobs EXPORT is needed too"),
        (("scan", "shop", "--jobs", "gone.json"), "gone.json: no such file"),
        (("scan", "shop", "--jobs", "shop/costguard.toml"), "no job history"),
        (("match", "shop", "--jobs", "jobs.json", "--billing", "jobs.json"), "no billing export"),
    ],
)
def test_what_is_wrong(costguard: Costguard, past: Path, arguments: tuple[str, ...], problem: str) -> None:
    done = costguard(*arguments)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err


def test_what_could_not_be_read_is_said(costguard: Costguard, past: Path, shop: Path) -> None:
    (shop / "sql" / "broken.sql").write_text("SELECT FROM WHERE\n")
    for command in ("match", "calibrate"):
        done = costguard(command, "shop", "--jobs", past)
        assert done.code == 0
        assert done.err == (
            "costguard: 1 place in the code could not be read (`costguard scan` lists them): jobs of queries there "
            "belong to no code here\n"
        )


@pytest.mark.parametrize("command", ["match", "calibrate"])
def test_nothing_that_could_be_read_is_no_answer(costguard: Costguard, past: Path, command: str) -> None:
    (past.parent / "notes.txt").touch()
    done = costguard(command, "notes.txt", "--jobs", past)
    assert (done.code, done.out) == (2, "")
    assert done.err == "costguard: nothing could be analysed: no file could be read\n"


def test_runs_are_those_of_the_iterations_that_were_found(
    costguard: Costguard, shop: Path, tmp_path: Path
) -> None:
    """Twice in one iteration, and five times in the other: on one day, so that a day would say seven. `one.sql` is in
    none. Another label, or another config, tells them apart otherwise, also of a remembered result."""
    runs = [
        run(f"{name}{number}", "SELECT * FROM p.shop.orders", **HALF, labels=[{"key": "run", "value": name}])
        for name, times in (("x", 2), ("y", 5))
        for number in range(times)
    ]
    history(tmp_path, *runs, run("c", "SELECT id FROM p.shop.orders", **HALF))
    arguments = ("scan", "shop", "--jobs", tmp_path / "jobs.json")
    before = by_path(costguard(*arguments, "--format", "json").document)["shop/sql/all.sql"]
    assert before["runs_per_iteration"] == {"value": 7, "basis": "measured", "p90": 7}
    assert before["measured"]["iterations"] is None
    config = tmp_path / "costguard.toml"
    config.write_text((config.read_text() if config.exists() else "") + '\niteration_labels = ["run"]\n')
    more = ("--config", config)
    document = costguard(*arguments, *more, "--format", "json").document
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    found = by_path(document)["shop/sql/all.sql"]
    assert found["runs_per_iteration"] == {"value": 3.5, "basis": "measured", "p90": 5}
    assert found["usd_per_iteration"]["point"] == "10.9375"  # 3.5 runs of half a TiB
    assert found["measured"]["iterations"] == {"count": 2, "median": 3.5, "p90": 5, "evidence": ["label:run"]}
    assert found["measured"]["runs_per_day"] == 7
    assert costguard(*arguments, *more, "--format", "json").document == document
    out = costguard(*arguments, *more).out
    assert "3.5 (p90 5)" in out
    assert "iterations being told by label:run (a day for 1 query); 0 never ran" in " ".join(out.split())
