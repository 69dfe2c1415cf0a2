"""The readers of a statement: their number or addresses, and when they get it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from newsletter.domain.campaigns.campaign import (
    Campaign,
    Correction,
    ShownTerms,
    Start,
    has_audience_changed,
    has_begun,
)
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.campaigns.status import StatementStatus
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Statement
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.wording import people, say
from newsletter.pipeline.statements.translations import TranslationGroup, group_of
from newsletter.pipeline.status import (
    check_translation,
    correction_of,
    find_status,
    format_set_time,
    load_status,
)
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The audience of a statement, with its correction or group of translations."""

    audience: Audience | Correction
    """The readers who would get the statement now."""
    correction: Correction | None = None
    group: TranslationGroup | None = None
    """The original and translations among which the readers are divided."""

    def outside(self, tx: Transaction) -> int:
        """Return how many subscribers of the lists the segment does not pick."""
        lists, segment = self.audience.lists, self.audience.segment
        if segment is None:
            return 0
        segment_count = tx.audiences.count(Audience(lists=lists, segment=segment))
        return tx.audiences.count(Audience(lists=lists)) - segment_count

    def why_nobody(self, campaign: Campaign) -> str:
        """Return why a campaign without readers cannot start, and what to do."""
        lists, number = ", ".join(self.audience.lists), str(campaign.id)
        if self.group is not None:
            text = (
                "no one on {lists} is left for {slug}: no one reads its language, or other"
                " languages of {original} have them; 'newsletter cancel {id}' ends it"
            )
            original = self.group.original
            return say(text, lists=lists, slug=campaign.slug, original=original, id=number)
        if self.correction is not None:
            text = "no one who was sent {slug} may get email; 'newsletter cancel {id}' ends it"
            return say(text, slug=campaign.corrects, id=number)
        segment = self.audience.segment
        if segment is not None:
            empty = (
                "the segment {segment} picks no one who may get email ({rule}); once it does,"
                " 'newsletter resume {id}'"
            )
            return say(empty, segment=segment.name, rule=segment.rule, id=number)
        empty = "no one is subscribed to {lists}; import subscribers, then 'newsletter resume {id}'"
        return say(empty, lists=lists, id=number)


def reach_of(
    tx: Transaction,
    statement: Statement,
    *,
    shares_email: bool,
    to_be_planned: Sequence[Statement] = (),
) -> Reach:
    """Return the audience now. ``to_be_planned`` are translations that get a campaign next.

    Raises Refused, with the reason, if the statement cannot be sent.
    """
    if statement.welcome:  # its readers have not joined yet
        return Reach(audience=Audience(lists=()))
    correction = correction_of(tx, statement)
    # this also refuses a correction that is an invalid translation
    group = group_of(tx, statement, shares_email=shares_email, to_be_planned=to_be_planned)
    if correction is None:
        return Reach(audience=_audience(tx, statement, group), group=group)
    if not correction.is_original_unstarted:
        return Reach(audience=correction, correction=correction)
    waiting = Audience(lists=correction.lists, segment=correction.segment)
    return Reach(audience=waiting, correction=correction)


def _audience(tx: Transaction, statement: Statement, group: TranslationGroup | None) -> Audience:
    if group is not None:
        return group.audience(tx, statement.slug)
    return Audience(lists=statement.lists, segment=statement.segment)


def find_release_time(tx: Transaction, status: StatementStatus) -> datetime | None:
    """Return when the first reader gets the email; None if a time does not exist in its zone.

    Counting the zones of all readers is slow. While the campaign waits, only a change of the first
    zone with readers is looked for.
    """
    by_zone = status.by_zone()
    if by_zone is None:
        return status.ready_at
    audience = _readers(tx, status)
    if status.campaign is not None and status.is_waiting:
        first = status.campaign.release_at
        earlier = [zone for zone, at in by_zone.instants.items() if at < first]
        zones = [zone for zone, at in by_zone.instants.items() if at == first]
        has_zone = partial(tx.audiences.has_reader_in_zone, audience)
        if zones and has_zone(zones) and not has_zone(earlier):
            return first
    by_zone = status.by_zone(tx.audiences.count_by_zone(audience))
    return by_zone.first if by_zone else None


def send_times(tx: Transaction, status: StatementStatus) -> dict[datetime, int]:
    """Return instant → number of readers, earliest first; empty without a local time."""
    if status.hour is None:
        return {}
    counts = tx.audiences.count_by_zone(_readers(tx, status))
    by_zone = status.by_zone(counts)
    if by_zone is None:
        return {}
    readers_at = dict.fromkeys(sorted(by_zone.instants.values()), 0)
    for zone, readers in counts.items():
        readers_at[by_zone.instants[zone]] += readers
    return readers_at


