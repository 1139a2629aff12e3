"""Finds the SQL of a Jupyter notebook: its code cells read as one module, its SQL magics in between."""

from __future__ import annotations

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from costguard.extract.cells import PythonCell, SqlMagic, prepare_cell, sql_cell
from costguard.extract.magics import SQL_MAGICS, MagicArguments, read_arguments
from costguard.extract.python_calls import STATEMENT, leading_text
from costguard.extract.python_dialects import ModuleDialect
from costguard.extract.python_files import FileReader, ReadFile
from costguard.extract.python_flow import ModuleFlow
from costguard.extract.python_formatting import replace_matches
from costguard.extract.python_holes import fill_gaps
from costguard.extract.python_jobs import literal_parameters
from costguard.extract.python_module import Marker, analyse_module, extract_python
from costguard.extract.python_scopes import Scope
from costguard.extract.python_sites import RUN_TIME
from costguard.extract.python_source import SourceMap, parse_python
from costguard.extract.python_values import Piece, StringValue, UnknownValue, fill
from costguard.extract.shell_queries import ESCAPED
from costguard.extract.sqlfile import extract_sql
from costguard.model import Extraction, Frame, PythonFacts, Segment, SqlText, Unread

_VARIABLE = re.compile(r"(?<![\w$\\])\$(?P<dollar>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_][\w.]*)\}")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code cell and where its text begins in the joined module."""

    number: int
    text: str
    prepared: PythonCell
    start: int


def extract_notebook(text: str, path: str, read_file: ReadFile) -> Extraction:
    """The SQL texts and Python facts of a notebook; every offset counts in the text of its cell.

    A cell that is no Python is left out and reported, the others are read all the same. `read_file` is as for
    `extract_python`.
    """
    texts = read_cells(text)
    if isinstance(texts, Unread):
        return Extraction("notebook", (text,), unread=(texts,))
    cells, module, unread = _join(texts, sql_cells(text))
    tree = parse_python(module)
    if isinstance(tree, Unread):
        return Extraction("notebook", texts, unread=(*unread, replace(tree, start=0, end=0)))
    try:
        found, facts, more = _analyse(cells, module, tree, FileReader(path, read_file))
    except RecursionError:
        return Extraction("notebook", texts, unread=(*unread, Unread("Python code nested too deeply")))
    written, unread_written = _written_files(cells, path, read_file)
    sql = sorted((*found, *written), key=lambda text: text.cell or 0)
    return Extraction("notebook", texts, tuple(sql), facts, (*unread, *more, *unread_written))


def _written_files(cells: list[_Cell], path: str, read_file: ReadFile) -> tuple[list[SqlText], list[Unread]]:
    """What is in the files that cells write: other cells, or nobody knows who, run it."""
    found: list[SqlText] = []
    unread: list[Unread] = []
    for cell in cells:
        written = cell.prepared.writes
        if written is None:
            continue
        text = cell.text[written.start :]
        if written.name.lower().endswith(".py"):
            inside = extract_python(text, path, read_file)
        elif written.name.lower().endswith((".sql", ".bq", ".bqsql")):
            inside = extract_sql(text, "bigquery")
        else:
            continue
        found.extend(_in_cell(item, cell.number, written.start, len(text)) for item in inside.sql)
        unread.extend(
            replace(item, start=item.start + written.start, end=item.end + written.start, cell=cell.number)
            for item in inside.unread
        )
    return found, unread


def _in_cell(item: SqlText, cell: int, offset: int, length: int) -> SqlText:
    """A SQL text of a file, with its places in the cell that writes the file."""
    segments = item.segments or (Segment(0, length, 0, length),)
    return replace(
        item,
        via="magic" if item.via == "file" else item.via,
        segments=tuple(
            replace(part, source_start=part.source_start + offset, source_end=part.source_end + offset)
            for part in segments
        ),
        cell=cell,
        call_start=None if item.call_start is None else item.call_start + offset,
        call_end=None if item.call_end is None else item.call_end + offset,
        loop=None,
        frame=None,
    )


def read_cells(text: str) -> tuple[str, ...] | Unread:
    """The text of every cell, '' for those that hold no Python; or why the text is no notebook."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        return Unread("not a notebook", f"not JSON: {error}")
    if not isinstance(document, dict):
        return Unread("not a notebook", "not a JSON object")
    cells = document.get("cells")
    if cells is None and isinstance(document.get("worksheets"), list):
        return Unread("not a notebook", "nbformat 3: convert it with `jupyter nbconvert --to notebook`")
    if not isinstance(cells, list):
        return Unread("not a notebook", "no list of cells")
    return tuple(_cell_text(cell) for cell in cells)


