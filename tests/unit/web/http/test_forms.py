"""Forms: what a page shows again of what somebody typed, and clients that go away."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from newsletter.web.http.forms import Posted, read_form, shown_again
from tests.rows import rows


def test_a_field_that_comes_twice_counts_once() -> None:
    assert Posted(fields={"name": ["a", "b"]}).first("name") == "a"
    assert Posted().first("name") == ""


@rows(
    ("typed", "shown"),
    [
        (" Ana ", "Ana"),
        ("a\r\nb\x00c", "a  b c"),
        ("a\ud800", "a"),
        ("x" * 400, "x" * 300),
        ("لينا 👩", "لينا 👩"),
    ],
)
def test_what_was_typed_is_shown_again_as_a_line(typed: str, shown: str) -> None:
    assert shown_again(typed) == shown
    shown_again(typed).encode()


def test_a_client_that_goes_away_amid_its_form_is_no_crash() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read_form(request))
    assert caught.value.status_code == 400
