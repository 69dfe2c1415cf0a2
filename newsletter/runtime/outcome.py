"""The events of a run, and its result, which the worst event decides."""

from dataclasses import dataclass, field
from enum import Enum

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.delivery.batch import LaterReaders
from newsletter.domain.delivery.rate_limit import Wait
from newsletter.domain.delivery.transactional import EmailKind
from newsletter.pipeline.campaigns.plan import HeldStatement
from newsletter.runtime.tick import TickResult
from newsletter.store.sql import Store


@dataclass(kw_only=True)
class Run:
    last_result: TickResult = field(default_factory=TickResult)
    ticks: int = 0
    withdrawn: list[HeldStatement] = field(default_factory=list)
    worked_on: set[int] = field(default_factory=set)
    """The ids of campaigns that this run worked on."""
    unreachable: str = ""
    hold_reason: str = ""
    """Why all sending is on hold; "" if it is not."""
    wait: Wait | None = None
    """The long wait for which the run ended, with ``until_idle``."""
    failure: BaseException | None = None
    superseded: bool = False
    """Whether the run ended because an admin saved other settings at the desk."""


class Ending(Enum):
    DONE = "done"
    """Everything due was sent."""
    HELD = "held"
    """All sending is on hold."""
    UNREACHABLE = "unreachable"
    """Some messages could not be sent now: run again."""
    NEEDS_A_PERSON = "needs a person"
    """A campaign is paused, or has rejected or unknown deliveries."""
    REFUSED = "refused"
    """An approved statement was withdrawn or is held back."""
    INVALID = "invalid"
    """A statement or a source has faults."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a run, and the campaigns to report."""

    ending: Ending
    emails_waiting: int = 0
    """The number of unsent transactional emails, except news for staff."""
    scheduled: tuple[Campaign, ...] = ()
    later: tuple[tuple[Campaign, LaterReaders], ...] = ()
    """Campaigns that wait for readers' local times."""
    needing_attention: tuple[Campaign, ...] = ()


def find_outcome(run: Run, *, store: Store) -> Outcome:
    if run.hold_reason:
        return Outcome(ending=Ending.HELD)
    with store.read() as tx:
        # a run does not wait for its own
        emails, _ = tx.emails.count_waiting(without=EmailKind.NEWS)
    if run.wait is not None or run.unreachable or emails:
        return Outcome(ending=Ending.UNREACHABLE, emails_waiting=emails)
    with store.read() as tx:
        found = {campaign.id: campaign for campaign in tx.campaigns.list_open()}
        worked_on = map(tx.campaigns.get, run.worked_on - found.keys())
        found |= {campaign.id: campaign for campaign in worked_on if campaign is not None}
    campaigns = [found[number] for number in sorted(found)]
    in_question = tuple(
        campaign
        for campaign in campaigns
        if campaign.state in {CampaignState.ATTENTION, CampaignState.PAUSED}
        # rejections of earlier runs were reported then
        or (campaign.id in run.worked_on and campaign.counts.rejected > 0)
    )
    ending = Ending.INVALID if run.last_result.faults else Ending.DONE
    if run.withdrawn or run.last_result.held:
        ending = Ending.REFUSED
    if in_question:
        ending = Ending.NEEDS_A_PERSON
    sending = [found for found in campaigns if found.state is CampaignState.SENDING]
    with store.read() as tx:
        waits = [(each, tx.batches.find_later_readers(each.id, tx.now)) for each in sending]
    return Outcome(
        ending=ending,
        scheduled=tuple(found for found in campaigns if found.state is CampaignState.SCHEDULED),
        later=tuple((campaign, later) for campaign, later in waits if later is not None),
        needing_attention=in_question,
    )
