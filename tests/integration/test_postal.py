"""Postal over a real connection."""

from newsletter.domain.delivery.batch import Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.postal import PostalServer

server, provider = fixtures("postal")


class TestContract(SingleProviderContract):
    message_id = "@rp.postal.example>"


def test_a_message_has_the_id_that_postal_gave_it(provider: HttpProvider) -> None:
    for number in (1, 2):
        outcome = provider.hand_over(provider.prepare(batch(ONE))).outcome
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, str(number))


def test_a_suspended_server_is_a_setting(server: PostalServer, provider: HttpProvider) -> None:
    server.suspended = True
    answer = provider.hand_over(provider.prepare(batch(ONE)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "ServerSuspended"
    assert server.delivered == []


def test_no_link_is_tracked(server: PostalServer, provider: HttpProvider) -> None:
    provider.hand_over(provider.prepare(batch(ONE)))
    (message,) = server.delivered
    assert message.one("X-AMP") == "skip"
