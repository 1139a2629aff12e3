"""Call facts: calls of the libraries that matter, with what a rule needs to know about each."""

from __future__ import annotations

import ast
from typing import Final

from costguard.extract.pytypes.callbacks import MAXIMUM_DEPTH, classify_body, classify_function
from costguard.extract.pytypes.definitions import CHANGING_METHODS, target_names
from costguard.extract.pytypes.loops import innermost, unwrapped
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.names import ENGINES
from costguard.extract.pytypes.positions import Offsets, place, shortened, written
from costguard.extract.pytypes.state import LoopSite, Site
from costguard.extract.pytypes.training import describe_training
from costguard.extract.pytypes.values import Maker, Value
from costguard.extract.pytypes.words import words
from costguard.model import Argument, Call, Loop

LIBRARIES: Final = words(
    "pandas polars pyspark bigframes google pandas_gbq sklearn lightgbm xgboost catboost shap"
    " joblib torch dask cudf geopandas optuna"
)
_GOOGLE: Final = ("google.cloud.bigquery.", "google.cloud.aiplatform.")
_NOISE: Final = (
    "pyspark.sql.functions.",
    "pyspark.sql.types.",
    "pyspark.sql.Column.",
    "pandas.Index.",
    "pandas.Timestamp",
    "polars.Expr.",
    "torch.nn.",
    "google.cloud.bigquery.SchemaField",
)
_WANTED: Final = frozenset(
    {"pyspark.sql.functions.udf", "pyspark.sql.functions.pandas_udf", "pyspark.sql.functions.broadcast"}
)
_ROW_LOOPS: Final = frozenset({"pandas.DataFrame.iterrows", "pandas.DataFrame.itertuples"})
_HARMLESS: Final = words("format join len str int float range list tuple dict lower upper strip sorted")


def matters(function: str) -> bool:
    """Whether a resolved name belongs to a library that rules are about."""
    if function.partition(".")[0] not in LIBRARIES:
        return False
    if function.startswith("google."):
        return function.startswith(_GOOGLE) and function not in _NOISE
    return function in _WANTED or not function.startswith(_NOISE)


def build_calls(
    types: ModuleTypes,
    offsets: Offsets,
    loops: tuple[Loop, ...],
    numbers: dict[ast.AST, int],
    frames: dict[Maker, int],
) -> list[Call]:
    """The calls of a module that matter, in the order of their text."""
    builder = _Builder(types, offsets, loops, numbers, frames)
    # First, for it tells the calls among the decorators which function they get.
    calls = builder.decorators()
    calls.extend(builder.call(site) for site in types.evaluation.sites.values() if matters(site.function))
    return calls


def _name_called_on(node: ast.Call) -> str | None:
    """`df` of `df.apply(f)`, `self.df` of `self.df.apply(f)`: a frame that a function made has another name there."""
    named = node.func.value if isinstance(node.func, ast.Attribute) else None
    base = named
    while isinstance(base, ast.Attribute):
        base = base.value
    return written(named, 40) if isinstance(base, ast.Name) else None


