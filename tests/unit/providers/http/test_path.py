"""Finding an id in an answer."""

import json

import pytest

from newsletter.providers.http.send import AnswerPath
from newsletter.transport.http import HttpResponse

ANSWER = {
    "id": "m1",
    "number": 42,
    "yes": True,
    "none": None,
    "emails": [{"id": "m2", "message_id": ["m3"]}],
    "a-b": {"0": "m4"},
    "1": "m5",
}


def found(path: str, body: object = ANSWER) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = HttpResponse(status=200, headers={"x-message-id": " m6 "}, body=data)
    return AnswerPath(path).find(response)


def test_each_path_leads_to_its_place(subtests: pytest.Subtests) -> None:
    for path, value in [
        ("id", "m1"),
        ("number", "42"),
        ("emails[0].id", "m2"),
        ("emails.0.id", "m2"),
        ("emails[0].message_id[0]", "m3"),
        ("a-b.0", "m4"),
        ("1", "m5"),
        ("header:X-Message-Id", "m6"),
        ("header:X-Other", ""),
        ("yes", ""),
        ("none", ""),
        ("emails", ""),
        ("emails[1].id", ""),
        ("emails.id", ""),
        ("id.id", ""),
        ("nowhere.at.all", ""),
    ]:
        with subtests.test(path=path, value=value):
            assert found(path) == value


def test_a_list_at_the_top_is_entered_by_number() -> None:
    assert found("[0].id", [{"id": "m1"}]) == "m1"


def test_nothing_is_found_in_what_is_no_object(subtests: pytest.Subtests) -> None:
    for body in [b"", b"m1", b'{"id": "m1"', b"[" * 100_000, b'"m1"']:
        with subtests.test(body=body):
            assert found("id", body) == ""


def test_what_is_no_path_is_refused(subtests: pytest.Subtests) -> None:
    for path in [
        "",
        ".",
        ".id",
        "id.",
        "a..b",
        "a b",
        "a[x]",
        "a[",
        "a]",
        "[]",
        "header:",
        "header:a b",
    ]:
        with subtests.test(path=path), pytest.raises(ValueError, match="is no path"):
            AnswerPath(path)
