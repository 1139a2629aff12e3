"""The errors of BigQuery's client, as what the user has to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from costguard.cloud.sign_in import not_accepted, sign_in_problem
from costguard.errors import UsageProblem

_ROLES: Final[Mapping[str, str]] = {
    "bigquery.jobs.create": "roles/bigquery.jobUser",
    "bigquery.tables.getData": "roles/bigquery.dataViewer",
    "bigquery.tables.get": "roles/bigquery.metadataViewer",
    "bigquery.tables.list": "roles/bigquery.metadataViewer",
    "bigquery.tables.update": "roles/bigquery.dataEditor",
    "bigquery.datasets.get": "roles/bigquery.metadataViewer",
    "bigquery.datasets.update": "roles/bigquery.dataOwner",
    "bigquery.jobs.list": "roles/bigquery.resourceViewer",
    "bigquery.jobs.listAll": "roles/bigquery.resourceViewer",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
}
"""The smallest predefined role that has a permission (docs.cloud.google.com/bigquery/docs/access-control)."""

_PERMISSION: Final = re.compile(
    r"\b(?:bigquery|serviceusage|resourcemanager)\.(?!googleapis)[a-z]\w*\.[a-z]\w*\b"
)
_OF_A_PROJECT: Final = ("bigquery.jobs.", "serviceusage.")
"""Permissions that are granted on a project."""
_OF_EVERY_REQUEST: Final = ("bigquery.jobs.create", "serviceusage.")
"""Of these, what is asked for next fails for the same reason."""
_PROJECT: Final = re.compile(r"\b(?:in|use) project ((?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]*)")
_JOBS_VIEW: Final = re.compile(
    r"(?:((?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]*)[.:])?region-[\w-]+\.INFORMATION_SCHEMA\.JOBS"
)
"""The job history of a project in a region. Who may not read it is told of a table that may not be queried."""


class NotReadable(UsageProblem):
    """One thing cannot be read; the next one may be."""

    def __init__(self, text: str, whole: bool, permission: str | None = None) -> None:
        """`whole`: it holds for the whole thing, and not for some of its columns or this one request. `permission`:
        what is missing."""
        super().__init__(text)
        self.whole = whole
        self.permission = permission


class NotAllowed(UsageProblem):
    """A permission is missing that all such requests need."""

    def __init__(self, text: str, permission: str) -> None:
        super().__init__(text)
        self.permission = permission


class NoAnswer(UsageProblem):
    """BigQuery fails at one request, however often it is made. Of another thing it may not, unless it is down."""


class ChangedUnderneath(UsageProblem):
    """What was to be changed is no longer what it was when it was read."""


class GivenUp(Exception):  # noqa: N818 - what is known of a job, on its way to `explained`
    """Patience ended over a job that may be charged for nevertheless."""

    def __init__(self, said: str, why: Exception) -> None:
        super().__init__(said)
        self.said = said
        self.why = why


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried."""

    action: str
    """As in `cannot {action}`: `list the tables of p.d`."""
    project: str
    """The project that makes the requests."""
    permission: str
    """What it takes, where the error does not say."""
    subject: str | None = None
    """The project that is asked about, where it is not (always) the one that makes the requests."""


