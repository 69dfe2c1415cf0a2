"""SendGrid over a real connection: the contract and its refusals."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures, made
from tests.provider_servers.sendgrid import SendGridServer

server, provider = fixtures("sendgrid")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_an_accepted_batch_has_sendgrids_id(provider: HttpProvider) -> None:
    assert hand_over(provider).outcome.provider_id == "message-1"


def test_a_wrong_key_is_a_setting_and_shows_nowhere(server: SendGridServer) -> None:
    with made("sendgrid", server.url, api_key="key-hush") as provider:
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
