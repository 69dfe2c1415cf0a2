"""Calls to Mailtrap, and the meaning of each of its answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.mailtrap.send import Mailtrap, Options
from tests.contracts.provider import answered, batch, content

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")
ONE = ("ana@a.example",)


def mailtrap(**options: object) -> Mailtrap:
    return Mailtrap(Options.model_validate({"kind": "mailtrap", "api_token": "t-hush", **options}))


def parsed(status: int, body: object, *addresses: str, **headers: str) -> Answer:
    return mailtrap().parse(batch(*(addresses or SEVERAL)), answered(status, body, **headers))


def good(number: int = 1) -> dict[str, Any]:
    return {"success": True, "message_ids": [f"id{number}"]}


def bad(*errors: str) -> dict[str, Any]:
    return {"success": False, "errors": list(errors)}


def whole(*items: object, **changes: object) -> dict[str, Any]:
    return {"success": True, "responses": list(items), **changes}


def test_the_base_says_what_all_share_and_a_request_the_rest() -> None:
    said = json.loads(mailtrap().build(batch("ana@a.example", "ben@b.example")).body)
    assert said["base"] == {
        "from": {"email": "news@forum.example", "name": "Example Forum"},
        "reply_to": {"email": "press@forum.example"},
        "subject": "Forum resigns from task force",
    }
    for number, address in enumerate(("ana@a.example", "ben@b.example"), start=1):
        token = f"token{number:04d}A-_z"
        assert said["requests"][number - 1] == {
            "to": [{"email": address}],
            "text": content().text.replace("NLMERGEUNSUBSCRIBE", token),
            "html": content().html.replace("NLMERGEUNSUBSCRIBE", token),
            "headers": {
                "Message-ID": f"<letter{number:04d}@forum.example>",
                "List-Id": "Press <press.forum.example>",
                "List-Unsubscribe": f"<https://news.forum.example/u/{token}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Feedback-ID": "resigns:press:news:forumexample",
            },
            "category": "resigns",
            "custom_variables": {
                "campaign": "resigns",
                "attempt": "attempt1",
                "subscriber": str(number),
            },
        }


def test_one_item_that_is_not_understood_makes_all_unknown(subtests: pytest.Subtests) -> None:
    for item in [
        None,
        "ok",
        {},
        {"success": True},
        {"success": True, "message_ids": []},
        {"success": True, "message_ids": ["a", "b"]},
        {"success": True, "message_ids": [7]},
        {"success": True, "message_ids": [""]},
        {"success": True, "message_ids": "id1"},
        {"success": "true", "message_ids": ["a"]},
        {"success": 1, "message_ids": ["a"]},
        {"success": True, "message_ids": ["a"], "errors": ["no"]},
        {"success": False},
        {"success": False, "errors": []},
        {"success": False, "errors": "no"},
        {"success": False, "errors": ["no"], "message_ids": ["a"]},
    ]:
        with subtests.test(item=item):
            answer = parsed(200, whole(good(1), item, good(3)))
            assert answer.outcome.verdict is Verdict.UNKNOWN
            assert not answer.exceptions


def test_a_call_that_contradicts_its_items_is_unknown(subtests: pytest.Subtests) -> None:
    for changes in [{"success": False}, {"success": None}, {"errors": ["no"]}]:
        with subtests.test(changes=changes):
            answer = parsed(200, whole(good(1), good(2), good(3), **changes))
            assert answer.outcome.verdict is Verdict.UNKNOWN
            assert not answer.exceptions


REFUSED = bad("recipient ana@a.example is suppressed")
STRANGE = bad("Something is amiss")
LATER = bad("Too many requests")
FULL = bad("Daily limit has been reached")
UNVERIFIED = bad("sending domain is not verified")
BROKEN = bad("Internal server error")

# items → the batch's verdict, and who differs
MIXED: dict[str, tuple[tuple[object, ...], Verdict, dict[int, Verdict]]] = {
    "one refused": ((good(), REFUSED, good()), Verdict.ACCEPTED, {2: Verdict.REJECTED}),
    "one strange": ((good(), good(), STRANGE), Verdict.ACCEPTED, {3: Verdict.REJECTED}),
    "all refused": (
        (REFUSED, REFUSED, REFUSED),
        Verdict.REJECTED,
        {1: Verdict.REJECTED, 2: Verdict.REJECTED, 3: Verdict.REJECTED},
    ),
    "all strange": ((STRANGE, STRANGE, STRANGE), Verdict.CONFIGURATION, {}),
    "all unverified": ((UNVERIFIED,) * 3, Verdict.CONFIGURATION, {}),
    "all later": ((LATER,) * 3, Verdict.RETRY, {}),
    "all full": ((FULL,) * 3, Verdict.QUOTA, {}),
    "later and full": (
        (LATER, FULL, REFUSED),
        Verdict.QUOTA,
        {1: Verdict.RETRY, 3: Verdict.REJECTED},
    ),
    "later and unverified": (
        (LATER, UNVERIFIED, FULL),
        Verdict.CONFIGURATION,
        {1: Verdict.RETRY, 3: Verdict.QUOTA},
    ),
    "all broken": ((BROKEN,) * 3, Verdict.UNKNOWN, {}),
    "broken and refused": (
        (BROKEN, REFUSED, LATER),
        Verdict.RETRY,
        {1: Verdict.UNKNOWN, 2: Verdict.REJECTED},
    ),
    "one later": (
        (good(), LATER, REFUSED),
        Verdict.ACCEPTED,
        {2: Verdict.RETRY, 3: Verdict.REJECTED},
    ),
    "one full": ((good(), good(), FULL), Verdict.ACCEPTED, {3: Verdict.QUOTA}),
    "one broken": ((good(), good(), BROKEN), Verdict.ACCEPTED, {3: Verdict.UNKNOWN}),
    "one unverified": ((UNVERIFIED, good(), good()), Verdict.ACCEPTED, {1: Verdict.CONFIGURATION}),
}


def test_the_items_decide_the_batch_and_who_differs(subtests: pytest.Subtests) -> None:
    for case in MIXED:
        with subtests.test(case=case):
            items, verdict, differ = MIXED[case]
            answer = parsed(200, whole(*items))
            assert answer.outcome.verdict is verdict
            assert {number: each.verdict for number, each in answer.exceptions.items()} == differ


def test_a_failed_call_whose_items_all_failed_is_understood() -> None:
    answer = parsed(200, whole(LATER, LATER, LATER, success=False))
    assert answer.outcome.verdict is Verdict.RETRY


def test_nobody_knows_an_error_and_nobody_else_is_in_the_batch() -> None:
    answer = parsed(200, whole(STRANGE), *ONE)
    assert {number: each.verdict for number, each in answer.exceptions.items()} == {
        1: Verdict.REJECTED
    }


def test_the_reason_keeps_the_readers_name_to_itself() -> None:
    answer = parsed(200, whole(REFUSED, good(), good()))
    assert answer.exceptions[1].reason == "recipient …@a.example is suppressed"


def test_a_wait_that_mailtrap_asks_for_is_kept(subtests: pytest.Subtests) -> None:
    for errors in ["Rate limit exceeded", "Monthly sending limit reached"]:
        with subtests.test(errors=errors):
            answer = parsed(429, bad(errors), retry_after="10")
            assert answer.retry_after == timedelta(seconds=10)
