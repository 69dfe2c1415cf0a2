"""An OpenID provider on loopback. It keeps to the rules, but for the lies that a test tells it."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key

from newsletter.domain.clock import Clock
from newsletter.domain.staff.role import Registration
from tests.servers import LoopbackServer, Received, Step, reply

CLIENT, SECRET = "desk of the forum", "it+is/made:up"


class OpenIdServer(LoopbackServer):
    """Signs everybody in as the person in ``claims``."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.key: Key = new_key("first")
        self.published: list[Any] = [self.key.as_dict(private=False)]
        self.header: dict[str, Any] = {"alg": "ES256", "kid": "first"}
        self.claims: dict[str, Any] = {
            "sub": "1001",
            "email": "ana@forum.example",
            "email_verified": True,
        }
        """Added to the claims that the rules ask for; None takes one away."""
        self.described: dict[str, Any] = {}
        """Replaces parts of its description."""
        self.token: Callable[[str], str] = lambda signed: signed
        """Makes another token of the one that is right."""
        self.steps: dict[str, Step] = {}
        """Replaces its answer at a path."""
        self.given: dict[str, Mapping[str, str]] = {}
        """Code → the query that the browser came with. A code works once."""

    def registration(self, factor: str = "") -> Registration:
        """The settings of a desk that uses it."""
        return Registration(name="Forum ID", issuer=self.url, client_id=CLIENT, factor=factor)

    def usual(self, received: Received) -> Step:
        path = urlsplit(received.path).path
        if path in self.steps:
            return self.steps[path]
        if path == "/.well-known/openid-configuration":
            return reply(200, self.description)
        if path == "/keys":
            return reply(200, {"keys": self.published})
        if path == "/authorize":
            return self.authorize(dict(parse_qsl(urlsplit(received.path).query)))
        return self.exchange(received) if path == "/token" else reply(404)

    @property
    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.described,
        }

    def authorize(self, asked: Mapping[str, str]) -> Step:
        """Send the browser back with a code, as if its owner had signed in."""
        code = self.code_for(asked)
        query = urlencode({"code": code, "state": asked["state"]})
        return reply(302, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    def code_for(self, asked: Mapping[str, str]) -> str:
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.given)}+/="
        self.given[code] = asked
        return code

    def exchange(self, received: Received) -> Step:
        sent = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
        pair = f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}".encode()
        if received.headers["authorization"] != f"Basic {base64.b64encode(pair).decode()}":
            return reply(401, {"error": "invalid_client"})
        asked = self.given.pop(sent["code"], None)
        if asked is None or not _fits(sent, asked):
            return reply(400, {"error": "invalid_grant"})
        return reply(200, {"token_type": "Bearer", "id_token": self.token(self.signed(asked))})

    def signed(self, asked: Mapping[str, str]) -> str:
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **({"auth_time": now} if "max_age" in asked else {}),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self.header, claims, self.key, [str(self.header["alg"])])


def _fits(sent: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    same = sent["redirect_uri"] == asked["redirect_uri"]
    return same and challenge == asked["code_challenge"]


def new_key(name: str) -> Key:
    return ECKey.generate_key("P-256", {"kid": name})


def unsigned(token: str) -> str:
    """The claims of a token under the algorithm ``none``."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."
