"""How Google's billing services are called: patience, repeats, and a test server without TLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costguard.cloud.billing_problems import is_passing, one_line

Say = Callable[[str], None]
"""Called with a sentence about what is done next."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    total: float = 120.0
    """For a call, or a page of a list, with every repeat."""
    call: float = 30.0
    """For one try."""
    first_pause: float = 1.0
    """Before the first repeat; each pause may be twice as long as the one before it."""


def repeated(
    patience: Patience, say: Say, passing: Callable[[BaseException], bool] = is_passing
) -> dict[str, Any]:
    """Arguments of a client's call that is made again while its failure may pass."""
    from google.api_core.retry import Retry
    from google.api_core.timeout import ConstantTimeout

    retry = Retry(
        predicate=passing,
        on_error=lambda error: say(f"no answer yet ({one_line(error)}): asking again"),
        initial=patience.first_pause,
        maximum=30.0,
        multiplier=2.0,
        timeout=patience.total,
    )
    timeout = ConstantTimeout(min(patience.call, patience.total))  # type: ignore[no-untyped-call]
    return {"retry": retry, "timeout": timeout}


def local_channel(endpoint: str) -> Any:
    """A gRPC channel to a server on this machine. Only a channel of one's own is without TLS, and a proxy must not see
    what is for this machine."""
    import grpc  # type: ignore[import-untyped]

    return grpc.insecure_channel(endpoint, options=[("grpc.enable_http_proxy", 0)])
