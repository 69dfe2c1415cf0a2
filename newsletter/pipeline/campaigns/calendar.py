"""The calendar: what is written for a time, planned, embargoed and sent, and what clashes.

It contains no text but titles.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from newsletter.domain.campaigns.state import CampaignRules, State
from newsletter.domain.schedule import LocalTime, resolve
from newsletter.domain.typed_time import read_typed
from newsletter.pipeline.status import load_statuses
from newsletter.store.sql import Transaction

_MAX_DRAFTS = 200
_CLOSE = timedelta(minutes=15)
"""Two statements to one list within this time clash."""
_PLANNED = frozenset(
    {
        *(State.DRAFT, State.RETURNED, State.REVIEW, State.CHANGED, State.APPROVED),
        *(State.HELD_BACK, State.SCHEDULED, State.LEAVING),
    }
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something at a time."""

    at: datetime
    title: str
    state: State
    path: str
    """Its page, below ``/desk``. With ``is_embargo`` it names the entry for ever."""
    lists: tuple[str, ...] = ()
    is_embargo: bool = False
    """The time is the end of an embargo."""


def calendar(
    tx: Transaction, rules: CampaignRules, since: datetime, until: datetime
) -> tuple[Entry, ...]:
    """Return all entries of a span of time, in order."""
    found = (
        *_planned(tx, rules),
        *_written(tx, rules.timezone),
        *_started(tx, since, until),
    )
    within = (entry for entry in found if since <= entry.at < until)
    return tuple(sorted(within, key=lambda entry: (entry.at, entry.title, entry.is_embargo)))


def clashes(entries: Iterable[Entry]) -> list[tuple[Entry, Entry, tuple[str, ...]]]:
    """Return the pairs of planned statements that clash, and the lists that both go to."""
    planned = [entry for entry in entries if entry.state in _PLANNED and not entry.is_embargo]
    return [
        (first, second, shared)
        for first, second in combinations(planned, 2)
        if second.at - first.at < _CLOSE
        and (shared := tuple(name for name in first.lists if name in second.lists))
    ]


def _planned(tx: Transaction, rules: CampaignRules) -> Iterator[Entry]:
    known = [stored for stored in tx.statements.unsettled() if stored.present]
    for status in load_statuses(tx, known, rules):
        if status.state not in _PLANNED:
            continue
        about = Entry(
            at=tx.now,
            title=status.statement.title,
            state=status.state,
            path=f"statements/{status.slug}",
            lists=status.statement.lists,
        )
        knows = status.is_waiting or (status.hour is not None)
        if at := (status.release if knows else status.set_for):
            yield replace(about, at=at)
        if status.embargo_until:
            yield replace(about, at=status.embargo_until, is_embargo=True)


def _written(tx: Transaction, zone: str) -> Iterator[Entry]:
    """Yield the times of texts at the desk that were never submitted."""
    for draft in tx.drafts.unseen(_MAX_DRAFTS):
        text = draft.version.text
        for typed, is_embargo in ((text.send_at, False), (text.embargo_until, True)):
            at = _read(typed, zone, draft.changed_at)
            if at is not None:
                yield Entry(
                    at=at,
                    title=text.title or "Without a title",
                    state=State.DRAFT,
                    path=f"drafts/{draft.key}",
                    lists=text.lists,
                    is_embargo=is_embargo,
                )


def _read(typed: str, zone: str, now: datetime) -> datetime | None:
    """Return the instant of a typed time; None if it names none."""
    try:
        read = read_typed(typed, zone=zone, now=now) if typed.strip() else None
        return None if read is None or isinstance(read, LocalTime) else resolve(read, zone)
    except ValueError:
        return None


def _started(tx: Transaction, since: datetime, until: datetime) -> Iterator[Entry]:
    campaigns = tx.campaigns.begun(since - timedelta(milliseconds=1), until)
    stored = tx.statements.some({campaign.slug for campaign in campaigns})
    titles = {one.statement.slug: one.statement.title for one in stored}
    for campaign in campaigns:
        yield Entry(
            at=campaign.started_at or since,
            title=titles.get(campaign.slug, campaign.slug),
            state=State.CORRECTED if campaign.corrected_by else State[campaign.state.name],
            path=f"campaigns/{campaign.id}",
            lists=campaign.lists,
        )
