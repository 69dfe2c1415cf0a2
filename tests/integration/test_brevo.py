"""Brevo over a real connection: the contract and its refusals."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr

import pytest

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.brevo.check import BrevoInquiry
from newsletter.providers.brevo.send import Brevo, Options
from newsletter.providers.common.calls import HttpProvider
from newsletter.transport.transport import Transport
from tests.contracts.provider import ProviderContract, Service, batch, words_of
from tests.provider_servers.brevo import BrevoServer


@pytest.fixture
def server() -> Iterator[BrevoServer]:
    with BrevoServer() as running:
        yield running


@pytest.fixture
def provider(server: BrevoServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(
    server: BrevoServer, seconds: float = 20, api_key: str = "key-for-tests"
) -> Iterator[HttpProvider]:
    options = Options.model_validate({"kind": "brevo", "api_key": api_key, "base_url": server.url})
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Brevo(options), transport, BrevoInquiry(options))
    transport.close()


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: BrevoServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_an_accepted_batch_has_the_first_id(provider: HttpProvider) -> None:
    assert hand_over(provider).outcome.provider_id == "<1.1@relay.example>"


def test_the_same_attempt_again_is_unknown_and_reaches_nobody_twice(
    server: BrevoServer, provider: HttpProvider
) -> None:
    assert hand_over(provider).outcome.verdict is Verdict.ACCEPTED
    assert hand_over(provider).outcome.verdict is Verdict.UNKNOWN
    assert len(server.delivered) == 3


def test_each_message_names_its_attempt_and_subscriber(
    server: BrevoServer, provider: HttpProvider
) -> None:
    hand_over(provider)
    custom = [message.one("X-Mailin-custom") for message in server.delivered]
    assert custom == [f"resigns.attempt1.{number}" for number in (1, 2, 3)]


def test_a_name_with_an_accent_and_a_comma_arrives(
    server: BrevoServer, provider: HttpProvider
) -> None:
    sender = Sender(name="Fórum, e.V.", address="news@forum.example")
    provider.hand_over(provider.prepare(batch("a@a.example", sender=sender)))
    name, address = parseaddr(server.delivered[0].one("From"))
    assert (words_of(name), address) == ("Fórum, e.V.", "news@forum.example")


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: BrevoServer) -> None:
    for provider in _provider(server, api_key="key-hush"):
        answer = hand_over(provider)
        assert answer.outcome.verdict is Verdict.CONFIGURATION
        assert "hush" not in repr(answer)
    assert server.delivered == []


def test_an_address_brevo_refuses_splits_the_batch_and_is_rejected_alone(
    server: BrevoServer, provider: HttpProvider
) -> None:
    assert hand_over(provider, "a@a.example", "b@nowhere").outcome.verdict is Verdict.SPLIT
    assert hand_over(provider, "b@nowhere").outcome.verdict is Verdict.REJECTED
    assert server.delivered == []
