"""unknown → accepted, rejected, or queued again: by proof alone, never on a guess.

First the same bytes under the attempt's key, while the provider knows it; then the provider's own
records, which have to be silent twice before "it is not there" counts; then an event, or a person.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import (
    Answer,
    Outcome,
    OutgoingBatch,
    Rest,
    UnknownBatch,
    Verdict,
    Way,
    backoff,
)
from newsletter.domain.delivery.provider import Capabilities, LookupResult, PreparedRequest, Replay
from newsletter.domain.errors import InvalidInput
from newsletter.domain.ports import Links, Provider
from newsletter.pipeline.delivery.attempt import ProviderPool
from newsletter.pipeline.ledger import approved_content
from newsletter.pipeline.outgoing import confirm_by_events, finish, names_for, outgoing, reassess
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a start found of the process before it, in batches."""

    unknown: int
    emails: int = 0
    """Emails that it was handing over: unknown, and never handed over again."""
    strays: int = 0
    """Readers of whom it is unknown at another account than is configured: nobody can be asked."""


def recover(*, store: Store, accounts: Mapping[str, str]) -> Recovered:
    """Take over from a process that is provably dead: its claimed batches become unknown.

    ``accounts`` are those that can be asked, by provider.
    """
    with store.begin() as tx:
        unknown = tx.batches.abandon(at=store.clock.now())
        # before a campaign is ended: an event may have told what the dead process could not book
        for campaign_id in tx.unknowns.campaigns():
            confirm_by_events(tx, campaign_id)
        for campaign_id in tx.campaigns.sending():
            finish(tx, campaign_id)
        return Recovered(
            unknown=unknown,
            emails=tx.emails.abandon(store.clock.now()),
            strays=tx.unknowns.strays(accounts),
        )


FIRST_LOOK = timedelta(seconds=5)
"""After an attempt: what a provider has taken seldom shows sooner in its records."""
_LOOK_GROWTH = 4
_LOOKS_FOR = timedelta(days=3)
"""Whatever has not come out by then, nobody finds out by looking."""
_SKEW = timedelta(minutes=1)
"""A clock may be put right by so much. If it went back further, one of the two times is wrong."""
_ABSENCES = 2
_UNREADABLE = timedelta(minutes=10)
"""Records that cannot be read are asked as seldom as this, however soon they would be complete."""
_KEY_MARGIN = timedelta(minutes=2)
"""A call takes its time, and the provider's clock may be ahead of ours."""
_PAUSED = timedelta(seconds=30)
_FINAL = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})


class Step(Enum):
    """What to do about a batch that is unknown."""

    REPLAY = "replay"
    """Hand it over again: the provider takes a key, or a name, but once."""
    LOOK_UP = "look up"
    """Ask the provider what it has."""
    WAIT = "wait"
    """It is too early, or the campaign is paused."""
    LEAVE = "leave"
    """Nothing that a program can do; an event or a person tells."""


def decide(held: UnknownBatch, capabilities: Capabilities, now: datetime) -> Step:
    """What to do next. Pure."""
    age = now - held.attempt_at
    state = held.campaign.state
    # of somebody whose address is not known any more no records can be asked
    asks = capabilities.settles_in is not None and len(held.nameless) < len(held.members)
    if _may_be_replayed(held, capabilities, now):
        # one that can be asked too may only say that it knows the key: then its records tell
        if state in {CampaignState.SENDING, CampaignState.ATTENTION} and not (asks and held.tries):
            return Step.REPLAY
        if state is CampaignState.PAUSED and not asks:
            return Step.WAIT
    if not asks or not -_SKEW <= age <= min(_LOOKS_FOR, capabilities.records_kept or _LOOKS_FOR):
        return Step.LEAVE  # records are searched by the time of the attempt
    return Step.LOOK_UP if age >= FIRST_LOOK else Step.WAIT


def _may_be_replayed(held: UnknownBatch, capabilities: Capabilities, now: datetime) -> bool:
    """It reaches nobody twice, nor who left an address: the bytes of a key name all of them."""
    if capabilities.replay is Replay.SAFE:
        return len(held.left) < len(held.members)
    keyed = capabilities.replay is Replay.KEYED
    return keyed and not held.left and _alive(held, capabilities, now)


