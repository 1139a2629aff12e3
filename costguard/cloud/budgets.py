"""Budgets through Google's official clients: the Budget API, and Cloud Billing for accounts and projects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from costguard.budgets.declared import Budget
from costguard.budgets.existing import ExistingBudget
from costguard.budgets.service import (
    Account,
    CallFailed,
    ChangedUnderneath,
    Denied,
    Gone,
    Listing,
    Place,
    Unanswered,
)
from costguard.cloud.billing_calls import Patience, Say, local_channel, repeated
from costguard.cloud.billing_endpoint import BUDGETS_VARIABLE, VARIABLE
from costguard.cloud.billing_problems import Asked, explain, is_passing, misconfigured, one_line
from costguard.cloud.budget_messages import budget_message, existing_budget, mask_paths
from costguard.cloud.sign_in import reading_credentials
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from google.cloud.billing.budgets_v1 import BudgetServiceClient
    from google.cloud.billing_v1 import CloudBillingClient

PAGE_SIZE: Final = 100
"""The largest that the service gives."""
MAXIMUM_PAGES: Final = 600
"""An account has 50,000 budgets at most. A server that never ends is left."""
PERMISSIONS: Final = (
    "billing.budgets.create",
    "billing.budgets.delete",
    "billing.budgets.get",
    "billing.budgets.list",
    "billing.budgets.update",
)
"""What it takes on a billing account to do everything here (cloud.google.com/billing/docs/access-control)."""
_VIEWER: Final = "roles/billing.viewer"
_MANAGER: Final = "roles/billing.costsManager"
_PERMISSION: Final = re.compile(r"\b(?:billing|resourcemanager|pubsub)\.(?!googleapis)[a-z]\w*\.[a-z]\w*\b")


@contextmanager
def google_budgets(
    budgets_endpoint: str | None,
    billing_endpoint: str | None,
    patience: Patience,
    say: Say = lambda text: None,
) -> Iterator[GoogleBudgets]:
    """The service by the official clients: with the user's default credentials, or for test servers without any.

    Raises:
        UsageProblem: a client is not installed, or only Cloud Billing would go to a test server.
    """
    try:
        import google.cloud.billing.budgets_v1
        import google.cloud.billing_v1  # noqa: F401
    except ImportError:
        raise UsageProblem(
            "Google's client for budgets is not installed: pip install 'costguard-gcp[gcp]'"
        ) from None
    if billing_endpoint is not None and budgets_endpoint is None:
        raise UsageProblem(
            f"{VARIABLE} is set and {BUDGETS_VARIABLE} is not: budgets of a real account could be changed by what a "
            "test server says of it; set both, or none"
        )
    with ExitStack() as stack:
        yield GoogleBudgets(budgets_endpoint, billing_endpoint, patience, say, stack)


@dataclass(frozen=True)
class GoogleBudgets:
    """`budgets.service.BudgetService`, as Google has it."""

    budgets_endpoint: str | None
    billing_endpoint: str | None
    patience: Patience
    say: Say
    stack: ExitStack
    """Closes the clients, which are made when they are needed."""

    @cached_property
    def _client(self) -> BudgetServiceClient:
        from google.cloud.billing.budgets_v1 import BudgetServiceClient
        from google.cloud.billing.budgets_v1.services.budget_service.transports import (
            BudgetServiceGrpcTransport,
        )

        if self.budgets_endpoint is None:
            with _calling("Budget API", _budgets_asked("")), reading_credentials("Budget API"):
                return self.stack.enter_context(BudgetServiceClient())
        transport = BudgetServiceGrpcTransport(channel=local_channel(self.budgets_endpoint))
        return self.stack.enter_context(BudgetServiceClient(transport=transport))

    @cached_property
    def _billing(self) -> CloudBillingClient:
        from google.cloud.billing_v1 import CloudBillingClient
        from google.cloud.billing_v1.services.cloud_billing.transports import CloudBillingGrpcTransport

        if self.billing_endpoint is not None:
            transport = CloudBillingGrpcTransport(channel=local_channel(self.billing_endpoint))
            return self.stack.enter_context(CloudBillingClient(transport=transport))
        if self.budgets_endpoint is not None:
            raise CallFailed(f"{BUDGETS_VARIABLE} is set and {VARIABLE} is not: Google itself is not asked")
        with _calling("Cloud Billing", _projects_asked("PROJECT")), reading_credentials("Cloud Billing"):
            return self.stack.enter_context(CloudBillingClient())

    def account_of(self, project: str) -> str:
        """The id of the billing account that pays for a project."""
        info = self._project(f"projects/{project}")
        if not info.billing_account_name:
            raise CallFailed(
                f"project {project} has no billing account: link one to it, or give billing_account to its budgets"
            )
        return str(info.billing_account_name.removeprefix("billingAccounts/"))

    def project_id(self, number: str) -> str:
        """The id of the project with this number, both as `projects/...`."""
        return f"projects/{self._project(number).project_id}"

    def _project(self, name: str) -> Any:
        with _calling(f"billing account of {name}", _projects_asked(name.removeprefix("projects/"))):
            return self._billing.get_project_billing_info(name=name, **self._repeated())

    def account(self, account: str) -> Account:
        """What a billing account is like."""
        asked = _account_asked(account, "billing.accounts.get")
        with _calling(f"billing account {account}", asked):
            found = self._billing.get_billing_account(name=f"billingAccounts/{account}", **self._repeated())
        return Account(account, found.display_name, found.currency_code, found.open_)

    def missing_permissions(self, account: str) -> tuple[str, ...]:
        """Which of `PERMISSIONS` the caller lacks on a billing account."""
        with _calling(
            f"permissions on billing account {account}", _account_asked(account, "billing.accounts.get")
        ):
            found = self._billing.test_iam_permissions(
                resource=f"billingAccounts/{account}", permissions=list(PERMISSIONS), **self._repeated()
            )
        return tuple(name for name in PERMISSIONS if name not in found.permissions)

    def budgets(self, place: Place) -> Listing:
        """The budgets of an account; where that is not allowed, those of the projects."""
        try:
            return Listing(tuple(self._listed(place.account, "")), whole=True)
        except Denied:
            if not place.projects:
                raise
        found = {
            budget.resource: budget
            for project in place.projects
            for budget in self._listed(place.account, project)
        }
        return Listing(tuple(found.values()), whole=False)

    def _listed(self, account: str, scope: str) -> Iterator[ExistingBudget]:
        about = f"budgets of {scope or f'billing account {account}'}"
        request = {"parent": f"billingAccounts/{account}", "scope": scope, "page_size": PAGE_SIZE}
        with _calling(about, _budgets_asked(account, "billing.budgets.list", _VIEWER)):
            pages = self._client.list_budgets(request=request, **self._repeated()).pages
            for count, page in enumerate(pages, start=1):
                if count > MAXIMUM_PAGES:
                    raise CallFailed(f"{about}: the list does not end after {MAXIMUM_PAGES} pages")
                yield from map(existing_budget, page.budgets)

    def budget(self, resource: str) -> ExistingBudget:
        """One budget as it is now."""
        account = resource.split("/")[1]
        with _calling(f"budget {resource}", _budgets_asked(account, "billing.budgets.get", _VIEWER)):
            return existing_budget(self._client.get_budget(name=resource, **self._repeated()))

    def create(self, account: str, budget: Budget) -> ExistingBudget:
        """Make a budget, once: a call that was not answered may have been carried out."""
        request = {"parent": f"billingAccounts/{account}", "budget": budget_message(budget)}
        asked = _budgets_asked(account, "billing.budgets.create", _MANAGER, budget.notify.pubsub_topic)
        with _calling(f"budget {budget.name!r}", asked, making=True):
            return existing_budget(
                self._client.create_budget(request=request, **self._repeated(_is_refused_for_now))
            )

    def update(self, existing: ExistingBudget, budget: Budget, fields: Sequence[str]) -> ExistingBudget:
        """Set these fields, if the budget is still in the state that was read."""
        if not existing.etag:  # the service would overwrite whatever is there
            raise CallFailed("the service gave no etag, so that nobody could tell whether it changed since")
        message = budget_message(budget, existing.resource, existing.etag)
        request = {"budget": message, "update_mask": {"paths": mask_paths(budget, fields)}}
        topic = budget.notify.pubsub_topic if "notify.pubsub_topic" in fields else None
        asked = _budgets_asked(existing.account, "billing.budgets.update", _MANAGER, topic)
        with _calling(f"budget {budget.name!r}", asked):
            return existing_budget(self._client.update_budget(request=request, **self._repeated()))

    def delete(self, resource: str) -> None:
        """Remove a budget."""
        asked = _budgets_asked(resource.split("/")[1], "billing.budgets.delete", _MANAGER)
        with _calling(f"budget {resource}", asked):
            self._client.delete_budget(name=resource, **self._repeated())

    def _repeated(self, passing: Callable[[BaseException], bool] | None = None) -> dict[str, Any]:
        return repeated(self.patience, self.say, passing or is_passing)


def _is_refused_for_now(error: BaseException) -> bool:
    """Whether a call was not carried out for want of quota: only then may it be made again without looking."""
    from google.api_core.exceptions import ResourceExhausted

    return isinstance(error, ResourceExhausted)


# -- what goes wrong --------------------------------------------------------------------------------------------


@contextmanager
def _calling(doing: str, asked: Asked, *, making: bool = False) -> Iterator[None]:
    """Errors of Google's clients become ours; `making`: the call may have been carried out, whatever happened to its
    answer."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (GoogleAPIError, GoogleAuthError) as error:
        raise _failure(doing, _cause(error), asked, making) from None


