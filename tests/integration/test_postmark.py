"""Postmark over a real connection: the contract and its refusals."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.postmark.check import PostmarkInquiry
from newsletter.providers.postmark.send import Options, Postmark
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.postmark import PostmarkServer

SEVERAL = ("ana@a.example", "ben@b.example")


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