def sql_cells(text: str) -> dict[int, str]:
    """The numbers of the cells that are SQL as a whole, by the notebook's kernel or their own metadata, and the magic
    that would run them elsewhere."""
    if '"sql"' not in text.lower():
        return {}
    document = json.loads(text.removeprefix("\ufeff"))
    metadata = _mapping(document.get("metadata"))
    everywhere = "sql" in (
        _language(metadata.get("kernelspec"), "language"),
        _language(metadata.get("language_info"), "name"),
    )
    found: dict[int, str] = {}
    for number, cell in enumerate(document["cells"], start=1):
        own = _mapping(_mapping(cell).get("metadata"))
        if everywhere or "sql" in (_language(own, "language"), _language(own.get("vscode"), "languageId")):
            found[number] = "bigquery" if own.get("sql_engine") == "bigquery" else "sql"
    return found


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _language(value: object, name: str) -> str:
    return str(_mapping(value).get(name)).lower()


def _cell_text(cell: object) -> str:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return ""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _join(texts: tuple[str, ...], sql: Mapping[int, str]) -> tuple[list[_Cell], str, list[Unread]]:
    """The code cells as one module; cells that do not parse are blank in it. `sql`: cells that are SQL."""
    prepared = [
        (
            number,
            text,
            sql_cell(text, sql[number]) if number in sql and "%%" not in text else prepare_cell(text),
        )
        for number, text in enumerate(texts, start=1)
        if text.strip()
    ]
    cells, module = _assemble(prepared)
    if not isinstance(parse_python(module), Unread):
        return cells, module, []
    unread: list[Unread] = []
    kept: list[tuple[int, str, PythonCell]] = []
    for number, text, cell in prepared:
        problem = _problem(cell.python)
        if problem is not None:
            unread.append(replace(problem, cell=number, end=max(problem.start, problem.end)))
            blank = re.sub(r"[^\r\n]", " ", cell.python)
            cell = PythonCell(blank, ())
        kept.append((number, text, cell))
    cells, module = _assemble(kept)
    return cells, module, unread


def _problem(python: str) -> Unread | None:
    glue = _glue(python)
    parsed = parse_python(glue + python)
    if not isinstance(parsed, Unread):
        return None
    start = max(parsed.start - len(glue), 0)
    return replace(parsed, start=start, end=start)


def _glue(python: str) -> str:
    """A line that lets an indented cell stand: IPython accepts one, Python wants a block around it."""
    for line in python.splitlines():
        code = line.strip()
        if code and not code.startswith("#"):
            return "if 1:\n" if line[:1] in (" ", "\t") else ""
    return ""


def _assemble(prepared: Iterable[tuple[int, str, PythonCell]]) -> tuple[list[_Cell], str]:
    cells: list[_Cell] = []
    parts: list[str] = []
    position = 0
    for number, text, cell in prepared:
        glue = _glue(cell.python)
        cells.append(_Cell(number, text, cell, position + len(glue)))
        parts.append(f"{glue}{cell.python}\n")
        position += len(parts[-1])
    return cells, "".join(parts)


@dataclass(frozen=True, slots=True)
class _Found:
    """A SQL magic whose text is known."""

    cell: _Cell
    magic: SqlMagic
    arguments: MagicArguments
    sql: SqlText | None
    unread: Unread | None


