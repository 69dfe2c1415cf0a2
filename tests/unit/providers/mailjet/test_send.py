"""Calls to Mailjet, and the meaning of each of its answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.providers.mailjet.send import Mailjet, Options
from tests.contracts.provider import answered, batch, content
from tests.provider_servers.mailjet import error, malformed, success

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")
ONE = ("ana@a.example",)
OPTIONS = {"kind": "mailjet", "api_key": "public", "secret_key": "s-hush"}


def mailjet(**options: object) -> Mailjet:
    return Mailjet(Options.model_validate({**OPTIONS, **options}))


def built(*addresses: str, **changes: Any) -> list[dict[str, Any]]:
    said = json.loads(mailjet().build(batch(*(addresses or ONE), **changes)).body)
    assert list(said) == ["Messages"]
    messages: list[dict[str, Any]] = said["Messages"]
    return messages


def test_each_message_says_all_that_its_reader_gets() -> None:
    messages = built(*SEVERAL)
    assert len(messages) == 3
    for number, (address, message) in enumerate(zip(SEVERAL, messages, strict=True), start=1):
        token = f"token{number:04d}A-_z"
        about = {"campaign": "resigns", "attempt": "attempt1", "subscriber": str(number)}
        assert json.loads(message.pop("EventPayload")) == about
        assert message == {
            "From": {"Email": "news@forum.example", "Name": "Example Forum"},
            "To": [{"Email": address}],
            "ReplyTo": {"Email": "press@forum.example"},
            "Subject": "Forum resigns from task force",
            "TextPart": content().text.replace("NLMERGEUNSUBSCRIBE", token),
            "HTMLPart": content().html.replace("NLMERGEUNSUBSCRIBE", token),
            "Headers": {
                "List-Unsubscribe": f"<https://news.forum.example/u/{token}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Feedback-ID": "resigns:press:news:forumexample",
            },
            "CustomID": f"letter{number:04d}",
            "CustomCampaign": "resigns",
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
            "TemplateLanguage": False,
        }


def test_without_headers_of_its_own_a_message_has_none() -> None:
    (message,) = built(headers=(("Message-ID", "<NLMERGEMESSAGEID@forum.example>"),))
    assert "Headers" not in message


def test_a_subject_as_long_as_mailjet_takes_passes_and_a_longer_one_does_not() -> None:
    assert built(subject="é" * 255)[0]["Subject"] == "é" * 255
    with pytest.raises(InvalidInput, match="subject: is longer than the 255 characters"):
        built(subject="é" * 256)


A, R, S, U = Verdict.ACCEPTED, Verdict.REJECTED, Verdict.CONFIGURATION, Verdict.UNKNOWN


def parsed(status: int, body: object, *addresses: str, **headers: str) -> Answer:
    return mailjet().parse(batch(*(addresses or SEVERAL)), answered(status, body, **headers))


def whole(*items: object) -> dict[str, Any]:
    return {"Messages": list(items)}


GOOD = [success(to, n, f"letter{n:04d}") for n, to in enumerate(SEVERAL, start=1)]


def changed(**changes: object) -> dict[str, Any]:
    """The answer for the second of three, but for these."""
    return {**GOOD[1], **changes}


TO = GOOD[1]["To"][0]


def test_one_item_that_is_not_understood_makes_all_unknown(subtests: pytest.Subtests) -> None:
    for status in [200, 400]:
        for item in [
            None,
            "ok",
            {},
            {"Status": "success"},
            changed(Status="queued"),
            changed(To=[]),
            changed(To=[TO, TO]),
            changed(To=[{**TO, "Email": "cy@c.example"}]),
            changed(To=[{**TO, "MessageID": 0}]),
            changed(To=[{**TO, "MessageID": True}]),
            changed(To=[{**TO, "MessageID": "2"}]),
            changed(CustomID="letter0003"),
            changed(CustomID=["letter0002"]),
            changed(Errors=[malformed("ben@b.example")]),
            {"Status": "error"},
            {"Status": "error", "Errors": []},
            {"Status": "error", "Errors": ["no"]},
            {"Status": "error", "Errors": [malformed("ben@b.example")], "To": [TO]},
        ]:
            with subtests.test(status=status, item=item):
                answer = parsed(status, whole(GOOD[0], item, GOOD[2]))
                assert answer.outcome.verdict is U
                assert not answer.exceptions


def test_an_address_in_capitals_and_no_custom_id_are_still_this_reader() -> None:
    said = changed(To=[{**TO, "Email": "BEN@b.example"}], CustomID="")
    assert parsed(200, whole(GOOD[0], said, GOOD[2])).outcome.verdict is A


def no(*errors: dict[str, Any]) -> dict[str, Any]:
    return {"Status": "error", "Errors": list(errors)}


MALFORMED = malformed("ben@b.example")
SENDER = error("send-0008", 403, "not an authorized sender", "From")
HEADER = error("send-0011", 400, "forbidden", 'Headers["Date"]')
BOTH = error("send-0015", 400, "too many recipients", "To", "Cc", "Bcc")
BAD_SENDER = error("mj-0013", 400, '"x" is an invalid email address.', "From.Email")

# the errors of one message, and what they mean for it
ERRORS: dict[str, tuple[tuple[dict[str, Any], ...], Verdict]] = {
    "malformed": ((MALFORMED,), R),
    "no address": ((error("mj-0003", 400, "mandatory", "To"),), R),
    "malformed twice": ((MALFORMED, MALFORMED), R),
    "sender": ((SENDER,), S),
    "sender's address": ((BAD_SENDER,), S),
    "header": ((HEADER,), S),
    "all recipients": ((BOTH,), S),
    "malformed and header": ((MALFORMED, HEADER), S),
    "about nothing": ((error("mj-0013", 400, "invalid"),), S),
    "odd fields": (({**MALFORMED, "ErrorRelatedTo": "To"},), S),
    "rate": ((error("mj-0000", 429, "too many requests"),), Verdict.RETRY),
    "broken": ((error("mj-0000", 500, "internal"),), U),
    "no status": (({"ErrorCode": "mj-0013", "ErrorRelatedTo": ["To"]},), U),
    "odd status": (({**MALFORMED, "StatusCode": "400"},), U),
}


def test_each_error_of_a_message_has_its_verdict(subtests: pytest.Subtests) -> None:
    for case in ERRORS:
        with subtests.test(case=case):
            errors, verdict = ERRORS[case]
            answer = parsed(400, whole(no(*errors)), *ONE)
            assert answer.outcome.verdict is verdict
            assert answer.outcome.reason


# status, items → the batch's verdict, and who differs
MIXED: dict[str, tuple[int, tuple[object, ...], Verdict, dict[int, Verdict]]] = {
    "one malformed": (400, (GOOD[0], no(MALFORMED), GOOD[2]), A, {2: R}),
    "under 200": (200, (GOOD[0], no(MALFORMED), GOOD[2]), A, {2: R}),
    "under 403": (403, (GOOD[0], no(MALFORMED), GOOD[2]), A, {2: R}),
    "all malformed": (400, (no(MALFORMED),) * 3, R, {1: R, 2: R, 3: R}),
    "all by sender": (403, (no(SENDER),) * 3, S, {}),
    "sender and malformed": (400, (no(SENDER), no(MALFORMED), no(SENDER)), S, {2: R}),
    "one by sender": (400, (GOOD[0], no(SENDER), GOOD[2]), A, {2: S}),
    "one later": (
        400,
        (GOOD[0], no(error("x", 429, "slow")), no(MALFORMED)),
        A,
        {2: Verdict.RETRY, 3: R},
    ),
    "all later": (400, (no(error("x", 429, "slow")),) * 3, Verdict.RETRY, {}),
    "one broken": (400, (no(error("x", 500, "oops")), no(MALFORMED), no(SENDER)), S, {1: U, 2: R}),
}


def test_the_items_decide_the_batch_and_who_differs(subtests: pytest.Subtests) -> None:
    for case in MIXED:
        with subtests.test(case=case):
            status, items, verdict, differ = MIXED[case]
            answer = parsed(status, whole(*items))
            assert answer.outcome.verdict is verdict
            assert {number: each.verdict for number, each in answer.exceptions.items()} == differ


def test_the_reason_keeps_the_readers_name_to_itself() -> None:
    answer = parsed(400, whole(GOOD[0], no(MALFORMED, {"ErrorCode": "mj-1"}), GOOD[2]))
    reason = parsed(400, whole(GOOD[0], no(MALFORMED), GOOD[2])).exceptions[2].reason
    assert reason == '"…@b.example" is an invalid email address.'
    assert answer.exceptions[2].reason.endswith("is an invalid email address.; mj-1")
    assert parsed(400, whole(no({"StatusCode": 400})), *ONE).outcome.reason


def test_a_wait_that_is_asked_for_is_kept(subtests: pytest.Subtests) -> None:
    for body in [b"", json.dumps(whole(*[no(error("x", 429, "slow"))] * 3)).encode()]:
        with subtests.test(body=body):
            status = 400 if body else 429
            answer = parsed(status, body, retry_after="10")
            assert (answer.outcome.verdict, answer.retry_after) == (
                Verdict.RETRY,
                timedelta(seconds=10),
            )
