"""Transactional emails: requested within limits, claimed, sent, and deleted after a time."""

from datetime import datetime, timedelta

from newsletter.domain.delivery.transactional import (
    EMAIL_LIFETIME,
    ClaimedEmail,
    EmailKind,
    EmailLimits,
    MessageState,
    RequestOutcome,
    TransactionalEmail,
)
from newsletter.domain.subscribers.address import mailbox
from newsletter.domain.wording import say, stored_words
from newsletter.store.database import AddressRepository, as_instant
from newsletter.store.delivery import claiming
from newsletter.store.delivery.claiming import DAMAGED, IS_ALIVE, NO_HOLD, verified

_DAY, _MONTH, _HOUR = timedelta(days=1), timedelta(days=30), timedelta(hours=1)
_NO_NETWORK = b""
_IS_WAITING = "transactional_email.state = 'waiting'"
"""A condition, word for word as in the partial index of waiting emails."""
_IS_ORPHAN = (
    "transactional_email.state = 'calling' AND (claimed_at NOT BETWEEN :since AND :until"
    " OR :since IS NULL AND NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = owner))"
)
_SELECT_EMAIL = """
    SELECT id, kind, address, lists, subscriber_id, name, language, timezone, source, wording,
        state, reason, asked_at, NULLIF(held_until, 0) AS held_until, used_at, settled_at
    FROM transactional_email WHERE id = :id
"""
_IS_SAME = """
    mailbox_hash = :mailbox AND kind = :kind
    -- neither emails that the provider refused nor those whose link was used count
    AND state <> 'rejected' AND used_at IS NULL
"""
_DEFAULT_LIMITS = EmailLimits()


