"""A budget as it stands in the config."""

from __future__ import annotations

from collections.abc import Iterator

from costguard.budgets.declared import Budget, CustomPeriod, Notify, Threshold
from costguard.money import decimal_string, plain_decimal
from costguard.toml_string import toml_string


def budget_toml(budget: Budget) -> str:
    """`[[tool.costguard.budgets]]`: period and thresholds are always written, other keys when they say something.

    >>> print(budget_toml(Budget("a", None, "p", "last-period", thresholds=())), end="")
    [[tool.costguard.budgets]]
    name = "a"
    project = "p"
    amount = "last-period"
    period = "month"
    thresholds = []
    """
    return "[[tool.costguard.budgets]]\n" + "".join(f"{line}\n" for line in _lines(budget))


def _lines(budget: Budget) -> Iterator[str]:
    yield f"name = {toml_string(budget.name)}"
    if budget.billing_account is not None:
        yield f"billing_account = {toml_string(budget.billing_account)}"
    if budget.project is not None:
        yield f"project = {toml_string(budget.project)}"
    amount = budget.amount if isinstance(budget.amount, str) else decimal_string(budget.amount)
    yield f"amount = {toml_string(amount)}"
    if budget.currency is not None:
        yield f"currency = {toml_string(budget.currency)}"
    for name, values in (("projects", budget.projects), ("services", budget.services)):
        if values:
            yield f"{name} = {_list(values)}"
    if budget.label is not None:
        key, value = budget.label
        yield f"label = {{ {toml_string(key)} = {toml_string(value)} }}"
    if isinstance(budget.period, CustomPeriod):
        end = f", end = {budget.period.end}" if budget.period.end is not None else ""
        yield f"period = {{ start = {budget.period.start}{end} }}"
    else:
        yield f"period = {toml_string(budget.period)}"
    if budget.credits != "include-all":
        shown = toml_string(budget.credits) if isinstance(budget.credits, str) else _list(budget.credits)
        yield f"credits = {shown}"
    yield f"thresholds = [{', '.join(map(_threshold, budget.thresholds))}]"
    if budget.notify != Notify():
        yield f"notify = {{ {', '.join(_notify(budget.notify))} }}"


def _threshold(threshold: Threshold) -> str:
    basis = ', on = "forecast"' if threshold.on == "forecast" else ""
    return f"{{ at = {_number(threshold)}{basis} }}"


def _number(threshold: Threshold) -> str:
    text = plain_decimal(threshold.at)
    return text if "." in text else f"{text}.0"


def _notify(notify: Notify) -> Iterator[str]:
    if notify.pubsub_topic is not None:
        yield f"pubsub_topic = {toml_string(notify.pubsub_topic)}"
    if notify.channels:
        yield f"channels = {_list(notify.channels)}"
    if notify.project_owners:
        yield "project_owners = true"
    if not notify.default_recipients:
        yield "default_recipients = false"


def _list(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(toml_string, values))}]"
