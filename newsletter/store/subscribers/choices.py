"""What readers choose for themselves, and consent as proof that they did."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    Update,
    bindparam,
    delete,
    exists,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert as insert_or

from newsletter.domain.subscribers.audience import Consent, Entry, SuppressionReason
from newsletter.domain.subscribers.lists import SubscriptionState
from newsletter.domain.subscribers.preferences import Preferences
from newsletter.domain.subscribers.signup import ConsentRecord, wording_of
from newsletter.store.repository import Repository
from newsletter.store.schema import asking, tables
from newsletter.store.schema.columns import fields_of, maybe_from_ms, to_ms
from newsletter.store.schema.json_sql import each_id
from newsletter.store.subscribers.eligibility_core import list_ids

_subscriber = tables.subscriber.c
_subscription = tables.subscription.c
_suppression = tables.suppression.c


def consent_of(consent: Consent | None) -> str:
    """A consent as a subscriber's row has it."""
    if consent is None:
        return "{}"
    known = {"source": consent.source, "at": consent.at and consent.at.isoformat()}
    return json.dumps(known, ensure_ascii=False)


def come_back(connection: Connection, address_hash: bytes, entry: Entry, at: datetime) -> int:
    """Confirm a known subscriber's lists, also those that they left; returns the id."""
    number = connection.execute(
        update(tables.subscriber)
        .where(_subscriber.address_hash == address_hash)
        .values(consent=consent_of(entry.consent), paused_until=None)
        .returning(_subscriber.id)
    ).scalar_one()
    confirmed = SubscriptionState.CONFIRMED.value
    connection.execute(
        update(tables.subscription)
        .where(
            _subscription.subscriber_id == number,
            _subscription.state != confirmed,
            list_ids(entry.lists),
        )
        .values(state=confirmed, changed_at=to_ms(at))
    )
    return int(number)


def lift(connection: Connection, address_hash: bytes) -> SuppressionReason | None:
    """End a suppression that its person can end; returns its reason."""
    reason = connection.scalar(
        delete(tables.suppression)
        .where(
            _suppression.address_hash == address_hash,
            _suppression.reason != SuppressionReason.MANUAL.value,
        )
        .returning(_suppression.reason)
    )
    return None if reason is None else SuppressionReason(reason)


def move(connection: Connection, subscriber_id: int, address: str, address_hash: bytes) -> bool:
    """Give a subscriber another address, unless somebody else has it."""
    others = select(_subscriber.id).where(
        _subscriber.address_hash == address_hash, _subscriber.id != subscriber_id
    )
    old = connection.scalar(select(_subscriber.address_hash).where(_subscriber.id == subscriber_id))
    moved = connection.execute(
        update(tables.subscriber)
        .where(_subscriber.id == subscriber_id, ~exists(others))
        .values(address=address, address_hash=address_hash)
    )
    if moved.rowcount != 1:
        return False
    if old is not None and old != address_hash:
        _let_go(connection, subscriber_id, old)
    return True


def _let_go(connection: Connection, subscriber_id: int, old: bytes) -> None:
    """What names the address before goes with the person, should they be erased."""
    email = asking.transactional_email.c
    connection.execute(
        update(asking.transactional_email)
        .where(email.address_hash == old, email.subscriber_id.is_(None))
        .values(subscriber_id=subscriber_id)
    )
    connection.execute(
        update(tables.suppression).where(_suppression.address_hash == old).values(address=None)
    )


_consent = asking.consent.c


class Consents(Repository):
    """Who said yes to what, when, in which words. Erased with the person, and only then."""

    def keep_words(self, words: str, language: str, at: datetime) -> str:
        """Store what people are asked to say yes to, once; returns its SHA-256 (64 hex digits)."""
        digest = wording_of(words)
        self._connection.execute(
            insert_or(asking.wording)
            .values(hash=digest, language=language, words=words, first_at=at)
            .on_conflict_do_nothing()
        )
        return digest

    def words(self, wording: str) -> str:
        """The words with this hash; empty if there are none."""
        words = asking.wording.c
        return self._connection.scalar(select(words.words).where(words.hash == wording)) or ""

    def add(self, subscriber_id: int, records: Sequence[ConsentRecord]) -> None:
        rows = [vars(record) | {"subscriber_id": subscriber_id} for record in records]
        if rows:
            self._connection.execute(insert(asking.consent), rows)

    def of(self, subscriber_id: int) -> list[ConsentRecord]:
        """Oldest first."""
        theirs = _consent.subscriber_id == subscriber_id
        query = select(*fields_of(ConsentRecord, asking.consent)).where(theirs)
        return self._list(ConsentRecord, query.order_by(_consent.id))


