"""What stands in an issue of a round-up. It is no stage: making one and looking ahead share it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from newsletter.domain.campaign import Campaign
from newsletter.domain.roundup import (
    Issue,
    Roundup,
    choose,
    compose,
    in_one_language,
    standing_for,
)
from newsletter.domain.statement import Statement
from newsletter.pipeline.ledger import approved_content
from newsletter.ports import Abstracts, Transaction

Part = tuple[Campaign, Statement]
"""What went out, and its statement in the words that were approved."""


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Fills the issues of a workspace's round-ups."""

    timezone: str
    abstracts: Abstracts

    def parts(self, tx: Transaction, roundup: Roundup, upto: datetime) -> list[Part]:
        """What an issue gathers that takes in all until then, in the order it went out."""
        issues = tx.roundups.issues()
        made = [one for one in issues if one.name == roundup.name and one.statement]
        since = tx.roundups.since().get(roundup.name, upto)
        after = max([since, *(one.upto for one in made)])
        chosen = choose(
            tx.campaigns.begun(after),  # a correction begins after what it corrects
            after=after,
            upto=upto,
            gathers=roundup.gathers,
            listed={slug for one in made for slug in one.parts} | {one.slug for one in issues},
        )
        found = [(campaign, as_it_went_out(tx, campaign)) for campaign in chosen]
        kept = in_one_language([one for _, one in found], roundup.language)
        return [(campaign, one) for campaign, one in found if one in kept]

    def fill(self, roundup: Roundup, issue: Issue, parts: Sequence[Part]) -> Issue:
        """The issue with these parts, and the statement that says so."""
        abstracts = [
            self.abstracts.of(one, self._began_on(campaign, issue), roundup.language)
            for campaign, one in parts
        ]
        dated = self.abstracts.dated(issue.day, roundup.language)
        return replace(
            issue,
            statement=compose(roundup, issue.day, abstracts, dated=dated),
            parts=tuple(one.slug for _, one in parts),
        )

    def put_right(self, tx: Transaction, issue: Issue, roundup: Roundup | None) -> Issue:
        """The issue as it may go out: without what was cancelled, corrections for what was wrong.

        It is what it was where that is so already.
        """
        standing = standing_for(issue.parts, tx.campaigns.kin(issue.parts))
        if tuple(one.slug for one in standing) == issue.parts:
            return issue
        if roundup is None or not standing:
            return replace(issue, statement=None, parts=())
        return self.fill(roundup, issue, [(one, as_it_went_out(tx, one)) for one in standing])

    def local_day(self, instant: datetime) -> date:
        """The date at an instant, in the workspace's zone."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def _began_on(self, campaign: Campaign, issue: Issue) -> date:
        return self.local_day(campaign.started_at or issue.upto)


def as_it_went_out(tx: Transaction, campaign: Campaign) -> Statement:
    """The statement of a campaign; of one that changed since, no words that nobody approved."""
    stored = tx.statements.get(campaign.slug)
    if stored is not None and stored.digest == campaign.digest:
        return stored.statement
    content = approved_content(tx, campaign)
    return Statement(
        slug=campaign.slug,
        title=content.subject,
        body="",
        lists=content.lists,
        language=content.language,
    )
