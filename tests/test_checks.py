"""What doctor looks at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from costguard.baseline.file import write_baseline
from costguard.baseline.model import Baseline
from costguard.checks import Check, attempted, history_checks, local_checks
from costguard.errors import UsageProblem
from tests.baseline.scans import entry
from tests.history.bills import charge, parquet

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def checks(config: Path | None, cache: Path | None = None, now: datetime = NOW) -> dict[str, Check]:
    return {check.name: check for check in local_checks(config, cache, now)}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    catalog = {"version": 1, "as_of": "2026-10-20T00:00:00Z", "tables": []}
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    path = tmp_path / "costguard.toml"
    path.write_text('catalog = "catalog.json"\n')
    return path


def test_all_is_well(config: Path, tmp_path: Path) -> None:
    found = checks(config, tmp_path / "new" / "cache")
    assert {
        name: check.state for name, check in found.items() if name not in ("parser", "Google's clients")
    } == {
        "config": "ok",
        "catalog": "ok",
        "prices": "ok",
        "rules": "ok",
        "cache": "ok",
    }
    assert found["catalog"].text == f"{tmp_path / 'catalog.json'}: 0 tables, 12 days old"


POLICY = '[[policy]]\nname = "{}"\nquery = "SELECT at FROM {}"\nmessage = "found"\n'


def test_policies(config: Path) -> None:
    plain = config.read_text()
    assert "policies" not in checks(config)
    config.write_text(plain + POLICY.format("one", "queries"))
    assert checks(config)["policies"] == Check("policies", "ok", "1 policy")
    config.write_text(plain + POLICY.format("one", "queries") + POLICY.format("two", "findings"))
    assert checks(config)["policies"].text == "2 policies"
    config.write_text(plain + POLICY.format("one", "query"))
    assert checks(config)["policies"] == Check(
        "policies",
        "problem",
        "policy one: no fact table is called 'query'; did you mean 'queries'?",
        "`costguard query` tries a query out",
    )


def test_a_baseline(config: Path) -> None:
    assert "baseline" not in checks(config)
    path = config.parent / ".costguard" / "baseline.json"
    write_baseline(Baseline((entry(),)), path)
    assert checks(config)["baseline"] == Check("baseline", "ok", f"{path}: 1 entry")
    write_baseline(Baseline((entry(), entry("bb"))), path)
    assert checks(config)["baseline"].text == f"{path}: 2 entries"
    path.write_text("{}")
    assert checks(config)["baseline"] == Check(
        "baseline", "problem", f"{path}: version: is missing", "mend the file, or fetch it from git"
    )


def test_nothing_is_there_yet() -> None:
    found = checks(None)
    assert [name for name, check in found.items() if check.state == "advice"][:3] == [
        "config",
        "catalog",
        "cache",
    ]
    assert found["catalog"].step is not None
    assert "costguard catalog pull" in found["catalog"].step


def test_old_things(config: Path) -> None:
    found = checks(config, now=datetime(2027, 11, 1, tzinfo=UTC))
    assert (found["catalog"].state, found["catalog"].step) == ("advice", "costguard catalog pull")
    assert found["prices"].state == "advice"


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ('catalogue = "x"\n', "config", "unknown key 'catalogue'; did you mean 'catalog'?"),
        ('catalog = "nowhere.json"\n', "catalog", "nowhere.json"),
        ('prices = "nowhere.json"\n', "prices", "nowhere.json"),
        ('[rules]\ndirectories = ["nowhere"]\n', "rules", "no such directory"),
    ],
)
def test_what_does_not_work(tmp_path: Path, text: str, name: str, why: str) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text(text)
    found = checks(path)[name]
    assert found.state == "problem"
    assert why in found.text
    assert found.step is not None


def test_declared_budgets(tmp_path: Path) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text("")
    assert "budgets" not in checks(path)
    budget = 'project = "p"\namount = 5\nname = "a"\n'
    other = budget.replace('"a"', '"b"')
    path.write_text(f"[[budgets]]\n{budget}[[budgets]]\n{other}")
    assert checks(path)["budgets"] == Check("budgets", "ok", "2 declared: a, b")
    path.write_text(f"[[budgets]]\n{budget}currency = 'usd'\nperiod = 'day'\n")
    found = checks(path)["budgets"]
    assert (found.state, found.step) == ("problem", "docs/budgets.md says what a budget may hold")
    assert len(found.text.splitlines()) == 2


def test_declared_guards(tmp_path: Path) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text('[guards.max_bytes]\ndefault = "5 GiB"\n')
    assert checks(path)["guards"] == Check("guards", "ok", "declared: max_bytes")
    path.write_text("[guards]\nquotas = []\n")
    found = checks(path)["guards"]
    assert (found.state, found.step) == ("problem", "docs/guards.md says what a guard may hold")
    assert found.text == "unknown key 'guards.quotas'; did you mean 'quota'?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('iteration_labels = [""]', "iteration_labels: '' is no label"),
        (
            '[[phases.rules]]\nphase = "training"\nsku = "("',
            "phases.rules.0: sku '(' is no regular expression",
        ),
    ],
)
def test_iterations_that_cannot_be_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "costguard.toml"
    path.write_text("")
    assert "iterations" not in checks(path)
    path.write_text(text)
    found = checks(path)["iterations"]
    assert (found.state, found.text[: len(said)]) == ("problem", said)


def test_a_cache_that_cannot_be_written(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert checks(config, tmp_path / "cache")["cache"].state == "problem"


def test_histories(tmp_path: Path) -> None:
    bill = parquet(tmp_path / "bill.parquet", [charge(1.0)])
    (good,) = history_checks([bill], ())
    assert (good.name, good.state, good.text) == ("bill", "ok", "1 charges from 2026-09-01 to 2026-09-01")
    (bad,) = history_checks((), [bill])
    assert (bad.name, bad.state) == ("job history", "problem")
    assert "no job history" in bad.text


def test_an_attempt() -> None:
    def fail() -> str:
        raise UsageProblem("no")

    assert attempted("a", lambda: "yes", "step") == Check("a", "ok", "yes")
    assert attempted("a", fail, "step") == Check("a", "problem", "no", "step")
