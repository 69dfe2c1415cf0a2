"""The board, a person's start page, and the calendar with conflicts.

The queries read at most one page, however much was ever sent.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, combinations

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, has_begun
from newsletter.domain.campaigns.state import BoardSearch, CampaignRules, Related, Shelf, State
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.events import Reactions
from newsletter.domain.schedule import LocalTime, resolve
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.comment import Comment, find_mentions
from newsletter.domain.statements.draft import Draft
from newsletter.domain.typed_time import parse_typed_time
from newsletter.domain.wording import say
from newsletter.pipeline.campaigns.headcount import with_readers
from newsletter.pipeline.ledger import find_stored
from newsletter.pipeline.statements.translations import find_awaited
from newsletter.pipeline.status import FaultOf, load_status, load_statuses, with_sent_text
from newsletter.store.sql import Transaction

STATEMENTS_PER_PAGE = 50
_MAX_ROWS_SEARCHED = 30
"""The number of last changed rows of a shelf in which a person's tasks are searched."""
_MAX_TASKS_SHOWN = 10
_MAX_NEXT = 5
_MAX_ENDED_SHOWN = 3
_GROWTH_PERIOD = timedelta(days=30)
_MAX_COMMENTS_SEARCHED, _MAX_MENTIONS, _MENTION_PERIOD = 200, 5, timedelta(days=14)
"""How many comments are searched for a person's name, how many are shown, and their age."""


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    rows: tuple[StatementStatus, ...]
    unseen: tuple[Draft, ...]
    """Drafts that were never submitted, paged like the rows."""
    counts: dict[Shelf, int]
    """Shelf → the number of statements on it that match the search."""
    has_more: bool


def load_board(
    tx: Transaction,
    rules: CampaignRules,
    faults: FaultOf = lambda _: "",
    *,
    shelf: Shelf | None = None,
    search: BoardSearch | None = None,
    page_number: int = 1,
) -> BoardPage:
    """Return one page of the board, latest change first."""
    skip, search = (page_number - 1) * STATEMENTS_PER_PAGE, search or BoardSearch()
    has_drafts = shelf in {None, Shelf.DRAFTS}
    unseen = (
        tx.board.list_unsubmitted(search, skip=skip, limit=STATEMENTS_PER_PAGE + 1)
        if has_drafts
        else []
    )
    counts = tx.board.count_by_shelf(rules, search)
    counts[Shelf.DRAFTS] += tx.board.count_unsubmitted(search)
    slugs = tx.board.list_slugs(rules, shelf, search, skip=skip, limit=STATEMENTS_PER_PAGE + 1)
    return BoardPage(
        rows=tuple(_rows(tx, slugs[:STATEMENTS_PER_PAGE], rules, faults)),
        unseen=tuple(unseen[:STATEMENTS_PER_PAGE]),
        counts=counts,
        has_more=max(len(slugs), len(unseen)) > STATEMENTS_PER_PAGE,
    )


def _rows(
    tx: Transaction, slugs: Sequence[str], rules: CampaignRules, faults: FaultOf
) -> list[StatementStatus]:
    known = {stored.slug: stored for stored in tx.statements.find(slugs)}
    return load_statuses(tx, [known[slug] for slug in slugs if slug in known], rules, faults)


_MAX_LANGUAGES = 50
_COUNTED_STATES = frozenset(
    {State.SCHEDULED, State.LEAVING, State.APPROVED, State.REVIEW, State.CHANGED}
)


def load_for_page(
    tx: Transaction, slug: str, rules: CampaignRules, faults: FaultOf = lambda _: ""
) -> StatementStatus:
    """Return a statement's status with readers, times and translations. Raises NotFound."""
    status = load_status(tx, find_stored(tx, slug), rules, faults)
    status = with_sent_text(tx, status) if status.has_begun else status
    if status.state in _COUNTED_STATES:
        status = with_readers(tx, status)
    draft = tx.drafts.find_by_slug(slug) if status.statement.desk else None
    late = find_awaited(tx, status.campaign) if status.campaign else ()
    return replace(
        status,
        translations=_translations(tx, slug, rules),
        awaited=tuple(say("{text}.", text=str(one)) for one in late),
        has_newer_draft=draft is not None and draft.has_unsubmitted_text,
    )


def _translations(tx: Transaction, slug: str, rules: CampaignRules) -> tuple[Related, ...]:
    stored = [one for one in tx.statements.find_translations(slug) if one.present][:_MAX_LANGUAGES]
    return tuple(
        Related(
            slug=one.slug,
            title=one.statement.title,
            language=one.statement.language,
            state=one.state,
        )
        for one in (load_statuses(tx, stored, rules) if stored else ())
    )


