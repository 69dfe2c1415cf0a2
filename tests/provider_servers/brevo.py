"""Brevo on loopback: takes versions, reads template marks in them, keeps idempotency keys."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.servers import Delivered, LoopbackServer, Received, Step, letter, reply


@dataclass
class BrevoServer(LoopbackServer):
    """Takes messages as Brevo does: all of a call or nothing, and each key once."""

    api_key: str = "key-for-tests"
    delivered: list[Delivered] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("api-key") != self.api_key:
            return reply(401, {"code": "unauthorized", "message": "Key not found"})
        if received.path != "/v3/smtp/email":
            return reply(404, {"code": "document_not_found", "message": "Not found"})
        call = json.loads(received.body)
        for code, message in _faults(call, self.keys):
            return reply(400, {"code": code, "message": message})
        number = len(self.taken) + 1
        count = len(call["messageVersions"])
        ids = [f"<{number}.{each}@relay.example>" for each in range(1, count + 1)]
        return reply(201, {"messageIds": ids}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        call = json.loads(received.body)
        self.keys.add(call["headers"]["idempotencyKey"])
        self.delivered += [_said(call, version) for version in call["messageVersions"]]


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
