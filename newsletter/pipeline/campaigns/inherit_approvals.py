"""parts → approval: whoever approved all that a digest email gathers has approved the digest email.

Only where the configuration trusts that, only while each part is what went out, and only where no
check warns of the digest email: its own words nobody has seen yet.
"""

from collections.abc import Sequence

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.campaigns.digest import Digest, Issue
from newsletter.domain.clock import Clock
from newsletter.domain.statements.statement import Approval, Channel, StoredStatement
from newsletter.pipeline.statements.review import ReviewRules, review
from newsletter.store.sql import Store, Transaction

_WENT_OUT = {CampaignState.SENDING, CampaignState.SENT, CampaignState.ATTENTION}


def inherit_approvals(
    *, store: Store, digests: Sequence[Digest], rules: ReviewRules, clock: Clock
) -> tuple[str, ...]:
    """Take down the approvals that follow from the parts; returns the slugs that were given one.

    After one of them was taken back, by a person or by the configuration, only people approve.
    """
    trusted = {digest.name for digest in digests if digest.trust_parts}
    with store.read() as tx:
        touched = [
            waiting_issue
            for waiting_issue in tx.digests.waiting()
            if _differs(tx, waiting_issue, trusted, rules, clock)
        ]
    inherited = []
    for issue in touched:
        with store.begin() as tx:
            if _is_stale(tx, issue, trusted):
                _take_back(tx, issue, clock)
            elif yeses := _yeses(tx, issue, trusted, rules, clock):
                _add(tx, issue, yeses)
                inherited.append(issue.slug)
    return tuple(inherited)


def _differs(
    tx: Transaction, issue: Issue, trusted: set[str], rules: ReviewRules, clock: Clock
) -> bool:
    return _is_stale(tx, issue, trusted) or bool(_yeses(tx, issue, trusted, rules, clock))


def _yeses(
    tx: Transaction, issue: Issue, trusted: set[str], rules: ReviewRules, clock: Clock
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
    campaigns = [_as_approved(tx, slug) for slug in issue.parts]
    if None in campaigns:
        return []
    known = {approval.by for approval in noted if approval.content_hash == stored.content_hash}
    names = {
        by for campaign in campaigns if campaign is not None for by in campaign.approved_by
    } - known
    if not names or _is_warned_of(tx, stored, rules, clock):
        return []
    at = clock.now()
    return [
        Approval(
            slug=issue.slug, content_hash=stored.content_hash, by=by, at=at, channel=Channel.PARTS
        )
        for by in sorted(names)
    ]


def _is_warned_of(
    tx: Transaction, stored: StoredStatement, rules: ReviewRules, clock: Clock
) -> bool:
    [reviewed] = review(tx, [stored], rules, clock)
    return bool(reviewed.warnings)


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


def _add(tx: Transaction, issue: Issue, yeses: Sequence[Approval]) -> None:
    for approval in yeses:
        tx.approvals.add(approval)
        tx.audit.enter(
            approval.at,
            approval.by,
            "approve",
            issue.slug,
            f"{approval.content_hash} by {approval.channel.value}: {', '.join(issue.parts)}",
        )


def _take_back(tx: Transaction, issue: Issue, clock: Clock) -> None:
    why = "its parts vouch for it no longer: trust_parts is off"
    now, channel = clock.now(), Channel.PARTS
    tx.approvals.revoke(issue.slug, now, channel=channel, actor="scheduler", why=why)
