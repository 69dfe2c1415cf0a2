"""Fakes for speed. Each passes the contract suite of the real part."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from newsletter.credentials.links import LeaveLink, Owner
from newsletter.domain.campaigns.digest import Abstract
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay
from newsletter.domain.delivery.restore_guard import Absence, GuardRecord, Location, Mark
from newsletter.domain.delivery.transactional import EmailText, NoticeSection
from newsletter.domain.errors import (
    Defect,
    Fault,
    InvalidInput,
    NotFound,
    Refused,
    StoreUnavailable,
)
from newsletter.domain.events import Bounce, Event, EventKind, Forged
from newsletter.domain.statements.content import NAME_MARKS, Content, MergeField, Sender
from newsletter.domain.statements.statement import Reading, Statement, texts_of, writers_of
from newsletter.domain.subscribers.address import AddressHash
from newsletter.store.file.keys import Chain, HeadFile
from newsletter.store.sql import Store
from newsletter.store.sqlite import Sqlite
from tests.interrupted import WatchedStore

WORKSPACE = "f0" * 6
OURS = WORKSPACE + "0" * 24
"""An earlier try of this workspace, which is not the last one of any batch."""
THEIRS = "ab" * 6 + "0" * 24
"""A try of another workspace."""
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class FixedClock:
    """Blocks until it may continue."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._uptime = timedelta(0)

    def now(self) -> datetime:
        return self._now

    def uptime(self) -> timedelta:
        return self._uptime

    def advance(self, **how_far: float) -> None:
        """Move the clock forward; numbers below zero move it back."""
        step = timedelta(**how_far)
        self._now += step
        self._uptime += max(step, timedelta(0))

    def put(self, **how_far: float) -> None:
        """Set the clock so much further, while no time goes by."""
        self._now += timedelta(**how_far)


class ListSource:
    """Holds statements in a list."""

    def __init__(self, *statements: Statement) -> None:
        self.statements = list(statements)
        self.faults: list[Fault] = []
        self.complete = True

    def read(self) -> Reading:
        return Reading(
            statements=tuple(self.statements), faults=tuple(self.faults), complete=self.complete
        )


class PlainRenderer:
    """Renders without markup, but ``{name|friend}``. ``unrenderable`` in a body is a fault."""

    def __init__(self, fingerprint: str = "plain-1") -> None:
        self.fingerprint = fingerprint
        self.delivery_settings_hash = ""

    def prepare(self) -> None:
        """It needs nothing."""

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, is_test: bool = False
    ) -> Content:
        if "unrenderable" in statement.body:
            raise InvalidInput([Fault(file=statement.origin, message="cannot be rendered")])
        mark = MergeField.UNSUBSCRIBE.value
        link = f"https://news.forum.example/u/{mark}"
        written = "\n".join(one.body for one in (statement, *translations))
        body = written.replace("{name|friend}", NAME_MARKS[0])
        return Content(
            subject=statement.subject or statement.title,
            html=f"<!DOCTYPE html><p>{body}</p><a href='{link}'>leave</a>",
            text=f"{'A test. ' if is_test else ''}{body}\n{link}\n",
            language=statement.language,
            sender=Sender(name="Forum", address="news@forum.example"),
            headers=(("List-Unsubscribe", f"<{link}>"),),
            lists=statement.lists,
            corrects=statement.corrects,
            translation_of=statement.translation_of,
            send_at=statement.send_at.isoformat()
            if statement.send_at
            else str(statement.local_time or ""),
            segment=statement.segment,
            embargo_until=statement.embargo_until.isoformat() if statement.embargo_until else "",
            embargo=statement.embargo,
            template_version=self.fingerprint,
            delivery_settings_hash=self.delivery_settings_hash,
            fallbacks=("friend",) if body != written else (),
            writers=writers_of(statement, *translations),
            texts=texts_of(statement, *translations),
        )


class PlainWriter:
    """Writes emails of a line. A language called ``unwritable`` is a fault."""

    def transactional(
        self,
        says: EmailText,
        *,
        language: str,
        url: str,
        lists: tuple[str, ...] = (),
        about: str = "",
        news: tuple[NoticeSection, ...] = (),
    ) -> Content:
        if language == "unwritable":
            raise InvalidInput([Fault(file="letter", message="cannot be rendered")])
        told = "".join(f" | {one.label} | {one.title} | {' '.join(one.lines)}" for one in news)
        text = f"{says.value} {', '.join(lists)} {url}{about and f' {about}'}{told}"
        return Content(
            subject=says.value,
            html=f"<!DOCTYPE html><p>{text}</p>",
            text=text,
            language=language,
            sender=Sender(name="Forum", address="news@forum.example"),
            headers=(("Message-ID", f"<{MergeField.MESSAGE_ID.value}@forum.example>"),),
            lists=lists,
            corrects="",
            send_at="",
            embargo_until="",
            template_version="plain-1",
        )


