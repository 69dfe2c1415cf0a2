"""Keys in the forms that providers show, and messages about others."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.providers.common import webhooks as keys
from newsletter.providers.common.public_keys import parse_curve_key, parse_rsa_key
from tests.rows import rows

CURVE = ec.generate_private_key(ec.SECP256R1()).public_key()
OTHER_CURVE = ec.generate_private_key(ec.SECP384R1()).public_key()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - as Postal makes them


def der(key: Any) -> str:
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def pem(key: Any) -> str:
    text: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


@rows("written", [der(CURVE), pem(CURVE), der(CURVE)[:64] + "\n" + der(CURVE)[64:]])
def test_a_key_on_the_curve_is_read(written: str) -> None:
    assert parse_curve_key(written) == CURVE


@rows("written", [der(RSA), pem(RSA), f"v=DKIM1; t=s; h=sha256; p={der(RSA)};", f"p={der(RSA)}"])
def test_an_rsa_key_is_read(written: str) -> None:
    assert parse_rsa_key(written) == RSA


def test_a_secret_of_svix_is_base64_with_or_without_its_end() -> None:
    assert keys.parse_endpoint_secret("whsec_c2VjcmV0cw==") == b"secrets"
    assert keys.parse_endpoint_secret("whsec_c2VjcmV0cw") == b"secrets"


@rows(
    ("read", "written"),
    [
        *((parse_curve_key, written) for written in ("", "word", der(RSA), der(OTHER_CURVE))),
        *((parse_curve_key, written) for written in (pem(RSA), der(CURVE)[:-4], "é")),
        *(
            (parse_rsa_key, written)
            for written in ("", "p=", der(CURVE), pem(CURVE), pem(RSA)[:90])
        ),
        *(
            (keys.parse_endpoint_secret, written)
            for written in ("", "whsec_", "secret", "whsec_%%%")
        ),
        *((keys.parse_endpoint_secret, written) for written in ("x whsec_c2VjcmV0cw==", "whsec_é")),
        *((keys.parse_password, written) for written in ("", "a", ":b", "a:", "a:b\n")),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(
    read: Callable[[str], object], written: str
) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        read(written)
    assert len(written) < 7 or written not in str(caught.value)


@rows("written", ["", "two words", "line\n", "é"])
def test_a_shared_secret_is_plain_letters(written: str) -> None:
    with pytest.raises(ValueError, match="looks like 12ab"):
        keys.parse_secret(written, key_example="12ab")


@rows("letters", ["YQ==\n", " YQ==", "YQ", "YQ==, YQ==", "é", "Y-=="])
def test_base64_is_read_to_the_letter(letters: str) -> None:
    assert keys.decode_base64(letters) is None
    assert keys.decode_base64("YQ==") == b"a"
