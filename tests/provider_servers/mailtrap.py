"""Mailtrap's bulk stream on loopback."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.provider_servers.kind import Asked, Kind, bearer
from tests.servers import DATE, Delivered, LoopbackServer, Received, Step, letter, reply

MOST_BYTES = 50_000_000
_ON_A_PAGE = 30


@dataclass
class MailtrapServer(LoopbackServer):
    """Takes batches as Mailtrap does: a request overrides the base, field by field."""

    domain: str = "forum.example"
    api_token: str = "token-for-tests"  # noqa: S105  # made up, like all secrets of tests
    refuses: dict[str, str] = field(default_factory=dict)
    """Address → its fault."""
    delivered: list[Delivered] = field(default_factory=list)
    ignores: frozenset[str] = frozenset()
    """Filters that are not understood, and thus not applied."""
    log: list[dict[str, Any]] = field(default_factory=list)
    _log_of: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    now: Callable[[], float] = parsedate_to_datetime(DATE).timestamp

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.api_token}":
            return _refusal(401, "Unauthorized")
        if not received.headers.get("user-agent"):
            return _refusal(403, "Forbidden")
        if received.path.startswith("/api/email_logs?"):
            return self._search(parse_qs(urlsplit(received.path).query))
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
        for number, message in enumerate(_messages(received), start=1):
            if not self._fault(message):
                self.delivered.append(_delivered(message))
                self._note(f"{len(self.taken)}-{number}", message)

    def _note(self, identity: str, message: dict[str, Any]) -> None:
        row = {
            "message_id": identity,
            "status": "enqueued",
            "from": message["from"]["email"],
            "to": message["to"][0]["email"],
            "sent_at": datetime.fromtimestamp(self.now(), UTC).isoformat(),
            "category": message["category"],
            "custom_variables": message["custom_variables"],
            "place": len(self.log),
        }
        self.log.append(row)
        self._log_of[row["to"]].append(row)

    def _search(self, query: Mapping[str, list[str]]) -> Step:
        """A page of the messages that match, the newest first."""
        wanted = query.get("filters[to][value][]", [])
        rows = self.log
        if wanted and "to" not in self.ignores:
            rows = [row for address in wanted for row in self._log_of.get(address, [])]
            rows.sort(key=lambda row: int(row["place"]))
        begin, end = query.get("filters[sent_after]"), query.get("filters[sent_before]")
        if begin and end:
            rows = [row for row in rows if begin[0] <= row["sent_at"] <= end[0]]
        if after := query.get("search_after"):
            place = next(row["place"] for row in self.log if row["message_id"] == after[0])
            rows = [row for row in rows if row["place"] < place]
        page = rows[: -1 - _ON_A_PAGE : -1]
        more = page[-1]["message_id"] if len(rows) > len(page) else None
        shown = {"messages": page, "total_count": len(rows), "next_page_cursor": more}
        return reply(200, shown)

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


KIND = Kind(
    server=lambda _: MailtrapServer(),
    options={"api_token": "token-for-tests"},
    asked=Asked(
        key="api_token",
        shown=bearer("token-for-tests"),
        answers={
            "/api/domains": (
                200,
                {"data": [{"id": 1, "domain_name": "forum.example", "dns_verified": True}]},
            )
        },
        refusal=(401, {"error": "Incorrect API token"}),
    ),
)