def _alive(held: UnknownBatch, capabilities: Capabilities, now: datetime) -> bool:
    """A clock that went back says nothing about the key, which may be over by the provider's."""
    age = now - held.attempt_at
    went_back = age < timedelta(0) or held.seen_at - now > _SKEW
    return not went_back and age < capabilities.key_lives - _KEY_MARGIN


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What one look at one batch brought, in deliveries."""

    campaign_id: int
    slug: str
    """Of its statement."""
    batch_id: int
    attempt_id: str
    step: Step
    known: int = 0
    """Now accepted or rejected."""
    queued: int = 0
    """Provably not handed over: they wait for their turn again."""
    unknown: int = 0
    """Still unknown."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What to write down after a step."""

    known: dict[int, Outcome]
    rest: Rest
    way: Way
    until: datetime | None = None
    """When to look again; None: never."""
    tries: int = 0
    absences: int = 0
    reason: str = ""
    asked: timedelta | None = None
    """How long the provider asked to be left alone."""
    apart: frozenset[int] = frozenset()
    """Those who stay unknown, whatever becomes of the rest."""


def _later(held: UnknownBatch, until: datetime | None) -> _Found:
    """Nothing was asked; None: nor will it be."""
    return _Found(
        known={},
        rest=Rest.UNKNOWN,
        way=Way.LOOK_UP,
        until=until,
        tries=held.tries,
        absences=held.absences,
    )


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """Finds out about one unknown batch at a time.

    ``lease`` has to be longer than the longest call; ``jitter`` gives a number in 0…1.
    """

    store: Store
    pool: ProviderPool
    links: Links
    lease: timedelta
    jitter: Callable[[], float]

    def reconcile(self) -> Reconciled | None:
        """Look at the next one that is due; None when there is none."""
        now, not_after = self.store.clock.now(), NotAfter.after(self.lease, self.store.clock)
        with self.store.read() as tx:  # most looks find nothing, and keep nobody from writing
            if tx.unknowns.next_at(self.pool.accounts) is None:
                return None
        with self.store.begin() as tx:
            held = tx.unknowns.take(at=now, lease=self.lease, accounts=self.pool.accounts)
            if held is None:
                return None
            step = decide(held, self._provider(held).capabilities, now)
            batch = self._batch(tx, held, but=held.left if step is Step.REPLAY else frozenset())
            prepared = self._same_bytes(held, batch, not_after) if step is Step.REPLAY else None
            if step is Step.REPLAY and prepared is None:
                step = self._without_replay(held)
            silence = self._silence(tx, held, step, now)
            if silence is None and step is Step.REPLAY:
                # while this call may be under way nobody resolves the batch by hand
                tx.unknowns.call(held, until=not_after.until)
        if silence is not None:
            return self._record(Step.WAIT, held, _later(held, silence))
        found = self._find_out(step, held, batch, prepared)
        return self._record(step, held, found)

    def _silence(
        self, tx: Transaction, held: UnknownBatch, step: Step, now: datetime
    ) -> datetime | None:
        """Until when the provider asked not to be called in this way."""
        limiter = self.pool.of(held).limiter
        if step is Step.REPLAY:
            return limiter.silence(tx, now)
        return limiter.of_records.silence(tx, now) if step is Step.LOOK_UP else None

    def _provider(self, held: UnknownBatch) -> Provider:
        return self.pool.of(held).provider

    def _batch(self, tx: Transaction, held: UnknownBatch, *, but: frozenset[int]) -> OutgoingBatch:
        content = approved_content(tx, held.campaign)
        # by the addresses that the attempt went to, whatever they are today
        members = [member for member in held.members if member[1] and member[0] not in but]
        return outgoing(
            held.campaign,
            content,
            members,
            attempt_id=held.attempt_id,
            at=held.attempt_at,
            links=self.links,
            called=names_for(tx, content, [number for number, _ in members]),
        )

    def _same_bytes(
        self, held: UnknownBatch, batch: OutgoingBatch, not_after: NotAfter
    ) -> PreparedRequest | None:
        """What left, byte for byte where a key stands for it; None where it cannot be said."""
        provider = self._provider(held)
        try:
            prepared = provider.prepare(batch)
        except InvalidInput:
            return None
        # under a known key other bytes are refused, or worse, taken for a new message
        named = provider.capabilities.replay is Replay.SAFE
        same = named or hashlib.sha256(prepared.body).hexdigest() == held.body_hash
        return replace(prepared, not_after=not_after) if same else None

    def _without_replay(self, held: UnknownBatch) -> Step:
        asks = self._provider(held).capabilities.settles_in is not None
        return Step.LOOK_UP if asks else Step.LEAVE

    def _find_out(
        self, step: Step, held: UnknownBatch, batch: OutgoingBatch, prepared: PreparedRequest | None
    ) -> _Found:
        now = self.store.clock.now()
        if prepared is not None:
            return self._read_replay(held, batch, self._provider(held).hand_over(prepared))
        if step is Step.LOOK_UP:
            return self._read_records(held, self._provider(held).look_up(batch))
        soon = now + (_PAUSED if held.campaign.state is CampaignState.PAUSED else FIRST_LOOK)
        return _later(held, soon if step is Step.WAIT else None)

    def _read_replay(self, held: UnknownBatch, batch: OutgoingBatch, answer: Answer) -> _Found:
        """Only what the provider says of the attempt itself counts.

        "Too fast", "wrong key" or "too large" is said of the replay, before its key is looked at,
        and maybe by a proxy that was not there at the first try.
        """
        numbers = [recipient.subscriber_id for recipient in batch.recipients]
        outcomes = {n: answer.exceptions.get(n, answer.outcome) for n in numbers}
        known = {n: outcome for n, outcome in outcomes.items() if outcome.verdict in _FINAL}
        # who left was not in the replay, so that its answer says nothing of them
        if answer.outcome.verdict is Verdict.ACCEPTED and len(known) == len(held.members):
            known = {n: outcome for n, outcome in known.items() if n in answer.exceptions}
            return _Found(known=known, rest=Rest.ACCEPTED, way=Way.REPLAY)
        wait = backoff(held.tries + 1, jitter=self.jitter(), asked=answer.retry_after)
        return _Found(
            known=known,
            rest=Rest.UNKNOWN,
            way=Way.REPLAY,
            until=self.store.clock.now() + wait,
            tries=held.tries + 1,
            reason=answer.outcome.reason,
            asked=answer.retry_after,
        )

    def _read_records(self, held: UnknownBatch, result: LookupResult) -> _Found:
        found = dict(result.found)
        if result.all_or_none and found:  # a call that holds one of them holds them all
            found |= dict.fromkeys(held.nameless, next(iter(found.values())))
        known = {
            number: Outcome(verdict=Verdict.ACCEPTED, reason="found there", provider_id=theirs)
            for number, theirs in found.items()
            if number in dict(held.members)
        }
        now = self.store.clock.now()
        settles_in = self._provider(held).capabilities.settles_in or FIRST_LOOK
        age = now - held.attempt_at
        settled = result.whole and age >= settles_in
        # in a row: records that were cut short in between may have been silent for that reason
        absences = held.absences + 1 if settled else 0
        if absences >= _ABSENCES:
            # of those who could not be asked for, silence says nothing
            apart = frozenset() if result.all_or_none else held.nameless - known.keys()
            return _Found(known=known, rest=Rest.NOT_HANDED_OVER, way=Way.LOOK_UP, apart=apart)
        longest = settles_in if result.whole else max(settles_in, _UNREADABLE)
        # the tenth power is months, and tries have no end: at last no timedelta would hold it
        growing = min(FIRST_LOOK * _LOOK_GROWTH ** min(held.tries + 1, 10), longest)
        # no longer than until the records are complete: from then on silence proves something
        before = max(held.attempt_at + settles_in - now, FIRST_LOOK)
        wait = settles_in if settled else min(growing, before) if result.whole else growing
        return _Found(
            known=known,
            rest=Rest.UNKNOWN,
            way=Way.LOOK_UP,
            until=now + max(wait, result.retry_after or wait),
            tries=held.tries + 1,
            absences=absences,
            reason=result.reason,
            asked=result.retry_after,
        )

    def _record(self, step: Step, held: UnknownBatch, found: _Found) -> Reconciled:
        with self.store.begin() as tx:
            booked = tx.unknowns.settle(
                held,
                known=found.known,
                rest=found.rest,
                way=found.way,
                at=self.store.clock.now(),
                apart=found.apart,
            )
            if booked and (found.rest is Rest.UNKNOWN or found.apart):
                tx.unknowns.put_off(
                    held, until=found.until, tries=found.tries, absences=found.absences
                )
            if found.asked is not None:
                limiter = self.pool.of(held).limiter
                limiter = limiter if step is Step.REPLAY else limiter.of_records
                limiter.be_silent(tx, self.store.clock.now() + found.asked, found.reason)
            reassess(tx, held.campaign.id)
        people = len(held.members) - len(found.known) - len(found.apart)
        return Reconciled(
            campaign_id=held.campaign.id,
            slug=held.campaign.slug,
            batch_id=held.id,
            attempt_id=held.attempt_id,
            step=step,
            known=len(found.known) + (people if found.rest is Rest.ACCEPTED else 0),
            queued=people if found.rest is Rest.NOT_HANDED_OVER else 0,
            unknown=len(found.apart) + (people if found.rest is Rest.UNKNOWN else 0),
            reason=found.reason if booked else "somebody decided in the meantime",
        )
