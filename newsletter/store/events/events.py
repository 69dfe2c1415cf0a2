"""What providers tell later: statuses, one of a key, and events as they came."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, text, tuple_
from sqlalchemy.dialects.sqlite import insert

from newsletter.domain.events import (
    Bounce,
    Damage,
    DeliveryStatus,
    Event,
    EventKind,
    Figures,
    Place,
)
from newsletter.store.database import Condition
from newsletter.store.delivery.confirming import unproved
from newsletter.store.events.locating import Locator
from newsletter.store.repository import AddressRepository
from newsletter.store.schema import event_tables, tables

_status = event_tables.delivery_status.c
_event = event_tables.event.c
_override = event_tables.circuit_breaker_override.c
_token = event_tables.webhook_token.c
_REMEMBERED = timedelta(days=2)
_LONGEST_RAW = 16_000
# In the words of the partial indexes: SQLite uses them for nothing else.
_IS_DAMAGE = text("delivery_status.kind IN ('bounced', 'complained')")
_IS_SOFT = text("delivery_status.bounce = 'soft'")


class Events(AddressRepository):
    """``hash_address`` gives the keyed hash of an address in its folded form."""

    def locate(self, events: Sequence[Event], *, provider: str, workspace: str) -> list[Place]:
        """Whom each of them speaks of, in their order, as this provider told it.

        An event is about an address: one that a subscriber left is not the one that they have now.
        A subscriber's number counts where the attempt is ours or the address is theirs; else the
        address alone says who it is. A delivery is found by the attempt; where another followed it
        or it names none, by the slug, if one campaign alone ever tried to reach that reader.
        """
        locator = Locator(
            self._connection, self._hash, events, provider=provider, workspace=workspace
        )
        return [locator.place(event) for event in events]

    def is_first(self, token: bytes, content: bytes, at: datetime) -> bool:
        """Remember what came with a token; False where something else came with it before.

        What is older than a day is forgotten: a post as old is refused anyway.
        """
        self._connection.execute(
            delete(event_tables.webhook_token).where(_token.at < at - _REMEMBERED)
        )
        row = {"token": token, "content": content, "at": at}
        self._connection.execute(
            insert(event_tables.webhook_token).values(row).on_conflict_do_nothing()
        )
        query = select(_token.content).where(_token.token == token)
        return self._connection.scalar(query) == content

    def note(self, statuses: Iterable[DeliveryStatus]) -> None:
        """Keep one status of each key: the one that prevails."""
        noted: dict[object, DeliveryStatus] = {}
        for status in statuses:
            other = noted.get(status.key)
            if other is None or status.prevails(other):
                noted[status.key] = status
        for other in self._known(noted.values()):
            if not noted[other.key].prevails(other):
                del noted[other.key]
        if noted:
            self._connection.execute(
                # what prevails was chosen above; nobody else writes between the two
                insert(event_tables.delivery_status).prefix_with("OR REPLACE"),
                [vars(status) for status in noted.values()],
            )

    def _known(self, statuses: Iterable[DeliveryStatus]) -> list[DeliveryStatus]:
        key = tuple_(_status.campaign_id, _status.subscriber_id, _status.kind)
        same = key.in_([status.key for status in statuses])
        return self._list(DeliveryStatus, select(event_tables.delivery_status).where(same))

    def keep(self, provider: str, told: Iterable[tuple[Event, Place]], at: datetime) -> int:
        """Keep events as they came, each once; returns how many are new."""
        return sum(
            self._connection.execute(
                insert(event_tables.event)
                .values(
                    provider=provider,
                    id=event.id,
                    kind=event.kind,
                    at=event.at,
                    received_at=at,
                    campaign_id=place.campaign_id,
                    subscriber_id=place.subscriber_id,
                    raw=event.raw[:_LONGEST_RAW],
                )
                .on_conflict_do_nothing()
            ).rowcount
            for event, place in told
        )

    def telling(self, campaign_id: int) -> list[int]:
        """Those of whom the books do not say that the provider took it, and a status does."""
        told = Condition(
            "EXISTS (SELECT 1 FROM delivery_status"
            " WHERE campaign_id = :campaign_id AND subscriber_id = member.value)"
        )
        return [each.subscriber_id for each in unproved(self._db, campaign_id, told)]

    def figures(self, campaign_id: int) -> Figures:
        """What became of the campaign's deliveries."""
        bounces = self._count(campaign_id, _came_back(), by=_status.bounce)
        kinds = self._count(campaign_id, _status.kind.is_not(None), by=_status.kind)
        returned = self._count(campaign_id, and_(_came_back(), _was_delivered()), by=_status.kind)
        delivered = kinds.get(EventKind.DELIVERED, 0)
        return Figures(
            delivered=delivered - returned.get(EventKind.BOUNCED, 0),
            complained=kinds.get(EventKind.COMPLAINED, 0),
            bounces=bounces,
            received=bool(kinds) or self._has_events(campaign_id),
        )

    def returned(self, campaign_id: int) -> list[tuple[str, str, str]]:
        """(address, class, reason) of each delivery that came back."""
        subscriber = tables.subscriber.c
        rows = self._connection.execute(
            select(func.coalesce(subscriber.address, "(erased)"), _status.bounce, _status.reason)
            .join_from(
                event_tables.delivery_status,
                tables.subscriber,
                subscriber.id == _status.subscriber_id,
                isouter=True,
            )
            .where(_status.campaign_id == campaign_id, _came_back())
            .order_by(_status.subscriber_id)
        )
        return [(row[0], row[1].value, row[2]) for row in rows]

    def _count(
        self, campaign_id: int, which: ColumnElement[bool], *, by: ColumnElement[Any]
    ) -> dict[Any, int]:
        rows = self._connection.execute(
            select(by, func.count()).where(_status.campaign_id == campaign_id, which).group_by(by)
        )
        return {row[0]: row[1] for row in rows}

    def _has_events(self, campaign_id: int) -> bool:
        one = select(_event.id).where(_event.campaign_id == campaign_id).limit(1)
        return self._connection.scalar(one) is not None

    def soft_bounces(
        self, since: datetime, campaigns: int
    ) -> dict[int, tuple[list[datetime], datetime | None]]:
        """Whose mail of at least so many campaigns bounced softly since then, at today's address.

        Subscriber id → the moments of these bounces, and of the latest delivery, if any.
        """
        soft = and_(_IS_SOFT, _status.at > since, _is_of_the_present_address())
        many = (
            select(_status.subscriber_id)
            .where(soft)
            .group_by(_status.subscriber_id)
            .having(func.count() >= campaigns)
        )
        moments: dict[int, list[datetime]] = defaultdict(list)
        for row in self._connection.execute(
            select(_status.subscriber_id, _status.at)
            .where(soft, _status.subscriber_id.in_(many))
            .order_by(_status.at)
        ):
            moments[row.subscriber_id].append(row.at)
        return {number: (ats, self._delivered(number)) for number, ats in moments.items()}

    def _delivered(self, subscriber_id: int) -> datetime | None:
        latest = select(func.max(_status.at)).where(
            _status.campaign_id.in_(select(tables.campaign.c.id)),  # leads into the key
            _status.subscriber_id == subscriber_id,
            _status.kind == EventKind.DELIVERED,
            _is_of_the_present_address(),
        )
        found: datetime | None = self._connection.scalar(latest)
        return found

    def damage(self, campaign_id: int) -> Damage:
        """Complaints and hard bounces; costs as much as there are of them."""
        counts = {
            (row.kind, row.bounce): row.number
            for row in self._connection.execute(
                select(_status.kind, _status.bounce, func.count().label("number"))
                .where(_status.campaign_id == campaign_id, _IS_DAMAGE)
                .group_by(_status.kind, _status.bounce)
            )
        }
        return Damage(
            complained=counts.get((EventKind.COMPLAINED, None), 0),
            hard=counts.get((EventKind.BOUNCED, Bounce.HARD), 0),
        )

    def overruled(self, campaign_id: int) -> Damage:
        """The damage at which a person let the campaign go on."""
        row = self._connection.execute(
            select(event_tables.circuit_breaker_override).where(
                _override.campaign_id == campaign_id
            )
        ).one_or_none()
        return Damage(complained=row.complained, hard=row.hard) if row else Damage()

    def overrule(self, campaign_id: int, damage: Damage) -> None:
        values = {"complained": damage.complained, "hard": damage.hard}
        self._connection.execute(
            insert(event_tables.circuit_breaker_override)
            .values(campaign_id=campaign_id, **values)
            .on_conflict_do_update(index_elements=["campaign_id"], set_=values)
        )


_also = event_tables.delivery_status.alias("also").c


def _was_delivered() -> ColumnElement[bool]:
    """Of the same delivery, it is also known that it was delivered."""
    return exists().where(
        _also.campaign_id == _status.campaign_id,
        _also.subscriber_id == _status.subscriber_id,
        _also.kind == EventKind.DELIVERED,
    )


def _is_of_the_present_address() -> ColumnElement[bool]:
    """The campaign was planned after the last change of its reader's address."""
    left = tables.address_history.c
    changed = select(func.coalesce(func.max(left.last_campaign), 0)).where(
        left.subscriber_id == _status.subscriber_id
    )
    return _status.campaign_id > changed.scalar_subquery()


def _came_back() -> ColumnElement[bool]:
    soft = _status.bounce == Bounce.SOFT
    return (_status.kind == EventKind.BOUNCED) & ~(soft & _was_delivered())
