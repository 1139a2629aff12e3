"""What Cloud Billing and its client say when they refuse, and what to do about it: one line each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from costguard.errors import UsageProblem

_API: Final = "cloudbilling.googleapis.com"
_LOG_IN: Final = "run `gcloud auth application-default login`"
_QUOTA_PROJECT: Final = (
    "the credentials name no project whose quota the calls count against: "
    "run `gcloud auth application-default set-quota-project PROJECT`, or set GOOGLE_CLOUD_QUOTA_PROJECT"
)
_CLOUD_SDK_PROJECTS: Final = frozenset({"764086051850", "32555940559"})
"""Google's own projects behind `gcloud auth`: calls count against them when no quota project is set."""
_PROJECT: Final = re.compile(r"\bprojects?[ /]+['\"]?(\d{6,}|(?=\w*[-0-9])[a-z][a-z0-9:.-]+[a-z0-9])\b")
"""A project in a sentence: its number, or an id with a digit or a hyphen, so that no other word is taken for one."""
_CREDENTIALS_FAILED: Final = "Getting metadata from plugin failed with error: "
"""How gRPC says that the credentials could not be renewed; it calls the service unavailable then."""
_LONGEST: Final = 300


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Errors of Google's client become the user's problem: what failed, why, and the next step.

    Raises:
        UsageProblem: credentials, rights, quota, or a service that does not answer.
    """
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError) as error:
        raise UsageProblem(f"{doing}: {explain(error)}") from None


def explain(error: Exception) -> str:
    """Why a call failed and what to do, in one line."""
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    if isinstance(error, api.RetryError) and isinstance(error.cause, Exception):
        return explain(error.cause)
    match error:
        case auth.DefaultCredentialsError():
            return f"there are no Google credentials: {_LOG_IN}, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
        case auth.GoogleAuthError():
            return f"the Google credentials do not work ({one_line(error)}): {_LOG_IN}"
        case api.Unauthenticated() | api.Unauthorized():
            return f"the Google credentials were not accepted ({one_line(error)}): {_LOG_IN}"
        case api.Forbidden():
            return _forbidden(error)
        case api.TooManyRequests():
            return (
                f"the quota is used up ({one_line(error)}): wait a minute and try again; an owner of the quota "
                f"project can ask for more at console.cloud.google.com/apis/api/{_API}/quotas"
            )
        case api.DeadlineExceeded() | api.GatewayTimeout():
            return "no answer in time: try again, or allow more with --timeout"
        case api.ServiceUnavailable() if not is_passing(error):
            text = one_line(error).removeprefix(_CREDENTIALS_FAILED)
            return f"the Google credentials do not work ({text}): {_LOG_IN}"
        case api.ServiceUnavailable():
            return f"the service cannot be reached ({one_line(error)}): check the network, and try again"
        case api.NotFound():
            return f"there is no such service ({one_line(error)})"
    return f"{type(error).__name__}: {one_line(error)}"


def is_passing(error: BaseException) -> bool:
    """Whether a call that failed may succeed when it is made again."""
    from google.api_core.exceptions import ResourceExhausted, ServiceUnavailable

    return isinstance(error, ResourceExhausted | ServiceUnavailable) and _CREDENTIALS_FAILED not in str(error)


def _forbidden(error: Exception) -> str:
    """Prices are public: no role on a billing account is needed, but a project whose quota the calls count against,
    in which the API is on, and which the caller may use."""
    reason, text = getattr(error, "reason", None), one_line(error)
    project = _project(error)
    if "quota project" in text.lower() or project in _CLOUD_SDK_PROJECTS:
        return _QUOTA_PROJECT
    named = project or "PROJECT"
    if reason == "SERVICE_DISABLED" or "is disabled" in text or "has not been used" in text:
        return (
            f"the Cloud Billing API is not enabled in project {named}: "
            f"`gcloud services enable {_API} --project {named}`, which needs serviceusage.services.enable there "
            "(roles/serviceusage.serviceUsageAdmin)"
        )
    if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        return f"the credentials are not for Google Cloud as a whole ({text}): {_LOG_IN}"
    return (
        f"permission denied ({text}). The price list is public; what it takes is serviceusage.services.use on the "
        f"quota project (roles/serviceusage.serviceUsageConsumer), which an owner of project {named} can grant: "
        f"`gcloud projects add-iam-policy-binding {named} --member=user:YOU "
        "--role=roles/serviceusage.serviceUsageConsumer`"
    )


def _project(error: Exception) -> str | None:
    """The project that an error is about: as its details say, else as its text does."""
    metadata = getattr(error, "metadata", None) or {}
    consumer = str(metadata.get("consumer", ""))
    if consumer.startswith("projects/"):
        return consumer.removeprefix("projects/")
    match = _PROJECT.search(one_line(error))
    return match[1] if match is not None else None


def one_line(error: Exception) -> str:
    """What the service said, on one line."""
    text = " ".join(str(getattr(error, "message", None) or error).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
