"""The board: all statements, sorted by what they wait for, a page at a time.

On which shelf one stands is decided by SQL alone, so that to count them reads no text. Whether an
approval is what we wrote is for whoever shows a row: here it only says where the row is listed.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
)

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.state import Shelf, Sorting
from newsletter.domain.delivery.batch import BatchState
from newsletter.domain.statements.statement import Channel, Progress, Role
from newsletter.store.schema import tables
from newsletter.store.statements.statements import last_of, sought

_statement = tables.statement.c
_touched = tables.touched.c
_approval = tables.approval.c
_batch = tables.batch.c
_staff = tables.staff.c
_campaign = tables.campaign.c
_LONGEST = 200
"""Characters that are read of what was typed into the search."""
_ESCAPE = "\\"
_LITERAL = str.maketrans({sign: _ESCAPE + sign for sign in "\\%_"})


class Board:
    """All statements, sorted by what they wait for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self, sorting: Sorting, words: str = "") -> dict[Shelf, int]:
        """How many stand on each shelf, of those in whose title or name these words are."""
        shelf = _shelf(sorting).label("shelf")
        found = _sorted(shelf).where(*_with(words)).subquery("found")
        rows = self._connection.execute(
            select(found.c.shelf, func.count()).group_by(found.c.shelf)
        ).all()
        counted = {Shelf(row[0]): int(row[1]) for row in rows}
        return {shelf: counted.get(shelf, 0) for shelf in Shelf}

    def page(
        self,
        sorting: Sorting,
        shelf: Shelf | None = None,
        *,
        words: str = "",
        skip: int = 0,
        most: int,
    ) -> list[str]:
        """The slugs of those on one shelf, or on any: what something happened to last, first."""
        query = _sorted(_statement.slug).where(*_with(words))
        if shelf is not None:
            query = query.where(_shelf(sorting) == shelf.value)
        query = query.order_by(_touched.number.desc()).limit(most).offset(skip)
        return list(self._connection.scalars(query))


def _sorted(*columns: ColumnElement[Any]) -> Select[Any]:
    newest = _campaign.id == last_of(_statement.slug)
    return (
        select(*columns)
        .select_from(tables.statement)
        .join(tables.touched, _touched.slug == _statement.slug)
        .join(tables.campaign, newest, isouter=True)
    )


def _with(words: str) -> list[ColumnElement[bool]]:
    """Each word is somewhere in the title or the name; neither case nor order counts."""
    looked_for = sought(words[:_LONGEST]).translate(_LITERAL).split()
    return [_statement.sought.like(f"%{word}%", escape=_ESCAPE) for word in looked_for]


def _shelf(sorting: Sorting) -> ColumnElement[str]:
    """In the order of ``state_of``."""
    approved = _approved(sorting)
    on_its_way = [CampaignState.SENDING, CampaignState.PAUSED, CampaignState.ATTENTION]
    paused = _campaign.state == CampaignState.PAUSED.value
    cancelled = _campaign.state == CampaignState.CANCELLED.value
    begun = _campaign.started_at.is_not(None)
    corrected = func.coalesce(_campaign.corrected_by, "") != ""
    within = (_statement.translation_of != "") if sorting.together else false()
    rules: list[tuple[ColumnElement[bool], Shelf]] = [
        (corrected, Shelf.SENT),
        (begun & _campaign.state.in_([one.value for one in on_its_way]), Shelf.SENDING),
        (begun & cancelled & _reached(), Shelf.CANCELLED),
        (begun & ~cancelled, Shelf.SENT),
        (_statement.present == 0, Shelf.MISSING),
        (_statement.digest == "", Shelf.MISSING),
        (within, Shelf.WITHIN),
        (_statement.progress == Progress.DRAFT.value, Shelf.DRAFTS),
        (approved & paused, Shelf.SENDING),
        (approved & ~_started(sorting), Shelf.APPROVED),
        (approved, Shelf.SCHEDULED),
        (_returned(), Shelf.DRAFTS),
        (_outdated() & ~_any_approval(sorting), Shelf.REVIEW),
        (cancelled & ~_any_approval(sorting), Shelf.CANCELLED),
    ]
    return case(*((when, shelf.value) for when, shelf in rules), else_=Shelf.REVIEW.value)


def _reached() -> ColumnElement[bool]:
    """Somebody may have it, or still would."""
    had = or_(
        _batch.accepted > 0,
        _batch.unknown > 0,
        _batch.pending > 0,
        _batch.state == BatchState.GIVEN_UP.value,
    )
    return exists().where(_batch.campaign_id == _campaign.id, had)


def _counts(sorting: Sorting) -> ColumnElement[bool]:
    """Whether a row of approvals counts for the text as it is, in the words of ``standing``."""
    policy = sorting.policy
    held = select(_staff.role).where(_staff.address == _approval.by).scalar_subquery()
    enough = held.in_([role.value for role in Role if role.includes(Role.APPROVER)])
    stranger = held.is_(None)
    channel = _approval.channel
    vouched = channel.in_([Channel.FEED.value, Channel.PARTS.value])
    trusted = true() if policy.trust_front_matter else channel != Channel.FRONT_MATTER.value
    own = false() if policy.author_may_approve else _approval.by == _statement.author
    return and_(
        _live(),
        _approval.digest == _statement.digest,
        ~own,
        or_(enough & trusted, vouched & stranger),
    )


def _live() -> ColumnElement[bool]:
    return and_(_approval.slug == _statement.slug, _approval.revoked_at.is_(None))


def _approved(sorting: Sorting) -> ColumnElement[bool]:
    given = select(func.count(_approval.by.distinct())).where(_counts(sorting))
    return given.correlate(tables.statement).scalar_subquery() >= sorting.policy.required


def _any_approval(sorting: Sorting) -> ColumnElement[bool]:
    return exists(select(_approval.id).where(_counts(sorting)).correlate(tables.statement))


def _outdated() -> ColumnElement[bool]:
    older = and_(_live(), _approval.digest != _statement.digest)
    return exists(select(_approval.id).where(older).correlate(tables.statement))


def _started(sorting: Sorting) -> ColumnElement[bool]:
    return false() if sorting.by_sender else true()


def _returned() -> ColumnElement[bool]:
    return false()
