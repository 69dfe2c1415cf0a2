"""The meaning of SES's answers: each error and each status, for several and for one."""

from datetime import timedelta

import botocore.session
import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.ses.send import parse_answer
from newsletter.transport.http import HttpResponse
from tests.contracts.provider import answered, batch

SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")
ONE = ("ana@a.example",)
MODEL = botocore.session.Session().get_service_model("sesv2")
A, R, T, Q, C, S, U = (
    Verdict.ACCEPTED,
    Verdict.REJECTED,
    Verdict.RETRY,
    Verdict.QUOTA,
    Verdict.CONFIGURATION,
    Verdict.SPLIT,
    Verdict.UNKNOWN,
)


def error(status: int, name: str, message: str = "") -> HttpResponse:
    return answered(status, {"message": message}, x_amzn_errortype=f"{name}:http://internal/")


def entry(status: str, said: str = "") -> dict[str, str]:
    if status == "SUCCESS":
        return {"Status": status, "MessageId": "m1"}
    return {"Status": status, "Error": said} if said else {"Status": status}


def results(*entries: object) -> Answer:
    addresses = [f"r{number}@example.org" for number in range(len(entries))]
    response = answered(200, {"BulkEmailEntryResults": list(entries)})
    return parse_answer(batch(*addresses), response)


def verdicts(answer: Answer, count: int) -> list[Verdict]:
    """Of each recipient, by place."""
    return [answer.exceptions.get(number, answer.outcome).verdict for number in range(1, count + 1)]


UNVERIFIED = "Email address is not verified. The following identities failed the check: x@y.example"
BAD = "Missing final '@domain'"
TOO_FAST, TOO_MANY = "Maximum sending rate exceeded.", "Daily message quota exceeded."

# answer, verdict for several recipients, verdict for one
CALLS: dict[str, tuple[HttpResponse, Verdict, Verdict]] = {
    "rate": (error(429, "TooManyRequestsException", TOO_FAST), T, T),
    "daily": (error(429, "TooManyRequestsException", TOO_MANY), Q, Q),
    "too many": (error(429, "TooManyRequestsException"), T, T),
    "throttling": (error(400, "ThrottlingException", "Rate exceeded"), T, T),
    "throttling daily": (error(400, "ThrottlingException", TOO_MANY), Q, Q),
    "limit": (error(400, "LimitExceededException", "Too many instances"), Q, Q),
    "limit rate": (error(400, "LimitExceededException", TOO_FAST), T, T),
    "suspended": (error(400, "AccountSuspendedException", "Sender is shut down"), C, C),
    "paused": (error(400, "SendingPausedException", "paused"), C, C),
    "mail from": (error(400, "MailFromDomainNotVerifiedException", "x"), C, C),
    "not found": (error(404, "NotFoundException", "No configuration set"), C, C),
    "unverified": (error(400, "MessageRejected", UNVERIFIED), C, C),
    "content": (error(400, "MessageRejected", "Invalid content"), C, C),
    "blacklisted": (error(400, "MessageRejected", "Address blacklisted"), S, R),
    "bad request": (error(400, "BadRequestException", "TemplateContent is empty"), C, C),
    "bad address": (error(400, "BadRequestException", BAD), S, R),
    "no address": (error(400, "BadRequestException", "Invalid email address ."), S, R),
    "local": (
        error(400, "BadRequestException", "Local address contains control or whitespace"),
        S,
        R,
    ),
    "domain": (error(400, "BadRequestException", "Domain starts with dot"), S, R),
    "sender": (error(400, "BadRequestException", "Invalid email address in From"), C, C),
    "validation": (error(400, "ValidationException", "1 validation error detected"), C, C),
    "signature": (error(403, "InvalidSignatureException", "Signature expired"), C, C),
    "client": (error(403, "UnrecognizedClientException", "invalid"), C, C),
    "missing": (error(403, "MissingAuthenticationTokenException"), C, C),
    "denied": (error(403, "AccessDeniedException", "is not authorized"), C, C),
    "expired": (error(400, "ExpiredTokenException", "expired"), C, C),
    "operation": (error(404, "UnknownOperationException"), C, C),
    "name in body": (
        answered(400, {"__type": "com.amazon#BadRequestException", "Message": BAD}),
        S,
        R,
    ),
    "no name": (answered(400, {"message": BAD}), C, C),
    "page": (answered(400, b"<html>"), C, C),
    "list": (answered(400, [1]), C, C),
    "429": (answered(429), T, T),
    "408": (error(408, "RequestTimeoutException"), U, U),
    "413": (error(413, "RequestEntityTooLargeException"), S, C),
    "302": (answered(302), U, U),
    "500": (error(500, "InternalFailure"), U, U),
    "500 as a limit": (error(500, "TooManyRequestsException", TOO_FAST), U, U),
    "503": (error(503, "ServiceUnavailableException"), U, U),
    "201": (answered(201, {"MessageId": "m1"}), U, U),
    "200 empty": (answered(200), U, U),
    "200 page": (answered(200, b"<html>"), U, U),
    "200 cut": (answered(200, b'{"MessageId":"m'), U, U),
    "200 id": (answered(200, {"MessageId": "m1"}), U, A),
    "200 void id": (answered(200, {"MessageId": ""}), U, U),
    "200 number": (answered(200, {"MessageId": 1}), U, U),
    "200 error": (answered(200, {"MessageId": "m1", "Error": "x"}), U, U),
    "200 list": (answered(200, {"BulkEmailEntryResults": "x"}), U, U),
    "200 fewer": (answered(200, {"BulkEmailEntryResults": [entry("SUCCESS")] * 2}), U, U),
    "200 more": (answered(200, {"BulkEmailEntryResults": [entry("SUCCESS")] * 4}), U, U),
    "200 all": (answered(200, {"BulkEmailEntryResults": [entry("SUCCESS")] * 3}), A, U),
}


