"""A provider as it may be: it loses answers, forgets keys, keeps records late, and keeps a journal.

The journal is what readers got. Nobody on our side ever reads it, except the oracle.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict, unique_part
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay

TIMEOUT = timedelta(seconds=30)
KEY_LIVES = timedelta(minutes=10)
SETTLES = timedelta(minutes=2)
_FOUND_AROUND = timedelta(days=3)
_ODDS = 3


class How(Enum):
    """What becomes of a call."""

    TAKE = "take"
    """It takes all, and says so."""
    LOSE = "lose"
    """It takes all, and its answer is lost."""
    SILENT = "silent"
    """The same, and its records show it as late as they may."""
    DROP = "drop"
    """It takes nothing, and nobody hears of it."""
    REDIRECT = "redirect"
    """It takes nothing, and answers that the service is somewhere else."""
    BUSY = "busy"
    """It refuses for now."""
    QUOTA = "quota"
    """It refuses for today."""
    CONFIGURATION = "configuration"
    """It refuses the key."""
    SPLIT = "split"
    """It, or a proxy before it, objects to the batch."""
    PARTLY = "partly"
    """It refuses some readers for good, and takes the others."""
    AGAIN = "again"
    """It puts some readers off, and takes the others."""
    TORN = "torn"
    """The same, and its answer is lost."""
    HALF = "half"
    """It takes all, and its answer speaks of some alone."""
    UNREADABLE = "unreadable"
    """Its records cannot be read. A call is as dropped."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """What the books said when a call was decided upon."""

    commit: int
    at: datetime
    """True time."""
    host: str
    host_at: datetime
    """By the clock of that machine."""
    jumps: int
    """How often that clock had been changed."""
    noted: int
    """The commit that wrote down that it leaves: what was stopped before stays."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message that the provider took, to one reader."""

    campaign: str
    subscriber: int
    address: str
    token: str
    message_id: str
    text: str
    attempt: str
    provider: str
    account: str
    at: datetime
    shows_at: datetime
    claimed: Claimed

    @property
    def try_(self) -> str:
        """In words."""
        return f"try {int(unique_part(self.attempt))} at {self.provider}, {self.account} account"