def _analyse(
    cells: list[_Cell], module: str, tree: ast.Module, files: FileReader
) -> tuple[tuple[SqlText, ...], PythonFacts, tuple[Unread, ...]]:
    everything = "\n".join(cell.text for cell in cells)
    dialect = ModuleDialect(tree, everything).of_text()
    found: list[_Found] = []
    markers: dict[int, Marker] = {}
    known: dict[str, str] = {}
    rest: list[tuple[_Cell, SqlMagic, MagicArguments]] = []
    for cell in cells:
        for magic in cell.prepared.magics:
            arguments = read_arguments(magic.name, magic.line)
            destination = magic.assigned or arguments.destination
            if destination and destination.isidentifier():
                known[destination] = "pandas.DataFrame"
            offset = cell.start + magic.start
            if module[offset : offset + 1] == "0":
                markers[offset] = _marker(cell, magic, arguments, dialect, found)
            else:
                rest.append((cell, magic, arguments))
    findings = analyse_module(tree, SourceMap(module), files, known, markers)
    for cell, magic, arguments in rest:
        found.append(_magic_sql(cell, magic, arguments, dialect, None, None))
    sql: list[SqlText] = []
    unread = [_relocated_unread(problem, cells) for problem in findings.unread]
    facts = _relocated_facts(findings.facts, cells)
    frames = list(facts.frames)
    capped = bool(
        re.search(r"magics\.context\.default_query_job_config\s*=|context\.maximum_bytes_billed", everything)
    )
    for item in found:
        if item.unread is not None:
            unread.append(item.unread)
        if item.sql is None:
            continue
        text = item.sql
        if text.bytes_cap is False and capped:
            text = replace(text, bytes_cap=None)
        if text.materialises and text.destination:
            index = _frame_of(frames, item, text.destination)
            text = replace(text, frame=index)
        sql.append(text)
    sql.extend(_relocated_sql(text, cells) for text in findings.sql)
    sql.sort(key=lambda text: (text.cell or 0, text.call_start or 0, text.variant or ""))
    return (
        tuple(sql),
        replace(facts, frames=tuple(frames)),
        tuple(sorted(unread, key=lambda u: (u.cell or 0, u.start))),
    )


def _marker(
    cell: _Cell, magic: SqlMagic, arguments: MagicArguments, dialect: str, found: list[_Found]
) -> Marker:
    def at_magic(flow: ModuleFlow, scope: Scope) -> None:
        found.append(_magic_sql(cell, magic, arguments, dialect, flow, scope))

    return at_magic


def _magic_sql(
    cell: _Cell,
    magic: SqlMagic,
    arguments: MagicArguments,
    dialect: str,
    flow: ModuleFlow | None,
    scope: Scope | None,
) -> _Found:
    """The SQL text of a magic; offsets count in its cell."""
    start, end = magic.body_start, magic.body_end
    if arguments.statement and not cell.text[magic.end : magic.body_end].strip():
        start = cell.text.rfind(arguments.statement, magic.start, magic.end)
        end = start + len(arguments.statement)
    elif arguments.statement:
        start = cell.text.find(arguments.statement, magic.start)
    if magic.unknown:
        command = " ".join(cell.text[magic.start : magic.end].split())[:80]
        unread = Unread(RUN_TIME, command, magic.start, magic.end, cell.number)
        return _Found(cell, magic, arguments, None, unread)
    body: tuple[Piece, ...] = (Piece(cell.text[start:end], start, end),)
    if magic.escapes:
        body = replace_matches(
            body, ESCAPED, lambda match, piece: (replace(piece, text=match[1], verbatim=False),)
        )
    pieces = replace_matches(body, _VARIABLE, lambda match, piece: _variable(match, piece, flow, scope))
    text = leading_text(StringValue(pieces)) or ""
    if not text.strip() or text.strip() == "{gap}" or not any(not piece.expression for piece in pieces):
        return _Found(
            cell,
            magic,
            arguments,
            None,
            Unread(RUN_TIME, cell.text[start:end].strip()[:80], magic.start, magic.end, cell.number)
            if "{gap}" in text
            else None,
        )
    if SQL_MAGICS.get(magic.name) != "bigquery" and not STATEMENT.match(text):
        return _Found(cell, magic, arguments, None, None)
    filled = fill_gaps(pieces)
    parameters = arguments.parameters
    given = arguments.option("--params")
    if given and given.startswith("$") and scope is not None:
        parameters = literal_parameters(scope.lookup(given[1:]))
    own_dialect = SQL_MAGICS.get(magic.name, "spark") or dialect
    destination = magic.assigned or arguments.destination
    is_bigquery = own_dialect == "bigquery"
    return _Found(
        cell,
        magic,
        arguments,
        SqlText(
            text=filled.text,
            via="magic",
            segments=filled.segments,
            holes=filled.holes,
            cell=cell.number,
            call_start=magic.start,
            call_end=magic.end,
            dialect=own_dialect,
            destination=destination or arguments.table,
            saved=arguments.table is not None,
            bytes_cap=arguments.bytes_cap if is_bigquery else None,
            labelled=False if is_bigquery else None,
            dry_run=arguments.dry_run,
            materialises=destination is not None,
            parameters=parameters,
        ),
        None,
    )


def _variable(
    match: re.Match[str], piece: Piece, flow: ModuleFlow | None, scope: Scope | None
) -> tuple[Piece, ...]:
    name = match.group("dollar") or match.group("braced")
    gap = Piece("", piece.start, piece.end, False, name)
    value = scope.lookup(name) if scope is not None else None
    if value is None or isinstance(value, UnknownValue):
        return (gap,)
    filled = fill(value, gap)
    if flow is not None and isinstance(value, StringValue):
        flow.notes.elsewhere.update(part.start for part in value.pieces if not part.expression)
    # Text written in another cell is said to be where the variable stands in this one.
    return tuple(replace(part, start=piece.start, end=piece.end, verbatim=False) for part in filled)


