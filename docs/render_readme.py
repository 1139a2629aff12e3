"""Writes the sample output in README.md anew, by running the real program on the example project.

python docs/render_readme.py            rewrite the block between the markers
python docs/render_readme.py --check    change nothing; exit 1 when the block is out of date
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
COMMAND = ("scan", "examples/churn", "--now", "2026-11-01")
"""The clock stands at the day the example's catalog was taken."""
COLUMNS = 100
LINES = 26
"""Of the output; README.md is to stay one screen."""
BLOCK = re.compile(r"(<!-- output -->\n).*?(<!-- /output -->\n)", re.DOTALL)


def scan_output() -> str:
    """What a scan of the example prints, without colour. Its gate has to fail: the example is costly."""
    done = subprocess.run(
        [sys.executable, "-c", "from costguard.cli.main import run; run()", *COMMAND, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": str(COLUMNS)},
        timeout=120,
    )
    if done.returncode != 1:
        raise SystemExit(f"the scan of the example ended with {done.returncode}, not 1:\n{done.stderr}")
    return done.stdout


def excerpt(output: str, lines: int = LINES) -> str:
    """The first paragraphs and the last two (the dearest queries, the sum), whole, in about so many lines; what is left
    out is said."""
    paragraphs = [paragraph.rstrip() for paragraph in re.split(r"\n\s*\n", output.strip("\n"))]
    head, tail = paragraphs[:-2], "\n\n".join(paragraphs[-2:])
    if len(output.strip("\n").splitlines()) <= lines:
        return "\n\n".join(paragraphs)
    room = lines - tail.count("\n") - 4
    kept: list[str] = []
    for paragraph in head:
        size = paragraph.count("\n") + 2
        if size > room:
            break
        kept.append(paragraph)
        room -= size
    left_out = sum(paragraph.count("\n") + 1 for paragraph in head[len(kept) :])
    return "\n\n".join([*kept, f"... {left_out} lines left out ...", tail])


def rendered(readme: str, output: str) -> str:
    """README.md's text with the excerpt between the markers."""
    block = f"```console\n$ costguard {' '.join(COMMAND)}\n{excerpt(output)}\n```\n"
    text, count = BLOCK.subn(lambda match: match[1] + block + match[2], readme)
    if count != 1:
        raise SystemExit(f"README.md needs one pair of output markers, found {count}")
    return text


def main() -> int:
    readme = README.read_text(encoding="utf-8")
    new = rendered(readme, scan_output())
    if "--check" in sys.argv[1:]:
        return int(new != readme)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
