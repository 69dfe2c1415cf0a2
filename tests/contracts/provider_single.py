"""The contract of every provider, for those that take one recipient a call."""

from dataclasses import replace

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from tests.contracts.provider import ProviderContract, Service, batch

ONE = "only@example.org"


class SingleProviderContract(ProviderContract):
    """The suite, with one call for each recipient of a batch."""

    def test_several_recipients_in_one_call_are_refused(self, service: Service) -> None:
        for several in (batch(), replace(batch(), recipients=())):
            with pytest.raises(InvalidInput, match="one call takes one"):
                service.provider.prepare(several)
        assert service.delivered() == []

    def test_preparing_the_same_batch_twice_gives_the_same_bytes(self, service: Service) -> None:
        first, second = (service.provider.prepare(batch(ONE)) for _ in range(2))
        assert first.body == second.body

    def test_a_control_character_in_a_header_is_refused(
        self, subtests: pytest.Subtests, service: Service
    ) -> None:
        for bad in ["a\nBcc: eve@example.org", "a\rb", "a\0b", "a\u2028b", "a\x85"]:
            with subtests.test(bad=bad):
                sender = Sender(name=bad, address="news@forum.example")
                for faulty in (
                    batch(ONE, subject=bad),
                    batch(ONE, sender=sender),
                    batch(ONE, headers=(("List-Id", bad),)),
                    batch(ONE, headers=((bad, "value"),)),
                    batch(f"{bad}@example.org"),
                ):
                    with pytest.raises(InvalidInput):
                        service.provider.prepare(faulty)
                assert service.delivered() == []

    def test_what_was_prepared_is_what_leaves(self, service: Service) -> None:
        prepared = service.provider.prepare(batch(ONE))
        plain = PreparedRequest(batch=prepared.batch, body=prepared.body)
        assert service.provider.hand_over(plain).outcome.verdict is Verdict.ACCEPTED
        assert len(service.delivered()) == 1

    def test_a_provider_out_of_order_is_an_answer_not_an_error(self, service: Service) -> None:
        prepared = service.provider.prepare(batch(ONE))
        service.disable()
        answer = service.provider.hand_over(prepared)
        assert answer.outcome.verdict in {Verdict.RETRY, Verdict.CONFIGURATION}
        assert answer.outcome.reason
        assert not answer.exceptions
