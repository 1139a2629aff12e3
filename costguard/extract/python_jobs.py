"""Reads what a call says about its BigQuery job: limit of bytes, labels, dry run, parameters, destination."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass

from costguard.extract.python_scopes import Scope
from costguard.extract.python_sinks import Sink
from costguard.extract.python_strings import Evaluator
from costguard.extract.python_values import (
    ChoiceValue,
    DictValue,
    ListValue,
    ObjectValue,
    ScalarValue,
    StringValue,
    UnknownValue,
    Value,
    constant,
)

_NUMBERS = {"INT64", "INTEGER", "FLOAT64", "FLOAT", "NUMERIC", "BIGNUMERIC"}
_TYPED_TEXT = {"DATE", "DATETIME", "TIMESTAMP", "TIME", "NUMERIC", "BIGNUMERIC", "JSON"}


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What is known of the job that a call starts. None means that it cannot be known."""

    bytes_cap: bool | None = None
    labelled: bool | None = None
    dry_run: bool = False
    destination: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


def job_settings(sink: Sink, call: ast.Call, evaluator: Evaluator, scope: Scope) -> JobSettings:
    """The settings of the job that `call` starts through `sink`."""
    if sink.dialect not in ("bigquery", "by-connection") or sink.configuration == "none":
        return JobSettings()
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if sink.configuration == "keyword":
        return JobSettings(
            None if None in keywords else "maximum_bytes_billed" in keywords,
            None if None in keywords else "labels" in keywords,
            destination=_written(keywords.get("destination_dataset_table"), evaluator, scope),
        )
    if sink.configuration == "mapping":
        return _from_mapping(keywords, evaluator, scope)
    own = _configuration(call, keywords, evaluator, scope)
    default = _client_default(call, evaluator, scope)
    return own if default is None else _combined(own, default)


def _configuration(
    call: ast.Call, keywords: dict[str | None, ast.expr], evaluator: Evaluator, scope: Scope
) -> JobSettings:
    node = keywords.get("job_config")
    if node is None and len(call.args) > 1 and not isinstance(call.args[1], ast.Starred):
        node = call.args[1]
    if node is None:
        unknown = None in keywords
        return JobSettings(None if unknown else False, None if unknown else False)
    return settings_of(evaluator.evaluate(node, scope))


def settings_of(value: Value) -> JobSettings:
    """The settings that a `QueryJobConfig` value holds."""
    if isinstance(value, ChoiceValue):
        found = [settings_of(member) for member in value.values]
        return JobSettings(
            found[0].bytes_cap if len({s.bytes_cap for s in found}) == 1 else None,
            found[0].labelled if len({s.labelled for s in found}) == 1 else None,
            all(s.dry_run for s in found),
            found[0].destination,
            found[0].parameters,
        )
    if isinstance(value, ScalarValue) and value.value is None:
        return JobSettings(False, False)
    if isinstance(value, DictValue):
        entries: dict[str, Value] = {key: item for key, item in value.items if isinstance(key, str)}
        return _from_entries(entries, value.complete)
    if not isinstance(value, ObjectValue) or not value.name.endswith("QueryJobConfig"):
        return JobSettings()
    return _from_entries(value.settings, "**" not in value.settings)


def _from_entries(entries: dict[str, Value], complete: bool) -> JobSettings:
    return JobSettings(
        _is_set(entries, "maximum_bytes_billed", complete),
        _is_set(entries, "labels", complete),
        constant(entries.get("dry_run")) is True,
        _text_of(entries.get("destination")),
        parameters_of(entries.get("query_parameters")),
    )


def _is_set(entries: dict[str, Value], name: str, complete: bool) -> bool | None:
    if name in entries:
        return constant(entries[name]) is not None
    return False if complete else None


def _client_default(call: ast.Call, evaluator: Evaluator, scope: Scope) -> JobSettings | None:
    if not isinstance(call.func, ast.Attribute):
        return None
    client = evaluator.evaluate(call.func.value, scope)
    if not isinstance(client, ObjectValue):
        return None
    default = client.settings.get("default_query_job_config")
    return None if default is None else settings_of(default)


