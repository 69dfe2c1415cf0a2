"""A Postal server on loopback."""

import json
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from tests.provider_servers.kind import Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, reply


@dataclass
class PostalServer(LoopbackServer):
    """Takes messages as Postal does: HTTP 200 whatever it thinks of them."""

    domain: str = "forum.example"
    api_key: str = "key-for-tests"
    suspended: bool = False
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.path != "/api/v1/send/message":
            return reply(404, "<html>The page you were looking for doesn't exist</html>")
        key = received.headers.get("x-server-api-key", "")
        if not key:
            return _said("error", code="AccessDenied", message="Must be authenticated as a server.")
        if key != self.api_key:
            said = "The API token provided in X-Server-API-Key was not valid."
            return _said("error", code="InvalidServerAPIKey", message=said, token=key)
        if self.suspended:
            return _said("error", code="ServerSuspended")
        try:
            message = json.loads(received.body)
        except ValueError:
            return reply(400, "<html>Bad Request</html>")
        if code := self._fault(message):
            return _said("error", code=code, message=None)
        number = len(self.taken) + 1
        messages = {address: {"id": number, "token": "x" * 16} for address in message["to"]}
        return _said("success", message_id=_message_id(number), messages=messages)

    def take(self, received: Received) -> None:
        super().take(received)
        message = json.loads(received.body)
        for address in message["to"]:
            self.delivered.append(_delivered(message, address, len(self.taken)))

    def _fault(self, message: dict[str, Any]) -> str:
        _, sender = parseaddr(message.get("from", ""))
        if not message.get("to"):
            return "NoRecipients"
        if len(message["to"]) > 50:
            return "TooManyToAddresses"
        if not message.get("plain_body") and not message.get("html_body"):
            return "NoContent"
        if not sender:
            return "FromAddressMissing"
        return "" if sender.endswith(f"@{self.domain}") else "UnauthenticatedFromAddress"


def _said(status: str, **data: Any) -> Step:
    body = {"status": status, "time": 0.01, "flags": {}, "data": data}
    return reply(200, body, takes=status == "success")


def _message_id(number: int) -> str:
    return f"00000000-{number}@rp.postal.example"


def _delivered(message: dict[str, Any], address: str, number: int) -> Delivered:
    fields = {**message["headers"], "To": address}
    fields |= {"From": message["from"], "Subject": message["subject"]}
    if "reply_to" in message:
        fields["Reply-To"] = message["reply_to"]
    fields["Message-ID"] = f"<{_message_id(number)}>"
    return Delivered(
        to=address,
        headers=tuple(fields.items()),
        text=message.get("plain_body", ""),
        html=message.get("html_body", ""),
    )


KIND = Kind(
    server=lambda _: PostalServer(),
    message_id="@rp.postal.example>",
    options={"api_key": "key-for-tests", "base_url": "https://postal.forum.example"},
)