def _readers(tx: Transaction, status: StatementStatus) -> Audience:
    statement = status.statement
    try:
        group = group_of(tx, statement, shares_email=status.rules.shares_email)
    except Refused:  # planning says why
        group = None
    return _audience(tx, statement, group)


class CountChanged(Refused):
    """The number of readers is not the one that the person was shown."""


class CountNotTyped(Refused):
    """The person did not type the number of readers."""


class SecondFactorNeeded(Refused):
    """The number of readers requires a fresh second factor."""


@dataclass(frozen=True, kw_only=True)
class Headcount:
    """The numbers of people who would get a statement now, and of those who would not."""

    readers: int
    lists: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """(reason, number of people) of subscribers who would not get the email; largest first."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """(language, number of people) of subscribers who get another language; largest first."""
    outside: int = 0
    """The number of subscribers of the lists whom the segment does not pick."""


def count_heads(tx: Transaction, status: StatementStatus) -> Headcount:
    """Count readers and people left out. Raises Refused if planning would refuse."""
    reach = _reach(tx, status)
    elsewhere: Counter[str] = Counter()
    if reach.group is not None and isinstance(reach.audience, Audience):
        for language, many in tx.audiences.count_other_languages(reach.audience).items():
            elsewhere[reach.group.languages[reach.group.member_for(language)]] += many
    return Headcount(
        readers=tx.audiences.count(reach.audience),
        lists=reach.audience.lists or status.statement.lists,
        left_out=_largest_first(tx.audiences.count_excluded(reach.audience)),
        elsewhere=_largest_first(elsewhere),
        outside=reach.outside(tx),
    )


def with_readers(tx: Transaction, status: StatementStatus) -> StatementStatus:
    """Return the status with the number of readers and their times, unless planning refuses."""
    can_be_sent = status.stored.present and status.stored.content_hash and status.ready_at
    if status.has_begun or not can_be_sent:
        return status
    try:
        reach = _reach(tx, status)
    except Refused:
        return status
    instants = [at for at, readers in send_times(tx, status).items() if readers]
    first_and_last_at = (min(instants), max(instants)) if instants else None
    readers = tx.audiences.count(reach.audience)
    lists = reach.audience.lists or status.statement.lists
    return replace(status, readers=readers, lists=lists, first_and_last_at=first_and_last_at)


def current_terms(tx: Transaction, status: StatementStatus) -> ShownTerms:
    """Return the current terms of a decision, for a command that shows no page before."""
    try:
        readers = tx.audiences.count(_reach(tx, status).audience)
    except Refused:
        readers = None
    return ShownTerms(
        readers=readers,
        time=format_set_time(status),
        returned_at=status.returned_at,
        typed_readers=readers,
        has_fresh_factor=True,
    )


def check_reader_count(tx: Transaction, status: StatementStatus, shown: ShownTerms) -> int:
    """Return the number of readers now.

    Raises CountChanged if the person was shown another one, and Refused if planning would refuse.
    """
    readers = tx.audiences.count(_reach(tx, status).audience)
    if shown.readers is None or has_audience_changed(shown.readers, readers):
        number = shown.readers
        saw = say("no number") if number is None else say("{number:,}", number=number)
        other = "it would go to {people} now, and you were shown {saw}; look again"
        raise CountChanged(say(other, people=people(readers), saw=saw))
    return readers


def record_start(tx: Transaction, status: StatementStatus, shown: ShownTerms, *, by: str) -> Start:
    """Store a start with the current number of readers.

    Raises CountChanged and Refused, and for many readers CountNotTyped or SecondFactorNeeded.
    """
    readers = check_reader_count(tx, status, shown)
    if readers >= status.rules.typed_count:
        if shown.typed_readers is None or shown.typed_readers != shown.readers:
            pattern = "Type {number}, the number of people who get it"
            raise CountNotTyped(say(pattern, number=str(shown.readers or readers)))
        if not shown.has_fresh_factor:
            raise SecondFactorNeeded(say("confirm with a second factor that it is you"))
    content_hash = status.stored.content_hash
    # an approval of a clock that ran ahead is dated later, and no start before it counts
    at = max(tx.now, status.approval.complete_at or tx.now)
    start = Start(slug=status.slug, content_hash=content_hash, by=by, at=at, count=readers)
    tx.starts.add(start)
    return start


def _reach(tx: Transaction, status: StatementStatus, *, excludes_unstarted: bool = False) -> Reach:
    """Return the audience, without readers of approved translations that are started.

    ``excludes_unstarted``: without readers of the other approved translations too.
    """
    shares_email = status.rules.shares_email
    statements = [
        one.statement
        for one in ([] if shares_email else unsent_translations(tx, status))
        if one.approval.approved and (one.is_started or excludes_unstarted)
    ]
    return reach_of(tx, status.statement, shares_email=shares_email, to_be_planned=statements)


def unsent_translations(tx: Transaction, status: StatementStatus) -> list[StatementStatus]:
    """Return the statuses of translations that can be sent and have not begun."""
    original = status.statement.translation_of or status.slug
    statuses = []
    for translation in tx.statements.find_translations(original):
        if not translation.present or has_begun(tx.campaigns.find_latest(translation.slug)):
            continue
        try:
            check_translation(tx, translation.statement)
        except Refused:
            continue
        statuses.append(load_status(tx, translation, status.rules))
    return statuses


def find_late_translations(
    tx: Transaction, status: StatementStatus
) -> tuple[list[Statement], list[Statement]]:
    """Return translations whose readers get the original if it begins first.

    The first list has the approved ones that are not started, the second the unapproved ones.
    """
    if status.rules.shares_email or status.statement.translation_of:
        return [], []
    late = [one for one in unsent_translations(tx, status) if not one.is_started]
    approved = [one.statement for one in late if one.approval.approved]
    return approved, [one.statement for one in late if not one.approval.approved]


def _largest_first(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """The people who would get a statement now and who would not, with their addresses."""

    slug: str
    content_hash: str
    approved: bool
    reasons: tuple[str, ...]
    lists: tuple[str, ...]
    audience: int = 0
    addresses: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    """(address, reason) of subscribers who would not get the statement."""
    corrects: str = ""
    """The slug of the statement that this one corrects."""
    ends: tuple[str, ...] = ()
    """Slugs of statements whose sending the start would stop."""
    translates: str = ""
    """The slug of the original, for a translation."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """(address, reason) of subscribers who get it in another language."""
    unapproved: tuple[str, ...] = ()
    """The slugs of translations that are not approved. Their readers get the original."""
    segment: str = ""
    """The name and rule of the statement's segment."""
    outside: int = 0
    """The number of subscribers of the lists whom the segment does not pick."""
    hours: tuple[tuple[datetime, int], ...] = ()
    """(instant, number of readers), if the statement has a local time."""


