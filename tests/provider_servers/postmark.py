"""Takes messages as Postmark does."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.provider_servers.kind import Asked, Kind
from tests.servers import Delivered, LoopbackServer, Received, Step, reply


@dataclass
class PostmarkServer(LoopbackServer):
    """A server with one stream, one confirmed sender and addresses it no longer writes to."""

    known: str = "token-for-tests"
    stream: str = "broadcast"
    sender: str = "news@forum.example"
    inactive: set[str] = field(default_factory=set)
    delivered: list[Delivered] = field(default_factory=list)
    of_address: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    page_rows: int = 500
    records: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("x-postmark-server-token") != self.known:
            return reply(401, error(10, "No Account or Server API tokens were supplied."))
        if received.path.startswith("/messages/outbound?"):
            return self._search(received)
        if received.path != "/email/batch":
            return reply(404, "not found")
        if len(received.body) > 50_000_000:
            return reply(413, error(0, "The request is larger than 50 MB."))
        messages = json.loads(received.body)
        if len(messages) > 500:
            return reply(422, error(410, "Too many messages: 500 in one call at most."))
        results = [self._result(number, each) for number, each in enumerate(messages, start=1)]
        return reply(200, json.dumps(results), takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        for message in json.loads(received.body):
            if self._refusal(message) is None:
                self.delivered.append(delivered(message))
                about = {name: message[name] for name in ("Tag", "MessageStream", "Metadata")}
                of_attempt = self.records[message["Metadata"]["attempt"]]
                record = {"MessageID": f"{len(self.taken)}-{len(of_attempt)}", **about}
                of_attempt.append(record)
                self.of_address[message["To"]].append(record)

    def _search(self, received: Received) -> Step:
        """A page of the messages of a stream with this tag and metadata, the newest first."""
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(received.path).query).items()
        }
        offset, count = int(query["offset"]), int(query["count"])
        if count > 500 or offset + count > 10_000:
            return reply(422, error(602, "Count and offset are too large."))
        if "recipient" in query:
            candidates = self.of_address[query["recipient"]]
        elif "metadata_attempt" in query:
            candidates = self.records[query["metadata_attempt"]]
        else:
            candidates = [each for of_one in self.records.values() for each in of_one]
        stream, tag = query["messagestream"], query.get("tag")
        matching = [
            each
            for each in reversed(candidates)
            if each["MessageStream"] == stream and tag in {None, each["Tag"]}
        ]
        page = {
            "TotalCount": len(matching),
            "Messages": matching[offset : offset + min(count, self.page_rows)],
        }
        return reply(200, json.dumps(page))

    def _result(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        fault = self._refusal(message)
        if fault:
            return fault
        return {
            "To": message["To"],
            "SubmittedAt": "2011-09-21T18:00:00.0000000Z",
            "MessageID": f"{len(self.taken)}-{number}",
            "ErrorCode": 0,
            "Message": "OK",
        }

    def _refusal(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if not message["From"].endswith((self.sender, f"<{self.sender}>")):
            return error(400, "The 'From' address you supplied is not a Sender Signature.")
        if message.get("MessageStream") != self.stream:
            return error(1235, "The stream provided does not exist on this server.")
        if not re.fullmatch(r"[^@\s\"<>,;]+@[^@\s\"<>,;]+", message["To"]):
            return error(300, f"Error parsing 'To': Illegal email address '{message['To']}'.")
        bodies = [message.get("TextBody", ""), message.get("HtmlBody", "")]
        if not any(bodies) or any(len(body.encode()) > 5_000_000 for body in bodies):
            return error(300, "TextBody and HtmlBody are empty or too long.")
        if message["To"] in self.inactive:
            return error(406, f"Found inactive addresses: {message['To']}.")
        return None


def error(code: int, message: str) -> dict[str, Any]:
    return {"ErrorCode": code, "Message": message}


def delivered(message: dict[str, Any]) -> Delivered:
    """The message as its reader has it. Without X-PM-KeepID, Message-ID is Postmark's own."""
    own = [(each["Name"], each["Value"]) for each in message["Headers"]]
    keeps = ("X-PM-KeepID", "true") in own
    headers = [("From", message["From"]), ("To", message["To"]), ("Subject", message["Subject"])]
    if "ReplyTo" in message:
        headers.append(("Reply-To", message["ReplyTo"]))
    for name, value in own:
        if name.lower() == "message-id" and not keeps:
            headers.append((name, "<replaced@postmark.example>"))
        elif name != "X-PM-KeepID":
            headers.append((name, value))
    return Delivered(
        to=message["To"], headers=tuple(headers), text=message["TextBody"], html=message["HtmlBody"]
    )


STREAM = {
    "ID": "broadcast",
    "MessageStreamType": "Broadcasts",
    "ArchivedAt": None,
    "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"},
}
"""A stream of which all is well."""

KIND = Kind(
    server=lambda _: PostmarkServer(),
    options={"server_token": "token-for-tests"},
    asked=Asked(
        key="server_token",
        shown=("x-postmark-server-token", "token-for-tests"),
        answers={
            "/server": (200, {"ID": 1, "Name": "Press", "ApiTokens": ["token-for-tests"]}),
            "/message-streams/broadcast": (200, STREAM),
        },
        refusal=(401, {"ErrorCode": 10, "Message": "Bad or missing API token."}),
        what=frozenset({"provider key", "message stream", "sending domain"}),
    ),
)
