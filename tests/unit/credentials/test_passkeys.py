"""Passkeys: the request to a browser, and that only an answer to it counts."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from newsletter.credentials import passkeys
from newsletter.credentials.passkeys import InvalidPasskey
from newsletter.domain.staff.account import relying_party_of
from tests.costs import holding
from tests.properties import examples
from tests.rows import rows
from tests.unit.credentials.authenticator import PRESENT, VERIFIED, Authenticator, base64url, octets

PARTY = relying_party_of("https://news.forum.example/desk", "Example Forum")
assert PARTY is not None
CHALLENGE = passkeys.new_challenge()
ASKED = {"challenge": CHALLENGE}


def known(device: Authenticator) -> dict[bytes, bytes]:
    name, public, _ = made(device.make(ASKED))
    return {name: public}


def made(said: Any) -> tuple[bytes, bytes, int]:
    assert PARTY is not None
    return passkeys.verify_creation(PARTY, CHALLENGE, json.dumps(said))


def shown(said: Any, keys: dict[bytes, bytes], challenge: str = CHALLENGE) -> tuple[bytes, int]:
    assert PARTY is not None
    return passkeys.verify_assertion(PARTY, challenge, json.dumps(said), keys)


def test_a_browser_is_asked_for_what_we_take_and_for_user_verification() -> None:
    assert PARTY is not None
    asked = passkeys.creation_options(
        PARTY, CHALLENGE, handle=b"h" * 32, address="ana@forum.example", known=[b"old"]
    )
    written = json.loads(json.dumps(asked))
    assert written["rp"] == {"id": "news.forum.example", "name": "Example Forum"}
    assert written["challenge"] == CHALLENGE
    assert octets(written["user"]["id"]) == b"h" * 32
    assert [one["alg"] for one in written["pubKeyCredParams"]] == [-8, -7, -257]
    assert written["authenticatorSelection"]["userVerification"] == "required"
    assert [octets(one["id"]) for one in written["excludeCredentials"]] == [b"old"]
    assert written["attestation"] == "none"
    assert written["timeout"] == 300_000


def test_a_browser_is_asked_for_one_that_is_known() -> None:
    assert PARTY is not None
    written = json.loads(json.dumps(passkeys.request_options(PARTY, CHALLENGE, [b"one", b"two"])))
    assert written["rpId"] == "news.forum.example"
    assert written["challenge"] == CHALLENGE
    assert written["userVerification"] == "required"
    assert [octets(one["id"]) for one in written["allowCredentials"]] == [b"one", b"two"]


def test_a_challenge_is_new_each_time_and_the_handle_names_nobody() -> None:
    assert len(octets(passkeys.new_challenge())) == 32
    assert passkeys.new_challenge() != passkeys.new_challenge()
    handle = passkeys.user_handle(b"k" * 32, "ana@forum.example")
    assert (len(handle), b"ana" in handle) == (32, False)
    assert handle != passkeys.user_handle(b"x" * 32, "ana@forum.example")
    assert handle == passkeys.user_handle(b"k" * 32, "ana@forum.example")


def test_a_passkey_that_was_made_signs() -> None:
    device = Authenticator()
    keys = known(device)
    device.count = 5
    assert shown(device.sign(ASKED), keys) == (device.id, 5)


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "another relying party": {"party": "forum.example"},
    "no user verification": {"flags": PRESENT},
    "nobody was present": {"flags": VERIFIED},
    "asked for within another website": {"cross_origin": True},
}


@rows("lie", LIES)
def test_neither_a_new_passkey_nor_a_signature_with_a_lie_counts(lie: str) -> None:
    honest = Authenticator()
    keys = known(honest)
    liar = Authenticator(key=honest.key, id=honest.id, **LIES[lie])
    with pytest.raises(InvalidPasskey, match=lie):
        made(liar.make(ASKED))
    with pytest.raises(InvalidPasskey, match=lie):
        shown(liar.sign(ASKED), keys)


@rows(
    "origin",
    [
        "http://news.forum.example",
        "https://news.forum.example:8443",
        "https://sub.news.forum.example",
        "https://news.forum.example.evil.example",
        "https://news.forum.example/",
        "null",
        "",
    ],
)
def test_an_origin_is_the_one_origin_and_nothing_like_it(origin: str) -> None:
    with pytest.raises(InvalidPasskey, match="another origin"):
        made(Authenticator(origin=origin).make(ASKED))


def test_an_answer_to_another_challenge_does_not_count() -> None:
    device = Authenticator()
    keys, other = known(device), {"challenge": passkeys.new_challenge()}
    with pytest.raises(InvalidPasskey, match="another challenge"):
        made(device.make(other))
    with pytest.raises(InvalidPasskey, match="another challenge"):
        shown(device.sign(other), keys)


def test_the_answer_to_one_question_is_none_to_the_other() -> None:
    device = Authenticator()
    keys = known(device)
    with pytest.raises(InvalidPasskey, match="an answer to another question"):
        made(device.make(ASKED, kind="webauthn.get"))
    with pytest.raises(InvalidPasskey, match="an answer to another question"):
        shown(device.sign(ASKED, kind="webauthn.create"), keys)


def test_a_key_that_is_not_known_or_another_one_does_not_count() -> None:
    device, stranger = Authenticator(), Authenticator()
    keys = known(device)
    with pytest.raises(InvalidPasskey, match="an unknown passkey"):
        shown(stranger.sign(ASKED), keys)
    with pytest.raises(InvalidPasskey, match="an unknown passkey"):
        shown(device.sign(ASKED), {})
    with pytest.raises(InvalidPasskey, match="a wrong signature"):
        shown(Authenticator(id=device.id).sign(ASKED), keys)


def test_a_key_of_a_kind_that_was_not_asked_for_is_not_kept() -> None:
    for algorithm in (-47, -65535, 99, 0):
        with pytest.raises(InvalidPasskey):
            made(Authenticator(algorithm=algorithm).make(ASKED))


def test_one_key_has_one_name() -> None:
    said = Authenticator().make(ASKED)
    with pytest.raises(InvalidPasskey, match="two names"):
        made(said | {"id": base64url(b"x"), "rawId": base64url(b"x")})


def test_a_point_that_lies_on_no_curve_signs_nothing() -> None:
    device = Authenticator()
    [(name, public)] = known(device).items()
    off = public[:-1] + bytes([public[-1] ^ 1])
    with pytest.raises(InvalidPasskey):
        shown(device.sign(ASKED), {name: off})


def test_a_changed_byte_anywhere_makes_it_unfit() -> None:
    device = Authenticator(key=ec.generate_private_key(ec.SECP256R1()))
    keys, said = known(device), device.sign(ASKED)
    for field in ("clientDataJSON", "authenticatorData", "signature"):
        whole = octets(said["response"][field])
        for at in range(0, len(whole), 7):
            changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            response = said["response"] | {field: base64url(changed)}
            with pytest.raises(InvalidPasskey):
                shown(said | {"response": response}, keys)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary().map(base64url)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["id", "rawId", "response", "clientDataJSON", "attestationObject"]),
            inner,
        ),
    ),
)


DEVICE = Authenticator()
RIGHT, KEYS = DEVICE.make(ASKED), known(DEVICE)


@examples(60)
@given(ANYTHING, st.binary(max_size=200))
def test_whatever_is_sent_in_its_place_is_unfit(said: Any, data: bytes) -> None:
    response = RIGHT["response"] | {"attestationObject": base64url(data)}
    for answer in (said, {"rawId": "eA", "response": said}, RIGHT | {"response": response}):
        with pytest.raises(InvalidPasskey):
            made(answer)
        with pytest.raises(InvalidPasskey):
            shown(answer, KEYS)


MANY = 100_000_000


@rows(
    "said",
    [
        {"rawId": MANY},
        {"id": "eA", "rawId": "eA", "response": {"clientDataJSON": MANY}},
        RIGHT | {"response": RIGHT["response"] | {"attestationObject": MANY}},
    ],
)
def test_a_number_in_the_place_of_a_text_takes_no_memory(said: dict[str, Any]) -> None:
    with holding() as cost:
        with pytest.raises(InvalidPasskey):
            made(said)
        with pytest.raises(InvalidPasskey):
            shown(said, KEYS)
    assert cost.peak < MANY / 2


@pytest.mark.parametrize("nested", [b"\xa1" * 5_000, b"\x81" * 40_000])
def test_what_is_nested_without_an_end_is_unfit(nested: bytes) -> None:
    response = RIGHT["response"] | {"attestationObject": base64url(nested)}
    with pytest.raises(InvalidPasskey, match="not legible"):
        made(RIGHT | {"response": response})
