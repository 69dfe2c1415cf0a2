"""Mailtrap's bulk stream on loopback."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply

MOST_BYTES = 50_000_000


@dataclass
class MailtrapServer(LoopbackServer):
    """Takes batches as Mailtrap does: a request overrides the base, field by field."""

    domain: str = "forum.example"
    api_token: str = "token-for-tests"  # noqa: S105  # made up, like all secrets of tests
    refuses: dict[str, str] = field(default_factory=dict)
    """Address → what is wrong with it."""
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.api_token}":
            return _refusal(401, "Unauthorized")
        if not received.headers.get("user-agent"):
            return _refusal(403, "Forbidden")
        if received.path != "/api/batch":
            return _refusal(404, "Not found")
        if len(received.body) > MOST_BYTES:
            return _refusal(413, "Payload too large")
        try:
            messages = _messages(received)
        except ValueError:
            return _refusal(400, "invalid JSON")
        if not 1 <= len(messages) <= 500:
            return _refusal(400, "'requests' must hold 1 to 500 messages")
        items = [self._item(number, each) for number, each in enumerate(messages, start=1)]
        return reply(200, {"success": True, "responses": items}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        for message in _messages(received):
            if not self._fault(message):
                self.delivered.append(_delivered(message))

    def _item(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        if fault := self._fault(message):
            return {"success": False, "errors": [fault]}
        return {"success": True, "message_ids": [f"{len(self.taken)}-{number}"]}

    def _fault(self, message: dict[str, Any]) -> str:
        address = message["from"]["email"]
        if not address.endswith(f"@{self.domain}"):
            return f"'from' domain {address.partition('@')[2]} is not verified"
        (to,) = message["to"]
        if not message.get("subject") or not (message.get("text") or message.get("html")):
            return "must specify a subject and either text or html body"
        return self.refuses.get(to["email"], "")


def _refusal(status: int, error: str) -> Step:
    return reply(status, {"success": False, "errors": [error]})


def _messages(received: Received) -> list[dict[str, Any]]:
    said = json.loads(received.body)
    return [{**said["base"], **request} for request in said["requests"]]


def _delivered(message: dict[str, Any]) -> Delivered:
    (to,) = message["to"]
    fields = [
        ("Subject", message["subject"]),
        ("Reply-To", message.get("reply_to", {}).get("email", "")),
        *message.get("headers", {}).items(),
    ]
    sender = (message["from"].get("name", ""), message["from"]["email"])
    text, html = message.get("text", ""), message.get("html", "")
    return letter(to["email"], sender, fields, text=text, html=html)
