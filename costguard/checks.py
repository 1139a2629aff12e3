"""What `costguard doctor` looks at: whether all that a scan may need is there, and what to do where it is not."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from costguard.config import Config, load_config, rule_directories
from costguard.errors import UsageProblem

State = Literal["ok", "advice", "problem"]

CATALOG_AGE: Final = timedelta(days=30)
"""Tables grow: an older catalog is pulled anew."""
PRICES_AGE: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    """`advice`: it works, and could work better. `problem`: something that was asked for does not work."""
    text: str
    step: str | None = None
    """What to do next."""


def local_checks(config_path: Path | None, cache: Path | None, now: datetime) -> Iterator[Check]:
    """Whatever needs no network: the config and what it declares or names, the cache, extras."""
    try:
        config = load_config(config_path)
    except UsageProblem as problem:
        yield Check("config", "problem", str(problem), "mend the config file")
        return
    if config_path is None:
        yield Check(
            "config", "advice", "none found", "write costguard.toml, or [tool.costguard] in pyproject.toml"
        )
    else:
        yield Check("config", "ok", str(config_path))
    yield from _catalogs(config, now)
    yield _prices(config, now)
    yield _rules(config)
    yield from _policies(config)
    yield from _baseline(config)
    yield from _budgets(config)
    yield from _guards(config)
    yield from _iterations(config)
    yield _cache(cache)
    yield from _extras()


def _catalogs(config: Config, now: datetime) -> Iterator[Check]:
    from costguard.catalog.load import load_catalog
    from costguard.catalog.model import CatalogError
    from costguard.catalog.summary import summarise_catalog

    if not config.catalog:
        yield Check(
            "catalog",
            "advice",
            "the config names none: bytes and dollars stay unknown unless --catalog names one",
            'costguard catalog pull, then `catalog = "catalog.json"` in the config',
        )
    for path in (config.folder / name for name in config.catalog):
        try:
            found = summarise_catalog(load_catalog([path]), now)
        except CatalogError as error:
            yield Check("catalog", "problem", str(error), "costguard catalog pull writes it anew")
            continue
        size = f"{path}: {len(found.tables):,} tables"
        if found.age is None:
            yield Check("catalog", "ok", f"{size}, of an unknown day")
        elif found.age > CATALOG_AGE:
            yield Check("catalog", "advice", f"{size}, {found.age.days} days old", "costguard catalog pull")
        else:
            yield Check("catalog", "ok", f"{size}, {found.age.days} days old")


def _prices(config: Config, now: datetime) -> Check:
    from costguard.estimate.price import price_book

    if config.prices is not None:
        from costguard.price_file import read_price_file

        path = config.folder / config.prices
        try:
            day, where = read_price_file(path).as_of, str(path)
        except UsageProblem as problem:
            return Check("prices", "problem", str(problem), "costguard prices refresh")
    else:
        day, where = date.fromisoformat(price_book().as_of), "the list that ships with this version"
    text = f"{where}, of {day}"
    if now.date() - day > PRICES_AGE:
        return Check("prices", "advice", text, "costguard prices refresh, or a newer version of costguard")
    return Check("prices", "ok", text)


def _rules(config: Config) -> Check:
    from costguard.judge.rulebook import RulebookError, load_rulebook
    from costguard.shipped import shipped

    try:
        book = load_rulebook(shipped("rules"), rule_directories(config))
    except (RulebookError, UsageProblem) as error:
        return Check("rules", "problem", str(error), "costguard test-rules says more")
    return Check("rules", "ok", f"{len(book.rules)} rules")


def _policies(config: Config) -> Iterator[Check]:
    if not config.policy:
        return
    from costguard.judge.policies import check_policies, declared_policies
    from costguard.judge.rulebook import RulebookError

    try:
        check_policies(declared_policies(config))
    except RulebookError as error:
        yield Check("policies", "problem", str(error), "`costguard query` tries a query out")
        return
    count = len(config.policy)
    yield Check("policies", "ok", "1 policy" if count == 1 else f"{count} policies")


def _baseline(config: Config) -> Iterator[Check]:
    from costguard.baseline.file import read_baseline
    from costguard.baseline.place import find_baseline

    try:
        path = find_baseline(None, config, config.folder)
        if path is None:
            return
        count = len(read_baseline(path).entries)
    except UsageProblem as problem:
        yield Check("baseline", "problem", str(problem), "mend the file, or fetch it from git")
        return
    yield Check("baseline", "ok", f"{path}: {'1 entry' if count == 1 else f'{count:,} entries'}")


def _budgets(config: Config) -> Iterator[Check]:
    from costguard.budgets.declared import declared_budgets

    if not config.budgets:
        return
    try:
        found = declared_budgets(config)
    except UsageProblem as problem:
        yield Check("budgets", "problem", str(problem), "docs/budgets.md says what a budget may hold")
        return
    names = ", ".join(budget.name for budget in found)
    yield Check("budgets", "ok", f"{len(found):,} declared: {names}")


def _guards(config: Config) -> Iterator[Check]:
    from costguard.guards.declared import declared_guards

    if not config.guards:
        return
    try:
        declared_guards(config)
    except UsageProblem as problem:
        yield Check("guards", "problem", str(problem), "docs/guards.md says what a guard may hold")
        return
    yield Check("guards", "ok", f"declared: {', '.join(sorted(config.guards))}")


def _iterations(config: Config) -> Iterator[Check]:
    """Whether phases and iterations can be told as the config asks; nothing to say where it asks for nothing."""
    from costguard.history.cells import wanted_labels
    from costguard.history.iterations import iteration_settings
    from costguard.history.phases import phase_rules

    try:
        phase_rules(config.phases.rules)
        wanted_labels(iteration_settings(config))
    except UsageProblem as problem:
        yield Check("iterations", "problem", str(problem), "docs/iterations.md says what a rule may hold")


def _cache(cache: Path | None) -> Check:
    if cache is None:
        return Check(
            "cache", "advice", "switched off: each scan reads every file", "`cache = true` in the config"
        )
    folder = next((folder for folder in (cache, *cache.parents) if folder.exists()), cache)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check(
            "cache", "problem", f"{cache} cannot be written", '`cache = "FOLDER"` in the config names another'
        )
    return Check("cache", "ok", str(cache))


def _extras() -> Iterator[Check]:
    """Parts that are installed apart."""
    compiled = importlib.util.find_spec("sqlglotc") is not None or _compiled("sqlglot.parser")
    if compiled:
        yield Check("parser", "ok", "compiled")
    else:
        step = "install `costguard-gcp[fast]`"
        yield Check("parser", "advice", "not compiled: SQL is read at less than half of the speed", step)
    if _installed("google.cloud.bigquery"):
        yield Check("Google's clients", "ok", "installed")
    else:
        step = "install `costguard-gcp[gcp]` for `catalog pull`, `prices refresh`, `budget` and bigquery://"
        yield Check("Google's clients", "advice", "not installed", step)


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def _compiled(name: str) -> bool:
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None and not found.origin.endswith(".py")


def attempted(name: str, work: Callable[[], str], step: str | Callable[[UsageProblem], str | None]) -> Check:
    """A check that is made by trying: what the work says, or the problem that it comes to, and what to do about it."""
    try:
        return Check(name, "ok", work())
    except UsageProblem as problem:
        return Check(name, "problem", str(problem), step if isinstance(step, str) else step(problem))


def history_checks(billing: Sequence[str], jobs: Sequence[str]) -> Iterator[Check]:
    """Whether exports can be read, and how far they reach."""
    if billing:
        yield attempted("bill", lambda: _bill(billing), "docs/history.md says how to export it")
    if jobs:
        yield attempted("job history", lambda: _jobs(jobs), "docs/history.md says how to export it")


def _bill(given: Sequence[str]) -> str:
    from costguard.history.charges import load_charges, summarise

    found = summarise(load_charges(given))
    return f"{found.rows:,} charges {_reach(found.first_usage, found.last_usage)}"


def _jobs(given: Sequence[str]) -> str:
    from costguard.history.jobs import load_jobs, summarise_jobs

    found = summarise_jobs(load_jobs(given))
    return f"{found.jobs:,} jobs {_reach(found.first, found.last)}"


def _reach(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return "without times"
    return f"from {first.astimezone(UTC):%Y-%m-%d} to {last.astimezone(UTC):%Y-%m-%d}"