class PlainAbstracts:
    """Says of a statement its title and summary, and a day as computers write it."""

    def of(self, statement: Statement, went_out: date, language: str) -> Abstract:
        return Abstract(
            title=statement.title,
            address=f"https://news.forum.example/archive/{statement.slug}",
            dated=self.dated(statement.date or went_out, language),
            opening=statement.summary,
        )

    def dated(self, day: date, language: str) -> str:
        return day.isoformat()


class RecordingProvider:
    """Accepts everything, or answers what ``answer`` says, and keeps a journal of what it took.

    Where ``replay`` is SAFE it takes only one message of a name, however often it is sent;
    where it is KEYED, it answers to an attempt that it took as it did at first. Messages of
    ``loses`` are sent as ever, and no answer arrives. Its records answer by address, like those
    of most providers; with ``all_or_none`` one message decides for the whole call.
    """

    def __init__(self, **capabilities: Any) -> None:
        self.name = "recording"
        self.capabilities = Capabilities(**({"max_recipients": 1000} | capabilities))
        self.loses: Callable[[OutgoingBatch], bool] = lambda _batch: False
        self.hides: set[int] = set()
        """Subscribers that its records do not show yet."""
        self.records_fail = False
        self.all_or_none = False
        self.looks = 0
        self._answers: dict[str, Answer] = {}
        self._taken: dict[str, dict[str, int]] = {}
        self.accepted: list[str] = []
        self.batches: list[OutgoingBatch] = []
        self.answer: Callable[[OutgoingBatch], Answer] = accept_all
        self._lock = threading.Lock()
        self._names: set[str] = set()

    def forget(self) -> None:
        """Lose the messages that it took."""
        self.accepted.clear()
        self._names.clear()
        self._taken.clear()
        self._answers.clear()

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        body = json.dumps([batch.attempt_id, [list(one) for one in batch.recipients]])
        return PreparedRequest(batch=batch, body=body.encode())

    def send(self, prepared: PreparedRequest) -> Answer:
        attempt = prepared.batch.attempt_id
        if prepared.not_after is not None and prepared.not_after.left() <= timedelta(0):
            return always(Verdict.LATE)(prepared.batch)
        if self.capabilities.replay is Replay.KEYED and attempt in self._answers:
            return self._heard(prepared.batch, self._answers[attempt])
        answer = self.answer(prepared.batch)
        with self._lock:
            self.batches.append(prepared.batch)
            for one in prepared.batch.recipients:
                outcome = answer.exceptions.get(one.subscriber_id, answer.outcome)
                known = self.capabilities.replay is Replay.SAFE and one.message_id in self._names
                if outcome.verdict is Verdict.ACCEPTED and not known:
                    self._names.add(one.message_id)
                    self.accepted.append(one.address)
                if outcome.verdict is Verdict.ACCEPTED:
                    self._taken.setdefault(attempt, {})[one.address] = one.subscriber_id
                    self._answers[attempt] = answer
        return self._heard(prepared.batch, answer)

    def _heard(self, batch: OutgoingBatch, answer: Answer) -> Answer:
        return always(Verdict.UNKNOWN)(batch) if self.loses(batch) else answer

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        self.looks += 1
        if self.records_fail or self.capabilities.records_delay is None:
            return LookupResult(reason="its records cannot be read")
        taken = self._taken.get(batch.attempt_id, {})
        asked = {one.address: one.subscriber_id for one in batch.recipients}
        shown = [n for address, n in asked.items() if address in taken and n not in self.hides]
        found = (asked.values() if shown else []) if self.all_or_none else shown
        return LookupResult(
            found={n: f"m{n}" for n in found}, is_complete=True, all_or_none=self.all_or_none
        )

    def close(self) -> None:
        """Nothing is open."""


def accept_all(_batch: OutgoingBatch) -> Answer:
    return Answer(outcome=Outcome(verdict=Verdict.ACCEPTED, provider_id="call-1"))


def always(verdict: Verdict, reason: str = "because") -> Callable[[OutgoingBatch], Answer]:
    """The same answer to every call."""
    return lambda _batch: Answer(outcome=Outcome(verdict=verdict, reason=reason))


