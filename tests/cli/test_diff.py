"""`costguard diff`: two revisions of a small project, from git to the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from costguard.diff.document import read_diff
from tests.cli.conftest import CATALOG, RULE, Costguard
from tests.diff.repository import Work, new_repository, settings
from tests.render.diff_schema import validate

NOW = ("--now", "2026-11-01")
"""A clock that stands still."""
CI = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


@pytest.fixture
def shop_repository(tmp_path: Path, costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A project on `main`, checked out on the branch `change`: two queries of a table of one TiB in two columns, which
    cost 6.25 and 3.125 dollars; a rule of its own, `every-column`, fires once. The commands run in its folder."""
    work = new_repository(tmp_path.resolve(), "shop")
    for name, value in settings(tmp_path).items():
        if name.startswith("GIT_CONFIG"):
            monkeypatch.setenv(name, value)
    for name in CI:
        monkeypatch.delenv(name, raising=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    work.put("sql/all.sql", "SELECT *\nFROM p.shop.orders;\n")
    work.put("sql/one.sql", "SELECT id FROM p.shop.orders\n")
    work.put("catalog.json", json.dumps(CATALOG))
    work.put("costguard.toml", 'catalog = "catalog.json"\n[rules]\nignore = ["select-star-base"]\n')
    work.put(".costguard/rules/own/every-column.md", RULE)
    work.commit()
    work.git("checkout", "-q", "-b", "change")
    monkeypatch.chdir(work.top)
    return work


def temporary_files() -> list[str]:
    return os.listdir(tempfile.gettempdir())


def test_no_change(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("README.md", "words")
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("One iteration costs the same\nmain (")
    assert "Queries    2 unchanged\n" in done.out
    assert "Gate       passed" in done.out
    assert temporary_files() == []


def test_a_costly_change(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/one.sql", "SELECT id, day FROM p.shop.orders\n")
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.commit()
    done = costguard("diff", "main", *NOW, "--max-increase-usd", "6", "--fail-on", "never")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0] == "One iteration costs $6.25 more (+67 %)"
    assert lines[3:8] == [
        "Changed queries          before  after  change",
        "  sql/new.sql:1 (added)          $3.12  +$3.12",
        "      SELECT of p.shop.orders",
        "  sql/one.sql:1           $3.12  $6.25  +$3.12",
        "      p.shop.orders: also reads day",
    ]
    assert lines[-1] == (
        "Gate       FAILED: one iteration costs $6.25 more than before, over $6.00 (--max-increase-usd)"
    )
    assert costguard("diff", *NOW, "--max-increase-usd", "6.25").code == 0


def test_json_by_its_schema_and_read_again(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/one.sql", "SELECT id, day FROM p.shop.orders\n")
    head = shop_repository.commit()
    done = costguard("diff", *NOW, "--format", "json", "--output", "diff.json")
    assert (done.code, done.out, done.err) == (0, "", "")
    document = json.loads(Path("diff.json").read_text())
    validate(document)
    assert document["head"]["commit"] == head
    assert [row["state"] for row in document["queries"]] == ["dearer", "unchanged"]
    diff, verdict = read_diff(Path("diff.json"))
    assert [change.query.path for change in diff.queries] == ["sql/one.sql", "sql/all.sql"]
    assert verdict.verdict == "pass"


@pytest.mark.parametrize(("format", "start"), [("markdown", "## ✅ One iter"), ("html", "<!doctype html>")])
def test_other_formats(costguard: Costguard, shop_repository: Work, format: str, start: str) -> None:
    done = costguard("diff", *NOW, "--format", format)
    assert done.out.startswith(start)


def test_only_new_findings_fail(costguard: Costguard, shop_repository: Work) -> None:
    """One that was there before does not, wherever it moved."""
    shop_repository.git("mv", "sql/all.sql", "sql/everything.sql")
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.code == 0
    assert "Findings   0 new, 0 fixed, 1 known" in done.out
    shop_repository.put("sql/again.sql", "SELECT * FROM p.shop.orders")
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.code == 1
    assert "error[every-column] sql/again.sql:1" in done.out
    assert "FAILED: 1 new finding of severity error or above (--fail-on error)" in done.out


def test_a_second_diff_parses_nothing(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.commit()
    first = costguard("diff", *NOW)
    probe = (
        "import sys; sys.argv = ['costguard', *sys.argv[1:]]\n"
        "import atexit; atexit.register(lambda: print('sqlglot' in sys.modules, file=sys.stderr))\n"
        "from costguard.cli.main import run; run()"
    )
    again = subprocess.run(
        [sys.executable, "-c", probe, "diff", *NOW],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (again.stdout, again.stderr) == (first.out, "False\n")


def test_the_work_tree_and_index_are_not_touched(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.commit()
    shop_repository.put("sql/new.sql", "SELECT broken")
    shop_repository.put("sql/untracked.sql", "SELECT 1")
    index = (shop_repository.top / ".git" / "index").read_bytes()
    status = shop_repository.git("status", "--porcelain")
    done = costguard("diff", *NOW)
    assert "sql/new.sql:1 (added)" in done.out
    assert "untracked" not in done.out
    assert (shop_repository.top / ".git" / "index").read_bytes() == index
    assert shop_repository.git("status", "--porcelain") == status
    assert (shop_repository.top / "sql" / "new.sql").read_text() == "SELECT broken"


def test_the_work_tree_as_it_is(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/untracked.sql", "SELECT day FROM p.shop.orders")
    shop_repository.put("sql/one.sql", "SELECT id, day FROM p.shop.orders")
    done = costguard("diff", "HEAD", "--worktree", *NOW)
    assert "HEAD (" in done.out.splitlines()[1]
    assert done.out.splitlines()[1].endswith(") → the work tree")
    assert "Queries    1 dearer, 1 added, 1 unchanged\n" in done.out


def test_what_git_ignores_is_on_neither_side(costguard: Costguard, shop_repository: Work) -> None:
    """A macro of a package that was installed is no change of the project."""
    work = shop_repository
    work.put("dbt_project.yml", "name: shop\nprofile: shop\n")
    work.put("models/m.sql", "SELECT {{ dbt_utils.star() }} FROM p.shop.orders\n")
    work.put(".gitignore", "dbt_packages/\n")
    work.commit()
    work.put("dbt_packages/dbt_utils/macros/star.sql", "{% macro star() %}id, day{% endmacro %}")
    done = costguard("diff", "HEAD", "--worktree", *NOW)
    assert "Queries    3 unchanged\n" in done.out


def test_below_paths(costguard: Costguard, shop_repository: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given from where the command runs, printed from the top."""
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.put("other/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.commit()
    monkeypatch.chdir(shop_repository.top / "other")
    done = costguard("diff", "main", ".", *NOW)
    assert "other/new.sql:1 (added)" in done.out
    assert "sql/new.sql" not in done.out
    assert "Queries    1 added, 0 unchanged\n" in done.out
    assert "sql/new.sql:1 (added)" in costguard("diff", "../sql", *NOW).out
    assert costguard("diff", *NOW).out.count("(added)") == 2


# -- settings ------------------------------------------------------------------------------------------


def test_runs_in_the_config_are_a_change(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put(
        "costguard.toml",
        'catalog = "catalog.json"\n[rules]\nignore = ["select-star-base"]\n[runs]\n"sql/one.sql" = 5\n',
    )
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.out.startswith("One iteration costs $12.50 more (+133 %)")
    assert "runs: 1 → 5 (declared)" in done.out
    assert "the config differs in runs: each side is scanned with its own" in " ".join(done.out.split())
    same = costguard("diff", *NOW, "--same-settings")
    assert same.out.startswith("One iteration costs the same")
    assert "the config differs" not in same.out


def test_the_catalog_is_each_sides_own(costguard: Costguard, shop_repository: Work) -> None:
    (table,) = CATALOG["tables"]  # type: ignore[misc]
    columns = [{**column, "bytes": column["bytes"] * 2} for column in table["columns"]]
    grown = {"version": 1, "tables": [{**table, "columns": columns, "bytes": table["bytes"] * 2}]}
    shop_repository.put("catalog.json", json.dumps(grown))
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.out.startswith("One iteration costs $9.38 more (+100 %)")
    assert "its file is the same; p.shop.orders: 512 GiB → 1 TiB" in done.out
    assert "the catalog differs: part of the change may be that of the tables" in " ".join(done.out.split())
    assert costguard("diff", *NOW, "--same-settings").out.startswith("One iteration costs the same")
    assert costguard("diff", *NOW, "--catalog", "catalog.json").out.startswith("One iteration costs the same")


def test_a_catalog_that_only_the_head_has(costguard: Costguard, shop_repository: Work) -> None:
    """The base is priced by it too: a catalog that is added makes nothing dearer."""
    shop_repository.git("checkout", "-q", "main")
    shop_repository.put("costguard.toml", "")
    shop_repository.commit("no catalog")
    shop_repository.git("checkout", "-q", "-B", "change")
    shop_repository.put("costguard.toml", 'catalog = "catalog.json"\n')
    shop_repository.commit()
    done = costguard("diff", *NOW, "--fail-on", "never")
    assert done.out.startswith("One iteration costs the same")
    assert "main names no catalog: that of HEAD is used" in done.out


def test_a_catalog_that_is_not_checked_in(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.git("checkout", "-q", "main")
    shop_repository.git("rm", "-q", "--cached", "catalog.json")
    shop_repository.put(".gitignore", "catalog.json\n")
    shop_repository.commit("the catalog is pulled")
    shop_repository.git("checkout", "-q", "-B", "change")
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.out.startswith("One iteration costs $3.12 more")
    assert "catalog.json is not in main: that of the work tree is used" in done.out
    (shop_repository.top / "catalog.json").unlink()
    missing = costguard("diff", *NOW)
    assert missing.code == 2
    assert missing.err == "costguard: main:catalog.json: no such file\n"
    assert tempfile.gettempdir() not in missing.err


def test_limits_in_the_heads_config(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("sql/new.sql", "SELECT day FROM p.shop.orders\n")
    shop_repository.put(
        "costguard.toml",
        'catalog = "catalog.json"\nmax_increase_usd = 1\nmax_increase_pct = "20%"\nmin_usd = 0.5\n'
        'warn_increase_usd = 0.5\nwarn_increase_pct = 10\nmin_read_share = 0.9\nfail_on = "never"\n',
    )
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.code == 1
    words = " ".join(done.out.split())
    for reason in (
        "costs $3.12 more than before, over $1.00 (--max-increase-usd)",
        "costs 33.3 % more than before, over 20 % (--max-increase-pct)",
        "warning: one iteration costs $3.12 more than before, over $0.50 (--warn-increase-usd)",
        "over 10 % (--warn-increase-pct)",
    ):
        assert reason in words
    given = ("--max-increase-usd", "4", "--max-increase-pct", "34%", "--min-usd", "4")
    done = costguard("diff", *NOW, *given)
    assert done.code == 0
    assert "1 changed by less than $4.00" in costguard("diff", *NOW, *given, "--format", "markdown").out


def test_rules_of_the_head_on_both_sides(costguard: Costguard, shop_repository: Work) -> None:
    """A rule that is written makes no old code new."""
    page = RULE.replace("id: every-column", "id: every-row").replace("aliases: [star-of-old]\n", "")
    shop_repository.put(".costguard/rules/own/every-row.md", page)
    shop_repository.commit()
    done = costguard("diff", *NOW, "--rule", "every-row")
    assert (done.code, "Findings   0 new, 0 fixed, 1 known" in done.out) == (0, True)


def test_a_config_that_is_named(costguard: Costguard, shop_repository: Work) -> None:
    """Each side has its own version, where it is checked in."""
    shop_repository.put("ci.toml", 'catalog = "catalog.json"\n')
    shop_repository.commit()
    shop_repository.git("branch", "-f", "main")
    shop_repository.put("ci.toml", 'catalog = "catalog.json"\n[runs]\n"sql/one.sql" = 2\n')
    shop_repository.commit()
    done = costguard("diff", *NOW, "--config", "ci.toml", "--fail-on", "never")
    assert done.out.startswith("One iteration costs $3.12 more (+33 %)")
    (shop_repository.top.parent / "outside.toml").write_text(
        f'catalog = "{shop_repository.top}/catalog.json"\n'
    )
    outside = costguard("diff", *NOW, "--config", "../outside.toml", "--fail-on", "never")
    assert outside.out.startswith("One iteration costs the same")


def test_the_cache_of_the_config_lies_in_the_work_tree(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("costguard.toml", 'catalog = "catalog.json"\ncache = ".cache-of-ours"\n')
    shop_repository.commit()
    costguard("diff", *NOW)
    assert [path.name for path in (shop_repository.top / ".cache-of-ours").iterdir()] == [
        "costguard-cache.sqlite"
    ]


# -- dbt -----------------------------------------------------------------------------------------------


def test_a_dbt_project_without_a_change_of_sql(costguard: Costguard, shop_repository: Work) -> None:
    work = shop_repository
    project = "name: shop\nprofile: shop\nvars:\n  columns: id\nmodels:\n  shop:\n    +materialized: table\n"
    work.put("dbt_project.yml", project)
    work.put("models/m.sql", "SELECT {{ var('columns') }} FROM p.shop.orders WHERE {{ good() }}\n")
    work.put("macros/good.sql", "{% macro good() %}id > 0{% endmacro %}\n")
    work.commit()
    work.git("branch", "-f", "main")
    paths = ("models",)

    work.put("dbt_project.yml", project.replace("columns: id", "columns: id, day"))
    work.commit("a variable")
    done = costguard("diff", "main", *paths, *NOW)
    assert "models/m.sql:1   $3.12  $6.25  +$3.12" in done.out
    assert "its file is the same, its SQL is not" in done.out

    work.put("dbt_project.yml", project.replace("materialized: table", "materialized: view"))
    work.commit("a view")
    done = costguard("diff", "main", *paths, *NOW)
    assert "models/m.sql:1   $3.12  $0.00  -$3.12" in done.out
    assert "materialization: table → view" in done.out

    work.put("dbt_project.yml", project + "    +partition_by: {field: day, data_type: date}\n")
    work.commit("partitions")
    done = costguard("diff", "main", *paths, *NOW)
    assert "Changed at the same cost\n  models/m.sql:1\n      layout: none → partitioned by day" in done.out

    work.put("dbt_project.yml", project)
    work.put("macros/good.sql", "{% macro good() %}day > '2026-01-01'{% endmacro %}\n")
    work.commit("a macro")
    done = costguard("diff", "main", *paths, *NOW)
    assert "models/m.sql:1   $3.12  $6.25  +$3.12" in done.out
    assert "p.shop.orders: also reads day" in done.out


# -- strangers -----------------------------------------------------------------------------------------


def test_links_and_submodules_are_said(costguard: Costguard, shop_repository: Work) -> None:
    (shop_repository.top / "sql" / "link.sql").symlink_to("/etc/passwd")
    shop_repository.git("add", "-A")
    shop_repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor")
    shop_repository.git("commit", "-qm", "odd")
    done = costguard("diff", *NOW, "--format", "json")
    assert done.document["remarks"] == [
        "1 symbolic link is not followed: sql/link.sql",
        "1 submodule is not read: vendor",
    ]
    assert len(done.document["queries"]) == 2
    work_tree = costguard("diff", "HEAD", "--worktree", *NOW, "--format", "json")
    assert work_tree.document["remarks"][0] == "1 symbolic link is not followed: sql/link.sql"


def test_paths_that_lead_out_are_said(costguard: Costguard, shop_repository: Work) -> None:
    work = shop_repository
    blob = work.git("hash-object", "-w", "--stdin", data=b"SELECT id FROM p.shop.orders")
    inner = work.git("mktree", data=f"100644 blob {blob}\tq.sql\n".encode())
    listing = work.git("ls-tree", "-z", "main").encode()
    tree = work.git("mktree", "-z", data=listing + f"040000 tree {inner}\t..\0".encode())
    commit = work.git("commit-tree", tree, "-p", "main", "-m", "hostile")
    done = costguard("diff", "main", "--head", commit, *NOW, "--format", "json")
    assert done.document["remarks"] == ["1 path is not read (leads out of its folder): ../q.sql"]
    assert len(done.document["queries"]) == 2


def test_contents_that_are_not_here(costguard: Costguard, shop_repository: Work) -> None:
    """As in a partial clone: what is missing on one side would look as if it had been written or deleted."""
    shop_repository.put("sql/one.sql", "SELECT id, day FROM p.shop.orders\n")
    shop_repository.commit()
    name = shop_repository.git("rev-parse", "main:sql/one.sql")
    (shop_repository.top / ".git" / "objects" / name[:2] / name[2:]).unlink()
    done = costguard("diff", *NOW)
    assert (done.code, done.err) == (
        2,
        "costguard: git cannot read the revision (the content of sql/one.sql is not here); `git fsck` says what is "
        "damaged\n",
    )


def test_a_config_that_leads_out(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("costguard.toml", 'catalog = "../../../../../etc/passwd"\n')
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert done.code == 2
    assert "root:" not in done.err


# -- bad input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope",), "'nope' is no revision that is known here (is it fetched?); and there is no such path"),
        (("main..change",), "'main..change' names two revisions: costguard diff main --head change"),
        (("main", "nope.sql"), "nope.sql: no such file or directory in main or HEAD"),
        (("main", "/etc"), "/etc: lies outside of the repository"),
        (("--head", "nope"), "'nope' is no revision that is known here"),
        (
            ("sql2",),
            "'sql2' is both a revision and a path: write --base sql2 for the one, ./sql2 for the other",
        ),
        (
            ("--max-increase-usd", "much"),
            "--max-increase-usd 'much' is not an amount of dollars such as 2.50",
        ),
        (("--max-increase-pct", "-1"), "--max-increase-pct '-1' must be 0 or more"),
        (("--warn-increase-pct", "x%"), "--warn-increase-pct 'x%' is not an amount of percent such as 10"),
        (("--output", "none/x.json"), "none/x.json: cannot be written"),
        (("--location", "Atlantis"), "there is no price for location 'Atlantis'"),
        (("--now", "noon"), "--now 'noon' is not a time"),
        (("main", "README.md"), "nothing could be analysed: there is no file to read on either side"),
    ],
)
def test_bad_input(
    costguard: Costguard, shop_repository: Work, arguments: tuple[str, ...], message: str
) -> None:
    shop_repository.put("sql2", "a file that is called like a branch")
    shop_repository.put("README.md", "words")
    shop_repository.commit()
    shop_repository.git("branch", "sql2")
    done = costguard("diff", *arguments)
    assert done.code == 2
    assert message in " ".join((done.err + done.out).split())
    assert temporary_files() == []


def test_a_broken_config_is_named_by_its_revision(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("costguard.toml", "catalogue = 1\n")
    shop_repository.commit()
    done = costguard("diff", *NOW)
    assert (done.code, done.err) == (
        2,
        "costguard: HEAD:costguard.toml: unknown key 'catalogue'; did you mean 'catalog'?\n",
    )


def test_not_a_repository(costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    done = costguard("diff")
    assert done.code == 2
    assert "not in a git repository" in done.err


def test_a_base_that_is_both(costguard: Costguard, shop_repository: Work) -> None:
    shop_repository.put("main", "a file that is called like a branch")
    shop_repository.commit()
    assert costguard("diff", "--base", "main", *NOW).code == 0
    assert "no file to read" in costguard("diff", "./main", *NOW).out


def test_one_commit_is_said(costguard: Costguard, shop_repository: Work) -> None:
    done = costguard("diff", *NOW)
    assert done.code == 0
    assert "main and HEAD are the same commit: there is nothing to compare" in done.out


def test_in_ci(costguard: Costguard, shop_repository: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    shop_repository.commit()
    shop_repository.git("update-ref", "refs/remotes/origin/main", "main")
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert costguard("diff", *NOW).out.splitlines()[1].startswith("origin/main (")


def test_an_interrupt_leaves_nothing(
    costguard: Costguard, shop_repository: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def interrupted(*_: object) -> None:
        seen.extend(temporary_files())
        raise KeyboardInterrupt

    monkeypatch.setattr("costguard.pipeline.scan", interrupted)
    done = costguard("diff", *NOW)
    assert (done.code, done.err) == (130, "costguard: interrupted\n")
    assert len(seen) == 2
    assert temporary_files() == []


def test_to_be_told_to_end_leaves_nothing(
    costguard: Costguard, shop_repository: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def cancelled(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it goes on")

    monkeypatch.setattr("costguard.pipeline.scan", cancelled)
    assert costguard("diff", *NOW).code == 143
    assert temporary_files() == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_query_that_code_reads_from_a_file(costguard: Costguard, shop_repository: Work) -> None:
    """Such a file is read from the commit, not from the work tree."""
    work = shop_repository
    work.put("job.py", "import pandas as pd\npd.read_gbq(open('sql/q.txt').read())\n")
    work.put("sql/q.txt", "SELECT id FROM p.shop.orders")
    work.commit()
    work.git("branch", "-f", "main")
    work.put("sql/q.txt", "SELECT id, day FROM p.shop.orders")
    work.commit()
    work.put("sql/q.txt", "SELECT 1")
    done = costguard("diff", *NOW, "--fail-on", "never")
    assert "job.py:2        $3.12  $6.25  +$3.12" in done.out
    assert "its file is the same, its SQL is not" in done.out