class Choices(Repository):
    """What readers choose: each of it stands once the transaction is committed."""

    def of(self, subscriber_id: int) -> Preferences | None:
        """What the person chose; None where nobody has this number any more."""
        row = self._connection.execute(
            select(tables.subscriber).where(_subscriber.id == subscriber_id)
        ).one_or_none()
        if row is None:
            return None
        return Preferences(
            name=row.name,
            language=row.language,
            timezone=row.timezone,
            lists=self._lists(subscriber_id),
            paused_until=maybe_from_ms(row.paused_until),
        )

    def _lists(self, subscriber_id: int) -> frozenset[str]:
        names = (
            select(tables.mailing_list.c.name)
            .join(tables.subscription, _subscription.list_id == tables.mailing_list.c.id)
            .where(
                _subscription.subscriber_id == subscriber_id,
                _subscription.state == SubscriptionState.CONFIRMED.value,
            )
        )
        return frozenset(self._connection.scalars(names))

    def describe(self, subscriber_id: int, *, name: str, language: str, timezone: str) -> None:
        """Write down what the person said of themselves."""
        self._connection.execute(
            update(tables.subscriber)
            .where(_subscriber.id == subscriber_id)
            .values(name=name, language=language, timezone=timezone)
        )

    def join(self, subscriber_id: int, lists: Collection[str], at: datetime) -> frozenset[str]:
        """Confirm subscriptions, those that had ended too; returns where there was none before."""
        new = frozenset(lists) - self._lists(subscriber_id)
        if new:
            names = [{"name": name} for name in sorted(new)]
            self._connection.execute(insert_or(tables.mailing_list).on_conflict_do_nothing(), names)
            standing = {
                "state": SubscriptionState.CONFIRMED.value,
                "changed_at": to_ms(at),
                "ended_by": None,
            }
            rows = [
                {"list_id": number, "subscriber_id": subscriber_id, **standing}
                for number in self._connection.scalars(
                    select(tables.mailing_list.c.id).where(tables.mailing_list.c.name.in_(new))
                ).all()
            ]
            joining = insert_or(tables.subscription).on_conflict_do_update(
                index_elements=["list_id", "subscriber_id"], set_=standing
            )
            self._connection.execute(joining, rows)
        return new

    def leave(self, subscriber_id: int, lists: Collection[str], at: datetime) -> frozenset[str]:
        """End subscriptions; returns where there was one."""
        left = frozenset(lists) & self._lists(subscriber_id)
        if left:
            values = {"by": None, "person": subscriber_id, "now": to_ms(at)}
            self._connection.execute(_ending().where(list_ids(sorted(left))), values)
        return left

    def depart(self, links: Sequence[tuple[int, int]], at: datetime) -> list[tuple[int, int]]:
        """End what the links of mails speak of, each a campaign's id and a subscriber's.

        That is the subscriptions to the campaign's lists; all of them, where nobody knows its
        lists any more. Returns the links of whom these books do not know.
        """
        if not links:
            return []
        now = to_ms(at)
        values = [{"by": by, "person": person, "now": now} for by, person in links]
        self._connection.execute(_departing(), values)
        # one statement for all links says nothing of each: whom these books know is asked apart
        people = each_id(json.dumps([person for _, person in links]))
        known = self._connection.scalars(
            select(_subscriber.id).where(_subscriber.id.in_(select(people.c.value)))
        )
        found = set(known)
        return [link for link in links if link[1] not in found]

    def depart_from_all(self, campaign_id: int, subscriber_id: int, at: datetime) -> None:
        """End all subscriptions, as the link that came with a campaign asks."""
        values = {"by": campaign_id, "person": subscriber_id, "now": to_ms(at)}
        self._connection.execute(_ending(), values)

    def pause(self, subscriber_id: int, until: datetime | None) -> None:
        """Send nothing until then; None ends a pause."""
        self._connection.execute(
            update(tables.subscriber)
            .where(_subscriber.id == subscriber_id)
            .values(paused_until=until and to_ms(until))
        )

    def any_over(self, at: datetime) -> bool:
        """Whether a pause is over by then."""
        return bool(self._connection.scalar(select(exists().where(*_is_over(at)))))

    def resume(self, at: datetime) -> int:
        """End every pause that is over by then; returns how many."""
        return self._connection.execute(
            update(tables.subscriber).where(*_is_over(at)).values(paused_until=None)
        ).rowcount


def _ending() -> Update:
    return (
        update(tables.subscription)
        .where(
            _subscription.subscriber_id == bindparam("person"),
            _subscription.state != SubscriptionState.ENDED.value,
        )
        .values(
            state=SubscriptionState.ENDED.value,
            changed_at=bindparam("now"),
            ended_by=bindparam("by"),
        )
    )


@cache  # thousands leave within a minute, and building a statement takes longer than running it
def _departing() -> Update:
    campaign, name = tables.campaign.c, each_id(tables.campaign.c.lists)
    of_it = (
        select(tables.mailing_list.c.id)
        .join_from(tables.campaign, name, true())
        .join(tables.mailing_list, tables.mailing_list.c.name == name.c.value)
        .where(campaign.id == bindparam("by"))
    )
    known = exists().where(campaign.id == bindparam("by"))
    return _ending().where(_subscription.list_id.in_(of_it) | ~known)


def _is_over(at: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    """The pause of the row is over, in the words of the partial index of those who pause."""
    return text("subscriber.paused_until IS NOT NULL"), _subscriber.paused_until <= to_ms(at)
