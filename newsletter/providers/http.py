"""One HTTP call, made once: the transport that all providers share.

What failed before the first byte was *not sent*, a full answer is *answered*, the rest *unknown*.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from newsletter import __version__
from newsletter.domain.delivery import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.errors import (
    Defect,
    Fault,
    InvalidConfiguration,
    NewsletterError,
    ProviderUnreachable,
)
from newsletter.ports import Capabilities
from newsletter.providers.deadline import CURRENT, Adapter, Call, Watchdog

LONGEST_ANSWER = 1_048_576
LONGEST_WAIT = timedelta(hours=1)
_LONGEST_REASON = 200
_BACKSTOP = 5  # seconds by which a socket's own time-out is longer: the deadline comes first
_BEFORE_AT = re.compile(r"(?<![^\s<>\"'(),:;])[^\s<>\"'(),:;]+@")
_BY_STATUS = {
    401: Verdict.CONFIGURATION,
    403: Verdict.CONFIGURATION,
    404: Verdict.CONFIGURATION,
    413: Verdict.SPLIT,
    429: Verdict.RETRY,
    # these do not prove that nothing was taken: a 409 may say that it is there already
    **dict.fromkeys((408, 409, 425), Verdict.UNKNOWN),
}


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """What a call sends. Headers and body hold secrets and addresses, so ``repr`` leaves them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A full answer. The names in ``headers`` are in lower case; ``body`` is as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


class AnswerLost(NewsletterError):
    """The request began to leave and no full answer came: it may or may not have been taken."""


class Translator(Protocol):
    """Says a batch in one provider's words and reads the answer. Does no input or output."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def build(self, batch: OutgoingBatch) -> HttpRequest:
        """The same bytes for the same batch. Raises InvalidInput for what cannot be said."""
        ...

    def parse(self, batch: OutgoingBatch, response: HttpResponse) -> Answer:
        """One verdict for each recipient; UNKNOWN for what is not understood."""
        ...


def answer_by_status(response: HttpResponse, reason: str) -> Answer | None:
    """What the status alone says, or None for 2xx and those 4xx that each provider uses its way."""
    verdict = _BY_STATUS.get(response.status)
    if verdict is None and response.status // 100 in {2, 4}:
        return None
    outcome = Outcome(verdict=verdict or Verdict.UNKNOWN, reason=reason)
    wait = retry_after(response) if verdict is Verdict.RETRY else None
    return Answer(outcome=outcome, retry_after=wait)


def retry_after(response: HttpResponse) -> timedelta | None:
    """Retry-After as 0 to LONGEST_WAIT; a date is compared with the answer's own Date.

    None when it is absent or makes no sense (RFC 9110, 10.2.3).
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    return until(value, response)


def until(date: str, response: HttpResponse) -> timedelta | None:
    """How long after the answer's own Date an HTTP date is: 0 to LONGEST_WAIT, or None."""
    try:
        wait = parsedate_to_datetime(date) - parsedate_to_datetime(response.headers["date"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """The body as a JSON object, or None if it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def words(text: object) -> str:
    """A provider's words for people: one line, shortened, without the name in an address."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:5000]).split())
    line = _BEFORE_AT.sub("…@", line)
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


class _Session(requests.Session):
    """A session that no answer can send elsewhere: a followed 302 loses the body and says 200."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """The HTTP client of a process, for any number of threads. Nothing is ever repeated.

    ``timeout`` is the longest that a whole call may take, from resolving the name to the last
    byte of the answer; ``concurrency`` is how many connections are kept.
    """

    def __init__(self, *, timeout: timedelta, concurrency: int = 4) -> None:
        self._seconds = timeout.total_seconds()
        self._watchdog = Watchdog()
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        never = Retry(total=None, connect=0, read=False, redirect=0, status=0, other=0)
        for scheme in ("http://", "https://"):
            adapter = Adapter(pool_maxsize=concurrency, max_retries=never)
            self._session.mount(scheme, adapter)

    def call(self, request: HttpRequest) -> HttpResponse:
        """Make the call once and return the full answer, whatever its status.

        Raises ProviderUnreachable when no byte has left, AnswerLost when one may have, and
        InvalidConfiguration for a request that cannot be written down.
        """
        prepared = _prepared(request)
        call = Call(self._seconds)
        token = CURRENT.set(call)
        self._watchdog.watch(call)
        try:
            response = self._exchange(prepared)
            if call.expired:  # then what looks like its end may be where it was cut off
                raise TimeoutError("its time was over")
        except Exception as error:
            raise self._translated(error, call, str(urlsplit(request.url).hostname)) from error
        finally:
            self._watchdog.release(call)
            CURRENT.reset(token)
        return response

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()
        self._watchdog.stop()

    def _exchange(self, prepared: requests.PreparedRequest) -> HttpResponse:
        with self._session.send(
            prepared, timeout=self._seconds + _BACKSTOP, stream=True, allow_redirects=False
        ) as answer:
            body = answer.raw.read(LONGEST_ANSWER + 1, decode_content=False)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        response = HttpResponse(status=answer.status_code, headers=headers, body=body)
        if fault := _incomplete(response):
            raise ValueError(fault)
        return response

    def _translated(self, error: Exception, call: Call, host: str) -> Exception:
        why = f"not within {self._seconds:g} s" if call.expired else words(_innermost(error))
        if call.began:
            return AnswerLost(f"No full answer came from {host} ({why}). It may have taken it all.")
        if not isinstance(error, OSError | HTTPError):
            return Defect(f"The call to {host} could not be made ({why}); please report it.")
        return ProviderUnreachable(
            f"{host} cannot be reached ({why}). Nothing was handed over; trying again is safe."
        )


def _incomplete(response: HttpResponse) -> str:
    """Why this may not be the full answer. http.client misses an end within headers or body."""
    body, length = response.body, response.headers.get("content-length")
    if len(body) > LONGEST_ANSWER:
        return f"the answer is longer than {LONGEST_ANSWER} bytes"
    if response.status in {204, 304} or "transfer-encoding" in response.headers:
        return ""
    if length is None:
        return "" if body else "the answer has neither a length nor a body"
    return "" if length == str(len(body)) else f"{len(body)} of {words(length)} bytes came"


def _prepared(request: HttpRequest) -> requests.PreparedRequest:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"newsletter/{__version__}",
        **request.headers,
    }
    try:
        for value in headers.values():
            value.encode("latin-1")
        return requests.Request(request.method, request.url, headers, data=request.body).prepare()
    except ValueError:
        message = "the address or a header of its calls cannot be written; look at its keys"
        fault = Fault(file="newsletter.yaml", key="provider", message=message)
        raise InvalidConfiguration([fault]) from None  # the cause quotes the header: a secret


def _innermost(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
