"""Command-line options and the config file become a scan request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costguard.cli.limits import check_year
from costguard.cli.user_cache import user_cache_directory
from costguard.config import Config, find_config, load_config, rule_directories
from costguard.errors import UsageProblem
from costguard.model import DIALECTS
from costguard.project_paths import AS_PRINTED, ProjectPaths, project_paths

if TYPE_CHECKING:
    from costguard.discover import Discovery
    from costguard.estimate.compute import MachinePriceList
    from costguard.estimate.price import PriceBook
    from costguard.judge.policies import Policy
    from costguard.request import ScanRequest


@dataclass(frozen=True, slots=True)
class Options:
    """What was given on the command line; None where nothing was."""

    paths: Sequence[Path]
    catalog: Sequence[Path] = ()
    location: str | None = None
    project: str | None = None
    dataset: str | None = None
    now: str | None = None
    dialect: str | None = None
    rules: Sequence[str] = ()
    config: Path | None = None
    no_cache: bool = False
    jobs_parallel: int | None = None
    prices: Path | None = None
    jobs: Sequence[str] | None = None
    """Exports of the job history."""
    billing: Sequence[str] | None = None


def config_for(options: Options) -> Config:
    """The config file that was named, or the one that holds for the first path."""
    if options.config is not None:
        return load_config(options.config)
    for path in options.paths:
        if path.exists():
            return load_config(find_config(path))
    return Config()


def build_request(options: Options, config: Config, files: Discovery | None = None) -> ScanRequest:
    """The request; an option on the command line goes before the config. `files`: what was found already; the paths of
    the options are not looked at then.

    Raises:
        UsageProblem: a path, a time, a dialect, an export or a price that cannot be used.
    """
    from costguard.estimate.settings import EstimateSettings
    from costguard.request import ScanRequest

    dialect = options.dialect or config.dialect
    if dialect not in DIALECTS:
        raise UsageProblem(f"dialect {dialect!r} is not known; one of {', '.join(DIALECTS)}")
    location = options.location or config.location
    prices = options.prices or (config.folder / config.prices if config.prices is not None else None)
    book, machines = price_lists(prices, location)
    check_prices(location, config.machine, book, machines)
    if options.billing and not options.jobs:
        raise UsageProblem("--billing gives the prices of jobs, so that --jobs EXPORT is needed too")
    settings = EstimateSettings(
        now=parse_now(options.now),
        project=options.project or config.project,
        dataset=options.dataset or config.dataset,
        location=location,
        runs=tuple((glob, float(count)) for glob, count in config.runs.items()),
        parameters=tuple((name, _literal(value)) for name, value in config.parameters.items()),
        machine=config.machine,
        prices=book if prices is not None else None,
        machines=machines if prices is not None else None,
    )
    catalogs = tuple(options.catalog) or tuple(config.folder / path for path in config.catalog)
    return ScanRequest(
        files=files if files is not None else _files(options, config),
        settings=settings,
        catalogs=catalogs,
        dialect=dialect,
        rules=tuple(options.rules) or None,
        ignored_rules=config.rules.ignore,
        severities=config.rules.severity,
        rule_directories=rule_directories(config),
        prices=prices,
        cache_directory=cache_directory(options, config),
        processes=options.jobs_parallel,
        jobs=_exports(options.jobs),
        bills=_exports(options.billing),
        policies=_policies(config),
        require_reason=config.require_reason,
        paths=paths_for(options, config),
        config=config,
    )


def paths_for(options: Options, config: Config) -> ProjectPaths:
    """Paths as fingerprints and the baseline have them."""
    if not options.paths:
        return AS_PRINTED  # files that were found otherwise have paths from the top already
    folder = config.folder if config.found else None
    return project_paths(options.paths[0], folder, Path.cwd())


def _policies(config: Config) -> tuple[Policy, ...]:
    if not config.policy:
        return ()
    from costguard.judge.policies import declared_policies

    return declared_policies(config)


def _files(options: Options, config: Config) -> Discovery:
    """The files below the given paths; none where no path is given: what is asked for is not about code."""
    from costguard.discover import Discovery, discover

    return discover(tuple(options.paths), config.exclude) if options.paths else Discovery((), ())


def _exports(given: Sequence[str] | None) -> tuple[Path, ...]:
    if not given:
        return ()
    from costguard.history.exports import find_export

    return tuple(find_export(given))


def price_lists(prices: Path | None, location: str) -> tuple[PriceBook, MachinePriceList]:
    """The prices of a price file, or those that ship with this version.

    Raises:
        UsageProblem: the file cannot be used.
    """
    from costguard.estimate.compute import machine_prices
    from costguard.estimate.price import price_book

    if prices is None:
        return price_book(), machine_prices()
    from costguard.estimate.listed_prices import machine_prices_of, price_book_of
    from costguard.price_file import read_price_file

    file = read_price_file(prices)
    return price_book_of(file, price_book()), machine_prices_of(file, location, machine_prices())


def check_prices(location: str, machine: str | None, book: PriceBook, machines: MachinePriceList) -> None:
    """Refuse what has no price, even if nothing that is scanned needs it.

    Raises:
        UsageProblem: the location or the machine is not in its price list.
    """
    if location.strip().lower() not in book.locations:
        raise UsageProblem(_unpriced("location", location, book.locations))
    if machine is not None and machine not in machines.usd_per_hour:
        raise UsageProblem(_unpriced("machine", machine, machines.usd_per_hour))


def _unpriced(thing: str, name: str, known: Iterable[str]) -> str:
    import difflib

    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"known: {', '.join(names)}"
    return f"there is no price for {thing} {name!r}; {hint}"


def parse_now(text: str | None, option: str = "--now") -> datetime:
    """The clock of a command, in UTC: the given time (UTC unless it says otherwise), else the real one.

    Raises:
        UsageProblem: the text is no ISO 8601 time, or so far off that no weeks and months can be counted from it.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"{option} {text!r} is not a time such as 2026-11-01T00:00:00Z") from None
    check_year(option, text, value.year)
    return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)


def cache_directory(options: Options, config: Config) -> Path | None:
    """Where the cache lies: the user's cache folder, unless the config names another or switches it off."""
    if options.no_cache or config.cache is False:
        return None
    if isinstance(config.cache, Path):
        return config.folder / config.cache
    return user_cache_directory()


def _literal(value: Any) -> str:
    """A GoogleSQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
