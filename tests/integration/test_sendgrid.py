"""SendGrid over a real connection: the contract and its refusals."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, batch
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.sendgrid import SendGridServer

server, provider = fixtures("sendgrid")


class TestContract(ProviderContract):
    """The contract of all."""


def hand_over(provider: HttpProvider, *addresses: str) -> Answer:
    return provider.hand_over(provider.prepare(batch(*addresses)))


def test_an_accepted_batch_has_sendgrids_id(provider: HttpProvider) -> None:
    assert hand_over(provider).outcome.provider_id == "message-1"


def test_an_address_sendgrid_refuses_splits_the_batch_and_is_rejected_alone(
    server: SendGridServer, provider: HttpProvider
) -> None:
    assert hand_over(provider, "a@a.example", "b@nowhere").outcome.verdict is Verdict.SPLIT
    assert hand_over(provider, "b@nowhere").outcome.verdict is Verdict.REJECTED
    assert server.delivered == []
