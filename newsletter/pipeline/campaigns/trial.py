"""Previews and test emails. A test email belongs to no campaign, and its links end nothing."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from newsletter.credentials.links import SignedLinks
from newsletter.domain.clock import NotAfter
from newsletter.domain.delivery.batch import Answer, Outcome, OutgoingBatch, Verdict, backoff
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.staff.account import Limit, is_exceeded, limits_on_tests
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content, Recipient
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.domain.subscribers.address import fold, parse_address
from newsletter.domain.subscribers.audience import Subscriber
from newsletter.domain.wording import say
from newsletter.pipeline.delivery.provider_pool import PooledProvider
from newsletter.pipeline.ledger import find_statement, refuse_suppressed, require_role
from newsletter.pipeline.statements.translations import translations_of
from newsletter.rendering.lazy import LazyRenderer
from newsletter.store.sql import Store, Transaction

NO_CAMPAIGN = 0
"""The campaign id in the links of previews and test emails. They end no subscription."""
_SAMPLE_ADDRESS = "reader@example.org"
_TOO_MANY_TEST_EMAILS = say(
    "too many test mails were sent within a minute, or 60 by one person within an hour;"
    " nothing was sent, wait and try again"
)


def load_sample(
    slug: str, *, address: str | None, store: Store, links: SignedLinks
) -> tuple[Content, Recipient]:
    """Return the email for the subscriber with this address, or a made-up one. Raises NotFound."""
    with store.read() as tx:
        person = tx.readers.find(address) if address else None
        if address and person is None:
            none = "{address} is not a subscriber; 'newsletter subscribers export' shows them"
            raise NotFound(say(none, address=address))
        stored = find_statement(tx, slug)
        email = load_email(tx, stored, reader=person.id if person else 0, links=links)
    if email is None:
        raise NotFound(say("the content of {slug} is not stored", slug=slug))
    return email


def load_email(
    tx: Transaction, stored: StoredStatement, *, reader: int = 0, links: SignedLinks
) -> tuple[Content, Recipient] | None:
    """Return the email that a reader gets, or got if it was sent; None if it was never rendered.

    ``reader`` is a subscriber id; 0 is a made-up reader. Raises NotFound for an unknown id.
    """
    campaign = tx.campaigns.find_latest(stored.statement.slug)
    was_sent = campaign is not None and campaign.may_have_reached_anybody
    source = campaign if campaign is not None and was_sent else stored
    content = tx.statements.get_content(source.content_hash)
    person = tx.readers.get(reader) if reader else None
    if reader and person is None:
        raise NotFound(say("There is no such reader."))
    if content is None:
        return None
    return content.uncounted(), sample_recipient(content, links, person)


def sample_recipient(
    content: Content, links: SignedLinks, person: Subscriber | None = None
) -> Recipient:
    """Return a recipient like this person, or a made-up reader. The links end no subscription."""
    subscriber_id = person.id if person else 0
    [token], [message_id] = links.for_batch(NO_CAMPAIGN, [subscriber_id])
    address, name = (person.address, person.name) if person else (_SAMPLE_ADDRESS, "")
    return Recipient(subscriber_id, address, token, message_id, content.fill_names(name))


def fill(content: Content, recipient: Recipient) -> Content:
    content = content.uncounted()
    return replace(
        content,
        html=recipient.merge(content.html),
        text=recipient.merge(content.text),
        headers=tuple((name, recipient.merge(value)) for name, value in content.headers),
    )


def _authorise_test(tx: Transaction, by: str, to: str) -> str:
    """Return who may send this test email now: a writer to staff, a sender to any address."""
    actor = require_role(tx, by, Role.WRITER, "send a test")
    roles = tx.staff.roles()
    if fold(to) not in roles and actor in roles and not roles[actor].includes(Role.SENDER):
        raise Refused(say("Choose somebody among the staff"))
    if is_exceeded(limits_on_tests(actor), tx.now, tx.throttle.count_failures):
        raise Refused(_TOO_MANY_TEST_EMAILS)
    return actor


@dataclass(frozen=True, kw_only=True)
class TrialSender:
    """Sends test emails, marked as such, before queued batches.

    ``lease`` must be longer than the longest call.
    """

    store: Store
    renderer: LazyRenderer
    links: SignedLinks
    provider: PooledProvider
    lease: timedelta
    shares_email: bool = False

    def send(
        self,
        slug: str,
        *,
        to: Sequence[str],
        by: str = OPERATOR_NAME,
        text: Statement | None = None,
        subject: str = "",
    ) -> dict[str, Answer]:
        """Send a test email to each of these addresses, and return the answers by address.

        ``text`` replaces the stored statement, for a draft; the audit log then names ``subject``.
        An address to which the same test is under way gets no second one; its answer is LATE.
        Emails count toward the rate limit and the quota. Nothing is sent to anyone if it raises
        Refused, for a suppressed address and for too many test emails, or ProviderUnreachable,
        while the provider is blocked or the daily quota is used up.
        """
        try:
            addresses = [parse_address(address) for address in to]
        except ValueError as error:
            raise Refused(str(error)) from error
        with self.store.read() as tx:
            for address in addresses:
                _authorise_test(tx, by, address)  # before the slow rendering
        # rendering inside the transaction would block other writers
        content, provider = self._render(slug, text), self.provider.provider
        requests = {one: provider.prepare(self._batch(slug, one, content)) for one in addresses}
        version, claimed_at = content.content_hash(), self.store.clock.now()
        limiter, marks, answers = self.provider.limiter, dict[str, list[int]](), {}
        with self.store.begin() as tx:
            for address in requests:
                period = self.lease * len(requests)
                mark = Limit(key=f"{version} {fold(address)}", max_count=1, period=period)
                if is_exceeded([mark], tx.now, tx.throttle.count_failures):
                    why = say("the same test email is under way")
                    late = Outcome(verdict=Verdict.LATE, reason=why)
                    answers[address] = Answer(outcome=late)  # not twice by a second press
                    continue
                actor = _authorise_test(tx, by, address)
                refuse_suppressed(tx, address)
                tx.throttle.record_failure({limit.key for limit in limits_on_tests(actor)}, tx.now)
                marks[address] = tx.throttle.record_failure([mark.key], tx.now)
                limiter.take_urgent(tx, claimed_at)
                tx.audit.enter(actor, "test", subject or slug)
        for address, mark_ids in marks.items():
            not_after = NotAfter.after(self.lease, self.store.clock)
            answer = provider.send(replace(requests[address], not_after=not_after))
            until = self.store.clock.now() + backoff(1, jitter=0, retry_after=answer.retry_after)
            with self.store.begin() as tx:
                tx.throttle.delete_failures(mark_ids)
                limiter.settle(tx, answer, claimed_at=claimed_at, until=until)
                limiter.give_back(tx, answer.count_not_sent(1), claimed_at)
            answers[address] = answer
        return answers

    def _render(self, slug: str, text: Statement | None) -> Content:
        with self.store.read() as tx:
            statement = text or find_statement(tx, slug).statement
            within = translations_of(tx, slug) if self.shares_email else ()
        content = self.renderer.render(statement, within, is_test=True)
        return replace(content, subject=f"[Test] {content.subject}")

    def _batch(self, slug: str, address: str, content: Content) -> OutgoingBatch:
        """Return a batch with one recipient, marked as a test."""
        with self.store.read() as tx:
            person = tx.readers.find(address)
            name = (person.name if person else "") or tx.staff.given_names().get(fold(address), "")
        reader = sample_recipient(content, self.links)._replace(
            address=address,
            names=content.fill_names(name),
            message_id=f"test.{secrets.token_hex(8)}",
        )
        return OutgoingBatch(
            campaign=f"{slug}_test",
            attempt_id=secrets.token_hex(12),
            at=self.store.clock.now(),
            content=content,
            content_hash=content.content_hash(),
            recipients=(reader,),
        )
