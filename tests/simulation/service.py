"""A simulated provider that speaks HTTP, has records and keeps a journal.

The journal is what readers got. Only the oracle reads it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from newsletter.domain.delivery.batch import unique_part
from tests.fakes import THEIRS

KEY_LIVES = timedelta(minutes=10)
SETTLES = timedelta(minutes=2)
"""The time after which the records have every accepted message."""
KEPT = timedelta(days=1)
_PAGE = 2
"""Messages on one page of the records."""
_ODDS = 3
_ONE_LOOK = timedelta(seconds=4)
"""Requests within this time belong to one look-up."""


class How(Enum):
    """The fate of a call, by the provider or the network."""

    TAKE = "take"
    """It accepts the call and answers."""
    HINTS = "hints"
    """It answers 103 Early Hints at once, and the answer later."""
    LOSE = "lose"
    """It accepts the call, and the connection breaks before the answer."""
    SILENT = "silent"
    """It accepts the call and loses the answer; every second message reaches its records late."""
    DROP = "drop"
    """The connection breaks before it accepts anything."""
    REDIRECT = "redirect"
    """It accepts nothing and redirects."""
    BUSY = "busy"
    """It refuses for now."""
    QUOTA = "quota"
    """It refuses for today."""
    CONFIGURATION = "configuration"
    """It refuses the key."""
    SPLIT = "split"
    """It, or a proxy before it, finds the call too large."""
    PARTLY = "partly"
    """It rejects some readers for good and accepts the others."""
    AGAIN = "again"
    """It defers some readers and accepts the others."""
    DOUBLED = "doubled"
    """A proxy makes the call twice, if the provider knows keys, and the second answer arrives."""
    TORN = "torn"
    """It defers some readers and accepts the others; its answer ends in the middle."""
    TIMEOUT = "timeout"
    """It accepts the call and answers 408, as a proxy before it does."""
    HALF = "half"
    """It accepts the call. Its answer leaves out every second reader, or says that it failed."""
    UNREADABLE = "unreadable"
    """Its records answer with an error. A call is dropped."""
    STALE = "stale"
    """A replica that lags answers for the records: it omits messages, or its index is empty."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The state of the database at the claim of a call."""

    commit: int
    at: datetime
    """True time."""
    host: str
    host_at: datetime
    """By the machine's clock."""
    jumps: int
    """The number of changes of that clock."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message that the provider accepted, to one address."""

    campaign: str
    """The tag of the call: a statement's slug."""
    subscriber: int
    """By the call. The oracle finds the person by the address."""
    address: str
    message_id: str
    subject: str
    text: str
    html: str
    attempt: str
    provider: str
    key: str
    """The credentials of the call."""
    recorded: bool
    """The provider's records have the message."""
    at: datetime
    claimed: Claimed

    @property
    def try_(self) -> str:
        """In words."""
        return f"try {int(unique_part(self.attempt))} at {account_of(self.key)}"


@dataclass(kw_only=True)
class Row:
    """A message in the records of an account."""

    address: str
    sender: str
    campaign: str
    attempt: str
    subscriber: int
    name: str
    at: datetime
    shows_at: datetime
    hidden: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """By key: the last question that left the row out, and its time."""
    shown: set[str] = field(default_factory=set)
    """The keys for which a replica has shown the row after it left it out."""


class Request(NamedTuple):
    """A request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The credentials."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class Reply(NamedTuple):
    """An answer."""

    status: int
    payload: object

    def encode(self, now: datetime) -> bytes:
        """Return its bytes, dated by the provider's clock."""
        body = json.dumps(self.payload).encode()
        head = f"HTTP/1.1 {self.status} -\r\nContent-Length: {len(body)}\r\n"
        head += f"Date: {format_datetime(now, usegmt=True)}\r\n"
        return head.encode() + b"Content-Type: application/json\r\n\r\n" + body


LATE = Reply(408, {"message": "timeout"})
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


class Arrival(NamedTuple):
    """The part of an answer that arrives, and when."""

    at_once: bytes
    later: bytes = b""
    """Sent when the client reads on, or before the answer to the next request."""
    ends: bool = False
    """The connection is closed after it."""