def dry_run(slug: str, *, store: Store, rules: CampaignRules) -> DryRun:
    """Return who would get a statement now and who would not."""
    with store.read() as tx:
        status = find_status(tx, slug, rules)
        statement = status.statement
        dry = DryRun(
            slug=slug,
            content_hash=status.stored.content_hash,
            approved=status.approval.approved,
            reasons=status.approval.reasons,
            lists=statement.lists,
            corrects=statement.corrects,
            translates=statement.translation_of,
        )
        try:
            reach = _reach(tx, status, excludes_unstarted=True)
        except Refused as error:
            return replace(dry, reasons=(*dry.reasons, str(error)))
        audience, correction = reach.audience, reach.correction
        addresses = tuple(tx.audiences.stream_addresses(audience))
        others = [] if rules.shares_email or correction else unsent_translations(tx, status)
        return replace(
            dry,
            lists=audience.lists,
            audience=len(addresses),
            addresses=addresses,
            excluded=tuple(tx.audiences.list_excluded(audience)),
            segment=str(audience.segment or ""),
            corrects=correction.original if correction else "",
            ends=tuple(one.slug for one in correction.ended_campaigns) if correction else (),
            elsewhere=() if correction else tuple(_elsewhere_by_name(tx, reach)),
            unapproved=tuple(
                one.slug for one in others if one.slug != slug and not one.approval.approved
            ),
            outside=0 if correction else reach.outside(tx),
            hours=tuple(send_times(tx, status).items()),
        )


def _elsewhere_by_name(tx: Transaction, reach: Reach) -> Iterator[tuple[str, str]]:
    if reach.group is not None and isinstance(reach.audience, Audience):
        for address, language, slug in tx.audiences.list_other_languages(reach.audience):
            theirs = reach.group.member_for(language)
            why = f"gets it in {reach.group.languages[theirs]}: {theirs}"
            yield address, f"is in the audience of {slug}" if slug else why
