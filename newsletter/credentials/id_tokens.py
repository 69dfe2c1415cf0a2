"""ID tokens of OpenID Connect: the signature, and each claim that a forger would change.

The words of a sign-in derive from the word in the browser's cookie. The provider sees them, and no
one finds the cookie by them.
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
"""Signatures by a pair of keys. The client secret signs nothing, and ``none`` is no signature."""
_KINDS = {"RSA", "EC"}
_MAX_TOKEN_BYTES = 16 << 10
LEEWAY = timedelta(minutes=1)
"""The largest difference between the provider's clock and ours."""
_LIVES = timedelta(minutes=10)
"""The greatest age of a token: it is made for one sign-in."""


class Unproven(Refused):
    """The provider proved no identity."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The claims of a verified ID token."""

    issuer: str
    subject: str
    """The provider's name of the person, which never goes to another person."""
    email: str
    """The address that the provider verified; "" without one."""
    has_factor: bool
    """The provider asked for a second factor."""
    authenticated_at: datetime | None
    """When the person last proved who they are; None if the provider does not say."""


class UnknownKey(Unproven):
    """The key of the token is not among the provider's. It may be a new one."""


def derived(purpose: str, word: str) -> str:
    """Return a word for one purpose: the state, the nonce or the verifier of a sign-in."""
    return _encoded(f"{purpose} {word}")


def is_state(state: str, word: str) -> bool:
    """Return whether a state is that of the word."""
    return hmac.compare_digest(state.encode(), derived("state", word).encode())


def challenge_of(verifier: str) -> str:
    """Return the challenge of PKCE (S256, RFC 7636)."""
    return _encoded(verifier)


def _encoded(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def verified(
    token: str, keys: Sequence[Any], desk: Registration, *, nonce: str, now: datetime
) -> Identity:
    """Return the identity in a token that one of the keys (JWK) signed. Raises Unproven."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    if len(token) > _MAX_TOKEN_BYTES:
        raise Unproven(f"the ID token is longer than {_MAX_TOKEN_BYTES} bytes")
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=int(LEEWAY.total_seconds()),
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
    """Return the one key that the header names. A token without a name needs a single key."""
    from joserfc.jwk import import_key

    named = header.get("kid")
    found = [
        key
        for key in keys
        if isinstance(key, dict)
        and key.get("kty") in _KINDS
        and key.get("use", "sig") == "sig"
        and named in {None, key.get("kid")}
    ]
    if len(found) != 1:
        raise UnknownKey(f"{len(found)} keys are called {json.dumps(named)[:100]}")
    return import_key(found[0])


def _identity(claims: Mapping[str, Any], desk: Registration, now: datetime) -> Identity:
    us = desk.client_id
    # another audience may be an attacker's program, which could pass the token on to us
    if claims["aud"] not in (us, [us]) or claims.get("azp", us) != us:
        raise Unproven("the ID token is refused: it is for another program too")
    if claims["iat"] < (now - _LIVES).timestamp():
        raise Unproven("the ID token is refused: it is an old one")
    if not (claims["sub"].isascii() and claims["sub"].isprintable()):
        raise Unproven("the ID token is refused: its sub is no plain text")
    email, methods = claims.get("email"), claims.get("amr")
    shown = [*(methods if isinstance(methods, list) else ()), claims.get("acr")]
    is_plain = isinstance(email, str) and email.isprintable()
    is_verified = claims.get("email_verified") is True and is_plain
    return Identity(
        issuer=claims["iss"].rstrip("/"),
        subject=claims["sub"],
        email=str(email) if is_verified else "",
        has_factor=desk.factor != "" and desk.factor in shown,
        authenticated_at=_instant(claims.get("auth_time"), now),
    )


def _instant(seconds: Any, now: datetime) -> datetime | None:
    """Return the time of a claim, and now for one that the other clock is early by."""
    is_one = type(seconds) is int and 0 <= seconds <= (now + LEEWAY).timestamp()
    return min(datetime.fromtimestamp(seconds, UTC), now) if is_one else None
