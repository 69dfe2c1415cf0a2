"""The readers of a statement, counted or by name. Several stages share it; it writes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import ShownTerms, Start, StartBy, moved
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalStatus, Statement, StoredStatement
from newsletter.domain.wording import people
from newsletter.pipeline.campaigns.reach import Reach, reach_of, timing_of
from newsletter.pipeline.ledger import find_statement, standing_of, start_of, write_set_time
from newsletter.pipeline.statements.translations import siblings
from newsletter.store.sql import Store, Transaction


class Moved(Refused):
    """The number of readers differs from the number that the person was shown."""

    def __init__(self, slug: str, shown: int | None, readers: int) -> None:
        self.shown, self.readers = shown, readers
        saw = "no number" if shown is None else f"{shown:,}"
        super().__init__(
            f"{slug} would go to {people(readers)} now, and you were shown {saw}; look again"
        )


class NotTyped(Refused):
    """So many get it that the number is typed to confirm it, and another one was, or none."""

    def __init__(self, readers: int) -> None:
        self.readers = readers
        super().__init__(f"Type {readers}, the number of people who get it")


class NotFresh(Refused):
    """So many get it that it takes a second factor, shown just now."""


@dataclass(frozen=True, kw_only=True)
class Headcount:
    """How many people would get a statement now, and how many would not, with the reasons."""

    readers: int
    lists: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """(why, people) of those on these lists, or of the original's readers; most people first."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """(language, people) of those who get it in another language, or have it so already."""
    outside: int = 0
    """People who may get mail and are outside its segment."""

    @property
    def left(self) -> int:
        """The number of people who are left out, for any reason."""
        return sum(people for _, people in self.left_out)


def headcount(tx: Transaction, statement: Statement, rules: CampaignRules) -> Headcount:
    """Count, with those who would not get it. Raises Refused where planning would refuse it."""
    reach = _reach(tx, statement, rules)
    return Headcount(
        readers=reach.count(tx),
        lists=reach.lists,
        left_out=_in_order(reach.left_out(tx)),
        elsewhere=_in_order(_elsewhere(tx, reach)),
        outside=reach.outside(tx),
    )


def terms_now(tx: Transaction, statement: Statement, rules: CampaignRules) -> ShownTerms:
    """Return what a command shows of a statement before it decides."""
    try:
        readers = _reach(tx, statement, rules).count(tx)
    except Refused:
        readers = None
    time = write_set_time(tx, statement, rules.timezone)
    return ShownTerms(readers=readers, time=time, typed=readers, fresh=True)


def hold_against(
    tx: Transaction, stored: StoredStatement, shown: ShownTerms, rules: CampaignRules
) -> int:
    """Count the readers and compare the number with the one that was shown.

    Raises Moved if the numbers differ, and Refused if planning would refuse the statement.
    """
    readers = _reach(tx, stored.statement, rules).count(tx)
    if shown.readers is None or moved(shown.readers, readers):
        raise Moved(stored.statement.slug, shown.readers, readers)
    return readers


def bind(
    tx: Transaction,
    stored: StoredStatement,
    shown: ShownTerms,
    *,
    by: str,
    rules: CampaignRules,
) -> Start:
    """Write down that somebody starts it for as many as there are now.

    Raises as ``hold_against`` does; NotTyped or NotFresh where so many get it that a page asks for
    their number or for a second factor.
    """
    slug, readers = stored.statement.slug, hold_against(tx, stored, shown, rules)
    if readers >= rules.typed_count:
        if shown.typed is None or shown.typed != shown.readers:
            raise NotTyped(shown.readers or readers)
        if not shown.fresh:
            raise NotFresh("confirm with a second factor that it is you")
    start = Start(slug=slug, content_hash=stored.content_hash, by=by, at=tx.now, count=readers)
    tx.starts.add(start)
    return start


def _reach(tx: Transaction, statement: Statement, rules: CampaignRules) -> Reach:
    """With the translations that the next look gives a campaign."""
    planned: list[Statement] = []
    if not rules.together:
        approved, _ = siblings(tx, statement, rules.policy)
        planned = [sibling for sibling in approved if _is_started(tx, sibling, rules)]
    return reach_of(tx, statement, together=rules.together, to_be_planned=planned)


def _is_started(tx: Transaction, statement: Statement, rules: CampaignRules) -> bool:
    if rules.start is StartBy.APPROVAL:
        return True
    stored = find_statement(tx, statement.slug)
    return start_of(tx, stored, standing_of(tx, stored, rules.policy)) is not None


def left_behind(
    tx: Transaction, statement: Statement, rules: CampaignRules
) -> tuple[list[Statement], list[Statement]]:
    """Translations whose readers get the original, should that begin first.

    Those that are approved and not started, and those that are not approved.
    """
    if rules.together or statement.translation_of:
        return [], []
    approved, others = siblings(tx, statement, rules.policy)
    return [ready for ready in approved if not _is_started(tx, ready, rules)], others


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
    """The forecast for an approved statement."""

    readers: int
    lists: tuple[str, ...]
    leaves_at: datetime
    """When the first reader gets it."""
    hour: str = ""
    """By each reader's own clock, in words; empty where all get it at once."""
    corrects: str = ""
    """The slug of the statement that it corrects."""


