"""A server for Google's own client, and no way to any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from costguard.cloud.bigquery import EMULATOR, Access, BigQuery
from tests.servers.bigquery import Server, Table, serving

Serve = Callable[[dict[str, Table]], Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server with these tables; Google's client finds it."""
    # Nothing of the machine's own account may be found.
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:

        def start(tables: dict[str, Table]) -> Server:
            server = stack.enter_context(serving(tables))
            monkeypatch.setenv(EMULATOR, server.address)
            return server

        yield start


def client(patience: float = 0.5) -> BigQuery:
    """BigQuery as project `p` sees it; it tries again soon, and not for long."""
    return BigQuery(Access("p", label="test", patience=patience, first_wait=0.01))
