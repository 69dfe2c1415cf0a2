"""Postbox over a real connection, beside the contract of all."""

import pytest
from tests.provider_servers.postbox import PostboxServer

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Sender
from newsletter.providers.common.calls import HttpProvider
from tests.contracts.provider import batch
from tests.provider_servers.kinds import fixtures

server, provider = fixtures("postbox")


def test_one_suppressed_reader_leaves_the_others_accepted(
    server: PostboxServer, provider: HttpProvider
) -> None:
    server.suppressed.add("ben@b.example")
    answer = provider.send(provider.prepare(batch()))
    assert (answer.outcome.verdict, answer.outcome.provider_id) == (Verdict.ACCEPTED, "1-1")
    assert {n: each.verdict for n, each in answer.exceptions.items()} == {2: Verdict.REJECTED}
    assert answer.exceptions[2].reason == "suppressed: suppressed for …@b.example"
    assert [message.to for message in server.delivered] == ["ana@a.example", "cy@c.example"]


def test_a_sender_nobody_verified_is_a_setting(
    server: PostboxServer, provider: HttpProvider
) -> None:
    sender = Sender(name="", address="news@other.example")
    answer = provider.send(provider.prepare(batch(sender=sender)))
    assert answer.outcome.verdict is Verdict.CONFIGURATION
    assert not answer.exceptions
    assert server.delivered == []


def test_a_mark_of_postboxs_own_is_refused_before_anything_leaves(
    server: PostboxServer, provider: HttpProvider
) -> None:
    with pytest.raises(InvalidInput, match="Postbox might replace"):
        provider.prepare(batch(text="Dear {{name}}"))
    assert server.requests == []
