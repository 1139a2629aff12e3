# ruff: noqa: S608 - this file writes SQL that is read and never run
"""SQL that the well-known macro packages write: `dbt_utils` and the cross-database macros of dbt itself.

Each function gives SQL that reads the same tables and columns as the original macro. What the original
asks the warehouse for (column lists, distinct values) stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from costguard.extract.template_limits import MAX_SIZE, TemplateLimit
from costguard.extract.template_unknown import Unknown

MacroTable = dict[str, Callable[..., Any]]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, (str, Unknown)):
        return [value]
    return list(value)


def cross_database_macros(dialect: str) -> MacroTable:
    """Macros of the `dbt` package, also callable without a prefix."""
    bigquery = dialect == "bigquery"
    trino = dialect in {"trino", "presto", "athena"}
    text = "STRING" if bigquery or dialect in {"spark", "databricks"} else "VARCHAR"
    types = {
        "type_string": text,
        "type_timestamp": "TIMESTAMP",
        "type_datetime": "DATETIME" if bigquery else "TIMESTAMP",
        "type_int": "INT64" if bigquery else "INTEGER",
        "type_bigint": "INT64" if bigquery else "BIGINT",
        "type_float": "FLOAT64" if bigquery else "DOUBLE",
        "type_numeric": "NUMERIC" if bigquery else "NUMERIC(28, 6)",
        "type_boolean": "BOOL" if bigquery else "BOOLEAN",
    }

    def dateadd(datepart: Any = "day", interval: Any = 1, from_date_or_timestamp: Any = "NULL") -> str:
        if bigquery:
            return f"DATETIME_ADD(CAST({from_date_or_timestamp} AS DATETIME), INTERVAL {interval} {datepart})"
        if trino:
            return f"DATE_ADD('{datepart}', {interval}, {from_date_or_timestamp})"
        return f"DATEADD({datepart}, {interval}, {from_date_or_timestamp})"

    def datediff(first_date: Any = "NULL", second_date: Any = "NULL", datepart: Any = "day") -> str:
        if bigquery:
            return (
                f"DATETIME_DIFF(CAST({second_date} AS DATETIME), CAST({first_date} AS DATETIME), {datepart})"
            )
        if trino:
            return f"DATE_DIFF('{datepart}', {first_date}, {second_date})"
        return f"DATEDIFF({datepart}, {first_date}, {second_date})"

    def date_trunc(datepart: Any = "day", date: Any = "NULL") -> str:
        if bigquery:
            return f"TIMESTAMP_TRUNC(CAST({date} AS TIMESTAMP), {datepart})"
        return f"DATE_TRUNC('{datepart}', {date})"

    def last_day(date: Any = "NULL", datepart: Any = "month") -> str:
        return f"LAST_DAY({date}, {datepart})" if bigquery else f"LAST_DAY({date})"

    def hashed(field: Any = "NULL") -> str:
        return f"TO_HEX(MD5(CAST({field} AS STRING)))" if bigquery else f"MD5(CAST({field} AS {text}))"

    def safe_cast(field: Any = "NULL", type: Any = text) -> str:
        return f"{'SAFE_CAST' if bigquery else 'TRY_CAST'}({field} AS {type})"

    def listagg(
        measure: Any = "NULL", delimiter_text: Any = "','", order_by_clause: Any = None, limit_num: Any = None
    ) -> str:
        order = f" {order_by_clause}" if order_by_clause else ""
        limit = f" LIMIT {limit_num}" if limit_num and bigquery else ""
        return f"{'STRING_AGG' if bigquery else 'LISTAGG'}({measure}, {delimiter_text}{order}{limit})"

    def split_part(string_text: Any = "''", delimiter_text: Any = "','", part_number: Any = 1) -> str:
        if bigquery:
            return f"SPLIT({string_text}, {delimiter_text})[SAFE_OFFSET({part_number} - 1)]"
        return f"SPLIT_PART({string_text}, {delimiter_text}, {part_number})"

    table: MacroTable = {
        "dateadd": dateadd,
        "datediff": datediff,
        "date_trunc": date_trunc,
        "last_day": last_day,
        "hash": hashed,
        "safe_cast": safe_cast,
        "listagg": listagg,
        "split_part": split_part,
        "cast": lambda field="NULL", type=text: f"CAST({field} AS {type})",
        "concat": lambda fields=(): " || ".join(str(item) for item in _listed(fields)) or "''",
        "length": lambda expression="''": f"LENGTH({expression})",
        "position": lambda substring_text="''", string_text="''": f"STRPOS({string_text}, {substring_text})",
        "replace": lambda field="''", old_chars="''", new_chars="''": (
            f"REPLACE({field}, {old_chars}, {new_chars})"
        ),
        "right": lambda string_text="''", length_expression=1: (
            f"SUBSTR({string_text}, -1 * ({length_expression}))"
        ),
        "string_literal": lambda value="": f"'{value}'",
        "escape_single_quotes": lambda expression="": str(expression).replace(
            "'", "\\'" if bigquery else "''"
        ),
        "any_value": lambda expression="NULL": f"ANY_VALUE({expression})",
        "bool_or": lambda expression="NULL": f"{'LOGICAL_OR' if bigquery else 'BOOL_OR'}({expression})",
        "cast_bool_to_text": lambda field="NULL": f"CAST({field} AS {text})",
        "current_timestamp": lambda: "CURRENT_TIMESTAMP()" if bigquery else "CURRENT_TIMESTAMP",
        "current_timestamp_backcompat": lambda: "CURRENT_TIMESTAMP",
        "array_construct": lambda inputs=(), data_type=None: (
            f"[{', '.join(str(item) for item in _listed(inputs))}]"
        ),
        "array_append": lambda array="[]", new_element="NULL": f"ARRAY_CONCAT({array}, [{new_element}])",
        "array_concat": lambda array_1="[]", array_2="[]": f"ARRAY_CONCAT({array_1}, {array_2})",
        "except": lambda: "EXCEPT DISTINCT" if bigquery else "EXCEPT",
        "intersect": lambda: "INTERSECT DISTINCT" if bigquery else "INTERSECT",
    }
    for name, sql_type in types.items():
        table[name] = _constant(sql_type)
    return table


def _constant(value: str) -> Callable[..., str]:
    def given(**_: Any) -> str:
        return value

    return given


def dbt_utils_macros(dialect: str) -> MacroTable:
    """Macros of the `dbt_utils` package (the cross-database ones it once held included)."""
    bigquery = dialect == "bigquery"
    cross = cross_database_macros(dialect)
    text = cross["type_string"]()

    def star(
        from_relation: Any = None,
        relation_alias: Any = False,
        except_columns: Any = (),
        prefix: Any = "",
        suffix: Any = "",
        quote_identifiers: Any = True,
        **keywords: Any,
    ) -> str:
        left_out = [str(item) for item in _listed(keywords.get("except", except_columns))]
        everything = f"{relation_alias}.*" if relation_alias else "*"
        return f"{everything} EXCEPT ({', '.join(left_out)})" if left_out and bigquery else everything

    def surrogate_key(field_list: Any = (), *more: Any) -> str:
        fields = [*_listed(field_list), *more]
        null = "_dbt_utils_surrogate_key_null_"
        parts = [f"COALESCE(CAST({item} AS {text}), '{null}')" for item in fields]
        return str(cross["hash"](" || '-' || ".join(parts) or "''"))

    def union_relations(
        relations: Any = (), where: Any = None, source_column_name: Any = "", **_: Any
    ) -> str:
        condition = f" WHERE {where}" if where else ""
        column = f", CAST(NULL AS {text}) AS {source_column_name}" if source_column_name else ""
        return "\nUNION ALL\n".join(
            f"(SELECT *{column} FROM {item}{condition})" for item in _listed(relations)
        )

    def group_by(n: Any = 1) -> str:
        if isinstance(n, Unknown) or not isinstance(n, int):
            return "GROUP BY 1"
        if n > MAX_SIZE:
            raise TemplateLimit("template too large")
        return "GROUP BY " + ", ".join(str(number + 1) for number in range(n))

    def date_spine(datepart: Any = "day", start_date: Any = "NULL", end_date: Any = "NULL") -> str:
        if bigquery:
            series = f"GENERATE_DATE_ARRAY(DATE({start_date}), DATE({end_date}), INTERVAL 1 {datepart})"
            return f"SELECT date_{datepart} FROM UNNEST({series}) AS date_{datepart}"
        return f"SELECT CAST(NULL AS DATE) AS date_{datepart}"

    def pivot(
        column: Any = "NULL",
        values: Any = (),
        alias: Any = True,
        agg: Any = "sum",
        cmp: Any = "=",
        prefix: Any = "",
        suffix: Any = "",
        then_value: Any = 1,
        else_value: Any = 0,
        quote_identifiers: Any = True,
        distinct: Any = False,
    ) -> str:
        unique = "DISTINCT " if distinct else ""
        columns: list[str] = []
        for number, value in enumerate(_listed(values)):
            plain = (
                "".join(letter if letter.isalnum() else "_" for letter in str(value))
                if isinstance(value, str)
                else ""
            )
            name = f" AS {prefix}{plain or f'value_{number}'}{suffix}" if alias else ""
            if name and (plain[:1].isdigit() and not prefix):
                name = f" AS _{name[4:]}"
            case = f"CASE WHEN {column} {cmp} '{value}' THEN {then_value} ELSE {else_value} END"
            columns.append(f"{agg}({unique}{case}){name}")
        return ",\n".join(columns)

    def unpivot(
        relation: Any = None,
        cast_to: Any = text,
        exclude: Any = (),
        remove: Any = (),
        field_name: Any = "field_name",
        value_name: Any = "value",
        **_: Any,
    ) -> str:
        kept = "".join(f"{item}, " for item in _listed(exclude))
        names = f"CAST(NULL AS {text}) AS {field_name}, CAST(NULL AS {cast_to}) AS {value_name}"
        return f"SELECT {kept}{names} FROM {relation}"

    def deduplicate(relation: Any = None, partition_by: Any = "1", order_by: Any = "1", **_: Any) -> str:
        number = f"ROW_NUMBER() OVER (PARTITION BY {partition_by} ORDER BY {order_by})"
        if bigquery:
            return f"SELECT * FROM {relation} AS original WHERE TRUE QUALIFY {number} = 1"
        return f"SELECT * FROM (SELECT *, {number} AS rn FROM {relation}) AS original WHERE rn = 1"

    def summed(fields: Sequence[Any], sign: str) -> str:
        return f" {sign} ".join(f"COALESCE({item}, 0)" for item in fields)

    def get_column_values(table: Any = None, column: Any = "", **keywords: Any) -> Any:
        default = keywords.get("default")
        return default if default else Unknown(expression=f"dbt_utils.get_column_values({table}, {column})")

    def get_single_value(query: Any = "", default: Any = None) -> Any:
        return default if default is not None else Unknown(expression="dbt_utils.get_single_value(...)")

    def generate_series(upper_bound: Any = 1) -> str:
        if bigquery:
            return (
                f"SELECT generated_number FROM UNNEST(GENERATE_ARRAY(1, {upper_bound})) AS generated_number"
            )
        return "SELECT 1 AS generated_number"

    own: MacroTable = {
        "star": lambda *args, **kw: star(
            *args, **{("from_relation" if k == "from" else k): v for k, v in kw.items()}
        ),
        "surrogate_key": surrogate_key,
        "generate_surrogate_key": surrogate_key,
        "union_relations": union_relations,
        "union_tables": union_relations,
        "group_by": group_by,
        "date_spine": date_spine,
        "pivot": pivot,
        "unpivot": unpivot,
        "deduplicate": deduplicate,
        "get_column_values": get_column_values,
        "get_single_value": get_single_value,
        "generate_series": generate_series,
        "safe_add": lambda *fields: summed(_listed(fields[0]) if len(fields) == 1 else fields, "+"),
        "safe_subtract": lambda *fields: summed(_listed(fields[0]) if len(fields) == 1 else fields, "-"),
        "safe_divide": lambda numerator="0", denominator="1": f"({numerator}) / NULLIF(({denominator}), 0)",
        "nullcheck_table": lambda relation=None: f"SELECT * FROM {relation}",
        "log_info": lambda *_, **__: "",
        "pretty_log_format": lambda message="": message,
        "slugify": lambda string="": "".join(
            letter if letter.isalnum() else "_" for letter in str(string).lower().strip()
        ),
        "get_url_host": lambda field="''": f"NET.HOST({field})" if bigquery else f"LOWER({field})",
        "get_url_parameter": lambda field="''", url_parameter="": (
            f"REGEXP_EXTRACT({field}, '{url_parameter}=([^&]*)')"
        ),
    }
    return {**cross, **own}
