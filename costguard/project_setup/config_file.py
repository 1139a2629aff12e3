"""The config that `costguard init` writes: what was found out, and beside it the keys that a project needs next."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Final

from costguard.errors import UsageProblem
from costguard.project_setup.detect import Detected, Guess
from costguard.toml_string import toml_string

_HEADER: Final = """\
# What costguard has to know of this project. Every key is optional, and `costguard doctor` says what is missing.
"""


def config_text(found: Detected) -> str:
    """A whole costguard.toml."""
    return "\n".join((_HEADER, *_lines(found, ""), ""))


def pyproject_text(before: str, found: Detected) -> str:
    """A pyproject.toml with a table for costguard at its end; what is there stays as it is.

    Raises:
        UsageProblem: it is not TOML, or has such a table already.
    """
    try:
        document = tomllib.loads(before)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"pyproject.toml: not TOML ({error}); nothing was added") from None
    tool = document.get("tool")
    if isinstance(tool, dict) and "costguard" in tool:
        raise UsageProblem("pyproject.toml: has [tool.costguard] already; nothing was added")
    added = "\n".join(("[tool.costguard]", *_lines(found, "tool.costguard."), ""))
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    if "\r\n" in before:
        gap, added = gap.replace("\n", "\r\n"), added.replace("\n", "\r\n")
    text = before + gap + added
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # `tool` is written in a way that takes no further table: `tool = {}`
        raise UsageProblem(
            "pyproject.toml: its `tool` takes no further table; costguard init without --pyproject writes "
            "costguard.toml"
        ) from None
    return text


def _lines(found: Detected, prefix: str) -> Iterator[str]:
    """The keys, those that nothing is known of as comments. `prefix`: of a table's name."""
    yield "# Sizes of the tables, which bytes and dollars are worked out from: `costguard catalog pull` writes it."
    names = found.catalogs or ("catalog.json",)
    yield f"{'' if found.catalogs else '# '}catalog = [{', '.join(map(toml_string, names))}]"
    yield ""
    yield "# Where a table belongs that is named without its project or dataset."
    yield _guessed("project", found.project, "my-project")
    yield _guessed("dataset", found.dataset, "my_dataset")
    yield ""
    yield "# Where the data lies: it sets the price."
    yield _guessed("location", found.location, "US")
    yield ""
    if found.dialect is not None and found.dialect.value != "bigquery":
        yield "# The SQL of .sql files. Only BigQuery's has prices."
        yield _guessed("dialect", found.dialect, "bigquery")
        yield ""
    yield "# The lowest severity that fails a check (error, warning, note, never), and what may not cost more."
    yield 'fail_on = "error"'
    yield '# max_usd_per_query = "5.00"'
    yield '# max_usd_per_iteration = "50.00"'
    yield ""
    yield "# Files that do not run once in an iteration."
    yield f"# [{prefix}runs]"
    yield '# "sql/hourly/*.sql" = 24'


def _guessed(key: str, guess: Guess | None, example: str) -> str:
    if guess is None:
        return f"# {key} = {toml_string(example)}"
    source = "".join(char if char.isprintable() else " " for char in guess.source)
    return f"{key} = {toml_string(guess.value)}  # from {source}"