@dataclass(kw_only=True)
class Account:
    """The data of one account."""

    keys: dict[str, tuple[datetime, bytes, Reply]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """Message id → its final status."""


def arrival(whole: bytes, how: How, now: datetime) -> Arrival:
    """Return the part of an answer that arrives."""
    if how is How.TIMEOUT:
        whole = LATE.encode(now)
    if how is How.TORN:
        return Arrival(whole[: len(whole) // 2], ends=True)
    if how in {How.LOSE, How.SILENT}:
        return Arrival(b"", ends=True)
    return Arrival(EARLY_HINTS, later=whole) if how is How.HINTS else Arrival(whole)


STATUS = {How.REDIRECT: 302, How.BUSY: 429, How.QUOTA: 402, How.CONFIGURATION: 401, How.SPLIT: 413}
HAVE_RECORDS = frozenset({"asked", "both"})
"""Traits of providers with records."""
BROKEN = {How.DROP, How.UNREADABLE}


class Service:
    """The provider with all its accounts. It calls ``took`` with each accepted message."""

    def __init__(
        self, name: str, traits: str, took: Callable[[Mail], None], opened: datetime
    ) -> None:
        self.name = name
        self.traits = traits
        self.refused: set[str] = set()
        """Addresses that it rejected permanently."""
        self._accounts: dict[str, Account] = {}
        self._took = took
        self._opened = opened

    def account(self, key: str) -> Account:
        """Return the account of a key. A rotated key opens the same account."""
        name = account_of(key)
        if name not in self._accounts:
            self._accounts[name] = Account(rows=list(self._foreign()))
        return self._accounts[name]

    def _foreign(self) -> Iterator[Row]:
        """Yield messages of another workspace, to the same addresses."""
        for number in (1, 2):
            yield Row(
                address=f"reader{number}@example.org",
                sender="other@forum.example",
                campaign="resignation",
                attempt=THEIRS,
                subscriber=number,
                name=f"foreign-{number}",
                at=self._opened,
                shows_at=self._opened,
            )

    def answer(self, request: Request, how: How, now: datetime, claimed: Claimed) -> Arrival:
        """Handle a request. Return the part of the answer that arrives."""
        if how in BROKEN and not (how is How.UNREADABLE and request.method == "GET"):
            return Arrival(b"", ends=True)
        if how in STATUS:  # also for a replay: the request does not reach the check of the key
            if how is How.SPLIT and request.method == "POST":
                addresses = [message["to"] for message in json.loads(request.body)["messages"]]
                self.refused.update(addresses if len(addresses) == 1 else ())
            return Arrival(Reply(STATUS[how], {"message": how.value}).encode(now))
        if request.method == "GET":
            reply = self._records(request, how, now)
        else:
            reply = self._send(request, how, now, claimed)
        return arrival(reply.encode(now), how, now)

    @staticmethod
    def attempt(request: Request) -> str:
        """Return the name of the attempt; empty for a question."""
        return str(json.loads(request.body)["attempt"]) if request.method == "POST" else ""

    def close(self) -> None:
        """Nothing is open."""

    def _send(self, request: Request, how: How, now: datetime, claimed: Claimed) -> Reply:
        account, call = self.account(request.key), json.loads(request.body)
        known = self._known(account, call["attempt"], request.body, now)
        if known is not None:
            return _told(known, how)
        statuses = [
            self._take(account, request, call, number, how, now, claimed)
            for number in range(len(call["messages"]))
        ]
        reply = Reply(200, {"messages": [{"status": status} for status in statuses]})
        account.keys[call["attempt"]] = (now, request.body, reply)
        return _told(reply, how)

    def _known(self, account: Account, key: str, body: bytes, now: datetime) -> Reply | None:
        """Return the first answer to this key while the provider knows the key."""
        first = account.keys.get(key)
        if first is None or self.traits not in {"keyed", "both"} or now - first[0] >= KEY_LIVES:
            return None
        if first[1] == body:
            return first[2]
        # one of them takes other bytes for a new message
        other = Reply(409, {"message": "the key has another body"})
        return None if self.traits == "keyed" else other

    def _take(
        self,
        account: Account,
        request: Request,
        call: dict[str, Any],
        number: int,
        how: How,
        now: datetime,
        claimed: Claimed,
    ) -> str:
        message = call["messages"][number]
        known = account.names.get(message["id"]) if self.traits == "safe" else None
        if known:
            return known  # the provider decides once for each message id
        status = _judged(message["subscriber"], how)
        if status != "later":
            account.names[message["id"]] = status
        if status == "refused":
            self.refused.add(message["to"])
        if status != "taken":
            return status
        late = SETTLES if how is How.SILENT and number % 2 else timedelta(seconds=1)
        account.rows.append(
            Row(
                address=message["to"],
                sender=call["from"],
                campaign=call["campaign"],
                attempt=call["attempt"],
                subscriber=message["subscriber"],
                name=f"{self.name}-{len(account.rows)}",
                at=now,
                shows_at=now + late,
            )
        )
        marked = {part: _merged(call[part], call["marks"], message) for part in _PARTS}
        self._took(
            Mail(
                campaign=call["campaign"],
                subscriber=message["subscriber"],
                address=message["to"],
                message_id=message["id"],
                attempt=call["attempt"],
                provider=self.name,
                key=request.key,
                recorded=self.traits in HAVE_RECORDS,
                at=now,
                claimed=claimed,
                **marked,
            )
        )
        return status

    def _records(self, request: Request, how: How, now: datetime) -> Reply:
        """Return one page of the messages that match a question, newest first."""
        question, _, after = request.target.partition("&search_after=")
        query = parse_qs(urlsplit(question).query)
        rows = self._matching(request.key, query, now)
        if how is How.UNREADABLE:
            for row in rows:
                row.hidden.pop(request.key, None)
            return Reply(500, {"message": "an internal error"})
        rows = [row for row in rows if not _hides(row, request.key, question, how, now)]
        begin = int(after or 0)
        more = str(begin + _PAGE) if len(rows) > begin + _PAGE else None
        page = [_shown(row) for row in rows[begin : begin + _PAGE]]
        return Reply(200, {"messages": page, "next_page_cursor": more})

    def _matching(self, key: str, query: dict[str, list[str]], now: datetime) -> list[Row]:
        to = query.get("filters[to][value][]")
        begin, end = (
            datetime.fromisoformat(query[name][0]) if name in query else None
            for name in ("filters[sent_after]", "filters[sent_before]")
        )
        domain = query.get("filters[from][value]", [""])[0]
        rows = [
            row
            for row in self.account(key).rows
            if (to is None or row.address in to)
            and (begin is None or begin <= row.at)
            and (end is None or row.at <= end)
            and domain in row.sender
            # rows expire one by one
            and row.shows_at <= now < row.at + KEPT
        ]
        rows.reverse()
        return rows


_PARTS = ("subject", "text", "html")


def account_of(key: str) -> str:
    """Return the account that a key opens: ``recording-1.2`` opens ``recording-1``."""
    return key.partition(".")[0]


def _merged(template: str, marks: Sequence[str], message: dict[str, Any]) -> str:
    for mark, value in zip(marks, (message["token"], message["id"], message["name"]), strict=True):
        template = template.replace(mark, value)
    return template


def _judged(subscriber: int, how: How) -> str:
    """Return the status of a message. The same readers are rejected or deferred each time."""
    other = {How.PARTLY: "refused", How.AGAIN: "later", How.TORN: "later"}.get(how)
    return other if other and subscriber % _ODDS == 0 else "taken"


def _told(reply: Reply, how: How) -> Reply:
    """Return the answer, for ``HALF`` without every second reader."""
    if how is not How.HALF or reply.status != 200:
        return reply
    payload: Any = reply.payload
    told = [
        {"status": "unsaid"} if number % 2 else each
        for number, each in enumerate(payload["messages"])
    ]
    return Reply(200, {"messages": told})


def _hides(row: Row, key: str, question: str, how: How, now: datetime) -> bool:
    """Return whether a replica leaves a row out: in one look-up, until another shows it."""
    if row.attempt == THEIRS:
        return False
    before = row.hidden.get(key)
    if before is None:
        if how is not How.STALE or key in row.shown:
            return False
        if "sent_after" in question:
            row.hidden[key] = question, now
        return True
    if now - before[1] < _ONE_LOOK:
        return how is How.STALE
    if question == before[0]:
        del row.hidden[key]
        row.shown.add(key)
    return False


def _shown(row: Row) -> dict[str, object]:
    return {
        "message_id": row.name,
        "to": row.address,
        "from": row.sender,
        "category": row.campaign,
        "sent_at": row.at.isoformat(),
        "custom_variables": {"attempt": row.attempt, "subscriber": str(row.subscriber)},
    }
