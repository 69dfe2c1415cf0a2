"""Who would get a statement if it went out now, and when: a dry run changes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from newsletter.domain.campaigns.campaign import Correction
from newsletter.domain.clock import Clock
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import ApprovalPolicy, Statement
from newsletter.domain.subscribers.segment import Segment
from newsletter.pipeline.campaigns.correction import correction_of
from newsletter.pipeline.campaigns.timing import TimeRules, timing_of
from newsletter.pipeline.ledger import find_statement, standing_of
from newsletter.pipeline.statements.translations import TranslationGroup, group_of, siblings
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
    together = times.together
    with store.read() as tx:
        stored = find_statement(tx, slug)
        standing = standing_of(tx, stored, policy)
        dry = DryRun(
            slug=slug,
            content_hash=stored.content_hash,
            approved=standing.approved,
            reasons=standing.reasons,
            lists=stored.statement.lists,
            audience=0,
            addresses=(),
            excluded=(),
            corrects=stored.statement.corrects,
            translates=stored.statement.translation_of,
            segment=str(stored.statement.segment or ""),
        )
        try:
            correction = correction_of(tx, stored.statement)
            approved, others = siblings(tx, stored.statement, policy)
            group = group_of(
                tx,
                stored.statement,
                together=together,
                to_be_planned=() if together else approved,
            )
        except Refused as error:
            return replace(dry, reasons=(*dry.reasons, str(error)))
        if correction is not None:
            return _with_correction(tx, dry, correction)
        waiting = tuple(other.slug for other in others if other.slug != slug and not together)
        approved_at = standing.complete_at or clock.now()
        dry = replace(
            dry,
            unapproved=waiting,
            outside=_outside(tx, stored.statement),
            hours=_hours(tx, stored.statement, approved_at, times),
        )
        if group is not None:
            return _with_group(tx, dry, group)
        return _with_lists(tx, dry, stored.statement.segment)


def _outside(tx: Transaction, statement: Statement) -> int:
    if statement.segment is None:
        return 0
    picked = tx.readers.audience(statement.lists, statement.segment)
    return tx.readers.audience(statement.lists) - picked


def _hours(
    tx: Transaction, statement: Statement, approved_at: datetime, times: TimeRules
) -> tuple[tuple[datetime, int], ...]:
    try:
        timing = timing_of(tx, statement, approved_at, times)
    except ValueError:  # an embargo that the zone, changed since, does not have
        return ()
    return tuple(timing.hours(tx).items())


def _with_lists(tx: Transaction, dry: DryRun, segment: Segment | None) -> DryRun:
    addresses = tuple(tx.readers.reachable(dry.lists, segment))
    excluded = tuple(tx.readers.excluded(dry.lists))
    return replace(dry, audience=len(addresses), addresses=addresses, excluded=excluded)


def _with_group(tx: Transaction, dry: DryRun, group: TranslationGroup) -> DryRun:
    split = group.split(tx, dry.slug)
    addresses = tuple(tx.translations.reachable(split))
    elsewhere = []
    for address, language, slug in tx.translations.elsewhere(split):
        theirs = group.member_for(language)
        why = f"gets it in {theirs.language}: {theirs.slug}"
        elsewhere.append((address, f"is in the audience of {slug}" if slug else why))
    return replace(
        dry,
        audience=len(addresses),
        addresses=addresses,
        excluded=tuple(tx.readers.excluded(dry.lists)),
        elsewhere=tuple(elsewhere),
    )


def _with_correction(tx: Transaction, dry: DryRun, correction: Correction) -> DryRun:
    dry = replace(
        dry,
        lists=correction.lists,
        corrects=correction.of,
        ends=tuple(campaign.slug for campaign in correction.stops),
        segment=str(correction.segment or ""),
    )
    if correction.unstarted:
        return _with_lists(tx, dry, correction.segment)
    addresses = tuple(tx.corrections.reachable(correction))
    excluded = tuple(tx.corrections.excluded(correction))
    return replace(dry, audience=len(addresses), addresses=addresses, excluded=excluded)


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
