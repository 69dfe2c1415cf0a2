"""What has to happen to a statement's campaign: one decision, from what stands written."""

from datetime import datetime
from enum import Enum

from newsletter.domain.campaign import Campaign, CampaignState
from newsletter.domain.statement import Standing

BEFORE_START = frozenset({CampaignState.SCHEDULED, CampaignState.PAUSED})


class Step(Enum):
    """What planning does about one statement."""

    NOTHING = "nothing"
    """It is as it should be."""
    SCHEDULE = "schedule"
    """It is approved and has no campaign: make one."""
    RESCHEDULE = "reschedule"
    """Its campaign waits for another time than it should, or in another lane."""
    REPLACE = "replace"
    """Its campaign has not started, and the text has changed since, with a new yes: plan anew."""
    WITHDRAW = "withdraw"
    """Its campaign has not started, and what was approved is not what it says now."""


def decide(
    *,
    present: bool,
    digest: str,
    standing: Standing,
    campaign: Campaign | None,
    release: datetime,
    urgent: bool = False,
) -> Step:
    """What has to happen to a statement's campaign. Pure."""
    ready = present and standing.approved
    if campaign is None or _spent_nothing(campaign):
        return Step.SCHEDULE if ready else Step.NOTHING
    if campaign.started_at is not None or campaign.state not in BEFORE_START:
        return Step.NOTHING
    if not ready:
        return Step.WITHDRAW
    if campaign.digest != digest:
        return Step.REPLACE
    as_said = campaign.release_at == release and campaign.urgent == urgent
    return Step.NOTHING if as_said else Step.RESCHEDULE


def _spent_nothing(campaign: Campaign) -> bool:
    """Cancelled before anything could have reached anybody: the statement may go out after all."""
    return campaign.state is CampaignState.CANCELLED and not (
        campaign.may_have_reached_anybody or campaign.counts.pending or campaign.corrected_by
    )