def _cause(error: Exception) -> Exception:
    """What a client that gave up repeating was up against."""
    from google.api_core.exceptions import RetryError

    return error.cause if isinstance(error, RetryError) and isinstance(error.cause, Exception) else error


def _failure(doing: str, error: Exception, asked: Asked, making: bool) -> CallFailed:
    from google.api_core import exceptions as api

    text = f"{doing}: {explain(error, asked)}"
    match error:
        case api.Aborted():
            return ChangedUnderneath(f"{doing}: it is not as it was read ({one_line(error)})")
        case api.NotFound():
            return Gone(f"{doing}: it is not there, or may not be seen ({one_line(error)})")
        case api.Forbidden():
            if misconfigured(error, asked) is None:
                return Denied(text)
        case api.BadRequest() | api.Conflict():  # InvalidArgument, FailedPrecondition, AlreadyExists ...
            return CallFailed(f"{doing}: the service does not take it ({one_line(error)})")
    if making and _is_ambiguous(error):
        return Unanswered(f"{doing}: no answer ({one_line(error)})")
    return CallFailed(text, whole=True)


def _is_ambiguous(error: Exception) -> bool:
    """Whether a call may have been carried out though it failed. Credentials that cannot be renewed are told as a
    service that is not available, and no call was made then."""
    from google.api_core import exceptions as api

    if isinstance(error, api.ServiceUnavailable):
        return is_passing(error)
    return isinstance(error, api.ServerError | api.Cancelled)


