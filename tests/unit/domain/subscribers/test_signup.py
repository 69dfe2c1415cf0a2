"""The fields of the form: each refusal names a fault that is there."""

import hashlib
from dataclasses import replace

from newsletter.domain.subscribers.lists import PublicList
from newsletter.domain.subscribers.signup import (
    FormFault,
    SignUp,
    SignUpForm,
    SignUpRules,
    consent_words,
    hash_consent_words,
    mask_address,
)
from tests.rows import rows

PRESS = PublicList(name="press", title="Press releases")
SPORT = PublicList(name="sport", title="Sport")
RULES = SignUpRules(
    public_lists=(PRESS, SPORT), throw_away=frozenset({"mailinator.com", "xn--bcher-kva.example"})
)
FORM = SignUpForm(address=" Ana@Example.org ", name=" Ana Ruiz ", lists=("press",))


def test_a_form_in_order_is_a_wish() -> None:
    assert RULES.judge(FORM) == SignUp(address="Ana@Example.org", name="Ana Ruiz", lists=("press",))


@rows(
    "address",
    [
        "josé@example.org",
        "ana@bücher.org",
        "press@forum.example",
        "newsroom@forum.example",
        "rootbeer@example.org",
        "ana@notmailinator.com",
        "ana@mailinator.com.example.org",
    ],
)
def test_people_and_newsrooms_of_all_scripts_may_join(address: str) -> None:
    assert RULES.find_address_fault(address) is None


@rows(
    ("address", "objection"),
    [
        ("", FormFault.NO_ADDRESS),
        ("  ", FormFault.NO_ADDRESS),
        ("ana", FormFault.MALFORMED),
        ("ana@example.org\r\nBcc: bo@example.org", FormFault.MALFORMED),
        ("ana\x00@example.org", FormFault.MALFORMED),
        ("ana\ud800@example.org", FormFault.MALFORMED),
        ("an\ufffd@example.org", FormFault.MALFORMED),
        ("a" * 100_000 + "@example.org", FormFault.MALFORMED),
        ("ana@example.org, bo@example.org", FormFault.MALFORMED),
        ("Postmaster@Example.org", FormFault.ROLE),
        ("no-reply+news@example.org", FormFault.ROLE),
        ("ana@MAILINATOR.com", FormFault.THROW_AWAY),
        ("ana@sub.mailinator.com", FormFault.THROW_AWAY),
        ("ana@bücher.example", FormFault.THROW_AWAY),
    ],
)
def test_other_addresses_are_refused_with_the_reason(address: str, objection: FormFault) -> None:
    assert RULES.judge(replace(FORM, address=address)) == {"email": objection}


@rows(
    "name",
    [
        "a" * 101,
        "a\nb",
        "a\x00",
        "a\u2028b",
        "a\ud800",
        "bo\ufffd",
        "gro.\u202eelpmaxe",
        "a\x1b[31m",
    ],
)
def test_a_name_is_a_line_of_text(name: str) -> None:
    assert RULES.judge(replace(FORM, name=name)) == {"name": FormFault.NAME}


@rows("name", ["", "a" * 100, "لينا", "O'Neil <b>", "👩\u200d👩\u200d👧", "=1+1"])
def test_any_line_of_text_may_be_a_name(name: str) -> None:
    assert isinstance(RULES.judge(replace(FORM, name=name)), SignUp)


def test_lists_are_those_that_are_offered_in_their_order() -> None:
    found = RULES.judge(replace(FORM, lists=("sport", "secret", "press", "press")))

    assert isinstance(found, SignUp)
    assert found.lists == ("press", "sport")
    for lists in ((), ("secret",)):
        assert RULES.judge(replace(FORM, lists=lists)) == {"lists": FormFault.NO_LIST}


def test_where_one_list_is_offered_nothing_need_be_ticked() -> None:
    one = replace(RULES, public_lists=(PRESS,))

    found = one.judge(replace(FORM, lists=()))
    assert isinstance(found, SignUp)
    assert found.lists == ("press",)
    assert one.judge(replace(FORM, lists=("sport",))) == {"lists": FormFault.NO_LIST}


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert RULES.judge(SignUpForm(name="\n")) == {
        "email": FormFault.NO_ADDRESS,
        "name": FormFault.NAME,
        "lists": FormFault.NO_LIST,
    }


def test_offers_can_be_picked_by_name() -> None:
    assert RULES.offered() == (PRESS, SPORT)
    assert RULES.offered(["sport", "secret"]) == (SPORT,)


def test_the_words_of_consent_name_the_lists_and_who_writes() -> None:
    words = consent_words(
        "{organisation}: {lists}!", organisation="Forum", public_lists=(PRESS, SPORT)
    )

    assert words == "Forum: Press releases, Sport!"
    assert (
        consent_words("{lists}", organisation="x", public_lists=(replace(PRESS, title="{lists}"),))
        == "{lists}"
    )


def test_words_are_known_by_their_hash() -> None:
    assert hash_consent_words("Sí!") == hashlib.sha256("Sí!".encode()).hexdigest()


def test_an_address_is_shown_to_who_knows_it() -> None:
    assert mask_address("ana@example.org") == "a…@example.org"
