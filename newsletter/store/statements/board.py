"""The board: all statements, sorted by what they wait for, a page at a time.

On which shelf one stands is decided by SQL alone, so that to count them reads no text. Whether an
approval is what we wrote is for whoever shows a row: here it only says where the row is listed.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.state import CampaignRules, Shelf
from newsletter.domain.delivery.state import BatchState
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import OVERRIDES, Channel, Progress
from newsletter.domain.subscribers.address import mailbox
from newsletter.store.repository import Repository
from newsletter.store.schema import desk_tables, tables
from newsletter.store.statements.statements import last_of, sought

_statement = tables.statement.c
_changed = tables.changed_statement.c
_approval = tables.approval.c
_batch = tables.batch.c
_staff = tables.staff.c
_campaign = tables.campaign.c
_draft = desk_tables.draft.c
_version = desk_tables.version.c
_LONGEST = 200
"""Characters that are read of what was typed into the search."""
_ESCAPE = "\\"
_LITERAL = str.maketrans({sign: _ESCAPE + sign for sign in "\\%_"})


class Board(Repository):
    """All statements, sorted by what they wait for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        own = connection.connection.driver_connection
        if own is not None:  # two spellings of one mailbox are one person: no SQL says so
            own.create_function("mailbox", 1, mailbox, deterministic=True)
            own.create_function("sought", 1, sought, deterministic=True)

    def counts(self, rules: CampaignRules, words: str = "") -> dict[Shelf, int]:
        """How many stand on each shelf, of those in whose title or name these words are."""
        shelf = _shelf(rules).label("shelf")
        found = _sorted(shelf).where(*_with(words)).subquery("found")
        rows = self._connection.execute(
            select(found.c.shelf, func.count()).group_by(found.c.shelf)
        ).all()
        counted = {Shelf(row[0]): int(row[1]) for row in rows}
        return {shelf: counted.get(shelf, 0) for shelf in Shelf}

    def page(
        self,
        rules: CampaignRules,
        shelf: Shelf | None = None,
        *,
        words: str = "",
        skip: int = 0,
        most: int,
    ) -> list[str]:
        """The slugs of those on one shelf, or on any: what something happened to last, first."""
        query = _sorted(_statement.slug).where(*_with(words))
        if shelf is not None:
            query = query.where(_shelf(rules) == shelf.value)
        query = query.order_by(_changed.number.desc()).limit(most).offset(skip)
        return list(self._connection.scalars(query))

    def unseen(self, *, words: str = "", skip: int = 0, most: int) -> list[str]:
        """The keys of texts at the desk that were never handed in: what changed last, first."""
        query = _unseen(_draft.key, words).order_by(_draft.changed_at.desc(), _draft.key)
        return list(self._connection.scalars(query.limit(most).offset(skip)))

    def count_unseen(self, words: str = "") -> int:
        """How many there are, of those in whose title these words are."""
        return self._number(_unseen(func.count(), words))


def _unseen(what: ColumnElement[Any], words: str) -> Select[Any]:
    joined = desk_tables.draft.join(desk_tables.version, _draft.head == _version.number)
    title = func.sought(func.json_extract(_version.text, "$.title"))
    there = (_draft.deleted_at.is_(None), _draft.slug == "")
    return select(what).select_from(joined).where(*there, *_with(words, title))


def _sorted(*columns: ColumnElement[Any]) -> Select[Any]:
    newest = _campaign.id == last_of(_statement.slug)
    return (
        select(*columns)
        .select_from(tables.statement)
        .join(tables.changed_statement, _changed.slug == _statement.slug)
        .join(tables.campaign, newest, isouter=True)
    )


def _with(words: str, within: ColumnElement[str] = _statement.sought) -> list[ColumnElement[bool]]:
    """Each word is somewhere in the title or the name; neither case nor order counts."""
    looked_for = sought(words[:_LONGEST]).translate(_LITERAL).split()
    return [within.like(f"%{word}%", escape=_ESCAPE) for word in looked_for]


def _shelf(rules: CampaignRules) -> ColumnElement[str]:
    """In the order of ``state_of``."""
    approved = _approved(rules)
    on_its_way = [CampaignState.SENDING, CampaignState.PAUSED, CampaignState.ATTENTION]
    paused = _campaign.state == CampaignState.PAUSED.value
    cancelled = _campaign.state == CampaignState.CANCELLED.value
    begun = _campaign.started_at.is_not(None)
    corrected = func.coalesce(_campaign.corrected_by, "") != ""
    within = (_statement.translation_of != "") if rules.together else false()
    shelves: list[tuple[ColumnElement[bool], Shelf]] = [
        (corrected, Shelf.SENT),
        (begun & _campaign.state.in_([state.value for state in on_its_way]), Shelf.SENDING),
        (begun & cancelled & _reached(), Shelf.CANCELLED),
        (begun & ~cancelled, Shelf.SENT),
        (~_statement.present, Shelf.MISSING),
        (_statement.content_hash == "", Shelf.MISSING),
        (within, Shelf.WITHIN),
        (_statement.progress == Progress.DRAFT.value, Shelf.DRAFTS),
        (approved & paused, Shelf.SENDING),
        (approved & ~_started(rules), Shelf.APPROVED),
        (approved, Shelf.SCHEDULED),
        (_returned(), Shelf.DRAFTS),
        (_outdated(), Shelf.REVIEW),
        (cancelled & ~_any_approval(rules), Shelf.CANCELLED),
    ]
    return case(*((when, shelf.value) for when, shelf in shelves), else_=Shelf.REVIEW.value)


