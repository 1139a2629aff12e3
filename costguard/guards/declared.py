"""The guards that a config declares: `[tool.costguard.guards]`, checked strictly when it is used."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from costguard.config import Config
from costguard.errors import UsageProblem
from costguard.field_words import field_words
from costguard.guards.names import (
    DatasetName,
    TableName,
    channel_name,
    dataset_name,
    location_name,
    project_name,
    resource_name,
    table_name,
)
from costguard.guards.quantities import MOST_BYTES, parse_size, parse_span
from costguard.money import BYTES_MINIMUM, MIB

Metric = Literal["scanned_bytes_billed", "statement_scanned_bytes_billed"]
Service = Literal["dataproc", "vertex", "workbench"]
MOST_CHANNELS: Final = 16
"""Of one alert policy."""


def _size(value: Any) -> int:
    if isinstance(value, str):
        return parse_size(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_BYTES:
        return value
    raise ValueError("must be a size such as 50 GiB, or a number of bytes")


def _span(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a time such as 30m, 8h or 7d")
    return parse_span(value)


def _limit(value: int) -> int:
    if value < BYTES_MINIMUM:
        raise ValueError("no limit below 10 MiB can be set: a query is billed that much at least")
    return value


def _quota(value: int) -> int:
    if value < MIB or value % MIB:
        raise ValueError("a quota is a whole number of MiB, at least one")
    return value


def _moment(value: Any) -> datetime:
    """A day in a config means its beginning, UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, str):
        return _moment(datetime.fromisoformat(value))
    raise ValueError("must be a day such as 2027-01-31")


def _table(value: Any) -> TableName:
    return table_name(_text(value))