class TransactionalEmails(AddressRepository):
    """The transactional emails. ``hash_address`` returns the keyed hash of an address."""

    def ask(
        self, email: TransactionalEmail, *, network: str, limits: EmailLimits = _DEFAULT_LIMITS
    ) -> RequestOutcome:
        """Queue a requested email if the limits allow it. ``network`` is the client's network.

        The time is the same for known and unknown addresses: subscribers are not queried.
        """
        self._db.keep_plans()
        mailbox_hash = self._hash(mailbox(email.address))
        from_where = self._hash(f"network@{network}") if network else _NO_NETWORK
        outcome = self._check_limits(email, mailbox_hash, from_where, limits)
        # one row is written in any case, so that the time does not reveal the outcome
        if outcome is RequestOutcome.NEW:
            self._add(email, mailbox_hash, from_where)
        else:
            self._db.change(
                "UPDATE transactional_email SET asks = asks + 1"
                f" WHERE id = (SELECT MAX(id) FROM transactional_email WHERE {_IS_SAME})",
                mailbox=mailbox_hash,
                kind=email.kind,
            )
        return outcome

    def _check_limits(
        self, email: TransactionalEmail, mailbox_hash: bytes, network: bytes, limits: EmailLimits
    ) -> RequestOutcome:
        """Return NEW, or the limit that refuses the email. All limits are queried in any case."""
        now = email.asked_at
        [(month, day, hour, is_full)] = self._db.rows(
            "SELECT COUNT(*), COALESCE(SUM(CASE WHEN asked_at > :day AND asked_at <= :to_day"
            " THEN 1 ELSE 0 END), 0), (SELECT COUNT(*) FROM transactional_email"
            " WHERE network_hash = :network AND asked_at > :hour AND asked_at <= :to_hour),"
            # a count would read each of the waiting emails
            f" EXISTS (SELECT 1 FROM transactional_email WHERE {_IS_WAITING}"
            " LIMIT 1 OFFSET :before) FROM transactional_email"
            f" WHERE asked_at > :since AND asked_at <= :until AND {_IS_SAME}",
            mailbox=mailbox_hash,
            kind=email.kind,
            network=network,
            # much later requests are of a clock that ran ahead, and do not count
            since=now - _MONTH,
            until=now + _MONTH,
            day=now - _DAY,
            to_day=now + _DAY,
            hour=now - _HOUR,
            to_hour=now + _HOUR,
            before=limits.max_waiting - 1,
        )
        if day >= limits.max_per_day or month >= limits.max_per_month:
            return RequestOutcome.AGAIN
        if network and hour >= limits.max_per_network:
            return RequestOutcome.NETWORK
        return RequestOutcome.FULL if is_full else RequestOutcome.NEW

    def inform(
        self,
        address: str,
        what: str,
        at: datetime,
        kind: EmailKind = EmailKind.NOTICE,
        *,
        lists: tuple[str, ...] = (),
        language: str = "",
    ) -> int:
        """Queue an email to staff, or to a person about a decision; return its id.

        It has no limit, because the act that it reports has one.
        """
        email = TransactionalEmail(
            id=0,
            kind=kind,
            address=address,
            lists=lists,
            language=language,
            source=stored_words(what),
            asked_at=at,
        )
        return self._add(email, self._hash(mailbox(address)), _NO_NETWORK)

    def _add(self, email: TransactionalEmail, mailbox_hash: bytes, network: bytes) -> int:
        values = {name: value for name, value in vars(email).items() if name != "id"}
        return self._db.insert(
            "transactional_email",
            returning="id",
            address_hash=self._hash(email.address),
            mailbox_hash=mailbox_hash,
            network_hash=network,
            asks=1,
            not_before=email.asked_at,
            **values | {"held_until": email.held_until or 0},
        )

    def get(self, email_id: int) -> TransactionalEmail | None:
        return self._db.first(TransactionalEmail, _SELECT_EMAIL, id=email_id)

    def claim(
        self, *, at: datetime, attempt_id: str, owner: int | None = None
    ) -> ClaimedEmail | None:
        """Claim the next email that is due; return None if there is none, or during a hold."""
        number = self._next_due(at, owner)
        if number is None:
            return None
        attempts = self._db.number(
            "UPDATE transactional_email SET state = 'calling', attempt_id = :attempt_id,"
            " attempts = attempts + 1, claimed_at = :at,"
            # empty until record_start: a restart knows by it that nothing was sent
            " provider = '', account = '', owner = :owner"
            " WHERE id = :id RETURNING attempts",
            id=number,
            attempt_id=attempt_id,
            at=at,
            owner=owner,
        )
        [email] = self._db.all(TransactionalEmail, _SELECT_EMAIL, id=number)
        return ClaimedEmail(email=email, attempt_id=attempt_id, attempts=attempts)

    def record_start(
        self, claim: ClaimedEmail, *, provider: str, account: str, owner: int | None = None
    ) -> int:
        """Record that the email is about to be sent through an account at its provider.

        In the transaction of its claim. Return the number of all attempts, of batches and emails,
        in this database.
        """
        key = {"id": claim.email.id}
        self._db.update("transactional_email", key, provider=provider, account=account)
        return claiming.count(self._db, owner)

    def _next_due(self, at: datetime, owner: int | None) -> int | None:
        """Return the id of the next due email. Emails with a damaged address are withheld."""
        query = f"""
            SELECT id, hex(address), address_hash FROM transactional_email
            WHERE {_IS_WAITING} AND (not_before <= :at OR not_before > :too_far) AND {NO_HOLD}
                AND {IS_ALIVE}
            ORDER BY not_before, id LIMIT 1
        """
        while rows := self._db.rows(query, at=at, too_far=at + claiming.MAX_RETRY, owner=owner):
            [(number, address, stored_hash)] = rows
            if verified(bytes.fromhex(address), stored_hash, self._hash) is not None:
                return int(number)
            withheld = {"state": "withheld", "reason": DAMAGED, "settled_at": at}
            self._db.update("transactional_email", {"id": number}, **withheld)
        return None

    def settle(
        self, claim: ClaimedEmail, state: MessageState, *, at: datetime, **details: str
    ) -> bool:
        """Record the outcome if this attempt still holds the email; return whether it did.

        ``details`` are values of the columns provider, provider_id and reason.
        """
        return self._book(claim, state=state, settled_at=at, **details)

    def requeue(self, claim: ClaimedEmail, *, not_before: datetime, reason: str) -> bool:
        """Queue an unsent email again; return False if the claim has ended."""
        return self._book(claim, state="waiting", not_before=not_before, reason=reason)

    def _book(self, claim: ClaimedEmail, **values: object) -> bool:
        claim_key = {"id": claim.email.id, "state": "calling", "attempt_id": claim.attempt_id}
        return self._db.update("transactional_email", claim_key, **values)

    def abandon(self, at: datetime, *, max_age: timedelta | None = None) -> int:
        """Make the emails unknown whose sending process has no row; return their number.

        With ``max_age``, instead the emails that were claimed longer ago, or as far ahead by a
        wrong clock. An email without ``record_start`` was not sent and is queued again.
        """
        times = {"since": max_age and at - max_age, "until": max_age and at + max_age}
        self._db.change(
            "UPDATE transactional_email SET state = 'waiting'"
            f" WHERE {_IS_ORPHAN} AND provider = ''",
            **times,
        )
        return self._db.change(
            "UPDATE transactional_email SET state = 'unknown', settled_at = :at,"
            f" reason = :reason WHERE {_IS_ORPHAN}",
            reason=say("the process that handed it over ended before it had an answer"),
            at=at,
            **times,
        )

    def restart_lifetimes(self, at: datetime) -> int:
        """Restart the age of waiting emails, because a hold ended; return their number."""
        return self._db.change(
            f"UPDATE transactional_email SET held_until = :at WHERE {_IS_WAITING}", at=at
        )

    def use(self, email_id: int, at: datetime) -> bool:
        """Mark an email's link as used; return whether it was not used before."""
        return self._db.update("transactional_email", {"id": email_id, "used_at": None}, used_at=at)

    def count_waiting(self, *, without: EmailKind | None = None) -> tuple[int, datetime | None]:
        """Return the number of waiting emails, except of one kind, and when the first is due."""
        [(count, first)] = self._db.rows(
            f"SELECT COUNT(*), MIN(not_before) FROM transactional_email WHERE {_IS_WAITING}"
            " AND kind <> :without",
            without=without or "",
        )
        return count, None if first is None else as_instant(first)

    def waiting_since(self) -> datetime | None:
        """Return when the oldest waiting email was requested; None if none waits."""
        return self._db.moment(f"SELECT MIN(asked_at) FROM transactional_email WHERE {_IS_WAITING}")

    def is_under_way(self, address: str, kind: EmailKind, what: str = "") -> bool:
        """Return whether an email of a kind, about ``what``, to this address waits or is sent."""
        return self._db.has_row(
            "SELECT 1 FROM transactional_email WHERE address_hash = :hash AND kind = :kind"
            " AND source = :what AND state IN ('waiting', 'calling')",
            hash=self._hash(address),
            kind=kind,
            what=stored_words(what),
        )

    def count_sent_in_hour(self, until: datetime) -> int:
        """Return the number of emails that were sent in the hour until then, or may have been.

        If somebody set the clock back, emails with a later time do not count.
        """
        # older emails are not sent any more; an index finds each kind of the others
        return self._db.number(
            """
                SELECT COUNT(*) FROM transactional_email
                WHERE state IN ('calling', 'accepted', 'rejected', 'unknown')
                    AND (asked_at > :oldest
                        OR (transactional_email.held_until > 0 AND held_until > :oldest))
                    AND claimed_at > :since AND claimed_at <= :until
                """,
            oldest=until - _HOUR - EMAIL_LIFETIME,
            since=until - _HOUR,
            until=until,
        )

    def counts(self, asked_since: datetime) -> dict[MessageState, int]:
        """Count the emails requested since then, by state; every state is included."""
        count_by_state = "SELECT state, COUNT(*) FROM transactional_email WHERE asked_at > :since"
        found = dict(self._db.rows(f"{count_by_state} GROUP BY state", since=asked_since))
        return {state: found.get(state.value, 0) for state in MessageState}

    def clear(
        self, now: datetime, *, network_age: timedelta, address_age: timedelta, row_age: timedelta
    ) -> int:
        """Delete networks, addresses and whole emails, each after its time since the request.

        Emails that wait or are being sent stay. Return the number of deleted addresses.
        """
        self._db.change(
            "UPDATE transactional_email SET network_hash = :none"
            " WHERE asked_at < :before AND network_hash <> :none",
            before=now - network_age,
            none=_NO_NETWORK,
        )
        address_count = self._db.change(
            "UPDATE transactional_email SET address = '', name = '', reason = ''"
            # a hold extends the lifetime of the link
            " WHERE asked_at < :before AND held_until < :before AND address <> ''"
            " AND state NOT IN ('waiting', 'calling')",
            before=now - address_age,
        )
        self._db.change(
            "DELETE FROM transactional_email WHERE asked_at < :before AND held_until < :before"
            " AND state NOT IN ('waiting', 'calling')",
            before=now - row_age,
        )
        return address_count
