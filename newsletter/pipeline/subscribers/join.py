"""A reader subscribes or changes their address: by a form, then by the link in an email.

The form does not reveal whether an address is subscribed. Opening the link changes nothing; its
button works once, so that it cannot subscribe a reader who left later.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from newsletter.credentials.links import SignedLinks
from newsletter.domain.delivery.transactional import EmailKind, RequestOutcome, TransactionalEmail
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.audience import Consent, Entry, Subscriber, SuppressionReason
from newsletter.domain.subscribers.signup import ConsentRecord, FormFault, Method, SignUp
from newsletter.domain.wording import say
from newsletter.pipeline.subscribers.membership import lift, move, welcome
from newsletter.store.sql import Store, Transaction


class LinkState(Enum):
    OPEN = "open"
    """The button of the page confirms the request."""
    DONE = "done"
    """The request was confirmed just now."""
    USED = "used"
    """The link was used before."""
    EXPIRED = "expired"
    """The link is too old, or the settings have none of its lists any more."""
    BLOCKED = "blocked"
    """Staff suppressed the address, or another subscriber has it now."""


@dataclass(frozen=True, kw_only=True)
class FollowedLink:
    """A confirmation link that a person opened or confirmed."""

    state: LinkState
    email: TransactionalEmail
    reader_id: int | None = None
    """The subscriber id, if the request was confirmed just now. An old link gives no access."""
    requested: tuple[str, ...] = ()
    """The lists to which staff must admit the subscriber."""


@dataclass(frozen=True, kw_only=True)
class ShownConsent:
    words: str
    language: str
    wording: str
    """The hash of the words that the form showed; "" if the form did not send it."""


@dataclass(kw_only=True)
class SignUpRequest:
    """A valid form, before its confirmation email is queued."""

    wish: SignUp
    consent: ShownConsent
    source: str
    network: str
    outcome: RequestOutcome | FormFault = field(init=False)
    """The result, which counts once the transaction is committed."""


def ask(requests: Iterable[SignUpRequest], *, store: Store) -> None:
    """Queue the confirmation emails of sign-ups in one transaction, without reading subscribers.

    The outcome is a form fault if the form showed unknown words of consent.
    """
    hashes: dict[str, str] = {}  # most sign-ups share the words of consent
    with store.begin() as tx:
        for request in requests:
            shown = request.consent
            if shown.words not in hashes:
                hashes[shown.words] = tx.consents.store_words(shown.words, shown.language, tx.now)
            known = {"", hashes[shown.words]}
            is_known = shown.wording in known or tx.consents.get_words(shown.wording)
            request.outcome = _queue(tx, request) if is_known else FormFault.WORDS


def _queue(tx: Transaction, request: SignUpRequest) -> RequestOutcome:
    email = TransactionalEmail(
        id=0,
        kind=EmailKind.JOIN,
        address=request.wish.address,
        lists=request.wish.lists,
        name=request.wish.name,
        language=request.consent.language,
        source=request.source,
        wording=request.consent.wording,
        asked_at=tx.now,
    )
    return tx.emails.ask(email, network=request.network)


def follow(token: str, *, known: Collection[str], store: Store, links: SignedLinks) -> FollowedLink:
    """Return the state of a confirmation link. Raises NotFound for an invalid token.

    ``known`` are the lists of the settings.
    """
    with store.read() as tx:
        email = _email_of(tx, token, links, known)
        state = _link_state(tx, email, _moving_subscriber(tx, email))
    return FollowedLink(state=state, email=email)


def confirm(
    token: str,
    *,
    known: Collection[str],
    closed: Collection[str],
    store: Store,
    links: SignedLinks,
) -> FollowedLink:
    """Confirm the request of a link, once. Raises NotFound for an invalid token.

    Only lists in ``known`` are joined: the settings may have lost others since. Staff decide who
    joins the lists in ``closed``.
    """
    with store.begin() as tx:
        email = _email_of(tx, token, links, known)
        mover = _moving_subscriber(tx, email)
        state = _link_state(tx, email, mover)
        if state is not LinkState.OPEN:
            return FollowedLink(state=state, email=email)
        tx.emails.use(email.id, tx.now)
        # before the move, as a suppression of the person is moved to the new address
        lift(tx, email.address, say("confirmed by email {number}", number=str(email.id)))
        if mover:
            subscriber_id, lists = mover.id, mover.lists
            move(tx, mover, email.address)
        else:
            subscriber_id, lists = _join(tx, email, closed), email.lists
        proofs = [
            ConsentRecord(
                list=name,
                given=True,
                method=Method.DOUBLE_OPT_IN,
                source=email.source,
                wording=email.wording,
                asked_at=email.asked_at,
                at=tx.now,
            )
            for name in lists
        ]
        tx.consents.add(subscriber_id, proofs)
        person = tx.readers.get(subscriber_id)
    return FollowedLink(
        state=LinkState.DONE,
        email=email,
        reader_id=subscriber_id,
        requested=person.requested if person else (),
    )


def _email_of(
    tx: Transaction, token: str, links: SignedLinks, known: Collection[str]
) -> TransactionalEmail:
    email = tx.emails.get(links.read_email_id(token))
    if email is None or email.kind not in {EmailKind.JOIN, EmailKind.MOVE}:
        raise NotFound("this link is not one of ours, or a part of it is missing")
    return replace(email, lists=tuple(name for name in email.lists if name in known))


def _moving_subscriber(tx: Transaction, email: TransactionalEmail) -> Subscriber | None:
    """Return the subscriber who asked to change their address; None if another one has it."""
    if email.kind is not EmailKind.MOVE or email.subscriber_id is None:
        return None
    owner = tx.readers.find(email.address)
    is_taken = owner is not None and owner.id != email.subscriber_id
    return None if is_taken else tx.readers.get(email.subscriber_id)


def _link_state(tx: Transaction, email: TransactionalEmail, mover: Subscriber | None) -> LinkState:
    if email.used_at is not None:
        return LinkState.USED
    if email.is_link_expired(tx.now) or (email.kind is EmailKind.JOIN and not email.lists):
        return LinkState.EXPIRED
    is_blocked = tx.readers.suppression_reason(email.address) is SuppressionReason.MANUAL
    if is_blocked or (email.kind is EmailKind.MOVE and mover is None):
        return LinkState.BLOCKED
    return LinkState.OPEN


def _join(tx: Transaction, email: TransactionalEmail, closed: Collection[str]) -> int:
    known = tx.readers.find(email.address)
    entry = Entry(
        address=email.address,
        lists=tuple(name for name in email.lists if name not in closed),
        # anyone may type a name, and the language of the page does not replace one chosen before
        name="" if known and known.name else email.name,
        language="" if known and known.language else email.language,
        timezone=email.timezone,
        consent=Consent(source=email.source, at=tx.now),
    )
    subscriber_id = tx.readers.join(entry, tx.now)
    tx.choices.join(subscriber_id, email.lists, tx.now, closed)
    before = (*known.lists, *known.left) if known else ()
    welcome(tx, subscriber_id, [name for name in entry.lists if name not in before])
    return subscriber_id
