"""For which website a passkey is, and when it may have been copied."""

from dataclasses import replace

from newsletter.domain.staff.account import Passkey, relying_party_of
from tests.fakes import NOON
from tests.rows import rows

PARTIES = {
    "https://news.forum.example": ("news.forum.example", "https://news.forum.example"),
    "https://News.Forum.example./desk?x": ("news.forum.example", "https://news.forum.example"),
    "https://desk.example:8443": ("desk.example", "https://desk.example:8443"),
    "https://desk.example:443/desk": ("desk.example", "https://desk.example"),
    "https://bücher.example": ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    "http://localhost:8000/desk": ("localhost", "http://localhost:8000"),
    "http://localhost": ("localhost", "http://localhost"),
    "http://127.0.0.1:8000": None,
    "https://192.0.2.7": None,
    "https://[2001:db8::1]": None,
    "http://news.forum.example": None,
    "http://localhost.evil.example": None,
    "https://straße.example": ("xn--strae-oqa.example", "https://xn--strae-oqa.example"),
    "ftp://localhost": None,
    "": None,
}


@rows(("address", "expected"), PARTIES.items())
def test_a_party_is_a_name_that_is_reached_safely(
    address: str, expected: tuple[str, str] | None
) -> None:
    found = relying_party_of(address, "Example Forum")
    assert (found and (found.id, found.origin)) == expected


ONE = Passkey(id=b"1", address="a@b.c", party="x", name="x", public=b"", signatures=7, made_at=NOON)


def test_a_count_that_does_not_grow_tells_of_a_copy() -> None:
    assert [ONE.is_cloned(count) for count in (0, 6, 7, 8)] == [True, True, True, False]
    none = replace(ONE, signatures=0)
    assert [none.is_cloned(count) for count in (0, 1)] == [False, False]


def test_a_page_names_it_by_what_opens_nothing() -> None:
    assert len(ONE.key) == 16
    assert ONE.key != replace(ONE, id=b"2").key