@dataclass(frozen=True, kw_only=True)
class Desktop:
    """The start page of one person."""

    waiting: tuple[StatementStatus, ...]
    """Statements that wait for an act of this person or their role."""
    lapsed: tuple[StatementStatus, ...]
    """Statements whose start by this person has lapsed."""
    more_waits: bool
    """More statements wait than are shown."""
    next: tuple[StatementStatus, ...]
    ongoing: tuple[StatementStatus, ...]
    """Statements that are being sent, newest first."""
    over: tuple[tuple[Campaign, str, Reactions], ...]
    """The last ended campaigns, each with its statement's title."""
    drafts: tuple[Draft, ...]
    """This person's drafts that were never submitted."""
    named_in: tuple[tuple[Comment, str], ...]
    """The last comments that mention this person, each with its statement's title."""
    lists: int
    growth: tuple[int, ...]
    """The numbers of subscriptions, of new ones and of ended ones within _GROWTH_PERIOD."""
    complaints: int | None
    """The number of complaints about ``over``; None if no event about them was reported."""


_TASK_SHELVES = (
    (Shelf.SENDING, Role.SENDER),
    (Shelf.REVIEW, Role.APPROVER),
    (Shelf.APPROVED, Role.SENDER),
    (Shelf.DRAFTS, Role.WRITER),
    (Shelf.MISSING, Role.SENDER),
)
"""The shelves with tasks, most urgent first, and the role for the task."""


def load_desktop(
    tx: Transaction, address: str, role: Role, rules: CampaignRules, faults: FaultOf = lambda _: ""
) -> Desktop:
    """Return a person's start page."""
    shelves = [shelf for shelf, needed in _TASK_SHELVES if role.includes(needed)]
    on_shelves = tx.board.list_newest_by_shelf(rules, shelves, limit=_MAX_ROWS_SEARCHED)
    states = {CampaignState.SENDING, CampaignState.PAUSED}
    ongoing = [one for one in tx.campaigns.list_open() if has_begun(one) and one.state in states]
    scheduled = tx.campaigns.list_scheduled(limit=_MAX_NEXT)
    undecided = tx.campaigns.list_undecided(_MAX_TASKS_SHOWN) if role.includes(Role.ADMIN) else []
    slugs = [campaign.slug for campaign in (*ongoing, *scheduled, *undecided)]
    slugs = list(dict.fromkeys(chain(*on_shelves.values(), slugs)))
    statuses = {one.slug: one for one in _rows(tx, slugs, rules, faults)}

    def statuses_of(campaigns: Sequence[Campaign]) -> tuple[StatementStatus, ...]:
        return tuple(statuses[one.slug] for one in campaigns if one.slug in statuses)

    faulty = [statuses[slug] for slug in on_shelves.pop(Shelf.MISSING, ())]
    rows = [statuses[slug] for slug in chain(*on_shelves.values())]
    rows = [with_readers(tx, one) if one.statement.translation_of else one for one in rows]
    waiting = [status for status in rows if status.waits_for(address)]
    lapsed = [one for one in rows if one.lapsed_start and one.lapsed_start.by == address]
    waiting += statuses_of(undecided)
    waiting += [one for one in faulty if one.state is State.FAULTY]
    if role.includes(Role.SENDER):  # unknown welcome emails wait for no one else
        waiting += statuses_of([one for one in ongoing if one.welcome and one.counts.unknown])
    ongoing = sorted((one for one in ongoing if not one.welcome), key=lambda one: -one.id)
    over = load_ended(tx, _MAX_ENDED_SHOWN)
    reported = [one.complained for *_, one in over if one.received]
    mentions = _mentions_of(tx, address)
    titles = _titles_of(tx, mentions)
    unseen = tx.board.list_unsubmitted(limit=_MAX_ROWS_SEARCHED)
    return Desktop(
        waiting=tuple(waiting[:_MAX_TASKS_SHOWN]),
        lapsed=tuple(lapsed[:_MAX_TASKS_SHOWN]),
        more_waits=len(waiting) > _MAX_TASKS_SHOWN,
        next=statuses_of(scheduled),
        ongoing=statuses_of(ongoing[:_MAX_TASKS_SHOWN]),
        over=tuple(over),
        drafts=tuple([draft for draft in unseen if address in draft.version.writers][:_MAX_NEXT]),
        named_in=tuple((comment, titles[comment.slug]) for comment in mentions),
        lists=len(tx.readers.list_names()),
        growth=tx.readers.count_growth(tx.now - _GROWTH_PERIOD),
        complaints=sum(reported) if reported else None,
    )


