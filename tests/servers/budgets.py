"""Cloud Billing Budgets and Cloud Billing on loopback: a real gRPC server in this process, which the official clients
talk to. It does what Google's documentation says of each call: limits, defaults, masks, etags, pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote

import grpc
from google.cloud.billing.budgets_v1 import types
from google.cloud.billing_v1 import types as billing
from google.iam.v1 import iam_policy_pb2
from google.protobuf import empty_pb2, field_mask_pb2

from tests.servers.billing_catalog import Refusal, refuse

BUDGETS = "google.cloud.billing.budgets.v1.BudgetService"
BILLING = "google.cloud.billing.v1.CloudBilling"
ACCOUNT = "000000-AAAAAA-BBBBBB"
OTHER_ACCOUNT = "111111-AAAAAA-BBBBBB"
PROJECTS = {"my-project": "123456789", "p": "1", "q": "2", "elsewhere": "3", "unpaid": "4"}
"""Numbers by ids."""
PAYS = {"my-project": ACCOUNT, "p": ACCOUNT, "q": ACCOUNT, "elsewhere": OTHER_ACCOUNT, "unpaid": ""}
ALL_PERMISSIONS = tuple(f"billing.budgets.{what}" for what in ("create", "delete", "get", "list", "update"))
INVALID = grpc.StatusCode.INVALID_ARGUMENT


@dataclass
class Bank:
    """What the server knows, how it behaves, and what it was asked."""

    currencies: Mapping[str, str] = field(default_factory=lambda: {ACCOUNT: "USD", OTHER_ACCOUNT: "EUR"})
    """Of each billing account."""
    closed: frozenset[str] = frozenset()
    permissions: tuple[str, ...] = ALL_PERMISSIONS
    budgets: dict[str, Any] = field(default_factory=dict)
    """The protocol buffers by resource name, in the order in which they were made."""
    refusals: dict[str, list[Refusal | None]] = field(default_factory=dict)
    """One for each of the next calls of a method (None: it answers); then it answers."""
    always: dict[str, Refusal] = field(default_factory=dict)
    """For every call of a method."""
    lost: dict[str, int] = field(default_factory=dict)
    """How many of the next calls of a method are carried out, and their answers lost."""
    stuck: frozenset[str] = frozenset()
    """Methods that never answer."""
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens just before the next call of a method."""
    without_account_rights: bool = False
    """Lists are given of single projects only."""
    endless: bool = False
    etags: bool = True
    asked: list[str] = field(default_factory=list)
    """The methods that were called."""
    requests: list[Any] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    _count: int = 0

    # -- budgets ------------------------------------------------------------------------------------------------

    def create_budget(self, request: types.CreateBudgetRequest, context: Any) -> types.Budget:
        self._called("CreateBudget", request, context, parent=request.parent)
        budget = types.Budget.pb(types.Budget(request.budget))
        budget.name = ""
        self._check(budget, self._account(request.parent, context), context)
        self._count += 1
        budget.name = f"{request.parent}/budgets/{self._count:08x}-0000-4000-8000-000000000000"
        self._store(budget)
        return self._answer("CreateBudget", budget, context)

    def update_budget(self, request: types.UpdateBudgetRequest, context: Any) -> types.Budget:
        self._called("UpdateBudget", request, context, **{"budget.name": request.budget.name})
        given = types.Budget.pb(request.budget)
        found = self._found(given.name, context)
        if given.etag and given.etag != found.etag:
            context.abort(grpc.StatusCode.ABORTED, "etag mismatch")
        budget = type(found)()
        budget.CopyFrom(found)
        mask = field_mask_pb2.FieldMask(paths=request.update_mask.paths)
        if mask.paths:
            if not mask.IsValidForDescriptor(budget.DESCRIPTOR):
                context.abort(INVALID, f"invalid update_mask: {', '.join(mask.paths)}")
            mask.MergeMessage(given, budget, replace_message_field=True, replace_repeated_field=True)
        else:  # only what is not empty
            for which, value in given.ListFields():
                if which.name in ("name", "etag"):
                    continue
                if which.is_repeated:
                    budget.ClearField(which.name)
                    getattr(budget, which.name).extend(value)
                elif which.message_type is not None:
                    getattr(budget, which.name).MergeFrom(value)
                else:
                    setattr(budget, which.name, value)
        self._check(budget, budget.name.split("/")[1], context)
        self._store(budget)
        return self._answer("UpdateBudget", budget, context)

    def get_budget(self, request: types.GetBudgetRequest, context: Any) -> types.Budget:
        self._called("GetBudget", request, context, name=request.name)
        return self._answer("GetBudget", self._found(request.name, context), context)

    def list_budgets(self, request: types.ListBudgetsRequest, context: Any) -> types.ListBudgetsResponse:
        self._called("ListBudgets", request, context, parent=request.parent)
        self._account(request.parent, context)
        if self.without_account_rights and not request.scope:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
        project = self._numbered(request.scope, context) if request.scope else None
        found = [
            budget
            for name, budget in self.budgets.items()
            if name.startswith(f"{request.parent}/")
            and (project is None or project in budget.budget_filter.projects)
        ]
        start = int(request.page_token or 0)
        end = start + min(request.page_size or 100, 100)
        more = end < len(found) or self.endless
        page = types.ListBudgetsResponse(
            budgets=[types.Budget.wrap(budget) for budget in found[start:end]],
            next_page_token=str(end) if more else "",
        )
        return self._answer("ListBudgets", page, context)

    def delete_budget(self, request: types.DeleteBudgetRequest, context: Any) -> empty_pb2.Empty:
        self._called("DeleteBudget", request, context, name=request.name)
        self._found(request.name, context)
        del self.budgets[request.name]
        return self._answer("DeleteBudget", empty_pb2.Empty(), context)

    def _found(self, name: str, context: Any) -> Any:
        if name not in self.budgets:
            context.abort(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return self.budgets[name]

    def _store(self, budget: Any) -> None:
        """The defaults are filled in, and the state has a new etag."""
        scope = budget.budget_filter
        if scope.WhichOneof("usage_period") is None:
            scope.calendar_period = 1
        scope.credit_types_treatment = scope.credit_types_treatment or 1
        if budget.amount.HasField("specified_amount"):
            budget.amount.specified_amount.currency_code = self.currencies[budget.name.split("/")[1]]
        for rule in budget.threshold_rules:
            rule.spend_basis = rule.spend_basis or 1
        self._count += 1
        budget.etag = f"etag-{self._count}" if self.etags else ""
        self.budgets[budget.name] = budget

    def _check(self, budget: Any, account: str, context: Any) -> None:
        for wrong in self._wrong(budget, account):
            context.abort(INVALID, f"Request contains an invalid argument: {wrong}")
        scope = budget.budget_filter
        numbers = [self._numbered(name, context) for name in scope.projects]
        del scope.projects[:]
        scope.projects.extend(numbers)

    def _wrong(self, budget: Any, account: str) -> Iterator[str]:
        """The limits of the service."""
        scope, notify, amount = budget.budget_filter, budget.notifications_rule, budget.amount
        custom = scope.WhichOneof("usage_period") == "custom_period"
        if len(budget.display_name) > 60:
            yield "display_name is longer than 60"
        kind = amount.WhichOneof("budget_amount")
        if kind is None:
            yield "amount is missing"
        if kind == "specified_amount":
            money = amount.specified_amount
            if money.currency_code not in ("", self.currencies[account]):
                yield f"currency {money.currency_code}, not {self.currencies[account]}"
            if money.units < 0 or not 0 <= money.nanos < 10**9:
                yield "amount is negative"
        if custom:
            period = scope.custom_period
            start = _day(period.start_date)
            if kind == "last_period_amount":
                yield "last_period_amount with a custom period"
            if start is None or start <= date(2017, 1, 1):
                yield "start_date"
            elif period.HasField("end_date") and (end := _day(period.end_date)) is not None and end <= start:
                yield "end_date"
        if any(rule.threshold_percent < 0 for rule in budget.threshold_rules):
            yield "threshold_percent is negative"
        if custom and any(rule.spend_basis == 2 for rule in budget.threshold_rules):
            yield "forecast with a custom period"
        if len(scope.labels) > 1 or any(len(values) > 1 for values in scope.labels.values()):
            yield "more than one label"
        if (scope.credit_types_treatment == 3) != bool(scope.credit_types):
            yield "credit_types"
        if len(notify.monitoring_notification_channels) > 5:
            yield "more than 5 channels"
        if notify.schema_version != "1.0" and (notify.pubsub_topic or notify.schema_version):
            yield "schema_version"

    def _numbered(self, name: str, context: Any) -> str:
        """The service takes ids and numbers of projects, and gives numbers."""
        project = name.removeprefix("projects/")
        if project not in PROJECTS and not project.isdigit():
            context.abort(INVALID, f"no project {project}")
        return f"projects/{PROJECTS.get(project, project)}"

    def _account(self, parent: str, context: Any) -> str:
        account = parent.removeprefix("billingAccounts/")
        if account not in self.currencies:
            context.abort(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        return account

    # -- billing ------------------------------------------------------------------------------------------------

    def get_billing_account(
        self, request: billing.GetBillingAccountRequest, context: Any
    ) -> billing.BillingAccount:
        self._called("GetBillingAccount", request, context, name=request.name)
        account = self._account(request.name, context)
        found = billing.BillingAccount(
            name=request.name,
            display_name=f"Account {account[:1]}",
            currency_code=self.currencies[account],
            open_=account not in self.closed,
        )
        return self._answer("GetBillingAccount", found, context)

    def get_project_billing_info(
        self, request: billing.GetProjectBillingInfoRequest, context: Any
    ) -> billing.ProjectBillingInfo:
        self._called("GetProjectBillingInfo", request, context, name=request.name)
        given = request.name.removeprefix("projects/")
        ids = {number: name for name, number in PROJECTS.items()}
        project = ids.get(given, given)
        if project not in PROJECTS:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
        account = PAYS[project]
        found = billing.ProjectBillingInfo(
            name=f"projects/{project}/billingInfo",
            project_id=project,
            billing_account_name=f"billingAccounts/{account}" if account else "",
            billing_enabled=bool(account),
        )
        return self._answer("GetProjectBillingInfo", found, context)

    def test_iam_permissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest, context: Any
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        self._called("TestIamPermissions", request, context, resource=request.resource)
        self._account(request.resource, context)
        found = [name for name in request.permissions if name in self.permissions]
        return self._answer(
            "TestIamPermissions", iam_policy_pb2.TestIamPermissionsResponse(permissions=found), context
        )

    # -- behaviour ----------------------------------------------------------------------------------------------

    def _called(self, method: str, request: Any, context: Any, **routing: str) -> None:
        self.asked.append(method)
        self.requests.append(request)
        headers = dict(context.invocation_metadata())
        expected = "&".join(f"{key}={value}" for key, value in routing.items())
        if unquote(headers.get("x-goog-request-params", "")) != expected:
            context.abort(INVALID, f"x-goog-request-params is not {expected}")
        if method in self.stuck:
            self.ended.wait(30)
        self.before.pop(method, lambda: None)()
        queue = self.refusals.get(method, [])
        refusal = queue.pop(0) if queue else self.always.get(method)
        if refusal is not None:
            refuse(refusal, context)

    def _answer(self, method: str, answer: Any, context: Any) -> Any:
        if self.lost.get(method, 0):
            self.lost[method] -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        return answer

    # -- for tests ----------------------------------------------------------------------------------------------

    def add(self, display_name: str, account: str = ACCOUNT, **changes: Any) -> str:
        """Put a budget there, as if somebody had made it in the console; its resource name."""
        self._count += 1
        name = f"billingAccounts/{account}/budgets/{self._count:08x}-0000-4000-8000-000000000000"
        given: dict[str, Any] = {
            "amount": {"specified_amount": {"units": 5, "currency_code": self.currencies[account]}}
        }
        self._store(types.Budget.pb(types.Budget(name=name, display_name=display_name, **given | changes)))
        return name

    def named(self, display_name: str) -> list[types.Budget]:
        """The budgets of a display name."""
        return [
            types.Budget.wrap(budget)
            for budget in self.budgets.values()
            if budget.display_name == display_name
        ]

    @property
    def names(self) -> list[str]:
        """All display names, sorted."""
        return sorted(budget.display_name for budget in self.budgets.values())

    def touch(self, name: str, **changes: Any) -> None:
        """Somebody else changes a budget."""
        budget = self.budgets[name]
        budget.MergeFrom(types.Budget.pb(types.Budget(**changes)))
        self._store(budget)


def _day(day: Any) -> date | None:
    return date(day.year, day.month, day.day) if day.year and day.month and day.day else None


@contextmanager
def serving(bank: Bank) -> Iterator[str]:
    """The address of a server with these budgets and accounts."""

    def handler(method: Any, request: Any, response: Any) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            method,
            request_deserializer=getattr(request, "deserialize", None) or request.FromString,
            response_serializer=getattr(response, "serialize", None) or response.SerializeToString,
        )

    budgets = {
        "CreateBudget": handler(bank.create_budget, types.CreateBudgetRequest, types.Budget),
        "UpdateBudget": handler(bank.update_budget, types.UpdateBudgetRequest, types.Budget),
        "GetBudget": handler(bank.get_budget, types.GetBudgetRequest, types.Budget),
        "ListBudgets": handler(bank.list_budgets, types.ListBudgetsRequest, types.ListBudgetsResponse),
        "DeleteBudget": handler(bank.delete_budget, types.DeleteBudgetRequest, empty_pb2.Empty),
    }
    accounts = {
        "GetBillingAccount": handler(
            bank.get_billing_account, billing.GetBillingAccountRequest, billing.BillingAccount
        ),
        "GetProjectBillingInfo": handler(
            bank.get_project_billing_info, billing.GetProjectBillingInfoRequest, billing.ProjectBillingInfo
        ),
        "TestIamPermissions": handler(
            bank.test_iam_permissions,
            iam_policy_pb2.TestIamPermissionsRequest,
            iam_policy_pb2.TestIamPermissionsResponse,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(BUDGETS, budgets),
            grpc.method_handlers_generic_handler(BILLING, accounts),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        bank.ended.set()
        server.stop(grace=1).wait()
