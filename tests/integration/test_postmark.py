"""Postmark over a real connection: the contract, its refusals, and every way an answer is lost."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery import Answer, Verdict
from newsletter.providers.calls import HttpProvider
from newsletter.providers.http import Transport
from newsletter.providers.inquiries.postmark import PostmarkInquiry
from newsletter.providers.postmark import Options, Postmark
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.postmark import PostmarkServer, error
from tests.servers import Step, answer_bytes, bytes_then_close, bytes_then_silence, reply

SEVERAL = ("ana@a.example", "ben@b.example")
GOOD = json.dumps(
    [
        {"To": to, "MessageID": to[:3], "ErrorCode": 0, "Message": "OK", "SubmittedAt": "now"}
        for to in SEVERAL
    ]
)


@pytest.fixture
def server() -> Iterator[PostmarkServer]:
    with PostmarkServer() as running:
        yield running


@pytest.fixture
def provider(server: PostmarkServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(
    server: PostmarkServer, seconds: float = 20, **changes: str
) -> Iterator[HttpProvider]:
    usual = {"kind": "postmark", "server_token": "token-for-tests", "base_url": server.url}
    transport = Transport(timeout=timedelta(seconds=seconds))
    options = Options.model_validate({**usual, **changes})
    yield HttpProvider(Postmark(options), transport, PostmarkInquiry(options))
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: PostmarkServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*(addresses or SEVERAL))))


def test_an_address_that_postmark_no_longer_writes_to_is_refused_alone(
    server: PostmarkServer, provider: HttpProvider
) -> None:
    server.inactive.add("ben@b.example")
    answer = hand_over(provider, "ana@a.example", "ben@b.example", "cy@c.example")
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert answer.outcome.provider_id == "0-1"
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert {each.to for each in server.delivered} == {"ana@a.example", "cy@c.example"}


def test_a_wrong_token_is_a_setting_and_shows_nowhere(server: PostmarkServer) -> None:
    for provider in _provider(server, server_token="token-hush"):
        answer = hand_over(provider)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_an_unknown_stream_is_a_setting(server: PostmarkServer) -> None:
    for provider in _provider(server, message_stream="other"):
        assert hand_over(provider).outcome.verdict is Verdict.CONFIGURATION
    assert server.delivered == []


def test_an_unconfirmed_sender_is_a_setting(server: PostmarkServer, provider: HttpProvider) -> None:
    server.sender = "other@forum.example"
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert not answer.exceptions
    assert server.delivered == []


def test_a_rate_limit_is_waited_out_as_asked(
    server: PostmarkServer, provider: HttpProvider
) -> None:
    server.script.append(reply(429, error(429, "Rate limit exceeded."), {"Retry-After": "30"}))
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.RETRY
    assert answer.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize("status", [301, 302, 307, 500, 502, 503, 504])
def test_no_redirect_is_followed_and_no_server_error_repeated(
    server: PostmarkServer, provider: HttpProvider, status: int
) -> None:
    server.script.append(reply(status, GOOD, {"Location": f"{server.url}/email/batch"}))
    assert hand_over(provider).outcome.verdict is Verdict.UNKNOWN
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ["", "[]", "<html>Welcome</html>", GOOD[:40], "{}"])
def test_a_200_that_is_not_understood_is_unknown(
    server: PostmarkServer, provider: HttpProvider, body: str
) -> None:
    server.script.append(reply(200, body, takes=True))
    assert hand_over(provider).outcome.verdict is Verdict.UNKNOWN
    assert len(server.requests) == 1


LONGER = {"Content-Length": str(len(GOOD) + 10)}
LOST = {
    "before the answer": bytes_then_close(b"", takes=True),
    "in the status line": bytes_then_close(answer_bytes(200, GOOD.encode())[:11], takes=True),
    "in the body": bytes_then_close(answer_bytes(200, GOOD.encode(), LONGER), takes=True),
    "by a reset": bytes_then_close(
        answer_bytes(200, GOOD.encode(), LONGER), reset=True, takes=True
    ),
}


@pytest.mark.parametrize("how", LOST)
def test_an_answer_cut_off_is_unknown(
    server: PostmarkServer, provider: HttpProvider, how: str
) -> None:
    step: Step = LOST[how]
    server.script.append(step)
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.UNKNOWN
    assert not answer.exceptions
    assert len(server.requests) == 1
    assert len(server.delivered) == 2


def test_an_answer_that_stalls_in_its_body_is_unknown(server: PostmarkServer) -> None:
    server.script.append(bytes_then_silence(answer_bytes(200, GOOD.encode())[:-2], takes=True))
    for provider in _provider(server, 0.4):
        assert hand_over(provider).outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 2
