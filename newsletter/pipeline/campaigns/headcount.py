"""Who gets a statement, and when, in numbers alone. It is no stage: several share it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from newsletter.domain.campaigns.campaign import Correction, Go, StartBy, moved
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalPolicy, Statement, StoredStatement
from newsletter.domain.subscribers.segment import Segment
from newsletter.domain.wording import people
from newsletter.pipeline.campaigns.correction import correction_of
from newsletter.pipeline.campaigns.timing import TimeRules, timing_of
from newsletter.pipeline.ledger import find_statement, go_of, standing_of
from newsletter.pipeline.statements.translations import TranslationGroup, group_of, siblings
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
    correction = correction_of(tx, statement)
    group = None if correction else _family(tx, statement, policy, times)
    readers, lists = _readers(tx, statement, correction, group)
    if correction is not None and not correction.unstarted:
        left = tx.corrections.left_out(correction)
        return Headcount(readers=readers, lists=lists, left_out=_in_order(left.items()))
    segment = statement.segment if correction is None else correction.segment
    return Headcount(
        readers=readers,
        lists=lists,
        left_out=_in_order(tx.readers.left_out(lists).items()),
        elsewhere=_elsewhere(tx, statement, group),
        outside=_outside(tx, lists, segment),
    )


def readers_of(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> tuple[int, tuple[str, ...]]:
    """How many would get it now, and on which lists. Raises Refused as ``headcount`` does."""
    correction = correction_of(tx, statement)
    group = None if correction else _family(tx, statement, policy, times)
    return _readers(tx, statement, correction, group)


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
    readers, _ = readers_of(tx, stored.statement, policy, times)
    if shown is not None and moved(shown, readers):
        raise Moved(slug, shown, readers)
    go = Go(slug=slug, content_hash=stored.content_hash, by=by, at=clock.now(), count=readers)
    tx.goes.add(go)
    return go


def _readers(
    tx: Transaction,
    statement: Statement,
    correction: Correction | None,
    group: TranslationGroup | None,
) -> tuple[int, tuple[str, ...]]:
    if correction is not None and not correction.unstarted:
        return tx.corrections.audience(correction), correction.lists
    if correction is not None:
        return tx.readers.audience(correction.lists, correction.segment), correction.lists
    if group is not None:
        return tx.translations.audience(group.split(tx, statement.slug)), statement.lists
    return tx.readers.audience(statement.lists, statement.segment), statement.lists


def _family(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> TranslationGroup | None:
    """With the translations that the next look gives a campaign."""
    planned: list[Statement] = []
    if not times.together:
        approved, _ = siblings(tx, statement, policy)
        planned = [sibling for sibling in approved if _is_started(tx, sibling, policy, times)]
    return group_of(tx, statement, together=times.together, to_be_planned=planned)


def _is_started(
    tx: Transaction, statement: Statement, policy: ApprovalPolicy, times: TimeRules
) -> bool:
    if times.start is StartBy.APPROVAL:
        return True
    stored = find_statement(tx, statement.slug)
    return go_of(tx, stored, standing_of(tx, stored, policy)) is not None


def _elsewhere(
    tx: Transaction, statement: Statement, group: TranslationGroup | None
) -> tuple[tuple[str, int], ...]:
    if group is None:
        return ()
    found: dict[str, int] = {}
    for language, many in tx.translations.left_to_others(group.split(tx, statement.slug)).items():
        theirs = group.member_for(language).language
        found[theirs] = found.get(theirs, 0) + many
    return _in_order(found.items())


def _outside(tx: Transaction, lists: tuple[str, ...], segment: Segment | None) -> int:
    if segment is None:
        return 0
    return tx.readers.audience(lists) - tx.readers.audience(lists, segment)


def _in_order(found: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Most people first."""
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


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
        readers, lists = readers_of(tx, statement, policy, times)
        timing = timing_of(tx, statement, approved_at, times)
    except (Refused, ValueError):
        return None
    return Outlook(
        readers=readers,
        lists=lists,
        leaves_at=timing.release(tx, None),
        hour=str(timing.hour or ""),
        corrects=statement.corrects,
    )
