"""Mailpit over a real connection."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.mailpit.send import Mailpit, Options
from newsletter.transport.transport import Transport
from tests.contracts.provider import Service, batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.mailpit import MailpitServer


@pytest.fixture
def server() -> Iterator[MailpitServer]:
    with MailpitServer() as running:
        yield running


@pytest.fixture
def provider(server: MailpitServer) -> Iterator[HttpProvider]:
    yield from _provider(server)


def _provider(server: MailpitServer, seconds: float = 20) -> Iterator[HttpProvider]:
    options = Options.model_validate({"kind": "mailpit", "base_url": server.url})
    transport = Transport(timeout=timedelta(seconds=seconds))
    yield HttpProvider(Mailpit(options), transport)
    transport.close()


class TestContract(SingleProviderContract):
    @pytest.fixture
    def service(self, server: MailpitServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)


def test_a_message_has_the_id_that_mailpit_gave_it(provider: HttpProvider) -> None:
    for number in (1, 2):
        outcome = provider.hand_over(provider.prepare(batch(ONE))).outcome
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, f"mail{number}")


def test_a_message_beyond_its_size_is_a_setting(
    server: MailpitServer, provider: HttpProvider
) -> None:
    server.most_bytes = 10_000
    answer = provider.hand_over(provider.prepare(batch(ONE, text="x" * 10_000)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "http: request body too large"
    assert server.delivered == []


def test_an_address_that_mailpit_cannot_read_is_rejected(
    server: MailpitServer, provider: HttpProvider
) -> None:
    answer = provider.hand_over(provider.prepare(batch("nobody")))
    assert answer.outcome.verdict is Verdict.REJECTED
    assert answer.outcome.reason == "invalid To address: nobody"
    assert server.delivered == []