def _dataset(value: Any) -> DatasetName:
    return dataset_name(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


Size = Annotated[int, BeforeValidator(_size)]
Limit = Annotated[Size, AfterValidator(_limit)]
Quota = Annotated[Size, AfterValidator(_quota)]
Span = Annotated[timedelta, BeforeValidator(_span)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Project = Annotated[str, AfterValidator(project_name)]
Table = Annotated[TableName, BeforeValidator(_table)]
Dataset = Annotated[DatasetName, BeforeValidator(_dataset)]
Channel = Annotated[str, AfterValidator(channel_name)]
Resource = Annotated[str, AfterValidator(resource_name)]
Location = Annotated[str, AfterValidator(location_name)]
Days = Annotated[int, Field(ge=1, le=36500)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class MaxBytes(_Strict):
    """`[tool.costguard.guards.max_bytes]`: what a query may be billed. The first that fits counts: path, user, label,
    project, default."""

    default: Limit | None = None
    paths: dict[str, Limit] = Field(default_factory=dict)
    """By path glob of the code."""
    users: dict[str, Limit] = Field(default_factory=dict)
    labels: dict[str, Limit] = Field(default_factory=dict)
    """By `key=value`."""
    projects: dict[Project, Limit] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _labels_have_values(self) -> MaxBytes:
        for label in self.labels:
            key, equals, _ = label.partition("=")
            if not key or not equals:
                raise ValueError(f"labels: {label!r} is no label such as team=ml")
        return self

    def of_path(self, path: str, project: str | None) -> int | None:
        """The limit of a query in this file, which runs in this project."""
        for glob, limit in self.paths.items():
            if path == glob or fnmatchcase(path, glob) or fnmatchcase(path, f"*/{glob}"):
                return limit
        if project is not None and project in self.projects:
            return self.projects[project]
        return self.default


class QuotaGuard(_Strict):
    """`[[tool.costguard.guards.quota]]`: what a project may query a day."""

    project: Project
    per_day: Quota | None = None
    per_user_per_day: Quota | None = None

    @model_validator(mode="after")
    def _has_a_quota(self) -> QuotaGuard:
        if self.per_day is None and self.per_user_per_day is None:
            raise ValueError("has neither per_day nor per_user_per_day")
        if self.per_day is not None and (self.per_user_per_day or 0) > self.per_day:
            raise ValueError("per_user_per_day is above per_day, which stops all together first")
        return self


class PartitionFilterGuard(_Strict):
    """`[[tool.costguard.guards.partition_filter]]`: a table whose queries need a filter on the partition column."""

    table: Table


class ExpirationGuard(_Strict):
    """`[[tool.costguard.guards.expiration]]`: what is deleted by itself. Of a table its end, or the age of its
    partitions; of a dataset the age of tables, or of their partitions, that are made from then on."""

    table: Table | None = None
    dataset: Dataset | None = None
    expires: Moment | None = None
    partition_days: Days | None = None
    table_days: Days | None = None

    @model_validator(mode="after")
    def _is_of_one_thing(self) -> ExpirationGuard:
        if (self.table is None) == (self.dataset is None):
            raise ValueError("names either a table or a dataset")
        if self.table is not None:
            if self.table_days is not None:
                raise ValueError("table_days is the default of a dataset; a table has `expires`")
            if (self.expires is None) == (self.partition_days is None):
                raise ValueError("has either `expires` or `partition_days`")
        elif self.expires is not None:
            raise ValueError("`expires` is of a table; a dataset has table_days or partition_days")
        elif self.table_days is None and self.partition_days is None:
            raise ValueError("has neither table_days nor partition_days")
        return self

    @property
    def destructive(self) -> bool:
        """It deletes data that is there; the default of a dataset holds for what is made later."""
        return self.table is not None


class AlertGuard(_Strict):
    """`[[tool.costguard.guards.alert]]`: tells somebody when more is billed within a window."""

    project: Project
    threshold: Annotated[Size, Field(gt=0)]
    window: Span = timedelta(hours=1)
    metric: Metric = "scanned_bytes_billed"
    channels: Annotated[tuple[Channel, ...], Field(max_length=MOST_CHANNELS)] = ()

    @model_validator(mode="after")
    def _window_is_possible(self) -> AlertGuard:
        # An alignment period is a whole number of minutes, and a day at most.
        if not timedelta(minutes=1) <= self.window <= timedelta(days=1) or self.window.seconds % 60:
            raise ValueError("window: a whole number of minutes, from 1m to 1d")
        return self


class TimeLimitGuard(_Strict):
    """`[[tool.costguard.guards.time_limit]]`: how long machines may run, or be idle."""

    service: Service
    project: Project
    name: Resource | None = None
    """Of the cluster or instance; training jobs have none."""
    location: Location | None = None
    max_idle: Span | None = None
    max_age: Span | None = None
    timeout: Span | None = None

    @model_validator(mode="after")
    def _fits_its_service(self) -> TimeLimitGuard:
        given = {
            name: getattr(self, name)
            for name in ("max_idle", "max_age", "timeout")
            if getattr(self, name) is not None
        }
        allowed = _LIMITS[self.service]
        if not given or not given.keys() <= allowed.keys():
            raise ValueError(f"{self.service} has {' or '.join(allowed)}")
        for name, span in given.items():
            least, most = allowed[name]
            if not least <= span <= most:
                raise ValueError(f"{name}: from {_minutes(least)} to {_minutes(most)}")
        if self.service != "vertex" and (self.name is None or self.location is None):
            raise ValueError("needs the name of the cluster or instance, and its location")
        return self


_LIMITS: Final[Mapping[Service, Mapping[str, tuple[timedelta, timedelta]]]] = {
    "dataproc": {
        "max_idle": (timedelta(minutes=5), timedelta(days=14)),
        "max_age": (timedelta(minutes=10), timedelta(days=14)),
    },
    "vertex": {"timeout": (timedelta(minutes=1), timedelta(days=7))},
    "workbench": {"max_idle": (timedelta(minutes=10), timedelta(days=1))},
}
"""What the services allow: cluster scheduled deletion, Scheduling.timeout (seven days when nothing is set),
idle-timeout-seconds (600 to 86400)."""


def _minutes(span: timedelta) -> str:
    return f"{span.days}d" if span.days else f"{span.seconds // 60}m"


class Guards(_Strict):
    """`[tool.costguard.guards]`."""

    max_bytes: MaxBytes = MaxBytes()
    quota: tuple[QuotaGuard, ...] = ()
    partition_filter: tuple[PartitionFilterGuard, ...] = ()
    expiration: tuple[ExpirationGuard, ...] = ()
    alert: tuple[AlertGuard, ...] = ()
    time_limit: tuple[TimeLimitGuard, ...] = ()

    @model_validator(mode="after")
    def _say_each_thing_once(self) -> Guards:
        subjects: tuple[tuple[str, list[object]], ...] = (
            ("quota", [guard.project for guard in self.quota]),
            ("partition_filter", [guard.table for guard in self.partition_filter]),
            ("expiration", [guard.table or guard.dataset for guard in self.expiration]),
            ("alert", [(guard.project, guard.metric, guard.window) for guard in self.alert]),
            (
                "time_limit",
                [(guard.service, guard.project, guard.location, guard.name) for guard in self.time_limit],
            ),
        )
        for name, found in subjects:
            twice = next((item for item in found if found.count(item) > 1), None)
            if twice is not None:
                shown = " ".join(map(str, filter(None, twice))) if isinstance(twice, tuple) else str(twice)
                raise ValueError(f"{name}: {shown} is declared twice")
        return self

    @property
    def empty(self) -> bool:
        """Nothing is declared."""
        return self == Guards()


_OWN_WORDS: Final = {"tuple_type": "must be a list of tables ([[...]])"}
_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "max_bytes": MaxBytes,
    "quota": QuotaGuard,
    "partition_filter": PartitionFilterGuard,
    "expiration": ExpirationGuard,
    "alert": AlertGuard,
    "time_limit": TimeLimitGuard,
}


def declared_guards(config: Config) -> Guards:
    """The guards of a config.

    Raises:
        UsageProblem: an unknown key (with a suggestion), values that cannot be: all at once.
    """
    return read_guards(config.guards)


def read_guards(values: Mapping[str, Any]) -> Guards:
    """The guards in a table as TOML gives it. Raises as `declared_guards`."""
    try:
        return Guards.model_validate(dict(values))
    except ValidationError as error:
        raise UsageProblem("\n".join(_explained(item) for item in error.errors())) from None


def _explained(item: Any) -> str:
    location: Sequence[Any] = item["loc"]
    key = ".".join(str(part) for part in ("guards", *location) if part != "[key]")
    if item["type"] == "extra_forbidden":
        model = _TABLES.get(str(location[0]), Guards) if len(location) > 1 else Guards
        known = list(model.model_fields)
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
        return f"unknown key {key!r}{hint}"
    return f"{key}: {field_words(item, _OWN_WORDS)}"
