"""A reader joins or moves: asked for on a page, and done when the link in a letter is used.

To ask never looks at who is a subscriber. To open a link changes nothing, however often. To use it
happens once: whoever left afterwards is not brought back by the same link.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from newsletter.domain.clock import Clock
from newsletter.domain.delivery.transactional import (
    EmailKind,
    EmailLimits,
    Taken,
    TransactionalEmail,
)
from newsletter.domain.errors import NotFound
from newsletter.domain.ports import Links
from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    Subscriber,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.domain.subscribers.signup import ConsentRecord, Method, Objection, SignUp
from newsletter.store.sql import Store, Transaction

_STAYS = frozenset(
    {SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED, SuppressionReason.MANUAL}
)
"""What a person or staff said goes along to a new address; what a mailbox did does not."""


class LinkState(Enum):
    """What the link in a letter can do."""

    OPEN = "open"
    """What was asked for, once its button is pressed."""
    DONE = "done"
    """That was done just now."""
    USED = "used"
    """Nothing more: it was used before."""
    EXPIRED = "expired"
    """Nothing: it came too late."""
    BLOCKED = "blocked"
    """Nothing: staff suppressed the address, or it is somebody else's by now."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A link that was followed, and what it was about."""

    state: LinkState
    letter: TransactionalEmail
    reader_id: int | None = None
    """The subscriber; only once it was done, as an old link is no key to anybody's preferences."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The words of consent as they are now, and the hash of those that came with a form."""

    words: str
    language: str
    wording: str
    """Empty where the form does not say what was shown."""


def ask(
    wish: SignUp,
    shown: Shown,
    *,
    source: str,
    network: str,
    limits: EmailLimits,
    store: Store,
    clock: Clock,
) -> Taken | Objection:
    """Take a wish on. It costs the same, and ends alike, whoever the address belongs to.

    Returns an objection where the words that were shown are none that we know.
    """
    now = clock.now()
    with store.begin() as tx:
        current = tx.consents.keep_words(shown.words, shown.language, now)
        if shown.wording not in {"", current} and not tx.consents.words(shown.wording):
            return Objection.WORDS
        letter = TransactionalEmail(
            id=0,
            kind=EmailKind.JOIN,
            address=wish.address,
            lists=wish.lists,
            name=wish.name,
            language=shown.language,
            source=source,
            wording=shown.wording,
            asked_at=now,
        )
        return tx.emails.ask(letter, network=network, limits=limits)


def follow(token: str, *, store: Store, links: Links, clock: Clock) -> Followed:
    """Look at the link in a letter, and change nothing. Raises NotFound for one not of ours."""
    with store.read() as tx:
        letter = _letter_of(tx, token, links)
        state = _state(tx, letter, _mover(tx, letter), clock.now())
    return Followed(state=state, letter=letter)


def confirm(token: str, *, store: Store, links: Links, clock: Clock) -> Followed:
    """Do what the letter's reader asked for. Once: again and again changes nothing.

    Raises NotFound for a link that is not ours.
    """
    now = clock.now()
    with store.begin() as tx:
        letter = _letter_of(tx, token, links)
        mover = _mover(tx, letter)
        state = _state(tx, letter, mover, now)
        if state is not LinkState.OPEN:
            return Followed(state=state, letter=letter)
        tx.emails.use(letter.id, now)
        number = _move(tx, mover, letter, now) if mover else _join(tx, letter, now)
    return Followed(state=LinkState.DONE, letter=letter, reader_id=number)


def _letter_of(tx: Transaction, token: str, links: Links) -> TransactionalEmail:
    number = links.read_letter(token)
    letter = None if number is None else tx.emails.get(number)
    if letter is None or letter.kind is EmailKind.PREFERENCES:
        raise NotFound("this link is not one of ours, or a part of it is missing")
    return letter


def _mover(tx: Transaction, letter: TransactionalEmail) -> Subscriber | None:
    """Whoever asked for another address, if they are still there and nobody else has it."""
    if letter.kind is not EmailKind.MOVE or letter.subscriber_id is None:
        return None
    owner = tx.readers.find(letter.address)
    if owner is not None and owner.id != letter.subscriber_id:
        return None
    return tx.readers.get(letter.subscriber_id)


def _state(
    tx: Transaction, letter: TransactionalEmail, mover: Subscriber | None, now: datetime
) -> LinkState:
    if letter.used_at is not None:
        return LinkState.USED
    if letter.expired(now):
        return LinkState.EXPIRED
    if tx.readers.suppressed(letter.address) is SuppressionReason.MANUAL:
        return LinkState.BLOCKED
    if letter.kind is EmailKind.MOVE and mover is None:
        return LinkState.BLOCKED
    return LinkState.OPEN


def _join(tx: Transaction, letter: TransactionalEmail, now: datetime) -> int:
    known = tx.readers.find(letter.address)
    entry = Entry(
        address=letter.address,
        lists=letter.lists,
        name=letter.name,
        # that of a page is a guess: what a reader chose before counts more
        language="" if known and known.language else letter.language,
        timezone=letter.timezone,
        consent=Consent(source=letter.source, at=now),
    )
    number = tx.readers.join(entry, now)
    _lift(tx, letter, now)
    _prove(tx, number, letter.lists, letter, now)
    return number


def _move(tx: Transaction, person: Subscriber, letter: TransactionalEmail, now: datetime) -> int:
    tx.readers.move(person.id, letter.address)
    _lift(tx, letter, now)
    if person.suppressed is not None and person.suppressed in _STAYS:
        entry = SuppressedEntry(address=letter.address, reason=person.suppressed)
        tx.readers.suppress([entry], now, "change of address")
    _prove(tx, person.id, person.lists, letter, now)
    return person.id


def _lift(tx: Transaction, letter: TransactionalEmail, now: datetime) -> None:
    """The mailbox is read by somebody who wants our mail: what spoke against it is over."""
    reason = tx.readers.lift(letter.address)
    if reason is not None:
        tx.audit.enter(
            at=now,
            actor="reader",
            action="lift",
            subject="subscriber",
            detail=f"was {reason.value}; confirmed by letter {letter.id}",
        )


def _prove(
    tx: Transaction, number: int, lists: tuple[str, ...], letter: TransactionalEmail, now: datetime
) -> None:
    tx.consents.add(
        number,
        [
            ConsentRecord(
                list=name,
                given=True,
                method=Method.DOUBLE_OPT_IN,
                source=letter.source,
                wording=letter.wording,
                asked_at=letter.asked_at,
                at=now,
            )
            for name in lists
        ],
    )
