"""Front matter is bounded, and read in time in proportion to its length."""

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.formats.frontmatter import MAX_HEADER_BYTES, MAX_KEYS, Reader, parse_front_matter
from tests.costs import grows_in_proportion


def refused(header: str) -> str:
    with pytest.raises(InvalidInput) as raised:
        parse_front_matter(f"---\n{header}\n---\nText.\n".encode(), file="a.md")
    [fault] = raised.value.faults
    return f"{fault.line}: {fault.message}"


def test_front_matter_larger_than_64_kb_is_refused_before_it_is_read() -> None:
    def refuse(keys: int) -> str:
        return refused("".join(f"k{number}: v\n" for number in range(keys)))

    assert refuse(20_000) == (
        "2: the front matter is 188,890 bytes long, and 65,536 are the most; move the text below"
        " the line --- that closes the front matter"
    )
    assert grows_in_proportion(refuse, 20_000)


def test_more_than_60_keys_are_refused() -> None:
    said = refused("".join(f"k{number}: v\n" for number in range(61)))

    assert said == (
        "2: the front matter has 61 keys, and 60 are the most; take out the keys that are not of a"
        " statement"
    )


def test_a_number_of_thousands_of_digits_is_named_by_its_beginning() -> None:
    front = parse_front_matter(b"---\ntitle: 0x%b\n---\nText.\n" % (b"f" * 6_000), file="a.md")
    reader = Reader(front=front, file="a.md")

    assert reader.text("title", str) is None
    [fault] = reader.faults
    shown = f"YAML reads 0x{'f' * 38}… as a number; put the whole value in quotes"
    assert fault.message == shown


def test_front_matter_of_60_keys_in_64_kb_is_read() -> None:
    keys = "\n".join(f"k{number}: v" for number in range(MAX_KEYS))
    blanks = "\n" * (MAX_HEADER_BYTES - len(keys))

    front = parse_front_matter(f"---\n{keys}{blanks}\n---\nText.\n".encode(), file="a.md")

    assert len(front.fields) == MAX_KEYS
