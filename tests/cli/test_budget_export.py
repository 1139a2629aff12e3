"""`costguard budget export`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Costguard

DECLARED = '[[budgets]]\nname = "b"\nbilling_account = "000000-AAAAAA-BBBBBB"\namount = 5\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "costguard.toml"
    file.write_text(DECLARED)
    return file


def test_terraform(costguard: Costguard, config: Path) -> None:
    done = costguard("budget", "export", "--terraform")
    assert (done.code, done.err) == (0, "")
    assert '\nresource "google_billing_budget" "b" {\n' in done.out


def test_gcloud(costguard: Costguard, config: Path, tmp_path: Path) -> None:
    script = tmp_path / "budgets.sh"
    done = costguard("budget", "export", "--gcloud", "--config", config, "--output", script)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "\ngcloud billing budgets create \\\n" in script.read_text()


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (DECLARED, (), "say what to write: either --terraform or --gcloud"),
        (DECLARED, ("--terraform", "--gcloud"), "say what to write: either --terraform or --gcloud"),
        (
            "",
            ("--terraform",),
            "the config declares no budgets ([[tool.costguard.budgets]]); `costguard budget sug",
        ),
        (
            DECLARED + "amuont = 3\n",
            ("--gcloud",),
            "budget 'b': unknown key 'amuont'; did you mean 'amount'?",
        ),
        (DECLARED, ("--gcloud", "-o", "no/where.sh"), "no/where.sh: cannot be written"),
    ],
)
def test_what_cannot_be_exported(
    costguard: Costguard, config: Path, text: str, arguments: tuple[str, ...], message: str
) -> None:
    config.write_text(text)
    done = costguard("budget", "export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: {message}")
    assert done.err.count("\n") == 1
