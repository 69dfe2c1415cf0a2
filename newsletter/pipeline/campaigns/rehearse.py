"""Who would get a statement if it went out now, and when: a dry run changes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalPolicy, Statement
from newsletter.pipeline.campaigns.reach import Reach, reach_of
from newsletter.pipeline.campaigns.timing import TimeRules, timing_of
from newsletter.pipeline.ledger import find_statement, standing_of
from newsletter.pipeline.statements.translations import siblings
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """Who would get a statement if it went out now."""

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
    """Its translations, or those beside it, that nobody waits for as they are not approved."""
    segment: str = ""
    """The rule that picks its readers, in words."""
    outside: int = 0
    """How many on its lists could be written to, and are not picked."""
    hours: tuple[tuple[datetime, int], ...] = ()
    """When how many would get it, where that is by their own clocks."""


def dry_run(
    slug: str, *, store: Store, policy: ApprovalPolicy, times: TimeRules, clock: Clock
) -> DryRun:
    """Say who would get it and who would not. Changes nothing."""
    with store.read() as tx:
        stored = find_statement(tx, slug)
        statement, standing = stored.statement, standing_of(tx, stored, policy)
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
            approved, others = siblings(tx, statement, policy)
            planned = () if times.together else approved
            reach = reach_of(tx, statement, together=times.together, to_be_planned=planned)
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
        waiting = tuple(one.slug for one in others if one.slug != slug and not times.together)
        return replace(
            dry,
            elsewhere=tuple(_elsewhere(tx, reach)),
            unapproved=waiting,
            outside=reach.outside(tx),
            hours=_hours(tx, statement, standing.complete_at or clock.now(), times),
        )


def _hours(
    tx: Transaction, statement: Statement, approved_at: datetime, times: TimeRules
) -> tuple[tuple[datetime, int], ...]:
    try:
        timing = timing_of(tx, statement, approved_at, times)
    except ValueError:  # an embargo that the zone, changed since, does not have
        return ()
    return tuple(timing.hours(tx).items())


def _elsewhere(tx: Transaction, reach: Reach) -> Iterator[tuple[str, str]]:
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
    yield from (f"{slug} is not approved, so nobody waits for it" for slug in dry.unapproved)
    approval = "approved" if dry.approved else "not approved"
    yield f"version {dry.content_hash[:4]} {dry.content_hash[4:8]}, {approval}"
    yield from (f"  {reason}" for reason in dry.reasons)


def _in_hours(dry: DryRun, zone: str) -> Iterator[str]:
    if dry.hours:
        yield f"by their own clocks, in {zone} that is at"
    for at, readers in dry.hours:
        yield f"  {at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {readers:,}"
