"""Addresses: what one may be, and when two are the same."""

import pytest

from newsletter.domain.subscribers.address import (
    AddressHash,
    fold,
    mailbox,
    parse_address,
    same_person,
)
from tests.rows import rows

TOO_LONG_IN_ASCII = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ" * 2


@rows(
    "written",
    [
        "ana@example.org",
        "o'neil+news@mail.example.co.uk",
        "a_b-c.d@example.org",
        "josé@example.org",
        "ana@bücher.example",
        "ana@xn--bcher-kva.example",
        "ana@example-one.org",
        "x@1.example",
        "x@127.0.0.1.example",
        "ana@हिन्दी.example",
    ],
)
def test_an_address_that_a_reader_can_have_is_kept_as_written(written: str) -> None:
    assert parse_address(written) == written


@rows(
    ("written", "complaint"),
    [
        ("", "is not an address"),
        ("ana", "is not an address"),
        ("@example.org", "is not an address"),
        ("ana@", "is not an address"),
        ("ana@home@example.org", "is not an address"),
        ("ana@localhost", "no domain like"),
        ("ana@example..org", "no domain like"),
        ("ana@example.org.", "no domain like"),
        ("ana@-example.org", "no domain like"),
        ("ana@example-.org", "no domain like"),
        ("ana@exa mple.org", "contains a blank, which is not allowed in an address"),
        ("ana@example.org\r\nBcc: eve@example.org", "is not allowed in an address"),
        ("an\x00a@example.org", "is not allowed in an address"),
        ("an\x7fa@example.org", "is not allowed in an address"),
        ("an\x85a@example.org", "is not allowed in an address"),
        ("an\u2028a@example.org", "is not allowed in an address"),
        ("an\u200ba@example.org", "is not allowed in an address"),
        ("an\u202ea@example.org", "is not allowed in an address"),
        ("an\u2060a@example.org", "is not allowed in an address"),
        ("an\u00ada@example.org", "is not allowed in an address"),
        ("an\u2003a@example.org", "is not allowed in an address"),
        ("an\u3000a@example.org", "is not allowed in an address"),
        ('"ana"@example.org', "is not allowed in an address"),
        ("Ana <ana@example.org>", "is not allowed in an address"),
        ("ana@example.org, eve@example.org", "is not allowed in an address"),
        ("ana@[192.0.2.1]", "is not allowed in an address"),
        (".ana@example.org", "a dot where none may be"),
        ("ana.@example.org", "a dot where none may be"),
        ("a..na@example.org", "a dot where none may be"),
        ("ana@" + "b" * 64 + ".org", "no domain like"),
        ("ana@" + TOO_LONG_IN_ASCII + ".example", "can be looked up"),
        ("ana@\u2474.example", "no domain like"),
        ("ana@\u0301.example", "no domain like"),
        ("ana@127.0.0.1", "no domain like"),
        ("ana@192.0.2", "no domain like"),
        ("ana@0x7F.0x1", "no domain like"),
        ("ana@\uff11\uff12\uff17.0.0.\uff11", "no domain like"),
        ("ana@127\u30020\u30020\u30021", "no domain like"),
        ("ana@[127.0.0.1]", "is not allowed in an address"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(written: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_address(written)


DOMAIN = ".".join(["d" * 61] * 3)


@rows(
    ("longest", "more"),
    [
        ("a" * 64 + "@example.org", "a"),
        ("é" * 32 + "@example.org", "é"),  # bytes are counted, not letters
        ("a" * 60 + f"@{DOMAIN}.example", "a"),
    ],
)
def test_an_address_may_have_64_bytes_before_the_at_and_254_in_all(longest: str, more: str) -> None:
    assert parse_address(longest) == longest
    with pytest.raises(ValueError, match="too long"):
        parse_address(more + longest)


def test_letters_of_ascii_are_the_same_in_upper_and_lower_case_and_blanks_nothing() -> None:
    assert parse_address(" \tana@example.org\n") == fold(" ana@example.org\n") == "ana@example.org"
    assert fold("Ana.Ruiz@EXAMPLE.Org") == fold("ana.ruiz@example.org") == "ana.ruiz@example.org"


@rows(
    ("one", "other"),
    [
        ("\u212aim@example.org", "kim@example.org"),  # the Kelvin sign
        ("\u0131vy@example.org", "ivy@example.org"),  # the dotless i
        ("\u0130vy@example.org", "ivy@example.org"),  # the dotted capital I
        ("stra\u00dfe@example.org", "strasse@example.org"),
        ("JOS\u00c9@example.org", "jos\u00e9@example.org"),
    ],
)
def test_unicode_look_alikes_before_the_at_stay_different_people(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@rows(
    "written",
    [
        "ana@bücher.example",
        "ana@BÜCHER.example",
        "ana@bu\u0308cher.example",
        "Ana@XN--BCHER-KVA.Example",
    ],
)
def test_an_international_domain_is_compared_in_its_ascii_form(written: str) -> None:
    assert fold(written) == "ana@xn--bcher-kva.example"
    assert fold(written.replace("@", "@MAIL.")) == "ana@mail.xn--bcher-kva.example"


@rows(
    ("written", "ascii_form"),
    [
        ("ana@straße.example", "ana@xn--strae-oqa.example"),
        ("ana@STRAẞE.bücher.example", "ana@xn--strae-oqa.xn--bcher-kva.example"),
        ("ana@βόλος.example", "ana@xn--nxasmm1c.example"),
    ],
)
def test_a_domain_with_a_letter_of_its_own_is_not_its_look_alike(
    written: str, ascii_form: str
) -> None:
    assert fold(parse_address(written)) == ascii_form
    assert fold(ascii_form) == ascii_form


@rows(
    ("composed", "apart"),
    [
        ("jos\u00e9", "jose\u0301"),
        ("\ud64d", "\u1112\u1169\u11bc"),  # a Korean syllable
        ("\u09ac\u09cb", "\u09ac\u09c7\u09be"),  # a Bengali vowel sign
        ("\u0958", "\u0915\u093c"),  # a Hindi letter, whose parts are its normal form
    ],
)
def test_a_letter_counts_alike_as_one_and_in_its_parts(composed: str, apart: str) -> None:
    assert fold(f"{composed}@example.org") == fold(f"{apart}@example.org")


def test_folding_twice_is_folding_once() -> None:
    for local in ("Ana", "JOSÉ", "\u212aim", "J\u030co"):
        folded = fold(f"{local}@Bücher.example")
        assert fold(folded) == folded


def test_a_domain_that_cannot_be_looked_up_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="not a domain that can be looked up"):
        fold("ana@" + TOO_LONG_IN_ASCII + ".example")


ANA = "ana@forum.example"
SPELLINGS = [
    ANA,
    "Ana@Forum.Example",
    "ana+press@forum.example",
    "ana+a+b@forum.example",
    " ana@forum.example ",
    "ａｎａ@forum.example",
    "ana@forum.example.",
]
OTHERS = [
    (ANA, "ben@forum.example"),
    (ANA, "ana@forum.invalid"),
    ("a.na@forum.example", ANA),
    ("", ""),
    ("+a@forum.example", "+b@forum.example"),
]


@rows("spelling", SPELLINGS)
def test_another_spelling_is_the_same_person(spelling: str) -> None:
    assert same_person(ANA, spelling)


@rows(("one", "other"), OTHERS)
def test_somebody_else_is_not(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_of_gmail_dots_and_name_mean_nothing_and_a_domain_is_the_same_in_ascii() -> None:
    assert same_person("a.n.a@gmail.com", "ana+x@googlemail.com")
    assert same_person("ana@bücher.example", "ana@xn--bcher-kva.example")


def test_a_domain_that_nobody_can_look_up_is_only_itself() -> None:
    strange = f"ana@{'ü' * 80}.example"
    assert mailbox(strange) == strange


@rows(
    ("address", "whose"),
    [
        ("ana@example.org", "ana@example.org"),
        ("ana+news@example.org", "ana@example.org"),
        ("ana+a+b@example.org", "ana@example.org"),
        ("+ana@example.org", "+ana@example.org"),
        ("Ana@Example.org", "ana@example.org"),
        ("a.n.a@example.org", "a.n.a@example.org"),
        ("a.n.a@gmail.com", "ana@gmail.com"),
        ("A.na+x.y@GoogleMail.com", "ana@gmail.com"),
    ],
)
def test_an_alias_counts_for_the_mailbox_behind_it(address: str, whose: str) -> None:
    assert mailbox(address) == whose


HASHED = AddressHash(b"k" * 32)


@rows("domain", ["ß" * 32, "\U0001f101" * 32, "straße"])
def test_the_mailbox_of_each_address_can_be_hashed_and_has_its_own_domain(domain: str) -> None:
    address = parse_address(f"Änne+x@{domain}.example")
    assert HASHED(mailbox(address)) == HASHED(f"änne@{domain}.example")


def test_the_hash_of_an_address_does_not_depend_on_how_it_is_written() -> None:
    assert HASHED(" Ana@BÜCHER.example") == HASHED("ana@xn--bcher-kva.example")
    assert len(HASHED("ana@example.org")) == 16


def test_different_people_have_different_hashes() -> None:
    addresses = ["kim@example.org", "\u212aim@example.org", "kim@example.com", "im@example.org"]
    assert len({HASHED(address) for address in addresses}) == 4


def test_without_the_key_nobody_finds_an_address_by_its_hash() -> None:
    assert HASHED("ana@example.org") != AddressHash(b"x" * 32)("ana@example.org")


def test_hashing_one_address_leaves_no_trace_in_the_next() -> None:
    first = HASHED("ana@example.org")
    HASHED("eve@example.org")
    assert HASHED("ana@example.org") == first


@rows(
    "addresses",
    [
        ["ana@example.org"],
        ["Ana@Example.ORG", "eve@example.org", "ana@example.org"],
        ["Ana@BÜCHER.example", "Eve@example.org"],
        ["\u212aim@example.org"],
    ],
)
def test_the_hashes_of_many_addresses_are_those_of_each(addresses: list[str]) -> None:
    assert HASHED.hash_list(",".join(addresses).encode()) == b",".join(map(HASHED, addresses))


@rows("text", [b"", b" ana@example.org", b"ana-example.org"])
def test_what_is_no_address_has_not_the_hash_of_one(text: bytes) -> None:
    assert HASHED.hash_list(text) != HASHED("ana@example.org")


def test_bytes_that_are_no_text_have_no_hash() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        HASHED.hash_list(b"\xe9ve@example.org")
