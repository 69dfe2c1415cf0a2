"""MailerSend over a real connection."""

from newsletter.domain.delivery.batch import Answer, Verdict
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import Service, batch
from tests.contracts.provider_single import ONE, SingleProviderContract
from tests.provider_servers.kinds import fixtures
from tests.provider_servers.mailersend import MailerSendServer

server, provider = fixtures("mailersend")


class TestContract(SingleProviderContract):
    message_id = "@mailersend.example>"

    def test_international_addresses_keep_their_name_and_get_a_dns_domain(
        self, service: Service
    ) -> None:
        """Only the domain: what stands before the @ must be ASCII for MailerSend, which refuses."""
        assert set(self.deliver(service, batch("eva@bücher.example"))) == {
            "eva@xn--bcher-kva.example"
        }
        outcome = hand_over(service.provider, "jörg@example.org").outcome
        assert outcome.verdict is Verdict.REJECTED
        assert len(service.delivered()) == 1


def hand_over(provider: HttpProvider, address: str = ONE, **changes: Sender) -> Answer:
    return provider.hand_over(provider.prepare(batch(address, **changes)))


def test_a_message_has_the_id_that_mailersend_gave_it(provider: HttpProvider) -> None:
    for number in (1, 2):
        outcome = hand_over(provider).outcome
        assert (outcome.verdict, outcome.provider_id) == (Verdict.ACCEPTED, f"message{number}")


def test_a_suppressed_reader_is_refused_with_the_reason(
    server: MailerSendServer, provider: HttpProvider
) -> None:
    server.suppressed[ONE] = ["hard_bounced"]
    outcome = hand_over(provider).outcome
    assert (outcome.verdict, outcome.reason) == (Verdict.REJECTED, "suppressed: hard_bounced")
    assert server.delivered == []


def test_what_a_paused_domain_keeps_is_never_sent_again_on_a_guess(
    server: MailerSendServer, provider: HttpProvider
) -> None:
    server.paused = True
    outcome = hand_over(provider).outcome
    assert outcome.verdict is Verdict.UNKNOWN
    assert "paused" in outcome.reason
    assert len(server.taken) == 1


def test_a_plan_and_a_limit_are_settings_and_cost_no_reader(
    server: MailerSendServer, provider: HttpProvider
) -> None:
    server.limit = "You have reached trial account unique recipients limit. #MS42225"
    answer = hand_over(provider)
    assert (answer.outcome.verdict, answer.outcome.reason) == (Verdict.CONFIGURATION, server.limit)
    server.limit, server.professional = "", False
    answer = hand_over(provider)
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert "#MS42235" in answer.outcome.reason
    assert server.delivered == []
