"""HTTP requests and responses, and the times in response headers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests

from newsletter import __version__
from newsletter.domain.errors import Defect, InvalidConfiguration, NewsletterError

MAX_RETRY_AFTER = timedelta(hours=1)
_MAX_REASON_CHARS = 200
_LOCAL_PART_PATTERN = re.compile(r"(?<![^\s<>\"'(),:;])[^\s<>\"'(),:;]+@")
_VALUE_PATTERN = re.compile(
    r"[\x21-\x7e\xa1-\xff](?:[\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa1-\xff])?|"
)
"""The pattern of a valid header value."""
_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MIN_TIMESTAMP = 1_000_000_000
"""Numbers from here on are Unix timestamps; smaller ones are seconds to wait."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request. ``repr`` omits headers and body, which contain secrets and email addresses."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """A complete response. Names in ``headers`` are in lower case; ``body`` is not decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    at: datetime | None = None
    """The time of arrival by our clock; None if it is not recorded."""

    @property
    def dated(self) -> datetime | None:
        """The Date header, which is right even if our clock is wrong, else the time of arrival."""
        try:
            date = parsedate_to_datetime(self.headers["date"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return self.at
        return date if date.tzinfo else self.at


class AnswerLost(NewsletterError):
    """Bytes of the request have left and no complete response came: it may have taken effect."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The scheme, host and port of a URL; ``header`` is the value of ``Host``."""

    is_secure: bool
    host: str
    port: int
    header: str


class _PreparedRequest(requests.PreparedRequest):
    """A request with a cached URL, and without cookies and authentication of ``requests``.

    Each batch goes to the same URL. The search for cookies took a fifth of a call.
    """

    def prepare_url(self, url: Any, params: Any) -> None:
        self.url = _prepared_url(url)

    def prepare_cookies(self, cookies: Any) -> None:
        """Add no cookies."""

    def prepare_auth(self, auth: Any, url: str = "") -> None:
        """Add no password."""


@lru_cache(maxsize=64)
def _prepared_url(url: str) -> str:
    """Return a URL as it is sent: percent-encoded, with the host in ASCII."""
    return requests.Request("GET", url).prepare().url or ""


@lru_cache(maxsize=64)
def origin_of(url: str) -> Origin:
    """Return the origin of an http or https URL. Raises ValueError, also for a user name in it."""
    parts = urlsplit(_prepared_url(url))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("not the address of a page")
    return Origin(
        is_secure=parts.scheme == "https",
        host=parts.hostname.encode("idna").decode(),
        port=parts.port or (443 if parts.scheme == "https" else 80),
        header=parts.netloc,
    )


def request_bytes(request: HttpRequest) -> bytes:
    """Return the bytes of a request (RFC 9112) with the headers of ``requests``.

    Raises InvalidConfiguration for a URL or header that cannot be written.
    """
    if not _TOKEN_PATTERN.fullmatch(request.method):
        raise Defect(f"A call by {request.method!r} could not be made; please report it.")
    try:
        headers = {
            "Host": origin_of(request.url).header,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # a compressed answer may end too early unnoticed
            "User-Agent": f"newsletter/{__version__}",
            **request.headers,
        }
        # requests accepts control characters and names with blanks
        if not all(map(_TOKEN_PATTERN.fullmatch, headers)) or not all(
            map(_VALUE_PATTERN.fullmatch, headers.values())
        ):
            raise ValueError("a header that cannot be written")
        prepared = _PreparedRequest()
        prepared.prepare(request.method, request.url, headers, data=request.body)
    except ValueError:
        message = "the address or a header of its calls cannot be written; look at its keys"
        # the cause quotes the header: a secret
        raise InvalidConfiguration.at("newsletter.yaml", message, key="provider") from None
    fields = "".join(f"{name}: {value}\r\n" for name, value in prepared.headers.items())
    head = f"{prepared.method} {prepared.path_url} HTTP/1.1\r\n{fields}\r\n"
    return head.encode("latin-1") + request.body


def json_post(url: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
    headers = {**headers, "Content-Type": "application/json"}
    return HttpRequest(method="POST", url=url, headers=headers, body=body)


def retry_after(response: HttpResponse, limit: timedelta = MAX_RETRY_AFTER) -> timedelta | None:
    """Return the wait in Retry-After, at most ``limit``; None if it is missing or invalid.

    A date counts from the date of the response (RFC 9110, 10.2.3).
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(timedelta(seconds=int(value[:9])), limit)
    return wait_until(value, response, limit)


def wait_until(
    date: str, response: HttpResponse, limit: timedelta = MAX_RETRY_AFTER
) -> timedelta | None:
    """Return the time from a response to an HTTP date, at most ``limit``; None if invalid."""
    try:
        return _wait_from(response, parsedate_to_datetime(date), limit)
    except (TypeError, ValueError, OverflowError):
        return None


def wait_until_reset(response: HttpResponse, name: str) -> timedelta | None:
    """Return the wait in a header with seconds or a Unix timestamp; None if it is invalid."""
    value = response.headers.get(name, "").strip()
    if not re.fullmatch(r"[0-9]{1,11}", value):
        return None
    if int(value) < _MIN_TIMESTAMP:
        return min(timedelta(seconds=int(value)), MAX_RETRY_AFTER)
    return _wait_from(response, datetime.fromtimestamp(int(value), UTC), MAX_RETRY_AFTER)


def _wait_from(response: HttpResponse, instant: datetime, limit: timedelta) -> timedelta | None:
    """Return the time from a response to an instant, 0 to ``limit``. Raises TypeError if naive."""
    if response.dated is None:
        return None
    return min(max(instant - response.dated, timedelta(0)), limit)


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """Return the body as a JSON object; None if it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def shorten(text: object) -> str:
    """Return a provider's message as one short line, without the local parts of addresses."""
    line = " ".join(
        "".join(sign if sign.isprintable() else " " for sign in str(text)[:5000]).split()
    )
    line = _LOCAL_PART_PATTERN.sub("…@", line)
    return line if len(line) <= _MAX_REASON_CHARS else line[: _MAX_REASON_CHARS - 1] + "…"


def longest(*waits: timedelta | None) -> timedelta | None:
    return max((wait for wait in waits if wait is not None), default=None)