def outlook(
    tx: Transaction, slug: str, approved_at: datetime, *, rules: CampaignRules
) -> Outlook | None:
    """Count, without naming anybody. None where planning refuses it, and says why.

    ``approved_at`` is when it was started, where a sender does that.
    """
    stored = find_statement(tx, slug)
    statement, standing = stored.statement, standing_of(tx, stored, rules.policy)
    try:
        reach = _reach(tx, statement, rules)
        timing = timing_of(tx, statement, approved_at, rules, not_before=standing.not_before)
    except (Refused, ValueError):
        return None
    return Outlook(
        readers=reach.count(tx),
        lists=reach.lists,
        leaves_at=timing.release(tx, None),
        hour=str(timing.hour or ""),
        corrects=statement.corrects,
    )


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """The readers that a statement would have now, by name."""

    slug: str
    content_hash: str
    approved: bool
    reasons: tuple[str, ...]
    lists: tuple[str, ...]
    audience: int
    addresses: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    """(address, why) of those on these lists, or of the original's readers, who would not."""
    corrects: str = ""
    """The statement whose readers would get it, or whose place it would take."""
    ends: tuple[str, ...] = ()
    """Statements that would go out no further."""
    translates: str = ""
    """The original that it is a translation of."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """(address, why) of those who could be written to, but get it in another language."""
    unapproved: tuple[str, ...] = ()
    """Translations and other languages that are not approved: their readers do not wait."""
    segment: str = ""
    """The rule that picks its readers, in words."""
    outside: int = 0
    """People on its lists who may get mail and are outside its segment."""
    hours: tuple[tuple[datetime, int], ...] = ()
    """(time, readers), if each reader gets it by their own clock."""


def dry_run(slug: str, *, store: Store, rules: CampaignRules) -> DryRun:
    """Say who would get it and who would not. Changes nothing."""
    with store.read() as tx:
        stored = find_statement(tx, slug)
        statement, standing = stored.statement, standing_of(tx, stored, rules.policy)
        dry = DryRun(
            slug=slug,
            content_hash=stored.content_hash,
            approved=standing.approved,
            reasons=standing.reasons,
            lists=statement.lists,
            audience=0,
            addresses=(),
            excluded=(),
            corrects=statement.corrects,
            translates=statement.translation_of,
            segment=str(statement.segment or ""),
        )
        try:
            approved, others = siblings(tx, statement, rules.policy)
            planned = () if rules.together else approved
            reach = reach_of(tx, statement, together=rules.together, to_be_planned=planned)
        except Refused as error:
            return replace(dry, reasons=(*dry.reasons, str(error)))
        addresses, correction = reach.addresses(tx), reach.correction
        dry = replace(
            dry,
            lists=reach.lists,
            audience=len(addresses),
            addresses=addresses,
            excluded=reach.excluded(tx),
            segment=str(reach.segment or ""),
        )
        if correction is not None:
            ends = tuple(campaign.slug for campaign in correction.stops)
            return replace(dry, corrects=correction.of, ends=ends)
        waiting = tuple(late.slug for late in others if late.slug != slug and not rules.together)
        return replace(
            dry,
            elsewhere=tuple(_elsewhere_by_name(tx, reach)),
            unapproved=waiting,
            outside=reach.outside(tx),
            hours=_hours(tx, statement, standing, rules),
        )


def _hours(
    tx: Transaction, statement: Statement, standing: ApprovalStatus, rules: CampaignRules
) -> tuple[tuple[datetime, int], ...]:
    since = standing.complete_at or tx.now
    try:
        timing = timing_of(tx, statement, since, rules, not_before=standing.not_before)
    except ValueError:  # an embargo that the zone, changed since, does not have
        return ()
    return tuple(timing.hours(tx).items())


def _elsewhere_by_name(tx: Transaction, reach: Reach) -> Iterator[tuple[str, str]]:
    if reach.group is not None and reach.split is not None:
        for address, language, slug in tx.translations.elsewhere(reach.split):
            theirs = reach.group.member_for(language)
            why = f"gets it in {theirs.language}: {theirs.slug}"
            yield address, f"is in the audience of {slug}" if slug else why


def lines_of(dry: DryRun, shown: int = 3, zone: str = "UTC") -> Iterator[str]:
    """A dry run in words, with the first few of those who would get it; times are in ``zone``."""
    if dry.ends:
        yield f"{dry.slug} would end {', '.join(dry.ends)}"
    whom = f"who may have {dry.corrects} or wait for it" if dry.corrects else ""
    yield f"{dry.slug} would go to {dry.audience:,} readers {whom or 'of ' + ', '.join(dry.lists)}"
    yield from (f"  {address}" for address in dry.addresses[:shown])
    if dry.audience > shown:
        yield f"  and {dry.audience - shown:,} more"
    if dry.segment:
        yield f"by the segment {dry.segment}"
        yield from [f"{dry.outside:,} more on these lists are outside it"] * (not dry.corrects)
    yield from _in_hours(dry, zone)
    others = "who were to get that" if dry.corrects else "on these lists"
    yield f"{len(dry.excluded):,} {others} would not get it"
    yield from (f"  {address}: {reason}" for address, reason in dry.excluded)
    whys = Counter(why for _, why in dry.elsewhere)
    yield from (f"{many:,} more on these lists: {why}" for why, many in sorted(whys.items()))
    yield from (f"{slug} is not approved, so no one waits for it" for slug in dry.unapproved)
    approval = "approved" if dry.approved else "not approved"
    yield f"version {dry.content_hash[:4]} {dry.content_hash[4:8]}, {approval}"
    yield from (f"  {reason}" for reason in dry.reasons)


def _in_hours(dry: DryRun, zone: str) -> Iterator[str]:
    if dry.hours:
        yield f"by their own clocks, in {zone} that is at"
    for at, readers in dry.hours:
        yield f"  {at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {readers:,}"