def test_each_answer_has_its_verdict(subtests: pytest.Subtests) -> None:
    for case in CALLS:
        for addresses in [SEVERAL, ONE]:
            with subtests.test(case=case, addresses=addresses):
                response, several, one = CALLS[case]
                answer = parse_answer(batch(*addresses), response)
                assert answer.outcome.verdict is (several if addresses is SEVERAL else one)
                assert answer.outcome.reason
                assert not answer.exceptions


def test_each_error_of_botocores_model_is_in_the_table() -> None:
    named = {
        response.headers["x-amzn-errortype"].split(":")[0]
        for response, _, _ in CALLS.values()
        if "x-amzn-errortype" in response.headers
    }
    for operation in ("SendEmail", "SendBulkEmail"):
        shapes = MODEL.operation_model(operation).error_shapes
        assert {shape.name for shape in shapes} <= named


# status, error → verdict where another was accepted, and where none was
ENTRIES: list[tuple[str, str, Verdict, Verdict]] = [
    ("SUCCESS", "", A, A),
    ("MESSAGE_REJECTED", "It has a virus", R, C),
    ("MESSAGE_REJECTED", UNVERIFIED, C, C),
    ("MESSAGE_REJECTED", "Address blacklisted", R, R),
    ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "", C, C),
    ("CONFIGURATION_SET_NOT_FOUND", "", C, C),
    ("TEMPLATE_NOT_FOUND", "", C, C),
    ("ACCOUNT_SUSPENDED", "", C, C),
    ("ACCOUNT_THROTTLED", TOO_FAST, T, T),
    ("ACCOUNT_DAILY_QUOTA_EXCEEDED", TOO_MANY, Q, Q),
    ("INVALID_SENDING_POOL_NAME", "", C, C),
    ("ACCOUNT_SENDING_PAUSED", "", C, C),
    ("CONFIGURATION_SET_SENDING_PAUSED", "", C, C),
    ("INVALID_PARAMETER", BAD, R, R),
    ("INVALID_PARAMETER", "", R, C),
    ("TRANSIENT_FAILURE", "", T, T),
    ("FAILED", "", U, U),
    ("FAILED", BAD, R, R),
    ("SOMETHING_NEW", BAD, U, U),
    ("", "", U, U),
]


def test_each_status_of_botocores_model_is_in_the_table() -> None:
    assert set(MODEL.shape_for("BulkEmailStatus").enum) <= {status for status, *_ in ENTRIES}


def test_each_status_has_its_verdict(subtests: pytest.Subtests) -> None:
    for status, said, beside, alone in ENTRIES:
        with subtests.test(status=status, said=said, beside=beside, alone=alone):
            mixed = results(entry("SUCCESS"), entry(status, said), entry("SUCCESS"))
            assert verdicts(mixed, 3) == [A, beside, A]
            assert set(mixed.exceptions) == (set() if beside is A else {2})
            same = results(entry(status, said), entry(status, said))
            assert verdicts(same, 2) == [alone, alone]
            assert set(same.exceptions) == ({1, 2} if alone is R else set())
            assert same.outcome.reason


def test_an_entry_that_is_not_understood_is_unknown_and_the_others_stand(
    subtests: pytest.Subtests,
) -> None:
    for strange in [
        None,
        "SUCCESS",
        {},
        {"Status": "SUCCESS"},
        {"Status": "SUCCESS", "MessageId": ""},
        {"Status": "SUCCESS", "MessageId": 7},
        {"Status": "SUCCESS", "MessageId": "m1", "Error": "but"},
        {"Status": "TRANSIENT_FAILURE", "MessageId": "m1"},
        {"Status": ["SUCCESS"], "MessageId": "m1"},
        {"MessageId": "m1"},
    ]:
        with subtests.test(strange=strange):
            answer = results(entry("SUCCESS"), strange, entry("INVALID_PARAMETER", BAD))
            assert verdicts(answer, 3) == [A, U, R]


def test_what_stops_all_leads_where_nobody_was_accepted(subtests: pytest.Subtests) -> None:
    for entries, leading in [
        (["INVALID_PARAMETER", "ACCOUNT_THROTTLED", "SUCCESS"], A),
        (["ACCOUNT_THROTTLED", "ACCOUNT_DAILY_QUOTA_EXCEEDED", "ACCOUNT_SENDING_PAUSED"], C),
        (["ACCOUNT_THROTTLED", "ACCOUNT_DAILY_QUOTA_EXCEEDED", "FAILED"], Q),
        (["FAILED", "TRANSIENT_FAILURE", "SOMETHING_NEW"], T),
    ]:
        with subtests.test(entries=entries, leading=leading):
            assert results(*map(entry, entries)).outcome.verdict is leading


def test_a_reason_names_the_error_and_keeps_names_to_itself() -> None:
    answer = parse_answer(batch(), error(400, "MessageRejected", UNVERIFIED))
    assert answer.outcome.reason.startswith("MessageRejected: Email address is not verified.")
    assert answer.outcome.reason.endswith("…@y.example")


def test_only_a_limit_is_waited_out_as_long_as_asked(subtests: pytest.Subtests) -> None:
    for name in ["TooManyRequestsException", "LimitExceededException", ""]:
        with subtests.test(name=name):
            asked = answered(429, {"message": ""}, x_amzn_errortype=name, retry_after="30")
            assert parse_answer(batch(), asked).retry_after == timedelta(seconds=30)
            refused = answered(400, {}, x_amzn_errortype="BadRequestException", retry_after="30")
            assert parse_answer(batch(), refused).retry_after is None
