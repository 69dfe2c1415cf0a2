"""Passkeys (WebAuthn): options for the browser, and the verification of its answer.

The authenticator signs a random challenge, the origin that the browser saw and the relying party's
id. No attestation is requested.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsletter.domain.staff.account import CHALLENGE_LIFETIME, RelyingParty
from newsletter.domain.wording import say
from newsletter.tables import load_table

if TYPE_CHECKING:
    from fido2.server import Fido2Server

_CHALLENGE_BYTES = 32
_TIMEOUT_MS = int(CHALLENGE_LIFETIME.total_seconds()) * 1000
"""The time that the browser gives the person."""
_COSE_ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256 and RS256, as COSE numbers. Other algorithms are refused."""


class InvalidPasskey(Exception):
    """The browser's answer is invalid. The message is for the audit log."""


def new_challenge() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(_CHALLENGE_BYTES)


def user_handle(key: bytes, address: str) -> bytes:
    """Return the WebAuthn user handle of an account, which reveals no name (WebAuthn, 14.6.1)."""
    digest = hashlib.blake2b(address.encode(), key=key, digest_size=32, person=b"passkey handle")
    return digest.digest()


def creation_options(
    party: RelyingParty, challenge: str, *, handle: bytes, address: str, known: Sequence[bytes]
) -> dict[str, Any]:
    """Return the options of ``navigator.credentials.create``, excluding known passkeys."""
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options, _ = _server(party).register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=address, display_name=address),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=_decode(challenge),
    )
    return {**options.public_key, "timeout": _TIMEOUT_MS}


def request_options(party: RelyingParty, challenge: str, known: Sequence[bytes]) -> dict[str, Any]:
    """Return the options of ``navigator.credentials.get`` for the passkeys with these ids."""
    from fido2.webauthn import UserVerificationRequirement

    options, _ = _server(party).authenticate_begin(
        _descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=_decode(challenge),
    )
    return {**options.public_key, "timeout": _TIMEOUT_MS}


def verify_creation(
    party: RelyingParty, challenge: str, answer_json: str
) -> tuple[bytes, bytes, int]:
    """Return a new passkey's id, public key and signature count. Raises InvalidPasskey."""
    from fido2.webauthn import RegistrationResponse

    try:
        answer = RegistrationResponse.from_dict(_read(answer_json))
        _refuse_framed(answer.response.client_data.cross_origin)
        found = _server(party).register_complete(_server_state(challenge), answer)
        data = found.credential_data
        # key 3 is the algorithm (RFC 9052, 7.1); only offered ones are accepted
        if data is None or data.public_key.get(3) not in _COSE_ALGORITHMS:
            raise InvalidPasskey(say("a key of another kind than was asked for"))
        if answer.raw_id != data.credential_id:
            raise InvalidPasskey(say("two names for one key"))
        return data.credential_id, bytes(data), found.counter
    except InvalidPasskey:
        raise
    except Exception as error:  # an attacker chooses each byte and may break any parser
        raise InvalidPasskey(_error_words(error)) from error


def verify_assertion(
    party: RelyingParty, challenge: str, answer_json: str, known: Mapping[bytes, bytes]
) -> tuple[bytes, int]:
    """Return the id and signature count of the passkey that signed. Raises InvalidPasskey."""
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    try:
        answer = AuthenticationResponse.from_dict(_read(answer_json))
        _refuse_framed(answer.response.client_data.cross_origin)
        keys = [AttestedCredentialData(value) for value in known.values()]
        passkey = _server(party).authenticate_complete(_server_state(challenge), keys, answer)
        return passkey.credential_id, answer.response.authenticator_data.counter
    except InvalidPasskey:
        raise
    except Exception as error:  # as in verify_creation
        raise InvalidPasskey(_error_words(error)) from error


def _read(answer_json: str) -> dict[str, Any]:
    # numbers as text, because the library makes a number into as many zero bytes
    read: dict[str, Any] = json.loads(answer_json, parse_int=str)
    return read


def _refuse_framed(cross_origin: bool) -> None:
    """Raise InvalidPasskey for an answer from within a frame, which the library accepts."""
    if cross_origin is not False:
        raise InvalidPasskey(say("asked for within another website"))


_ERROR_WORDS = load_table("newsletter.credentials", "passkeys.yaml")
"""Beginning of a message of the library → words for the audit log."""


def _error_words(error: Exception) -> str:
    """Return words for an error, without any part of the answer."""
    message = str(error) if type(error) is ValueError else ""
    texts = (text for start, text in _ERROR_WORDS.items() if message.startswith(start))
    return say(next(texts, "not legible"))


def _server(party: RelyingParty) -> "Fido2Server":
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestationConveyancePreference, PublicKeyCredentialRpEntity

    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.id, name=party.name),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == party.origin,
    )
    offered = {algorithm.alg: algorithm for algorithm in server.allowed_algorithms}
    server.allowed_algorithms = [offered[number] for number in _COSE_ALGORITHMS]
    return server


def _server_state(challenge: str) -> dict[str, Any]:
    """Return the state with which the library checks an answer."""
    from fido2.webauthn import UserVerificationRequirement

    return {"challenge": challenge, "user_verification": UserVerificationRequirement.REQUIRED}


def _descriptors(known: Sequence[bytes]) -> list[Any]:
    from fido2.webauthn import PublicKeyCredentialDescriptor, PublicKeyCredentialType

    kind = PublicKeyCredentialType.PUBLIC_KEY
    return [PublicKeyCredentialDescriptor(type=kind, id=name) for name in known]


def _decode(challenge: str) -> bytes:
    from fido2.utils import websafe_decode

    return websafe_decode(challenge)
