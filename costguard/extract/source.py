"""One file becomes an `Extraction`, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from costguard.declared_encoding import decode_python
from costguard.model import Extraction, SourceKind, Unread

if TYPE_CHECKING:
    from costguard.extract.dbt import TemplateProject

ReadFile = Callable[[str], str | None]


def decode(data: bytes, kind: SourceKind = "sql") -> tuple[str, Unread | None]:
    """The text of a file, or why it has none. A byte order mark is dropped, line ends become `\\n`."""
    if b"\x00" in data[:8192]:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "", Unread("not UTF-8 text", "the file looks like UTF-16; save it as UTF-8")
        return "", Unread("binary file", "the file holds NUL bytes")
    try:
        text = decode_python(data) if kind == "python" else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", Unread("not UTF-8 text", f"byte {error.start} is not UTF-8; save the file as UTF-8")
    if "\r" in text:
        # Lines and columns stay true: a carriage return is never followed by something on the same line.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, None


def extract(
    path: str,
    template_path: str,
    kind: SourceKind,
    data: bytes,
    dialect: str,
    read_file: ReadFile,
    project: TemplateProject | None,
) -> Extraction:
    """Find what is in a file. Raises nothing for any content.

    `template_path`: the path as the template project counts it.
    """
    text, unread = decode(data, kind)
    if unread is not None:
        return Extraction(kind, ("",), unread=(unread,))
    if kind == "notebook":
        from costguard.extract.notebook import extract_notebook

        return extract_notebook(text, path, read_file)
    if kind == "python":
        from costguard.extract.python_module import extract_python

        return extract_python(text, path, read_file)
    from costguard.extract.template_scan import is_template

    if kind == "template" or is_template(text):
        from costguard.extract.template import extract_template

        return extract_template(text, template_path, project, dialect)
    from costguard.extract.sqlfile import extract_sql

    return extract_sql(text, dialect)
