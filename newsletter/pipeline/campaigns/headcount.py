"""Who gets a statement, and when, in numbers alone. It is no stage: several share it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import Go, StartBy, moved
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalPolicy, Statement, StoredStatement
from newsletter.domain.wording import people
from newsletter.pipeline.campaigns.reach import Reach, reach_of
from newsletter.pipeline.campaigns.timing import TimeRules, timing_of
from newsletter.pipeline.ledger import find_statement, go_of, standing_of
from newsletter.pipeline.statements.translations import siblings
from newsletter.store.sql import Transaction


class Moved(Refused):
    """How many get it is another number than somebody was shown."""

    def __init__(self, slug: str, shown: int, readers: int) -> None:
        self.shown, self.readers = shown, readers
        super().__init__(
            f"{slug} would go to {people(readers)} now, and you were shown {shown:,}; look again"
        )


@dataclass(frozen=True, kw_only=True)
class Headcount:
    """How many would get a statement if it went out now, and how many would not, and why."""

    readers: int
    lists: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """(why, people) of those on these lists, or of the original's readers; most people first."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """(language, people) of those who get it in another language, or have it so already."""
    outside: int = 0
    """How many could be written to, and are not in its segment."""

    @property
    def left(self) -> int:
        """How many are left out, for whatever reason."""
        return sum(people for _, people in self.left_out)


def headcount(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> Headcount:
    """Count, with those who would not get it. Raises Refused where planning would refuse it."""
    reach = _reach(tx, statement, policy, times)
    return Headcount(
        readers=reach.count(tx),
        lists=reach.lists,
        left_out=_in_order(reach.left_out(tx)),
        elsewhere=_in_order(_elsewhere(tx, reach)),
        outside=reach.outside(tx),
    )


def bind(
    tx: Transaction,
    stored: StoredStatement,
    shown: int | None,
    *,
    by: str,
    policy: ApprovalPolicy,
    times: TimeRules,
    clock: Clock,
) -> Go:
    """Write down that somebody starts it for as many as they were shown; None: whoever gets it.

    Raises Moved where it would go to another number now, and Refused where planning would.
    """
    slug = stored.statement.slug
    readers = _reach(tx, stored.statement, policy, times).count(tx)
    if shown is not None and moved(shown, readers):
        raise Moved(slug, shown, readers)
    go = Go(slug=slug, content_hash=stored.content_hash, by=by, at=clock.now(), count=readers)
    tx.goes.add(go)
    return go


def _reach(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> Reach:
    """With the translations that the next look gives a campaign."""
    planned: list[Statement] = []
    if not times.together:
        approved, _ = siblings(tx, statement, policy)
        planned = [sibling for sibling in approved if _is_started(tx, sibling, policy, times)]
    return reach_of(tx, statement, together=times.together, to_be_planned=planned)


def _is_started(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> bool:
    if times.start is StartBy.APPROVAL:
        return True
    stored = find_statement(tx, statement.slug)
    return go_of(tx, stored, standing_of(tx, stored, policy)) is not None


def _elsewhere(tx: Transaction, reach: Reach) -> dict[str, int]:
    found: Counter[str] = Counter()
    if reach.group is not None and reach.split is not None:
        for language, many in tx.translations.left_to_others(reach.split).items():
            found[reach.group.member_for(language).language] += many
    return found


def _in_order(found: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Most people first."""
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is to be expected of an approved statement, as things stand."""

    readers: int
    lists: tuple[str, ...]
    leaves_at: datetime
    """When the first reader gets it; nothing leaves before."""
    hour: str = ""
    """By each reader's own clock, in words; empty where all get it at once."""
    corrects: str = ""
    """It goes to those who may have this one."""


def outlook(
    tx: Transaction, slug: str, approved_at: datetime, *, policy: ApprovalPolicy, times: TimeRules
) -> Outlook | None:
    """Count, without naming anybody. None where planning refuses it, and says why.

    ``approved_at`` is when it was started, where a sender does that.
    """
    statement = find_statement(tx, slug).statement
    try:
        reach = _reach(tx, statement, policy, times)
        timing = timing_of(tx, statement, approved_at, times)
    except (Refused, ValueError):
        return None
    return Outlook(
        readers=reach.count(tx),
        lists=reach.lists,
        leaves_at=timing.release(tx, None),
        hour=str(timing.hour or ""),
        corrects=statement.corrects,
    )
