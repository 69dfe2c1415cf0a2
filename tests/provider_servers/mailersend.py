"""A MailerSend domain on loopback: one message a call, an id in the header of the answer."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.provider_servers.kind import Asked, Kind, bearer
from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply

_MAILBOX = re.compile(r"[!-?A-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_TOP = {"from", "to", "reply_to", "subject", "text", "html", "headers", "list_unsubscribe"}
_TOP |= {"tags", "settings"}


@dataclass
class MailerSendServer(LoopbackServer):
    """Takes messages as MailerSend does, and says in the answer whom it would never write to."""

    domain: str = "forum.example"
    api_token: str = "token-for-tests"  # noqa: S105
    professional: bool = True
    paused: bool = False
    limit: str = ""
    """Its refusal of every recipient: a limit of the account."""
    suppressed: dict[str, list[str]] = field(default_factory=dict)
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.api_token}":
            return reply(401, {"message": "Unauthenticated."})
        if (received.method, received.path) != ("POST", "/v1/email"):
            return reply(404, {"message": "Not found."})
        message = json.loads(received.body)
        if errors := self._errors(message):
            return reply(422, {"message": "The given data was invalid.", "errors": errors})
        (to,) = message["to"]
        if reasons := self.suppressed.get(to["email"]):
            return _suppressed(to["email"], reasons)
        headers = {"X-Message-Id": f"message{len(self.taken) + 1}"}
        if self.paused:
            headers["X-Send-Paused"] = "true"
        return reply(202, b"", headers, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        if not self.paused:
            self.delivered.append(_delivered(json.loads(received.body), len(self.taken)))

    def _errors(self, message: dict[str, Any]) -> dict[str, list[str]]:
        assert message.keys() <= _TOP, message.keys() - _TOP
        sender, (to,) = message["from"]["email"], message["to"]
        if not sender.endswith((f"@{self.domain}", f".{self.domain}")):
            verify = "The from.email domain must be verified in your account to send emails."
            return {"from.email": [f"{verify} #MS42207"]}
        if not self.professional and message.keys() & {"headers", "list_unsubscribe"}:
            return {"headers": ["Custom headers are available to other plans. #MS42235"]}
        if not _MAILBOX.fullmatch(to["email"]):
            return {"to.0.email": ["The to.0.email must be a valid email address. #MS42208"]}
        return {"to.0.email": [self.limit]} if self.limit else {}


def _suppressed(address: str, reasons: list[str]) -> Step:
    warning = {
        "type": "ALL_SUPPRESSED",
        "warning": "All of the recipients have been suppressed.",
        "recipients": [{"email": address, "name": "", "reasons": reasons}],
    }
    said = {"message": "There are some warnings for your request.", "warnings": [warning]}
    return reply(202, said, {"Content-Type": "application/json"})


def _delivered(message: dict[str, Any], number: int) -> Delivered:
    fields = [("Subject", message["subject"])]
    fields += [("Reply-To", message.get("reply_to", {}).get("email", ""))]
    fields += [("Message-ID", f"<email{number}@mailersend.example>")]
    if link := message.get("list_unsubscribe"):
        fields += [("List-Unsubscribe", link)]
        fields += [("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    for each in message.get("headers", []):
        assert re.fullmatch(r"[A-Za-z0-9-]+", each["name"])
        fields += [(each["name"], each["value"])]
    sender = (message["from"].get("name", ""), message["from"]["email"])
    to, text, html = message["to"][0]["email"], message.get("text", ""), message.get("html", "")
    return letter(to, sender, fields, text=text, html=html)


KIND = Kind(
    server=lambda _: MailerSendServer(),
    message_id="@mailersend.example>",
    ascii_mailboxes=True,
    options={"api_token": "token-for-tests"},
    asked=Asked(
        key="api_token",
        shown=bearer("token-for-tests"),
        answers={
            "/v1/domains?limit=100": (
                200,
                {
                    "data": [
                        {"id": "1jreeo", "name": "other.example", "is_verified": False},
                        {"id": "2kreeo", "name": "forum.example", "is_verified": True},
                    ],
                    "links": {"next": None},
                },
            )
        },
    ),
)
