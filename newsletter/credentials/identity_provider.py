"""The identity provider of the staff, by OpenID Connect: its description, its keys, its tokens.

The issuer is in the configuration. Its answers are bounded in time and size, and no redirect is
followed.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from newsletter.credentials import id_tokens
from newsletter.credentials.passwords import Busy
from newsletter.domain.clock import Clock
from newsletter.domain.errors import InvalidConfiguration, ProviderUnreachable
from newsletter.domain.staff.identity import Identity, Unproven
from newsletter.transport.http import AnswerLost, HttpRequest, HttpResponse
from newsletter.transport.transport import Transport

_WITHIN = timedelta(seconds=5)
"""For each of up to four calls in a sign-in."""
_ANSWER_BYTES = 256 << 10
_CALLERS = 4
"""Sign-ins that may wait for the provider: a slow one takes no threads from the others."""
_CACHED = timedelta(hours=1)
_AGAIN = timedelta(minutes=1)
"""An unknown key has the provider's keys fetched again, so often at most."""


@dataclass(kw_only=True)
class _Fetched:
    value: Mapping[str, Any]
    at: datetime


@dataclass(kw_only=True)
class IdentityProvider:
    """The provider that ``desk.oidc`` names."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    factor: str = ""
    """What ``acr`` or ``amr`` holds if the provider asked for a second factor."""
    clock: Clock
    within: timedelta = _WITHIN
    _fetched: dict[str, _Fetched] = field(default_factory=dict, init=False)
    _turns: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(_CALLERS), init=False
    )

    def address(self, word: str, *, back: str, again: bool) -> str:
        """Return where a browser with this word in its cookie signs in.

        ``back`` is where it comes back to; ``again`` asks it to sign in even if it is signed in
        there. Raises Unproven, and Busy.
        """
        with self._turn():
            base = self._endpoint("authorization_endpoint")
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": "openid email",
            "state": id_tokens.derived("state", word),
            "nonce": id_tokens.derived("nonce", word),
            "code_challenge": id_tokens.challenge_of(id_tokens.derived("verifier", word)),
            "code_challenge_method": "S256",
            **({"acr_values": self.factor} if self.factor else {}),
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode(asked)}"

    def identity(self, code: str, word: str, *, back: str) -> Identity:
        """Exchange a code for the identity of the person. Raises Unproven, and Busy."""
        with self._turn():
            token = self._token(code, id_tokens.derived("verifier", word), back)
            try:
                return self._verified(token, word, newer_than=_CACHED)
            except id_tokens.UnknownKey:
                return self._verified(token, word, newer_than=_AGAIN)

    def examine(self) -> None:
        """Fetch the provider's description and keys. Raises Unproven, and Busy."""
        with self._turn():
            self._endpoint("authorization_endpoint")
            self._keys(_CACHED)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(blocking=False):
            raise Busy("too many people are signing in just now; try again in a minute")
        try:
            yield
        finally:
            self._turns.release()

    def _verified(self, token: str, word: str, *, newer_than: timedelta) -> Identity:
        return id_tokens.verified(
            token,
            self._keys(newer_than),
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=id_tokens.derived("nonce", word),
            factor=self.factor,
            now=self.clock.now(),
        )

    def _keys(self, newer_than: timedelta) -> list[Any]:
        keys = self._get(self._endpoint("jwks_uri"), newer_than).get("keys")
        return keys if isinstance(keys, list) else []

    def _endpoint(self, name: str) -> str:
        """Return an address that the provider's description names."""
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        described = self._get(url, _CACHED)
        if described.get("issuer") != self.issuer:
            raise Unproven(f"{url} is the description of another issuer; correct desk.oidc.issuer")
        found = described.get(name)
        ours = urlsplit(self.issuer)
        if not isinstance(found, str) or not found.startswith(
            ("https://", f"{ours.scheme}://{ours.netloc}/")
        ):
            raise Unproven(f"{url} names no https address as {name}")
        return found

    def _get(self, url: str, newer_than: timedelta) -> Mapping[str, Any]:
        """Return an object of the provider's, which is kept for some time."""
        known, now = self._fetched.get(url), self.clock.now()
        if known and timedelta(0) <= now - known.at < newer_than:
            return known.value
        request = HttpRequest(method="GET", url=url, headers={"Accept": "application/json"})
        self._fetched[url] = _Fetched(value=self._call(request), at=now)
        return self._fetched[url].value

    def _token(self, code: str, verifier: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        # RFC 6749, 2.3.1: both are encoded like a form before they are joined
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}".encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Basic {b64encode(pair).decode()}",
        }
        url, body = self._endpoint("token_endpoint"), urlencode(form).encode()
        request = HttpRequest(method="POST", url=url, headers=headers, body=body)
        token = self._call(request).get("id_token")
        if not isinstance(token, str):
            raise Unproven("the provider gave no ID token")
        return token

    def _call(self, request: HttpRequest) -> Mapping[str, Any]:
        """Make a call and return the JSON object that it answers. Raises Unproven."""
        transport = Transport(timeout=self.within, concurrency=1, answer_bytes=_ANSWER_BYTES)
        try:
            answer = transport.call(request)
        except (ProviderUnreachable, AnswerLost, InvalidConfiguration) as error:
            raise Unproven(f"{error}") from error
        finally:
            transport.close()
        return _object(answer, request.url)


def _object(answer: HttpResponse, url: str) -> Mapping[str, Any]:
    if answer.status != 200:
        raise Unproven(f"{url} answered HTTP {answer.status}")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unproven(f"{url} did not answer in JSON") from error
    if not isinstance(found, dict):
        raise Unproven(f"{url} did not answer a JSON object")
    return found