class _Builder:
    def __init__(
        self,
        types: ModuleTypes,
        offsets: Offsets,
        loops: tuple[Loop, ...],
        numbers: dict[ast.AST, int],
        frames: dict[Maker, int],
    ) -> None:
        self._types = types
        self._offsets = offsets
        self._loops = loops
        self._frames = frames
        self._nodes = {number: node for node, number in numbers.items()}
        self._changed: dict[int, set[str]] = {}
        self._row_loops: dict[ast.AST, LoopSite] = {}
        for site in types.evaluation.loops.values():
            for inner in _row_sources(site.iterable):
                self._row_loops[inner] = site

    def call(self, site: Site) -> Call:
        node = site.node
        where = place(node, self._offsets)
        loop = innermost(self._loops, where.start, where.cell)
        callback, detail = self._described(site)
        receiver = self._frame(site.receiver)
        if (
            loop is not None
            and site.receiver is not None
            and site.function.startswith("pyspark.")
            and not self._differs(node, loop)
        ):
            detail = detail or self._source_outside(site.receiver, loop)
        return Call(
            start=where.start,
            end=where.end,
            function=site.function,
            receiver=receiver,
            result=self._frame(site.result),
            loop=loop,
            loop_depth=0 if loop is None else self._loops[loop].depth,
            scope=site.context.scope,
            in_branch=site.context.in_branch,
            arguments=arguments_of(node, self._types),
            invariant=loop is not None and self._invariant(node, loop),
            callback=callback,
            detail=detail,
            called_on=_name_called_on(node),
            cell=where.cell,
        )

    def decorators(self) -> list[Call]:
        """`@udf` and its like, as calls that take the function."""
        found = []
        for decorator, function, context in self._types.evaluation.decorators:
            head = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = self._types.resolve(head)
            if name not in _WANTED:
                continue
            where = place(decorator, self._offsets)
            if isinstance(decorator, ast.Call):
                # The call itself is a fact already: it is the one that gets the function.
                self._types.evaluation.sites[decorator].callback = function
                continue
            loop = innermost(self._loops, where.start, where.cell)
            found.append(
                Call(
                    start=where.start,
                    end=where.end,
                    function=name,
                    receiver=None,
                    result=None,
                    loop=loop,
                    loop_depth=0 if loop is None else self._loops[loop].depth,
                    scope=context.scope,
                    in_branch=context.in_branch,
                    callback=classify_function(self._types, function),
                    detail=function.name,
                    cell=where.cell,
                )
            )
        return found

    def _frame(self, value: Value | None) -> int | None:
        if value is None or not value.makers:
            return None
        numbers = [self._frames[maker] for maker in value.makers if maker in self._frames]
        # Of several frames the one that is least surely small speaks for all.
        return min(numbers, key=lambda number: (self._is_small(value, number), number)) if numbers else None

    def _is_small(self, value: Value, number: int) -> bool:
        return any(maker.small for maker in value.makers if self._frames.get(maker) == number)

    def _source_outside(self, value: Value, loop: int) -> str | None:
        """The name of a frame that was made before the loop and that this one is derived from."""
        around = self._loops[loop]
        pending = list(value.makers)
        seen: set[Maker] = set()
        while pending:
            maker = pending.pop()
            if maker in seen:
                continue
            seen.add(maker)
            if maker.node is None:
                return maker.name
            where = place(maker.node, self._offsets)
            inside = where.cell == around.cell and around.start <= where.start < around.end
            if not inside or around.once_start <= where.start < around.once_end:
                return maker.name or written(maker.node, 60)
            pending.extend(maker.parents)
        return None

    def _differs(self, node: ast.expr, number: int, depth: int = 0) -> bool:
        """Whether a chain of methods starts at something that a loop hands out: another frame in every turn."""
        while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Subscript):
                is_frame = self._types.type_of(node.value) in ENGINES
                if not is_frame and _names(node.slice) & self._changed_in(number):
                    return True
            node = node.func if isinstance(node, ast.Call) else node.value
        if not isinstance(node, ast.Name) or depth > MAXIMUM_DEPTH:
            return False
        loop = self._nodes[number]
        target = getattr(loop, "target", None)
        if target is not None and node.id in target_names(target):
            return True
        return any(
            self._differs(statement.value, number, depth + 1)
            for statement in ast.walk(loop)
            if isinstance(statement, ast.Assign)
            and any(isinstance(place, ast.Name) and place.id == node.id for place in statement.targets)
        )

    def _described(self, site: Site) -> tuple[str | None, str | None]:
        if site.function in _ROW_LOOPS:
            loop = self._row_loops.get(site.node)
            if loop is None:
                return None, None
            return self._row_loop(loop)
        if site.callback is not None:
            return classify_function(self._types, site.callback), site.callback.name
        return None, describe_training(site, self._types)

    def _row_loop(self, site: LoopSite) -> tuple[str, str | None]:
        owner = site.owner
        if isinstance(owner, ast.For | ast.AsyncFor):
            kind = classify_body(self._types, owner.body, site.target)
        elif isinstance(owner, ast.DictComp):
            kind = classify_body(self._types, [owner.key, owner.value], site.target)
        else:
            element = [owner.elt] if isinstance(owner, ast.ListComp | ast.SetComp | ast.GeneratorExp) else []
            kind = classify_body(self._types, element, site.target)
        number = next((number for number, node in self._nodes.items() if node is site.node), None)
        if kind == "vectorizable" and number is not None and self._loops[number].carries_state:
            kind = "opaque"
        return kind, written(site.target, 60) or None

    def _invariant(self, node: ast.Call, loop: int) -> bool:
        changed = self._changed_in(loop)
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and child.id in changed:
                return False
            if isinstance(child, ast.Call) and child is not node:
                name = (
                    child.func.attr
                    if isinstance(child.func, ast.Attribute)
                    else getattr(child.func, "id", "")
                )
                if name not in _HARMLESS and self._types.resolve(child.func) is None:
                    return False
            if isinstance(child, ast.Await | ast.Yield | ast.NamedExpr):
                return False
        return True

    def _changed_in(self, loop: int) -> set[str]:
        changed = self._changed.get(loop)
        if changed is None:
            changed = self._changed[loop] = _changed_names(self._nodes[loop])
        return changed


def _row_sources(iterable: ast.expr | None) -> list[ast.expr]:
    node = unwrapped(iterable)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "zip":
            return [found for argument in node.args for found in _row_sources(argument)]
        return [node]
    return []


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def _changed_names(node: ast.AST) -> set[str]:
    """Names that may mean something else in the next turn of a loop."""
    names: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store | ast.Del):
            names.add(child.id)
        elif isinstance(child, ast.Subscript | ast.Attribute) and isinstance(child.ctx, ast.Store | ast.Del):
            root: ast.expr = child
            while isinstance(root, ast.Subscript | ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name):
                names.add(root.id)
        elif isinstance(child, ast.arg):
            names.add(child.arg)
        elif (
            isinstance(child, ast.Call)
            and isinstance(child.func, ast.Attribute)
            and isinstance(child.func.value, ast.Name)
            and child.func.attr in CHANGING_METHODS
        ):
            names.add(child.func.value.id)
    return names


def arguments_of(node: ast.Call, types: ModuleTypes) -> tuple[Argument, ...]:
    """The arguments of a call, as written."""
    found = [_argument(position, None, argument, types) for position, argument in enumerate(node.args)]
    found.extend(_argument(None, named.arg, named.value, types) for named in node.keywords)
    return tuple(found)


def _argument(position: int | None, name: str | None, node: ast.expr, types: ModuleTypes) -> Argument:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Argument(position, name, "string", shortened(node.value[:1000], 120))
    return Argument(position, name, _kind(node, types), written(node, 120))


def _kind(node: ast.expr, types: ModuleTypes) -> str:
    if isinstance(node, ast.Constant):
        return _CONSTANT_KINDS.get(node.value.__class__, "other")
    if isinstance(node, ast.Name):
        return "function" if types.value_of(node).function is not None else "name"
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return "number"
    return _KINDS.get(node.__class__, "other")


_CONSTANT_KINDS: Final[dict[type, str]] = {
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "none",
}
_KINDS: Final[dict[type, str]] = {
    ast.List: "list",
    ast.Tuple: "list",
    ast.Set: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Lambda: "lambda",
    ast.Attribute: "name",
    ast.Call: "call",
    ast.JoinedStr: "string",
}
