"""The status of statements, loaded for pages and lists. Several stages and pages share it.

It contains no reader, and loading it writes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.domain.campaigns.campaign import BEFORE_START
from newsletter.domain.campaigns.situation import Situation, situate
from newsletter.domain.campaigns.state import CampaignRules, Facts, Related, State
from newsletter.domain.errors import Refused
from newsletter.domain.statements.statement import Statement, StoredStatement
from newsletter.pipeline.campaigns.headcount import outlook
from newsletter.pipeline.campaigns.reach import Timing, correction_of, timing_of
from newsletter.pipeline.ledger import (
    embargo_until,
    lapsed_start,
    return_of,
    set_time,
    standing_of,
    start_of,
)
from newsletter.pipeline.statements.translations import awaited, check_translation
from newsletter.store.sql import Transaction


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings that decide the status of a statement."""

    campaigns: CampaignRules
    fault: Callable[[Statement], str] = lambda _: ""
    """Returns the fault of a statement's source as far as this process knows it, else ""."""


def situations(tx: Transaction, known: Sequence[StoredStatement], rules: Rules) -> list[Situation]:
    """Return the status of each statement for a list. Readers are not counted."""
    tx.list_together([stored.slug for stored in known])
    return [situate(_facts(tx, stored, rules)) for stored in known]


def situation_of(tx: Transaction, stored: StoredStatement, rules: Rules) -> Situation:
    """Return the status of one statement with everything on its page: readers, times, languages."""
    facts = _facts(tx, stored, rules)
    hours = _hours(tx, facts, rules)
    draft = tx.drafts.of(stored.statement.slug) if facts.draft else None
    facts = replace(
        facts,
        release=facts.release or (hours[0] if hours and facts.standing.approved else None),
        translations=_translations(tx, stored.statement, rules),
        awaited=tuple(f"{one}." for one in awaited(tx, facts.campaign)) if facts.campaign else (),
        hours=hours,
        ahead=draft is not None and draft.is_ahead,
        readers=_readers(tx, facts, rules),
    )
    return situate(facts)


def _facts(tx: Transaction, stored: StoredStatement, rules: Rules) -> Facts:
    statement = stored.statement
    standing = standing_of(tx, stored, rules.campaigns.policy)
    issues = tx.digests.some([statement.slug]) if statement.digest else []
    facts = Facts(
        statement=statement,
        content_hash=stored.content_hash,
        writers=stored.writers,
        present=stored.present,
        standing=standing,
        rules=rules.campaigns,
        now=tx.now,
        staff=tx.staff.roles(),
        names=tx.staff.names(),
        draft=statement.desk,
        returned=return_of(tx, stored),
        campaign=tx.campaigns.latest(statement.slug),
        fault="" if stored.content_hash and stored.present else rules.fault(statement),
        parts=sum(len(issue.parts) for issue in issues),
    )
    facts = replace(facts, corrected=_corrected(tx, facts))
    return facts if facts.begun else _before(tx, stored, facts, rules)


def _before(tx: Transaction, stored: StoredStatement, facts: Facts, rules: Rules) -> Facts:
    """Add the facts that matter only until sending begins."""
    embargo = embargo_until(tx, facts.statement, rules.campaigns.timezone)
    facts = replace(
        facts,
        embargo_until=embargo,
        set_for=set_time(tx, facts.statement, rules.campaigns.timezone),
        lapsed=lapsed_start(tx, stored, facts.standing, facts.campaign)
        if rules.campaigns.by_sender
        else None,
    )
    if not facts.standing.approved or not facts.present:
        return facts
    start = start_of(tx, stored, facts.standing)
    facts = replace(facts, started_at=start.at if start else None)
    return replace(facts, release=_release(tx, facts, rules), objection=_objection(tx, facts))


def _corrected(tx: Transaction, facts: Facts) -> Related | None:
    """Return the correction, once nothing of the original is sent any more."""
    campaign, by = facts.campaign, tx.campaigns.begun_correction(facts.statement.slug)
    over = campaign is not None and (campaign.state.final or campaign.corrected_by)
    if not over or campaign is None or (by is None and not campaign.corrected_by):
        return None
    slug = by.slug if by else campaign.corrected_by
    found = tx.statements.get(slug)
    title = found.statement.title if found else slug
    return Related(slug=slug, title=title, at=by.started_at if by else campaign.finished_at)


def _release(tx: Transaction, facts: Facts, rules: Rules) -> datetime | None:
    """Return when the first reader gets it, from its campaign or else as planning computes it."""
    campaign = facts.campaign
    if campaign is not None and campaign.state in BEFORE_START:
        return campaign.release_at
    timing = _timing(tx, facts, rules)  # where it is by readers' hours, to count zones takes long
    return None if timing is None or timing.hour else timing.release(tx, None)


def _timing(tx: Transaction, facts: Facts, rules: Rules) -> Timing | None:
    """Return the timing; None if the time does not exist in the configured zone."""
    try:
        return timing_of(
            tx,
            facts.statement,
            facts.since,
            rules.campaigns,
            not_before=facts.standing.not_before,
        )
    except ValueError:
        return None


def _objection(tx: Transaction, facts: Facts) -> str:
    """Return why planning holds the statement back."""
    if facts.rules.together and facts.statement.translation_of:
        return ""
    try:
        correction_of(tx, facts.statement)
        if facts.statement.translation_of:
            check_translation(tx, facts.statement)
    except Refused as error:
        return str(error)
    return ""


# --- what only its own page asks for -------------------------------------------------------------

_MOST_LANGUAGES = 50


def _translations(tx: Transaction, statement: Statement, rules: Rules) -> tuple[Related, ...]:
    found = [
        translation
        for translation in tx.statements.translations(statement.slug)
        if translation.present
    ]
    known = found[:_MOST_LANGUAGES]
    stand = situations(tx, known, rules) if known else []
    return tuple(
        Related(
            slug=one.statement.slug,
            title=one.statement.title,
            word=f"{one.statement.language}: {situation.state.value}",
        )
        for one, situation in zip(known, stand, strict=True)
    )


def _hours(tx: Transaction, facts: Facts, rules: Rules) -> tuple[datetime, datetime] | None:
    if facts.statement.local_time is None or facts.begun or not facts.present:
        return None
    timing = _timing(tx, facts, rules)
    instants = [at for at, readers in timing.hours(tx).items() if readers] if timing else []
    return (min(instants), max(instants)) if instants else None


_COUNTED = frozenset({State.SCHEDULED, State.LEAVING, State.APPROVED, State.REVIEW, State.CHANGED})


def _readers(tx: Transaction, facts: Facts, rules: Rules) -> int | None:
    """Return the estimated number of readers until sending begins."""
    ready = facts.present and facts.content_hash and not facts.begun
    if not ready or situate(facts).state not in _COUNTED:
        return None
    to_come = outlook(tx, facts.statement.slug, facts.since, rules=rules.campaigns)
    return to_come.readers if to_come else None
