"""The identity provider of the staff, by OpenID Connect: its description, its keys, its tokens.

The issuer is in the configuration. Its answers are bounded in time and size, and no redirect is
followed.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from newsletter.credentials import id_tokens
from newsletter.credentials.id_tokens import Identity, Unproven
from newsletter.domain.clock import Clock
from newsletter.domain.errors import NewsletterError
from newsletter.domain.staff.role import Registration
from newsletter.transport.http import HttpRequest
from newsletter.transport.transport import call_once

_WITHIN = timedelta(seconds=5)
"""For each of up to four calls in a sign-in."""
_ANSWER_BYTES = 256 << 10
_CACHED = timedelta(hours=1)
_AGAIN = timedelta(minutes=1)
"""An unknown key has the provider's keys fetched again, so often at most."""


@dataclass(kw_only=True)
class IdentityProvider:
    """The provider that ``desk.oidc`` names."""

    desk: Registration
    secret: str = field(repr=False)
    clock: Clock
    within: timedelta = _WITHIN
    _fetched: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)

    def address(self, word: str, *, back: str, again: bool) -> str:
        """Return where a browser with this word in its cookie signs in.

        ``back`` is where it comes back to; ``again`` asks it to sign in even if it is signed in
        there. Raises Unproven.
        """
        base = self._endpoint("authorization_endpoint")
        asked = {
            "response_type": "code",
            "client_id": self.desk.client_id,
            "redirect_uri": back,
            "scope": "openid email",
            "state": id_tokens.derived("state", word),
            "nonce": id_tokens.derived("nonce", word),
            "code_challenge": id_tokens.challenge_of(id_tokens.derived("verifier", word)),
            "code_challenge_method": "S256",
            **({"acr_values": self.desk.factor} if self.desk.factor else {}),
            **({"prompt": "login", "max_age": "0"} if again else {}),
        }
        return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode(asked)}"

    def identity(self, code: str, word: str, *, back: str) -> Identity:
        """Exchange a code for the identity of the person. Raises Unproven."""
        token, nonce = self._token(code, word, back), id_tokens.derived("nonce", word)
        now = self.clock.now()
        try:
            return id_tokens.verified(token, self.keys(), self.desk, nonce=nonce, now=now)
        except id_tokens.UnknownKey:
            newer = self.keys(_AGAIN)
            return id_tokens.verified(token, newer, self.desk, nonce=nonce, now=now)

    def keys(self, newer_than: timedelta = _CACHED) -> list[Any]:
        """Return the provider's keys (JWK). Raises Unproven."""
        keys = self._get(self._endpoint("jwks_uri"), newer_than).get("keys")
        return keys if isinstance(keys, list) else []

    def _endpoint(self, name: str) -> str:
        """Return an address that the provider's description names."""
        url = f"{self.desk.issuer}/.well-known/openid-configuration"
        described, ours = self._get(url, _CACHED), urlsplit(self.desk.issuer)
        if described.get("issuer") not in (self.desk.issuer, f"{self.desk.issuer}/"):
            raise Unproven(f"{url} is the description of another issuer; correct desk.oidc.issuer")
        found = str(described.get(name))
        is_one = found.startswith(("https://", f"{ours.scheme}://{ours.netloc}/"))
        if not (is_one and found.isascii() and found.isprintable()):
            raise Unproven(f"{url} names no https address as {name}")
        return found

    def _get(self, url: str, newer_than: timedelta) -> Mapping[str, Any]:
        """Return an object of the provider's, which is kept for some time."""
        known, now = self._fetched.get(url), self.clock.now()
        if not known or not timedelta(0) <= now - known[0] < newer_than:
            request = HttpRequest(method="GET", url=url, headers={"Accept": "application/json"})
            known = self._fetched[url] = now, self._call(request)
        return known[1]

    def _token(self, code: str, word: str, back: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": id_tokens.derived("verifier", word),
        }
        # RFC 6749, 2.3.1: both are encoded like a form before they are joined
        pair = (self.desk.client_id, self.secret)
        basic = ":".join(quote(each, safe="") for each in pair).encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Basic {b64encode(basic).decode()}",
        }
        url, body = self._endpoint("token_endpoint"), urlencode(form).encode()
        request = HttpRequest(method="POST", url=url, headers=headers, body=body)
        token = self._call(request).get("id_token")
        if not isinstance(token, str):
            raise Unproven("the provider gave no ID token")
        return token

    def _call(self, request: HttpRequest) -> Mapping[str, Any]:
        """Make a call and return the JSON object that it answers. Raises Unproven."""
        try:
            answer = call_once(request, timeout=self.within, answer_bytes=_ANSWER_BYTES)
        except NewsletterError as error:
            raise Unproven(str(error)) from error
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Unproven(f"{request.url} answered HTTP {answer.status} and no JSON object")
        return found
