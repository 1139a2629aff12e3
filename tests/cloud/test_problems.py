"""Errors of Google's clients that no server on the loopback interface brings about."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import RetryError, ServiceUnavailable, Unauthorized
from google.auth.exceptions import MutualTLSChannelError, RefreshError, TransportError

from costguard.cloud.problems import Attempt, NotReadable, explained
from costguard.errors import UsageProblem

LOGIN = "run `gcloud auth application-default login`"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RefreshError("invalid_grant: Bad Request"),
            "have expired or were revoked (invalid_grant: Bad Request)",
        ),
        (RefreshError("x"), LOGIN),
        (MutualTLSChannelError("no certificate"), "cannot be used (no certificate)"),
        (
            TransportError("no route\nsecond line"),
            "Google's sign-in cannot be reached (no route); check the network",
        ),
        (
            Unauthorized("GET https://x/y?z: Invalid Credentials"),
            "are not accepted (Invalid Credentials); " + LOGIN,
        ),
        (RetryError("timed out", cause=ServiceUnavailable("busy")), "even after waiting (503: busy)"),
        (RetryError("timed out", cause=ConnectionError("reset")), "BigQuery cannot be reached (reset)"),
        (ConnectionError(), "cannot be reached (ConnectionError)"),
    ],
)
def test_each_error_says_what_to_do(error: Exception, said: str) -> None:
    with pytest.raises(UsageProblem) as caught, explained(Attempt("do it", "p", "bigquery.tables.get")):
        raise error
    assert str(caught.value).startswith("cannot do it: ")
    assert said in str(caught.value)
    assert not isinstance(caught.value, NotReadable)


def test_defects_of_ours_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), explained(Attempt("do it", "p", "bigquery.tables.get")):
        raise ZeroDivisionError
