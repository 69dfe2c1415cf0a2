"""Passwords: hashed by Argon2id, compared in equal time, refused where they are easy to guess."""

import threading

import pytest

from newsletter.credentials.passwords import MIN_CHARS, Busy, Passwords, password_fault
from tests.rows import rows
from tests.unit.pipeline.staff.office import PASSWORDS


def test_a_password_is_hashed_by_argon2id_with_what_owasp_advises() -> None:
    made = Passwords().hash("umbrella kettle forest nine")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_fits_its_own_hash_alone() -> None:
    hashed = PASSWORDS.hash("umbrella kettle forest nine")
    assert PASSWORDS.matches("umbrella kettle forest nine", hashed)
    for wrong in ("umbrella kettle forest nine ", "", "x" * 9999):
        assert not PASSWORDS.matches(wrong, hashed)
    assert hashed != PASSWORDS.hash("umbrella kettle forest nine")


@rows("hashed", ["", "nonsense", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"])
def test_nothing_fits_where_there_is_no_hash(hashed: str) -> None:
    for said in ("", "nobody's", "x"):
        assert not PASSWORDS.matches(said, hashed)


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    composed, apart = "caf\u00e9 au lait noir", "cafe\u0301 au lait noir"
    assert composed != apart
    assert PASSWORDS.matches(apart, PASSWORDS.hash(composed))


def test_two_are_worked_out_at_a_time_and_who_waits_too_long_is_told() -> None:
    passwords = Passwords(memory=64, passes=1, at_once=2, max_wait_seconds=0.01)
    held, done = threading.Barrier(3), threading.Event()

    def hold() -> None:
        with passwords.slot():
            held.wait(60)
            done.wait(60)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    held.wait(60)
    with pytest.raises(Busy, match="try again in a minute"):
        passwords.matches("x", "")
    done.set()
    for thread in threads:
        thread.join()
    assert not passwords.matches("x", "")


@rows(
    "password",
    [
        "umbrella kettle forest nine",
        "x7#Kq-9vTz2m",
        "Ωmega kaffee 2 wolken",
        "🐘 elephant quilt sonata",
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    assert password_fault(password, "ana@forum.example", "Ana Ruiz") == ""


@rows(
    "password",
    [
        "",
        "x" * (MIN_CHARS - 1),
        "x" * 201,
        "123456789012",
        "qwertyuiop12",
        "passwordpassword",
        "iloveyou1234",
        "qwerty-123456",
        "Summer2026!!",
        "LetMeIn12345!",
        "ana@forum.example",
        "Ana.Ruiz2026",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
)
def test_a_bad_password_is_refused_in_words(password: str) -> None:
    assert password_fault(password, "ana@forum.example", "Ana Ruiz").endswith(".")


def test_few_strangers_may_wait_and_known_people_have_places_of_their_own() -> None:
    passwords = Passwords(memory=64, passes=1, at_once=1, waiting=1, network=1)
    with passwords.queue("203.0.113.0/24"):
        with pytest.raises(Busy, match="try again in a minute"), passwords.queue("203.0.113.0/24"):
            pass
        with passwords.queue("198.51.100.0/24"):
            with pytest.raises(Busy), passwords.queue("192.0.2.0/24"):
                pass
            with passwords.queue("192.0.2.0/24", is_known=True):
                assert passwords.hash("x")
    with passwords.queue("203.0.113.0/24"):  # whoever left gives the place back
        pass


def test_whom_a_proxy_does_not_name_is_not_one_network() -> None:
    passwords = Passwords(memory=64, passes=1, at_once=1, waiting=1, network=1)
    with passwords.queue(), passwords.queue(), pytest.raises(Busy), passwords.queue():
        pass
