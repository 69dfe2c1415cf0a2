"""An in-house gateway on loopback: JSON of its own making, described in YAML."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, reply

ONE = """\
{
  "reference": "{{ message.id }}",
  "to": "{{ message.to }}",
  "from": {"name": {{ message.from_name | tojson }}, "email": "{{ message.from_address }}"},
  {% if message.reply_to %}"reply_to": "{{ message.reply_to }}",{% endif %}
  "subject": "{{ message.subject }}",
  "html": {{ message.html | tojson }},
  "text": {{ message.text | tojson }},
  "headers": {{ message.headers | tojson }}
}
"""
"""The body of a call for one message."""

MANY = """\
{"messages": [
  {% for message in messages %}
  {
    "reference": "{{ message.id }}",
    "to": "{{ message.to }}",
    "from": {"name": {{ message.from_name | tojson }}, "email": "{{ message.from_address }}"},
    "reply_to": {{ message.reply_to | tojson }},
    "subject": {{ message.subject | tojson }},
    "html": {{ message.html | tojson }},
    "text": {{ message.text | tojson }},
    "headers": {{ message.headers | tojson }}
  }{% if not loop.last %},{% endif %}
  {% endfor %}
]}
"""
"""The body of a call for several."""


@dataclass
class GatewayServer(LoopbackServer):
    """Takes a message, or several under ``messages``."""

    bearer: str = "token-for-tests"
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.bearer}":
            given = received.headers.get("authorization")
            return reply(401, {"error": f"unknown: {given}"})
        if received.path != "/v1/messages":
            return reply(404, {"error": "no such page"})
        try:
            messages = _messages(received)
        except ValueError:
            return reply(400, {"error": "not JSON"})
        for message in messages:
            if message["to"].endswith("@nowhere"):
                return reply(422, {"error": f"no mail exchanger for {message['to']}"})
        return reply(202, {"queued": [{"id": each["reference"]} for each in messages]}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        self.delivered += [_delivered(message) for message in _messages(received)]


def _messages(received: Received) -> list[dict[str, Any]]:
    said = json.loads(received.body)
    messages: list[dict[str, Any]] = said.get("messages", [said])
    return messages


def _delivered(message: dict[str, Any]) -> Delivered:
    name = message["from"]["name"].replace("\\", "\\\\").replace('"', '\\"')
    fields = {**message["headers"], "To": message["to"], "Subject": message["subject"]}
    fields["From"] = f'"{name}" <{message["from"]["email"]}>'
    if message.get("reply_to"):
        fields["Reply-To"] = message["reply_to"]
    return Delivered(
        to=message["to"], headers=tuple(fields.items()), text=message["text"], html=message["html"]
    )


KIND = Kind(
    server=lambda _: GatewayServer(),
    options={
        "url": "https://gateway.forum.example/v1/messages",
        "auth": {"bearer": "token-for-tests"},
        "message_id": "queued[0].id",
        "accepted": (200, 202),
        "quota": (420,),
        "batch_size": 250,
        "body": MANY,
    },
)
