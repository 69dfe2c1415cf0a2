"""Brevo on loopback: takes versions, reads template marks in them, keeps idempotency keys."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from tests.provider_servers.kind import Asked, Kind
from tests.servers import DATE, Delivered, LoopbackServer, Received, Step, letter, reply

_KEY_LIVES = 15 * 60
"""Seconds, by Brevo's changelog."""


@dataclass
class BrevoServer(LoopbackServer):
    """Takes messages as Brevo does: all of a call or nothing, and each key once."""

    api_key: str = "key-for-tests"
    delivered: list[Delivered] = field(default_factory=list)
    keys: dict[str, float] = field(default_factory=dict)
    """Idempotency key → when it came last."""
    events: list[dict[str, Any]] = field(default_factory=list)
    _events_of: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """By address and by tag."""
    shows_tags: Callable[[list[str]], str] = json.dumps
    now: Callable[[], float] = parsedate_to_datetime(DATE).timestamp

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("api-key") != self.api_key:
            return reply(401, {"code": "unauthorized", "message": "Key not found"})
        if received.path.startswith("/v3/smtp/statistics/events?"):
            return self._events(received)
        if received.path != "/v3/smtp/email":
            return reply(404, {"code": "document_not_found", "message": "Not found"})
        call = json.loads(received.body)
        known = {key for key, at in self.keys.items() if self.now() - at < _KEY_LIVES}
        for code, message in _faults(call, known):
            return reply(400, {"code": code, "message": message})
        number = len(self.taken) + 1
        count = len(call["messageVersions"])
        ids = [f"<{number}.{each}@relay.example>" for each in range(1, count + 1)]
        return reply(201, {"messageIds": ids}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        call = json.loads(received.body)
        self.note_key(received)
        self.delivered += [_said(call, version) for version in call["messageVersions"]]
        for number, version in enumerate(call["messageVersions"], start=1):
            self._note(f"<{len(self.taken)}.{number}@relay.example>", call, version)

    def note_key(self, received: Received) -> None:
        self.keys[json.loads(received.body)["headers"]["idempotencyKey"]] = self.now()

    def _note(self, identity: str, call: Mapping[str, Any], version: Mapping[str, Any]) -> None:
        event = {
            "email": version["to"][0]["email"],
            "date": datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds"),
            "subject": version["subject"],
            "messageId": identity,
            "event": "requests",
            "tag": self.shows_tags(call["tags"]),
            "from": call["sender"]["email"],
        }
        self.events.append(event)
        for name in (event["email"], *call["tags"]):
            self._events_of[name].append(event)

    def _events(self, received: Received) -> Step:
        """The events that match, the newest first; without any, no list of them."""
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(received.path).query).items()
        }
        events = self.events
        if "email" in query:
            events = self._events_of.get(query["email"], [])
        if "tags" in query:
            events = [e for tag in json.loads(query["tags"]) for e in self._events_of.get(tag, [])]
        shown = events[: -1 - int(query["limit"]) : -1]
        return reply(200, {"events": shown} if shown else {})


def _faults(call: Mapping[str, Any], keys: set[str]) -> Iterator[tuple[str, str]]:
    key = call.get("headers", {}).get("idempotencyKey", "")
    versions = call.get("messageVersions", [])
    if key in keys:
        yield "duplicate_parameter", "The request with this idempotencyKey was received already"
    if str(UUID(key)) != key:
        yield "invalid_parameter", "idempotencyKey should be a UUID"
    if "email" not in call.get("sender", {}):
        yield "missing_parameter", "sender is missing"
    if "htmlContent" not in call or "textContent" not in call or "subject" not in call:
        yield "missing_parameter", "htmlContent, textContent or subject is missing"
    if not 1 <= len(versions) <= 1000:
        yield "out_of_range", "messageVersions should have 1 to 1000 entries"
    yield from _bad_addresses(versions)


def _bad_addresses(versions: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for version in versions:
        for to in version["to"]:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", to["email"]):
                yield "invalid_parameter", f"email {to['email']} is not valid in to"


def _said(call: Mapping[str, Any], version: Mapping[str, Any]) -> Delivered:
    def said(name: str) -> str:
        return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", str(version.get(name, call[name])), flags=re.S)

    name = call["sender"].get("name", "")
    if not name.isascii() and re.search(r'[()<>@,:;".\[\]\\]', name):
        name = ""  # as Brevo drops it
    (to,) = (each["email"] for each in version["to"])
    fields = [
        ("Subject", said("subject")),
        ("Reply-To", call.get("replyTo", {}).get("email", "")),
        *version.get("headers", {}).items(),
    ]
    sender = (name, call["sender"]["email"])
    return letter(to, sender, fields, text=said("textContent"), html=said("htmlContent"))


KIND = Kind(
    server=lambda _: BrevoServer(),
    options={"api_key": "key-for-tests"},
    asked=Asked(
        key="api_key",
        shown=("api-key", "key-for-tests"),
        answers={
            "/v3/account": (200, {"email": "press@forum.example", "plan": []}),
            "/v3/senders/domains": (
                200,
                {"domains": [{"domain_name": "forum.example", "authenticated": True}], "count": 1},
            ),
        },
        refusal=(401, {"code": "unauthorized", "message": "Key not found"}),
    ),
)
