"""A rule page: documentation, tests and the query of one rule, in one Markdown file."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from costguard import strict_yaml
from costguard.field_words import field_words
from costguard.judge.message import misspelt
from costguard.result import Confidence, Severity

Driver = Literal["bytes-billed", "slot-time", "compute-time", "storage", "egress", "tokens", "guardrail"]
HEADINGS: Final = ("Finds", "Bad", "Good", "Not this", "Sources")
_EXAMPLES: Final[tuple[tuple[str, Literal["bad", "good", "not"]], ...]] = (
    ("Bad", "bad"),
    ("Good", "good"),
    ("Not this", "not"),
)
_WASTES: Final = re.compile(r"(?:--|#)\s*wastes\s+([\d.,]+)\s*(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)\b")
_UNITS: Final = {
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}


class RulebookError(Exception):
    """One or more rule pages, or a rule name, that cannot be used. One line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class FrontMatter(BaseModel):
    """The head of a page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name
    severity: Severity
    confidence: Confidence
    driver: Driver
    message: str = Field(min_length=10)
    fix: str | None = None
    aliases: tuple[Name, ...] = ()

    @field_validator("message", "fix")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is None:
            return None
        for text in misspelt(value):
            raise ValueError(
                f"{text} is no placeholder; these are: {{name}}, {{name:bytes}}, {{name:usd}}, {{name:,}}"
            )
        return " ".join(value.split())


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code of a page."""

    kind: Literal["bad", "good", "not"]
    language: str
    """`sql` or `python`."""
    text: str
    line: int
    """1-based line of the page on which the code starts."""
    todo: bool = False
    """It is known not to do yet what the page says."""

    def wastes(self) -> tuple[int, int] | None:
        """The bytes that the block says it wastes: (lowest, highest) that round to the figure as written."""
        found = _WASTES.search(self.text)
        if found is None:
            return None
        number, unit = found[1].replace(",", ""), _UNITS[found[2]]
        decimals = len(number.partition(".")[2])
        half = Decimal(unit) / (2 * 10**decimals)
        point = Decimal(number) * unit
        if unit == 1:
            return int(point), int(point)
        return int(point - half), int(point + half)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, as its page says."""

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    confidence: Confidence
    driver: str
    message: str
    fix: str | None
    title: str
    why: str
    """Markdown: why it costs."""
    sql: str
    sql_line: int
    examples: tuple[Example, ...]
    sources: str
    path: Path
    text: str
    """The whole page."""

    @property
    def family(self) -> str:
        """The folder it lies in."""
        return self.path.parent.name


def parse_page(path: Path, text: str, *, plain: bool = False) -> Rule:
    """Read a page. `plain`: it is written as simply as the shipped ones, and is read without a Markdown parser, which
    takes longer to load than all pages take to read.

    Raises:
        RulebookError: with every problem found, each with its file and line.
    """
    problems: list[str] = []
    head, body, body_line = _split(path, text)
    front: FrontMatter | None = None
    try:
        front = FrontMatter.model_validate(_yaml(path, head))
    except ValidationError as error:
        for item in error.errors():
            key = ".".join(str(part) for part in item["loc"])
            problems.append(f"{path}:{_line_of(text, key)}: {key}: {_explain(key, item)}")
    title, sections = (_plain_sections if plain else _sections)(body, body_line)
    for heading in HEADINGS:
        if heading not in sections:
            problems.append(f"{path}:1: the heading '## {heading}' is missing")
    if not title:
        problems.append(f"{path}:{body_line}: a page starts with a title ('# ...')")
    finds = sections.get("Finds", _Section())
    queries = [block for block in finds.blocks if block.language == "sql"]
    if len(queries) != 1 and "Finds" in sections:
        problems.append(f"{path}:{finds.line}: '## Finds' must hold one ```sql block, not {len(queries)}")
    examples: list[Example] = []
    for heading, kind in _EXAMPLES:
        for block in sections.get(heading, _Section()).blocks:
            if block.language != "sql" and block.language != "python":
                problems.append(
                    f"{path}:{block.line}: an example is ```sql or ```python, not ```{block.language}"
                )
                continue
            examples.append(Example(kind, block.language, block.text, block.line, block.todo))
    if problems or front is None:
        raise RulebookError(problems)
    if front.id != path.stem:
        raise RulebookError([f"{path}:2: id {front.id!r} must be the name of the file ({path.stem!r})"])
    return Rule(
        front.id,
        front.aliases,
        front.severity,
        front.confidence,
        front.driver,
        front.message,
        front.fix,
        title,
        sections[""].prose.strip(),
        queries[0].text,
        queries[0].line,
        tuple(examples),
        sections["Sources"].prose.strip(),
        path,
        text,
    )


def _split(path: Path, text: str) -> tuple[str, str, int]:
    if not text.startswith("---\n"):
        raise RulebookError([f"{path}:1: a page starts with '---' and its front matter"])
    end = text.find("\n---\n", 3)
    if end < 0:
        raise RulebookError([f"{path}:1: the front matter is not closed by '---'"])
    body = text[end + 5 :]
    return text[4 : end + 1], body, text.count("\n", 0, end + 5) + 1


def _yaml(path: Path, head: str) -> dict[str, Any]:
    try:
        found = strict_yaml.load(head)
    except strict_yaml.YamlProblem as error:
        line = (error.line or 0) + 2
        raise RulebookError([f"{path}:{line}: the front matter is not YAML ({error})"]) from None
    if not isinstance(found, dict):
        raise RulebookError([f"{path}:2: the front matter must be `key: value` lines"])
    return found


_OWN_WORDS: Final = {
    "string_pattern_mismatch": "must be lower-case words joined by '-', such as select-star",
}


def _explain(key: str, item: Any) -> str:
    """What pydantic says, in the words of a page."""
    kind = item["type"]
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(key, FrontMatter.model_fields, n=1)
        known = ", ".join(FrontMatter.model_fields)
        return f"unknown key; did you mean {close[0]!r}?" if close else f"unknown key; known: {known}"
    return field_words(item, _OWN_WORDS)


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(f"{key.partition('.')[0]}:"):
            return number
    return 2


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    todo: bool
    text: str
    line: int


class _Section:
    def __init__(self, line: int = 1) -> None:
        self.line = line
        self.prose = ""
        self.blocks: list[_Block] = []


def _plain_sections(body: str, first_line: int) -> tuple[str, dict[str, _Section]]:
    """As `_sections`, of a page whose headings begin with `#` and whose code stands between fences of three
    backticks, both at the beginning of a line (a test holds the two against each other on every shipped page)."""
    title = ""
    current = _Section()
    sections = {"": current}
    prose: list[str] = []
    lines = iter(enumerate(body.splitlines(keepends=True), start=first_line))
    for number, line in lines:
        is_fence = line.startswith("```")
        if prose and (is_fence or line.startswith("#") or not line.strip()):
            current.prose += "".join(prose) + "\n"  # a paragraph ends
            prose = []
        if is_fence:
            language, _, rest = line[3:].strip().partition(" ")
            code = []
            for _, inside in lines:
                if inside.startswith("```"):
                    break
                code.append(inside)
            current.blocks.append(_Block(language, "todo" in rest.split(), "".join(code), number + 1))
        elif line.startswith("# "):
            title = line[2:].strip()
        elif line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), _Section(number))
        elif line.strip():
            prose.append(line)
    current.prose += "".join(prose)
    return title, sections


def _sections(body: str, first_line: int) -> tuple[str, dict[str, _Section]]:
    """The title, and prose and code blocks by second-level heading (`` before the first one)."""
    from markdown_it import MarkdownIt

    title = ""
    sections: dict[str, _Section] = {"": _Section()}
    current = sections[""]
    lines = body.splitlines(keepends=True)
    tokens = MarkdownIt("commonmark").parse(body)
    for number, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open":
            name = tokens[number + 1].content.strip()
            if token.tag == "h1":
                title = name
            elif token.tag == "h2":
                current = sections.setdefault(name, _Section(first_line + start))
            continue
        if token.type == "fence":
            language, _, rest = token.info.strip().partition(" ")
            current.blocks.append(
                _Block(language, "todo" in rest.split(), token.content, first_line + start + 1)
            )
        elif token.nesting >= 0:
            current.prose += "".join(lines[start:end]) + "\n"
    return title, sections
