"""The table of commands says of each what the command says itself."""

from __future__ import annotations

import inspect

import pytest

from costguard.cli.commands import COMMANDS, Place, load
from tests.cli.conftest import Costguard


@pytest.mark.parametrize("place", COMMANDS, ids=lambda place: place.name)
def test_a_command_is_where_the_table_says(place: Place) -> None:
    command = load(place)
    assert command.name == place.name
    assert inspect.cleandoc(command.help).splitlines()[0] == place.help


def test_each_name_is_there_once() -> None:
    assert len({place.name for place in COMMANDS}) == len(COMMANDS)


def test_all_are_listed_in_order(costguard: Costguard) -> None:
    listed = costguard("--help").out.split("Commands:\n")[1].split("\n")
    names = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    assert names == [place.name for place in COMMANDS]


def test_the_name_of_no_command_is_answered_with_a_like_one(costguard: Costguard) -> None:
    done = costguard("sacn", ".")
    assert done.code == 2
    assert "Did you mean 'scan'?" in done.err


@pytest.mark.parametrize("arguments", [["scan", "-h"], ["catalog", "-h"], ["catalog", "pull", "-h"]])
def test_every_command_has_short_help(costguard: Costguard, arguments: list[str]) -> None:
    done = costguard(*arguments)
    assert done.code == 0
    assert done.out.startswith(f"Usage: costguard {' '.join(arguments[:-1])} ")
