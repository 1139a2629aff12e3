"""Budgets over a real gRPC connection: what is sent, what is read, and how each call may fail."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from typing import Any

import grpc
import pytest

from costguard.budgets.declared import Budget, CustomPeriod, LastPeriod, Notify, Threshold
from costguard.budgets.existing import FIELDS, declared_fields
from costguard.budgets.service import (
    Account,
    CallFailed,
    ChangedUnderneath,
    Denied,
    Gone,
    Place,
    Unanswered,
)
from costguard.cloud import budgets as module
from costguard.cloud.billing_calls import Patience
from costguard.cloud.budgets import GoogleBudgets, google_budgets
from costguard.errors import UsageProblem
from tests.servers.billing_catalog import Refusal
from tests.servers.budgets import ACCOUNT, ALL_PERMISSIONS, OTHER_ACCOUNT, Bank, serving

QUICK = Patience(total=20, call=20, first_pause=0.01)
HURRIED = Patience(total=1, call=1, first_pause=0.01)
"""For what never succeeds."""
BUDGET = Budget("b", ACCOUNT, None, Decimal("500.25"), "USD")
FULL = Budget(
    name="full",
    billing_account=ACCOUNT,
    project=None,
    amount=Decimal("0.000000001"),
    currency="USD",
    projects=("projects/1", "projects/2"),
    services=("services/24E6-581D-38E5",),
    label=("team", "ml"),
    period=CustomPeriod(date(2026, 1, 1), date(2026, 6, 30)),
    credits=("DISCOUNT", "PROMOTION"),
    thresholds=(Threshold(Decimal("0.1")), Threshold(Decimal("1.05"))),
    notify=Notify("projects/p/topics/t", ("projects/p/notificationChannels/1",), False, False),
)
UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "try later")
DENIED = Refusal(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def service(bank: Bank) -> Iterator[GoogleBudgets]:
    with ExitStack() as stack:
        address = stack.enter_context(serving(bank))
        yield stack.enter_context(google_budgets(address, address, QUICK))


def hurried(service: GoogleBudgets) -> GoogleBudgets:
    """The same service for one who does not wait."""
    return dataclasses.replace(service, patience=HURRIED)


def failing(kind: type[CallFailed], call: Any, *arguments: Any) -> CallFailed:
    """How a call failed: in one line."""
    with pytest.raises(CallFailed) as problem:
        call(*arguments)
    assert type(problem.value) is kind
    assert "\n" not in str(problem.value)
    return problem.value


# -- what is sent and read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "budget",
    [
        BUDGET,
        FULL,
        dataclasses.replace(FULL, period=CustomPeriod(date(2026, 1, 1))),
        dataclasses.replace(BUDGET, amount="last-period", currency=None, period="quarter"),
        dataclasses.replace(BUDGET, amount=Decimal(2**63 - 1) + Decimal("0.999999999"), period="year"),
        dataclasses.replace(BUDGET, credits="exclude-all", projects=("projects/1",)),
        dataclasses.replace(
            BUDGET,
            projects=("projects/1",),
            thresholds=(),
            notify=Notify("projects/p/topics/t", (), True, False),
        ),
    ],
)
def test_what_was_made_is_read_as_it_was_declared(bank: Bank, service: GoogleBudgets, budget: Budget) -> None:
    made = service.create(ACCOUNT, budget)
    assert tuple(made.fields) == FIELDS
    assert made.fields == declared_fields(budget)
    assert (made.owned, made.name, made.account) == (True, budget.name, ACCOUNT)
    assert made.currency == (None if budget.amount == "last-period" else "USD")
    assert service.budgets(Place(ACCOUNT)).budgets == (made,)
    assert service.budget(made.resource) == made
    service.delete(made.resource)
    assert bank.budgets == {}


def test_the_message_of_a_full_budget(bank: Bank, service: GoogleBudgets) -> None:
    service.create(ACCOUNT, FULL)
    (found,) = bank.named("costguard/full")
    assert (found.amount.specified_amount.units, found.amount.specified_amount.nanos) == (0, 1)
    assert list(found.budget_filter.labels["team"]) == ["ml"]
    assert (found.budget_filter.credit_types_treatment.name, list(found.budget_filter.credit_types)) == (
        "INCLUDE_SPECIFIED_CREDITS",
        ["DISCOUNT", "PROMOTION"],
    )
    assert found.budget_filter.custom_period.start_date.year == 2026
    assert [rule.threshold_percent for rule in found.threshold_rules] == [0.1, 1.05]
    assert found.notifications_rule.schema_version == "1.0"
    assert found.notifications_rule.disable_default_iam_recipients


def test_what_nobody_set_is_what_the_service_takes_it_for(bank: Bank, service: GoogleBudgets) -> None:
    name = bank.add("bare")
    scope = bank.budgets[name].budget_filter
    scope.ClearField("calendar_period")
    scope.credit_types_treatment = 0
    bank.budgets[name].threshold_rules.add(threshold_percent=0.5)
    found = service.budget(name)
    assert not found.owned
    assert found.fields["period"] == "month"
    assert found.fields["credits"] == "include-all"
    assert found.fields["thresholds"] == [{"at": "0.5", "on": "actual"}]
    assert found.fields["notify.default_recipients"] is True


def test_what_cannot_be_declared_is_read_too(bank: Bank, service: GoogleBudgets) -> None:
    name = bank.add(
        "costguard/odd",
        budget_filter={
            "labels": {"a": ["b", "c"], "d": ["e"]},
            "resource_ancestors": ["folders/2", "folders/1"],
            "subaccounts": ["billingAccounts/X"],
        },
    )
    bank.budgets[name].budget_filter.calendar_period = 9
    bank.budgets[name].budget_filter.credit_types_treatment = 9
    bank.budgets[name].ClearField("amount")
    fields = service.budget(name).fields
    assert fields["label"] == {"a": "b, c", "d": "e"}
    assert fields["resource_ancestors"] == ["folders/1", "folders/2"]
    assert fields["subaccounts"] == ["billingAccounts/X"]
    assert fields["period"] == "period 9 of the service"
    assert fields["credits"] == "treatment 9 of the service"
    assert fields["amount"] is None


def test_an_update_sets_and_clears_what_it_names_and_nothing_else(bank: Bank, service: GoogleBudgets) -> None:
    made = service.create(ACCOUNT, FULL)
    bank.budgets[made.resource].budget_filter.subaccounts.append("billingAccounts/X")
    plain = dataclasses.replace(BUDGET, name="full", projects=("projects/1",))
    fields = [field for field in FIELDS if field not in ("subaccounts", "services")]
    changed = service.update(made, plain, fields)
    wanted = {**declared_fields(plain), "subaccounts": ["billingAccounts/X"], "services": list(FULL.services)}
    assert changed.fields == wanted
    assert changed.etag != made.etag
    assert list(bank.requests[-1].update_mask.paths) == [
        "amount.specified_amount.currency_code",
        "amount.specified_amount.units",
        "amount.specified_amount.nanos",
        "budget_filter.projects",
        "budget_filter.resource_ancestors",
        "budget_filter.labels",
        "budget_filter.calendar_period",
        "budget_filter.credit_types_treatment",
        "budget_filter.credit_types",
        "threshold_rules",
        "notifications_rule.pubsub_topic",
        "notifications_rule.schema_version",
        "notifications_rule.monitoring_notification_channels",
        "notifications_rule.enable_project_level_recipients",
        "notifications_rule.disable_default_iam_recipients",
    ]
    back = service.update(changed, FULL, FIELDS)
    assert back.fields == declared_fields(FULL)


@pytest.mark.parametrize("before", [Decimal("5.5"), Decimal(0), "last-period"])
@pytest.mark.parametrize(
    "after", [Decimal("5.5"), Decimal(6), Decimal("0.000000001"), Decimal(0), "last-period"]
)
@pytest.mark.parametrize("currency", ["USD", None])
def test_an_amount_becomes_any_other(
    service: GoogleBudgets, before: Decimal | LastPeriod, after: Decimal | LastPeriod, currency: str | None
) -> None:
    """Nothing of the one before is left: no billionths, and no other kind of amount."""
    made = service.create(ACCOUNT, dataclasses.replace(BUDGET, amount=before))
    wanted = dataclasses.replace(BUDGET, amount=after, currency=currency)
    changed = service.update(made, wanted, ["amount"])
    assert changed.fields == declared_fields(wanted)
    assert changed.currency == (None if after == "last-period" else "USD")


PERIODS = [
    "month",
    "quarter",
    CustomPeriod(date(2026, 1, 1)),
    CustomPeriod(date(2026, 1, 2), date(2026, 2, 1)),
]


@pytest.mark.parametrize("before", PERIODS)
@pytest.mark.parametrize("after", PERIODS)
def test_a_period_becomes_any_other(service: GoogleBudgets, before: Any, after: Any) -> None:
    plain = dataclasses.replace(BUDGET, thresholds=(Threshold(Decimal(1)),))
    made = service.create(ACCOUNT, dataclasses.replace(plain, period=before))
    wanted = dataclasses.replace(plain, period=after)
    assert service.update(made, wanted, ["period"]).fields == declared_fields(wanted)


def test_without_a_mask_the_server_clears_nothing(bank: Bank, service: GoogleBudgets) -> None:
    """What the masks are for: the server is as the documentation has it."""
    made = service.create(ACCOUNT, FULL)
    request = {"budget": {"name": made.resource, "display_name": "costguard/full", "threshold_rules": []}}
    service._client.update_budget(request=request)
    assert service.budget(made.resource).fields == made.fields
    request["budget"]["threshold_rules"] = [{"threshold_percent": 2}]
    request["budget"]["budget_filter"] = {"services": ["services/0000-0000-0000"]}
    service._client.update_budget(request=request)
    fields = service.budget(made.resource).fields
    assert fields["thresholds"] == [{"at": "2", "on": "actual"}]
    assert fields["label"] == {"team": "ml"}


def test_each_page_is_asked_for_once(bank: Bank, service: GoogleBudgets) -> None:
    for number in range(201):
        bank.add(f"b{number}")
    bank.add("elsewhere", OTHER_ACCOUNT)
    assert len(service.budgets(Place(ACCOUNT)).budgets) == 201
    assert [(request.page_size, request.page_token) for request in bank.requests] == [
        (100, ""),
        (100, "100"),
        (100, "200"),
    ]


def test_a_list_that_does_not_end_is_left(
    bank: Bank, service: GoogleBudgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAXIMUM_PAGES", 3)
    bank.endless = True
    problem = failing(CallFailed, service.budgets, Place(ACCOUNT))
    assert str(problem) == f"budgets of billing account {ACCOUNT}: the list does not end after 3 pages"


def test_accounts_and_projects(bank: Bank, service: GoogleBudgets) -> None:
    assert service.account(ACCOUNT) == Account(ACCOUNT, "Account 0", "USD", True)
    bank.closed = frozenset({OTHER_ACCOUNT})
    assert service.account(OTHER_ACCOUNT) == Account(OTHER_ACCOUNT, "Account 1", "EUR", False)
    assert service.account_of("elsewhere") == OTHER_ACCOUNT
    assert service.project_id("projects/123456789") == "projects/my-project"
    assert str(failing(CallFailed, service.account_of, "unpaid")) == (
        "project unpaid has no billing account: link one to it, or give billing_account to its budgets"
    )


def test_permissions(bank: Bank, service: GoogleBudgets) -> None:
    assert service.missing_permissions(ACCOUNT) == ()
    bank.permissions = ALL_PERMISSIONS[:2]
    assert service.missing_permissions(ACCOUNT) == ALL_PERMISSIONS[2:]


def test_an_owner_of_projects_sees_their_budgets(bank: Bank, service: GoogleBudgets) -> None:
    bank.without_account_rights = True
    both = bank.add("costguard/a", budget_filter={"projects": ["projects/1", "projects/2"]})
    bank.add("costguard/b")
    listing = service.budgets(Place(ACCOUNT, ("projects/p", "projects/2")))
    assert ([budget.resource for budget in listing.budgets], listing.whole) == ([both], False)
    assert [request.scope for request in bank.requests] == ["", "projects/p", "projects/2"]
    failing(Denied, service.budgets, Place(ACCOUNT))


# -- how calls fail ----------------------------------------------------------------------------------------------


def test_a_service_that_comes_back_is_asked_again(bank: Bank, service: GoogleBudgets) -> None:
    made = service.create(ACCOUNT, BUDGET)
    bank.refusals = {
        method: [UNAVAILABLE, UNAVAILABLE]
        for method in ("ListBudgets", "GetBudget", "UpdateBudget", "DeleteBudget", "GetBillingAccount")
    }
    assert len(service.budgets(Place(ACCOUNT)).budgets) == 1
    assert service.budget(made.resource) == made
    assert (
        service.update(made, dataclasses.replace(BUDGET, amount=Decimal(1)), ["amount"]).fields["amount"]
        == "1.00"
    )
    service.account(ACCOUNT)
    service.delete(made.resource)
    assert all(bank.asked.count(method) == 3 for method in bank.refusals)


@pytest.mark.parametrize(
    "code", ["UNAVAILABLE", "UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED", "DATA_LOSS"]
)
def test_a_creation_without_an_answer_is_not_repeated(bank: Bank, service: GoogleBudgets, code: str) -> None:
    bank.always["CreateBudget"] = Refusal(grpc.StatusCode[code], "Socket closed")
    problem = failing(Unanswered, service.create, ACCOUNT, BUDGET)
    assert str(problem) == "budget 'b': no answer (Socket closed)"
    assert bank.asked == ["CreateBudget"]


def test_a_creation_that_is_never_answered(bank: Bank, service: GoogleBudgets) -> None:
    bank.stuck = frozenset({"CreateBudget"})
    failing(Unanswered, hurried(service).create, ACCOUNT, BUDGET)


def test_a_creation_for_which_there_was_no_quota_is_repeated(bank: Bank, service: GoogleBudgets) -> None:
    bank.refusals["CreateBudget"] = [Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")]
    service.create(ACCOUNT, BUDGET)
    assert len(bank.budgets) == 1


@pytest.mark.parametrize(
    "code", ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "ALREADY_EXISTS"]
)
def test_what_the_service_does_not_take(bank: Bank, service: GoogleBudgets, code: str) -> None:
    bank.always["CreateBudget"] = Refusal(grpc.StatusCode[code], "bad\n\x1b[31mthing")
    problem = failing(CallFailed, service.create, ACCOUNT, BUDGET)
    assert str(problem) == "budget 'b': the service does not take it (bad \x1b[31mthing)"
    assert not problem.whole


@pytest.mark.parametrize(
    "budget",
    [
        dataclasses.replace(BUDGET, name="n" * 51),
        dataclasses.replace(BUDGET, currency="EUR"),
        dataclasses.replace(BUDGET, amount="last-period", period=CustomPeriod(date(2026, 1, 1))),
        dataclasses.replace(BUDGET, period=CustomPeriod(date(2026, 1, 1))),  # with a forecast
        dataclasses.replace(
            BUDGET, notify=Notify(None, tuple(f"projects/p/notificationChannels/{n}" for n in range(6)))
        ),
        dataclasses.replace(BUDGET, projects=("projects/nobody-s",)),
    ],
)
def test_limits_are_the_server_s_too(bank: Bank, service: GoogleBudgets, budget: Budget) -> None:
    assert "the service does not take it" in str(failing(CallFailed, service.create, ACCOUNT, budget))
    assert bank.budgets == {}


def test_a_stale_update(bank: Bank, service: GoogleBudgets) -> None:
    made = service.create(ACCOUNT, BUDGET)
    bank.touch(made.resource, display_name="costguard/b2")
    problem = failing(ChangedUnderneath, service.update, made, BUDGET, ["amount"])
    assert str(problem) == "budget 'b': it is not as it was read (etag mismatch)"


def test_without_an_etag_nothing_is_overwritten(bank: Bank, service: GoogleBudgets) -> None:
    bank.etags = False
    made = service.create(ACCOUNT, BUDGET)
    problem = failing(CallFailed, service.update, made, BUDGET, ["amount"])
    assert str(problem) == "the service gave no etag, so that nobody could tell whether it changed since"
    assert "UpdateBudget" not in bank.asked


@pytest.mark.parametrize("call", ["budget", "delete"])
def test_what_is_gone(service: GoogleBudgets, call: str) -> None:
    resource = f"billingAccounts/{ACCOUNT}/budgets/none"
    problem = failing(Gone, getattr(service, call), resource)
    assert str(problem) == (
        f"budget {resource}: it is not there, or may not be seen (Requested entity was not found.)"
    )


@pytest.mark.parametrize(
    ("method", "permission", "role"),
    [
        ("ListBudgets", "billing.budgets.list", "roles/billing.viewer"),
        ("GetBudget", "billing.budgets.get", "roles/billing.viewer"),
        ("CreateBudget", "billing.budgets.create", "roles/billing.costsManager"),
        ("UpdateBudget", "billing.budgets.update", "roles/billing.costsManager"),
        ("DeleteBudget", "billing.budgets.delete", "roles/billing.costsManager"),
        ("GetBillingAccount", "billing.accounts.get", "roles/billing.viewer"),
    ],
)
def test_a_permission_that_is_missing(
    bank: Bank, service: GoogleBudgets, method: str, permission: str, role: str
) -> None:
    made = service.create(ACCOUNT, BUDGET)
    bank.always[method] = DENIED
    calls: dict[str, tuple[Any, ...]] = {
        "ListBudgets": (service.budgets, Place(ACCOUNT)),
        "GetBudget": (service.budget, made.resource),
        "CreateBudget": (service.create, ACCOUNT, BUDGET),
        "UpdateBudget": (service.update, made, BUDGET, ["amount"]),
        "DeleteBudget": (service.delete, made.resource),
        "GetBillingAccount": (service.account, ACCOUNT),
    }
    call, *arguments = calls[method]
    problem = failing(Denied, call, *arguments)
    assert not problem.whole
    assert str(problem).partition(": ")[2] == (
        f"permission {permission} is missing on billing account {ACCOUNT}, which {role} has; an administrator of the "
        f"account (roles/billing.admin) can grant it: `gcloud billing accounts add-iam-policy-binding {ACCOUNT} "
        f"--member=user:YOU --role={role}` (The caller does not have permission)"
    )


def test_the_permission_that_the_service_names_goes_before_ours(bank: Bank, service: GoogleBudgets) -> None:
    text = "Permission 'billing.resourceCosts.get' denied on billingbudgets.googleapis.com"
    bank.always["ListBudgets"] = Refusal(grpc.StatusCode.PERMISSION_DENIED, text)
    problem = failing(Denied, service.budgets, Place(ACCOUNT))
    assert "permission billing.resourceCosts.get is missing on billing account" in str(problem)


def test_a_topic_needs_a_right_of_its_own(bank: Bank, service: GoogleBudgets) -> None:
    bank.always["CreateBudget"] = DENIED
    assert str(failing(Denied, service.create, ACCOUNT, FULL)).endswith(
        "; or it is pubsub.topics.setIamPolicy on projects/p/topics/t, which roles/pubsub.admin has: the service lets "
        "itself publish there"
    )


def test_a_project_that_may_not_be_seen(service: GoogleBudgets) -> None:
    assert str(failing(Denied, service.account_of, "secret")) == (
        "billing account of projects/secret: permission resourcemanager.projects.get is missing on project secret, "
        "which roles/browser has; an owner of the project can grant it, or give billing_account instead "
        "(The caller does not have permission)"
    )


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Refusal(grpc.StatusCode.UNAUTHENTICATED, "expired"),
            "the Google credentials are not accepted (expired); run `gcloud auth application-default login`",
        ),
        (
            Refusal(
                grpc.StatusCode.PERMISSION_DENIED,
                "Cloud Billing Budget API has not been used in project 42 before or it is disabled.",
                "SERVICE_DISABLED",
                {"consumer": "projects/kestrel-1"},
            ),
            "the Cloud Billing Budget API is not enabled in project kestrel-1: `gcloud services enable "
            "billingbudgets.googleapis.com --project kestrel-1`, which needs serviceusage.services.enable there "
            "(roles/serviceusage.serviceUsageAdmin)",
        ),
        (
            Refusal(
                grpc.StatusCode.PERMISSION_DENIED,
                "Your application is authenticating by using local Application Default Credentials. The "
                "billingbudgets.googleapis.com API requires a quota project, which is not set by default.",
            ),
            "the credentials name no project whose quota the calls count against: run "
            "`gcloud auth application-default set-quota-project PROJECT`, or set GOOGLE_CLOUD_QUOTA_PROJECT",
        ),
        (
            UNAVAILABLE,
            "the service cannot be reached (try later): check the network, and try again",
        ),
        (
            Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "slow"),
            "no answer in time: try again, or allow more with --timeout",
        ),
        (
            Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded"),
            "the quota is used up (Quota exceeded): wait a minute and try again; an owner of the quota project can "
            "ask for more at console.cloud.google.com/apis/api/billingbudgets.googleapis.com/quotas",
        ),
        (Refusal(grpc.StatusCode.UNIMPLEMENTED, "what?"), "MethodNotImplemented: what?"),
    ],
)
def test_what_every_call_would_meet(bank: Bank, service: GoogleBudgets, refusal: Refusal, said: str) -> None:
    bank.always["ListBudgets"] = refusal
    problem = failing(CallFailed, hurried(service).budgets, Place(ACCOUNT, ("projects/1",)))
    assert problem.whole
    assert str(problem) == f"budgets of billing account {ACCOUNT}: {said}"


def test_credentials_that_cannot_be_renewed_leave_no_doubt_about_a_creation(
    bank: Bank, service: GoogleBudgets
) -> None:
    text = "Getting metadata from plugin failed with error: invalid_grant"
    bank.always["CreateBudget"] = Refusal(grpc.StatusCode.UNAVAILABLE, text)
    problem = failing(CallFailed, service.create, ACCOUNT, BUDGET)
    assert problem.whole
    assert "the Google credentials do not work (invalid_grant)" in str(problem)


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with google_budgets(None, None, QUICK) as service:
        for call, argument in ((service.account, ACCOUNT), (service.budgets, Place(ACCOUNT))):
            problem = failing(CallFailed, call, argument)
            assert problem.whole
            assert "there are no Google credentials" in str(problem)


# -- test servers ------------------------------------------------------------------------------------------------


def test_with_one_test_server_google_is_not_asked(bank: Bank) -> None:
    with serving(bank) as address, google_budgets(address, None, QUICK) as service:
        assert service.budgets(Place(ACCOUNT)).budgets == ()
        assert str(failing(CallFailed, service.account, ACCOUNT)) == (
            "COSTGUARD_BUDGETS_ENDPOINT is set and COSTGUARD_BILLING_ENDPOINT is not: Google itself is not asked"
        )


def test_budgets_of_a_real_account_are_not_changed_by_a_test() -> None:
    with (
        pytest.raises(
            UsageProblem, match="COSTGUARD_BILLING_ENDPOINT is set and COSTGUARD_BUDGETS_ENDPOINT is not"
        ),
        google_budgets(None, "127.0.0.1:1", QUICK),
    ):
        pass


def test_without_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.billing.budgets_v1", None)
    with (
        pytest.raises(UsageProblem, match=r"pip install 'costguard-gcp\[gcp\]'"),
        google_budgets(None, None, QUICK),
    ):
        pass
