"""Mailgun over a real connection: the contract, and every answer in every phase."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery import Answer, Verdict
from newsletter.providers.calls import HttpProvider
from newsletter.providers.http import Transport
from newsletter.providers.inquiries.mailgun import MailgunInquiry
from newsletter.providers.mailgun import Mailgun, Options
from tests.contracts.provider import ProviderContract, Service, batch
from tests.servers import (
    MailgunServer,
    Step,
    answer_bytes,
    bytes_then_close,
    bytes_then_silence,
    reply,
)

GOOD = '{"id": "<20110921180000.1@forum.example>", "message": "Queued. Thank you."}'
SEVERAL = ("ana@a.example", "ben@b.example")
ONE = ("ana@a.example",)


@pytest.fixture
def server() -> Iterator[MailgunServer]:
    with MailgunServer() as running:
        yield running


@pytest.fixture
def provider(server: MailgunServer) -> Iterator[HttpProvider]:
    yield from _provider(server, 20)


def _provider(
    server: MailgunServer, seconds: float, api_key: str = "key-for-tests"
) -> Iterator[HttpProvider]:
    options = Options.model_validate(
        {
            "kind": "mailgun",
            "domain": server.domain,
            "api_key": api_key,
            "base_url": server.url,
        }
    )
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Mailgun(options), transport, MailgunInquiry(options))
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: MailgunServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def said(message: str) -> str:
    return json.dumps({"message": message})


BAD_TO = "'to' parameter is not a valid address. please check documentation"

# status, body, verdict for several recipients, verdict for one
ANSWERS: dict[str, tuple[int, str, Verdict, Verdict]] = {
    "queued": (200, GOOD, Verdict.ACCEPTED, Verdict.ACCEPTED),
    "200 empty": (200, "", Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 half": (200, GOOD[:30], Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 page": (200, "<html>Welcome</html>", Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 list": (200, f"[{GOOD}]", Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 no id": (200, said("Queued."), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 odd id": (200, '{"id": 7, "message": "x"}', Verdict.UNKNOWN, Verdict.UNKNOWN),
    "200 void id": (200, '{"id": "", "message": "x"}', Verdict.UNKNOWN, Verdict.UNKNOWN),
    "201": (201, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "202": (202, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "300": (300, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "301": (301, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "302": (302, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "307": (307, GOOD, Verdict.UNKNOWN, Verdict.UNKNOWN),
    "bad to": (400, said(BAD_TO), Verdict.SPLIT, Verdict.REJECTED),
    "400 page": (400, "<html>Bad</html>", Verdict.SPLIT, Verdict.REJECTED),
    "400 to and domain": (
        400,
        said("to parameter is not a valid address: no such domain"),
        Verdict.SPLIT,
        Verdict.REJECTED,
    ),
    "bad from": (
        400,
        said("'from' parameter is not a valid address. please check documentation"),
        Verdict.CONFIGURATION,
        Verdict.CONFIGURATION,
    ),
    "unverified": (
        400,
        said("Domain forum.example is not allowed to send: unverified"),
        Verdict.CONFIGURATION,
        Verdict.CONFIGURATION,
    ),
    "bad variables": (
        400,
        said("recipient-variables is not valid JSON"),
        Verdict.CONFIGURATION,
        Verdict.CONFIGURATION,
    ),
    "bad parameters": (
        400,
        said("The parameters passed to the API were invalid. Check your inputs!"),
        Verdict.CONFIGURATION,
        Verdict.CONFIGURATION,
    ),
    "401": (401, "Forbidden", Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "402": (402, said("Payment required"), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "403": (403, said("Forbidden"), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "404": (404, said("Domain not found"), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "408": (408, said("Timed out"), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "413": (413, said("Too large"), Verdict.SPLIT, Verdict.CONFIGURATION),
    "418": (418, said("Teapot"), Verdict.CONFIGURATION, Verdict.CONFIGURATION),
    "420": (420, said("recipient limit exceeded"), Verdict.QUOTA, Verdict.QUOTA),
    "429": (429, said("Too many"), Verdict.RETRY, Verdict.RETRY),
    "500": (500, said("Internal"), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "502": (502, "<html>Bad Gateway</html>", Verdict.UNKNOWN, Verdict.UNKNOWN),
    "503": (503, said("Unavailable"), Verdict.UNKNOWN, Verdict.UNKNOWN),
    "504": (504, "", Verdict.UNKNOWN, Verdict.UNKNOWN),
}


@pytest.mark.parametrize("case", ANSWERS)
@pytest.mark.parametrize("addresses", [SEVERAL, ONE], ids=["several", "one"])
def test_each_full_answer_has_its_verdict(
    server: MailgunServer, provider: HttpProvider, case: str, addresses: tuple[str, ...]
) -> None:
    status, body, several, one = ANSWERS[case]
    server.script.append(reply(status, body))
    answer = hand_over(provider, *addresses)
    assert answer.outcome.verdict is (several if addresses is SEVERAL else one)
    assert answer.outcome.reason
    assert not answer.exceptions
    assert len(server.requests) == 1


def _cut(case: str) -> dict[str, Step]:
    status, body, *_ = ANSWERS[case]
    whole = answer_bytes(status, body.encode())
    head = whole[: len(whole) - len(body.encode())]
    longer = {"Content-Length": str(len(body.encode()) + 10)}
    return {
        "before the answer": bytes_then_close(b""),
        "in the status line": bytes_then_close(whole[:11]),
        "in the headers": bytes_then_close(head[: head.index(b"Content-Length") + 9]),
        "in the body": bytes_then_close(answer_bytes(status, body.encode(), longer)),
        "by a reset": bytes_then_close(
            answer_bytes(status, body.encode(), longer), reset=True, takes=True
        ),
    }


@pytest.mark.parametrize("case", ANSWERS)
@pytest.mark.parametrize("phase", list(_cut("queued")))
def test_the_same_answers_cut_off_are_all_unknown(
    server: MailgunServer, provider: HttpProvider, case: str, phase: str
) -> None:
    server.script.append(_cut(case)[phase])
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.verdict is Verdict.UNKNOWN
    assert answer.retry_after is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("case", ["queued", "bad to", "429", "500"])
def test_an_answer_that_stalls_in_its_body_is_unknown(server: MailgunServer, case: str) -> None:
    status, body, *_ = ANSWERS[case]
    step = bytes_then_silence(answer_bytes(status, body.encode())[:-2], takes=True)
    server.script.append(step)
    for provider in _provider(server, 0.4):
        assert hand_over(provider, *SEVERAL).outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 2


def test_an_accepted_batch_has_mailguns_id_and_words(provider: HttpProvider) -> None:
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.provider_id == "<1@forum.example>"
    assert answer.outcome.reason == "Queued. Thank you."


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: MailgunServer) -> None:
    for provider in _provider(server, 20, api_key="key-hush"):
        answer = hand_over(provider, *SEVERAL)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_a_reason_keeps_the_readers_name_to_itself(
    server: MailgunServer, provider: HttpProvider
) -> None:
    server.script.append(reply(400, said("to parameter ana.ruiz@a.example is not valid")))
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.reason == "to parameter …@a.example is not valid"


WORDS = "Too many requests, try again after 120 seconds"


@pytest.mark.parametrize(
    ("header", "message", "seconds"),
    [
        (None, "Too many requests", None),
        ("30", "Too many requests", 30),
        (None, WORDS, 120),
        ("30", WORDS, 120),
        ("300", WORDS, 300),
        ("soon", WORDS, 120),
        ("-1", "Too many requests", None),
        (None, "try again after 999999999 seconds", 3600),
        (None, "try again after 99999999999 seconds", None),
        ("Wed, 21 Sep 2011 18:05:00 GMT", "Too many requests", 300),
    ],
)
def test_a_rate_limit_is_waited_out_as_mailgun_asks(
    server: MailgunServer,
    provider: HttpProvider,
    header: str | None,
    message: str,
    seconds: int | None,
) -> None:
    headers = {"Retry-After": header} if header else {}
    server.script.append(reply(429, {"message": message}, headers))
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.verdict is Verdict.RETRY
    assert answer.retry_after == (None if seconds is None else timedelta(seconds=seconds))


def test_an_allowance_used_up_says_until_when(
    server: MailgunServer, provider: HttpProvider
) -> None:
    words = "recipient limit exceeded, try again after Wed, 21 Sep 2011 18:10:00 UTC"
    server.script.append(reply(420, {"message": words}))
    answer = hand_over(provider, *SEVERAL)
    assert answer.outcome.verdict is Verdict.QUOTA
    assert answer.retry_after == timedelta(minutes=10)