def _frame_of(frames: list[Frame], item: _Found, name: str) -> int:
    """The frame that a magic's result becomes: one the type inference made, else a new one."""
    for index, frame in enumerate(frames):
        if frame.name == name and frame.reader == "magic":
            if not frame.origin_text:
                frames[index] = replace(
                    frame,
                    origin="query",
                    root_origin="query",
                    origin_text=item.magic.name,
                    start=item.magic.start,
                    end=item.magic.end,
                    cell=item.cell.number,
                )
            return index
    frames.append(
        Frame(
            start=item.magic.start,
            end=item.magic.end,
            name=name,
            engine="pandas",
            origin="query",
            root_origin="query",
            origin_text=item.magic.name,
            reader="magic",
            parent=None,
            columns_used=None,
            columns_requested=None,
            bounded=False,
            aggregated=False,
            cell=item.cell.number,
        )
    )
    return len(frames) - 1


# from the joined module to cells


def _place(offset: int, cells: list[_Cell]) -> tuple[_Cell, int]:
    """The cell that holds an offset of the joined module, and the offset in it."""
    index = max(bisect_right([cell.start for cell in cells], offset) - 1, 0)
    cell = cells[index]
    return cell, min(max(offset - cell.start, 0), len(cell.text))


def _relocated_unread(problem: Unread, cells: list[_Cell]) -> Unread:
    cell, start = _place(problem.start, cells)
    return replace(problem, start=start, end=min(problem.end - cell.start, len(cell.text)), cell=cell.number)


def _relocated_facts(facts: PythonFacts, cells: list[_Cell]) -> PythonFacts:
    if not cells:
        return facts

    def moved(start: int, end: int) -> tuple[int, int, int]:
        cell, offset = _place(start, cells)
        return offset, max(min(end - cell.start, len(cell.text)), offset), cell.number

    loops = []
    for loop in facts.loops:
        start, end, number = moved(loop.start, loop.end)
        once_start, once_end, _ = moved(loop.once_start, loop.once_end)
        loops.append(
            replace(loop, start=start, end=end, cell=number, once_start=once_start, once_end=once_end)
        )
    calls = []
    for call in facts.calls:
        start, end, number = moved(call.start, call.end)
        calls.append(replace(call, start=start, end=end, cell=number))
    frames = []
    for frame in facts.frames:
        start, end, number = moved(frame.start, frame.end)
        frames.append(replace(frame, start=start, end=end, cell=number))
    return PythonFacts(tuple(loops), tuple(calls), tuple(frames))


def _relocated_sql(text: SqlText, cells: list[_Cell]) -> SqlText:
    """A SQL text with offsets in its cell: the one in which most of it is written.

    The call may be in a later cell (`call_cell`); parts written in other cells are said to stand where the
    part before them ends.
    """
    weights: dict[int, int] = {}
    homes: dict[int, _Cell] = {}
    for segment in text.segments:
        cell, _ = _place(segment.source_start, cells)
        homes[cell.number] = cell
        weights[cell.number] = weights.get(cell.number, 0) + segment.end - segment.start
    call_cell = None
    if text.call_start is not None:
        call_cell, _ = _place(text.call_start, cells)
        homes[call_cell.number] = call_cell
    number = max(weights, key=lambda key: (weights[key], -key)) if weights else 0
    home = homes.get(number) or call_cell or cells[0]
    segments: list[Segment] = []
    last = 0
    for segment in text.segments:
        cell, start = _place(segment.source_start, cells)
        if cell is home:
            end = min(segment.source_end - cell.start, len(cell.text))
            segments.append(replace(segment, source_start=start, source_end=end))
            last = end
        else:
            segments.append(replace(segment, source_start=last, source_end=last, verbatim=False))
    call_start, call_end = text.call_start, text.call_end
    if call_cell is not None and call_start is not None and call_end is not None:
        call_start, call_end = (
            call_start - call_cell.start,
            min(call_end - call_cell.start, len(call_cell.text)),
        )
    return replace(
        text,
        segments=tuple(segments),
        cell=home.number,
        call_start=call_start,
        call_end=call_end,
        call_cell=call_cell.number if call_cell is not None and call_cell is not home else None,
    )
