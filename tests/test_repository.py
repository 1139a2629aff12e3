"""What the repository says about itself is true: tasks, links, the name to install."""

from __future__ import annotations

import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT_SUFFIXES = {".md", ".py", ".toml", ".yml", ".yaml", ".sql", ".jinja", ".html", ""}
FOLDERS = ("bench", "costguard", "docs", "examples", "reports", "rules", "tests", ".ci", ".github")


def text_files() -> Iterator[Path]:
    """The project's own text files, those of the root included."""
    candidates = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        candidates += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in candidates:
        if path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts:
            yield path


MARKDOWN = sorted(
    path
    for path in text_files()
    if path.suffix == ".md"
    and (path.parent == ROOT or path.name == "README.md" or "docs" in path.parts or "examples" in path.parts)
)


def test_help_lists_every_task() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert re.findall(r"^  make (\S+) +\S", shown.stdout, re.MULTILINE) == phony.split()


def test_nothing_tells_to_install_another_distribution() -> None:
    """The distribution is costguard-gcp; the shorter name belongs to somebody else."""
    wrong = re.compile(r"(pip|pipx|uv|uvx)( tool| pip)?( install| add| run)? costguard(?!-gcp)\b")
    assert wrong.search("pip install costguard")
    assert not wrong.search("pip install costguard-gcp")
    offenders = [
        str(path) for path in text_files() if path != Path(__file__) and wrong.search(path.read_text())
    ]
    assert not offenders


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_markdown_was_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {path.name for path in MARKDOWN}


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (10, "first\n\nsecond\nand more\n\nthird\n\ndearest\n\ntotal"),
        (8, "first\n\n... 3 lines left out ...\n\ndearest\n\ntotal"),
        (1, "... 4 lines left out ...\n\ndearest\n\ntotal"),
    ],
)
def test_the_readme_shows_whole_paragraphs(lines: int, shown: str) -> None:
    excerpt = runpy.run_path(str(ROOT / "docs" / "render_readme.py"))["excerpt"]
    assert excerpt("first\n\nsecond\nand more\n\nthird\n\ndearest\n\ntotal\n", lines) == shown
