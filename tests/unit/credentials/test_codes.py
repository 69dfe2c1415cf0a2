"""One-time codes, recovery codes, random words and QR codes."""

import base64
from datetime import timedelta
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from newsletter.credentials import codes
from tests.fakes import NOON
from tests.properties import examples
from tests.rows import rows

KEY = b"k" * 32
SECRET = codes.secret(KEY, "00" * 20)


def test_a_secret_is_of_its_key_and_its_salt() -> None:
    assert len(base64.b32decode(SECRET)) == 20
    assert codes.secret(KEY, "00" * 20) == SECRET
    assert codes.secret(b"x" * 32, "00" * 20) != SECRET
    assert codes.secret(KEY, "11" * 20) != SECRET


@rows("away", [-30, 0, 30])
def test_a_clock_may_be_half_a_minute_wrong(away: int) -> None:
    at = NOON + timedelta(seconds=away)
    step = codes.find_step(TOTP(SECRET).at(at), SECRET, NOON)
    assert step == int(at.timestamp()) // 30


@rows("away", [-90, -60, 60, 90])
def test_a_code_of_another_time_is_none(away: int) -> None:
    code = TOTP(SECRET).at(NOON + timedelta(seconds=away))
    assert codes.find_step(code, SECRET, NOON) is None


RIGHT = {TOTP(SECRET).at(NOON + timedelta(seconds=away)) for away in (-30, 0, 30)}


@examples(30)
@given(st.text())
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    assert (codes.find_step(typed, SECRET, NOON) is None) == ("".join(typed.split()) not in RIGHT)
    assert isinstance(codes.is_recovery_code(typed), bool)
    assert len(codes.recovery_hash(KEY, "ana@forum.example", typed)) == 32


def test_what_an_app_reads_names_the_account() -> None:
    said = codes.totp_uri(SECRET, account="ana@forum.example", issuer="Example Forum")
    assert said.startswith("otpauth://totp/Example%20Forum:ana%40forum.example?")
    assert f"secret={SECRET}" in said
    assert "issuer=Example%20Forum" in said


def test_recovery_codes_are_random_and_known_however_they_are_typed() -> None:
    made = codes.new_recovery_codes(10)
    assert len(set(made)) == 10
    for one in made:
        assert codes.is_recovery_code(one)
        kept = codes.recovery_hash(KEY, "ana@forum.example", one)
        for typed in (one.upper(), one.replace("-", ""), f" {one.replace('-', ' ')} "):
            assert codes.is_recovery_code(typed)
            assert codes.recovery_hash(KEY, "ana@forum.example", typed) == kept
        assert codes.recovery_hash(KEY, "ben@forum.example", one) != kept
        assert codes.recovery_hash(b"x" * 32, "ana@forum.example", one) != kept


@rows("typed", ["", "123456", "abcde", "abcde-fghi", "abcde-fghij-k", "äbcde-fghij"])
def test_what_has_another_form_is_no_recovery_code(typed: str) -> None:
    assert not codes.is_recovery_code(typed)


def test_words_of_links_have_256_bits() -> None:
    made = {codes.new_token() for _ in range(100)}
    assert len(made) == 100
    for word in made:
        assert len(word) == 43
        assert len(base64.urlsafe_b64decode(word + "=")) == 32
        assert len(codes.hash_token(word)) == 32


def test_a_qr_code_needs_neither_style_nor_script() -> None:
    said = codes.qr_code(codes.totp_uri(SECRET, account="ana@forum.example", issuer="Forum"))
    head, _, data = said.partition(",")
    assert head == "data:image/svg+xml;charset=utf-8"
    svg = unquote(data)
    assert svg.count("<svg") == 1
    for never in ("style", "script", "class", "http://www.w3.org/1999/xlink"):
        assert never not in svg
