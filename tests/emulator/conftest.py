"""Starts the emulator, if `make emulator` has made its environment."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from costguard.cloud.bigquery import EMULATOR

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(os.environ.get("EMULATOR_VENV", ROOT / ".venv-emulator")) / "bin" / "python"
PATIENCE_SECONDS = 120


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the emulator listens."""
    if not PYTHON.exists():
        pytest.skip("the emulator is not installed: `make emulator`")
    port = _free_port()
    process = subprocess.Popen(
        [str(PYTHON), str(Path(__file__).with_name("serve.py")), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": ""},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"the emulator ended with {process.returncode}"
        try:
            with urllib.request.urlopen(f"{url}/bigquery/v2/projects/p/datasets", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"the emulator does not answer at {url}")


@pytest.fixture
def emulator(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The emulator, where Google's client finds it."""
    monkeypatch.setenv(EMULATOR, address)
    return address
