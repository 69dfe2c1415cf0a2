"""The board and the start page: the statements, their states, and the tasks of one person.

Every query returns one page at most.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.domain.campaigns.campaign import Campaign, CampaignState, has_begun
from newsletter.domain.campaigns.situation import Situation
from newsletter.domain.campaigns.state import Shelf
from newsletter.domain.errors import NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.draft import Draft
from newsletter.domain.statements.statement import StoredStatement
from newsletter.pipeline.campaigns.facts import Rules, situation_of, situations
from newsletter.store.sql import Transaction

PAGE = 50
"""Rows of the board that one page shows."""
_LOOKED_AT = 30
"""Rows of one shelf to search for the tasks of one person, latest change first."""
_SHOWN = 10
_NEXT = 5
_REPORTS = 3


@dataclass(frozen=True, kw_only=True)
class BoardPage:
    """A page of the board."""

    rows: tuple[Situation, ...]
    unseen: tuple[Draft, ...]
    """Texts at the desk that were never submitted, paged like the rows."""
    counts: dict[Shelf, int]
    """Matches of the search, by shelf."""
    shelf: Shelf | None
    words: str
    number: int
    """From one."""
    has_more: bool

    @property
    def all(self) -> int:
        """The number of matches on all shelves."""
        return sum(self.counts.values())


def board(
    tx: Transaction, rules: Rules, *, shelf: Shelf | None = None, words: str = "", number: int = 1
) -> BoardPage:
    """One page of the board: what something happened to last comes first."""
    campaigns = rules.campaigns
    skip = (number - 1) * PAGE
    unseen = _unseen(tx, words, skip) if shelf in {None, Shelf.DRAFTS} else []
    counts = tx.board.counts(campaigns, words)
    counts[Shelf.DRAFTS] += tx.board.count_unseen(words)
    slugs = tx.board.page(campaigns, shelf, words=words, skip=skip, most=PAGE + 1)
    return BoardPage(
        rows=tuple(_stand(tx, slugs[:PAGE], rules)),
        unseen=tuple(unseen[:PAGE]),
        counts=counts,
        shelf=shelf,
        words=words,
        number=number,
        has_more=max(len(slugs), len(unseen)) > PAGE,
    )


def _unseen(tx: Transaction, words: str, skip: int) -> list[Draft]:
    keys = tx.board.unseen(words=words, skip=skip, most=PAGE + 1)
    return [draft for draft in map(tx.drafts.get, keys) if draft is not None]


def _stand(tx: Transaction, slugs: list[str], rules: Rules) -> list[Situation]:
    known = {stored.statement.slug: stored for stored in tx.statements.some(slugs)}
    return situations(tx, [known[slug] for slug in slugs if slug in known], rules)


def find(tx: Transaction, slug: str) -> StoredStatement:
    """A statement, present or not. Raises NotFound."""
    stored = tx.statements.get(slug)
    if stored is None:
        raise NotFound(f"There is no statement {slug!r}. Look for it among the statements.")
    return stored


def stand(tx: Transaction, slug: str, rules: Rules) -> Situation:
    """Return the status of one statement for its page. Raises NotFound."""
    return situation_of(tx, find(tx, slug), rules)


@dataclass(frozen=True, kw_only=True)
class Desktop:
    """The start page of one person."""

    waiting: tuple[Situation, ...]
    """Statements that wait for this person or for their role."""
    lapsed: tuple[Situation, ...]
    """Statements that this person started and whose start has lapsed since."""
    more_waits: bool
    """There may be more of it, on the board."""
    next: tuple[Situation, ...]
    """The next statements to be sent."""
    going: tuple[Situation, ...]
    """Statements that are being sent, newest first."""
    over: tuple[tuple[Campaign, str], ...]
    """The last campaigns that ended, each with the title of its statement."""
    drafts: tuple[Draft, ...]
    """Texts that this person writes at the desk and has not submitted."""
    is_empty: bool
    """There is no statement at all."""


_LOOKED_THROUGH = (
    (Shelf.SENDING, Role.SENDER),
    (Shelf.REVIEW, Role.APPROVER),
    (Shelf.APPROVED, Role.SENDER),
    (Shelf.DRAFTS, Role.WRITER),
)
"""The shelves that may hold a task, and the role that it takes; most urgent first."""


def desktop(tx: Transaction, address: str, role: Role, rules: Rules) -> Desktop:
    """Return the start page of one person."""
    waiting: list[Situation] = []
    lapsed: list[Situation] = []
    for shelf, needed in _LOOKED_THROUGH:
        if role.includes(needed):
            slugs = tx.board.page(rules.campaigns, shelf, most=_LOOKED_AT)
            found = _stand(tx, slugs, rules)
            waiting += [situation for situation in found if situation.waits_for(address)]
            starts = ((situation, situation.facts.lapsed) for situation in found)
            lapsed += [situation for situation, start in starts if start and start.by == address]
    moving = {CampaignState.SENDING, CampaignState.PAUSED}
    going = [open_ for open_ in tx.campaigns.open() if has_begun(open_) and open_.state in moving]
    going.sort(key=lambda campaign: -campaign.id)
    over = tx.campaigns.last_ended(_REPORTS)
    ended = tx.statements.some([campaign.slug for campaign in over])
    titles = {stored.statement.slug: stored.statement.title for stored in ended}
    unseen = tx.drafts.unseen(_LOOKED_AT)
    return Desktop(
        waiting=tuple(waiting[:_SHOWN]),
        lapsed=tuple(lapsed[:_SHOWN]),
        more_waits=len(waiting) > _SHOWN,
        next=tuple(_of_campaigns(tx, tx.campaigns.soonest(_NEXT), rules)),
        going=tuple(_of_campaigns(tx, going[:_SHOWN], rules)),
        over=tuple((campaign, titles.get(campaign.slug, campaign.slug)) for campaign in over),
        drafts=tuple([draft for draft in unseen if address in draft.version.writers][:_NEXT]),
        is_empty=not tx.board.page(rules.campaigns, most=1) and not tx.board.unseen(most=1),
    )


def _of_campaigns(tx: Transaction, campaigns: Iterable[Campaign], rules: Rules) -> list[Situation]:
    return _stand(tx, [campaign.slug for campaign in campaigns], rules)
