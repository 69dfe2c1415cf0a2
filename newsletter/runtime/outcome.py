"""What a finished run comes to: the gravest thing wins, and what people have to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from newsletter.domain.campaigns.campaign import Campaign, CampaignState

if TYPE_CHECKING:
    from newsletter.domain.delivery.batch import Later
    from newsletter.runtime.scheduler import Run
    from newsletter.store.sql import Store


class Ending(Enum):
    """How a run ended."""

    DONE = "done"
    """All that was due has left."""
    HELD = "held"
    """Sending is stopped for the whole workspace."""
    UNREACHABLE = "unreachable"
    """Not all could leave now: it has to be run again."""
    NEEDS_A_PERSON = "needs a person"
    """A campaign is paused, has rejected readers, or some of whom nobody knows."""
    REFUSED = "refused"
    """What was approved was withdrawn, or is kept back."""
    INVALID = "invalid"
    """A statement or a source has faults."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended, and the campaigns that are worth a sentence."""

    ending: Ending
    emails_waiting: int = 0
    """Transactional emails that did not leave."""
    scheduled: tuple[Campaign, ...] = ()
    later: tuple[tuple[Campaign, Later], ...] = ()
    """What is going out and waits for hours by readers' own clocks."""
    in_question: tuple[Campaign, ...] = ()
    """Those that a person has to look at."""


def outcome_of(run: Run, *, store: Store) -> Outcome:
    """Decide once how it ended, for whoever shows it."""
    if run.held:
        return Outcome(ending=Ending.HELD)
    with store.read() as tx:
        emails, _ = tx.emails.waiting()
    if run.wait is not None or run.unreachable or emails:
        return Outcome(ending=Ending.UNREACHABLE, emails_waiting=emails)
    campaigns = _worked_on(run, store)
    in_question = tuple(
        campaign for campaign in campaigns if needs_a_person(campaign, campaign.id in run.finished)
    )
    return Outcome(
        ending=Ending.NEEDS_A_PERSON if in_question else _of_statements(run),
        scheduled=tuple(found for found in campaigns if found.state is CampaignState.SCHEDULED),
        later=_later(campaigns, store),
        in_question=in_question,
    )


def needs_a_person(campaign: Campaign, worked_on: bool) -> bool:
    """Whether somebody has to decide, or to look at whom the provider rejected in this run."""
    if campaign.state in {CampaignState.ATTENTION, CampaignState.PAUSED}:
        return True
    return worked_on and campaign.counts.rejected > 0


def _of_statements(run: Run) -> Ending:
    if run.withdrawn or run.last.held:
        return Ending.REFUSED
    return Ending.INVALID if run.faults else Ending.DONE


def _worked_on(run: Run, store: Store) -> list[Campaign]:
    """What is not over, and what this run worked on, oldest first."""
    with store.read() as tx:
        found = {campaign.id: campaign for campaign in tx.campaigns.open()}
        finished = [tx.campaigns.get(number) for number in run.finished - found.keys()]
    found |= {campaign.id: campaign for campaign in finished if campaign is not None}
    return [found[number] for number in sorted(found)]


def _later(campaigns: list[Campaign], store: Store) -> tuple[tuple[Campaign, Later], ...]:
    going = [found for found in campaigns if found.state is CampaignState.SENDING]
    with store.read() as tx:
        waits = [(campaign, tx.batches.later(campaign.id, tx.now)) for campaign in going]
    return tuple((campaign, later) for campaign, later in waits if later is not None)
