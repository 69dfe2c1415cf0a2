"""One HTTP call, made once: the transport that all providers share.

What failed before the first byte was *not sent*, a full answer is *answered*, the rest *unknown*.
"""

from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from newsletter import __version__
from newsletter.domain.errors import (
    ClaimOver,
    Defect,
    Fault,
    InvalidConfiguration,
    ProviderUnreachable,
)
from newsletter.ports import Clock, NotAfter
from newsletter.providers.deadline import CURRENT, Adapter, Call, Watchdog
from newsletter.providers.http import AnswerLost, HttpRequest, HttpResponse, words

LONGEST_ANSWER = 1_048_576
_BACKSTOP = 5  # seconds by which a socket's own time-out is longer: the deadline comes first


class _Session(requests.Session):
    """A session that no answer can send elsewhere: a followed 302 loses the body and says 200."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """The HTTP client of a process, for any number of threads. Nothing is ever repeated.

    ``timeout`` is the longest that a whole call may take, from resolving the name to the last
    byte of the answer; ``concurrency`` is how many connections are kept; ``clock`` dates answers.
    """

    def __init__(
        self, *, timeout: timedelta, concurrency: int = 4, clock: Clock | None = None
    ) -> None:
        self._seconds = timeout.total_seconds()
        self._clock = clock
        self._watchdog = Watchdog()
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        never = Retry(total=None, connect=0, read=False, redirect=0, status=0, other=0)
        for scheme in ("http://", "https://"):
            adapter = Adapter(pool_maxsize=concurrency, max_retries=never)
            self._session.mount(scheme, adapter)

    def call(self, request: HttpRequest, not_after: NotAfter | None = None) -> HttpResponse:
        """Make the call once and return the full answer, whatever its status.

        Raises ProviderUnreachable when no byte has left, AnswerLost when one may have, ClaimOver
        when none has since ``not_after`` would come first, and InvalidConfiguration for a request
        that cannot be written down.
        """
        prepared = _prepared(request)
        call = Call(self._seconds, not_after)
        token = CURRENT.set(call)
        self._watchdog.watch(call)
        try:
            call.check_claim()
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
        at = self._clock.now() if self._clock else None
        response = HttpResponse(status=answer.status_code, headers=headers, body=body, at=at)
        if fault := _incomplete(response):
            raise ValueError(fault)
        return response

    def _translated(self, error: Exception, call: Call, host: str) -> Exception:
        if call.late:
            return ClaimOver(
                "Between the claim and the call so much time went by that the claim does not cover"
                " the call any more. Nothing was handed over; it is claimed again."
            )
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
