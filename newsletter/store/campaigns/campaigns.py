"""Campaigns and their figures."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    true,
    update,
)

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, Counts
from newsletter.domain.delivery.state import BatchState
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import fields_of
from newsletter.store.schema.json_sql import each_id

_COUNTS = ("pending", "accepted", "rejected", "suppressed", "cancelled", "unknown")
_campaign = tables.campaign.c
_batch = tables.batch.c
# In the words of the partial indexes: SQLite uses them for nothing else.
_IS_OPEN = text("campaign.state IN ('scheduled', 'sending', 'paused', 'attention')")
_IS_SENDING = text("campaign.state = 'sending'")
_HAS_BEGUN = text("campaign.started_at IS NOT NULL")
_CORRECTS_SOMETHING = text("campaign.corrects <> ''")
_TRANSLATES = text("campaign.translates <> ''")


class Campaigns(Repository):
    """Campaigns and their figures."""

    def all(self) -> list[Campaign]:
        return self._list(_campaign_of, _with_counts().order_by(_campaign.id))

    def heads(self) -> list[Campaign]:
        """The same without their figures, which cost a sum over all batches there are."""
        return self._list(_campaign_of, _without_counts().order_by(_campaign.id))

    def newest(self, most: int | None) -> list[Campaign]:
        """The last so many, newest first, with their figures."""
        newest = select(_campaign.id).order_by(_campaign.id.desc()).limit(most)
        return self._list(_campaign_of, _with_counts(newest).order_by(_campaign.id.desc()))

    def count(self) -> int:
        return self._number(select(func.count(_campaign.id)))

    def open(self) -> list[Campaign]:
        """Those that are not over: scheduled, sending, paused, or in need of attention."""
        return self._list(_campaign_of, _open())

    def open_heads(self) -> list[Campaign]:
        """The same without their figures."""
        return self._list(_campaign_of, _open_heads())

    def going(self) -> list[Campaign]:
        """Those that are sending, with their figures."""
        return self._list(_campaign_of, _going())

    def begun(self, after: datetime) -> list[Campaign]:
        """Those that began after a moment, in that order, without their figures."""
        began = _campaign.started_at > after
        return self._list(
            _campaign_of,
            _without_counts().where(_HAS_BEGUN, began).order_by(_campaign.started_at, _campaign.id),
        )

    def last_begun(self, most: int) -> list[Campaign]:
        """The so many that began last, newest first, without their figures."""
        return self._list(
            _campaign_of,
            _without_counts()
            .where(_HAS_BEGUN)
            .order_by(_campaign.started_at.desc(), _campaign.id.desc())
            .limit(most),
        )

    def kin(self, slugs: Collection[str]) -> list[Campaign]:
        """Those of these statements, and of all that correct them or are corrected by them.

        Also where there are several in between; oldest first, without their figures.
        """
        found: dict[int, Campaign] = {}
        seen: set[str] = set()
        asked = set(slugs)
        while asked:
            seen |= asked
            which = _campaign.slug.in_(asked) | (
                _CORRECTS_SOMETHING & _campaign.corrects.in_(asked)
            )
            rows = self._list(_campaign_of, _without_counts().where(which))
            found |= {row.id: row for row in rows}
            named = {row.slug for row in rows} | {row.corrects for row in rows}
            asked = named - seen - {""}
        return [found[number] for number in sorted(found)]

    def translations(self, slugs: Collection[str]) -> set[str]:
        """The slugs of the campaigns that translate these statements."""
        translates = select(_campaign.slug).where(_TRANSLATES, _campaign.translates.in_(slugs))
        return set(self._connection.scalars(translates.distinct()))

    def published(self, *, skip: int, most: int) -> list[str]:
        """The slugs of what began to go out: what began last, first; each once."""
        return list(
            self._connection.scalars(
                select(_campaign.slug)
                .where(_HAS_BEGUN, ~_again())
                .order_by(_campaign.started_at.desc(), _campaign.id.desc())
                .limit(most)
                .offset(skip)
            )
        )

    def count_published(self) -> tuple[int, datetime | None]:
        """How many slugs that are, and when one of them last began."""
        row = self._connection.execute(
            select(func.count(_campaign.slug.distinct()), func.max(_campaign.started_at)).where(
                _HAS_BEGUN
            )
        ).one()
        return int(row[0]), row[1]

    def get(self, campaign_id: int) -> Campaign | None:
        return self._first(_campaign_of, _one(), campaign=campaign_id)

    def head(self, campaign_id: int) -> Campaign:
        """The campaign without its figures, which cost a sum over all its batches."""
        [campaign] = self._list(_campaign_of, _head(), campaign=campaign_id)
        return campaign

    def latest(self, slug: str) -> Campaign | None:
        newest = self._connection.scalar(_newest(), {"of": slug})
        return None if newest is None else self.get(newest)

    def latest_of(self, slugs: Collection[str]) -> dict[str, Campaign]:
        """Slug → the newest campaign of each of these statements that has one."""
        newest = (
            select(func.max(_campaign.id)).where(_campaign.slug.in_(slugs)).group_by(_campaign.slug)
        )
        return {found.slug: found for found in self._list(_campaign_of, _with_counts(newest))}

    def correcting(self, slugs: Collection[str]) -> dict[str, Campaign]:
        """Slug → the campaign that began to put right what this statement said, the newest."""
        began = (
            _without_counts()
            .where(_CORRECTS_SOMETHING, _campaign.corrects.in_(slugs), _HAS_BEGUN)
            .where(_campaign.state != CampaignState.CANCELLED)
            .order_by(_campaign.id)
        )
        return {found.corrects: found for found in self._list(_campaign_of, began)}

    def soonest(self, most: int) -> list[Campaign]:
        """The so many scheduled that leave first."""
        return self._list(
            _campaign_of,
            _without_counts()
            .where(_IS_OPEN, _campaign.state == CampaignState.SCHEDULED)
            .order_by(_campaign.release_at, _campaign.id)
            .limit(most),
        )

    def last_ended(self, most: int) -> list[Campaign]:
        """The so many that began last and are over, newest first, with their figures."""
        over = [CampaignState.SENT, CampaignState.ATTENTION]
        newest = (
            select(_campaign.id)
            .where(_HAS_BEGUN, _campaign.state.in_(over))
            .order_by(_campaign.started_at.desc(), _campaign.id.desc())
            .limit(most)
        )
        return self._list(
            _campaign_of,
            _with_counts(newest).order_by(_campaign.started_at.desc(), _campaign.id.desc()),
        )

    def sending(self) -> list[int]:
        """The ids of those that are sending."""
        return list(self._connection.scalars(_sending()))

    def due(self, now: datetime) -> list[Campaign]:
        """Those scheduled whose time has come, oldest first."""
        return self._list(_campaign_of, _due(), now=now)

    def add(self, campaign: Campaign, at: datetime) -> int:
        """Insert a scheduled campaign (its ``id`` is ignored) and return its id."""
        elsewhere = {"id", "counts", "given_up"}
        values = {name: value for name, value in vars(campaign).items() if name not in elsewhere}
        adding = insert(tables.campaign).values(**values, created_at=at).returning(_campaign.id)
        return int(self._connection.execute(adding).scalar_one())

    def move(
        self,
        campaign_id: int,
        to: CampaignState,
        *,
        expect: Iterable[CampaignState],
        at: datetime,
        reason: str = "",
    ) -> bool:
        """Change the state if it is one of ``expect``; tells whether it was."""
        values = {
            "campaign": campaign_id,
            "from": list(expect),
            "to": to,
            "why": reason,
            "at": at,
            "ended": at if to.ended else None,
        }
        return (
            self._connection.execute(_move(begins=to is CampaignState.SENDING), values).rowcount
            == 1
        )

    def reschedule(self, campaign_id: int, release_at: datetime, *, urgent: bool) -> None:
        self._connection.execute(
            update(tables.campaign)
            .where(_campaign.id == campaign_id)
            .values(release_at=release_at, urgent=urgent)
        )

    def hand_on(self, campaign_id: int, carrier: str) -> bool:
        """Let what waits go to this provider, at once; empty is the first. Tells what is new.

        What waits for an hour goes then.
        """
        handed = self._connection.execute(
            update(tables.campaign)
            .where(_campaign.id == campaign_id, _campaign.carrier != carrier)
            .values(carrier=carrier)
        ).rowcount
        if handed:
            self._connection.execute(
                update(tables.batch)
                .where(
                    _batch.campaign_id == campaign_id,
                    _batch.state == BatchState.QUEUED.value,
                    _batch.attempts > 0,  # what was not tried yet waits for its hour alone
                )
                .values(not_before=0)
            )
        return bool(handed)

    def carriers(self) -> set[str]:
        """The carriers of the campaigns that are sending."""
        return set(self._connection.scalars(select(_campaign.carrier).where(_IS_SENDING)))

    def providers(self, campaign_id: int) -> list[str]:
        """The providers that its batches went to, by name."""
        named = select(_batch.provider).where(
            _batch.campaign_id == campaign_id, _batch.provider != ""
        )
        return sorted(self._connection.scalars(named.distinct()))

    def cancel_pending(self, campaign_id: int) -> int:
        """Turn what is queued into cancelled; returns how many deliveries."""
        queued = (_batch.campaign_id == campaign_id) & (_batch.state == BatchState.QUEUED.value)
        pending = self._connection.scalar(
            select(func.coalesce(func.sum(_batch.pending), 0)).where(queued)
        )
        self._connection.execute(
            update(tables.batch)
            .where(queued)
            .values(
                state=BatchState.DONE.value,
                cancelled=_batch.cancelled + _batch.pending,
                pending=0,
            )
        )
        return int(pending or 0)

    def exceptions(self, campaign_id: int) -> list[tuple[str, str, str, str]]:
        """(address, state, reason, provider id) of each delivery that differs from its batch."""
        delivery = tables.delivery.c
        rows = self._connection.execute(
            select(
                func.coalesce(tables.subscriber.c.address, "(erased)"),
                delivery.state,
                delivery.reason,
                delivery.provider_id,
            )
            .join_from(
                tables.delivery,
                tables.subscriber,
                tables.subscriber.c.id == delivery.subscriber_id,
                isouter=True,
            )
            .where(delivery.campaign_id == campaign_id)
            .order_by(delivery.subscriber_id)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def unknown(self, campaign_id: int) -> list[str]:
        """The addresses of those of whom nobody knows whether the provider took the message."""
        lost = _batch.state == BatchState.UNKNOWN.value
        member = each_id(_batch.members)
        subscriber, delivery = tables.subscriber.c, tables.delivery.c
        settled = exists().where(
            delivery.campaign_id == campaign_id, delivery.subscriber_id == member.c.value
        )
        return list(
            self._connection.scalars(
                select(func.coalesce(subscriber.address, "(erased)"))
                .select_from(tables.batch)
                .join(member, true())
                .join(tables.subscriber, subscriber.id == member.c.value, isouter=True)
                .where(_batch.campaign_id == campaign_id, lost, ~settled)
                .order_by(member.c.value)
            )
        )


# Building a statement takes longer than running it, so those of each look are built once.


@cache
def _open() -> Select[Any]:
    return _with_counts(select(_campaign.id).where(_IS_OPEN)).order_by(_campaign.id)


@cache
def _open_heads() -> Select[Any]:
    return _without_counts().where(_IS_OPEN).order_by(_campaign.id)


@cache
def _going() -> Select[Any]:
    return _with_counts(select(_campaign.id).where(_IS_SENDING)).order_by(_campaign.id)


@cache
def _sending() -> Select[tuple[int]]:
    return select(_campaign.id).where(_IS_SENDING).order_by(_campaign.id)


@cache
def _one() -> Select[Any]:
    return _with_counts(select(_campaign.id).where(_campaign.id == bindparam("campaign")))


@cache
def _head() -> Select[Any]:
    return _without_counts().where(_campaign.id == bindparam("campaign"))


@cache
def _newest() -> Select[Any]:
    return select(func.max(_campaign.id)).where(_campaign.slug == bindparam("of"))


@cache
def _due() -> Select[Any]:
    return (
        _without_counts()  # it has no batches yet
        .where(
            _IS_OPEN,
            _campaign.state == CampaignState.SCHEDULED,
            _campaign.release_at <= bindparam("now"),
        )
        .order_by(_campaign.release_at, _campaign.id)
    )


@cache
def _move(*, begins: bool) -> Update:
    at = bindparam("at", type_=_campaign.started_at.type)
    # what was paused and goes on began when it began
    started = func.coalesce(_campaign.started_at, at)
    return (
        update(tables.campaign)
        .where(
            _campaign.id == bindparam("campaign"),
            _campaign.state.in_(bindparam("from", expanding=True)),
        )
        .values(
            state=bindparam("to"),
            reason=bindparam("why"),
            finished_at=bindparam("ended"),
            **({"started_at": started} if begins else {}),
        )
    )


def _with_counts(which: Select[tuple[int]] | None = None) -> Select[tuple[object, ...]]:
    """With their figures; of ``which`` alone, if it is given: theirs are all batches summed."""
    given_up = func.count().filter(_batch.state == BatchState.GIVEN_UP.value)
    totals = select(
        _batch.campaign_id,
        *(func.sum(_batch[name]).label(name) for name in _COUNTS),
        given_up.label("given_up"),
    ).group_by(_batch.campaign_id)
    if which is not None:
        totals = totals.where(_batch.campaign_id.in_(which))
    sums = totals.subquery("sums")
    found = select(
        *_heads(),
        *(func.coalesce(sums.c[name], 0).label(name) for name in (*_COUNTS, "given_up")),
    ).join_from(tables.campaign, sums, sums.c.campaign_id == _campaign.id, isouter=True)
    return found if which is None else found.where(_campaign.id.in_(which))


def _again() -> ColumnElement[bool]:
    """A campaign of the same statement began before it."""
    earlier = tables.campaign.alias("earlier")
    return exists().where(
        earlier.c.slug == _campaign.slug,
        earlier.c.started_at.is_not(None),
        earlier.c.id < _campaign.id,
    )


def _without_counts() -> Select[tuple[object, ...]]:
    zeros = (literal(0).label(name) for name in (*_COUNTS, "given_up"))
    return select(*_heads(), *zeros)


def _heads() -> list[ColumnElement[Any]]:
    return [*fields_of(Campaign, tables.campaign)]


def _campaign_of(*, given_up: int, **values: Any) -> Campaign:
    counts = Counts(**{name: values.pop(name) for name in _COUNTS})
    return Campaign(counts=counts, given_up=bool(given_up), **values)
