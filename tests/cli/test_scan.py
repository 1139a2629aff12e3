"""`costguard scan`: what it writes, where, and the code it ends with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import CATALOG, Costguard

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "tests" / "render" / "scan-result.schema.json").read_text())
ONLY = ("--rule", "every-column")


def test_json_on_standard_output_and_nothing_else(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", shop, *ONLY, "--format", "json")
    assert done.code == 1
    assert done.err == ""
    jsonschema.validate(done.document, SCHEMA, jsonschema.Draft202012Validator)
    summary = done.document["summary"]
    assert (summary["files"], summary["queries"], summary["findings"]) == (2, 2, 1)
    assert summary["verdict"] == "fail"
    assert summary["usd_per_iteration"] == {
        "low": "9.375",  # a TiB at 6.25 and half of one
        "point": "9.375",
        "high": "9.375",
        "basis": "exact",
        "unknown_queries": 0,
        "assumed_runs": 2,
        "counted_elsewhere": 0,
    }
    (finding,) = done.document["findings"]
    assert finding["path"].endswith("shop/sql/all.sql")
    assert finding["message"] == "p.shop.orders: every column is read"
    assert finding["help"] == "Name the columns."
    assert finding["wasted"]["usd"]["point"] == "6.25"
    assert finding["query"] == done.document["queries"][0]["id"]


def test_the_example_is_valid_by_the_schema(costguard: Costguard) -> None:
    done = costguard("scan", ROOT / "examples" / "churn", "--now", "2026-11-01", "--format", "json")
    assert done.code in (0, 1)
    jsonschema.validate(done.document, SCHEMA, jsonschema.Draft202012Validator)
    assert len(done.document["queries"]) > 10


def test_text_for_people(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", *ONLY)
    assert done.code == 1
    assert done.err == ""
    assert done.out.splitlines() == [
        "── shop/sql/all.sql ────────────────────────────────────────────────────────────────────── 1 finding",
        "error[every-column] shop/sql/all.sql:2:6",
        "   2 │ FROM p.shop.orders;",
        "     │      ^^^^^^^^^^^^^",
        "       p.shop.orders: every column is read",
        "       wastes $6.25 an iteration, 1 TiB a run",
        "       to fix Name the columns.",
        "",
        "Dearest queries       bytes billed  $ a run       runs  $ an iteration",
        "  shop/sql/all.sql:1         1 TiB    $6.25  1 assumed           $6.25",
        "  shop/sql/one.sql:1       512 GiB    $3.12  1 assumed           $3.12",
        "",
        "Iteration  $9.38 for 2 queries in 2 files",
        "           each of them is assumed to run once per iteration (`runs` in the config knows better)",
        "Findings   1 error",
        "Gate       FAILED: 1 finding of severity error or above (--fail-on error)",
    ]


def test_a_second_scan_says_the_same(costguard: Costguard, shop: Path) -> None:
    first = costguard("scan", shop, *ONLY)
    again = costguard("scan", shop, *ONLY)
    uncached = costguard("scan", shop, *ONLY, "--no-cache")
    assert first == again == uncached


def test_no_cache_leaves_nothing_behind(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    costguard("scan", shop, "--no-cache")
    assert not (tmp_path / ".cache").exists()
    costguard("scan", shop)
    assert [path.name for path in (tmp_path / ".cache" / "costguard").glob("*.sqlite")] == [
        "costguard-cache.sqlite"
    ]


def test_the_config_switches_the_cache_off(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    (shop / "costguard.toml").write_text('catalog = "catalog.json"\ncache = false\n')
    costguard("scan", shop)
    assert not (tmp_path / ".cache").exists()


def test_a_cache_that_cannot_be_used_is_a_note(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("a file where the folder should be")
    done = costguard("scan", shop, *ONLY, "--format", "json")
    assert done.code == 1
    assert done.document["summary"]["findings"] == 1
    assert re.fullmatch(r"costguard: the cache in \S+ cannot be used \(.*\); scanning without it\n", done.err)
    assert costguard("scan", shop, *ONLY, "--format", "json", "--quiet").err == ""


# -- the gate ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fail-on", "error"), 1),
        (("--fail-on", "note"), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "never", "--max-usd-per-query", "6.24"), 1),
        (("--fail-on", "never", "--max-usd-per-query", "$6.25"), 0),
        (("--fail-on", "never", "--max-usd-per-iteration", "9.37"), 1),
        (("--fail-on", "never", "--max-usd-per-iteration", "9.375"), 0),
    ],
)
def test_exit_codes_of_the_gate(
    costguard: Costguard, shop: Path, options: tuple[str, ...], code: int
) -> None:
    assert costguard("scan", shop, *ONLY, *options).code == code


def test_the_config_sets_the_gate_and_the_command_line_goes_before(costguard: Costguard, shop: Path) -> None:
    (shop / "costguard.toml").write_text(
        'catalog = "catalog.json"\nfail_on = "never"\nmax_usd_per_iteration = 5\nmax_usd_per_query = "7"\n'
    )
    done = costguard("scan", shop, *ONLY)
    assert done.code == 1
    assert (
        "Gate       FAILED: one iteration costs $9.38, more than $5.00 (--max-usd-per-iteration)" in done.out
    )
    assert costguard("scan", shop, *ONLY, "--max-usd-per-iteration", "10").code == 0
    assert costguard("scan", shop, *ONLY, "--max-usd-per-iteration", "10", "--fail-on", "error").code == 1


def test_severities_of_the_config_decide(costguard: Costguard, shop: Path) -> None:
    config = shop / "costguard.toml"
    config.write_text('catalog = "catalog.json"\n[rules.severity]\nevery-column = "note"\n')
    assert costguard("scan", shop, *ONLY).code == 0
    assert costguard("scan", shop, *ONLY, "--fail-on", "note").code == 1
    config.write_text('[rules]\nignore = ["star-of-old"]\n')
    document = costguard("scan", shop, "--format", "json").document
    assert "every-column" not in {finding["rule"] for finding in document["findings"]}


def test_an_ignored_finding_does_not_fail(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text(
        "-- costguard: ignore[every-column] the export needs them\nSELECT * FROM p.shop.orders\n"
    )
    done = costguard("scan", shop, *ONLY, "--format", "json")
    assert done.code == 0
    assert [finding["suppressed"] for finding in done.document["findings"]] == ["the export needs them"]
    assert done.document["summary"]["findings"] == 0
    assert done.document["summary"]["suppressed"] == 1


# -- options -------------------------------------------------------------------------------------------


def test_runs_of_the_config_multiply(costguard: Costguard, shop: Path) -> None:
    (shop / "costguard.toml").write_text('catalog = "catalog.json"\n[runs]\n"sql/one.sql" = 4\n')
    document = costguard("scan", shop, *ONLY, "--format", "json").document
    one = next(query for query in document["queries"] if query["path"].endswith("one.sql"))
    assert one["runs_per_iteration"] == {"value": 4, "basis": "declared"}
    assert one["usd_per_iteration"]["point"] == "12.50"
    assert document["summary"]["usd_per_iteration"]["point"] == "18.75"


def test_the_location_sets_the_price(costguard: Costguard, shop: Path) -> None:
    catalog = json.loads(json.dumps(CATALOG))
    for table in catalog["tables"]:
        del table["location"]
    (shop / "catalog.json").write_text(json.dumps(catalog))
    prices = {
        location: costguard("scan", shop, *ONLY, "--location", location, "--format", "json").document[
            "queries"
        ][0]["usd"]
        for location in ("US", "europe-west6")
    }
    assert prices["US"]["point"] == "6.25"
    assert prices["europe-west6"]["point"] == "8.75"
    assert "europe-west6" in prices["europe-west6"]["price"]


def test_project_and_dataset_complete_names(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text("SELECT * FROM orders")
    bare = costguard("scan", shop, *ONLY, "--format", "json").document
    assert bare["summary"]["usd_per_iteration"]["unknown_queries"] == 1
    named = costguard("scan", shop, *ONLY, "--project", "p", "--dataset", "shop", "--format", "json").document
    assert named["summary"]["usd_per_iteration"]["unknown_queries"] == 0


def test_a_catalog_of_the_command_line_replaces_that_of_the_config(costguard: Costguard, shop: Path) -> None:
    (shop / "other.json").write_text('{"version": 1, "tables": []}')
    done = costguard("scan", shop, *ONLY, "--catalog", shop / "other.json", "--format", "json")
    assert done.document["summary"]["usd_per_iteration"]["unknown_queries"] == 2
    assert done.document["summary"]["usd_per_iteration"]["point"] is None


def test_catalogs_add_up(costguard: Costguard, shop: Path) -> None:
    (shop / "other.json").write_text('{"version": 1, "tables": []}')
    both = ("--catalog", shop / "other.json", "--catalog", shop / "catalog.json")
    done = costguard("scan", shop, *ONLY, *both, "--format", "json")
    assert done.document["summary"]["usd_per_iteration"]["point"] == "9.375"


def test_a_config_can_be_named(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[tool.costguard]\nfail_on = "never"\n')
    done = costguard("scan", shop, "--config", tmp_path / "other.toml", "--format", "json")
    assert done.code == 0
    assert done.document["summary"]["usd_per_iteration"]["unknown_queries"] == 2


def test_files_and_folders_together(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop/sql/one.sql", "shop/sql", "--format", "json")
    assert [query["path"] for query in done.document["queries"]] == ["shop/sql/all.sql", "shop/sql/one.sql"]


def test_every_finding_on_demand(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text("SELECT * FROM p.shop.orders;\n" * 130)
    done = costguard("scan", shop, *ONLY)
    assert done.out.count("error[every-column]") == 100
    assert "30 more findings beside these 100" in done.out
    assert costguard("scan", shop, *ONLY, "--all").out.count("error[every-column]") == 130


# -- where it goes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "text"])
def test_output_is_written_whole(costguard: Costguard, shop: Path, tmp_path: Path, form: str) -> None:
    shown = costguard("scan", shop, *ONLY, "--format", form)
    written = costguard("scan", shop, *ONLY, "--format", form, "--output", "out.txt")
    assert (written.code, written.out, written.err) == (1, "", "")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == shown.out
    assert [path.name for path in tmp_path.iterdir() if "out.txt" in path.name] == ["out.txt"]


def test_output_keeps_the_old_file_when_the_scan_fails(
    costguard: Costguard, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.json").write_text("old")
    done = costguard("scan", shop, "--catalog", "nowhere.json", "--format", "json", "-o", "out.json")
    assert done.code == 2
    assert (tmp_path / "out.json").read_text() == "old"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("missing/out.json", "missing/out.json: cannot be written (there is no directory missing)"),
        ("shop", "shop: is a directory, and a file is needed"),
    ],
)
def test_output_that_cannot_be_written(costguard: Costguard, shop: Path, output: str, message: str) -> None:
    done = costguard("scan", shop, "--output", output)
    assert (done.code, done.out, done.err) == (2, "", f"costguard: {message}\n")


# -- as a process --------------------------------------------------------------------------------------


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    return subprocess.run(
        [sys.executable, "-c", "from costguard.cli.main import run; run()", *arguments],
        cwd=cwd,
        capture_output=True,
        timeout=60,
        env={**clean, "XDG_CACHE_HOME": str(cwd / ".cache"), "PYTHONPATH": str(ROOT), **environment},
    )


def test_no_colour_off_a_terminal(shop: Path) -> None:
    done = process("scan", ".", *ONLY, cwd=shop)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal_unless_it_is_refused(
    costguard: Costguard,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    coloured: bool,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    done = costguard("scan", shop, *ONLY)
    assert ("\x1b[1;31merror[every-column]\x1b[0m" in done.out) is coloured
    assert ("\x1b" in done.out) is coloured


def test_the_width_follows_the_terminal(shop: Path) -> None:
    for columns, width in (("80", 80), ("110", 110), ("300", 120)):
        done = process("scan", ".", *ONLY, cwd=shop, COLUMNS=columns)
        assert len(done.stdout.decode().splitlines()[0]) == width


def test_a_terminal_without_unicode_gets_question_marks(shop: Path) -> None:
    done = process("scan", ".", *ONLY, cwd=shop, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1
    assert b"?? sql/all.sql ????" in done.stdout
    assert done.stderr == b""


def test_a_reader_that_goes_away_is_no_error(shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text("SELECT * FROM p.shop.orders;\n" * 3000)
    program = f"{sys.executable} -c 'from costguard.cli.main import run; run()'"
    command = f"{program} scan . --format json --fail-on never | head -c 10"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=shop,
        capture_output=True,
        timeout=60,
        env={**os.environ, "XDG_CACHE_HOME": str(shop / ".cache"), "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_project_of_many_files_is_read_by_several_processes(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"q{number:02}.sql").write_text(f"SELECT c{number} FROM p.shop.orders;\n" * 3)
    one = process("scan", ".", "--format", "json", "--no-cache", "--jobs-parallel", "1", cwd=tmp_path)
    two = process("scan", ".", "--format", "json", "--no-cache", "--jobs-parallel", "2", cwd=tmp_path)
    assert one.stdout == two.stdout
    assert json.loads(one.stdout)["summary"]["queries"] == 180
