"""Turns the text of a notebook cell into plain Python of the same length and lines.

Offsets in the result are offsets in the cell: what is not Python is overwritten with blanks, and a lone `0`
keeps a statement where the language needs one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from costguard.extract.magics import SQL_MAGICS
from costguard.extract.python_source import parse_python
from costguard.extract.shell_queries import mentions_queries, shell_queries
from costguard.model import Unread

_PYTHON_MAGICS = frozenset(
    [
        "time",
        "timeit",
        "capture",
        "prun",
        "memit",
        "mprun",
        "lprun",
        "with_globals",
        "python",
        "python3",
        "local",
        "px",
        "skip",
        "wandb",
        "ipytest",
        "scalene",
        "heat",
        "snakeviz",
        "pyinstrument",
        "bigframes",
        "debug",
        "timer",
        "notify",
        "filprofile",
    ]
)
"""Cell magics whose body is Python (`%%with_globals` passes on to the magic on its second line)."""

_SHELLS = ("bash", "sh", "shell")
_PREFIX_MAGICS = {"time", "timeit", "prun", "memit", "lprun", "mprun"}
"""Line magics that run the Python after them."""

_ABOVE = re.compile(r"(?:[ \t]*(?:\#[^\n]*)?\n)+(?=[ \t]*%%\w)")
"""Comments above a cell magic: a title of Colab, which takes it out before the cell runs."""
_CELL_MAGIC = re.compile(r"[ \t]*%%(\w+)([^\n]*)")
_LINE_MAGIC = re.compile(r"([ \t]*)%(\w+)([^\n]*)")
_SHELL_LINE = re.compile(
    r"^[ \t]*(?:[\w.,\[\]()'\" \t]+=[ \t]*)?(?:!|(?=bq\b))[ \t]*(?=bq\b)(?:[^\n\\]|\\.)*",
    re.MULTILINE | re.DOTALL,
)
"""A line that runs the command-line tool, with the lines that continue it."""
_ASSIGNED = re.compile(r"([ \t]*[\w.,\[\] \t()\"']+=[ \t]*)(?=[!%][ \t]*[\w./~$({\"'\\-])")
_HELP = re.compile(
    r"[ \t]*(?:\?{1,2}[ \t]*[\w.*%]+|%{0,2}[\w.*]+(?:\[[^\]\n]*\])?(?:\([^)\n]*\))?\?{1,2})[ \t]*(?:#.*)?$"
)
_COMMANDS = (
    "pip3?|conda|mamba|apt-get|apt|npm|gsutil|gcloud|bq|cd|ls|ll|cat|cp|mv|rm|rmdir|mkdir|pwd|less|more|man|head|"
    "python3?|bash|git|wget|curl|who|whos|clear|pinfo|jupyter"
)
_OPERATOR = r"[=.(\[,:+*/<>|&%^-][ \t=]|=|(?:in|is|and|or|not|if|for)\b"
_BARE_COMMAND = re.compile(rf"[ \t]*(?:{_COMMANDS})(?:[ \t]+(?!{_OPERATOR})\S|[ \t]*$)")
"""A shell command or IPython's automagic written without its mark."""
_LEXEME = re.compile(
    r"\"\"\"|'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*|[()\[\]{}]|\\.|.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class SqlMagic:
    """A magic that runs SQL."""

    name: str
    line: str
    """What follows the name on the magic's line."""
    start: int
    end: int
    """The magic's line, as offsets in the cell."""
    body_start: int
    body_end: int
    assigned: str | None = None
    """Variable on the left of `x = %sql ...`."""
    escapes: bool = False
    """The body is a shell's text, with backslashes before backticks."""
    unknown: bool = False
    """What it runs does not stand in the cell."""


@dataclass(frozen=True, slots=True)
class PythonCell:
    """A cell as Python, and the SQL magics in it."""

    python: str
    magics: tuple[SqlMagic, ...] = ()
    runs_python: bool = True
    """False when the whole cell is in another language."""
    writes: WrittenFile | None = None


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that a cell writes (`%%writefile load.py`)."""

    name: str
    start: int
    """Where its text begins in the cell."""


def prepare_cell(text: str) -> PythonCell:
    """The Python of a cell."""
    above = _ABOVE.match(text)
    position = above.end() if above is not None else len(text) - len(text.lstrip())
    prefix_end = 0
    while True:
        match = _CELL_MAGIC.match(text, position)
        if match is None:
            break
        name = match.group(1)
        body = match.end() + 1 if match.end() < len(text) else len(text)
        if name in SQL_MAGICS or (name == "spark" and re.search(r"-c\s+sql\b", match.group(2))):
            magic = SqlMagic(name, match.group(2), match.start(), match.end(), body, len(text))
            return PythonCell(_blank(text, 0, len(text), match.start()), (magic,), False)
        if name not in _PYTHON_MAGICS:
            blank = _blank(text, 0, len(text), match.start())
            if name == "writefile" or (name == "file" and body < len(text)):
                written = WrittenFile(match.group(2).split()[-1] if match.group(2).split() else "", body)
                return PythonCell(blank, (), False, written)
            is_shell = name in _SHELLS or (name == "script" and "sh" in match.group(2))
            return PythonCell(blank, tuple(_shell_magics(text, body, len(text))) if is_shell else (), False)
        prefix_end = body
        position = body + len(text[body:]) - len(text[body:].lstrip())
    if prefix_end:
        masked = _blank(text, 0, prefix_end, None) + text[prefix_end:]
    else:
        masked = text
    if not prefix_end:
        first = _LINE_MAGIC.match(text, position) if text[position : position + 1] == "%" else None
        if first is not None and first.group(2) == "sql" and not first.group(3).strip():
            # Databricks: a single per cent sign rules the whole cell.
            magic = SqlMagic(
                "sql", "", first.start(), first.end(), min(first.end() + 1, len(text)), len(text)
            )
            return PythonCell(_blank(text, 0, len(text), position), (magic,), False)
    if not re.search(
        r"[!%?]|^[ \t]*(?:[/,;]|[a-z]+[ \t])|^[ \t]*(?:ls|ll|pwd|clear)[ \t]*$", masked, re.MULTILINE
    ):
        return PythonCell(masked)
    return _prepare_lines(masked)


def sql_cell(text: str, magic: str) -> PythonCell:
    """A cell that is SQL as a whole, as if it stood under a magic of that name."""
    start = len(text) - len(text.lstrip())
    return PythonCell(
        _blank(text, 0, len(text), start), (SqlMagic(magic, "", start, start, start, len(text)),), False
    )


def _shell_magics(text: str, start: int, end: int) -> Iterator[SqlMagic]:
    """The queries of `bq query` commands in a stretch of a cell."""
    for found in shell_queries(text, start, end):
        mark = text.rfind("!", 0, found.start)
        first = mark if mark >= 0 and not text[mark + 1 : found.start].strip() else found.start
        yield SqlMagic(
            "bq",
            found.options.replace("\\\n", "  "),
            first,
            found.end,
            found.sql_start,
            found.sql_end,
            escapes=found.escapes,
            unknown=found.sql_start == found.sql_end,
        )


def _blank(text: str, start: int, end: int, keep: int | None) -> str:
    """`text[start:end]` with every character but line breaks blank; a `0` at `keep`."""
    blank = re.sub(r"[^\r\n]", " ", text[start:end])
    if keep is not None and keep < end:
        blank = blank[: keep - start] + "0" + blank[keep - start + 1 :]
    return blank


def _prepare_lines(text: str) -> PythonCell:
    """Overwrites the lines of a cell that are for the shell or IPython."""
    result: list[str] = []
    magics: list[SqlMagic] = []
    if mentions_queries(text):
        for match in _SHELL_LINE.finditer(text):
            magics.extend(_shell_magics(text, match.start(), match.end()))
    depth = 0
    quote = ""
    continued = False
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        body = line.rstrip("\r\n")
        if continued:
            continued = body.endswith("\\")
            result.append(_blank(line, 0, len(line), None))
            continue
        if depth == 0 and not quote:
            replaced = _replace_line(body, start, magics)
            if replaced is not None:
                continued = body.endswith("\\") and "0" in replaced
                result.append(replaced + line[len(body) :])
                if (
                    not replaced.strip()
                    or replaced.strip() in ("0", "[]")
                    or replaced.rstrip().endswith("= []")
                ):
                    continue
                body = replaced
            else:
                result.append(line)
        else:
            result.append(line)
        depth, quote = _follow(body, depth, quote)
    return PythonCell("".join(result), tuple(magics))


def _follow(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Bracket depth and open triple quote after a line."""
    position = 0
    while position < len(line):
        if quote:
            closing = line.find(quote, position)
            while closing > 0 and line[closing - 1] == "\\" and line[closing - 2 : closing - 1] != "\\":
                closing = line.find(quote, closing + 1)
            if closing == -1:
                return depth, quote
            position = closing + 3
            quote = ""
            continue
        match = _LEXEME.match(line, position)
        if match is None:
            break
        lexeme = match.group()
        position = match.end()
        if lexeme in ('"""', "'''"):
            quote = lexeme
        elif lexeme in "([{":
            depth += 1
        elif lexeme in ")]}":
            depth = max(depth - 1, 0)
    return depth, quote


def _replace_line(line: str, offset: int, magics: list[SqlMagic]) -> str | None:
    """The line as Python of the same width, None when it is Python already."""
    stripped = line.lstrip()
    indent = len(line) - len(stripped)
    if not stripped:
        return None
    if stripped.strip() == ";":
        return " " * len(line)  # A semicolon that hides a cell's output, left on a line of its own.
    if stripped[0] == "!" or re.match(r"[/,;][ \t]*[A-Za-z_]", stripped):
        return _zero(line, indent)
    if stripped[0] == "%":
        match = _LINE_MAGIC.match(line)
        name = match.group(2) if match else ""
        if match and name in _PREFIX_MAGICS:
            return _run_prefixed(line, indent, match)
        if match and name in SQL_MAGICS and match.group(3).strip():
            magics.append(_line_magic(match, offset, None))
        return _zero(line, indent)
    if ("!" in line or "%" in line) and "=" in line:
        assigned = _ASSIGNED.match(line)
        if assigned:
            target = assigned.group(1)
            inner = _LINE_MAGIC.match(line, assigned.end())
            if inner and inner.group(2) in SQL_MAGICS:
                magics.append(_line_magic(inner, offset, target.rstrip("= \t").strip()))
            if inner and inner.group(2) in _PREFIX_MAGICS:
                # `best = %timeit -o f(x)`: the expression alone, the magic blanked out.
                code = line[_code_start(inner) :]
                if code.strip() and not isinstance(parse_python(code.strip()), Unread):
                    return target.ljust(len(line) - len(code)) + code
            rest = len(line) - len(target)
            return target + ("[]" if rest > 1 else "0").ljust(rest)
    if stripped[0] == "?" or stripped.rstrip()[-1:] == "?" or ("?" in stripped and _HELP.match(line)):
        return _zero(line, indent) if _HELP.match(line) else None
    if _BARE_COMMAND.match(line) and not _is_python_line(stripped):
        return _zero(line, indent)
    return None


def _is_python_line(line: str) -> bool:
    """True for what merely begins like a shell command: `ls = 1`, `cd.append(x)`, `head`."""
    return bool(re.match(r"\w+[ \t]*(?:[=.(\[,:+*/%<>|&^]|-[ \t=]|-=|$)", line)) and not line.startswith(
        ("pip ", "cd ..")
    )


def _line_magic(match: re.Match[str], offset: int, assigned: str | None) -> SqlMagic:
    line = match.group(3)
    start = offset + match.start()
    return SqlMagic(
        match.group(2),
        line,
        start,
        offset + match.end(),
        offset + match.start(3),
        offset + match.end(),
        assigned,
    )


def _zero(line: str, indent: int) -> str:
    return line[:indent] + "0" + " " * (len(line) - indent - 1)


def _code_start(match: re.Match[str]) -> int:
    """Where the code begins after a magic and its options."""
    options = re.match(r"(?:[ \t]+-\w+(?:[ \t]+\d+)?(?![\w(.]))*[ \t]+", match.group(3))
    return match.start(3) + (options.end() if options else 0)


def _run_prefixed(line: str, indent: int, match: re.Match[str]) -> str:
    """`%time x = f()` as `if 1: x = f()`, which is exactly as wide."""
    start = _code_start(match)
    code = line[start:]
    if not code.strip() or start - indent < 5 or isinstance(parse_python(code.strip()), Unread):
        return _zero(line, indent)
    return line[:indent] + "if 1:" + " " * (start - indent - 5) + code
