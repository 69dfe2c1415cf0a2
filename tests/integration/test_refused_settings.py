"""A provider refuses settings, over a real connection: no reader is to blame."""

from collections.abc import Mapping
from typing import Any

import pytest

from newsletter.domain.delivery.batch import Outcome, Verdict
from newsletter.domain.statements.content import Sender
from tests.contracts.provider import batch
from tests.fakes import FixedClock
from tests.provider_servers.kinds import ASKED, KINDS, made

KEYS = {**{kind: asked.key for kind, asked in ASKED.items()}, "postal": "api_key"}
STRANGER = Sender(name="Forum", address="else@other.example")
UNKNOWN_SENDER = {
    "mailersend": "#MS42207",
    "mailjet": "The sender is not an authorized sender.",
    "mailtrap": "'from' domain other.example is not verified",
    "postal": "UnauthenticatedFromAddress",
    "postmark": "",
    "resend": "",
    "sendgrid": "verified",
}


def refused(kind: str, said: Mapping[str, Any], **changes: Any) -> Outcome:
    """Return the outcome of a batch of which no reader has a message."""
    with KINDS[kind].server(FixedClock()) as server, made(kind, server.url, **changes) as provider:
        addresses = ("ana@a.example", "ben@b.example")[: provider.capabilities.max_recipients]
        answer = provider.send(provider.prepare(batch(*addresses, **said)))
        assert server.delivered == []
    assert not answer.exceptions
    return answer.outcome


@pytest.mark.parametrize(("kind", "key"), [*((kind, "re_hush") for kind in KEYS), ("postal", " ")])
def test_a_wrong_key_is_a_setting_and_shows_nowhere(kind: str, key: str) -> None:
    outcome = refused(kind, {}, **{KEYS[kind]: key})
    assert outcome.verdict is Verdict.CONFIGURATION
    assert "hush" not in repr(outcome)


@pytest.mark.parametrize("kind", UNKNOWN_SENDER)
def test_a_sender_nobody_vouched_for_is_a_setting(kind: str) -> None:
    outcome = refused(kind, {"sender": STRANGER})
    assert outcome.verdict is Verdict.CONFIGURATION
    assert UNKNOWN_SENDER[kind] in outcome.reason
