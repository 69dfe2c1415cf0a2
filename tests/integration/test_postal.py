"""Postal over a real connection."""

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.kinds import fixtures, made
from tests.provider_servers.postal import PostalServer

server, provider = fixtures("postal")


class TestContract(SingleProviderContract):
    message_id = "@rp.postal.example>"


def test_a_message_has_the_id_that_postal_gave_it(provider: HttpProvider) -> None:
    for number in (1, 2):
        outcome = provider.hand_over(provider.prepare(batch(ONE))).outcome
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, str(number))


def test_a_wrong_key_is_a_setting_and_shows_nowhere(
    subtests: pytest.Subtests, server: PostalServer
) -> None:
    for api_key in ["key-hush", " "]:
        with subtests.test(api_key=api_key):
            with made("postal", server.url, api_key=api_key) as provider:
                answer = provider.hand_over(provider.prepare(batch(ONE)))
                assert answer.outcome.verdict is Verdict.CONFIGURATION
                assert "hush" not in repr(answer)
            assert server.delivered == []


def test_a_suspended_server_and_a_strange_sender_are_settings(
    server: PostalServer, provider: HttpProvider
) -> None:
    stranger = batch(ONE, sender=Sender(name="", address="news@other.example"))
    answer = provider.hand_over(provider.prepare(stranger))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "UnauthenticatedFromAddress"
    server.suspended = True
    answer = provider.hand_over(provider.prepare(batch(ONE)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert answer.outcome.reason == "ServerSuspended"
    assert server.delivered == []


def test_no_link_is_tracked(server: PostalServer, provider: HttpProvider) -> None:
    provider.hand_over(provider.prepare(batch(ONE)))
    (message,) = server.delivered
    assert message.one("X-AMP") == "skip"
