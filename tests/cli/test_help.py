"""Help and version: quick, complete, and a hint for the next step."""

from __future__ import annotations

import pytest

from costguard import __version__
from costguard.cli import commands
from tests.cli.conftest import Costguard

COMMANDS = (
    *(
        "scan",
        "diff",
        "rules",
        "explain",
        "test-rules",
        "query",
        "charges",
        "jobs",
        "report",
        "iterations",
        "iteration",
    ),
    *("catalog", "prices", "doctor", "history", "match", "calibrate", "guard"),
)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(costguard: Costguard, option: str) -> None:
    done = costguard(option)
    assert done.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(costguard: Costguard, command: str) -> None:
    done = costguard(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"costguard {command}" in done.out


@pytest.mark.parametrize("command", ["pull", "show"])
def test_the_commands_of_the_catalog_have_help(costguard: Costguard, command: str) -> None:
    assert f"\n  {command} " in costguard("catalog", "--help").out
    assert f"costguard catalog {command}" in costguard("catalog", command, "--help").out


def test_nothing_given_is_help_and_no_pass(costguard: Costguard) -> None:
    done = costguard()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


def test_version(costguard: Costguard) -> None:
    assert costguard("--version").out == f"costguard {__version__}\n"


def test_a_slip_of_the_pen_gets_a_hint(costguard: Costguard) -> None:
    assert "Did you mean 'scan'?" in costguard("scna", ".").err


@pytest.mark.parametrize("place", commands.COMMANDS, ids=lambda place: place.name)
def test_the_help_says_what_each_option_does_and_takes(costguard: Costguard, place: commands.Place) -> None:
    loaded = commands.load(place)
    below = {f"{place.name} {name}": found for name, found in getattr(loaded, "commands", {}).items()}
    for name, command in {place.name: loaded, **below}.items():
        text = costguard(*name.split(), "--help").out
        for kind in ("╭", "completion", "PATH...}", "[["):
            assert kind not in text, name
        for kind in ("<str>", " range>"):
            assert kind not in text.split("\nOptions:\n")[1], name
        for item in command.params:
            assert item.help, f"{name} {item.name}"
