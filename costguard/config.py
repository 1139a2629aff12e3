"""The user's settings: `[tool.costguard]` in pyproject.toml, or costguard.toml."""

from __future__ import annotations

import contextlib
import datetime
import difflib
import math
import tomllib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from costguard.bounded_read import read_at_most
from costguard.errors import UsageProblem
from costguard.field_words import field_words

MAXIMUM_BYTES: Final = 4 << 20
_TOO_LARGE: Final = "no config is that large"

Level = Literal["error", "warning", "note"]
FailOn = Literal["error", "warning", "note", "never"]
Phase = Literal[
    "ingestion", "preprocessing", "training", "evaluation", "serving", "infrastructure", "storage", "tax"
]
"""Parts of an iteration; what no rule knows is `unclassified`."""


def _money(value: Any) -> Any:
    """Amounts may be written as text or as a number; a float's own digits count, not its binary tail."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("must be an amount of dollars, such as 2.50")
    try:
        return Decimal(str(value).removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount of dollars such as 2.50") from None


def _share(value: Any) -> Any:
    """A share may be written as text or as a number, like an amount."""
    share = Decimal("NaN")
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with contextlib.suppress(InvalidOperation):
            share = Decimal(str(value))
    if not (share.is_finite() and 0 <= share <= 1):
        raise ValueError("must be a share from 0 to 1, such as 0.9")
    return share


def _percent(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("must be a number of percent, such as 10")
    try:
        return Decimal(str(value).removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number of percent such as 10") from None


def _listed(value: Any) -> Any:
    """A single name may stand without its brackets."""
    return [value] if isinstance(value, str) else value


def _cache(value: Any) -> Any:
    if isinstance(value, str):
        return Path(value)
    if not isinstance(value, bool):
        raise ValueError("must be true, false or a directory")
    return value


def _time_zone(value: Any) -> Any:
    if not isinstance(value, str):
        return value  # the type says so
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone such as Europe/Zurich") from None


def _parameter(value: Any) -> Any:
    """TOML has dates; a query gets their text."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if not isinstance(value, (str, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("must be a text, a number, true, false or a date")
    return value


Usd = Annotated[Decimal, BeforeValidator(_money), Field(ge=0)]
Percent = Annotated[Decimal, BeforeValidator(_percent), Field(ge=0)]
Parameter = Annotated[str | int | float | bool, BeforeValidator(_parameter)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_listed)]
Runs = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[Decimal, BeforeValidator(_share)]
PolicyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Hours = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RuleSettings(BaseModel):
    """`[tool.costguard.rules]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ignore: Texts = ()
    severity: dict[str, Level] = Field(default_factory=dict)
    directories: Paths = (Path(".costguard/rules"),)
    """Folders with your own pages, relative to the config file."""


class PhaseRule(BaseModel):
    """`[[tool.costguard.phases.rules]]`: charges for which all conditions hold belong to a phase."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: Phase
    id: str = ""
    service: Texts = ()
    """Ids of services."""
    sku: str | None = None
    """A regular expression that is found in the SKU's description."""
    label: str | None = None
    """`key=value`, or `key` for any value; the next three alike."""
    system_label: str | None = None
    project_label: str | None = None
    tag: str | None = None
    cost_type: str | None = None
    project: str | None = None
    standing: str | None = None
    """What to call a cost that is there whether an iteration runs or not."""
    apart: bool = False
    """In no iteration, even with a label."""
    reason: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _has_a_condition(self) -> PhaseRule:
        conditions = (self.sku, self.label, self.system_label, self.project_label, self.tag)
        if not any((*conditions, self.cost_type, self.project, self.service)):
            raise ValueError(
                "has no condition; one of service, sku, label, system_label, project_label, tag, "
                "cost_type, project"
            )
        return self


class PhaseSettings(BaseModel):
    """`[tool.costguard.phases]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[PhaseRule, ...] = ()
    """They go before the shipped ones."""


class PolicySettings(BaseModel):
    """`[[tool.costguard.policy]]`: each row of the query is a violation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: PolicyName
    query: str
    message: str = Field(min_length=1)
    level: Level = "error"


