"""SendGrid on loopback: takes personalizations, fills substitutions, refuses as SendGrid does."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from tests.provider_servers.kind import Asked, Kind, bearer
from tests.servers import DATE, Delivered, LoopbackServer, Received, Step, letter, reply

VERIFIED = "news@forum.example"
_TIMES = r'TIMESTAMP "([0-9T:Z-]+)"'
_QUERY = re.compile(
    r'to_email = "([^"]+)"'
    rf" AND sg_message_id_created_at >= {_TIMES} AND sg_message_id_created_at < {_TIMES}"
)


@dataclass
class SendGridServer(LoopbackServer):
    """Takes messages as SendGrid does: all of a call or nothing."""

    api_key: str = "key-for-tests"
    delivered: list[Delivered] = field(default_factory=list)
    logs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _logs_of: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    now: Callable[[], float] = parsedate_to_datetime(DATE).timestamp

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        if received.headers.get("authorization") != f"Bearer {self.api_key}":
            message = "The provided authorization grant is invalid, expired, or revoked"
            return reply(401, errors(message))
        if received.path == "/v3/logs":
            return self._search(json.loads(received.body))
        if received.path.startswith("/v3/logs/"):
            log = self.logs.get(unquote(received.path.removeprefix("/v3/logs/")))
            return reply(200, log) if log else reply(404, errors("message not found"))
        if received.path != "/v3/mail/send":
            return reply(404, errors("not found"))
        call = json.loads(received.body)
        for status, message, name in _faults(call):
            return reply(status, errors(message, name))
        identity = f"message-{len(self.taken) + 1}"
        return reply(202, b"", {"X-Message-Id": identity}, takes=True)

    def take(self, received: Received) -> None:
        super().take(received)
        call = json.loads(received.body)
        self.delivered += [_merged(call, each) for each in call["personalizations"]]
        for number, each in enumerate(call["personalizations"]):
            self._note(f"message-{len(self.taken)}.recvd-1.{number}", call, each)

    def _note(self, identity: str, call: Mapping[str, Any], one: Mapping[str, Any]) -> None:
        log = {
            "sg_message_id": identity,
            "sg_message_id_created_at": f"{datetime.fromtimestamp(int(self.now()), UTC):%FT%TZ}",
            "from_email": call["from"]["email"],
            "to_email": one["to"][0]["email"],
            "subject": call["subject"],
            "status": "processed",
            "category": call["categories"],
            "custom_args": one["custom_args"],
        }
        self.logs[identity] = log
        self._logs_of[log["to_email"]].append(log)

    def _search(self, asked: Mapping[str, Any]) -> Step:
        """Summaries of the messages that match, without categories and custom arguments."""
        matching = list(reversed(list(self.logs.values())[-10:]))
        if "query" in asked:
            query = _QUERY.fullmatch(asked["query"])
            if query is None:
                return reply(400, errors("invalid query"))
            address, begin, end = query.groups()
            matching = [
                log
                for log in self._logs_of.get(address, [])
                if begin <= log["sg_message_id_created_at"] < end
            ]
        hidden = {"category", "custom_args"}
        rows = [{name: log[name] for name in log.keys() - hidden} for log in matching]
        return reply(200, {"messages": rows[: asked.get("limit", 10)]})


def errors(message: str, name: str | None = None) -> dict[str, Any]:
    """A refusal in SendGrid's form."""
    return {"errors": [{"message": message, "field": name, "help": None}]}


def _faults(call: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    each = call.get("personalizations", [])
    if call.get("from", {}).get("email") != VERIFIED:
        yield 403, "The from address does not match a verified Sender Identity.", "from"
    if not each:
        yield 400, "You must have at least one personalization.", "personalizations"
    if len(each) > 1000:
        yield 400, "The personalization block is limited to 1000 a request.", "personalizations"
    if not all(part["value"] for part in call.get("content", [{"value": ""}])):
        yield 400, "The content value must be a string at least one character.", "content.0.value"
    yield from _faults_of_readers(each)


def _faults_of_readers(each: list[Mapping[str, Any]]) -> Iterator[tuple[int, str, str]]:
    addresses = [to["email"] for one in each for to in one["to"]]
    if len({address.lower() for address in addresses}) < len(addresses):
        message = "Each unique email address in the array should only be included once."
        yield 400, message, "personalizations"
    for number, address in enumerate(addresses):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
            name = f"personalizations.{number}.to.0.email"
            yield 400, "Does not contain a valid address.", name
    for number, one in enumerate(each):
        if len(json.dumps(one.get("substitutions", {}))) > 10_000:
            yield (
                400,
                "The substitutions are too large.",
                f"personalizations.{number}.substitutions",
            )


def _merged(call: Mapping[str, Any], one: Mapping[str, Any]) -> Delivered:
    def fill(template: str) -> str:
        for key, value in one.get("substitutions", {}).items():
            template = template.replace(key, value)
        return template

    (to,) = (each["email"] for each in one["to"])
    fields = [
        ("Subject", fill(call["subject"])),
        ("Reply-To", call.get("reply_to", {}).get("email", "")),
        *one.get("headers", call.get("headers", {})).items(),
    ]
    sender = (call["from"].get("name", ""), call["from"]["email"])
    bodies = {part["type"]: fill(part["value"]) for part in call["content"]}
    return letter(to, sender, fields, text=bodies["text/plain"], html=bodies["text/html"])


KIND = Kind(
    server=lambda _: SendGridServer(),
    options={"api_key": "key-for-tests"},
    asked=Asked(
        key="api_key",
        shown=bearer("key-for-tests"),
        answers={
            "/v3/scopes": (200, {"scopes": ["alerts.read", "mail.send"]}),
            "/v3/whitelabel/domains?limit=200": (
                200,
                [
                    {"id": 1, "domain": "other.example", "valid": False},
                    {"id": 2, "domain": "forum.example", "subdomain": "em1", "valid": True},
                ],
            ),
        },
        refusal=(401, {"errors": [{"message": "authorization required"}]}),
    ),
)
