"""Whom a campaign goes to when it starts. It is no stage, and planning alone asks."""

from dataclasses import dataclass

from newsletter.domain.campaign import Campaign
from newsletter.domain.schedule import ByZone
from newsletter.domain.segment import Segment
from newsletter.pipeline.correction import why_nobody
from newsletter.pipeline.family import why_none_left
from newsletter.ports import Correction, Share, Transaction


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whom one campaign goes to: readers of an original, of a language, of a segment, or all."""

    campaign: Campaign
    correction: Correction | None = None
    share: Share | None = None
    """Of its lists' readers, where other languages may have some of them."""
    segment: Segment | None = None

    def freeze(self, tx: Transaction, batch_size: int, by_zone: ByZone | None) -> int:
        """Fix the audience; returns its size."""
        number = self.campaign.id
        if self.correction is not None:
            return tx.corrections.freeze(number, self.correction, batch_size)
        if self.share is not None:
            return tx.families.freeze(number, self.share, batch_size, by_zone)
        return tx.campaigns.freeze(
            number, self.campaign.lists, batch_size, segment=self.segment, by_zone=by_zone
        )

    def why_nobody(self) -> str:
        """Why it cannot start, and what to do, where it goes to nobody."""
        if self.share is not None:
            return why_none_left(self.campaign, self.share)
        if self.segment is not None:
            return (
                f"the segment {self.segment.name} picks nobody who may be written to"
                f" ({self.segment.rule}); once it does, 'newsletter resume {self.campaign.id}'"
            )
        return why_nobody(self.campaign)