class MemoryWatermark:
    """Holds the guard record in memory. ``full`` is a full disk.

    ``begun`` spares those tests the beginning of an epoch that look at other things.
    """

    def __init__(self, *, begun: bool = False) -> None:
        self.full = False
        self._lock = threading.Lock()
        self._record: GuardRecord | None = None
        if begun:
            self._record = GuardRecord(
                mark=Mark(generation="0" * 32), before="0" * 32, location=Location(file=1)
            )

    def location(self) -> Location:
        return Location(file=1)

    def read(self) -> GuardRecord | Absence:
        return Absence.MISSING if self._record is None else self._record

    def write(self, record: GuardRecord) -> None:
        self._refuse_when_full()
        self._record = record

    def follow(self, claims: int) -> None:
        if claims <= self._known().mark.claims:
            raise Refused("the database was exchanged")

    def store_claim(self, claims: int) -> None:
        with self._lock:
            known = self._known()
            if claims > known.mark.claims:
                self._refuse_when_full()
                self._record = replace(known, mark=replace(known.mark, claims=claims))

    def close(self) -> None:
        """Nothing is open."""

    def _known(self) -> GuardRecord:
        if self._record is None:
            raise Defect("a claim was made before its generation began")
        return self._record

    def _refuse_when_full(self) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")


class PlainLinks:
    """Unsigned links that can be read at a glance."""

    def for_batch(
        self, campaign_id: int, subscriber_ids: Sequence[int]
    ) -> tuple[list[str], list[str]]:
        return (
            [f"t-{campaign_id}-{number}" for number in subscriber_ids],
            [f"{number}.{campaign_id}.test" for number in subscriber_ids],
        )

    def read_unsubscribe(self, token: str) -> LeaveLink:
        return LeaveLink(*map(int, self._read(r"t-(\d+)-(\d+)", token)))

    def email_token(self, email_id: int) -> str:
        return f"l-{email_id}"

    def read_email_id(self, token: str) -> int:
        return int(self._read(r"l-(\d+)", token)[0])

    def preferences_token(self, subscriber_id: int, at: datetime) -> str:
        return f"p-{subscriber_id}-{at:%Y%m%dT%H%M}"

    def read_preferences(self, token: str) -> Owner:
        number, minute = self._read(r"p-(\d+)-(\w+)", token)
        return Owner(int(number), datetime.strptime(minute, "%Y%m%dT%H%M").replace(tzinfo=UTC))

    def _read(self, pattern: str, token: str) -> tuple[str, ...]:
        found = re.fullmatch(pattern, token)
        if found is None:
            raise NotFound("this link is not one of ours, or a part of it is missing")
        return found.groups()


hash_address = AddressHash(b"k" * 32)


class PostedEvents:
    """Reads events from JSON that is signed with a key, as the simplest of providers would post.

    ``post`` is the provider's side: it makes the headers and the body.
    """

    def __init__(self, key: bytes = b"key-for-tests") -> None:
        self._key = key

    def post(self, *events: Event, at: datetime = NOON) -> tuple[dict[str, str], bytes]:
        body = json.dumps([_as_json(event) for event in events]).encode()
        stamp = at.isoformat()
        return {"x-time": stamp, "x-signature": self._sign(stamp, body)}, body

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[Event, ...]:
        stamp = headers.get("x-time", "")
        if not hmac.compare_digest(headers.get("x-signature", ""), self._sign(stamp, body)):
            raise Forged("the signature is not of our key")
        if abs(now - datetime.fromisoformat(stamp)) > timedelta(hours=1):
            raise Forged("it was signed too long ago")
        return tuple(_from_json(one) for one in json.loads(body))

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self._key, stamp.encode() + body, hashlib.sha256).hexdigest()


def _as_json(event: Event) -> dict[str, object]:
    bounce = event.bounce.value if event.bounce else None
    return vars(event) | {"kind": event.kind.value, "at": event.at.isoformat(), "bounce": bounce}


def _from_json(one: Any) -> Event:
    if one.get("kind") not in {kind.value for kind in EventKind}:
        return Event(id=str(one.get("id")), kind=EventKind.OTHER, at=NOON, raw=json.dumps(one))
    bounce = Bounce(one["bounce"]) if one["bounce"] else None
    at = datetime.fromisoformat(one["at"])
    return Event(**one | {"kind": EventKind(one["kind"]), "at": at, "bounce": bounce})


def chain_of(path: Path) -> Chain:
    """The key of the audit log of a test's database, with its head next to the database."""
    return Chain(key=b"k" * 32, head=HeadFile(path.with_suffix(".audit")))


def store_in(path: Path, clock: FixedClock | None = None) -> Store:
    """The store in this file; without a clock, its time stands still."""
    chain, clock = chain_of(path), clock or FixedClock()
    return Store(Sqlite(path), hash_address=hash_address, chain=chain, clock=clock)


class LosesCommits(WatchedStore):
    """A store whose server is lost as it commits: the commit takes place, its answer is lost.

    The first ``answered`` commits are answered.
    """

    def __init__(self, store: Store, answered: int = 0) -> None:
        super().__init__(store, after=self._lose)
        self._answered = answered

    def acting_through(self, _: str) -> Self:
        return self

    def _lose(self) -> None:
        self._answered -= 1
        if self._answered < 0:
            raise StoreUnavailable("the server is gone")