@dataclass(kw_only=True)
class Account:
    """What the provider keeps for one customer."""

    keys: dict[str, tuple[datetime, Answer]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


TRAITS: dict[str, dict[str, Any]] = {
    "keyed": {"replay": Replay.KEYED, "key_lives": KEY_LIVES},
    "asked": {"settles_in": SETTLES},
    "both": {"replay": Replay.KEYED, "key_lives": KEY_LIVES, "settles_in": SETTLES},
    "safe": {"replay": Replay.SAFE},
    "mute": {},
}


class Service:
    """The provider itself, with all its customers. ``took`` is told of each message."""

    def __init__(self, name: str, traits: str, took: Callable[[Mail], None]) -> None:
        self.name = name
        self.capabilities = Capabilities(max_recipients=1000, answers_each=True, **TRAITS[traits])
        self.accounts: dict[str, Account] = {}
        self._took = took

    def take(
        self, account: str, batch: OutgoingBatch, how: How, now: datetime, claimed: Claimed
    ) -> Answer:
        """Take a call, and answer it as far as the answer arrives."""
        books = self.accounts.setdefault(account, Account())
        known = self._known(books, batch, now)
        if how in _NOTHING:  # of a replay, too: it never came to where the key is known
            return Answer(outcome=_NOTHING[how])
        if known is not None:
            return _heard(batch, known, how)
        safe = self.capabilities.replay is Replay.SAFE
        answer = _judge(batch, how)
        if safe:  # what it has under this very name it does not refuse: it says that it has it
            there = {one.subscriber_id for one in batch.recipients if one.message_id in books.names}
            left = {number: one for number, one in answer.exceptions.items() if number not in there}
            answer = replace(answer, exceptions=left)
        for one in batch.recipients:
            verdict = answer.exceptions.get(one.subscriber_id, answer.outcome).verdict
            if verdict is Verdict.ACCEPTED and not (safe and one.message_id in books.names):
                late = SETTLES if how is How.SILENT else timedelta(seconds=1)
                mail = Mail(
                    campaign=batch.campaign,
                    subscriber=one.subscriber_id,
                    address=one.address,
                    token=one.unsubscribe,
                    message_id=one.message_id,
                    text=batch.content.text,
                    attempt=batch.attempt_id,
                    provider=self.name,
                    account=account,
                    at=now,
                    shows_at=now + late,
                    claimed=claimed,
                )
                books.names.add(one.message_id)
                books.mails.append(mail)
                self._took(mail)
        books.keys[batch.attempt_id] = (now, answer)
        return _heard(batch, answer, how)

    def _known(self, books: Account, batch: OutgoingBatch, now: datetime) -> Answer | None:
        """What it answered to this key at first, while it knows it."""
        first = books.keys.get(batch.attempt_id)
        keyed = self.capabilities.replay is Replay.KEYED
        return first[1] if first and keyed and now - first[0] < KEY_LIVES else None

    def look_up(self, account: str, batch: OutgoingBatch, how: How, now: datetime) -> LookupResult:
        """What its records show at the moment.

        They are asked for days around the attempt, by our clock. What surely lies there, since it
        was taken just now, shows whether those are the right days.
        """
        if how is How.UNREADABLE:
            return LookupResult(reason="its records cannot be read")
        if abs(now - batch.at) > _FOUND_AROUND:
            return LookupResult(reason="what is surely there was not found either")
        found = {
            mail.subscriber: mail.message_id
            for mail in self.accounts.setdefault(account, Account()).mails
            if mail.attempt == batch.attempt_id
            and mail.shows_at <= now
            and abs(mail.at - batch.at) <= _FOUND_AROUND
        }
        return LookupResult(found=found, whole=True)


_NOTHING = {
    How.DROP: Outcome(verdict=Verdict.UNKNOWN, reason="no answer came"),
    How.UNREADABLE: Outcome(verdict=Verdict.UNKNOWN, reason="no answer came"),
    How.REDIRECT: Outcome(verdict=Verdict.UNKNOWN, reason="302"),
    How.BUSY: Outcome(verdict=Verdict.RETRY, reason="busy"),
    How.QUOTA: Outcome(verdict=Verdict.QUOTA, reason="enough for today"),
    How.CONFIGURATION: Outcome(verdict=Verdict.CONFIGURATION, reason="wrong key"),
    How.SPLIT: Outcome(verdict=Verdict.SPLIT, reason="something in it"),
}
_ACCEPTED = Outcome(verdict=Verdict.ACCEPTED, provider_id="call")
UNKNOWN = Outcome(verdict=Verdict.UNKNOWN, reason="no answer came")


def _judge(batch: OutgoingBatch, how: How) -> Answer:
    """What it takes. It puts off and refuses by number, each time the same readers."""
    other = {
        How.PARTLY: Outcome(verdict=Verdict.REJECTED, reason="no such mailbox"),
        How.AGAIN: Outcome(verdict=Verdict.RETRY, reason="later"),
        How.TORN: Outcome(verdict=Verdict.RETRY, reason="later"),
    }.get(how)
    numbers = [one.subscriber_id for one in batch.recipients]
    chosen = [number for number in numbers if number % _ODDS == 0] if other else []
    return Answer(outcome=_ACCEPTED, exceptions=dict.fromkeys(chosen, other) if other else {})


def _heard(batch: OutgoingBatch, answer: Answer, how: How) -> Answer:
    """What arrives of its answer."""
    if how in {How.LOSE, How.SILENT, How.TORN}:
        return Answer(outcome=UNKNOWN)
    if how is How.HALF:
        numbers = [one.subscriber_id for one in batch.recipients]
        return Answer(
            outcome=UNKNOWN,
            exceptions={n: answer.exceptions.get(n, answer.outcome) for n in numbers[::2]},
        )
    return answer


@dataclass(kw_only=True)
class Customer:
    """The provider as one installation reaches it: the port.

    ``how`` says what becomes of a call at the moment it arrives.
    """

    service: Service
    account: str
    point: Callable[[str], None]
    now: Callable[[], datetime]
    how: Callable[[], How]
    claimed: Callable[[], Claimed]

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def capabilities(self) -> Capabilities:
        return self.service.capabilities

    def prepare(self, batch: OutgoingBatch) -> PreparedRequest:
        body = json.dumps([batch.attempt_id, [list(one) for one in batch.recipients]])
        return PreparedRequest(batch=batch, body=body.encode())

    def hand_over(self, prepared: PreparedRequest) -> Answer:
        claimed = self.claimed()
        self.point("call")
        if prepared.not_after is not None and prepared.not_after.left() < TIMEOUT:
            return Answer(outcome=Outcome(verdict=Verdict.LATE, reason="claimed too long ago"))
        begun = self.now()
        self.point("flight")
        if self.now() - begun > TIMEOUT:
            return Answer(outcome=UNKNOWN)  # cut off before it arrived
        answer = self.service.take(self.account, prepared.batch, self.how(), self.now(), claimed)
        self.point("answer")
        return Answer(outcome=UNKNOWN) if self.now() - begun > TIMEOUT else answer

    def look_up(self, batch: OutgoingBatch) -> LookupResult:
        begun = self.now()
        self.point("question")
        sighting = self.service.look_up(self.account, batch, self.how(), self.now())
        self.point("records")
        return LookupResult(reason="too late") if self.now() - begun > TIMEOUT else sighting
