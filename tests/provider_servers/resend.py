"""Takes messages as Resend does, remembering what each idempotency key stood for."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Asked, Kind, bearer
from tests.servers import Delivered, LoopbackServer, Received, Step, reply


@dataclass
class ResendServer(LoopbackServer):
    """A team with one verified domain."""

    api_key: str = "re_for_tests"
    domain: str = "forum.example"
    delivered: list[Delivered] = field(default_factory=list)
    answered: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    """Idempotency key → the hash of the body that came with it, and the answer it got."""

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.path != "/emails/batch":
            return refusal(404, "not_found", "The requested endpoint does not exist.")
        if received.headers.get("authorization") != f"Bearer {self.api_key}":
            return refusal(403, "invalid_api_key", "API key is invalid")
        key = received.headers.get("idempotency-key", "")
        if not 1 <= len(key) <= 256:
            return refusal(400, "invalid_idempotency_key", "The key must be 1 to 256 characters.")
        body = hashlib.sha256(received.body).digest()
        if key in self.answered:
            known, answer = self.answered[key]
            if body == known:
                return reply(200, answer)
            return refusal(409, "invalid_idempotent_request", "The key stood for another body.")
        messages = json.loads(received.body)
        if fault := self._fault(messages):
            return fault
        answer = {"data": [{"id": f"{len(self.taken)}-{n}"} for n in range(len(messages))]}
        self.answered[key] = (body, answer)
        return reply(200, answer, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        self.delivered += [delivered(message) for message in json.loads(received.body)]

    def _fault(self, messages: list[dict[str, Any]]) -> Step | None:
        if not 1 <= len(messages) <= 100:
            return refusal(422, "validation_error", "A batch holds 1 to 100 emails.")
        for message in messages:
            if not message["from"].rstrip(">").endswith(f"@{self.domain}"):
                return refusal(403, "validation_error", "The domain is not verified.")
            (to,) = message["to"]
            if not re.fullmatch(r"[^@\s\"<>,;]+@[^@\s\"<>,;]+", to):
                return refusal(422, "validation_error", f"Invalid `to` field: {to}")
            for tag in message["tags"]:
                if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", tag["value"]):
                    return refusal(422, "validation_error", "A tag holds what none may.")
        return None


def refusal(status: int, name: str, message: str) -> Step:
    return reply(status, {"statusCode": status, "name": name, "message": message})


def delivered(message: dict[str, Any]) -> Delivered:
    """The message as its reader has it."""
    (to,) = message["to"]
    headers = [("From", message["from"]), ("To", to), ("Subject", message["subject"])]
    if "reply_to" in message:
        headers.append(("Reply-To", message["reply_to"]))
    headers += list(message["headers"].items())
    return Delivered(to=to, headers=tuple(headers), text=message["text"], html=message["html"])


KIND = Kind(
    server=lambda _: ResendServer(),
    options={"api_key": "re_for_tests"},
    asked=Asked(
        key="api_key",
        shown=bearer("re_for_tests"),
        answers={
            "/domains?limit=100": (
                200,
                {"data": [{"id": "d1", "name": "forum.example", "status": "verified"}]},
            )
        },
        refusal=(403, {"name": "invalid_api_key", "message": "API key is invalid"}),
    ),
)
