"""Postbox over a real connection."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from newsletter.providers.postbox.send import MAX_RECIPIENTS
from tests.provider_servers.postbox import PostboxServer

from newsletter.domain.delivery.batch import OutgoingBatch, Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import ProviderContract, Service, batch
from tests.provider_servers.kinds import made
from tests.servers import Delivered


@pytest.fixture
def server() -> Iterator[PostboxServer]:
    with PostboxServer() as running:
        yield running


@pytest.fixture
def provider(server: PostboxServer) -> Iterator[HttpProvider]:
    with made("postbox", server.url) as provider:
        yield provider


class TestContract(ProviderContract):
    @pytest.fixture
    def service(self, server: PostboxServer, provider: HttpProvider) -> Service:
        return Service(provider=provider, delivered=lambda: server.delivered, disable=server.close)

    def deliver(self, service: Service, sent: OutgoingBatch) -> dict[str, Delivered]:
        """In as many calls as Postbox needs."""
        got: dict[str, Delivered] = {}
        for start in range(0, len(sent.recipients), MAX_RECIPIENTS):
            some = sent.recipients[start : start + MAX_RECIPIENTS]
            got = super().deliver(service, replace(sent, recipients=some))
        return got


def test_one_suppressed_reader_leaves_the_others_accepted(
    server: PostboxServer, provider: HttpProvider
) -> None:
    server.suppressed.add("ben@b.example")
    answer = provider.hand_over(provider.prepare(batch()))
    assert (answer.outcome.verdict, answer.outcome.provider_id) == (Verdict.ACCEPTED, "1-1")
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert answer.exceptions[2].reason == "suppressed: suppressed for …@b.example"
    assert [message.to for message in server.delivered] == ["ana@a.example", "cy@c.example"]


def test_a_sender_nobody_verified_is_a_setting(
    server: PostboxServer, provider: HttpProvider
) -> None:
    sender = Sender(name="", address="news@other.example")
    answer = provider.hand_over(provider.prepare(batch(sender=sender)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert not answer.exceptions
    assert server.delivered == []


def test_a_mark_of_postboxs_own_is_refused_before_anything_leaves(
    server: PostboxServer, provider: HttpProvider
) -> None:
    with pytest.raises(InvalidInput, match="Postbox might replace"):
        provider.prepare(batch(text="Dear {{name}}"))
    assert server.requests == []
