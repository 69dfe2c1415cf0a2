"""email → provider → outcome: what an email says, when it may leave, and what became of it.

Emails go ahead of all that waits for its turn: somebody sits before an inbox and waits. Each is
handed over at most once, and what is unknown stays so: whoever got none asks again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.domain.delivery.batch import (
    Answer,
    Outcome,
    OutgoingBatch,
    Verdict,
    backoff,
    unique_part,
)
from newsletter.domain.delivery.provider import PreparedRequest
from newsletter.domain.delivery.transactional import (
    LINK_LIVES,
    ClaimedEmail,
    EmailKind,
    EmailState,
    EmailText,
    Plan,
    plan_for,
)
from newsletter.domain.ports import EmailWriter
from newsletter.domain.statements.content import Content, Recipient
from newsletter.pipeline.delivery.attempt import Attempt, Attempts, PooledProvider
from newsletter.store.sql import Store, Transaction

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_KEPT = {"networks": _DAY, "addresses": LINK_LIVES + _DAY, "rows": 31 * _DAY}
"""What limits and links need, each so long after it was asked for, and a day for wrong clocks."""
_NO_SUBSCRIBER = 0
"""A provider's books name no reader of ours: an email may go to somebody who never was one."""
_FINAL = {
    Verdict.ACCEPTED: EmailState.ACCEPTED,
    Verdict.REJECTED: EmailState.REJECTED,
    Verdict.SPLIT: EmailState.REJECTED,  # of one message nothing can be halved
    Verdict.UNKNOWN: EmailState.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What became of one email."""

    email_id: int
    kind: EmailKind
    attempt_id: str
    provider: str
    """Empty where it was withheld."""
    state: EmailState
    """WAITING where it was provably not handed over, and waits to be."""
    reason: str
    recorded: bool
    """False when the attempt did not hold the email any more."""


@dataclass(frozen=True, kw_only=True)
class HeldEmail:
    """A claimed email, and what it is to say; ``line`` is None where it is withheld."""

    claimed: ClaimedEmail
    plan: Plan
    line: PooledProvider | None


@dataclass(frozen=True, kw_only=True)
class TransactionalSender(Attempts[HeldEmail, Posted]):
    """Hands over one email at a time.

    ``titles`` are what readers read in place of lists' names; ``language`` is that of emails that
    name none. At most ``most_per_hour`` leave within an hour, so that no flood of sign-ups ruins
    the sender's name. ``desk`` is where staff work; ``link_word`` makes the word of the link that
    the email with this id brings to one of them.
    """

    writer: EmailWriter
    titles: Mapping[str, str]
    public_url: str
    language: str
    most_per_hour: int
    desk: str
    link_word: Callable[[int], str]

    def post(self) -> Posted | None:
        """Hand over the next email that is due; None when there is none, or none may leave now."""
        with self.store.read() as tx:  # asked each second: most times nobody has to wait for a lock
            if not tx.emails.waiting()[0]:
                return None
        return self.attempt()

    def next_at(self) -> datetime | None:
        """When the next email may leave, as far as is known; None where none waits for that."""
        now = self.store.clock.now()
        with self.store.read() as tx:
            _, due = tx.emails.waiting()
            if due is None or tx.hold.reasons():
                return None
            blocks = self.pool.blocks(tx, now).values()
            full = tx.emails.left_since(now - _HOUR) >= self.most_per_hour
        # any of the providers will do
        free = min(wait.until if wait else now for wait in blocks)
        return max(due, free, now + _HOUR if full else now)

    def claim(self, tx: Transaction, attempt: Attempt) -> HeldEmail | None:
        """The next email, with what it says now, ahead of all that waits for its turn."""
        at = attempt.at
        blocks = self.pool.blocks(tx, at)
        free = [line for line in self.pool.all if blocks[line.name] is None]
        if not free or tx.emails.left_since(at - _HOUR) >= self.most_per_hour:
            return None
        claimed = tx.emails.claim(at=at, attempt_id=attempt.id)
        if claimed is None:
            return None
        address = claimed.email.address
        plan = plan_for(
            claimed.email,
            person=tx.readers.find(address),
            suppressed=tx.readers.suppressed(address),
            now=at,
            link_works=tx.invitations.is_mailed(claimed.email.id, at),
        )
        if plan.says is None:
            return HeldEmail(claimed=claimed, plan=plan, line=None)
        # each try goes to the next one: what waits was handed over to none
        line = free[(claimed.attempts - 1) % len(free)]
        line.limiter.take_ahead(tx, 1, at)
        return HeldEmail(claimed=claimed, plan=plan, line=line)

    def line(self, held: HeldEmail) -> PooledProvider:
        """The one whose turn it is."""
        return held.line or self.pool.first

    def prepare(self, held: HeldEmail, attempt: Attempt) -> PreparedRequest | Answer:
        """One mail to one person."""
        says = held.plan.says
        if says is None:
            return Answer(outcome=Outcome(verdict=Verdict.REJECTED, reason=held.plan.reason))
        content = self._write(held.claimed, held.plan, says, attempt.at)
        return self.line(held).provider.prepare(_batch(held.claimed, content, says, attempt.at))

    def intend(self, tx: Transaction, held: HeldEmail, body_hash: str) -> int | None:
        """Its bytes are never replayed: whoever got none asks again."""
        line = self.line(held)
        return tx.emails.intend(held.claimed, provider=line.name, account=line.account)

    def put_back(self, tx: Transaction, held: HeldEmail, reason: str) -> None:
        """Among those that wait."""
        tx.emails.requeue(held.claimed, not_before=self.store.clock.now(), reason=reason)

    def _write(self, claimed: ClaimedEmail, plan: Plan, says: EmailText, at: datetime) -> Content:
        email = claimed.email
        if says is EmailText.NOTICE:
            url = f"{self.desk}/account"
        elif says is EmailText.LINK:
            url = f"{self.desk}/invitation/{self.link_word(email.id)}"
        elif plan.reader_id is None:
            url = f"{self.public_url}/confirm/{self.links.email_token(email.id)}"
        else:
            token = self.links.preferences_token(plan.reader_id, at)
            url = f"{self.public_url}/preferences/{token}"
        return self.writer.transactional(
            says,
            language=email.language or self.language,
            url=url,
            lists=tuple(self.titles.get(name, name) for name in email.lists),
            about=email.source if says in {EmailText.NOTICE, EmailText.LINK} else "",
        )

    def record(self, held: HeldEmail, answer: Answer, attempt: Attempt) -> Posted:
        """What became of it, and what the provider's answer says of the next ones."""
        claimed, line, now = held.claimed, held.line, self.store.clock.now()
        outcome = answer.exceptions.get(_NO_SUBSCRIBER, answer.outcome)
        state = _FINAL.get(outcome.verdict, EmailState.WAITING) if line else EmailState.WITHHELD
        until = now + backoff(claimed.attempts, jitter=self.jitter(), asked=answer.retry_after)
        name = line.name if line else ""
        with self.store.begin() as tx:
            if line is not None:
                watched = self.pool.second is not None and line is self.pool.first
                line.limiter.settle(
                    tx, answer, 1, taken_at=attempt.at, until=until, watched=watched
                )
            if state is EmailState.WAITING:
                recorded = tx.emails.requeue(claimed, not_before=until, reason=outcome.reason)
            else:
                recorded = tx.emails.settle(
                    claimed,
                    state,
                    at=now,
                    provider=name,
                    provider_id=outcome.provider_id,
                    reason=outcome.reason,
                )
        return Posted(
            email_id=claimed.email.id,
            kind=claimed.email.kind,
            attempt_id=claimed.attempt_id,
            provider=name,
            state=state,
            reason=outcome.reason,
            recorded=recorded,
        )


def forget(*, store: Store) -> int:
    """Forget who asked for emails, and addresses that were left, once nothing needs them.

    Returns how many addresses.
    """
    with store.begin() as tx:
        return tx.emails.clear(store.clock.now(), **_KEPT) + tx.readers.clear_left_addresses()


def _batch(claimed: ClaimedEmail, content: Content, says: EmailText, at: datetime) -> OutgoingBatch:
    """A batch of one. No statement can have its name."""
    recipient = Recipient(
        _NO_SUBSCRIBER, claimed.email.address, "", f"letter.{unique_part(claimed.attempt_id)}"
    )
    return OutgoingBatch(
        # a slug holds no underscore
        campaign=f"letter_{says.value}",
        attempt_id=claimed.attempt_id,
        at=at,
        content=content,
        content_hash=content.content_hash(),
        recipients=(recipient,),
    )
