"""A client with the present version gets no body."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from newsletter.web.public.archive.archive import make_response, with_header_fields
from newsletter.web.public.archive.build import Leaf
from tests.rows import rows

CHANGED = datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=UTC)
SAME = "Tue, 24 Nov 2026 12:00:00 GMT"


def ask(body: bytes = b"text", policy: str = "strict", **headers: str) -> Response:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": "GET", "headers": fields})
    leaf = Leaf(body=body, media_type="text/html", changed_at=CHANGED)
    return make_response(request, with_header_fields(leaf, {"X-Policy": policy}))


ETAG = ask().headers["ETag"]


def test_the_first_time_all_of_it_comes_with_its_marks() -> None:
    found = ask()

    assert (found.status_code, found.body) == (200, b"text")
    assert found.headers["Last-Modified"] == SAME
    assert found.headers["Content-Type"] == "text/html; charset=utf-8"
    assert not ETAG.startswith("W/")


@rows("tags", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
def test_a_known_mark_is_answered_without_the_body(tags: str) -> None:
    found = ask(if_none_match=tags)

    assert (found.status_code, found.body) == (304, b"")
    assert (found.headers["ETag"], found.headers["X-Policy"]) == (ETAG, "strict")


@rows(
    ("since", "status"),
    [
        (SAME, 304),
        ("Tue, 24 Nov 2026 12:00:00 +0000", 304),
        ("Tue, 24 Nov 2026 12:00:00 -0000", 200),  # it names no zone
        ("Tue, 24 Nov 2026 11:59:59 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_a_date_decides_where_there_is_no_mark(since: str, status: int) -> None:
    assert ask(if_modified_since=since).status_code == status
    assert ask(if_none_match='"other"', if_modified_since=since).status_code == 200


def test_another_body_or_another_policy_is_another_answer() -> None:
    assert ask(b"other", if_none_match=ETAG).status_code == 200
    assert ask(policy="stricter", if_none_match=ETAG).status_code == 200
