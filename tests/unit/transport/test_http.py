"""The meaning of an answer, before any network."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.transport.http import (
    HttpRequest,
    HttpResponse,
    json_object,
    retry_after,
    shorten,
    wait_until_reset,
)
from tests.rows import rows

DATE = "Wed, 21 Sep 2011 18:00:00 GMT"


def response(status: int = 429, body: bytes = b"", **headers: str) -> HttpResponse:
    fields: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, headers=fields, body=body)


def test_no_retry_after_does_harm(subtests: pytest.Subtests) -> None:
    for value, seconds in [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("3600", 3600),
        ("3601", 3600),
        ("1000000000", 3600),
        ("9" * 10_000, 3600),
        ("-5", None),
        ("1.5", None),
        ("١٢٠", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Sep 2011 18:02:00 GMT", 120),
        ("Wed, 21 Sep 2011 17:00:00 GMT", 0),
        ("Thu, 21 Sep 2051 18:00:00 GMT", 3600),
        ("Wed, 99 Sep 2011 18:02:00 GMT", None),
        ("Wed, 21 Sep 99999999 18:02:00 GMT", None),
        ("Wed, 21 Sep 2011 18:02:00", None),
    ]:
        with subtests.test(value=value, seconds=seconds):
            wait = retry_after(response(retry_after=value, date=DATE))
            assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_a_date_says_nothing_where_nobody_knows_when_the_answer_came() -> None:
    assert retry_after(response(retry_after=DATE)) is None
    assert retry_after(response(retry_after=DATE, date="yesterday")) is None
    assert retry_after(response()) is None


@rows("own", [{}, {"date": "yesterday"}, {"date": "Wed, 21 Sep 2011 18:00:00"}])
@rows(["came", "seconds"], [(-90, 90), (0, 0), (50, 0), (-9000, 3600)])
def test_without_a_date_of_its_own_an_answer_is_dated_by_our_clock(
    own: dict[str, str], came: int, seconds: int
) -> None:
    at = datetime(2011, 9, 21, 18, tzinfo=UTC) + timedelta(seconds=came)
    answer = replace(response(retry_after=DATE, **own), at=at)
    assert retry_after(answer) == timedelta(seconds=seconds)
    reset = replace(response(x_reset="1316628000", **own), at=at)
    assert wait_until_reset(reset, "x-reset") == timedelta(seconds=seconds)


@rows(
    ["said", "seconds"],
    [("3", 3), ("99999999", 3600), ("1316628060", 60), ("1316620000", 0), ("-1", None), ("", None)],
)
def test_a_limit_ends_in_seconds_or_at_an_instant(said: str, seconds: int | None) -> None:
    wait = wait_until_reset(response(x_reset=said, date=DATE), "x-reset")
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_what_is_not_a_json_object_is_none(subtests: pytest.Subtests) -> None:
    for body in [
        b"",
        b"{",
        b"[1]",
        b'"x"',
        b"null",
        b"\xff",
        b"[" * 100_000,
        b"9" * 10_000,
        b"<html>",
    ]:
        with subtests.test(body=body):
            assert json_object(response(body=body)) is None


def test_a_json_object_is_read() -> None:
    assert json_object(response(body=b'{"id": "x"}')) == {"id": "x"}


def test_the_providers_words_are_kept_short_and_without_names(subtests: pytest.Subtests) -> None:
    for said, kept in [
        ("Forbidden", "Forbidden"),
        ("two\nlines\r\n\tand \0 more", "two lines and more"),
        ("ana.ruiz+x@a.example is bad", "…@a.example is bad"),
        ("<ana@a.example>, 'ben@b.example'", "<…@a.example>, '…@b.example'"),
        ("x" * 500, "x" * 199 + "…"),
        (None, "None"),
        ({"a": 1}, "{'a': 1}"),
    ]:
        with subtests.test(said=said, kept=kept):
            assert shorten(said) == kept


def test_a_request_does_not_show_its_secrets() -> None:
    request = HttpRequest(
        method="POST", url="https://x.example/", headers={"Authorization": "hush"}, body=b"hush"
    )
    assert "hush" not in repr(request)
    assert "hush" not in repr(response(body=b"hush"))
