"""What the evaluation of a module keeps: environments, where it is, and what it found."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from costguard.extract.pytypes.annotations import UsageSignatures
from costguard.extract.pytypes.definitions import Definition, collect_definitions
from costguard.extract.pytypes.dependence import Flow, flow_of
from costguard.extract.pytypes.libraries import BUILTIN_NAMES, SPARK_FUNCTION_NAMES
from costguard.extract.pytypes.names import ENGINES, FRAME, QUERY_JOB, ROWS, SPARK
from costguard.extract.pytypes.values import UNKNOWN, Function, Maker, Relation, Value, escape

LoopNode = (
    ast.For
    | ast.AsyncFor
    | ast.While
    | ast.comprehension
    | ast.Lambda
    | ast.FunctionDef
    | ast.AsyncFunctionDef
)

TRACKED = frozenset({FRAME, "geopandas.GeoDataFrame", QUERY_JOB, ROWS})
"""Types whose use of columns is followed; frames of other engines count as escaped from the start."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a piece of code stands."""

    scope: str = ""
    in_branch: bool = False
    in_loop: bool = False


@dataclass(slots=True)
class Site:
    """A call of something known by name."""

    node: ast.Call
    function: str
    receiver: Value | None
    context: Context
    result: Value = UNKNOWN
    callback: Function | None = None


@dataclass(slots=True)
class LoopSite:
    """A loop, and what it was found to run over."""

    node: LoopNode
    owner: ast.stmt | ast.expr
    """The statement or comprehension whose text is repeated."""
    iterated: Value = UNKNOWN
    """The value of the iterable."""
    iterable: ast.expr | None = None
    target: ast.expr | None = None
    parallel: bool = False


@dataclass(slots=True)
class FunctionState:
    """How far a function of the module has been analysed."""

    parameters: dict[str, Value] = field(default_factory=dict)
    analysed: dict[str, Value] | None = None
    result: Value = UNKNOWN
    active: bool = False
    runs: int = 0
    attributes: int = 0
    """How many attributes its class was known to have when it was last evaluated."""


class State:
    """Environments and findings while a module is evaluated; the base of the evaluator."""

    def __init__(self, tree: ast.Module, known: Mapping[str, str]) -> None:
        self.definitions = collect_definitions(tree.body)
        self.signatures = UsageSignatures(self.definitions.imported)
        self.module: dict[str, Value] = {}
        self.enclosing: tuple[dict[str, Value], ...] = ()
        self.env: dict[str, Value] = self.module
        self.context = Context()
        self.values: dict[ast.AST, Value] = {}
        self.sites: dict[ast.AST, Site] = {}
        self.loops: dict[LoopNode, LoopSite] = {}
        self._flows: dict[ast.stmt, Flow] = {}
        self.makers: dict[ast.AST | str, Maker] = {}
        self.functions: dict[Definition, FunctionState] = {}
        self.pending: list[tuple[Function, Context]] = []
        self.decorators: list[tuple[ast.expr, Function, Context]] = []
        self.returned: list[Value] = []
        for name, type_name in known.items():
            self.module[name] = self._known_value(name, type_name)

    def _known_value(self, name: str, type_name: str) -> Value:
        if type_name not in ENGINES:
            return Value(type=type_name)
        maker = Maker(None, type_name, "magic")
        maker.name = name
        maker.origin = "query"
        # A name that statements bind too: which of its uses see the magic's result is not written.
        maker.escaped = type_name not in TRACKED or name in self.definitions.bound
        self.makers[name] = maker
        return Value(type=type_name, makers=(maker,))

    def lookup(self, name: str) -> Value:
        """The value of a name here: local, enclosing, global, built in."""
        value = self.env.get(name)
        if value is not None:
            return value
        for environment in reversed(self.enclosing):
            value = environment.get(name)
            if value is not None:
                return value
        value = self.module.get(name)
        if value is not None:
            return value
        if name in self.definitions.bound:
            return UNKNOWN
        if name in BUILTIN_NAMES:
            return Value(symbol=f"builtins.{name}")
        for module in self.definitions.star_modules:
            if module == "pyspark.sql.functions" and name in SPARK_FUNCTION_NAMES:
                return Value(symbol=f"{module}.{name}")
        # Nothing in the module binds it: Databricks and Spark shells do.
        if not self.definitions.star_modules or self.definitions.star_modules == ["pyspark.sql.functions"]:
            if name == "spark":
                return Value(type=SPARK)
            if name == "sqlContext":
                return Value(type="pyspark.sql.SQLContext")
        return UNKNOWN

    def flow(self, loop: ast.For | ast.AsyncFor | ast.While) -> Flow:
        """How the names of a loop's body depend on each other; worked out once."""
        found = self._flows.get(loop)
        if found is None:
            found = self._flows[loop] = flow_of(loop)
        return found

    def make(
        self,
        node: ast.expr | ast.arg,
        type_name: str,
        reader: str,
        parents: Iterable[Maker] = (),
        relation: Relation = "same",
        origin: str = "derived",
    ) -> Value:
        """The value of an expression that makes a frame; other types are plain instances."""
        if type_name not in ENGINES:
            return Value(type=type_name)
        maker = self.makers.get(node)
        if maker is None or maker.type != type_name:
            maker = self.makers[node] = Maker(node, type_name, reader)
            maker.escaped = type_name not in TRACKED
        maker.reader = reader
        maker.origin = origin
        for parent in parents:
            if parent is not maker:
                # A frame derived both ways needs what the stricter way needs.
                maker.parents[parent] = "same" if maker.parents.get(parent) == "same" else relation
        return Value(type=type_name, makers=(maker,))

    @staticmethod
    def use(value: Value, columns: Iterable[str] | None) -> None:
        """Note that these columns of the frames in a value are read; None: unknown ones, so all."""
        if columns is None:
            escape(value)
            return
        for column in columns:
            for maker in value.makers:
                if column not in maker.assigned:
                    maker.columns.add(column)