def load_ended(
    tx: Transaction, limit: int, *, skip: int = 0
) -> list[tuple[Campaign, str, Reactions]]:
    """Return campaigns that are over with titles and reactions, the last begun first."""
    found = tx.campaigns.list_last_ended(limit, skip=skip)
    titles, reactions = _titles_of(tx, found), tx.events.count_reactions([one.id for one in found])
    return [(one, titles[one.slug], reactions[one.id]) for one in found]


def _titles_of(tx: Transaction, about: Iterable[Campaign | Comment]) -> dict[str, str]:
    """Return slug → title of each statement; the slug of one that is gone."""
    slugs = {one.slug for one in about}
    stored = tx.statements.find(slugs)
    return {slug: slug for slug in slugs} | {one.slug: one.statement.title for one in stored}


def _mentions_of(tx: Transaction, address: str) -> list[Comment]:
    """Return the last comments of others that mention a person, newest first."""
    names, since = tx.staff.names(), tx.now - _MENTION_PERIOD
    mentions = [
        comment
        for comment in tx.comments.list_newest(_MAX_COMMENTS_SEARCHED)
        if comment.at > since
        and address != comment.by
        and address in find_mentions(comment.words, names).values()
    ]
    return mentions[:_MAX_MENTIONS]


_MAX_DRAFTS = 200
_CLASH_INTERVAL = timedelta(minutes=15)
"""The time within which two statements to one list conflict."""
_PLANNED_STATES = frozenset(
    {
        *(State.DRAFT, State.RETURNED, State.REVIEW, State.CHANGED, State.APPROVED),
        *(State.HELD_BACK, State.SCHEDULED, State.LEAVING),
    }
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    at: datetime
    title: str
    state: State
    path: str
    """The path of the page below ``/desk``. ``path`` and ``is_embargo`` identify the entry."""
    lists: tuple[str, ...] = ()
    is_embargo: bool = False
    """``at`` is the end of an embargo, not a time to send."""


def load_calendar(
    tx: Transaction, rules: CampaignRules, since: datetime, until: datetime
) -> tuple[Entry, ...]:
    """Return the calendar entries from ``since`` until before ``until``, sorted by time."""
    entries = (
        *_planned_entries(tx, rules),
        *_draft_entries(tx, rules.timezone),
        *_started_entries(tx, since, until),
    )
    within = (entry for entry in entries if since <= entry.at < until)
    return tuple(sorted(within, key=lambda entry: (entry.at, entry.title, entry.is_embargo)))


def find_clashes(entries: Iterable[Entry]) -> list[tuple[Entry, Entry, tuple[str, ...]]]:
    """Return pairs of planned statements that are too close, and the lists that they share."""
    others = [entry for entry in entries if entry.state in _PLANNED_STATES and not entry.is_embargo]
    return [
        (first, second, shared)
        for first, second in combinations(others, 2)
        if second.at - first.at < _CLASH_INTERVAL
        and (shared := tuple(name for name in first.lists if name in second.lists))
    ]


def _planned_entries(tx: Transaction, rules: CampaignRules) -> Iterator[Entry]:
    for status in load_statuses(tx, tx.statements.list_planned(), rules):
        if status.state not in _PLANNED_STATES:
            continue
        entry = Entry(
            at=tx.now,
            title=status.statement.title,
            state=status.state,
            path=f"statements/{status.slug}",
            lists=status.statement.lists,
        )
        if at := status.planned_at:
            yield replace(entry, at=at)
        if status.embargo_until:
            yield replace(entry, at=status.embargo_until, is_embargo=True)


def _draft_entries(tx: Transaction, zone: str) -> Iterator[Entry]:
    """Yield the entries of drafts that were never submitted."""
    for draft in tx.board.list_unsubmitted(limit=_MAX_DRAFTS):
        text = draft.version.text
        for typed, is_embargo in ((text.send_at, False), (text.embargo_until, True)):
            try:
                time = parse_typed_time(typed, zone=zone, now=draft.changed_at)
                at = None if isinstance(time, LocalTime) else resolve(time, zone)
            except ValueError:  # also if nothing was typed
                at = None
            if at is not None:
                yield Entry(
                    at=at,
                    title=text.title or "Without a title",
                    state=State.DRAFT,
                    path=f"drafts/{draft.key}",
                    lists=text.lists,
                    is_embargo=is_embargo,
                )


def _started_entries(tx: Transaction, since: datetime, until: datetime) -> Iterator[Entry]:
    campaigns = tx.campaigns.list_begun(since - timedelta(milliseconds=1), until)
    titles = _titles_of(tx, campaigns)
    for campaign in campaigns:
        yield Entry(
            at=campaign.started_at or since,
            title=titles[campaign.slug],
            state=State.CORRECTED if campaign.corrected_by else State[campaign.state.name],
            path=f"campaigns/{campaign.id}",
            lists=campaign.lists,
        )
