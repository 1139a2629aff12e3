"""What Google's billing services and their clients say when they refuse, and what to do about it: one line each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from costguard.cloud.sign_in import log_in, not_accepted, sign_in_problem
from costguard.errors import UsageProblem

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
_STREAM_ENDED: Final = "RST_STREAM"
"""How gRPC says that the connection of a call was cut: an internal error, but not one of the service."""
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, so that a refusal can be explained."""

    api: str
    """As it is enabled in a project."""
    title: str
    denied: Callable[[str, str], str]
    """What to say when a permission is missing, by the quota project and what the service said."""


def _prices_denied(project: str, text: str) -> str:
    """Prices are public: no role on a billing account is needed, but a project whose quota the calls count against."""
    return (
        f"permission denied ({text}). The price list is public; what it takes is serviceusage.services.use on the "
        f"quota project (roles/serviceusage.serviceUsageConsumer), which an owner of project {project} can grant: "
        f"`gcloud projects add-iam-policy-binding {project} --member=user:YOU "
        "--role=roles/serviceusage.serviceUsageConsumer`"
    )


PRICES: Final = Asked("cloudbilling.googleapis.com", "Cloud Billing API", _prices_denied)


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


def explain(error: Exception, asked: Asked = PRICES) -> str:
    """Why a call failed and what to do, in one line."""
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    if isinstance(error, api.RetryError) and isinstance(error.cause, Exception):
        return explain(error.cause, asked)
    match error:
        case auth.GoogleAuthError():
            return sign_in_problem(error, one_line(error))
        case api.Unauthenticated() | api.Unauthorized():
            return not_accepted(one_line(error))
        case api.Forbidden():
            return misconfigured(error, asked) or asked.denied(_project(error) or "PROJECT", one_line(error))
        case api.TooManyRequests():
            return (
                f"the quota is used up ({one_line(error)}): wait a minute and try again; an owner of the quota "
                f"project can ask for more at console.cloud.google.com/apis/api/{asked.api}/quotas"
            )
        case api.DeadlineExceeded() | api.GatewayTimeout():
            return "no answer in time: try again, or allow more with --timeout"
        case api.ServiceUnavailable() if not is_passing(error):
            text = one_line(error).removeprefix(_CREDENTIALS_FAILED)
            return f"the Google credentials do not work ({text}); {log_in()}"
        case api.ServiceUnavailable():
            return f"the service cannot be reached ({one_line(error)}): check the network, and try again"
        case api.NotFound():
            return f"there is no such service ({one_line(error)})"
    return f"{type(error).__name__}: {one_line(error)}"


def is_passing(error: BaseException) -> bool:
    """Whether a call that failed may succeed when it is made again. It may have been carried out nevertheless."""
    from google.api_core.exceptions import (
        DeadlineExceeded,
        InternalServerError,
        ResourceExhausted,
        ServiceUnavailable,
    )

    if isinstance(error, InternalServerError):
        return _STREAM_ENDED in str(error)
    passing = isinstance(error, ResourceExhausted | ServiceUnavailable | DeadlineExceeded)
    return passing and _CREDENTIALS_FAILED not in str(error)


def misconfigured(error: Exception, asked: Asked) -> str | None:
    """What is wrong with the project whose quota the calls count against, or with the credentials, when that is why a
    call is forbidden; None when a permission is missing."""
    reason, text = getattr(error, "reason", None), one_line(error)
    project = _project(error)
    if "quota project" in text.lower() or project in _CLOUD_SDK_PROJECTS:
        return _QUOTA_PROJECT
    if reason == "SERVICE_DISABLED" or "is disabled" in text or "has not been used" in text:
        named = project or "PROJECT"
        return (
            f"the {asked.title} is not enabled in project {named}: "
            f"`gcloud services enable {asked.api} --project {named}`, which needs serviceusage.services.enable there "
            "(roles/serviceusage.serviceUsageAdmin)"
        )
    if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        return f"the credentials are not for Google Cloud as a whole ({text}); {log_in()}"
    return None


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
