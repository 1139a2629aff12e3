"""The names that dbt, bigquery-etl and Airflow give to templates."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from jinja2.utils import Cycler, Joiner, Namespace

from costguard.extract.dbt import Relation
from costguard.extract.template_relation import RelationValue, relation_value
from costguard.extract.template_sandbox import MacroReturn
from costguard.extract.template_unknown import RUN_DATE, Answering, Unknown

_DAY = datetime.timedelta(days=1)
ADAPTERS = {
    "bigquery": "bigquery",
    "trino": "trino",
    "snowflake": "snowflake",
    "spark": "spark",
    "duckdb": "duckdb",
}


class Settings(Answering):
    """`config(...)` and `config.get(...)`: keeps what the model asks for."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __call__(self, *positional: Any, **values: Any) -> str:
        for given in positional:
            if isinstance(given, Mapping):
                self._values.update(given)
        self._values.update(values)
        return ""

    def get(self, name: str, default: Any = None, **_: Any) -> Any:
        return self._values.get(name, default)

    def require(self, name: str, **_: Any) -> Any:
        return self._values.get(name, Unknown(expression=f"config.require('{name}')"))

    def set(self, name: str, value: Any) -> str:
        self._values[name] = value
        return ""

    def persist_relation_docs(self) -> bool:
        return False

    def persist_column_docs(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name, Unknown(expression=f"config.{name}"))


class Variables(Answering):
    """`var('x')` of dbt, and `var.value.x`, `var.json.x` of Airflow."""

    __slots__ = ("_find", "json", "value")

    def __init__(self, find: Callable[[str], tuple[bool, Any]]) -> None:
        self._find = find
        self.value = Unknown(expression="var.value")
        self.json = Unknown(expression="var.json")

    def __call__(self, name: Any = "", default: Any = None) -> Any:
        known, value = self._find(str(name))
        if known:
            return value
        return Unknown(expression=f"var('{name}')") if default is None else default

    def has_var(self, name: Any) -> bool:
        return self._find(str(name))[0]


class Target(Answering):
    """`target`: what profiles.yml says, unknown for the rest."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values.get(name, Unknown(expression=f"target.{name}"))


class MacroNamespace(Answering):
    """`package.macro(...)`."""

    __slots__ = ("_find", "_name")

    def __init__(self, name: str, find: Callable[[str, str], Any]) -> None:
        self._name = name
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._find(self._name, name)


class Silent(Answering):
    """`exceptions`, `flags` and the like: every method gives no text."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _nothing


class Flags(Answering):
    """`flags`: none is set."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return False


class Adapter(Answering):
    """`adapter`: nothing is asked of a warehouse, so what it would answer is unknown."""

    __slots__ = ("_dialect", "_dispatch")

    def __init__(self, dialect: str, dispatch: Callable[[str, str], Any]) -> None:
        self._dialect = dialect
        self._dispatch = dispatch

    def dispatch(self, macro_name: Any = "", macro_namespace: Any = None, packages: Any = None) -> Any:
        name = str(macro_name).rpartition(".")[2]
        return self._dispatch(str(macro_namespace or ""), name)

    def quote(self, identifier: Any = "") -> str:
        return f"`{identifier}`" if self._dialect == "bigquery" else f'"{identifier}"'

    def type(self) -> str:
        return ADAPTERS.get(self._dialect, self._dialect)

    def get_relation(self, database: Any = "", schema: Any = "", identifier: Any = "") -> RelationValue:
        return relation_value(Relation(str(database), str(schema), str(identifier)), self._dialect)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Unknown(expression=f"adapter.{name}")


class RelationFactory:
    """`api.Relation.create(...)`."""

    __slots__ = ("_dialect",)

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def create(self, database: Any = "", schema: Any = "", identifier: Any = "", **_: Any) -> RelationValue:
        return relation_value(
            Relation(str(database or ""), str(schema or ""), str(identifier or "")), self._dialect
        )


def _nothing(*_: Any, **__: Any) -> str:
    return ""


def give_back(value: Any = None) -> Any:
    """`return(value)`."""
    raise MacroReturn(value)


def constant_names(dialect: str) -> dict[str, Any]:
    """Names that are the same for every template."""
    names: dict[str, Any] = {
        "return": give_back,
        "log": _nothing,
        "print": _nothing,
        "debug": _nothing,
        "doc": _nothing,
        "exceptions": Silent(),
        "flags": Flags(),
        "execute": False,
        "zip": lambda *lists, **_: list(zip(*(_iterable(item) for item in lists), strict=False)),
        "zip_strict": lambda *lists: list(zip(*(_iterable(item) for item in lists), strict=False)),
        "set": lambda values=(), default=None: set(_iterable(values)),
        "set_strict": lambda values=(): set(_iterable(values)),
        "dict": dict,
        "namespace": Namespace,
        "cycler": Cycler,
        "joiner": Joiner,
        "fromjson": _from_json,
        "tojson": lambda value=None, default=None, **_: json.dumps(value, default=str),
        "local_md5": lambda value="": hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest(),
        "env_var": lambda name="", default=None: (
            Unknown(expression=f"env_var('{name}')") if default is None else default
        ),
        "run_started_at": _date("run_started_at", RUN_DATE.isoformat()),
        "load_result": lambda name="": Unknown(expression=f"load_result('{name}')"),
        "null": None,
        "nil": None,
    }
    names.update(_airflow())
    names["api"] = {"Relation": RelationFactory(dialect)}
    return names


def _from_json(text: Any = "", default: Any = None) -> Any:
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError):
        return default


def _iterable(value: Any) -> Any:
    return value if hasattr(value, "__iter__") else (value,)


def _date(name: str, standin: str) -> Unknown:
    return Unknown(expression=name, standin=standin)


class _AirflowMacros(Answering):
    """`macros` of Airflow: dates are stand-ins, the rest is unknown."""

    __slots__ = ()

    def ds_add(self, ds: Any = "", days: Any = 0) -> Unknown:
        shift = days if isinstance(days, int) and abs(days) < 100_000 else 0
        return _date(f"macros.ds_add(ds, {days})", (RUN_DATE + shift * _DAY).strftime("%Y-%m-%d"))

    def ds_format(self, ds: Any = "", input_format: Any = "", output_format: Any = "%Y-%m-%d") -> Unknown:
        return _date("macros.ds_format(ds)", RUN_DATE.strftime(str(output_format)[:40]))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Unknown(expression=f"macros.{name}")


def _airflow() -> dict[str, Any]:
    day = "%Y-%m-%d"
    names: dict[str, Any] = {"macros": _AirflowMacros()}
    shifts = {"": 0, "yesterday_": -1, "prev_": -1, "tomorrow_": 1, "next_": 1}
    for prefix, shift in shifts.items():
        moment = RUN_DATE + shift * _DAY
        names[f"{prefix}ds"] = _date(f"{prefix}ds", moment.strftime(day))
        names[f"{prefix}ds_nodash"] = _date(f"{prefix}ds_nodash", moment.strftime("%Y%m%d"))
    names["ts"] = _date("ts", f"{RUN_DATE.isoformat()}+00:00")
    names["ts_nodash"] = _date("ts_nodash", RUN_DATE.strftime("%Y%m%dT%H%M%S"))
    for name in ("execution_date", "logical_date", "data_interval_start", "prev_execution_date"):
        names[name] = _date(name, f"{RUN_DATE.isoformat()}+00:00")
    for name in ("data_interval_end", "next_execution_date"):
        names[name] = _date(name, f"{(RUN_DATE + _DAY).isoformat()}+00:00")
    return names
