"""Values out of posts, whatever the posts hold."""

from datetime import UTC, datetime
from typing import Any

from newsletter.domain.events import EventKind
from newsletter.providers.common import webhooks as reading
from tests.rows import rows

AT = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


@rows(
    "written",
    [
        1772627400,
        1772627400.0,
        "1772627400",
        "2026-03-04T12:30:00.000Z",
        "2026-03-04T07:30:00.0000000-05:00",
        "2026-03-04 12:30:00+00",
        "2026-03-04T12:30:00 +0000",
        "2026-03-04T12:30:00",
    ],
)
def test_a_time_may_be_written_in_many_ways(written: Any) -> None:
    assert reading.parse_time(written) == AT


@rows(
    "written",
    [
        *(None, True, "", "soon", [], {}, -1, 0, 1e308, float("nan"), float("inf"), 10**30),
        *("9" * 5000, "1772627400000", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
        *("0001-01-01T00:00:00+23:59", "2026-13-01"),
    ],
)
def test_what_is_no_time_of_this_century_is_none(written: Any) -> None:
    assert reading.parse_time(written) is None


@rows(
    ("written", "expected"),
    [
        ("ana@example.org", "ana@example.org"),
        ("Ana <ana@example.org>", "ana@example.org"),
        ("<ana@example.org>", "ana@example.org"),
        ("josé@exämple.org", "josé@exämple.org"),
        *((written, "") for written in ("", "ana", "a b@example.org", "a@b@c", "@", None, 7)),
    ],
)
def test_an_address_is_found_or_none(written: Any, expected: str) -> None:
    assert reading.address(written) == expected


@rows(
    ("said", "expected"),
    [
        ("550 <ana@example.org>: no", "550 <…@example.org>: no"),
        ("ana+tag=x@example.org, bob@example.org", "…@example.org, …@example.org"),
        ("a\r\nb\x00c\ud800d", "a b c d"),
        ("x" * 900, "x" * 500),
    ],
)
def test_a_reason_holds_no_whole_address_and_stands_on_one_line(said: str, expected: str) -> None:
    assert reading.redacted_reply(said) == expected


def test_a_reason_is_put_together_of_what_there_is() -> None:
    assert reading.redacted_reply(550, None, "", [], True, "no") == "550 no"


@rows(
    ("said", "expected"),
    [
        ("a.b.attempt.7", ("a.b", "attempt", 7)),
        ("a.attempt.x", ("a", "attempt", None)),
        ("a.attempt.9999999999999999", ("a", "attempt", None)),
        ("a.b", ("", "", None)),
        (None, ("", "", None)),
    ],
)
def test_a_delivery_may_be_named_in_one_word(said: Any, expected: tuple[Any, ...]) -> None:
    assert tuple(reading.split_delivery(said, ".").values()) == expected


@rows("said", [None, 7, "words", [], {"subscriber": -7}, {"campaign": {}}])
def test_what_names_no_delivery_names_none(said: Any) -> None:
    assert tuple(reading.read_delivery(said).values()) == ("", "", None)


def test_what_is_kept_is_bounded_and_can_be_written() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert reading.raw_json(deep) == ""
    assert reading.hash_id(deep) == reading.hash_id(deep)
    kept = reading.raw_json({"a": "x" * 50_000 + "\ud800"})
    assert len(kept) == reading.MAX_RAW_CHARS
    assert reading.raw_json("\ud800\x00") == "?"
    assert len(reading.unreadable_event("é".encode() * 50_000, AT).raw) == reading.MAX_RAW_CHARS
    while deep:  # Python takes down so deep a list by recursion
        deep = deep.pop()


def test_a_post_that_is_not_understood_is_named_by_its_bytes() -> None:
    first, again, other = (reading.unreadable_event(body, AT) for body in (b"a", b"a", b"b"))
    assert first == again
    assert first.id != other.id
    assert first.kind is EventKind.OTHER


def test_a_post_of_more_events_than_its_bytes_could_tell_of_holds_none() -> None:
    assert len(reading.split_events(b"[" + b"{}," * 999 + b"{}]")) == 1_000
    assert reading.split_events(b"[" + b"{}," * 1_000 + b"{}]") == []
    event = b'{"event": "delivered", "email": "ana@example.org", "id": 1}'
    assert len(reading.split_events(b"[" + event + (b"," + event) * 4_999 + b"]")) == 5_000
