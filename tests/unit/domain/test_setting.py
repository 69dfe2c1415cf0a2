"""The rules for what people write are kept by the values themselves, and say what to write."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from newsletter.domain.setting import Line, PictureUrl, SecureUrl, Website
from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.content import Counting, Layout
from newsletter.domain.subscribers.address import Address
from tests.rows import rows


@rows(
    ("kind", "value", "told"),
    [
        (Line, " ", "is blank"),
        (Line, "a\nb", "a line break (U+000A)"),
        (Website, "https://forum.example:port", "is not a web address: "),
        (Website, "https://forum example", "which no web address may"),
        (Website, "ftp://forum.example", "write it like https://forum.example"),
        (Website, "https://me@forum.example", "holds a user name"),
        (SecureUrl, "http://forum.example", "is not encrypted"),
        (PictureUrl, "http://forum.example/a.png", "mail programs show no such picture"),
        (PictureUrl, "https://forum.example/a.svg", "save it as PNG or JPEG"),
        (Address, "news", "is not an address like name@example.org"),
        (Address, "n..ews@forum.example", "write only the address, like news@forum.example"),
        (Layout, {"release_line": False, "release_lists": ["press"]}, "release_line: true"),
        (Counting, {"hosts": ["https://forum.example"]}, "is no host"),
        (Brand, {"accent": None}, "YAML takes # for a comment"),
    ],
)
def test_what_is_written_wrong_is_told(kind: Any, value: object, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert told in str(caught.value)


@rows(
    ("kind", "value", "read"),
    [
        (Line, " a ", "a"),
        (SecureUrl, "https://forum.example", "https://forum.example"),
        (PictureUrl, "https://forum.example/a.png", "https://forum.example/a.png"),
        (Address, "news@forum.example", "news@forum.example"),
    ],
)
def test_what_is_written_right_is_read(kind: Any, value: object, read: object) -> None:
    assert TypeAdapter(kind).validate_python(value) == read
