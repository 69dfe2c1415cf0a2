"""Looking before leaping: what readers would get, and one test mail.

A test is no delivery: it stands in no campaign's books, and its links end nothing.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.domain.clock import Clock, NotAfter
from newsletter.domain.delivery.batch import Answer, OutgoingBatch, backoff
from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.ports import Links, Provider, Renderer
from newsletter.domain.statements.content import Content, Recipient
from newsletter.domain.statements.statement import (
    ApprovalPolicy,
    ApprovalStatus,
    Role,
    Statement,
    StoredStatement,
)
from newsletter.domain.subscribers.audience import Subscriber, fold, parse_address
from newsletter.pipeline.delivery.attempt import RateLimiter
from newsletter.pipeline.ledger import authorise, find_statement, standing_of
from newsletter.pipeline.statements.translations import translations_of
from newsletter.store.sql import Store, Transaction

NO_CAMPAIGN = 0
"""No campaign has this number, so that links signed for it end nothing."""


_MADE_UP = "reader@example.org"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A statement as one reader would get it now, and whether it may go out so."""

    content: Content
    recipient: Recipient
    standing: ApprovalStatus


def sample(
    slug: str, *, address: str | None, store: Store, links: Links, policy: ApprovalPolicy
) -> Sample:
    """A statement as a made-up reader gets it, or the real one at ``address``. Raises NotFound."""
    with store.read() as tx:
        stored = find_statement(tx, slug)
        content = tx.statements.content(stored.content_hash)
        person = tx.readers.find(address) if address else None
        standing = standing_of(tx, stored, policy)
    if content is None:
        raise NotFound(f"the content of {slug} is not stored")
    if address and person is None:
        raise NotFound(f"{address} is not a subscriber; 'newsletter subscribers export' shows them")
    recipient = _as_reader(content, person, links)
    return Sample(content=content, recipient=recipient, standing=standing)


def shown(
    tx: Transaction, stored: StoredStatement, *, reader: int = 0, links: Links
) -> tuple[Content, Recipient] | None:
    """What readers get of a statement, or got: also where its source does not have it any more.

    ``reader`` is the number of a subscriber; 0 is a made-up one. None where there is no mail of it.
    Raises NotFound for a number that nobody has.
    """
    campaign = tx.campaigns.latest(stored.statement.slug)
    gone = campaign is not None and campaign.may_have_reached_anybody
    content_hash = campaign.content_hash if campaign is not None and gone else stored.content_hash
    content = tx.statements.content(content_hash) if content_hash else None
    person = tx.readers.get(reader) if reader else None
    if reader and person is None:
        raise NotFound("There is no such reader.")
    if content is None:
        return None
    return content, _as_reader(content, person, links)


def made_up(content: Content, links: Links) -> Recipient:
    """Somebody without a name, whose links end nothing."""
    return _as_reader(content, None, links)


def _as_reader(content: Content, person: Subscriber | None, links: Links) -> Recipient:
    number = person.id if person else 0
    [token] = links.unsubscribe_tokens(NO_CAMPAIGN, [number])
    [message] = links.message_ids(NO_CAMPAIGN, [number])
    address, called = (person.address, person.name) if person else (_MADE_UP, "")
    return Recipient(number, address, token, message, content.called(called))


def filled(content: Content, recipient: Recipient) -> Content:
    """The content with its merge fields filled."""
    return replace(
        content,
        html=recipient.merge(content.html),
        text=recipient.merge(content.text),
        headers=tuple((name, recipient.merge(value)) for name, value in content.headers),
    )


def send_test(
    slug: str,
    *,
    to: str,
    store: Store,
    renderer: Renderer,
    links: Links,
    provider: Provider,
    limiter: RateLimiter,
    clock: Clock,
    lease: timedelta,
    together: bool = False,
    by: str = "operator",
    text: Statement | None = None,
    subject: str = "",
) -> Answer:
    """Hand over one test mail, marked as such, ahead of all that waits for its turn.

    ``text`` goes out in the place of what is known under this slug, as one that nobody handed in;
    the audit log knows it as ``subject``.
    ``by`` is the member of staff who asked for it. The mail counts like any other; ``lease`` has to
    be longer than the longest call. Raises Refused for a suppressed address, ProviderUnreachable
    while the provider is to be left alone or the day's quota is used up.
    """
    address = _address(to)
    content, recipient = _test_of(
        slug,
        to=address,
        store=store,
        renderer=renderer,
        links=links,
        together=together,
        text=text,
    )
    taken_at, not_after = clock.now(), NotAfter.after(lease, clock)
    with store.begin() as tx:
        _take_turn(tx, limiter, address, at=taken_at, by=by, subject=subject or slug)
    name = f"test.{secrets.token_hex(8)}"
    batch = _batch_of(slug, content, recipient._replace(message_id=name), clock)
    answer = provider.hand_over(replace(provider.prepare(batch), not_after=not_after))
    wait = backoff(1, jitter=0, asked=answer.retry_after)
    with store.begin() as tx:
        limiter.settle(tx, answer, 1, taken_at=taken_at, until=clock.now() + wait)
    return answer


def _address(to: str) -> str:
    try:
        return parse_address(to)
    except ValueError as error:
        raise Refused(str(error)) from error


def _take_turn(
    tx: Transaction, limiter: RateLimiter, address: str, *, at: datetime, by: str, subject: str
) -> None:
    """Whoever asks may, whoever gets it is not suppressed, and it is written down."""
    actor = by if by == "operator" else authorise(tx, by, Role.WRITER, "send a test")
    reason = tx.readers.suppressed(address)
    if reason is not None:
        raise Refused(f"{address} is suppressed ({reason.value}); nothing is sent to it")
    limiter.take_ahead(tx, 1, at)
    tx.audit.enter(at, actor, "test", subject, "one test mail")


def _batch_of(slug: str, content: Content, recipient: Recipient, clock: Clock) -> OutgoingBatch:
    """A batch of one, with a subject that says what it is. No statement can have its name."""
    test = replace(content, subject=f"[Test] {content.subject}")
    return OutgoingBatch(
        campaign=f"{slug}_test",
        attempt_id=secrets.token_hex(12),
        at=clock.now(),
        content=test,
        content_hash=test.content_hash(),
        recipients=(recipient,),
    )


def _test_of(
    slug: str,
    *,
    to: str,
    store: Store,
    renderer: Renderer,
    links: Links,
    together: bool,
    text: Statement | None,
) -> tuple[Content, Recipient]:
    """The content, rendered anew so that it says what it is, and its reader, who has no number."""
    with store.read() as tx:
        statement = text or find_statement(tx, slug).statement
        within = translations_of(tx, slug) if together else ()
        called = _name_of(tx, to)
    content = renderer.render(statement, within, test=True)
    reader = made_up(content, links)
    return content, reader._replace(address=to, names=content.called(called))


def _name_of(tx: Transaction, address: str) -> str:
    """The name of whoever gets a test: as a reader, or else as a colleague."""
    person = tx.readers.find(address)
    return (person.name if person else "") or tx.staff.names().get(fold(address), "")
