"""Whom a campaign goes to, a correction, one language of a statement: nobody gets two of a kind."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)

from newsletter.domain.campaigns.campaign import AudienceSplit, Campaign, CampaignState, Correction
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.domain.schedule import ByZone
from newsletter.domain.subscribers.segment import Segment
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.campaigns.freezing import fill, freeze
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.json_sql import each_id
from newsletter.store.subscribers.eligibility import (
    aimed,
    eligible,
    paused,
    picked,
    subscribed,
    suppressed,
    why_not,
)

_CHUNK = 5_000
_NEITHER, _WAITS, _MAY_HAVE_IT = 0, 1, 2
_FINAL = [state.value for state in CampaignState if state.final]
_UNDER_WAY = [
    state.value for state in (BatchState.CLAIMED, BatchState.UNKNOWN, BatchState.GIVEN_UP)
]
_TAKEN = [DeliveryState.ACCEPTED.value, DeliveryState.UNKNOWN.value]
_campaign = tables.campaign.c
_batch = tables.batch.c
_delivery = tables.delivery.c
_subscriber = tables.subscriber.c


class Audiences(Repository):
    """Those whom a statement goes to, when they are fixed."""

    def freeze(
        self,
        campaign_id: int,
        lists: Sequence[str],
        batch_size: int,
        *,
        segment: Segment | None = None,
        by_zone: ByZone | None = None,
    ) -> int:
        """Fix the audience in batches of ``batch_size`` by one statement; returns its size.

        With ``segment`` only those whom it picks at that moment. With ``by_zone`` each batch holds
        readers of one instant, and waits for it.
        """
        whom = aimed(lists, segment)
        return freeze(self._connection, campaign_id, whom, batch_size, by_zone)


class Corrections(Repository):
    """Those who may have a statement, or wait for it. Suppression outranks everything."""

    def audience(self, correction: Correction) -> int:
        """How many would get it now."""
        people = _people(correction).subquery("person")
        return self._number(select(func.count()).select_from(people))

    def reachable(self, correction: Correction) -> Iterator[str]:
        """The addresses of those who would get it."""
        people = _people(correction).subquery("person")
        query = (
            select(_subscriber.address)
            .join_from(people, tables.subscriber, _subscriber.id == people.c.id)
            .order_by(_subscriber.id)
        )
        yield from self._connection.scalars(query).yield_per(_CHUNK)

    def excluded(self, correction: Correction) -> list[tuple[str, str]]:
        """(address, reason) of those who were to get the original and would not get it."""
        held = _held(correction)
        rows = self._connection.execute(
            select(func.coalesce(_subscriber.address, "(erased)"), _reason(held, correction))
            .join_from(held, tables.subscriber, _subscriber.id == held.c.id, isouter=True)
            .where(or_(_subscriber.id.is_(None), suppressed(), ~_gets_correction(held, correction)))
            .order_by(held.c.id)
        )
        return [(row[0], row[1]) for row in rows]

    def left_out(self, correction: Correction) -> dict[str, int]:
        """Why → how many those are, without naming anybody."""
        held = _held(correction)
        why = _reason(held, correction).label("why")
        rows = self._connection.execute(
            select(why, func.count())
            .select_from(held)
            .join(tables.subscriber, _subscriber.id == held.c.id, isouter=True)
            .where(or_(_subscriber.id.is_(None), suppressed(), ~_gets_correction(held, correction)))
            .group_by(why)
        )
        return {row[0]: row[1] for row in rows}

    def take_over(self, campaign_id: int, by: str) -> None:
        """Note that the correction ``by`` ended this campaign and goes to who waited in it."""
        self._connection.execute(
            update(tables.campaign).where(_campaign.id == campaign_id).values(corrected_by=by)
        )

    def freeze(self, campaign_id: int, correction: Correction, batch_size: int) -> int:
        """Fix the correction's audience by one statement; returns its size.

        Its campaign takes the original's lists. At the claim, whoever may have the original is
        asked for no subscription; whoever only waited for it is.
        """
        self._connection.execute(
            update(tables.campaign)
            .where(_campaign.id == campaign_id)
            .values(lists=tuple(correction.lists))
        )
        people = _people(correction).subquery("person")
        alike = people.c.regardless
        place = func.row_number().over(partition_by=alike, order_by=people.c.id) - 1
        # Even numbers heed no subscription, odd ones do: no batch holds people of both kinds.
        number = 2 * (place // literal(batch_size)) + 1 - alike
        numbered = select(people.c.id, alike, number.label("no")).subquery("reader")
        return fill(
            self._connection, campaign_id, numbered, regardless=func.max(numbered.c.regardless)
        )


def _held(correction: Correction) -> Subquery:
    """Who was in a campaign of the original (``id``), and what that says of them."""
    member = each_id(_batch.members)
    ends = _campaign.state.not_in(_FINAL) | (_campaign.corrected_by == correction.by)
    done = _batch.state == BatchState.DONE.value
    cancelled = done & (_batch.cancelled > 0)
    waits = ends & (cancelled | (_batch.state == BatchState.QUEUED.value))
    # of a batch that was cancelled, those whom the provider took have rows of their own
    accepted = done & (_batch.accepted > 0) & (_batch.cancelled == 0)
    # a row of their own says more than the batch, so those come first
    standing = case(
        (_delivery.state.in_(_TAKEN), _MAY_HAVE_IT),
        (_delivery.state.is_not(None), _NEITHER),
        (_batch.state.in_(_UNDER_WAY) | accepted, _MAY_HAVE_IT),
        (waits, _WAITS),
        else_=_NEITHER,
    )
    own = (_delivery.campaign_id == _batch.campaign_id) & (
        _delivery.subscriber_id == member.c.value
    )
    return (
        select(
            member.c.value.label("id"),
            # the highest of several campaigns: who may have it from one may have it
            func.max(standing).label("standing"),
            func.coalesce(func.max(_delivery.state), DeliveryState.CANCELLED.value).label("own"),
        )
        .join_from(tables.campaign, tables.batch, _batch.campaign_id == _campaign.id)
        .join(member, true())
        .join(tables.delivery, own, isouter=True)
        .where(_campaign.slug == correction.of)
        .group_by(member.c.value)
        .subquery("held")
    )


def _gets_correction(held: Subquery, correction: Correction) -> ColumnElement[bool]:
    """Whether the correction is for this subscriber, who is not suppressed."""
    # whoever joined since the original has no row there
    standing = func.coalesce(held.c.standing, _NEITHER)
    waits = _unstarted(correction) if correction.unstarted else standing == _WAITS
    return (standing == _MAY_HAVE_IT) | (waits & subscribed(correction.lists) & ~paused())


def _unstarted(correction: Correction) -> ColumnElement[bool]:
    """Whether this subscriber, if subscribed, would have got what has not begun."""
    return true() if correction.segment is None else picked(correction.segment)


def _people(correction: Correction) -> Select[Any]:
    """Those who get it: ``id``, and ``regardless``, 1 where no subscription is asked for."""
    held = _held(correction)
    regardless = case((held.c.standing == _MAY_HAVE_IT, 1), else_=0)
    return (
        select(_subscriber.id, regardless.label("regardless"))
        .join_from(
            tables.subscriber, held, held.c.id == _subscriber.id, isouter=correction.unstarted
        )
        .where(~suppressed(), _gets_correction(held, correction))
    )


def _reason(held: Subquery, correction: Correction) -> ColumnElement[str]:
    never = "was never sent the original: "
    return case(
        (
            _subscriber.id.is_not(None) & ~suppressed() & (held.c.standing == _NEITHER),
            literal(never) + held.c.own,
        ),
        else_=why_not(correction.lists),
    )


class Translations(Repository):
    """The readers of a statement in several languages. Suppression outranks everything.

    A reader who stands in a campaign of one member is had by it, in whatever state: but not who was
    cancelled before being handed over, unless a correction took them over.
    """

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
        people = select(func.count()).select_from(tables.subscriber).where(_gets_language(split))
        return self._number(people)

    def reachable(self, split: AudienceSplit) -> Iterator[str]:
        """The addresses of those who would get it."""
        query = select(_subscriber.address).where(_gets_language(split)).order_by(_subscriber.id)
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
        return freeze(self._connection, campaign_id, _gets_language(split), batch_size, by_zone)


def _gets_language(split: AudienceSplit) -> ColumnElement[bool]:
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
