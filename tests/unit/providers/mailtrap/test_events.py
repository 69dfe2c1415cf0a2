"""Mailtrap's webhooks: up to 500 events, signed over the body; their times are all there are."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from newsletter.domain.events import EventKind
from newsletter.providers.mailtrap.events import RETRY_PERIOD, Mailtrap
from tests.contracts import webhook
from tests.contracts.webhook import NOW, BodySigner, WebhookContract

OURS = "8d7a4c"


def said(event: str, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {
        "event": event,
        "timestamp": int(at.timestamp()),
        "sending_stream": "bulk",
        "category": "resigns",
        "custom_variables": {"campaign": "resigns", "attempt": "attempt1", "subscriber": "7"},
        "message_id": "1df37d17-0286-4d8b-8edf-bc4ec5be86e6",
        "email": "ana@example.org",
        "event_id": "bede7236-2284-43d6-a953-1fdcafd0fdbc",
    }
    return about | more


class Signer(BodySigner):
    name = "mailtrap-signature"
    key = OURS
    window = RETRY_PERIOD

    def webhook(self) -> Mailtrap:
        return Mailtrap(self.key)

    def example(self, at: datetime) -> bytes:
        return json.dumps({"events": [said("delivery", at=at)]}).encode()


class TestTheContract(WebhookContract):
    signed_by = Signer


def read(body: bytes) -> Any:
    return webhook.read(Signer(), body)


def read_one(event: str, **more: Any) -> Any:
    (found,) = read(json.dumps({"events": [said(event, **more)]}).encode())
    return found


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_events_may_come_one_a_line(ending: bytes) -> None:
    lines = [json.dumps(said(event, event_id=event)).encode() for event in ("delivery", "open")]
    found = read(ending.join(lines) + ending)
    assert [event.kind for event in found] == [EventKind.DELIVERED, EventKind.OPENED]


def test_events_may_come_as_an_array() -> None:
    assert len(read(json.dumps([said("open"), said("click")]).encode())) == 2


def test_a_broken_line_and_an_event_of_the_future_keep_no_others_out() -> None:
    late = said("click", at=NOW + timedelta(hours=1))
    lines = [json.dumps(said("open")), "{", json.dumps(late)]
    opened, broken, clicked = read("\n".join(lines).encode())
    kinds = (opened.kind, broken.kind, clicked.kind)
    assert kinds == (EventKind.OPENED, EventKind.OTHER, EventKind.CLICKED)
    assert broken.raw == "{"


def test_the_newest_event_of_a_batch_says_how_old_it_is() -> None:
    old = said("open", at=NOW - timedelta(days=2))
    assert len(read(json.dumps({"events": [old, said("click")]}).encode())) == 2
