"""What the body of a row loop or of a function passed in does with each row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from costguard.extract.pytypes.definitions import CHANGING_METHODS, all_arguments, target_names
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.values import Function
from costguard.extract.pytypes.words import words

MAXIMUM_DEPTH: Final = 3
"""Calls of the module's own functions that are followed."""

_IO_LIBRARIES: Final = words(
    "requests urllib urllib3 http httpx aiohttp boto3 botocore smtplib ftplib subprocess socket"
    " sqlalchemy psycopg2 pymysql pymongo sqlite3 redis shutil paramiko google googleapiclient"
    " matplotlib seaborn folium plotly azure twilio openai anthropic tweepy gspread selenium"
    " elasticsearch kafka logging pprint"
)
_IO_FUNCTIONS: Final = frozenset(
    {
        "builtins.print",
        "builtins.open",
        "builtins.input",
        "os.system",
        "os.makedirs",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.popen",
        "time.sleep",
        "asyncio.sleep",
        "sys.stdout.write",
    }
)
_IO_METHODS: Final = words(
    "execute executemany commit upload_from_filename upload_from_string upload_from_file"
    " download_to_filename download_as_string download_as_text download_as_bytes insert_rows_json"
    " insert_rows load_table_from_dataframe query_and_wait send sendmail send_message publish"
    " put_object get_object write writelines writerow writerows to_csv savefig scatter add_to"
    " render geocode urlopen info debug warning error exception"
)
_PREDICT_METHODS: Final = words(
    "predict predict_proba decision_function shap_values encode embed embed_query embed_documents"
    " score_samples"
)
_PURE_BUILTINS: Final = words(
    "int float str abs round min max len bool isinstance range zip sum tuple list dict set sorted"
    " any all pow divmod enumerate ord chr format type"
)
_PURE_LIBRARIES: Final = ("math.", "numpy.", "datetime.", "re.", "operator.", "decimal.", "string.")
_PURE_FUNCTIONS: Final = words(
    "pandas.isna pandas.isnull pandas.notna pandas.notnull pandas.to_datetime pandas.Timestamp"
    " pandas.Timedelta pandas.to_numeric time.strptime time.mktime time.strftime"
    " dateutil.parser.parse pandas.Series"
)
_PURE_METHODS: Final = words(
    "lower upper strip lstrip rstrip replace split rsplit startswith endswith format join title"
    " capitalize find count zfill isdigit isnumeric isalpha casefold ljust rjust splitlines index"
    " partition rpartition get append add update extend setdefault items keys values strftime"
    " strptime date time isoformat weekday total_seconds timestamp tolist to_dict sum mean min max"
    " std isin item lower"
)
_AMBIGUOUS: Final = words("get add update find count item index")
"""Methods of plain containers and texts that clients of services have too."""
_NOT_ALLOWED: Final = (
    ast.While,
    ast.Try,
    ast.TryStar,
    ast.With,
    ast.AsyncWith,
    ast.For,
    ast.AsyncFor,
    ast.Break,
    ast.Raise,
    ast.Global,
    ast.Nonlocal,
    ast.Delete,
    ast.Yield,
    ast.YieldFrom,
    ast.Await,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.ListComp,
    ast.SetComp,
    ast.GeneratorExp,
    ast.DictComp,
    ast.Lambda,
)


def classify_function(types: ModuleTypes, function: Function) -> str:
    """`vectorizable`, `io`, `predict` or `opaque`, for a function that is called once per row or value."""
    return _classify_function(types, function, 0)


def classify_body(types: ModuleTypes, body: list[ast.stmt] | list[ast.expr], target: ast.expr | None) -> str:
    """The same for the statements of a loop, or the expressions of a comprehension."""
    return _classify(types, body, frozenset(target_names(target)) if target is not None else frozenset(), 0)


def _classify_function(types: ModuleTypes, function: Function, depth: int) -> str:
    node = function.node
    body: list[ast.stmt] | list[ast.expr] = [node.body] if isinstance(node, ast.Lambda) else node.body
    return _classify(types, body, frozenset(argument.arg for argument in all_arguments(node.args)), depth)


def _classify(
    types: ModuleTypes, body: list[ast.stmt] | list[ast.expr], parameters: frozenset[str], depth: int
) -> str:
    nodes = list(_nodes(body))
    own = parameters | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    result = "vectorizable"
    for node in nodes:
        if isinstance(node, ast.Call):
            kind = _call_kind(types, node, own, depth)
            if depth and kind == "vectorizable" and _changes(node, parameters):
                kind = "opaque"  # what the function is given may live on from row to row
        elif isinstance(node, _NOT_ALLOWED):
            kind = "opaque"
        else:
            continue
        if kind == "io":
            return "io"
        if _RANK[kind] > _RANK[result]:
            result = kind
    return result


def _changes(node: ast.Call, parameters: frozenset[str]) -> bool:
    """Whether a call changes one of the containers that a function was given."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING_METHODS):
        return False
    root: ast.expr = node.func.value
    while isinstance(root, ast.Subscript | ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in parameters


_RANK: Final = {"vectorizable": 0, "opaque": 1, "predict": 2}


def _nodes(body: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def _call_kind(types: ModuleTypes, node: ast.Call, own: frozenset[str], depth: int) -> str:
    value = types.value_of(node.func)
    if value.function is not None:
        return "opaque" if depth >= MAXIMUM_DEPTH else _classify_function(types, value.function, depth + 1)
    function = types.resolve(node.func)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    # `text.encode()` turns text into bytes; a model's encode takes what it encodes.
    encodes_text = name == "encode" and not (node.args and not isinstance(node.args[0], ast.Constant))
    if name in _PREDICT_METHODS and not encodes_text and not (function or "").startswith("builtins."):
        return "predict"
    if function is not None:
        if function in _IO_FUNCTIONS or function.partition(".")[0] in _IO_LIBRARIES:
            return "io"
        if function.startswith("pandas.read_") or ".to_gbq" in function or ".to_csv" in function:
            return "io"
        if function.startswith("builtins.") and function.count(".") == 1:
            return "vectorizable" if function.rpartition(".")[2] in _PURE_BUILTINS else "opaque"
        if function.startswith(_PURE_LIBRARIES) or function in _PURE_FUNCTIONS:
            return "opaque" if function.startswith(("re.compile", "numpy.random")) else "vectorizable"
    if name in _IO_METHODS:
        return "io"
    if name not in _PURE_METHODS or (name in _AMBIGUOUS and not _is_plain_data(types, node, function, own)):
        return "opaque"
    return "vectorizable"


def _is_plain_data(types: ModuleTypes, node: ast.Call, function: str | None, own: frozenset[str]) -> bool:
    """Whether the object of a method is a value of the row or a container, not a client of some service."""
    if function is not None and function.startswith(("builtins.", "pandas.", "numpy.")):
        return True
    assert isinstance(node.func, ast.Attribute)
    root: ast.expr = node.func.value
    if isinstance(root, ast.Name) and types.evaluation.definitions.constants.get(root.id) is not None:
        return True
    while isinstance(root, ast.Subscript | ast.Attribute):
        root = root.value
    if isinstance(root, ast.Call):
        return isinstance(root.func, ast.Attribute) and root.func.attr in _PURE_METHODS
    # `lookup.get(key, default)` is how dictionaries are asked; services are not.
    return (
        isinstance(root, ast.Constant | ast.JoinedStr)
        or (isinstance(root, ast.Name) and root.id in own)
        or (node.func.attr == "get" and len(node.args) == 2)
    )
