"""Emails that readers asked for: taken on within limits, claimed, booked, forgotten."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from newsletter.domain.delivery.transactional import (
    EMAIL_LIVES,
    ClaimedEmail,
    EmailKind,
    EmailLimits,
    EmailState,
    Taken,
    TransactionalEmail,
    mailbox_of,
)
from newsletter.store.delivery import claiming
from newsletter.store.delivery.claiming import DAMAGED, IS_FREE, as_stored
from newsletter.store.file.copies import PUT_BACK
from newsletter.store.repository import AddressRepository
from newsletter.store.schema import asking
from newsletter.store.schema.columns import fields_of

_DAY, _MONTH, _HOUR = timedelta(days=1), timedelta(days=30), timedelta(hours=1)
_WRONG_CLOCK = timedelta(days=4)
"""What waits for longer was put off by a clock that was wrong, and is due."""
_NOBODY = b""
_email = asking.transactional_email.c
_FIELDS = fields_of(TransactionalEmail, asking.transactional_email)


class TransactionalEmails(AddressRepository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def ask(self, email: TransactionalEmail, *, network: str, limits: EmailLimits) -> Taken:
        """Take an email on, within the limits. ``network`` is what the person's address shows.

        Costs the same whether the address is known to us or not, and never asks whether it is.
        """
        mailbox = self._hash(mailbox_of(email.address))
        from_where = self._hash(f"network@{network}") if network else _NOBODY
        same = and_(
            _email.mailbox_hash == mailbox,
            _email.kind == email.kind,
            # what the provider refused reached nobody, and takes nothing from the limit
            _email.state != EmailState.REJECTED,
        )
        day, month = (
            self._count(same, _email.asked_at > email.asked_at - span) for span in (_DAY, _MONTH)
        )
        hour = self._count(
            _email.network_hash == from_where, _email.asked_at > email.asked_at - _HOUR
        )
        waiting = self._count(_is_waiting())
        taken = Taken.NEW
        if day >= limits.a_day or month >= limits.a_month:
            taken = Taken.AGAIN
        elif network and hour >= limits.a_network:
            taken = Taken.NETWORK
        elif waiting >= limits.waiting:
            taken = Taken.FULL
        # one row is written in any case, so that neither time nor size tells which it was
        if taken is Taken.NEW:
            self._add(email, mailbox, from_where)
        else:
            self._note_again(same)
        return taken

    def tell(
        self, address: str, what: str, at: datetime, kind: EmailKind = EmailKind.NOTICE
    ) -> int:
        """Take an email to a member of staff on; return its id.

        There is no limit: what it tells of has one.
        """
        email = TransactionalEmail(
            id=0,
            kind=kind,
            address=address,
            language="en",
            source=what,
            asked_at=at,
        )
        return self._add(email, self._hash(mailbox_of(address)), _NOBODY)

    def _count(self, *conditions: ColumnElement[bool] | TextClause) -> int:
        query = select(func.count()).select_from(asking.transactional_email).where(*conditions)
        return self._number(query)

    def _add(self, email: TransactionalEmail, mailbox: bytes, network: bytes) -> int:
        added = insert(asking.transactional_email).values(
            vars(email)
            | {
                "id": None,
                "address_hash": self._hash(email.address),
                "mailbox_hash": mailbox,
                "network_hash": network,
                "asks": 1,
                "not_before": email.asked_at,
            }
        )
        return int(self._connection.execute(added.returning(_email.id)).scalar_one())

    def _note_again(self, same: ColumnElement[bool]) -> None:
        newest = select(func.max(_email.id)).where(same).scalar_subquery()
        self._connection.execute(
            update(asking.transactional_email)
            .where(_email.id == newest)
            .values(asks=_email.asks + 1)
        )

    def get(self, email_id: int) -> TransactionalEmail | None:
        query = select(*_FIELDS).where(_email.id == email_id)
        return self._first(TransactionalEmail, query)

    def claim(self, *, at: datetime, attempt_id: str) -> ClaimedEmail | None:
        """Take the next one that is due; None where none is, or while everything is on hold."""
        number = self._next_due(at)
        if number is None:
            return None
        row = self._connection.execute(
            update(asking.transactional_email)
            .where(_email.id == number)
            .values(
                state=EmailState.CALLING,
                attempt_id=attempt_id,
                attempts=_email.attempts + 1,
                claimed_at=at,
                # empty until it is intended: by that a restart knows what cannot have left
                provider="",
                account="",
            )
            .returning(*_FIELDS, _email.attempts)
        )
        values = dict(row.mappings().one())
        return ClaimedEmail(
            attempts=values.pop("attempts"),
            attempt_id=attempt_id,
            email=TransactionalEmail(**values),
        )

    def intend(self, claimed: ClaimedEmail, *, provider: str, account: str) -> int | None:
        """Write down where it is about to go.

        Returns how many attempts, of batches and emails, there ever were in this database; None
        where this one does not hold it any more, or everything was stopped in the meantime.
        """
        free = self._connection.scalar(select(text(IS_FREE)))
        held = free and self._book(claimed, provider=provider, account=account)
        return claiming.count(self._db) if held else None

    def _next_due(self, at: datetime) -> int | None:
        """The next one whose address is the one that was asked for; others are withheld."""
        due = or_(_email.not_before <= at, _email.not_before > at + _WRONG_CLOCK)
        query = (
            select(_email.id, func.hex(_email.address), _email.address_hash)
            .where(_is_waiting(), due, text(IS_FREE))
            .order_by(_email.not_before, _email.id)
            .limit(1)
        )
        while (found := self._connection.execute(query).one_or_none()) is not None:
            number, address, stored = found
            if as_stored(bytes.fromhex(address), stored, self._hash) is not None:
                return int(number)
            withheld = {"state": EmailState.WITHHELD, "reason": DAMAGED, "settled_at": at}
            self._connection.execute(
                update(asking.transactional_email).where(_email.id == number).values(withheld)
            )
        return None

    def settle(
        self,
        claimed: ClaimedEmail,
        state: EmailState,
        *,
        at: datetime,
        provider: str = "",
        provider_id: str = "",
        reason: str = "",
    ) -> bool:
        """Book what became of it, if this attempt still holds it; tells whether it did."""
        return self._book(
            claimed,
            state=state,
            settled_at=at,
            provider=provider,
            provider_id=provider_id,
            reason=reason,
        )

    def requeue(self, claimed: ClaimedEmail, *, not_before: datetime, reason: str) -> bool:
        """Put back what was provably not handed over."""
        waiting = EmailState.WAITING
        return self._book(claimed, state=waiting, not_before=not_before, reason=reason)

    def _book(self, claimed: ClaimedEmail, **values: Any) -> bool:
        booked = self._connection.execute(
            update(asking.transactional_email)
            .where(
                _email.id == claimed.email.id,
                _email.state == EmailState.CALLING,
                _email.attempt_id == claimed.attempt_id,
            )
            .values(**values)
        )
        return booked.rowcount == 1

    def abandon(self, at: datetime) -> int:
        """Turn every email that is being handed over into unknown: who held it is dead.

        One that was not intended yet waits again: it has not left. Returns how many are unknown.
        """
        self._connection.execute(_put_back())
        return self._connection.execute(_abandon(), {"at": at}).rowcount

    def distrust(self, at: datetime) -> int:
        """The database may be older than what went out from it, so that waiting emails may have.

        Withholds them; returns how many. What is asked for from then on waits for the release.
        """
        return self._connection.execute(
            update(asking.transactional_email)
            .where(_is_waiting())
            .values(
                state=EmailState.WITHHELD,
                settled_at=at,
                reason=PUT_BACK,
            )
        ).rowcount

    def hold_over(self, at: datetime) -> int:
        """A hold ended that kept emails back: the time for them begins now. Returns how many."""
        return self._connection.execute(
            update(asking.transactional_email).where(_is_waiting()).values(held_until=at)
        ).rowcount

    def use(self, email_id: int, at: datetime) -> bool:
        """Mark its link as used; False where it was already."""
        used = self._connection.execute(
            update(asking.transactional_email)
            .where(_email.id == email_id, _email.used_at.is_(None))
            .values(used_at=at)
        )
        return used.rowcount == 1

    def waiting(self) -> tuple[int, datetime | None]:
        """How many wait, and when the first of them is due."""
        count, first = self._connection.execute(_waiting()).one()
        return int(count), first

    def left_since(self, at: datetime) -> int:
        """How many were handed over since then, or may have been."""
        left = _email.state.in_(_LEFT)
        # what is older than that is not handed over any more: two indexes lead to all the others
        oldest = at - EMAIL_LIVES
        held = and_(text("transactional_email.held_until > 0"), _email.held_until > oldest)
        lately = or_(_email.asked_at > oldest, held)
        return self._count(left, lately, _email.claimed_at > at)

    def counts(self, asked_since: datetime) -> dict[EmailState, int]:
        """How many of those that were asked for since then are in each state; none is left out."""
        rows = self._connection.execute(
            select(_email.state, func.count())
            .where(_email.asked_at > asked_since)
            .group_by(_email.state)
        ).all()
        return dict.fromkeys(EmailState, 0) | {row[0]: row[1] for row in rows}

    def clear(
        self, now: datetime, *, networks: timedelta, addresses: timedelta, rows: timedelta
    ) -> int:
        """Forget networks, addresses and whole emails, each so long after they were asked for.

        What waits or is being handed over stays. Returns how many addresses were forgotten.
        """
        networks_before, addresses_before, rows_before = (
            now - span for span in (networks, addresses, rows)
        )
        known = _email.network_hash != _NOBODY
        self._connection.execute(
            update(asking.transactional_email)
            .where(_email.asked_at < networks_before, known)
            .values(network_hash=_NOBODY)
        )
        named = and_(
            _email.asked_at < addresses_before,
            _email.held_until < addresses_before,  # until then its link does something
            _email.address != "",
        )
        cleared = self._connection.execute(
            update(asking.transactional_email)
            .where(named, _email.state.not_in(_OPEN))
            .values(address="", name="", reason="")
        ).rowcount
        self._connection.execute(
            delete(asking.transactional_email).where(
                _email.asked_at < rows_before,
                _email.held_until < rows_before,
                _email.state.not_in(_OPEN),
            )
        )
        return cleared


_LEFT = (
    EmailState.CALLING,
    EmailState.ACCEPTED,
    EmailState.REJECTED,
    EmailState.UNKNOWN,
)
_OPEN = (EmailState.WAITING, EmailState.CALLING)


def _is_waiting() -> TextClause:
    """In the words of the partial index of such emails."""
    return text("transactional_email.state = 'waiting'")


# Building a statement takes longer than running it, so those of each look are built once.


@cache
def _waiting() -> Select[Any, Any]:
    return select(func.count(), func.min(_email.not_before)).where(_is_waiting())


@cache
def _put_back() -> Update:
    return (
        update(asking.transactional_email)
        .where(_email.state == EmailState.CALLING, _email.provider == "")
        .values(state=EmailState.WAITING)
    )


@cache
def _abandon() -> Update:
    return (
        update(asking.transactional_email)
        .where(_email.state == EmailState.CALLING)
        .values(
            state=EmailState.UNKNOWN,
            settled_at=bindparam("at"),
            reason="the process that handed it over ended before it had an answer",
        )
    )
