"""Headless Chromium, where it is installed, for the tests of pages."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
    ),
)


def check_page(page: Path, scheme: str, folder: Path) -> None:
    """Chromium reads the page, complains of nothing, and draws it on the ground of the scheme (`light`, `dark`)."""
    assert CHROMIUM is not None
    picture = folder / "page.png"
    dark = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
    shot = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, *dark, f"--user-data-dir={folder / scheme}", "--window-size=800,1200"),
            *(f"--screenshot={picture}", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert shot.returncode == 0, shot.stderr
    assert "CONSOLE" not in shot.stderr
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (800, 1200)
    red, green, blue = _first_pixel(data)
    assert (red > 250 and blue > 250) if scheme == "light" else (red < 40 and green < 40 and blue < 50)


def _first_pixel(data: bytes) -> tuple[int, int, int]:
    """The colour of the upper left corner of a PNG of 8 bits a channel, where no filter changes it."""
    position, packed = 8, b""
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            packed += data[position + 8 : position + 8 + length]
        position += 12 + length
    return tuple(zlib.decompress(packed)[1:4])  # type: ignore[return-value]