def _reached() -> ColumnElement[bool]:
    """Somebody may have it, or still would."""
    had = or_(
        _batch.accepted > 0,
        _batch.unknown > 0,
        _batch.pending > 0,
        _batch.state == BatchState.GIVEN_UP.value,
    )
    return exists().where(_batch.campaign_id == _campaign.id, had)


def _counts(rules: CampaignRules, *, standing_in: bool = False) -> ColumnElement[bool]:
    """Whether a row of approvals counts for the text as it is, in the words of ``standing``."""
    policy = rules.policy
    who = func.mailbox(_approval.by)
    held = select(_staff.role).where(_staff.address == _approval.by).scalar_subquery()
    enough = held.in_([role.value for role in Role if role.includes(Role.APPROVER)])
    stranger = held.is_(None)
    channel = _approval.channel
    vouched = channel.in_([Channel.FEED.value, Channel.PARTS.value])
    trusted = true() if policy.trust_front_matter else channel != Channel.FRONT_MATTER.value
    # with the blanks around it, so that no mailbox is found within another
    wrote = func.instr(_statement.mailboxes, literal(" ") + who + literal(" ")) > 0
    own = false() if policy.author_may_approve else wrote
    overrides = channel == Channel.OVERRIDE.value
    admin = held == Role.ADMIN.value
    counts = (
        admin & overrides
        if standing_in
        else ~overrides & ((enough & trusted) | (vouched & stranger))
    )
    return and_(_live(), _approval.content_hash == _statement.content_hash, ~own, counts)


def _live() -> ColumnElement[bool]:
    return and_(_approval.slug == _statement.slug, _approval.revoked_at.is_(None))


def _approved(rules: CampaignRules) -> ColumnElement[bool]:
    return _enough(rules, true()) & ~_withheld(rules)


def _withheld(rules: CampaignRules) -> ColumnElement[bool]:
    """A translation that goes out in its email is a draft."""
    if not rules.together:
        return false()
    part = tables.statement.alias("part").c
    draft = and_(
        part.translation_of == _statement.slug,
        part.translation_of != "",
        part.present,
        part.progress == Progress.DRAFT.value,
    )
    return exists(select(part.slug).where(draft).correlate(tables.statement))


def _enough(rules: CampaignRules, when: ColumnElement[bool]) -> ColumnElement[bool]:
    """There are as many approvals as are required, or two overrides, of those rows."""
    given = _people(_counts(rules) & when) >= rules.policy.required
    return given | (_people(_counts(rules, standing_in=True) & when) >= OVERRIDES)


def _people(which: ColumnElement[bool]) -> ScalarSelect[int]:
    counted = select(func.count(func.mailbox(_approval.by).distinct())).where(which)
    # by name: SQLAlchemy itself looks one query outwards, and that of a start may lie between
    return counted.correlate(tables.statement, tables.start).scalar_subquery()


def _any_approval(rules: CampaignRules) -> ColumnElement[bool]:
    return exists(select(_approval.id).where(_counts(rules)).correlate(tables.statement))


def _outdated() -> ColumnElement[bool]:
    older = and_(_live(), _approval.content_hash != _statement.content_hash)
    return exists(select(_approval.id).where(older).correlate(tables.statement))


def _started(rules: CampaignRules) -> ColumnElement[bool]:
    """Somebody said that this very text may go, after the last approval that it needed."""
    if not rules.by_sender:
        return true()
    start = tables.start.c
    this = and_(
        start.slug == _statement.slug,
        start.content_hash == _statement.content_hash,
        start.revoked_at.is_(None),
    )
    complete = _enough(rules, _approval.at <= start.at)
    return exists(select(start.id).where(this, complete).correlate(tables.statement))


def _returned() -> ColumnElement[bool]:
    """It was sent back as it is, and neither approved since nor handed in again."""
    one, newer = tables.returned.c, tables.returned.alias("newer").c
    newest = select(func.max(newer.id)).where(newer.slug == one.slug).scalar_subquery()
    since = exists(
        select(_approval.id)
        .where(_live(), _approval.content_hash == one.content_hash, _approval.at >= one.at)
        .correlate(tables.statement, tables.returned)
    )
    sent_back = and_(
        one.slug == _statement.slug,
        one.content_hash == _statement.content_hash,
        one.closed_at.is_(None),
        one.id == newest,
        ~since,
    )
    return exists(select(one.id).where(sent_back).correlate(tables.statement))
