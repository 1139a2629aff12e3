"""A test server is on this machine, or it is refused: prices come without TLS and without credentials."""

from __future__ import annotations

import pytest

from costguard.cloud.billing_endpoint import loopback_endpoint
from costguard.errors import UsageProblem


@pytest.mark.parametrize("value", ["127.0.0.1:8080", "127.8.9.1:1", "[::1]:65535"])
def test_this_machine(value: str) -> None:
    assert loopback_endpoint(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "10.0.0.1:80",
        "0.0.0.0:80",
        "localhost:80",
        "127.0.0.1.example.com:80",
        "http://127.0.0.1:80",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "127.0.0.1:80\n",
        "999.1.1.1:80",
        "[::2]:80",
        "unix:/tmp/socket",
        "dns:///127.0.0.1:80",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(
        UsageProblem, match=r"only an address of this machine will do, such as 127\.0\.0\.1:8080"
    ):
        loopback_endpoint(value)
