"""batch → provider → outcomes: claim, commit, note, call, record.

What is about to leave is written down before its first byte does, also outside the database, and
no transaction is open across a call. After that byte only a full, understood answer counts; all
else is unknown.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict, backoff
from newsletter.domain.delivery.claim import Booking, ClaimedBatch
from newsletter.domain.delivery.provider import Parcel
from newsletter.domain.errors import InvalidInput, StoreUnavailable
from newsletter.domain.ports import Links, Watermark
from newsletter.domain.statements.content import Content
from newsletter.pipeline.delivery.lines import Lines
from newsletter.pipeline.ledger import approved_content, confirm_told, finish, names_for, outgoing
from newsletter.store.sql import Store, Transaction

_KNOWN = frozenset({Verdict.ACCEPTED, Verdict.REJECTED})
_FINAL = _KNOWN | {Verdict.UNKNOWN}
_WORTH_A_WAIT = frozenset({Verdict.RETRY, Verdict.QUOTA})
_KEPT_CONTENTS = 4


@dataclass(frozen=True, kw_only=True)
class Dispatched:
    """What became of one batch."""

    campaign_id: int
    batch_id: int
    attempt_id: str
    messages: int
    answer: Answer
    provider: str
    wait: timedelta
    """How long the batch should wait; zero where all is well, or another provider takes it."""
    recorded: bool
    """False when somebody else had taken the batch over in the meantime."""


@dataclass(frozen=True, kw_only=True)
class Dispatcher:
    """Hands over one batch at a time. Any number of threads may share it.

    ``lease`` has to be longer than the longest call; ``attempt_ids`` gives a new name each time,
    ``jitter`` a number in 0…1.
    """

    store: Store
    watermark: Watermark
    lines: Lines
    links: Links
    clock: Clock
    lease: timedelta
    attempt_ids: Callable[[], str]
    jitter: Callable[[], float]
    carriage: str = ""
    """A hash of the settings by which providers shape what leaves."""
    _contents: dict[str, Content] = field(default_factory=dict, init=False, repr=False)
    """By content hash, and found to have it."""

    def dispatch(self) -> Dispatched | None:
        """Hand over the next batch that is due; None when there is none, or none may leave now."""
        attempt_id, at = self.attempt_ids(), self.clock.now()
        not_after = NotAfter.after(self.lease, self.clock)
        held = self._claim(attempt_id, at)
        if held is None:
            return None
        claimed, parcel = held
        self._note(claimed)
        answer = _nothing_to_halve(self._call(claimed, parcel, not_after), claimed)
        wait = self._wait(claimed, answer)
        recorded, failed_over = self._record(claimed, answer, wait, at)
        return Dispatched(
            campaign_id=claimed.campaign.id,
            batch_id=claimed.id,
            attempt_id=attempt_id,
            messages=len(claimed.members),
            answer=answer,
            provider=claimed.provider,
            wait=timedelta(0) if failed_over else wait,
            recorded=recorded,
        )

    def _claim(self, attempt_id: str, at: datetime) -> tuple[ClaimedBatch, Parcel | Answer] | None:
        with self.store.begin() as tx:
            paces = self.lines.look(tx, at)
            room = self.lines.room(paces, at)
            if not any(room.values()):
                return None
            claimed = tx.batches.claim(at=at, lease=self.lease, attempt_id=attempt_id, room=room)
            if claimed is None:
                self._finish_emptied(tx)
                return None
            self.watermark.follow(claimed.number)
            line = self.lines.of(claimed)
            line.turns.take(tx, paces[line.name], len(claimed.members), at)
            content = self._content(tx, claimed)
            if content.carriage not in {None, self.carriage}:
                return claimed, _another_carriage()
            try:
                batch = self._outgoing(tx, claimed, content, attempt_id)
                parcel = line.provider.prepare(batch)
            except InvalidInput as error:
                return claimed, _cannot_be_said(error)
            body_hash = hashlib.sha256(parcel.body).hexdigest()
            tx.batches.intend(
                claimed.id, fence=claimed.fence, body_hash=body_hash, account=line.account
            )
            return claimed, parcel

    def _note(self, claimed: ClaimedBatch) -> None:
        """Let the outside know before anything leaves; where it cannot, nothing does."""
        try:
            self.watermark.note(claimed.number)
        except StoreUnavailable as error:
            with self.store.begin() as tx:
                tx.batches.requeue(claimed, not_before=self.clock.now(), reason=str(error))
            raise

    def _content(self, tx: Transaction, claimed: ClaimedBatch) -> Content:
        content_hash = claimed.campaign.content_hash
        known = self._contents.get(content_hash)
        if known is not None:
            return known
        content = approved_content(tx, claimed.campaign)
        if len(self._contents) >= _KEPT_CONTENTS:
            self._contents.clear()
        self._contents[content_hash] = content
        return content

    def _outgoing(
        self, tx: Transaction, claimed: ClaimedBatch, content: Content, attempt_id: str
    ) -> OutgoingBatch:
        return outgoing(
            claimed.campaign,
            content,
            claimed.members,
            attempt_id=attempt_id,
            at=claimed.at,
            links=self.links,
            called=names_for(tx, content, [number for number, _ in claimed.members]),
        )

    def _call(self, claimed: ClaimedBatch, parcel: Parcel | Answer, not_after: NotAfter) -> Answer:
        """Of a claim that has gone stale nothing leaves: who left meanwhile is asked again then."""
        if isinstance(parcel, Answer):
            return parcel
        return self.lines.of(claimed).provider.hand_over(replace(parcel, not_after=not_after))

    def _wait(self, claimed: ClaimedBatch, answer: Answer) -> timedelta:
        outcomes = (answer.outcome, *answer.exceptions.values())
        if not any(outcome.verdict in _WORTH_A_WAIT for outcome in outcomes):
            return timedelta(0)
        return backoff(claimed.attempts, jitter=self.jitter(), asked=answer.retry_after)

    def _record(
        self, claimed: ClaimedBatch, answer: Answer, wait: timedelta, taken_at: datetime
    ) -> tuple[bool, bool]:
        """Whether the fence held, and whether the batch goes to another provider now."""
        until = self.clock.now() + wait
        with self.store.begin() as tx:
            failed_over = self.lines.settle(tx, claimed, answer, taken_at=taken_at, until=until)
            if failed_over:
                wait = timedelta(0)
            recorded = self._book(tx, claimed, answer, wait, pauses=not failed_over)
            if any(
                one.verdict not in _KNOWN for one in (answer.outcome, *answer.exceptions.values())
            ):
                confirm_told(tx, claimed.campaign.id, self.clock)  # an event may have been faster
            finish(tx, claimed.campaign.id, self.clock)
        return recorded, failed_over

    def _book(
        self,
        tx: Transaction,
        claimed: ClaimedBatch,
        answer: Answer,
        wait: timedelta,
        *,
        pauses: bool,
    ) -> bool:
        now, outcome = self.clock.now(), answer.outcome
        if outcome.verdict is Verdict.CONFIGURATION and pauses:
            tx.campaigns.move(
                claimed.campaign.id,
                CampaignState.PAUSED,
                expect={CampaignState.SENDING},
                at=now,
                reason=f"{claimed.provider} refuses: {outcome.reason}",
            )
        booking = _booking(claimed, answer, wait)
        if len(booking.again) < len(claimed.members):
            return tx.batches.settle(claimed, booking=booking, at=now)
        if outcome.verdict is Verdict.SPLIT:
            return tx.batches.split(claimed)
        reason = next(iter(booking.again.values())).reason
        return tx.batches.requeue(claimed, not_before=now + wait, reason=reason)

    def _finish_emptied(self, tx: Transaction) -> None:
        """A campaign whose last readers left while it was waiting has nothing more to claim."""
        for campaign_id in tx.campaigns.sending():
            finish(tx, campaign_id, self.clock)


def _booking(claimed: ClaimedBatch, answer: Answer, wait: timedelta) -> Booking:
    """What is written down: whoever is refused by name, so that the report can say who and why."""
    members = [number for number, _ in claimed.members]
    others = {
        number: answer.exceptions[number] for number in members if number in answer.exceptions
    }
    unknown = [other for other in others.values() if other.verdict is Verdict.UNKNOWN]
    rest = answer.outcome
    if rest.verdict is not Verdict.UNKNOWN and (unknown or rest.verdict is not Verdict.ACCEPTED):
        # each member has an outcome of its own now, so that the one for the rest speaks of nobody,
        # or of the unknown alone: a batch that holds any is unknown
        others = dict.fromkeys(members, rest) | others
        rest = unknown[0] if unknown else Outcome(verdict=Verdict.ACCEPTED)
    return Booking(
        outcome=rest,
        exceptions={n: each for n, each in others.items() if each.verdict in _KNOWN},
        again={n: each for n, each in others.items() if each.verdict not in _FINAL},
        wait=wait,
    )


def _nothing_to_halve(answer: Answer, claimed: ClaimedBatch) -> Answer:
    """Where the batch is one recipient, halving has found what the provider objects to."""
    if answer.outcome.verdict is not Verdict.SPLIT or len(claimed.members) > 1:
        return answer
    return replace(answer, outcome=replace(answer.outcome, verdict=Verdict.REJECTED))


def _another_carriage() -> Answer:
    """What would leave is not what was approved; nothing has left."""
    reason = (
        "what the settings of the provider make of a message changed after the approval;"
        " put them back, or cancel and approve a correction"
    )
    return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=reason))


def _cannot_be_said(error: InvalidInput) -> Answer:
    """The provider cannot express this content; nothing has left, and no retry would help."""
    return Answer(outcome=Outcome(verdict=Verdict.CONFIGURATION, reason=str(error)))
