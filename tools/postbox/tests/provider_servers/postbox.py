"""Postbox on loopback: each message of a call has an answer of its own."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Asked, Kind, bearer
from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply


@dataclass
class PostboxServer(LoopbackServer):
    """Takes the valid messages of a call."""

    api_key: str = "key-for-tests"
    domain: str = "forum.example"
    suppressed: set[str] = field(default_factory=set)
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.api_key}":
            return reply(401, {"message": "unknown key"})
        if received.path != "/v1/batches":
            return reply(404, {"message": "no such page"})
        messages = json.loads(received.body)["messages"]
        if not 1 <= len(messages) <= 100:
            return reply(400, {"message": "a batch holds 1 to 100 messages"})
        results = [self._result(number, each) for number, each in enumerate(messages, start=1)]
        return reply(200, {"results": results}, takes=any("id" in each for each in results))

    def take(self, received: Received) -> None:
        super().take(received)
        for message in json.loads(received.body)["messages"]:
            if not self._fault(message):
                self.delivered.append(_delivered(message))

    def _result(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        if code := self._fault(message):
            return {"error": {"code": code, "message": f"{code} for {message['to']}"}}
        return {"to": message["to"], "id": f"{len(self.taken) + 1}-{number}"}

    def _fault(self, message: dict[str, Any]) -> str:
        if not message["from"]["address"].endswith(f"@{self.domain}"):
            return "unverified_sender"
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", message["to"]):
            return "bad_address"
        return "suppressed" if message["to"] in self.suppressed else ""


def _delivered(message: dict[str, Any]) -> Delivered:
    def filled(text: str) -> str:
        return re.sub(r"\{\{.*?\}\}", "", text)  # as Postbox does, whether we like it or not

    fields = [("Subject", filled(message["subject"])), ("Reply-To", message.get("reply_to", ""))]
    fields += list(message["headers"].items())
    sender = (message["from"]["name"], message["from"]["address"])
    text, html = filled(message["text"]), filled(message["html"])
    return letter(message["to"], sender, fields, text=text, html=html)


KIND = Kind(
    server=lambda _: PostboxServer(),
    options={"api_key": "key-for-tests"},
    asked=Asked(
        key="api_key",
        shown=bearer("key-for-tests"),
        answers={"/v1/domains": (200, {"domains": [{"name": "forum.example", "verified": True}]})},
    ),
)
