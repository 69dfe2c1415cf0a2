"""Whom one language of a statement goes to: its readers whom no other one has."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Subquery, and_, func, or_, select, text, true

from newsletter.domain.campaigns.campaign import AudienceSplit, Campaign
from newsletter.domain.delivery.batch import BatchState, DeliveryState
from newsletter.domain.schedule import ByZone
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.campaigns.freezing import freeze
from newsletter.store.schema import tables
from newsletter.store.schema.json_sql import each_id
from newsletter.store.subscribers.eligibility import eligible
from newsletter.store.subscribers.segments import aimed

_CHUNK = 5_000
_campaign = tables.campaign.c
_batch = tables.batch.c
_delivery = tables.delivery.c
_subscriber = tables.subscriber.c


class Translations:
    """The readers of a statement in several languages. Suppression outranks everything.

    A reader who stands in a campaign of one member is had by it, in whatever state: but not who was
    cancelled before being handed over, unless a correction took them over.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def campaigns(self, original: str) -> list[Campaign]:
        """The latest campaign of each statement that was ever planned as its translation."""
        latest = (
            select(func.max(_campaign.id))
            .where(text("campaign.translates <> ''"), _campaign.translates == original)
            .group_by(_campaign.slug)
            .order_by(_campaign.slug)
        )
        campaigns = Campaigns(self._connection)
        found = [campaigns.get(number) for number in self._connection.scalars(latest).all()]
        return [campaign for campaign in found if campaign is not None]

    def languages(self, lists: Sequence[str]) -> set[str]:
        """The languages of those who would get what goes to these lists."""
        named = select(_subscriber.language).where(eligible(lists)).distinct()
        return set(self._connection.scalars(named))

    def audience(self, split: AudienceSplit) -> int:
        """How many would get it now."""
        people = select(func.count()).select_from(tables.subscriber).where(_gets(split))
        return int(self._connection.scalar(people) or 0)

    def reachable(self, split: AudienceSplit) -> Iterator[str]:
        """The addresses of those who would get it."""
        query = select(_subscriber.address).where(_gets(split)).order_by(_subscriber.id)
        yield from self._connection.scalars(query).yield_per(_CHUNK)

    def elsewhere(self, split: AudienceSplit) -> list[tuple[str, str, str]]:
        """(address, language, slug) of those on its lists who would get it, were it not for others.

        The slug is that of the member which has them; empty where it is their language alone.
        """
        had = _had(split)
        rows = self._connection.execute(
            select(_subscriber.address, _subscriber.language, func.coalesce(had.c.slug, ""))
            .join_from(tables.subscriber, had, had.c.id == _subscriber.id, isouter=True)
            .where(aimed(split.lists, split.segment), or_(had.c.id.is_not(None), ~_reads(split)))
            .order_by(_subscriber.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def left_to_others(self, split: AudienceSplit) -> dict[str, int]:
        """Language, as they named it → how many of those that is, without naming anybody."""
        had = _had(split)
        rows = self._connection.execute(
            select(_subscriber.language, func.count())
            .join_from(tables.subscriber, had, had.c.id == _subscriber.id, isouter=True)
            .where(aimed(split.lists, split.segment), or_(had.c.id.is_not(None), ~_reads(split)))
            .group_by(_subscriber.language)
        )
        return {row[0]: row[1] for row in rows}

    def freeze(
        self, campaign_id: int, split: AudienceSplit, batch_size: int, by_zone: ByZone | None = None
    ) -> int:
        """Fix the audience by one statement; returns its size.

        Nobody whom another member has at that moment is in it. ``by_zone`` is as for campaigns.
        """
        return freeze(self._connection, campaign_id, _gets(split), batch_size, by_zone)


def _gets(split: AudienceSplit) -> ColumnElement[bool]:
    """The subscriber of the row gets this member, and nobody else's."""
    return and_(
        aimed(split.lists, split.segment, split.languages),
        _subscriber.id.not_in(select(_had(split).c.id)),
    )


def _reads(split: AudienceSplit) -> ColumnElement[bool]:
    return _subscriber.language.in_(sorted(split.languages))


def _had(split: AudienceSplit) -> Subquery:
    """Whom another member of the family has (``id``), and which one (``slug``)."""
    member = each_id(_batch.members)
    own = (_delivery.campaign_id == _batch.campaign_id) & (
        _delivery.subscriber_id == member.c.value
    )
    cancelled = (
        (_batch.state == BatchState.DONE.value)
        & (_batch.cancelled > 0)
        & (
            func.coalesce(_delivery.state, DeliveryState.CANCELLED.value)
            == DeliveryState.CANCELLED.value
        )
    )
    theirs = (_campaign.slug == split.original) | (_campaign.translates == split.original)
    return (
        select(member.c.value.label("id"), func.max(_campaign.slug).label("slug"))
        .join_from(tables.campaign, tables.batch, _batch.campaign_id == _campaign.id)
        .join(member, true())
        .join(tables.delivery, own, isouter=True)
        .where(
            theirs,
            _campaign.slug != split.slug,
            or_(~cancelled, _campaign.corrected_by != ""),
        )
        .group_by(member.c.value)
        .subquery("had")
    )
