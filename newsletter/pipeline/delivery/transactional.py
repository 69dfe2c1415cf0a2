"""transactional email → provider → outcome: confirmations, links and notices to one person.

These emails are sent before batches, because a person waits for them. Each is sent at most once.
An unknown outcome stays unknown: the person can request another email.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

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
    FINAL_STATES,
    LINK_LIFETIME,
    ClaimedEmail,
    EmailKind,
    EmailPlan,
    EmailText,
    MessageState,
    NoticeSection,
    TransactionalEmail,
    plan_email,
)
from newsletter.domain.statements.content import Content, Recipient
from newsletter.domain.wording import read_words, say
from newsletter.pipeline.delivery.attempt import Attempt, AttemptRunner
from newsletter.pipeline.delivery.provider_pool import PooledProvider
from newsletter.store.sql import Store, Transaction

if TYPE_CHECKING:
    from newsletter.rendering.mail.renderer import TemplateRenderer

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_RETENTION = {"network_age": _DAY, "address_age": LINK_LIFETIME + _DAY, "row_age": 31 * _DAY}
"""How long networks, addresses and rows are kept, with a day more for wrong clocks."""
_STAFF_TEXTS = frozenset({EmailText.NOTICE, EmailText.INVITATION, EmailText.LINK})
"""Texts that contain a sentence for a member of staff."""
_NO_SUBSCRIBER = 0
"""The subscriber id in a call: the recipient of the email need not be a subscriber."""


@dataclass(frozen=True, kw_only=True)
class EmailResult:
    claimed: ClaimedEmail
    provider: str
    """Empty if the email was withheld."""
    state: MessageState
    """WAITING if the email provably was not sent. It is sent again later."""
    reason: str
    recorded: bool
    """The outcome was stored. It is not if the claim was lost."""


@dataclass(frozen=True, kw_only=True)
class EmailClaim:
    """A claimed email and its plan; ``provider`` is None if the email is withheld."""

    claimed: ClaimedEmail
    plan: EmailPlan
    provider: PooledProvider | None


@dataclass(frozen=True, kw_only=True)
class TransactionalSender(AttemptRunner[EmailClaim, EmailResult]):
    """Sends one transactional email per call."""

    writer: "TemplateRenderer"
    titles: Mapping[str, str]
    """List name → its title for readers."""
    public_url: str
    language: str
    """The language of an email whose own language is empty."""
    most_per_hour: int
    """The limit of emails an hour: a flood of sign-ups would harm the sender's reputation."""
    desk: str
    link_token: Callable[[int], str]
    """Return the token of the staff link in an email, by email id."""
    news: Callable[[Transaction, TransactionalEmail], tuple[NoticeSection, ...]]
    """Return the events for an email to staff."""
    unbuilt_text: ClassVar[str] = say("it cannot be written ({error}): see the log")

    def post(self) -> EmailResult | None:
        """Send the next email that is due. Return None if none is due or none may be sent now."""
        with self.store.read() as tx:  # called every second: an idle call takes no write lock
            if not tx.emails.count_waiting()[0]:
                return None
        return next(self.attempts(), None)

    def next_at(self) -> datetime | None:
        """Return when the next email may be sent; None if none waits or sending is on hold."""
        now = self.store.clock.now()
        with self.store.read() as tx:
            _, due_at = tx.emails.count_waiting()
            if due_at is None or tx.hold.reasons():
                return None
            blocks = self.pool.blocks(tx, now).values()
            is_full = tx.emails.count_sent_in_hour(now) >= self.most_per_hour
        free_at = min(wait.until if wait else now for wait in blocks)
        return max(due_at, free_at, now + _HOUR if is_full else now)

    def claim(self, tx: Transaction, attempt: Attempt) -> EmailClaim | None:
        """Claim the next email and choose its text by the recipient's current state."""
        at = attempt.at
        blocks = self.pool.blocks(tx, at)
        free = [provider for provider in self.pool.all if blocks[provider.name] is None]
        if not free or tx.emails.count_sent_in_hour(at) >= self.most_per_hour:
            return None
        claimed = tx.emails.claim(at=at, attempt_id=attempt.id, owner=self.owner)
        if claimed is None:
            return None
        email, address = claimed.email, claimed.email.address
        has_news = email.kind in {EmailKind.NEWS, EmailKind.REPORT} and not email.is_too_old(at)
        news = self.build(lambda: self.news(tx, email) if has_news else ())
        if isinstance(news, Answer):
            plan = EmailPlan(reason=news.outcome.reason)
            return EmailClaim(claimed=claimed, plan=plan, provider=None)
        plan = plan_email(
            email,
            person=tx.readers.find(address),
            suppressed=tx.readers.suppression_reason(address),
            now=at,
            link=tx.staff_links.find_mailed(email.id, at),
            news=news,
        )
        if plan.text is None:
            return EmailClaim(claimed=claimed, plan=plan, provider=None)
        # each attempt uses the next provider: no provider before took the email
        provider = free[(claimed.attempts - 1) % len(free)]
        provider.limiter.take_urgent(tx, at)
        return EmailClaim(claimed=claimed, plan=plan, provider=provider)

    def provider_for(self, claim: EmailClaim) -> PooledProvider:
        return claim.provider or self.pool.first

    def prepare(
        self, tx: Transaction, claim: EmailClaim, attempt: Attempt
    ) -> PreparedRequest | Answer:
        text = claim.plan.text
        if text is None:
            return Answer(outcome=Outcome(verdict=Verdict.REJECTED, reason=claim.plan.reason))
        content = self._write(claim.claimed, claim.plan, text, attempt.at)
        batch = _batch(claim.claimed, content, text, attempt.at)
        return self.provider_for(claim).provider.prepare(batch)

    def record_start(self, tx: Transaction, claim: EmailClaim, body_hash: str) -> int:
        """Note the provider and account. No hash is noted: an email is never replayed."""
        pooled = self.provider_for(claim)
        return tx.emails.record_start(
            claim.claimed, provider=pooled.name, account=pooled.account, owner=self.owner
        )

    def _write(
        self, claimed: ClaimedEmail, plan: EmailPlan, text: EmailText, at: datetime
    ) -> Content:
        email = claimed.email
        if text is EmailText.NOTICE:
            url = f"{self.desk}/account"
        elif text is EmailText.NEWS:
            url = f"{self.desk}/account#notices"
        elif text is EmailText.REPORT:
            url = plan.news[0].url
        elif text in {EmailText.INVITATION, EmailText.LINK}:
            url = f"{self.desk}/invitation/{self.link_token(email.id)}"
        elif plan.reader_id is None:
            url = f"{self.public_url}/confirm/{self.links.email_token(email.id)}"
        else:
            token = self.links.preferences_token(plan.reader_id, at)
            url = f"{self.public_url}/preferences/{token}"
        return self.writer.transactional(
            text,
            language=email.language or self.language,
            url=url,
            lists=tuple(self.titles.get(name, name) for name in email.lists),
            about=read_words(email.source) if text in _STAFF_TEXTS else "",
            news=plan.news,
        )

    def record(
        self, claim: EmailClaim, answer: Answer, attempt: Attempt, *, may_claim: bool
    ) -> tuple[EmailResult, None]:
        """Record the outcome, and apply the answer to the rate limit."""
        claimed, provider, now = claim.claimed, claim.provider, self.store.clock.now()
        outcome = answer.exceptions.get(_NO_SUBSCRIBER, answer.outcome)
        state = MessageState.WITHHELD
        if provider is not None:
            state = FINAL_STATES.get(outcome.verdict, MessageState.WAITING)
        wait = backoff(claimed.attempts, jitter=self.jitter(), retry_after=answer.retry_after)
        until, name = now + wait, provider.name if provider else ""
        with self.store.begin() as tx:
            if provider is not None:
                has_fallback = self.pool.has_fallback(provider)
                provider.limiter.settle(
                    tx, answer, claimed_at=attempt.at, until=until, has_fallback=has_fallback
                )
                self.slow_down(tx, provider, outcome)
            if state is MessageState.WAITING:
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
            if provider is not None and recorded:
                provider.limiter.give_back(tx, answer.count_not_sent(1), attempt.at)
        return EmailResult(
            claimed=claimed, provider=name, state=state, reason=outcome.reason, recorded=recorded
        ), None


def forget(*, store: Store) -> int:
    """Delete expired records of emails, uploads and former addresses. Return how many addresses.

    An email that was claimed more than an hour ago becomes unknown.
    """
    with store.begin() as tx:
        tx.emails.abandon(store.clock.now(), max_age=_HOUR)
        tx.imports.delete_uploads(tx.now - _DAY)
        return tx.emails.clear(store.clock.now(), **_RETENTION) + tx.readers.clear_left_addresses()


def _batch(claimed: ClaimedEmail, content: Content, text: EmailText, at: datetime) -> OutgoingBatch:
    recipient = Recipient(
        _NO_SUBSCRIBER, claimed.email.address, "", f"letter.{unique_part(claimed.attempt_id)}"
    )
    return OutgoingBatch(
        # no slug has an underscore
        campaign=f"letter_{text.value}",
        attempt_id=claimed.attempt_id,
        at=at,
        content=content,
        content_hash=content.content_hash(),
        recipients=(recipient,),
    )
