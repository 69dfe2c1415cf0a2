"""Verifies ID tokens of OpenID Connect: the signature and the claims.

The state, nonce and PKCE verifier of a sign-in are hashes of the token in the browser's cookie, so
that the provider cannot compute the cookie.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.domain.errors import Refused
from newsletter.domain.staff.role import Registration

if TYPE_CHECKING:
    from joserfc.jwk import Key

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
"""Asymmetric signature algorithms. HMAC with the client secret and ``none`` are refused."""
_KEY_TYPES = {"RSA", "EC"}
_MAX_TOKEN_BYTES = 16 << 10
CLOCK_LEEWAY = timedelta(minutes=1)
"""The largest difference accepted between the provider's clock and ours."""
_MAX_TOKEN_AGE = timedelta(minutes=10)
"""The maximum age of an ID token, which is used once."""


class Unproven(Refused):
    """The identity provider did not prove who the person is."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    issuer: str
    subject: str
    """The provider's id for the person (``sub``), which is never given to another person."""
    email: str
    """The email address, if the provider has verified it; else ""."""
    has_factor: bool
    """Whether the person used a second factor at the provider."""
    authenticated_at: datetime | None
    """The time of the last authentication at the provider; None if that is unknown."""


class UnknownKey(Unproven):
    """The provider's known keys lack the key of the ID token, which may be new."""


def derive_secret(purpose: str, browser_token: str) -> str:
    """Return the state, nonce or verifier (``purpose``), a hash of the browser's token."""
    return challenge_of(f"{purpose} {browser_token}")


def is_state(state: str, browser_token: str) -> bool:
    return hmac.compare_digest(state.encode(), derive_secret("state", browser_token).encode())


def challenge_of(verifier: str) -> str:
    """Return the SHA-256 in base64url, as the PKCE challenge of a verifier (S256, RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def verify(
    token: str, keys: Sequence[Any], desk: Registration, *, nonce: str, now: datetime
) -> Identity:
    """Verify an ID token with the provider's keys (JWK). Return its identity, or raise Unproven."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    if len(token) > _MAX_TOKEN_BYTES:
        raise Unproven(f"the ID token is longer than {_MAX_TOKEN_BYTES} bytes")
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=int(CLOCK_LEEWAY.total_seconds()),
        iss={"essential": True, "values": [desk.issuer, f"{desk.issuer}/"]},
        aud={"essential": True, "value": desk.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        read = jwt.decode(token, lambda signed: _key(keys, signed.headers()), _ALGORITHMS)
        rules.validate(read.claims)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        why = str(error).encode("ascii", "backslashreplace").decode()[:200] or type(error).__name__
        raise Unproven(f"the ID token is refused: {why}") from error
    return _identity(read.claims, desk, now)


def _key(keys: Sequence[Any], header: Mapping[str, Any]) -> "Key":
    """Return the key that the header names, or the only key. Raises UnknownKey."""
    from joserfc.jwk import import_key

    key_id = header.get("kid")
    found = [
        key
        for key in keys
        if isinstance(key, dict)
        and key.get("kty") in _KEY_TYPES
        and key.get("use", "sig") == "sig"
        and key_id in {None, key.get("kid")}
    ]
    if len(found) != 1:
        raise UnknownKey(f"{len(found)} keys are called {json.dumps(key_id)[:100]}")
    return import_key(found[0])


def _identity(claims: Mapping[str, Any], desk: Registration, now: datetime) -> Identity:
    client_id = desk.client_id
    # an attacker's program among the audience could use its token here
    if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise Unproven("the ID token is refused: it is for another program too")
    if claims["iat"] < (now - _MAX_TOKEN_AGE).timestamp():
        raise Unproven("the ID token is refused: it is an old one")
    if not (claims["sub"].isascii() and claims["sub"].isprintable()):
        raise Unproven("the ID token is refused: its sub is no plain text")
    email, methods = claims.get("email"), claims.get("amr")
    proofs = [*(methods if isinstance(methods, list) else ()), claims.get("acr")]
    is_plain = isinstance(email, str) and email.isprintable()
    is_verified = claims.get("email_verified") is True and is_plain
    seconds: Any = claims.get("auth_time")
    is_time = type(seconds) is int and 0 <= seconds <= (now + CLOCK_LEEWAY).timestamp()
    return Identity(
        issuer=claims["iss"].rstrip("/"),
        subject=claims["sub"],
        email=str(email) if is_verified else "",
        has_factor=desk.factor != "" and desk.factor in proofs,
        authenticated_at=min(datetime.fromtimestamp(seconds, UTC), now) if is_time else None,
    )
