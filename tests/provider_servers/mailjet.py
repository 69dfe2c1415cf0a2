"""Mailjet's Send API v3.1 on loopback."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Asked, Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply

FORBIDDEN = {
    *("from", "sender", "subject", "to", "cc", "bcc", "reply-to", "return-path", "date"),
    *("message-id", "list-id", "user-agent", "x-mailer", "x-mj-customid", "x-mailjet-campaign"),
}


@dataclass
class MailjetServer(LoopbackServer):
    """Takes the valid messages of a call and answers 400 if any was not."""

    domain: str = "forum.example"
    api_key: str = "key-for-tests"
    secret_key: str = "secret-for-tests"  # noqa: S105  # made up, like all secrets of tests
    refuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Address → the error that its message gets."""
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        keys = b64encode(f"{self.api_key}:{self.secret_key}".encode()).decode()
        if received.headers.get("authorization") != f"Basic {keys}":
            return reply(401, error("mj-0015", 401, "API key authentication failure."))
        if received.path != "/v3.1/send":
            return reply(404, error("mj-0100", 404, "Resource not found"))
        try:
            messages = json.loads(received.body)["Messages"]
        except ValueError:
            return reply(400, error("mj-0002", 400, "Malformed JSON, please review the syntax."))
        if not 1 <= len(messages) <= 50:
            return reply(400, error("mj-0008", 400, "Max allowed item limit is 50.", "Messages"))
        items = [self._item(number, each) for number, each in enumerate(messages, start=1)]
        taken = [item["Status"] == "success" for item in items]
        return reply(200 if all(taken) else 400, {"Messages": items}, takes=any(taken))

    def take(self, received: Received) -> None:
        super().take(received)
        for number, message in enumerate(json.loads(received.body)["Messages"], start=1):
            if not self._fault(message):
                self.delivered.append(_delivered(message, len(self.taken) * 100 + number))

    def _item(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        if fault := self._fault(message):
            return {"Status": "error", "Errors": [fault]}
        (to,) = message["To"]
        message_id = (len(self.taken) + 1) * 100 + number
        return success(to["Email"], message_id, message.get("CustomID", ""))

    def _fault(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if not message["From"]["Email"].endswith(f"@{self.domain}"):
            return error("send-0008", 403, "The sender is not an authorized sender.", "From")
        for name in message.get("Headers", {}):
            if name.lower() in FORBIDDEN:
                return error("send-0011", 400, f"Header {name} is forbidden.", f'Headers["{name}"]')
        if not message.get("TextPart") and not message.get("HTMLPart"):
            why = "At least one part must be provided."
            return error("send-0003", 400, why, "HTMLPart", "TextPart")
        if len(message["Subject"]) > 255:
            return error("mj-0006", 400, "Subject is too long.", "Subject")
        (to,) = message["To"]
        return self.refuses.get(to["Email"])


def error(code: str, status: int, message: str, *about: str) -> dict[str, Any]:
    said = {"ErrorIdentifier": "e-1", "ErrorCode": code, "StatusCode": status}
    return {**said, "ErrorMessage": message, **({"ErrorRelatedTo": list(about)} if about else {})}


def malformed(address: str) -> dict[str, Any]:
    return error("mj-0013", 400, f'"{address}" is an invalid email address.', "To[0].Email")


def success(address: str, message_id: int, custom_id: str = "") -> dict[str, Any]:
    to = {"Email": address, "MessageUUID": f"uuid-{message_id}", "MessageID": message_id}
    return {"Status": "success", "CustomID": custom_id, "To": [to], "Cc": [], "Bcc": []}


def _delivered(message: dict[str, Any], number: int) -> Delivered:
    (to,) = message["To"]
    fields = [
        ("Subject", message["Subject"]),
        ("Message-ID", f"<{number}@mailjet.example>"),
        ("Reply-To", message.get("ReplyTo", {}).get("Email", "")),
        *message.get("Headers", {}).items(),
    ]
    sender = (message["From"].get("Name", ""), message["From"]["Email"])
    text, html = message.get("TextPart", ""), message.get("HTMLPart", "")
    return letter(to["Email"], sender, fields, text=text, html=html)


RECORDS = {"Domain": "forum.example", "DKIMStatus": "OK", "SPFStatus": "OK"}
"""A domain of which all is well."""

KIND = Kind(
    server=lambda _: MailjetServer(),
    message_id="@mailjet.example>",
    list_id=False,
    options={"api_key": "key-for-tests", "secret_key": "secret-for-tests"},
    asked=Asked(
        key="secret_key",
        shown=("authorization", "Basic a2V5LWZvci10ZXN0czpzZWNyZXQtZm9yLXRlc3Rz"),
        answers={
            "/v3/REST/sender?Domain=forum.example&Limit=1000": (
                200,
                {"Data": [{"Email": "*@forum.example", "Status": "Active"}], "Count": 1},
            ),
            "/v3/REST/dns/forum.example": (200, {"Data": [RECORDS], "Count": 1}),
        },
        what=frozenset({"provider key", "sender address", "sending domain"}),
    ),
)
