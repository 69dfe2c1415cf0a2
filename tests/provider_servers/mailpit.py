"""Mailpit on loopback."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply

RESTRICTED = "To From Cc Bcc Reply-To Date Subject Content-Type Mime-Version X-Tags".lower().split()


@dataclass
class MailpitServer(LoopbackServer):
    """Keeps messages as Mailpit does."""

    most_bytes: int = 50 * 1024 * 1024
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.path != "/api/v1/send":
            return reply(404, "404 page not found")
        if len(received.body) > self.most_bytes:
            return reply(413, {"Error": "http: request body too large"})
        try:
            message = json.loads(received.body)
        except ValueError:
            return reply(400, {"Error": "invalid character in literal"})
        if fault := _fault(message):
            return reply(400, {"Error": fault})
        return reply(200, {"ID": f"mail{len(self.taken) + 1}"}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        message = json.loads(received.body)
        for to in message["To"]:
            self.delivered.append(_delivered(message, to["Email"]))


def _fault(message: dict[str, Any]) -> str:
    for to in message.get("To", []):
        local, at, domain = to["Email"].partition("@")
        if not (local and at and domain):
            return f"invalid To address: {to['Email']}"
    for name in message.get("Headers", {}):
        if name.lower() in RESTRICTED:
            return f'cannot overwrite header: "{name}"'
    return ""


def _delivered(message: dict[str, Any], address: str) -> Delivered:
    fields = [
        ("Subject", message["Subject"]),
        ("Reply-To", ", ".join(each["Email"] for each in message.get("ReplyTo", []))),
        ("X-Tags", ", ".join(message.get("Tags", []))),
        *message.get("Headers", {}).items(),
    ]
    sender = (message["From"]["Name"], message["From"]["Email"])
    return letter(address, sender, fields, text=message["Text"], html=message["HTML"])


KIND = Kind(server=lambda _: MailpitServer())