@contextmanager
def explained(attempt: Attempt) -> Iterator[None]:
    """Turns the errors of Google's clients into problems of the user.

    Raises:
        NotReadable: this thing is not there, or may not be read.
        ChangedUnderneath: the etag that was sent is not that of the thing as it is now.
        UsageProblem: nothing can be read: no credentials, no network, no quota, an API that is off.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except GivenUp as given_up:
        problem = _problem(given_up.why, attempt)
        kind = NoAnswer if isinstance(problem, NoAnswer) else UsageProblem
        raise kind(f"{problem}; {given_up.said}") from None
    except (GoogleAPICallError, RetryError, GoogleAuthError, RequestException, ConnectionError) as error:
        raise _problem(error, attempt) from None


def _problem(error: Exception, attempt: Attempt) -> UsageProblem:
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import InvalidJSONError, ReadTimeout

    if isinstance(error, RetryError):
        cause = error.cause
        if isinstance(cause, Exception) and not isinstance(cause, RetryError):
            return _problem(cause, attempt)
    if isinstance(error, GoogleAuthError):
        return _credentials(error, attempt)
    if isinstance(error, GoogleAPICallError):
        return _answer(error, attempt)
    if isinstance(error, InvalidJSONError):
        return _not_of_bigquery(first_line(error), attempt)
    kind = NoAnswer if isinstance(error, ReadTimeout) else UsageProblem
    return kind(
        f"cannot {attempt.action}: BigQuery cannot be reached ({first_line(error)}); check the network, the proxy "
        "(HTTPS_PROXY), and BIGQUERY_EMULATOR_HOST if it is set"
    )


def _credentials(error: Exception, attempt: Attempt) -> UsageProblem:
    from google.auth.exceptions import InvalidOperation

    if isinstance(error, InvalidOperation):  # what follows when a server does not take anonymous requests
        return UsageProblem(
            f"cannot {attempt.action}: the server that BIGQUERY_EMULATOR_HOST names asks for credentials, "
            "which are sent over https:// only"
        )
    return UsageProblem(f"cannot {attempt.action}: {sign_in_problem(error, first_line(error))}")


def _answer(error: Any, attempt: Attempt) -> UsageProblem:
    """What an HTTP status and the reason beside it mean."""
    message, status = first_line(error), int(error.code or 0)
    reason = _reason(error)
    start = f"cannot {attempt.action}: "
    if status == 401:
        return UsageProblem(start + not_accepted(message))
    if "requires a quota project" in message:
        return UsageProblem(
            f"{start}the credentials name no project for quota; run "
            f"`gcloud auth application-default set-quota-project {attempt.project}`, or set GOOGLE_CLOUD_QUOTA_PROJECT"
        )
    if 300 <= status < 500 and not _is_json(error):
        return _not_of_bigquery(f"{status}: {message}", attempt)
    if reason == "accessNotConfigured" or "has not been used in project" in message:
        return UsageProblem(
            f"{start}the BigQuery API is not enabled in project {attempt.project}; run "
            f"`gcloud services enable bigquery.googleapis.com --project {attempt.project}`"
        )
    if reason == "quotaExceeded":
        return UsageProblem(
            f"{start}a quota is used up ({message}); wait, or ask for more, and run this again"
        )
    if reason == "rateLimitExceeded" or status == 429:
        return UsageProblem(
            f"{start}too many requests, even after waiting ({message}); use a lower rate and run this again"
        )
    if status >= 500:
        return NoAnswer(
            f"{start}BigQuery answers with an error of its own, even after waiting ({status}: {message}); "
            "run this again later"
        )
    if reason == "billingNotEnabled":
        return UsageProblem(f"{start}billing is not enabled in project {attempt.project} ({message})")
    if "prohibited by organization" in message:
        return NotReadable(
            f"{start}a perimeter of VPC Service Controls forbids it ({message}); run this from within, or ask those "
            "who administer the organization",
            whole=True,
        )
    if status == 403:
        return _forbidden(message, attempt)
    if status == 412:
        return ChangedUnderneath(f"{start}somebody changed it since it was read; run this again")
    if status == 404:
        return NotReadable(f"{start}it is not there, or may not be seen ({message})", whole=True)
    if reason == "bytesBilledLimitExceeded":
        return NotReadable(
            f"{start}it would be charged for more than --max-bytes-billed ({message})", whole=False
        )
    return NotReadable(f"{start}{message}", whole=False)


def _forbidden(message: str, attempt: Attempt) -> UsageProblem:
    if "policy tag" in message.lower():  # of a column
        return NotReadable(f"cannot {attempt.action}: {message}", whole=False)
    named, place, view = _PERMISSION.search(message), _PROJECT.search(message), _JOBS_VIEW.search(message)
    permission, project = attempt.permission, attempt.subject or attempt.project
    if named is not None:
        permission = named.group()
    elif view is not None:
        permission, project = "bigquery.jobs.listAll", view[1] or project
    if place is not None:
        project = place[1]
    of_project = permission.startswith(_OF_A_PROJECT)
    role = role_with(permission)
    has = f", which {role} has" if role is not None else ""
    where = f"on project {project}" if of_project else "on the dataset or its project"
    who = (
        "an owner of the project, or who has roles/resourcemanager.projectIamAdmin"
        if of_project
        else "an owner of the dataset (roles/bigquery.dataOwner) or of its project"
    )
    text = f"cannot {attempt.action}: permission {permission} is missing {where}{has}; {who} can grant it ({message})"
    if permission.startswith(_OF_EVERY_REQUEST):
        return NotAllowed(text, permission)
    return NotReadable(text, whole=True, permission=permission)


def role_with(permission: str) -> str | None:
    """The smallest predefined role that has a permission; None where it is not known."""
    return _ROLES.get(permission)


def _is_json(error: Any) -> bool:
    """Whether an answer is of the API. Proxies, and the sign-in pages of networks, answer in HTML."""
    response = getattr(error, "response", None)
    kind = response.headers.get("Content-Type", "") if response is not None else "json"
    return bool(error.errors) or "json" in kind


def _not_of_bigquery(said: str, attempt: Attempt) -> UsageProblem:
    text = " ".join(re.sub(r"<[^>]*>", " ", said).split())[:100]
    return UsageProblem(
        f"cannot {attempt.action}: the answer is no answer of BigQuery ({text}); check the proxy (HTTPS_PROXY) or "
        "whatever else stands between, and BIGQUERY_EMULATOR_HOST if it is set"
    )


def _reason(error: Any) -> str:
    """The machine-readable reason of an answer; empty when it has none."""
    for item in error.errors or ():
        if isinstance(item, Mapping) and isinstance(item.get("reason"), str):
            reason: str = item["reason"]
            return reason
    return ""


def first_line(error: Exception) -> str:
    """The message, without the request's method and address that the client puts before it."""
    text = str(getattr(error, "message", "") or error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return re.sub(r"^(?:GET|POST|PUT|PATCH|DELETE) https?://\S+: ", "", line)[:300]
