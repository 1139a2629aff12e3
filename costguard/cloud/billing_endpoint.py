"""A test server instead of Google's: its address comes from the environment, and can only be this machine."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from costguard.errors import UsageProblem

VARIABLE: Final = "COSTGUARD_BILLING_ENDPOINT"
BUDGETS_VARIABLE: Final = "COSTGUARD_BUDGETS_ENDPOINT"
_ADDRESS: Final = re.compile(r"(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


def loopback_endpoint(value: str, variable: str = VARIABLE) -> str:
    """The address, `127.0.0.1:PORT` or `[::1]:PORT`. Calls go there without TLS and without credentials: another
    machine could answer with anything, so names and other addresses are refused.

    Raises:
        UsageProblem: it is no such address.
    """
    match = _ADDRESS.fullmatch(value)
    if match is not None and 0 < int(match["port"]) < 65536:
        try:
            if ipaddress.ip_address(match["host"].strip("[]")).is_loopback:
                return value
        except ValueError:
            pass  # digits and dots that are no address
    raise UsageProblem(f"{variable}={value}: only an address of this machine will do, such as 127.0.0.1:8080")