class Config(BaseModel):
    """`[tool.costguard]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    catalog: Paths = ()
    location: str = "US"
    project: str | None = None
    dataset: str | None = None
    dialect: str = "bigquery"
    exclude: Texts = ()
    fail_on: FailOn = "error"
    max_usd_per_query: Usd | None = None
    max_usd_per_iteration: Usd | None = None
    warn_usd_per_query: Usd | None = None
    warn_usd_per_iteration: Usd | None = None
    max_increase_usd: Usd | None = None
    """Of `costguard diff`: dollars that an iteration may cost more."""
    max_increase_pct: Percent | None = None
    warn_increase_usd: Usd | None = None
    warn_increase_pct: Percent | None = None
    min_usd: Usd = Decimal(0)
    """Findings with less known waste, and changes of less, are only counted."""
    min_read_share: Share | None = None
    """Part of the files, and of the statements, that has to be read."""
    exit_zero: bool = False
    """A failed gate does not fail the command."""
    baseline: Path | None = None
    """File of `costguard baseline write`; `.costguard/baseline.json` is found without it."""
    require_reason: bool = False
    """An ignore comment without a reason silences nothing."""
    policy: tuple[PolicySettings, ...] = ()
    runs: dict[str, Runs] = Field(default_factory=dict)
    """Runs per iteration by path glob."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """Values of query parameters."""
    machine: str | None = None
    """Machine type that Python code runs on."""
    prices: Path | None = None
    """File of `costguard prices refresh`, whose prices go before those that ship with this version."""
    cache: Annotated[bool | Path, BeforeValidator(_cache)] = True
    rules: RuleSettings = RuleSettings()
    phases: PhaseSettings = PhaseSettings()
    iteration_labels: Texts = ()
    """Keys of labels of which each value is one iteration; they go before those that costguard knows."""
    iteration_gap_hours: Hours = 2.0
    """A pause longer than this ends an iteration that no label tells of."""
    iteration_max_hours: Hours = 24.0
    """What goes on for longer without such a pause is no iteration."""

    budgets: tuple[dict[str, Any], ...] = ()
    """`[[tool.costguard.budgets]]`, as written: the commands that use them check them."""
    guards: dict[str, Any] = Field(default_factory=dict)
    """`[tool.costguard.guards]`, likewise."""

    timezone: Annotated[str, BeforeValidator(_time_zone)] = "UTC"
    """Of days and weeks."""
    report_labels: Texts = ("team",)
    """Keys of labels that the report adds up by."""

    folder: Path = Field(default=Path(), exclude=True)
    """Where the config file lies: its paths are relative to that."""

    file_name: str = Field(default="", exclude=True)
    """Of that file."""

    @property
    def found(self) -> bool:
        """It was read from a file."""
        return "folder" in self.model_fields_set

    @property
    def file(self) -> Path | None:
        """The file that it was read from."""
        return self.folder / self.file_name if self.found else None

    @model_validator(mode="after")
    def _policies_have_names_of_their_own(self) -> Config:
        names = [policy.name for policy in self.policy]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"policy: two policies are called {name!r}")
        return self


def rule_directories(config: Config) -> tuple[Path, ...]:
    """The folders with the user's own pages. The default one need not be there.

    Raises:
        UsageProblem: a folder that the config names is not there.
    """
    folders = [config.folder / path for path in config.rules.directories]
    if "directories" in config.rules.model_fields_set:
        missing = [str(folder) for folder in folders if not folder.is_dir()]
        if missing:
            raise UsageProblem(
                "\n".join(f"rules.directories: {folder}: no such directory" for folder in missing)
            )
    return tuple(folder for folder in folders if folder.is_dir())


_OWN_WORDS: Final = {
    "string_pattern_mismatch": "must be lower-case words joined by '-', such as no-full-scans",
}


_NO_KEYS: Final = ("folder", "file_name")
"""Of the fields, those that are no settings."""


def find_config(start: Path) -> Path | None:
    """The config file that holds for a path: the nearest one at or above it, not above the git work tree.

    Raises:
        UsageProblem: there is a pyproject.toml that cannot be read, so that nobody knows.
    """
    folder = start if start.is_dir() else start.parent
    folder = folder.resolve()
    for candidate in (folder, *folder.parents):
        own = candidate / "costguard.toml"
        if own.is_file():
            return own
        project = candidate / "pyproject.toml"
        if project.is_file() and b"[tool.costguard" in read_at_most(project, MAXIMUM_BYTES, _TOO_LARGE):
            return project
        if (candidate / ".git").exists() or candidate == Path.home():
            return None
    return None


def load_config(path: Path | None) -> Config:
    """The settings of a file; the defaults when there is none.

    Raises:
        UsageProblem: it cannot be read, an unknown key (with a suggestion), values of the wrong type: all at once.
    """
    if path is None:
        return Config()
    data = read_at_most(path, MAXIMUM_BYTES, _TOO_LARGE)
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: not TOML ({error})") from None
    except RecursionError:
        raise UsageProblem(f"{path}: nested too deep") from None
    # costguard.toml may be written with or without the [tool.costguard] head.
    values: Any = {} if path.name == "pyproject.toml" else document
    tool = document.get("tool")
    if isinstance(tool, dict):
        values = tool.get("costguard", values)
    if not isinstance(values, dict):
        raise UsageProblem(f"{path}: [tool.costguard] must be a table")
    for name in _NO_KEYS:
        if name in values:
            raise UsageProblem(f"{path}: unknown key {name!r}")
    try:
        return Config.model_validate({**values, "folder": path.parent, "file_name": path.name})
    except ValidationError as error:
        raise UsageProblem("\n".join(_explain(path, item) for item in error.errors())) from None


def _model_at(location: Sequence[Any]) -> type[BaseModel]:
    """The table that a key stands in."""
    match location[:-1]:
        case ("rules", *_):
            return RuleSettings
        case ("phases",):
            return PhaseSettings
        case ("phases", "rules", *_):
            return PhaseRule
        case ("policy", *_):
            return PolicySettings
    return Config


def _explain(path: Path, item: Any) -> str:
    return explain_item(str(path), item, _model_at(item["loc"]))


def explain_item(where: str, item: Any, model: type[BaseModel]) -> str:
    """One of pydantic's errors as a line; `model` is the table that its key stands in."""
    location: Sequence[Any] = item["loc"]
    key = ".".join(str(part) for part in location)
    if item["type"] == "extra_forbidden":
        known = [name for name in model.model_fields if name not in _NO_KEYS]
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
        return f"{where}: unknown key {key!r}{hint}"
    said = field_words(item, _OWN_WORDS)
    return (
        f"{where}: {key}: {said}" if key else f"{where}: {said}"
    )  # of a whole table: it names what it is about
