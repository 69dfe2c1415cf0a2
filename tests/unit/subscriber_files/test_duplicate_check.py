"""A table of addresses finds each one again, however many there are."""

from newsletter.subscriber_files.entries import DuplicateCheck


def test_an_address_is_found_again_by_its_folded_form_with_its_first_line() -> None:
    seen = DuplicateCheck()
    assert seen.record("Ana@Example.org", 7) == 0
    assert seen.record("ana@EXAMPLE.org", 9) == 7
    assert seen.record("ana@example.net", 9) == 0
    assert seen.record("\u212aim@example.org", 10) == 0
    assert seen.record("kim@example.org", 11) == 0, "a Kelvin sign is no k"


def test_it_grows_without_losing_or_inventing_anybody() -> None:
    seen = DuplicateCheck()
    people = 2_000
    assert not any(seen.record(f"a{number}@example.org", number + 2) for number in range(people))
    for number in range(people):
        assert seen.record(f"a{number}@example.org", 1) == number + 2
