"""Mailpit over a real connection."""

from newsletter.domain.delivery.batch import Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.mailpit import MailpitServer

server, provider = fixtures("mailpit")


class TestContract(SingleProviderContract):
    """The contract of all."""


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
