"""An identity provider that keeps to the rules, and one that does not."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey

from newsletter.credentials.id_tokens import Identity, Unproven
from newsletter.credentials.identity_provider import IdentityProvider
from tests.fakes import NOON, FixedClock
from tests.openid import CLIENT, SECRET, OpenIdServer, new_key, unsigned
from tests.rows import rows
from tests.servers import bytes_then_silence, endless, reply

BACK = "https://desk.forum.example/desk/sign-in/back"
DAY = 86_400
AT = int(NOON.timestamp())


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def server(clock: FixedClock) -> Iterator[OpenIdServer]:
    with OpenIdServer(clock) as server:
        yield server


def provider_of(
    server: OpenIdServer, clock: FixedClock, factor: str = "", **more: Any
) -> IdentityProvider:
    return IdentityProvider(desk=server.registration(factor), secret=SECRET, clock=clock, **more)


def sign_in(
    server: OpenIdServer, provider: IdentityProvider, word: str = "a word", **how: Any
) -> Identity:
    return provider.exchange_code(code_of(server, provider, word, **how), word, redirect_uri=BACK)


def code_of(
    server: OpenIdServer, provider: IdentityProvider, word: str = "a word", again: bool = False
) -> str:
    address = provider.authorization_url(word, redirect_uri=BACK, force_login=again)
    return server.code_for(dict(parse_qsl(urlsplit(address).query)))


@pytest.mark.slow("makes a key of RSA")
def test_a_provider_names_a_person_by_a_signed_token(
    server: OpenIdServer, clock: FixedClock
) -> None:
    provider = provider_of(server, clock)
    assert sign_in(server, provider) == Identity(
        issuer=server.url,
        subject="1001",
        email="ana@forum.example",
        has_factor=False,
        authenticated_at=None,
    )
    server.described = {"authorization_endpoint": f"{server.url}/authorize?p=policy"}
    server.key = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
    server.published = [
        {"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"},
        {"kty": "of tomorrow", "kid": "rsa"},
        {**server.key.as_dict(private=False), "use": "enc"},
        server.key.as_dict(private=False),
        "no key",
    ]
    server.header = {"alg": "RS256", "kid": "rsa"}
    server.claims |= {"email_verified": "true", "aud": [CLIENT], "azp": CLIENT}
    clock.advance(hours=1)
    found = sign_in(server, provider, "another word", again=True)
    assert (found.email, found.authenticated_at) == ("", clock.now())


@rows(
    ("claims", "has_factor"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "mfa"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": "mfa", "acr": ["mfa"]}, False),
        ({}, False),
    ],
)
def test_a_second_factor_counts_if_the_token_names_it(
    claims: dict[str, Any], has_factor: bool
) -> None:
    clock = FixedClock(NOON)
    with OpenIdServer(clock) as server:
        server.claims |= claims
        provider = provider_of(server, clock, factor="mfa")
        assert "acr_values=mfa" in provider.authorization_url(
            "a word", redirect_uri=BACK, force_login=False
        )
        assert sign_in(server, provider).has_factor is has_factor


def test_without_the_setting_no_second_factor_counts(
    server: OpenIdServer, clock: FixedClock
) -> None:
    server.claims |= {"acr": "", "amr": ["", "mfa"]}
    assert not sign_in(server, provider_of(server, clock)).has_factor


@rows(
    ("auth_time", "is_known"),
    [(AT, True), (AT + 30, True), (AT + 61, False), (-1, False), (True, False), ("now", False)],
)
def test_the_time_of_a_sign_in_counts_if_it_can_be_one(auth_time: Any, is_known: bool) -> None:
    clock = FixedClock(NOON)
    with OpenIdServer(clock) as server:
        server.claims |= {"auth_time": auth_time}
        found = sign_in(server, provider_of(server, clock)).authenticated_at
    assert found == (NOON if is_known else None)


def _claims(**claims: Any) -> Callable[[OpenIdServer], None]:
    return lambda server: server.claims.update(claims)


def _signed(key: Any, **header: Any) -> Callable[[OpenIdServer], None]:
    def lie(server: OpenIdServer) -> None:
        server.key, server.header = key, header

    return lie


def _described(**described: Any) -> Callable[[OpenIdServer], None]:
    return lambda server: server.described.update(described)


def _does(path: str, step: Any) -> Callable[[OpenIdServer], None]:
    return lambda server: server.steps.update({path: step})


def _token(make: Callable[[str], Any]) -> Callable[[OpenIdServer], None]:
    return lambda server: setattr(server, "token", make)


def _published(*keys: Any) -> Callable[[OpenIdServer], None]:
    return lambda server: setattr(server, "published", [*keys])


DESCRIPTION = "/.well-known/openid-configuration"


@pytest.mark.slow("forty providers")
@rows(
    ("lie", "why"),
    [
        (_claims(iss="https://other.example"), "iss"),
        (_claims(iss=None), "iss"),
        (_claims(aud="another"), "aud"),
        (_claims(aud=[CLIENT, "another"]), "another program"),
        (_claims(aud=None), "aud"),
        (_claims(azp="another"), "another program"),
        (_claims(nonce="of another sign-in"), "nonce"),
        (_claims(nonce=None), "nonce"),
        (_claims(exp=AT - 61), "expired"),
        (_claims(exp=float("nan")), "exp"),
        (_claims(exp=None), "exp"),
        (_claims(iat=AT + 61), "in the future"),
        (_claims(iat=AT - 601, exp=AT + DAY), "an old one"),
        (_claims(iat=-(10**400), exp=AT + DAY), "an old one"),
        (_claims(sub="1001\0"), "no plain text"),
        (_signed(new_key("first"), alg="ES256", kid="\ud800"), "0 keys"),
        (_described(authorization_endpoint="https://id.example/\r\nX: y"), "no https address"),
        (_claims(sub=""), "sub"),
        (_claims(sub=1001), "sub"),
        (_token(unsigned), "alg"),
        (_token(lambda token: token[:-4] + "AAAA"), "bad_signature"),
        (_token(lambda token: "[" * 9_000), "the ID token is refused"),
        (_token(lambda token: token + "A" * 1_000_000), "cannot|answer"),
        (_token(lambda token: token + "A" * 20_000), "longer than 16384 bytes"),
        (_token(lambda token: None), "no ID token"),
        (_signed(OctKey.import_key("made up, and long enough"), alg="HS256", kid="first"), "alg"),
        (_signed(new_key("first"), alg="ES256", kid="first"), "bad_signature"),
        (_signed(new_key("first"), alg="ES256", kid="no such"), '0 keys are called "no such"'),
        (_published(), "0 keys"),
        (_published(new_key("first").as_dict(), new_key("first").as_dict()), "2 keys"),
        (_published({"kty": "EC", "kid": "first", "crv": "P-256"}), "the ID token is refused"),
        (_described(issuer="https://other.example"), "another issuer"),
        (_described(token_endpoint="http://127.0.0.1.other.example/"), "no https address"),
        (_described(jwks_uri=None), "no https address as jwks_uri"),
        (_does("/keys", reply(200, {"keys": "none"})), "0 keys"),
        (_does("/keys", reply(200, json.dumps({"keys": ["x" * 300_000]}))), "longer than 262144"),
        (_does("/keys", endless(b"HTTP/1.1 200 OK\r\n\r\n", b"{" * 9_000)), "longer than 262144"),
        (_does("/keys", reply(302, headers={"Location": "/token"})), "HTTP 302"),
        (_does("/token", reply(200, "<html>")), "no JSON"),
        (_does("/token", reply(200, "[" * 100_000)), "no JSON"),
        (_does("/token", reply(200, "[]")), "no JSON object"),
        (_does(DESCRIPTION, reply(500)), "HTTP 500"),
    ],
)
def test_a_lie_proves_nothing(lie: Callable[[OpenIdServer], None], why: str) -> None:
    clock = FixedClock(NOON)
    with OpenIdServer(clock) as server:
        lie(server)
        with pytest.raises(Unproven, match=why):
            sign_in(server, provider_of(server, clock))


def test_a_code_works_once_and_for_the_browser_that_began(
    server: OpenIdServer, clock: FixedClock
) -> None:
    provider = provider_of(server, clock)
    code = code_of(server, provider)
    with pytest.raises(Unproven, match="HTTP 400"):
        provider.exchange_code(code, "another word", redirect_uri=BACK)
    code = code_of(server, provider)
    provider.exchange_code(code, "a word", redirect_uri=BACK)
    with pytest.raises(Unproven, match="HTTP 400"):
        provider.exchange_code(code, "a word", redirect_uri=BACK)


def test_a_new_key_of_the_provider_is_fetched_but_not_at_each_lie(
    server: OpenIdServer, clock: FixedClock
) -> None:
    provider = provider_of(server, clock)
    provider.keys()
    server.key = new_key("second")
    server.published, server.header["kid"] = [server.key.as_dict(private=False)], "second"
    with pytest.raises(Unproven, match="0 keys"):
        sign_in(server, provider)
    clock.advance(minutes=1)
    assert sign_in(server, provider).subject == "1001"
    asked = [received.path for received in server.requests]
    assert (asked.count("/keys"), asked.count(DESCRIPTION)) == (2, 1)


def test_a_silent_provider_is_given_up(server: OpenIdServer, clock: FixedClock) -> None:
    server.steps[DESCRIPTION] = bytes_then_silence()
    with pytest.raises(Unproven, match=r"not within 0\.2 s"):
        provider_of(server, clock, timeout=timedelta(milliseconds=200)).keys()
