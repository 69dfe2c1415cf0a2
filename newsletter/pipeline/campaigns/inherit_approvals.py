"""parts → approval: whoever approved all that a digest email gathers has approved the digest email.

Only where the configuration trusts that, only while each part is what went out, and only where no
check warns of the digest email: its own words nobody has seen yet.
"""

from collections.abc import Sequence

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.campaigns.digest import Digest, Issue
from newsletter.domain.statements.statement import Approval, Channel, StoredStatement
from newsletter.pipeline.ledger import first_moment
from newsletter.pipeline.statements.review import ReviewRules, review
from newsletter.store.sql import Store, Transaction

_WENT_OUT = {CampaignState.SENDING, CampaignState.SENT, CampaignState.ATTENTION}


def inherit_approvals(
    *, store: Store, digests: Sequence[Digest], rules: ReviewRules
) -> tuple[str, ...]:
    """Take down the approvals that follow from the parts; returns the slugs that were given one.

    After one of them was taken back, by a person or by the configuration, only people approve.
    """
    trusted = {digest.name for digest in digests if digest.trust_parts}
    with store.read() as tx:
        touched = [
            issue
            for issue in tx.digests.waiting()
            if _is_stale(tx, issue, trusted) or _inherited(tx, issue, trusted, rules)
        ]
    inherited = []
    for issue in touched:
        with store.begin() as tx:
            if _is_stale(tx, issue, trusted):
                why = "its parts vouch for it no longer: trust_parts is off"
                tx.approvals.revoke(
                    issue.slug, tx.now, channel=Channel.PARTS, actor="scheduler", why=why
                )
                continue
            approvals, parts = _inherited(tx, issue, trusted, rules), ", ".join(issue.parts)
            for approval in approvals:
                tx.approvals.add(approval)
                detail = f"{approval.content_hash} by {Channel.PARTS.value}: {parts}"
                tx.audit.enter(approval.by, "approve", issue.slug, detail)
            if approvals:
                inherited.append(issue.slug)
    return tuple(inherited)


def _inherited(
    tx: Transaction, issue: Issue, trusted: set[str], rules: ReviewRules
) -> list[Approval]:
    """What is to be taken down, and is not yet; nothing where the parts do not vouch for it."""
    stored = _rendered(tx, issue)
    noted = _noted(tx, issue)
    if (
        stored is None
        or issue.name not in trusted
        or any(approval.revoked_at for approval in noted)
    ):
        return []
    campaigns = [campaign for slug in issue.parts if (campaign := _as_approved(tx, slug))]
    if len(campaigns) < len(issue.parts):
        return []
    known = {approval.by for approval in noted if approval.content_hash == stored.content_hash}
    names = {by for campaign in campaigns for by in campaign.approved_by} - known
    if not names:
        return []
    # last: it reads the text, and most looks end before
    [reviewed] = review(tx, [stored], rules)
    if reviewed.warnings or reviewed.blocking:
        return []
    text, at = stored.content_hash, tx.now
    return [
        Approval(
            slug=issue.slug,
            content_hash=text,
            by=by,
            at=at,
            channel=Channel.PARTS,
            not_before=first_moment(tx, stored.statement, rules.timezone),
        )
        for by in sorted(names)
    ]


def _is_stale(tx: Transaction, issue: Issue, trusted: set[str]) -> bool:
    """It counts as approved by its parts, and is not to be any more."""
    return issue.name not in trusted and any(
        not approval.revoked_at for approval in _noted(tx, issue)
    )


def _noted(tx: Transaction, issue: Issue) -> list[Approval]:
    return [
        approval for approval in tx.approvals.of(issue.slug) if approval.channel is Channel.PARTS
    ]


def _rendered(tx: Transaction, issue: Issue) -> StoredStatement | None:
    """The very text of the issue, where it stands rendered."""
    stored = tx.statements.get(issue.slug)
    if stored is None or stored.statement != issue.statement or not stored.content_hash:
        return None
    return stored


def _as_approved(tx: Transaction, slug: str) -> Campaign | None:
    """The campaign of a part that went out and says today what was approved."""
    stored, campaign = tx.statements.get(slug), tx.campaigns.latest(slug)
    if stored is None or campaign is None or campaign.state not in _WENT_OUT:
        return None
    return campaign if stored.content_hash == campaign.content_hash else None
