"""Batches of which nobody knows whether the provider took them, until it comes out."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Update,
    case,
    exists,
    func,
    select,
    update,
)

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.delivery.batch import (
    Outcome,
    Resolution,
    Resolved,
    Rest,
    UnknownBatch,
    Verdict,
    Way,
)
from newsletter.domain.delivery.state import BatchState, DeliveryState
from newsletter.store.campaigns.campaigns import Campaigns
from newsletter.store.delivery import batch_splitting, claiming, confirming
from newsletter.store.repository import Repository
from newsletter.store.schema import tables
from newsletter.store.schema.columns import from_ms, maybe_from_ms, to_ms
from newsletter.store.schema.json_sql import each_id
from newsletter.store.subscribers.eligibility_core import eligible

_batch = tables.batch.c
_campaign = tables.campaign.c
_NEVER = 1 << 52
"""Milliseconds: later than any time there is. Only a person can tell, so nobody looks again."""

_PUT_BACK = timedelta(minutes=1)
"""What was seen further ahead is looked at now, while it shows that the clock was put back."""


class Unknowns(Repository):
    """Batches of which nobody knows whether the provider took them."""

    def take(
        self, *, at: datetime, lease: timedelta, accounts: Mapping[str, str]
    ) -> UnknownBatch | None:
        """Take hold of the next one that is due for another look, so long as the lease lasts.

        Only of those that went to one of these accounts, by provider: another account knows no
        key of theirs, and that it has none of them proves nothing.
        """
        free = func.coalesce(_batch.lease_until, 0) <= to_ms(at)
        put_back = _batch.settled_at > to_ms(at + _PUT_BACK)
        due = _of(accounts).where(
            claiming.is_due(to_ms(at)) | put_back,
            _batch.not_before < _NEVER,
            free,
            claiming.is_free(),
        )
        batch_id = self._connection.scalar(due.order_by(_batch.not_before, _batch.id).limit(1))
        if batch_id is None:
            return None
        row = self._connection.execute(
            update(tables.batch)
            .where(_batch.id == batch_id)
            .values(fence=_batch.fence + 1, lease_until=to_ms(at + lease))
            .returning(tables.batch)
        ).one()
        campaign = Campaigns(self._connection).head(row.campaign_id)
        lists = None if row.regardless else campaign.lists
        members = self._connection.execute(_members(row, lists)).all()
        return UnknownBatch(
            id=row.id,
            campaign=campaign,
            fence=row.fence,
            provider=row.provider,
            attempt_id=row.attempt_id,
            attempt_at=from_ms(row.claimed_at),
            seen_at=from_ms(row.settled_at),
            body_hash=row.body_hash,
            members=sorted((row.id, row.address or "") for row in members),
            left=frozenset(row.id for row in members if not row.may),
            tries=row.tries,
            absences=row.absences,
        )

    def call(self, held: UnknownBatch, *, until: datetime) -> None:
        """Write down that it is about to be handed over again, by a call that ends before then."""
        self._connection.execute(_held(held).values(call_until=to_ms(until)))

    def calls_until(self, campaign_id: int, at: datetime) -> datetime | None:
        """Until when such a call of a campaign may be under way; None where none is."""
        query = select(func.max(_batch.call_until)).where(
            claiming.is_unknown(),
            _batch.campaign_id == campaign_id,
            _batch.call_until > to_ms(at),
        )
        return maybe_from_ms(self._connection.scalar(query))

    def strays(self, accounts: Mapping[str, str], campaign_id: int | None = None) -> int:
        """How many are unknown at another account than these, in one campaign or in all."""
        query = _strays(tuple(accounts.items()))
        if campaign_id is not None:
            query = query.where(_batch.campaign_id == campaign_id)
        return self._number(query)

    def adopt(self, campaign_id: int, accounts: Mapping[str, str]) -> int:
        """A person says that these are the accounts they went to; returns how many they are.

        Only of those that went to one of these providers. They are due for a look.
        """
        people = 0
        for provider, account in accounts.items():
            strange = (
                (_batch.campaign_id == campaign_id)
                & (_batch.state == BatchState.UNKNOWN.value)
                & (_batch.provider == provider)
                & (_batch.account != account)
            )
            query = select(func.coalesce(func.sum(_batch.unknown), 0)).where(strange)
            people += self._number(query)
            self._connection.execute(
                update(tables.batch)
                .where(strange)
                # that another account did not have them says nothing of this one
                .values(account=account, not_before=0, absences=0)
            )
        return people

    def settle(
        self,
        held: UnknownBatch,
        *,
        known: Mapping[int, Outcome],
        rest: Rest,
        way: Way,
        at: datetime,
        apart: Collection[int] = (),
    ) -> bool:
        """Book what came out, if the fence still holds; tells whether it did.

        ``known`` holds only ACCEPTED and REJECTED. Those not handed over are queued again, or
        cancelled where their campaign was. Those ``apart`` stay unknown, in the batch.
        """
        if apart:
            return self._part(held, known, rest, way, at, apart)
        people = len(held.members) - len(known)
        state, moved = self._rest(held, rest, people)
        counted: dict[str, Any] = {DeliveryState.UNKNOWN.value: _batch.unknown - len(known)}
        tally = Counter(_OUTCOMES[outcome.verdict].value for outcome in known.values())
        counted |= {name: _batch[name] + number for name, number in tally.items()}
        if moved is not None:
            counted[moved.value] = counted.get(moved.value, _batch[moved.value]) + people
            counted[DeliveryState.UNKNOWN.value] = 0
        changed = self._connection.execute(
            _held(held).values(
                state=state.value,
                settled_at=to_ms(at),
                lease_until=None,
                call_until=None,
                **counted,
            )
        )
        if changed.rowcount != 1:
            return False
        rows = {
            number: (_OUTCOMES[outcome.verdict], outcome.reason, outcome.provider_id)
            for number, outcome in known.items()
        }
        claiming.add_rows(self._connection, held.id, held.campaign.id, rows, at)
        outcomes = [outcome.verdict.value for outcome in known.values()]
        outcomes += [rest.value] * people if rest is not Rest.UNKNOWN else []
        for outcome_name in sorted(set(outcomes)):
            came_out = (way, outcome_name, outcomes.count(outcome_name))
            confirming.note(self._connection, held.campaign.id, held.id, came_out, at)
        return True

    def _part(
        self,
        held: UnknownBatch,
        known: Mapping[int, Outcome],
        rest: Rest,
        way: Way,
        at: datetime,
        apart: Collection[int],
    ) -> bool:
        gone = [number for number, _ in held.members if number not in {*known, *apart}]
        if gone:
            if not batch_splitting.set_aside(self._connection, held, gone, not_before=from_ms(0)):
                return False
            came_out = (way, rest.value, len(gone))
            confirming.note(self._connection, held.campaign.id, held.id, came_out, at)
        staying = replace(held, members=[each for each in held.members if each[0] not in gone])
        return self.settle(staying, known=known, rest=Rest.UNKNOWN, way=way, at=at)

    def _rest(
        self, held: UnknownBatch, rest: Rest, people: int
    ) -> tuple[BatchState, DeliveryState | None]:
        if rest is Rest.ACCEPTED or not people:
            return BatchState.DONE, DeliveryState.ACCEPTED
        if rest is Rest.UNKNOWN:
            return BatchState.UNKNOWN, None
        if Campaigns(self._connection).head(held.campaign.id).state is CampaignState.CANCELLED:
            return BatchState.DONE, DeliveryState.CANCELLED
        self._connection.execute(_held(held).values(not_before=0, tries=0, absences=0))
        return BatchState.QUEUED, DeliveryState.PENDING

    def put_off(
        self, held: UnknownBatch, *, until: datetime | None, tries: int, absences: int
    ) -> None:
        """Look again at this time; None: only a person can tell."""
        not_before = _NEVER if until is None else to_ms(until)
        self._connection.execute(
            _held(held).values(
                not_before=not_before, tries=tries, absences=absences, lease_until=None
            )
        )

    def campaigns(self) -> list[int]:
        """The campaigns that they are of."""
        found = select(_batch.campaign_id).where(claiming.is_unknown())
        return sorted(self._connection.scalars(found.distinct()))

    def calls(self, campaign_id: int) -> tuple[datetime, datetime] | None:
        """When the first and the last call began of which that is unknown; None where none is."""
        first, last = self._connection.execute(
            select(func.min(_batch.claimed_at), func.max(_batch.claimed_at)).where(
                claiming.is_unknown(), _batch.campaign_id == campaign_id
            )
        ).one()
        return None if first is None else (from_ms(first), from_ms(last))

    def providers(self, campaign_id: int) -> list[str]:
        """The providers that they went to, by name."""
        named = select(_batch.provider).where(
            claiming.is_unknown(), _batch.campaign_id == campaign_id
        )
        return sorted(self._connection.scalars(named.distinct()))

    def next_at(self, accounts: Mapping[str, str]) -> datetime | None:
        """When the next of them is due for another look, if any ever is."""
        return maybe_from_ms(self._connection.scalar(_next_at(tuple(accounts.items()))))

    def decide(self, campaign_id: int, to: Resolution, at: datetime) -> int:
        """A person decides what became of all of a campaign; returns how many deliveries."""
        theirs = (_batch.campaign_id == campaign_id) & (_batch.state == BatchState.UNKNOWN.value)
        batches = self._connection.execute(select(_batch.id, _batch.unknown).where(theirs)).all()
        state, column, outcome = _DECISIONS[to]
        self._connection.execute(
            update(tables.batch)
            .where(theirs)
            .values(
                {
                    _batch.state: state.value,
                    _batch[column]: _batch[column] + _batch.unknown,
                    _batch.unknown: 0,
                    _batch.fence: _batch.fence + 1,  # whoever holds it decides nothing any more
                    _batch.not_before: 0,
                    _batch.lease_until: None,
                    _batch.call_until: None,
                    _batch.tries: 0,
                    _batch.absences: 0,
                    _batch.settled_at: to_ms(at),
                }
            )
        )
        for batch_id, people in batches:
            came_out = (Way.PERSON, outcome, people)
            confirming.note(self._connection, campaign_id, batch_id, came_out, at)
        return sum(people for _, people in batches)

    def confirm(
        self, campaign_id: int, provider_ids: Mapping[int, str], *, at: datetime, reason: str
    ) -> int:
        """Book as accepted those of these people of whom it was not known; returns how many.

        ``provider_ids`` is keyed by subscriber id, with an empty string where none is known. It
        moves people who are unknown, given up, or about to be handed over once more, and nobody
        else; a batch in which nothing else is open is done.
        """
        return confirming.confirm(self._connection, campaign_id, provider_ids, at=at, reason=reason)

    def resolved(self, campaign_id: int) -> list[Resolved]:
        """Which way how many of a campaign came out."""
        row = tables.resolution.c
        found = self._connection.execute(
            select(row.way, row.outcome, func.sum(row.people))
            .where(row.campaign_id == campaign_id)
            .group_by(row.way, row.outcome)
            .order_by(row.way, row.outcome)
        )
        return [
            Resolved(way=Way(way), outcome=outcome, people=int(people))
            for way, outcome, people in found
        ]


_OUTCOMES = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.REJECTED: DeliveryState.REJECTED,
}
_DECISIONS = {
    Resolution.ACCEPTED: (BatchState.DONE, "accepted", "accepted"),
    Resolution.RESEND: (BatchState.QUEUED, "pending", "not handed over"),
    Resolution.GIVE_UP: (BatchState.GIVEN_UP, "cancelled", "given up"),
}


def _of(accounts: Mapping[str, str]) -> Select[Any]:
    return select(_batch.id).where(claiming.is_unknown(), claiming.is_at(_batch.provider, accounts))


@lru_cache(maxsize=16)
def _strays(accounts: tuple[tuple[str, str], ...]) -> Select[Any]:
    return select(func.coalesce(func.sum(_batch.unknown), 0)).where(
        claiming.is_unknown(), ~claiming.is_at(_batch.provider, dict(accounts))
    )


@lru_cache(maxsize=16)
def _next_at(accounts: tuple[tuple[str, str], ...]) -> Select[Any]:
    """Asked at each look, mostly in vain: built once for the providers that are configured."""
    due = _of(dict(accounts)).with_only_columns(func.min(_batch.not_before))
    return due.where(_batch.not_before < _NEVER)


def _held(held: UnknownBatch) -> Update:
    return update(tables.batch).where(
        _batch.id == held.id, _batch.fence == held.fence, claiming.is_unknown()
    )


def _members(row: Row[Any], lists: tuple[str, ...] | None) -> Select[tuple[int, str, bool]]:
    """(id, address, may be written to there) of each whose outcome is the batch's own: unknown.

    The address is the one that the attempt went to: what stood before the first change since. It is
    empty where only its hash is left.
    """
    member = each_id(row.members)
    subscriber, delivery, left = tables.subscriber.c, tables.delivery.c, tables.address_history.c
    settled = exists().where(
        delivery.campaign_id == row.campaign_id, delivery.subscriber_id == member.c.value
    )
    later = tables.address_history.alias("later").c
    first = select(func.min(later.number)).where(
        later.subscriber_id == member.c.value, later.number > row.last_change
    )
    same = left.number.is_(None) | (left.address_hash == subscriber.address_hash)
    may: ColumnElement[bool] = func.coalesce(eligible(lists) & same, False)
    return (
        select(
            member.c.value.label("id"),
            case((left.number.is_(None), subscriber.address), else_=left.address).label("address"),
            may.label("may"),
        )
        .join_from(member, tables.subscriber, subscriber.id == member.c.value, isouter=True)
        .join(tables.address_history, left.number == first.scalar_subquery(), isouter=True)
        .where(~settled)
    )
