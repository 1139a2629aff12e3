"""Requests to the API of a code host: with patience, and with the token to that host only."""

from __future__ import annotations

import email.utils
import http.client
import ipaddress
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from costguard.errors import UsageProblem
from costguard.hosts.model import HostProblem

LARGEST_ANSWER: Final = 128 * 2**20
"""Bytes. A page of comments may have 50 of a million characters each."""
_REDIRECTS: Final = (301, 302, 307, 308)
_FOLLOWED: Final = 3
_NOT_SENT: Final = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
"""Errors after which the host has surely seen nothing."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try. Seconds."""

    attempts: int = 5
    first_pause: float = 1.0
    """It doubles with each attempt."""
    longest_pause: float = 60.0
    """A host that asks for a longer one is not waited for."""
    timeout: float = 20.0
    """Of each step of a request."""

    def pause(self, attempt: int) -> float:
        """After the attempt of that number, counted from 0."""
        return min(self.first_pause * 2.0**attempt, self.longest_pause)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host says."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    content: bytes

    @property
    def document(self) -> Any:
        """The JSON of it.

        Raises:
            HostProblem: it is none.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise HostProblem("unreachable", "what answers is not the API: it sends no JSON") from None


class Connection:
    """The API below one address."""

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`headers` go with every request, the one with the token among them.

        Raises:
            UsageProblem: an address to which no token may be sent, or a token that is none.
        """
        self.address = checked_address(address)
        for value in headers.values():
            if not (value.isascii() and value.isprintable()):  # the library's own error would show it
                raise UsageProblem("the token has characters that no token has, such as a line end within")
        self.patience = patience or Patience()
        self.sleep = sleep
        self._headers = dict(headers)
        parts = urlsplit(self.address)
        self._origin = (parts.scheme, parts.netloc)
        # A proxy between this machine and itself would be sent the token in clear text.
        proxies: list[urllib.request.BaseHandler] = (
            [urllib.request.ProxyHandler({})] if parts.scheme == "http" else []
        )
        self._opener = urllib.request.build_opener(_NoRedirects(), *proxies)

    def ask(self, method: str, path: str, document: Any = None, *, repeatable: bool = True) -> Answer:
        """The answer to a request; `path` is below the address, or a whole address of the same host.

        What fails for a while is tried again. A request that is not `repeatable` is so only where it was surely not
        carried out.

        Raises:
            HostProblem: the host refuses, cannot be reached, or has had enough.
        """
        url = path if "://" in path else f"{self.address}/{path}"
        problem = HostProblem("unreachable", f"{self._host} does not answer")
        for attempt in range(self.patience.attempts):
            pause = self.patience.pause(attempt)
            try:
                answer = self._follow(method, url, document)
            except (OSError, http.client.HTTPException) as error:
                problem = self._no_answer(error, repeatable)
                if problem.trouble == "uncertain" or isinstance(_cause(error), ssl.SSLCertVerificationError):
                    raise problem from None
            else:
                if answer.status < 400:
                    return answer
                problem = self._problem(answer, repeatable)
                if problem.trouble not in ("limited", "unreachable"):
                    raise problem
                wanted = _wanted_pause(answer)
                if wanted > self.patience.longest_pause:
                    raise HostProblem(
                        "limited", f"{problem}; it asks to wait for {wanted:.0f} s, which is too long"
                    )
                pause = max(pause, wanted)
            if attempt + 1 < self.patience.attempts:
                self.sleep(pause)
        raise problem

    @property
    def _host(self) -> str:
        return self._origin[1]

    def _follow(self, method: str, url: str, document: Any) -> Answer:
        """The answer, at the end of redirections within the host."""
        for _ in range(_FOLLOWED + 1):
            if urlsplit(url)[:2] != self._origin:
                raise HostProblem(
                    "rejected",
                    f"{self._host} sends to another host, {urlsplit(url).netloc!r}; the token is not sent there",
                )
            answer = self._once(method, url, document)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise HostProblem("rejected", f"{self._host} redirects in a circle")

    def _once(self, method: str, url: str, document: Any) -> Answer:
        data = None if document is None else json.dumps(document).encode("ascii")
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - the address was checked
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)
        if data is not None:
            request.add_unredirected_header("Content-Type", "application/json")
        try:
            response = self._opener.open(request, timeout=self.patience.timeout)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            content = response.read(LARGEST_ANSWER + 1)
            if len(content) > LARGEST_ANSWER:
                raise HostProblem("rejected", f"{self._host} sends more than {LARGEST_ANSWER >> 20} MiB")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, content)

    def _no_answer(self, error: Exception, repeatable: bool) -> HostProblem:
        cause = _cause(error)
        sure = repeatable or isinstance(cause, _NOT_SENT)
        text = f"{self._host} cannot be reached ({cause or type(cause).__name__})"
        return HostProblem("unreachable" if sure else "uncertain", text)

    def _problem(self, answer: Answer, repeatable: bool) -> HostProblem:
        said = f"{answer.status}: {_message(answer)}"
        if _is_limited(answer):
            return HostProblem("limited", f"{self._host} has had too many requests ({said})")
        if answer.status >= 500:
            text = f"{self._host} has trouble of its own ({said})"
            return HostProblem("unreachable" if repeatable else "uncertain", text)
        if answer.status == 401:
            return HostProblem("refused", f"{self._host} does not accept the token ({said})")
        if answer.status == 403:
            return HostProblem("refused", f"{self._host} does not let the token do this ({said})")
        if answer.status in (404, 410):
            return HostProblem("missing", f"{self._host} does not have it, or not for this token ({said})")
        return HostProblem("rejected", f"{self._host} does not take it ({said})")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves redirections to us: the library would carry the request to any host."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


def checked_address(address: str) -> str:
    """The address of an API, without a slash at its end.

    Raises:
        UsageProblem: it is none, or a token would go there in clear text.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageProblem(f"{address!r} is not the address of an API") from None
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment:
        raise UsageProblem(f"{address!r} is not the address of an API, such as https://api.github.com")
    if parts.username is not None or parts.password is not None:
        raise UsageProblem(
            f"the address of the API at {host} has credentials in it; tokens come from the environment"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageProblem(f"{address}: the token is not sent over http://; use https://")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cause(error: Exception) -> object:
    """What is behind the library's own error."""
    return error.reason if isinstance(error, urllib.error.URLError) else error


def _is_limited(answer: Answer) -> bool:
    """Whether it was too much, or too fast. GitHub says so with 403 too, and of its secondary limits in words only
    (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    return (
        "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in _message(answer).lower()
    )


def _wanted_pause(answer: Answer) -> float:
    """The seconds that the host asks to wait for; 0 when it does not say."""
    given = answer.headers.get("retry-after", "")
    if given.isascii() and given.isdigit():
        return float(given)
    date = _moment(answer.headers.get("date", ""))
    if given:  # a date, by the clock of the host
        until = _moment(given)
        return max(until - date, 0.0) if until and date else 0.0
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit() and date:
        return max(float(reset) - date, 0.0)
    return 0.0


def _moment(text: str) -> float:
    """Seconds since 1970 of a date in a header; 0 where it is none."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return 0.0


def _message(answer: Answer) -> str:
    """What the host says of an error, on one line."""
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        document = None
    said: Any = None
    if isinstance(document, dict):
        said = document.get("message") or document.get("error_description") or document.get("error")
    text = said if isinstance(said, str) else json.dumps(said) if said else "no reason given"
    return " ".join(text.split())[:200]
