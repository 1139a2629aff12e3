"""The budgets that the config declares, with every limit of the service checked before any call.

Limits are those of Google's Budget API v1 (cloud.google.com/billing/docs/reference/budget/rest).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from costguard.config import Config, Texts, explain_item
from costguard.errors import UsageProblem

PREFIX: Final = "costguard/"
"""What the display names of our budgets begin with: a budget without it is never touched."""
LONGEST_DISPLAY_NAME: Final = 60
LARGEST_AMOUNT: Final = Decimal(2**63 - 1)
"""Money has whole units in 64 bits, and 10^-9 parts."""
MOST_CHANNELS: Final = 5
EARLIEST: Final = date(2017, 1, 1)
"""A custom period begins after this day."""
CREDIT_TYPES: Final = (
    "COMMITTED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
    "DISCOUNT",
    "FEE_UTILIZATION_OFFSET",
    "FREE_TIER",
    "PROMOTION",
    "RESELLER_MARGIN",
    "SUBSCRIPTION_BENEFIT",
    "SUSTAINED_USAGE_DISCOUNT",
)
"""As in the export (cloud.google.com/billing/docs/how-to/export-data-bigquery-tables#credits-type)."""

CalendarPeriod = Literal["month", "quarter", "year"]
Basis = Literal["actual", "forecast"]
LastPeriod = Literal["last-period"]

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")
_ACCOUNT: Final = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
_PROJECT: Final = r"(?:[a-z0-9.-]+:)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SERVICE: Final = re.compile(r"services/[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}")
_TOPIC: Final = re.compile(rf"projects/{_PROJECT}/topics/[A-Za-z][A-Za-z0-9._~+%-]*")
_CHANNEL: Final = re.compile(rf"projects/{_PROJECT}/notificationChannels/[A-Za-z0-9_-]+")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LABEL: Final = re.compile(r"[\w-]{1,63}")


@dataclass(frozen=True, slots=True)
class CustomPeriod:
    """A time that does not come again; days begin at midnight Pacific time."""

    start: date
    end: date | None = None
    """The last day; None: no end."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """When somebody is told."""

    at: Decimal
    """A part of the amount: 0.5 is 50 %."""
    on: Basis = "actual"
    """Spend so far, or what the service thinks that the period will come to."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told."""

    pubsub_topic: str | None = None
    """`projects/PROJECT/topics/TOPIC`; it is told several times a day, whatever the thresholds."""
    channels: tuple[str, ...] = ()
    """E-mail channels of Cloud Monitoring: `projects/PROJECT/notificationChannels/ID`."""
    project_owners: bool = False
    """The owners of the one project that the budget is for."""
    default_recipients: bool = True
    """Administrators and users of the billing account."""


DEFAULT_THRESHOLDS: Final = (
    Threshold(Decimal("0.5")),
    Threshold(Decimal("0.8")),
    Threshold(Decimal("1")),
    Threshold(Decimal("1"), "forecast"),
)
"""Of a budget that declares none; the forecast only with a calendar period."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A declared budget, whose values the service takes."""

    name: str
    billing_account: str | None
    """`000000-AAAAAA-BBBBBB`; None: that of `project`."""
    project: str | None
    """An id: the billing account is looked up from it. It does not limit what the budget covers."""
    amount: Decimal | LastPeriod
    currency: str | None = None
    """ISO 4217; None: that of the billing account."""
    projects: tuple[str, ...] = ()
    """`projects/NUMBER` or `projects/ID`, sorted; none: all of the billing account. The next ones alike."""
    services: tuple[str, ...] = ()
    """`services/24E6-581D-38E5`."""
    label: tuple[str, str] | None = None
    """The service takes one key with one value."""
    period: CalendarPeriod | CustomPeriod = "month"
    credits: Literal["include-all", "exclude-all"] | tuple[str, ...] = "include-all"
    """Which credits reduce the spend that is held against the amount; or the types of those that do."""
    thresholds: tuple[Threshold, ...] = DEFAULT_THRESHOLDS
    """By basis and size."""
    notify: Notify = Notify()

    @property
    def display_name(self) -> str:
        return PREFIX + self.name


def declared_budgets(config: Config) -> tuple[Budget, ...]:
    """The budgets of `[[tool.costguard.budgets]]`, in their order.

    Raises:
        UsageProblem: what is wrong with them, all of it, a line each.
    """
    budgets: list[Budget] = []
    problems: list[str] = []
    for number, table in enumerate(config.budgets, start=1):
        where = _where(number, table)
        try:
            budget = _budget(_Declared.model_validate(table), config)
        except ValidationError as error:
            problems.extend(explain_item(where, item, _model_at(item["loc"])) for item in error.errors())
            continue
        problems.extend(f"{where}: {text}" for text in _contradictions(budget))
        budgets.append(budget)
    names = Counter(name for table in config.budgets if isinstance(name := table.get("name"), str))
    problems.extend(
        f"budget {name!r}: {count} budgets have this name; each needs its own"
        for name, count in names.items()
        if count > 1
    )
    if problems:
        raise UsageProblem("\n".join(problems))
    return tuple(budgets)


def is_account(text: str) -> bool:
    """Whether it has the form of the id of a billing account."""
    return _ACCOUNT.fullmatch(text) is not None


def _where(number: int, table: Mapping[str, Any]) -> str:
    name = table.get("name")
    return f"budget {name!r}" if isinstance(name, str) and name else f"budget {number} (of no name)"


# -- the values, one by one -------------------------------------------------------------------------------------


def _amount(value: Any) -> Any:
    if value == "last-period":
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError('must be an amount such as "500.00", or "last-period"')
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f'{value!r} is no amount such as "500.00", and not "last-period"') from None
    if not amount.is_finite():
        raise ValueError(f"{value!r} is no amount")
    if amount < 0:
        raise ValueError(f"{value} is less than nothing")
    if amount > LARGEST_AMOUNT:
        raise ValueError(f"{value} is more than the service can hold ({LARGEST_AMOUNT})")
    if amount != round(amount, 9):
        raise ValueError(f"{value} has more than nine decimals, which the service cannot hold")
    return amount


