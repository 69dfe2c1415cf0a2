"""SendGrid over a real connection: the contract and its refusals."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.sendgrid.check import SendGridInquiry
from newsletter.providers.sendgrid.send import Options, SendGrid
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.sendgrid import SendGridServer


@pytest.fixture
def server() -> Iterator[SendGridServer]:
    with SendGridServer() as running:
        yield running


@pytest.fixture
def provider(server: SendGridServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(
    server: SendGridServer, seconds: float = 20, api_key: str = "key-for-tests"
) -> Iterator[HttpProvider]:
    options = Options.model_validate(
        {"kind": "sendgrid", "api_key": api_key, "base_url": server.url}
    )
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(SendGrid(options), transport, SendGridInquiry(options))
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: SendGridServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_an_accepted_batch_has_sendgrids_id(provider: HttpProvider) -> None:
    assert hand_over(provider).outcome.provider_id == "message-1"


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: SendGridServer) -> None:
    for provider in _provider(server, api_key="key-hush"):
        answer = hand_over(provider)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_an_unverified_sender_is_a_setting(server: SendGridServer, provider: HttpProvider) -> None:
    sender = Sender(name="Forum", address="else@forum.example")
    answer = provider.hand_over(provider.prepare(batch(sender=sender)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert "verified" in answer.outcome.reason
    assert server.delivered == []


def test_an_address_sendgrid_refuses_splits_the_batch_and_is_rejected_alone(
    server: SendGridServer, provider: HttpProvider
) -> None:
    assert hand_over(provider, "a@a.example", "b@nowhere").outcome.verdict is Verdict.SPLIT
    assert hand_over(provider, "b@nowhere").outcome.verdict is Verdict.REJECTED
    assert server.delivered == []