def _budgets_asked(
    account: str, permission: str = "", role: str = _MANAGER, topic: str | None = None
) -> Asked:
    also = (
        f"; or it is pubsub.topics.setIamPolicy on {topic}, which roles/pubsub.admin has: the service lets itself "
        "publish there"
        if topic is not None
        else ""
    )

    def denied(project: str, text: str) -> str:
        return _on_account(account, _named(text) or permission, role, text) + also

    return Asked("billingbudgets.googleapis.com", "Cloud Billing Budget API", denied)


def _account_asked(account: str, permission: str) -> Asked:
    def denied(project: str, text: str) -> str:
        return _on_account(account, _named(text) or permission, _VIEWER, text)

    return Asked("cloudbilling.googleapis.com", "Cloud Billing API", denied)


def _projects_asked(name: str) -> Asked:
    def denied(project: str, text: str) -> str:
        return (
            f"permission {_named(text) or 'resourcemanager.projects.get'} is missing on project {name}, which "
            f"roles/browser has; an owner of the project can grant it, or give billing_account instead ({text})"
        )

    return Asked("cloudbilling.googleapis.com", "Cloud Billing API", denied)


def _on_account(account: str, permission: str, role: str, text: str) -> str:
    return (
        f"permission {permission} is missing on billing account {account}, which {role} has; an administrator of the "
        f"account (roles/billing.admin) can grant it: `gcloud billing accounts add-iam-policy-binding {account} "
        f"--member=user:YOU --role={role}` ({text})"
    )


def _named(text: str) -> str | None:
    """The permission that the service names."""
    match = _PERMISSION.search(text)
    return match.group() if match is not None else None