def _period(value: Any) -> Any:
    """`month`, or a table with days."""
    if isinstance(value, str):
        if value not in ("month", "quarter", "year"):
            raise ValueError(
                f"{value!r} is not one of month, quarter, year, and no {{ start = 2026-01-01, end = 2026-06-30 }}"
            )
        return value
    if not isinstance(value, dict):
        raise ValueError("must be month, quarter, year, or { start = 2026-01-01, end = 2026-06-30 }")
    unknown = sorted(set(value) - {"start", "end"})
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}; known: end, start")
    if "start" not in value:
        raise ValueError("start is missing: a custom period begins on a day")
    start = _day("start", value["start"])
    end = _day("end", value["end"]) if "end" in value else None
    if start <= EARLIEST:
        raise ValueError(f"start {start} is too early: it must be after {EARLIEST}")
    if end is not None and end <= start:
        raise ValueError(f"end {end} is not after start {start}")
    return CustomPeriod(start, end)


def _day(key: str, value: Any) -> date:
    if type(value) is date:  # a datetime is one of them too
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # no such day
    raise ValueError(f"{key} must be a day such as 2026-01-31")


def _credits(value: Any) -> Any:
    if isinstance(value, str):
        if value not in ("include-all", "exclude-all"):
            raise ValueError(
                f'{value!r} is not one of include-all, exclude-all; types of credits stand in a list: ["DISCOUNT"]'
            )
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError('must be include-all, exclude-all, or a list such as ["DISCOUNT"]')
    if not value:
        raise ValueError("the list is empty: exclude-all says so")
    unknown = [item for item in value if item not in CREDIT_TYPES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no type of credit; one of {', '.join(CREDIT_TYPES)}")
    return tuple(sorted(set(value)))


def _label(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError('must be one key with one value, such as { team = "ml" }: the service takes no more')
    ((key, text),) = value.items()
    if not isinstance(text, str):
        raise ValueError(f"{key} must have one text as its value, such as {{ {key} = 'ml' }}")
    if _LABEL.fullmatch(key) is None or not key[0].isalpha() or key != key.lower():
        raise ValueError(
            f"{key!r} is no key of a label: lower case, digits, _ and -, a letter first, at most 63 characters"
        )
    if _LABEL.fullmatch(text) is None or text != text.lower():
        raise ValueError(f"{text!r} is no value of a label: lower case, digits, _ and -, 1 to 63 characters")
    return key, text


def _share(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("must be a part of the amount, such as 0.5 for 50 %")
    try:
        share = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no part of the amount, such as 0.5 for 50 %") from None
    if not share.is_finite() or share <= 0:
        raise ValueError(f"{value} must be more than nothing, such as 0.5 for 50 %")
    if Decimal(repr(float(share))) != share:
        raise ValueError(f"{value} has more digits than the service can hold")
    return share


def _like(pattern: re.Pattern[str], example: str) -> AfterValidator:
    """A text of this form."""

    def check(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError(f"{value!r} has not the form {example}")
        return value

    return AfterValidator(check)


def _each_like(pattern: re.Pattern[str], example: str) -> AfterValidator:
    """Texts of this form, sorted, each once."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [value for value in values if pattern.fullmatch(value) is None]
        if wrong:
            raise ValueError(f"{', '.join(map(repr, wrong))}: not of the form {example}")
        return tuple(sorted(set(values)))

    return AfterValidator(check)


def _display_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r}: letters, digits, and between them . _ / - make a name")
    if len(PREFIX + name) > LONGEST_DISPLAY_NAME:
        raise ValueError(
            f"too long by {len(PREFIX + name) - LONGEST_DISPLAY_NAME}: the service takes display names of "
            f"{LONGEST_DISPLAY_NAME} characters, {len(PREFIX)} of which are {PREFIX!r}"
        )
    return name


class _Threshold(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Annotated[Decimal, BeforeValidator(_share)]
    on: Basis = "actual"


class _Notify(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    pubsub_topic: Annotated[str, _like(_TOPIC, "projects/PROJECT/topics/TOPIC")] | None = None
    channels: Annotated[Texts, _each_like(_CHANNEL, "projects/PROJECT/notificationChannels/ID")] = ()
    project_owners: bool = False
    default_recipients: bool = True


class _Declared(BaseModel):
    """`[[tool.costguard.budgets]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_display_name)]
    billing_account: Annotated[str, _like(_ACCOUNT, "000000-AAAAAA-BBBBBB")] | None = None
    project: Annotated[str, _like(re.compile(_PROJECT), "my-project")] | None = None
    amount: Annotated[Any, BeforeValidator(_amount)]
    currency: Annotated[str, _like(_CURRENCY, "USD (ISO 4217)")] | None = None
    projects: Annotated[
        Texts, _each_like(re.compile(f"projects/{_PROJECT}"), "projects/123456789 or projects/my-project")
    ] = ()
    services: Annotated[Texts, _each_like(_SERVICE, "services/24E6-581D-38E5")] = ()
    label: Annotated[Any, BeforeValidator(_label)] = None
    period: Annotated[Any, BeforeValidator(_period)] = "month"
    credits: Annotated[Any, BeforeValidator(_credits)] = "include-all"
    thresholds: tuple[_Threshold, ...] | None = None
    notify: _Notify = Field(default_factory=_Notify)


def _model_at(location: Sequence[Any]) -> type[BaseModel]:
    """The table that a key stands in."""
    match location[:-1]:
        case ("thresholds", *_):
            return _Threshold
        case ("notify", *_):
            return _Notify
    return _Declared


# -- the values together ----------------------------------------------------------------------------------------


def _budget(declared: _Declared, config: Config) -> Budget:
    """The budget; one that names neither account nor project is for the account of the config's project."""
    project = declared.project
    if project is None and declared.billing_account is None:
        project = config.project
    if declared.thresholds is None:
        calendar = isinstance(declared.period, str)
        thresholds = tuple(item for item in DEFAULT_THRESHOLDS if calendar or item.on == "actual")
    else:
        given = [Threshold(item.at, item.on) for item in declared.thresholds]
        thresholds = tuple(sorted(given, key=lambda item: (item.on, item.at)))
    notify = declared.notify
    return Budget(
        name=declared.name,
        billing_account=declared.billing_account,
        project=project,
        amount=declared.amount,
        currency=declared.currency,
        projects=declared.projects,
        services=declared.services,
        label=declared.label,
        period=declared.period,
        credits=declared.credits,
        thresholds=thresholds,
        notify=Notify(notify.pubsub_topic, notify.channels, notify.project_owners, notify.default_recipients),
    )


def _contradictions(budget: Budget) -> Iterator[str]:
    """What the service would refuse, or would never tell anybody of."""
    if budget.billing_account is None and budget.project is None:
        yield 'names no account: give billing_account = "000000-AAAAAA-BBBBBB", or project = "my-project"'
    if budget.billing_account is not None and budget.project is not None:
        yield "has both billing_account and project: one of them says which account it is in"
    custom = isinstance(budget.period, CustomPeriod)
    if custom and budget.amount == "last-period":
        yield "amount: last-period needs a period that comes again: month, quarter or year"
    if custom and any(item.on == "forecast" for item in budget.thresholds):
        yield "thresholds: there is a forecast only for a period that comes again: month, quarter or year"
    for item, count in Counter(budget.thresholds).items():
        if count > 1:
            yield f"thresholds: at = {item.at} on {item.on} stands there {count} times"
    notify = budget.notify
    if len(notify.channels) > MOST_CHANNELS:
        yield f"notify.channels: {len(notify.channels)} channels; the service takes {MOST_CHANNELS}"
    if notify.project_owners and len(budget.projects) != 1:
        found = len(budget.projects)
        yield f"notify.project_owners: needs a budget of exactly one project; `projects` names {found or 'none'}"
    mailed = bool(notify.channels) or notify.project_owners or notify.default_recipients
    if notify.pubsub_topic is None and not mailed:
        yield "notify: nobody would be told; give a topic, a channel, project_owners or default_recipients"
    elif notify.pubsub_topic is None and not budget.thresholds:
        yield "thresholds: without any, nobody would be told"
