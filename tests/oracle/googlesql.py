"""GoogleSQL's own analyser, compiled to WebAssembly (the package `zetasql`), reached without its Python model.

The package's own client compiles 28 MB of WebAssembly at every start and copies messages byte by byte. This one
keeps the compiled code in a folder and copies whole messages, which makes 10 seconds into 0.3.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import tzdata
from google._upb import _message  # type: ignore[import-untyped]
from wasmtime import Config, Engine, Linker, Module, SharedMemory, Store, WasiConfig
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service  # type: ignore[import-untyped]
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2  # type: ignore[import-untyped]
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public_options_pb2  # type: ignore[import-untyped]
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2  # type: ignore[import-untyped]

Message = Any
"""A protobuf message: the generated modules carry no types that a checker could follow."""

_SIZE_BYTES = 4


class AnalysisError(Exception):
    """The analyser refuses the text; the message is its own."""


class GoogleSql:
    """One instance of the analyser. Start it once: it takes seconds at first and 200 MB."""

    def __init__(self, compiled: Path) -> None:
        """`compiled`: a folder that keeps the compiled code for the next start."""
        settings = compiled / "wasmtime.toml"
        aside = compiled / f"wasmtime-{os.getpid()}.toml"  # whoever else starts one reads a whole file
        aside.write_text(f'[cache]\ndirectory = "{(compiled / "code").resolve().as_posix()}"\n', "utf-8")
        aside.replace(settings)
        config = Config()
        config.shared_memory = True
        config.cranelift_opt_level = "none"  # the queries are few: less compiling is worth slower code
        config.cache = str(settings)
        engine = Engine(config)
        self._store = Store(engine)
        wasi = WasiConfig()
        wasi.preopen_dir(str(Path(tzdata.__file__).parent / "zoneinfo"), "/usr/share/zoneinfo")
        wasi.inherit_stderr()  # it says there why it aborts
        self._store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        instance = linker.instantiate(self._store, Module.from_file(engine, str(get_wasm_path())))
        exports: Any = instance.exports(self._store)
        self._exports = exports
        memory = self._exports["memory"]
        assert isinstance(memory, SharedMemory)
        self._memory = memory
        self._exports["_initialize"](self._store)
        _message.SetAllowOversizeProtos(True)  # resolved trees are deeper than protobuf's limit of 100
        self.language = self._language()

    def _language(self) -> Message:
        """BigQuery's dialect as near as the released features come to it."""
        request = service.LanguageOptionsRequest(maximum_features=True)
        language = self._call("GetLanguageOptions", request, options_pb2.LanguageOptionsProto)
        language.product_mode = public_options_pb2.PRODUCT_EXTERNAL
        language.reserved_keywords.append("QUALIFY")
        kinds = resolved_node_kind_pb2.ResolvedNodeKind
        language.supported_statement_kinds.extend(
            number for name, number in kinds.items() if name.endswith("_STMT")
        )
        return language

    def register(self, catalog: Message) -> int:
        """Hand over a catalog; the number is for `analyse`."""
        catalog.builtin_function_options.language_options.CopyFrom(self.language)
        request = service.RegisterCatalogRequest(simple_catalog=catalog)
        number: int = self._call("RegisterCatalog", request, service.RegisterResponse).registered_id
        return number

    def table_names(self, sql: str) -> list[tuple[str, ...]]:
        """The paths in the places where tables stand, as written, parts separated.

        Raises:
            AnalysisError: the text is not a statement.
        """
        request = service.ExtractTableNamesFromStatementRequest(sql_statement=sql)
        request.options.CopyFrom(self.language)
        response = self._call(
            "ExtractTableNamesFromStatement", request, service.ExtractTableNamesFromStatementResponse
        )
        return [tuple(name.table_name_segment) for name in response.table_name]

    def analyse(self, sql: str, catalog: int) -> Message:
        """The resolved tree of a statement.

        Raises:
            AnalysisError: names, types or syntax are not as the analyser wants them.
        """
        return self._analyse(service.AnalyzeRequest(sql_statement=sql), sql, catalog).resolved_statement

    def analyse_expression(self, expression: str, catalog: int) -> Message:
        """The resolved tree of an expression without columns.

        Raises:
            AnalysisError: as for `analyse`.
        """
        request = service.AnalyzeRequest(sql_expression=expression)
        return self._analyse(request, expression, catalog).resolved_expression

    def _analyse(self, request: Message, text: str, catalog: int) -> Message:
        options = request.options
        options.language_options.CopyFrom(self.language)
        options.allow_undeclared_parameters = True
        if "?" in text and "@" not in text:
            options.parameter_mode = public_options_pb2.PARAMETER_POSITIONAL
        request.registered_catalog_id = catalog
        return self._call("Analyze", request, service.AnalyzeResponse)

    def _call(self, method: str, request: Message, answer: Message) -> Message:
        store, exports = self._store, self._exports
        content = request.SerializeToString()
        inward = exports["wasm_malloc"](store, max(len(content), 1))
        size_at = exports["wasm_malloc"](store, _SIZE_BYTES)
        ctypes.memmove(self._address(inward), content, len(content))
        outward = exports[f"ZetaSqlLocalService_{method}"](store, inward, len(content), size_at)
        try:
            if not outward:
                raise AnalysisError(self._last_error())
            size = int.from_bytes(self._read(size_at, _SIZE_BYTES), "little")
            found = answer.FromString(self._read(outward, size))
            exports["wasm_free"](store, outward)
            return found
        finally:
            exports["wasm_free"](store, inward)
            exports["wasm_free"](store, size_at)

    def _address(self, offset: int) -> int:
        """Where an offset of the instance's memory lies; the memory may move when a call makes it grow."""
        return ctypes.addressof(self._memory.data_ptr().contents) + offset

    def _read(self, offset: int, size: int) -> bytes:
        return ctypes.string_at(self._address(offset), size)

    def _last_error(self) -> str:
        size = self._exports["wasm_get_last_error_size"](self._store)
        at = self._exports["wasm_get_last_error"](self._store)
        return self._read(at, size).decode("utf-8", "replace")


def empty_catalog() -> Message:
    """A catalog with the built-in functions alone."""
    return simple_catalog_pb2.SimpleCatalogProto(name="oracle")
