"""Calls to Resend, byte by byte, and the meaning of each of its answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.resend.send import Options, Resend
from tests.contracts.provider import answered, batch

SEVERAL = ("ana@a.example", "ben@b.example")


def resend(**options: object) -> Resend:
    return Resend(Options.model_validate({"kind": "resend", "api_key": "re_hush", **options}))


def built(sent: OutgoingBatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(resend().build(sent).body)
    return messages


def test_a_message_says_everything() -> None:
    sent = batch(*SEVERAL)
    assert built(sent)[1] == {
        "from": '"Example Forum" <news@forum.example>',
        "to": ["ben@b.example"],
        "reply_to": "press@forum.example",
        "subject": "Forum resigns from task force",
        "text": sent.recipients[1].merge(sent.content.text),
        "html": sent.recipients[1].merge(sent.content.html),
        "headers": {
            "Message-ID": "<letter0002@forum.example>",
            "List-Id": "Press <press.forum.example>",
            "List-Unsubscribe": "<https://news.forum.example/u/token0002A-_z>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "resigns:press:news:forumexample",
        },
        "tags": [
            {"name": "campaign", "value": "resigns"},
            {"name": "attempt", "value": "attempt1"},
            {"name": "subscriber", "value": "2"},
        ],
    }


def test_a_sender_without_a_name_is_a_bare_address_and_no_reply_to_is_none() -> None:
    (message,) = built(batch("a@a.example", sender=Sender(name="", address="n@f.example")))
    assert message["from"] == "n@f.example"
    assert "reply_to" not in message


# --- answers -----------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"data": [{"id": "id-1"}, {"id": "id-2"}]}


def parsed(body: object, *addresses: str, status: int = 200, **headers: str) -> Answer:
    return resend().parse(batch(*(addresses or SEVERAL)), answered(status, body, **headers))


def no(name: str, message: str = "no") -> dict[str, Any]:
    return {"statusCode": 0, "name": name, "message": message}


def test_a_batch_that_was_taken_has_the_first_id() -> None:
    answer = parsed(GOOD)
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert answer.outcome.provider_id == "id-1"
    assert not answer.exceptions


MALFORMED: dict[str, object] = {
    "empty": b"",
    "cut off": json.dumps(GOOD).encode()[:-3],
    "a page": b"<html>Welcome</html>",
    "a list": [{"id": "id-1"}, {"id": "id-2"}],
    "no data": {},
    "data no list": {"data": {"id": "id-1"}},
    "missing": {"data": [{"id": "id-1"}]},
    "extra": {"data": [{"id": "id-1"}, {"id": "id-2"}, {"id": "id-3"}]},
    "twice the same": {"data": [{"id": "id-1"}, {"id": "id-1"}]},
    "the same and extra": {"data": [{"id": "id-1"}, {"id": "id-2"}, {"id": "id-2"}]},
    "no id": {"data": [{"id": "id-1"}, {}]},
    "odd id": {"data": [{"id": "id-1"}, {"id": 7}]},
    "list as id": {"data": [{"id": "id-1"}, {"id": []}]},
    "void id": {"data": [{"id": "id-1"}, {"id": ""}]},
    "null": {"data": [{"id": "id-1"}, None]},
    "null and extra": {"data": [{"id": "id-1"}, None, {"id": "id-2"}]},
    "with errors": {**GOOD, "errors": [{"index": 1, "message": "bad"}]},
}


def test_a_200_that_is_not_as_described_is_unknown(subtests: pytest.Subtests) -> None:
    for case in MALFORMED:
        with subtests.test(case=case):
            assert parsed(MALFORMED[case]).outcome.verdict is Verdict.UNKNOWN


BAD_TO = "Invalid `to` field. The email address needs another form: ana.ruiz@a"
CONFIGURATION = (Verdict.CONFIGURATION, Verdict.CONFIGURATION)
HALVED = (Verdict.SPLIT, Verdict.REJECTED)
RETRY = (Verdict.RETRY, Verdict.RETRY)
QUOTA = (Verdict.QUOTA, Verdict.QUOTA)
UNKNOWN = (Verdict.UNKNOWN, Verdict.UNKNOWN)


def test_each_refusal_has_its_verdict(subtests: pytest.Subtests) -> None:
    for status, body, verdicts in [
        (400, no("validation_error", BAD_TO), HALVED),
        (400, no("validation_error", "emails.3.to: not an address"), HALVED),
        (400, no("validation_error", "something else"), CONFIGURATION),
        (400, no("invalid_idempotency_key"), CONFIGURATION),
        (401, no("missing_api_key"), CONFIGURATION),
        (401, no("restricted_api_key"), CONFIGURATION),
        (403, no("invalid_api_key"), CONFIGURATION),
        (403, no("validation_error", "The domain is not verified; recipients"), CONFIGURATION),
        (404, no("not_found"), CONFIGURATION),
        (405, no("method_not_allowed"), CONFIGURATION),
        (409, no("concurrent_idempotent_requests"), RETRY),
        (409, no("invalid_idempotent_request"), UNKNOWN),
        (413, b"", (Verdict.SPLIT, Verdict.CONFIGURATION)),
        (422, no("validation_error", BAD_TO), HALVED),
        (422, no("validation_error", "Invalid `from` field."), CONFIGURATION),
        (422, no("invalid_from_address", "recipient"), CONFIGURATION),
        (422, no("missing_required_field", "Missing `to` field."), CONFIGURATION),
        (422, no("invalid_attachment"), CONFIGURATION),
        (422, {"name": ["validation_error"], "message": BAD_TO}, CONFIGURATION),
        (429, no("rate_limit_exceeded"), RETRY),
        (429, b"", RETRY),
        (429, no("daily_quota_exceeded"), QUOTA),
        (429, no("monthly_quota_exceeded"), QUOTA),
        (451, no("security_error"), CONFIGURATION),
        (500, no("application_error"), UNKNOWN),
        (500, no("daily_quota_exceeded"), UNKNOWN),
    ]:
        with subtests.test(status=status, body=body, verdicts=verdicts):
            for addresses, verdict in ((SEVERAL, verdicts[0]), (SEVERAL[:1], verdicts[1])):
                answer = parsed(body, *addresses, status=status, retry_after="7")
                assert answer.outcome.verdict is verdict
                assert answer.outcome.reason
                assert not answer.exceptions
                waits = verdict in {Verdict.RETRY, Verdict.QUOTA}
                assert answer.retry_after == (timedelta(seconds=7) if waits else None)


def test_a_reason_keeps_the_readers_name_to_itself() -> None:
    answer = parsed(no("validation_error", BAD_TO), status=422)
    assert "ana.ruiz" not in answer.outcome.reason
    assert "…@a" in answer.outcome.reason
