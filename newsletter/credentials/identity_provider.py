"""Client of the staff's identity provider (OpenID Connect): discovery, keys, tokens.

Responses are limited in time and size. Redirects are not followed.
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
from newsletter.domain.wording import say
from newsletter.transport.http import HttpRequest
from newsletter.transport.transport import call_once

_CALL_TIMEOUT = timedelta(seconds=5)
"""The limit for each of up to four calls of a sign-in."""
_MAX_ANSWER_BYTES = 256 << 10
_MAX_CACHE_AGE = timedelta(hours=1)
_MIN_KEY_AGE = timedelta(minutes=1)
"""If an ID token names an unknown key, keys are fetched again unless they are newer."""


@dataclass(kw_only=True)
class IdentityProvider:
    """The OpenID provider in the setting ``desk.oidc``. ``secret`` is the client secret."""

    desk: Registration
    secret: str = field(repr=False)
    clock: Clock
    timeout: timedelta = _CALL_TIMEOUT
    _cache: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)

    def authorization_url(self, browser_token: str, *, redirect_uri: str, force_login: bool) -> str:
        """Return the provider's URL for the sign-in of a browser with this token in its cookie.

        The provider redirects to ``redirect_uri``. With ``force_login`` it authenticates the person
        again. Raises Unproven.
        """
        base = self._endpoint("authorization_endpoint")
        query = {
            "response_type": "code",
            "client_id": self.desk.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email",
            "state": id_tokens.derive_secret("state", browser_token),
            "nonce": id_tokens.derive_secret("nonce", browser_token),
            "code_challenge": id_tokens.challenge_of(
                id_tokens.derive_secret("verifier", browser_token)
            ),
            "code_challenge_method": "S256",
            **({"acr_values": self.desk.factor} if self.desk.factor else {}),
            **({"prompt": "login", "max_age": "0"} if force_login else {}),
        }
        return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode(query)}"

    def exchange_code(self, code: str, browser_token: str, *, redirect_uri: str) -> Identity:
        """Exchange an authorization code for the person's identity. Raises Unproven."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": id_tokens.derive_secret("verifier", browser_token),
        }
        # RFC 6749, 2.3.1: both are form-encoded before they are joined
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
            raise Unproven(say("the provider gave no ID token"))
        nonce = id_tokens.derive_secret("nonce", browser_token)
        now = self.clock.now()
        try:
            return id_tokens.verify(token, self.keys(), self.desk, nonce=nonce, now=now)
        except id_tokens.UnknownKey:
            newer = self.keys(_MIN_KEY_AGE)
            return id_tokens.verify(token, newer, self.desk, nonce=nonce, now=now)

    def keys(self, max_age: timedelta = _MAX_CACHE_AGE) -> list[Any]:
        """Return the provider's signing keys (JWK). Raises Unproven."""
        keys = self._get(self._endpoint("jwks_uri"), max_age).get("keys")
        return keys if isinstance(keys, list) else []

    def _endpoint(self, name: str) -> str:
        """Return the URL of an endpoint in the discovery document. Raises Unproven."""
        url = f"{self.desk.issuer}/.well-known/openid-configuration"
        document, issuer_url = self._get(url, _MAX_CACHE_AGE), urlsplit(self.desk.issuer)
        if document.get("issuer") not in (self.desk.issuer, f"{self.desk.issuer}/"):
            other = "{url} is the description of another issuer; correct desk.oidc.issuer"
            raise Unproven(say(other, url=url))
        endpoint = str(document.get(name))
        is_secure = endpoint.startswith(("https://", f"{issuer_url.scheme}://{issuer_url.netloc}/"))
        if not (is_secure and endpoint.isascii() and endpoint.isprintable()):
            raise Unproven(say("{url} names no https address as {name}", url=url, name=name))
        return endpoint

    def _get(self, url: str, max_age: timedelta) -> Mapping[str, Any]:
        """Return the JSON object at a URL, from the cache unless that is ``max_age`` old."""
        known, now = self._cache.get(url), self.clock.now()
        if not known or not timedelta(0) <= now - known[0] < max_age:
            request = HttpRequest(method="GET", url=url, headers={"Accept": "application/json"})
            known = self._cache[url] = now, self._call(request)
        return known[1]

    def _call(self, request: HttpRequest) -> Mapping[str, Any]:
        """Make a call. Return the JSON object of the response. Raises Unproven."""
        try:
            answer = call_once(request, timeout=self.timeout, answer_bytes=_MAX_ANSWER_BYTES)
        except NewsletterError as error:
            raise Unproven(str(error)) from error
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            other = "{url} answered HTTP {status} and no JSON object"
            raise Unproven(say(other, url=request.url, status=str(answer.status)))
        return found