def _combined(own: JobSettings, default: JobSettings) -> JobSettings:
    """The call's settings over the client's."""
    return JobSettings(
        default.bytes_cap if own.bytes_cap is False else own.bytes_cap,
        default.labelled if own.labelled is False else own.labelled,
        own.dry_run or default.dry_run,
        own.destination or default.destination,
        own.parameters or default.parameters,
    )


def _from_mapping(keywords: dict[str | None, ast.expr], evaluator: Evaluator, scope: Scope) -> JobSettings:
    """Settings in REST notation: `configuration={"query": {"maximumBytesBilled": ...}, "labels": {...}}`."""
    node = keywords.get("configuration") or keywords.get("job_configuration_query")
    labels_apart = "labels" in keywords
    if node is None:
        return JobSettings(None if None in keywords else False, labels_apart)
    value = evaluator.evaluate(node, scope)
    if not isinstance(value, DictValue):
        return JobSettings()
    query = value.get("query")
    inner = query if isinstance(query, DictValue) else value
    cap: bool | None = inner.get("maximumBytesBilled") is not None
    if not cap and not inner.complete:
        cap = None
    labelled = value.get("labels") is not None or labels_apart
    table = inner.get("destinationTable")
    destination = None
    if isinstance(table, DictValue):
        names = [_text_of(table.get(part)) for part in ("projectId", "datasetId", "tableId")]
        destination = ".".join(name for name in names if name) or None
    return JobSettings(cap, labelled, constant(value.get("dryRun")) is True, destination)


def _written(node: ast.expr | None, evaluator: Evaluator, scope: Scope) -> str | None:
    if node is None:
        return None
    return _text_of(evaluator.evaluate(node, scope)) or evaluator.expression_text(node)


def _text_of(value: Value | None) -> str | None:
    if isinstance(value, StringValue):
        return "".join(f"{{{p.expression}}}" if p.expression else p.text for p in value.pieces)
    if isinstance(value, UnknownValue):
        return value.expression
    if isinstance(value, ObjectValue):
        return _text_of(value.positional[0]) if value.positional else value.name
    if isinstance(value, ChoiceValue):
        return next(filter(None, map(_text_of, value.values)), None)
    return None


def parameters_of(value: Value | None) -> tuple[tuple[str, str], ...]:
    """Named query parameters with constant values, as GoogleSQL literals."""
    if not isinstance(value, ListValue):
        return ()
    found: list[tuple[str, str]] = []
    for element in value.elements:
        if not isinstance(element, ObjectValue):
            continue
        names = (
            "name",
            "array_type" if "Array" in element.name else "type_",
            "values" if "Array" in element.name else "value",
        )
        given: dict[str, Value] = dict(zip(names, element.positional, strict=False))
        given.update(element.settings)
        name, kind = constant(given.get(names[0])), constant(given.get(names[1]))
        if not isinstance(name, str) or not isinstance(kind, str):
            continue
        content = given.get(names[2])
        if "Array" in element.name:
            literal = _array_literal(content, kind)
        else:
            literal = sql_literal(constant(content), kind)
        if literal is not None:
            found.append((name, literal))
    return tuple(found)


def _array_literal(value: Value | None, kind: str) -> str | None:
    if not isinstance(value, ListValue) or not value.complete:
        return None
    items = [sql_literal(constant(element), kind) for element in value.elements]
    return None if None in items else "[" + ", ".join(item for item in items if item is not None) + "]"


def sql_literal(value: object, kind: str) -> str | None:
    """A Python constant as a GoogleSQL literal of a type; None when it is not a constant."""
    kind = kind.upper()
    if value is ...:
        return None
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            return f"CAST('{value}' AS FLOAT64)"
        return str(value)
    text = str(value)
    if kind in _NUMBERS and kind not in _TYPED_TEXT:
        return text if text.lstrip("-").replace(".", "", 1).isdigit() else None
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    return f"{kind} {quoted}" if kind in _TYPED_TEXT else quoted


def literal_parameters(value: Value | None) -> tuple[tuple[str, str], ...]:
    """Parameters given as a mapping of names to constants, as magics take them."""
    if not isinstance(value, DictValue):
        return ()
    found: list[tuple[str, str]] = []
    for name, item in value.items:
        literal = (
            _array_literal(item, "STRING")
            if isinstance(item, ListValue)
            else sql_literal(constant(item), "STRING")
        )
        if isinstance(name, str) and literal is not None:
            found.append((name, literal))
    return tuple(found)
