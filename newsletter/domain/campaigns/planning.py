"""The next step of a statement's campaign."""

from datetime import datetime
from enum import Enum

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.campaigns.status import StatementStatus


class Step(Enum):
    """The step that planning takes for a statement."""

    NOTHING = "nothing"
    """Nothing to do."""
    SCHEDULE = "schedule"
    """It is approved and has no campaign: create one."""
    RESCHEDULE = "reschedule"
    """Its campaign waits for the wrong time, or with the wrong urgency."""
    REPLACE = "replace"
    """Its campaign has not started, and another text is approved now: plan again."""
    WITHDRAW = "withdraw"
    """Its campaign has not started, and the text changed or the start was taken back."""


def next_step(status: StatementStatus, release: datetime | None) -> Step:
    """Return the next step for a statement's campaign.

    ``release`` is when the first reader would get it; None if a time does not exist.
    """
    campaign, stored = status.campaign, status.stored
    ready = stored.present and status.approval.approved and status.is_started
    # cancelled before anything could have reached a reader: the statement may still go out
    if campaign is None or (
        campaign.state is CampaignState.CANCELLED
        and not campaign.corrected_by
        and not campaign.may_have_reached_anybody
        and not campaign.counts.pending
    ):
        return Step.SCHEDULE if ready else Step.NOTHING
    # the state alone does not tell: one that was stopped on its way is paused too
    if status.begun or not status.is_waiting:
        return Step.NOTHING
    if not ready:
        return Step.WITHDRAW
    if campaign.content_hash != stored.content_hash:
        return Step.REPLACE
    as_said = campaign.release_at == release and campaign.urgent == status.statement.urgent
    return Step.NOTHING if as_said else Step.RESCHEDULE
